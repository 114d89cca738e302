import Expression
import Foundation
import Records
import Testing

@testable import Engine

/// Inputs of a flow: types, defaults, validators.
@Suite struct InputTests {
  private func complete(_ declaration: String, _ given: Value?, environment: String = "") throws -> Value? {
    let bench = try Bench(environment: environment)
    let flow = try bench.parse(
      """
      inputs:
        - {id: other, type: INT, defaults: 7}
        - {id: x, \(declaration)}
      tasks: [{id: a, type: core.debug.Return}]
      """)
    let host = Host(
      environment: bench.engine.settings.environment, redactor: Redactor(), storage: bench.engine.storage, folder: "/",
      namespace: "default")
    return try bench.engine.complete(given.map { ["x": $0] } ?? [:], of: flow, host)["x"]
  }

  @Test(
    arguments: [
      ("type: STRING", "007", .string("007")),
      ("type: STRING", 5, .string("5")),
      ("type: INT", "-42", -42),
      ("type: INT", "9007199254740993", 9_007_199_254_740_993),
      ("type: INT, min: 9007199254740993", "9007199254740993", 9_007_199_254_740_993),
      ("type: FLOAT", "1e3", 1000.0),
      ("type: BOOLEAN", "TRUE", true),
      ("type: DATE", "2024-02-29", "2024-02-29"),
      ("type: TIME", "23:59", "23:59"),
      ("type: TIME", "14:30:00.123", "14:30:00.123"),
      ("type: DATETIME", "2026-11-21T14:30:00+02:00", "2026-11-21T14:30:00+02:00"),
      ("type: DATETIME, after: '2026-11-21T12:00:00Z'", "2026-11-21T13:30:00+01:00", "2026-11-21T13:30:00+01:00"),
      ("type: DURATION, min: PT1M", "PT90S", "PT90S"),
      ("type: FILE", "file:///tmp/a.csv", "file:///tmp/a.csv"),
      ("type: URI", "https://a.b/c", "https://a.b/c"),
      ("type: EMAIL", "a@b.org", "a@b.org"),
      ("type: JSON", "{\"a\": [1, null]}", ["a": [1, nil]]),
      ("type: JSON", ["a": 1], ["a": 1]),
      ("type: YAML", "a: [x, 2]", ["a": ["x", 2]]),
      ("type: SECRET", "s", "s"),
      ("type: ARRAY, itemType: INT", "[\"1\", 2]", [1, 2]),
      ("type: SELECT, values: [a, b]", "b", "b"),
      ("type: ENUM, values: [a, b], allowCustomValue: true", "c", "c"),
      ("type: MULTISELECT, values: [a, b]", "[\"a\", \"b\"]", ["a", "b"]),
      ("type: SELECT, expression: \"{{ ['p', 'q'] }}\"", "q", "q"),
      ("type: STRING, validator: '[a-z]{3}'", "abc", "abc"),
      ("type: INT, required: false", nil, .null),
      ("type: INT, defaults: \"{{ inputs.other + 1 }}\"", nil, 8),
      ("type: STRING, defaults: \"{{ envs.region }}\"", nil, "north"),
      ("type: INT, dependsOn: {inputs: [other], condition: \"{{ inputs.other > 10 }}\"}", nil, .null),
    ] as [(String, Value?, Value)])
  func isAccepted(declaration: String, given: Value?, expected: Value) throws {
    #expect(try complete(declaration, given, environment: "FERRY_REGION=north") == expected)
  }

