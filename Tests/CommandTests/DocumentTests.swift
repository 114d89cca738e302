import Engine
import Foundation
import Testing

@testable import ferry

/// The pages that people read: their examples are flows without errors, their words are those of the command.
@Suite struct DocumentTests {
  private static let pages: [String] = {
    let folder = Ferry.root.appending(path: "docs").path()
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return ["README.md"] + names.filter { $0.hasSuffix(".md") }.sorted().map { "docs/\($0)" }
  }()

  private func text(of page: String) throws -> String {
    try String(contentsOf: Ferry.root.appending(path: page), encoding: .utf8)
  }

  /// The blocks of a page in one language.
  private func blocks(_ language: String, of page: String) throws -> [String] {
    try text(of: page).components(separatedBy: "\n```\(language)\n").dropFirst().compactMap {
      $0.components(separatedBy: "\n```").first
    }
  }

  /// A whole flow, or the part of one that the page is about, with what it lacks.
  private func flow(_ block: String) -> String {
    if block.hasPrefix("- id:") { return "tasks:\n" + block.split(separator: "\n").map { "  \($0)\n" }.joined() }
    let hasTasks = ("\n" + block).contains("\ntasks:")
    return hasTasks ? block : block + "\ntasks: [{id: nothing, type: core.debug.Return}]\n"
  }

  /// The plugin that docs/writing-a-plugin.md writes is compiled and run by EngineTests.
  @Test(arguments: pages.filter { $0 != "docs/writing-a-plugin.md" })
  func everyExampleIsAFlowWithoutErrors(page: String) throws {
    for block in try blocks("yaml", of: page) where !block.hasPrefix("# ferry.yaml") {
      let found = FlowParser.parse(flow(block), file: page, registry: registry).diagnostics
      // A part of a flow may name what stands in the rest of it.
      let isPart = page == "README.md"
      let problems = found.filter { !(isPart && ["input", "variable"].contains(where: $0.message.contains)) }
      #expect(problems.map(\.line) == [], "\(block)")
    }
  }

  @Test func thePagesAreRead() throws {
    #expect(DocumentTests.pages.count > 10)
    #expect(try blocks("yaml", of: "docs/flows.md").count > 6)
    #expect(try blocks("yaml", of: "README.md").count == 1)
  }

  /// A link leads to a file that is there.
  @Test(arguments: pages) func linksLeadSomewhere(page: String) throws {
    let folder = Ferry.root.appending(path: page).deletingLastPathComponent()
    for match in try text(of: page).matches(of: /\]\(([^)#:]+)\)/) {
      let path = folder.appending(path: String(match.1)).path()
      #expect(FileManager.default.fileExists(atPath: path), "\(page): \(match.1)")
    }
  }

  /// docs/flows.md names every property of a flow, every type of input, every variable and every property of all tasks.
  @Test func flowsAreDescribed() throws {
    let page = try text(of: "docs/flows.md")
    for kind in InputDeclaration.Kind.allCases { #expect(page.contains("`\(kind.rawValue)`"), "\(kind.rawValue)") }
    for name in ["id", "namespace", "inputs", "variables", "errors", "finally", "pluginDefaults", "concurrency"] {
      #expect(page.contains("`\(name)`"), "\(name)")
    }
  }

  /// The first example of docs/flows.md does what it says.
  @Test func theFlowOfThePageRuns() async throws {
    let ferry = try Ferry()
    try ferry.write("daily-orders.yaml", try #require(try blocks("yaml", of: "docs/flows.md").first))
    try ferry.write("orders.csv", "id,price\n1,2.50\n2,3.75\n")
    let table = "CREATE TABLE orders_20261122 (id INTEGER, price DECIMAL(5,2))"
    try ferry.write(
      "table.yaml", "tasks: [{id: t, type: jdbc.sqlite.Queries, url: 'jdbc:sqlite:shop.db', sql: '\(table)'}]")
    #expect(try await ferry.run("run", "table.yaml").status == 0)
    let result = try await ferry.run(
      "run", "daily-orders.yaml", "-i", "day=2026-11-22", "-i", "orders=orders.csv", "--log-format", "json")
    #expect(result.status == 0, "\(result.output)")
    #expect((try result.summary()["outputs"] as? [String: Any])?["rows"] as? Int == 2)
  }

  /// docs/events.md names all that stands in events.
  @Test func eventsAreDescribed() async throws {
    let page = try text(of: "docs/events.md")
    let result = try await Ferry().flow(
      """
      tasks:
        - id: each
          type: core.flow.ForEach
          values: [1]
          tasks:
            - id: in
              type: core.flow.ForEach
              values: [2]
              tasks: [{id: log, type: core.log.Log, message: x}]
        - {id: again, type: core.execution.Fail, retry: {interval: PT0.01S, maxAttempts: 2}, allowFailure: true}
        - {id: last, type: core.execution.Fail}
      """)
    let events = try result.events()
    #expect(events.count > 10)
    for event in events {
      #expect(page.contains("`\(event["event"] ?? "")`"))
      let runs = event["tasks"] as? [[String: Any]] ?? []
      let ledgers = ([event] + runs).compactMap { $0["ledger"] as? [String: Any] }
      for key in ([event] + runs + ledgers).flatMap(\.keys) { #expect(page.contains("`\(key)`"), "\(key)") }
    }
    #expect(events.contains { $0["values"] as? [String] == ["1", "2"] })
  }

  /// .env, ferry.yaml and the prefixes of environment variables are what docs/flows.md says.
  @Test func theFilesOfAProjectAreRead() async throws {
    let ferry = try Ferry(environment: ["KESTRA_TEAM": "data", "OTHER": "x", "FERRY_REGION": "south"])
    try ferry.write(".env", try #require(try blocks("ini", of: "docs/flows.md").first))
    let globals = try #require(try blocks("yaml", of: "docs/flows.md").first { $0.hasPrefix("# ferry.yaml") })
    try ferry.write("ferry.yaml", globals)
    let result = try await ferry.flow(
      """
      tasks:
        - {id: a, type: core.debug.Return, format: "{{ envs.region }} {{ envs.team }} {{ envs.other ?? '-' }}"}
        - {id: b, type: core.debug.Return, format: "{{ globals.company }} {{ envs.secret_db_password ?? '-' }}"}
        - {id: c, type: core.debug.Return, format: "{{ secret('DB_PASSWORD') | length }}"}
      """)
    let tasks = try result.tasks()
    func value(_ task: String) -> String? { (tasks[task]?["outputs"] as? [String: Any])?["value"] as? String }
    #expect(value("a") == "north data -" && value("b") == "acme -" && value("c") == "9", "\(result.output)")
  }
}
