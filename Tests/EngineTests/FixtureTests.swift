import Expression
import Foundation
import Records
import Testing

@testable import Engine

/// Every flow of fixtures/flows runs as its expectation says.
@Suite struct FixtureTests {
  private static let folder = Repository.root.appending(path: "fixtures/flows").path()

  static let cases: [String] = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [])
    .filter { $0.hasSuffix(".expect.json") }.map { String($0.dropLast(".expect.json".count)) }.sorted()

  /// Flows that need other plugins than the engine's own are run by the tests of the command.
  private static func expectation(_ name: String) throws -> ValueMap {
    let text = try String(contentsOfFile: "\(folder)/\(name).expect.json", encoding: .utf8)
    return try #require(Value.parseJSON(text).map)
  }

  @Test func fixturesAreFound() { #expect(FixtureTests.cases.count > 40) }

  /// Also when each run of a task goes through bytes.
  @Test(arguments: cases, [false, true]) func runsAsExpected(name: String, isEncoding: Bool) async throws {
    let expected = try FixtureTests.expectation(name)
    guard expected["check"] == nil else { return }
    let bench = try Bench(isEncoding: isEncoding)
    let file = "\(FixtureTests.folder)/\(name.split(separator: ".")[0]).yaml"
    let source = try String(contentsOfFile: file, encoding: .utf8)
    let (flow, found) = FlowParser.parse(
      source, file: file, registry: bench.registry, nil, undefined: expected["undefined"] == true ? .warning : .error)
    let execution = try await bench.engine.run(
      try #require(flow, "\(found.map(\.line))"), inputs: expected["inputs"]?.map ?? [:], cancellation: Cancellation())
    #expect(execution.state.rawValue == expected["state"]?.string, "\(execution.error ?? "")")
    compare(execution, expected, bench.recorder.started)
    // The record says the same as the result.
    let recorded = try #require(try await bench.engine.store.execution(execution.id))
    #expect(recorded.state == execution.state && recorded.error == execution.error)
    #expect(recorded.outputs == execution.outputs)
    compare(recorded, expected, nil)
  }

  private func compare(_ execution: Execution, _ expected: ValueMap, _ started: [String]?) {
    var left = execution.taskRuns
    for task in expected["tasks"]?.list ?? [] {
      guard let wanted = task.map, let index = left.firstIndex(where: { matches($0, wanted, execution) }) else {
        let same = execution.taskRuns.filter { $0.taskID == task.map?["id"]?.string }
        Issue.record("nothing like \(task.json()) among \(same)")
        continue
      }
      left.remove(at: index)
    }
    for id in expected["absent"]?.list ?? [] {
      #expect(!execution.taskRuns.contains { $0.taskID == id.string }, "\(id.text) has run")
    }
    if let order = expected["order"]?.list?.compactMap(\.string), let started {
      let names = Set(order)
      #expect(started.filter(names.contains) == order)
    }
    if let outputs = expected["outputs"]?.map { #expect(execution.outputs == outputs) }
  }

  private func matches(_ run: TaskRun, _ wanted: ValueMap, _ execution: Execution) -> Bool {
    run.taskID == wanted["id"]?.string
      && (wanted["state"]?.string.map { $0 == run.state.rawValue } ?? true)
      && (wanted["attempts"]?.int.map { $0 == run.attempts } ?? true)
      && (wanted["values"]?.list.map { $0.map(\.text) == values(of: run, execution) } ?? true)
      && (wanted["outputs"]?.map ?? [:]).allSatisfy { run.outputs[$0.key] == $0.value }
  }

  /// The values of all loops around a task run, the outermost first.
  private func values(of run: TaskRun, _ execution: Execution) -> [String] {
    var values: [String] = []
    var current: TaskRun? = run
    var depth = Int.max
    while let run = current {
      let own = run.iterationPath.isEmpty ? 0 : run.iterationPath.split(separator: "/").count
      if own < depth, let value = run.value { values.insert(value, at: 0) }
      depth = own
      current = execution.taskRuns.first { $0.id == run.parentID }
    }
    return values
  }
}