  @Test(
    arguments: [
      ("type: INT", "4.5", "input 'x': expected INT such as 42, found '4.5'"),
      ("type: INT, max: 5", "6", "input 'x': expected at most 5, found '6'"),
      (
        "type: INT, min: 9007199254740993", "9007199254740992",
        "input 'x': expected at least 9007199254740993, found '9007199254740992'"
      ),
      ("type: FLOAT", "nan", "input 'x': expected FLOAT such as 3.14, found 'nan'"),
      ("type: FLOAT", "0x10", "input 'x': expected FLOAT such as 3.14, found '0x10'"),
      ("type: FLOAT, max: 1.5", "1.6", "input 'x': expected at most 1.5, found '1.6'"),
      ("type: BOOLEAN", "yes", "input 'x': expected BOOLEAN such as true, found 'yes'"),
      ("type: DATE", "2026-02-29", "input 'x': expected DATE such as 2026-11-21, found '2026-02-29'"),
      ("type: DATE", "2026-1-1", "input 'x': expected DATE such as 2026-11-21, found '2026-1-1'"),
      ("type: DATE, before: 2026-01-01", "2026-01-01", "input 'x': expected before 2026-01-01, found '2026-01-01'"),
      ("type: TIME", "24:00", "input 'x': expected TIME such as 14:30:00, found '24:00'"),
      ("type: DATETIME", "2026-11-21", "input 'x': expected DATETIME such as 2026-11-21T14:30:00Z, found '2026-11-21'"),
      (
        "type: DATETIME, before: '2026-11-21T12:00:00Z'", "2026-11-21T13:30:00Z",
        "input 'x': expected before 2026-11-21T12:00:00Z, found '2026-11-21T13:30:00Z'"
      ),
      ("type: DURATION", "5 minutes", "input 'x': expected DURATION such as PT5M, found '5 minutes'"),
      ("type: DURATION, max: PT1H", "PT2H", "input 'x': expected at most PT1H, found 'PT2H'"),
      ("type: FILE", "a.csv", "input 'x': there is no file 'a.csv' in '.'"),
      (
        "type: FILE, allowedFileExtensions: [.csv, .TSV]", "file:///a.json",
        "input 'x': expected a file that ends in .csv or .TSV, found 'file:///a.json'"
      ),
      ("type: EMAIL", "a@b", "input 'x': expected EMAIL such as a@b.org, found 'a@b'"),
      ("type: JSON", "{", "input 'x': expected JSON such as {\"a\": 1}, found '{'"),
      ("type: ARRAY, itemType: INT", "[\"a\"]", "input 'x': expected INT such as 42, found 'a'"),
      ("type: ARRAY", "{}", "input 'x': expected ARRAY such as [1, 2], found '{}'"),
      (
        "type: SELECT, values: [alpha, beta]", "alpa",
        "input 'x': expected one of alpha, beta, found 'alpa'. Did you mean 'alpha'?"
      ),
      (
        "type: STRING, validator: '[a-z]{3}'", "abcd",
        "input 'x': expected a text that matches '[a-z]{3}', found 'abcd'"
      ),
      ("type: INT", nil, "input 'x': it is missing: give it with -i x=…"),
    ] as [(String, Value?, String)])
  func isRefused(declaration: String, given: Value?, expected: String) {
    #expect { try complete(declaration, given) } throws: { ($0 as? Failure)?.message == expected }
  }

  @Test func allProblemsComeAtOnce() async throws {
    let bench = try Bench()
    let flow = try bench.parse(
      """
      inputs: [{id: day, type: DATE}, {id: count, type: INT}, {id: name, type: STRING}]
      tasks: [{id: a, type: core.debug.Return}]
      """)
    await #expect {
      try await bench.engine.run(flow, inputs: ["day": "x", "cuont": "1"], cancellation: Cancellation())
    } throws: { error in
      (error as? Failure)?.message == """
        the flow declares no input 'cuont'. Did you mean 'count'?
        input 'day': expected DATE such as 2026-11-21, found 'x'
        input 'count': it is missing: give it with -i count=…
        input 'name': it is missing: give it with -i name=…
        """
    }
    #expect(try await bench.engine.store.executions(limit: 50).isEmpty)
  }

  /// A path given to the command begins where it runs; a default and what a flow's task reads where the flow lies.
  @Test func filesAreGivenByTheirPath() async throws {
    let bench = try Bench()
    try FileManager.default.createDirectory(atPath: bench.folder.path + "/data", withIntermediateDirectories: true)
    try bench.folder.write("data/a b.csv", "x\n1\n")
    let flow = """
      inputs: [{id: f, type: FILE, defaults: data/a b.csv}]
      tasks:
        - {id: one, type: core.debug.Return, format: "{{ inputs.f }} {{ read(inputs.f) }}"}
        - {id: csv, type: serdes.csv.CsvReader, from: "./data/../data/a b.csv"}
        - {id: size, type: core.storage.Size, uri: "nsfile:///data/a b.csv"}
      """
    let execution = try await bench.run(flow)
    #expect(execution.output("one")?.string?.hasSuffix("/data/a%20b.csv x\n1\n") == true, "\(execution.error ?? "")")
    #expect(execution.output("csv", "size") == 1 && execution.output("size", "size") == 4)
    let here = FileManager.default.currentDirectoryPath
    let given = try await bench.run(flow, inputs: ["f": "Package.swift"])
    #expect(given.output("one")?.string?.hasPrefix("file://\(here)/Package.swift ") == true)
    await #expect { try await bench.run(flow, inputs: ["f": "none.csv"]) } throws: { error in
      (error as? Failure)?.message == "input 'f': there is no file 'none.csv' in '.'"
    }
  }
}
