import Expression
import Records
import Testing

@testable import Engine

/// docs/writing-a-plugin.md says what compiles, and what it says works.
@Suite struct ExamplePluginTests {
  private func block(_ language: String, of text: String) throws -> String {
    let start = try #require(text.firstRange(of: "```\(language)\n"))
    let rest = text[start.upperBound...]
    return String(rest[..<(try #require(rest.firstRange(of: "```"))).lowerBound])
  }

  @Test func thePageShowsTheCompiledPlugin() throws {
    let code = try block("swift", of: Repository.text("docs/writing-a-plugin.md"))
    #expect(try code == Repository.text("Tests/EngineTests/ExamplePlugin.swift"))
    #expect(code.split(separator: "\n", omittingEmptySubsequences: false).count < 60)
  }

  @Test func theFlowOfThePageRuns() async throws {
    let bench = try Bench()
    let execution = try await bench.run(block("yaml", of: Repository.text("docs/writing-a-plugin.md")))
    #expect(execution.state == .success, "\(execution.error ?? "")")
    let run = try #require(execution.run("greet"))
    #expect(run.outputs["count"] == 4 && run.ledger.read == 4 && run.ledger.written == 4)
    #expect(
      try bench.rows(run.outputs["uri"]?.string) == [
        #"{"name":"Ada","turn":1,"greeting":"Hello, Ada"}"#, #"{"name":"Ada","turn":2,"greeting":null}"#,
        #"{"name":"Grace","turn":1,"greeting":"Hello, Grace"}"#, #"{"name":"Grace","turn":2,"greeting":null}"#,
      ])
    #expect(execution.output("size", "size")?.int ?? 0 > 100)
  }

  @Test func whatIsLeftOutIsFilteredAndManyRowsComeInBatches() async throws {
    let bench = try Bench()
    let execution = try await bench.run(
      "tasks: [{id: greet, type: hello.Rows, names: [a, '', b], times: 70000}]")
    let ledger = try #require(execution.run("greet")?.ledger)
    #expect(ledger.read == 210_000 && ledger.written == 140_000 && ledger.filtered == 70_000 && ledger.batches == 3)
  }
}
