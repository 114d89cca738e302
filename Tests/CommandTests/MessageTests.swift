import Engine
import Expression
import FerryTesting
import Foundation
import Records
import Testing

@testable import ferry

/// Every type of task of the fleet can be handed to another process: its message and its result go through bytes, and
/// what becomes of it is the same.
@Suite struct MessageTests {
  private static let types = registry.plugins.flatMap(\.tasks).compactMap { $0 as? any FerryTask.Type }

  @Test(arguments: types.map { $0.info.type }) func `a run goes through bytes`(type: String) async throws {
    let task = try #require(registry.find(type))
    let folder = FileManager.default.temporaryDirectory.appending(path: "message-\(UUID().uuidString)").path()
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let plain = try await run(task.info.example, folder + "/plain", isEncoding: false)
    let encoded = try await run(task.info.example, folder + "/encoded", isEncoding: true)
    let runs = [plain, encoded].map { $0.taskRuns.filter { $0.type == task.info.type } }
    #expect(runs[0].count == 1 && runs[1].count == 1)
    let (one, other) = (try #require(runs[0].first), try #require(runs[1].first))
    #expect(one.state == other.state && one.category == other.category && one.outcome == other.outcome)
    #expect(one.ledger == other.ledger && one.attempts == other.attempts)
    #expect(neutral(one.error, folder) == neutral(other.error, folder))
    #expect(one.outputs.keys.sorted() == other.outputs.keys.sorted())
  }

  /// Paths of the two runs look the same.
  private func neutral(_ error: String?, _ folder: String) -> String? {
    error?.replacing(folder + "/plain", with: "").replacing(folder + "/encoded", with: "")
  }

  /// Runs the example of a task, whose servers are nowhere and whose input is a file of rows.
  private func run(_ example: String, _ folder: String, isEncoding: Bool) async throws -> Execution {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let home = try LocalHome(folder: folder + "/storage")
    let environment = try Environment()
    var settings = EngineSettings(home, registry: registry, environment: environment)
    let worker = EncodingWorker(LocalWorker(registry: registry, storage: home.storage, environment: environment))
    if isEncoding { settings.worker = worker }
    let here = example.replacing(/[a-z.]*example\.com(:[0-9]+)?/, with: "127.0.0.1:1")
      .replacing("jdbc:sqlite:/data/", with: "jdbc:sqlite:\(folder)/").replacing(/timeout: .*/, with: "timeout: PT5S")
    let lines = here.split(separator: "\n", omittingEmptySubsequences: false)
    let source =
      "id: message\ntasks:\n"
      + lines.enumerated().map { ($0 == 0 ? "  - " : "    ") + $1 }.joined(separator: "\n")
    let path = folder + "/flow.yaml"
    try source.write(toFile: path, atomically: true, encoding: .utf8)
    // What it names of other tasks is not there: then it fails before anything is handed over, in both runs alike.
    let (flow, found) = try FlowParser.load(path, registry: registry, allowUndefined: true)
    let usable = flow ?? withoutReferences(source, path)
    let parsed = try #require(usable, "\(found.map(\.line))")
    return try await Engine(settings).run(parsed, inputs: [:], cancellation: Cancellation())
  }

  /// An example may take the output of a task that would stand before it: here it takes a file that is not there.
  private func withoutReferences(_ source: String, _ path: String) -> Flow? {
    let plain = source.replacing(/"\{\{ *outputs\.[^"]*\}\}"/, with: "file:///nowhere/rows.arrow")
    return FlowParser.parse(plain, file: path, registry: registry).flow
  }
}
