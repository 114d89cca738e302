import Expression
import Foundation
import Testing

/// The filter `jq`: what it gives is what the command gives.
struct JQTests {
  /// Inputs, programs and their results, which are those of jq 1.6 and were read over by hand.
  static let table: [Value] = {
    let path = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined() + "/fixtures/suites/jq.jsonl"
    let text = (try? String(contentsOf: URL(filePath: path), encoding: .utf8)) ?? ""
    return text.split(separator: "\n").compactMap { try? Value.parseJSON(String($0)) }
  }()

  @Test(arguments: table) func `gives what jq gives`(line: Value) throws {
    let input = try #require(line.map?["input"])
    let program = try #require(line.map?["program"]?.string)
    let results = try #require(line.map?["results"]?.list).map { $0.json() }
    // Texts and null go in as JSON: the filter reads texts, and null stays null through it.
    let given = input.list == nil && input.map == nil ? .string(input.json()) : input
    #expect(try run(program, on: given).map { $0.json() } == results, "\(program)")
    #expect(try Command.jq(program, input.json()).map { try Value.parseJSON($0).json() } == results, "\(program)")
  }

  @Test func `there are more than fifty programs`() { #expect(Self.table.count > 50) }

  private func run(_ program: String, on input: Value) throws -> [Value] {
    let scope = Scope(variables: ["input": input, "program": .string(program)], host: FixedHost())
    return try #require(try Template("{{ input | jq(program) }}").render(in: scope).list)
  }

  // MARK: Numbers

  static let ids: Value = [
    .int(9_007_199_254_740_993), .int(1_234_567_890_123_456_789), .int(1_234_567_890_123_456_790), .int(5),
    .decimal("12345678901234567890.123456789"), .decimal("0.1000000000000000055511151231257827"), .int(-.max),
  ]

  /// What jq passes through has all of its digits, in any order, also in texts and keys.
  @Test func `no digit is lost on the way`() throws {
    let rows = Value.list((Self.ids.list ?? []).map { ["id": $0, "n": 1] })
    #expect(try run(".[]", on: Self.ids) == Self.ids.list)
    #expect(try run("[.[].id]", on: rows) == [Self.ids])
    #expect(try run("map(select(.id > 6)) | length", on: rows) == [4])
    let ascending: Value = [
      .int(-.max), .decimal("0.1000000000000000055511151231257827"), .int(5), .int(9_007_199_254_740_993),
      .int(1_234_567_890_123_456_789), .int(1_234_567_890_123_456_790), .decimal("12345678901234567890.123456789"),
    ]
    #expect(try run("sort", on: Self.ids) == [ascending])
    #expect(
      try run("[.[] | tostring], tojson", on: Self.ids) == [
        .list((Self.ids.list ?? []).map { .string($0.text) }), .string(Self.ids.json()),
      ])
    #expect(
      try run("map({(.id | tostring): .id}) | add", on: rows) == [
        .map(ValueMap((Self.ids.list ?? []).map { ($0.text, $0) }))
      ])
    #expect(try run(".[1] == .[2], .[1] < .[2], (unique | length)", on: Self.ids) == [false, true, 7])
    #expect(try run(#""\(.[1]);\(.[4])""#, on: Self.ids) == ["1234567890123456789;12345678901234567890.123456789"])
  }

  @Test func `numbers stay as they are written`() throws {
    let values: Value = [1.0, .decimal("1.10"), 1, .double(1e300), .double(-0.0), .int(1 << 60), .double(0.1)]
    #expect(
      try run(".[]", on: values) == [
        1, .decimal("1.10"), 1, .double(1e300), .double(-0.0), .int(1 << 60), .double(0.1),
      ])
    #expect(try run(".[]", on: [1.0, 2.5]) == [1.0, 2.5])
    #expect(try run(".[1] * 2", on: values) == [2.2].map { .double($0) })
  }

  /// What jq would round, or tell apart by what it rounded, fails.
  @Test(arguments: [
    ".[0] + 1", "add + 1", ".[0] == 9007199254740992", "map(select(. >= 9007199254740994))", "map(. * 2)",
    #"map(select(tostring == "9007199254740993"))"#, #".[0] | tostring | test("3$")"#,
  ]) func `nothing is rounded in silence`(program: String) throws {
    let error = #expect(throws: ExpressionError.self) { try run(program, on: [.int(9_007_199_254_740_993)]) }
    #expect(error?.message.contains("more digits than jq's numbers keep") == true, "\(error?.message ?? "")")
  }

  // MARK: Errors

  static let refusals: [(String, String)] = [
    (".a[", "filter 'jq': the jq program is not valid: syntax error, unexpected $end"),
    ("foo(1)", "filter 'jq': the jq program is not valid: foo/1 is not defined"),
    (".a |\n bar", "filter 'jq': the jq program is not valid: bar/0 is not defined in its line 2"),
    ("env.PATH", "filter 'jq': the jq program uses 'env', which is not available here"),
    ("$ENV.PATH", "filter 'jq': the jq program uses '$ENV', which is not available here"),
    ("{$ENV}", "filter 'jq': the jq program uses '$ENV', which is not available here"),
    ("\\\"\\\\($ ENV)\\\"", "filter 'jq': the jq program uses '$ENV', which is not available here"),
    ("[1, env]", "filter 'jq': the jq program uses 'env', which is not available here"),
    ("{a: env}", "filter 'jq': the jq program uses 'env', which is not available here"),
    ("import \\\"a\\\" as a; .", "filter 'jq': the jq program uses 'import', which is not available here"),
    ("input_filename", "filter 'jq': the jq program uses 'input_filename', which is not available here"),
    ("[inputs]", "filter 'jq': the jq program uses 'inputs', which is not available here"),
    ("halt", "filter 'jq': the jq program uses 'halt', which is not available here"),
    ("\\\"a\\\" | modulemeta", "filter 'jq': the jq program uses 'modulemeta', which is not available here"),
    ("stderr", "filter 'jq': the jq program uses 'stderr', which is not available here"),
    (
      ". == 9007199254740993",
      "filter 'jq': the jq program holds the number 9007199254740993, which has more digits than jq's numbers keep"
    ),
  ]

  /// Without rendering: a check of the flow finds it.
  @Test(arguments: refusals) func `a constant program is checked when the template is parsed`(
    program: String, message: String
  ) throws {
    let error = #expect(throws: ExpressionError.self) { try Template("{{ x | jq(\"\(program)\") }}") }
    #expect(error?.message == message)
    #expect(error?.offset == 10)
  }

  @Test(arguments: [
    (".env.PATH, {env: 1}, {env, input: .halt}, .input.inputs", 4), ("\"env $ENV import\" # env\n", 1),
    ("{\"a\": .env, env: 2} | .env", 1),
  ]) func `names of fields are no functions`(program: String, count: Int) throws {
    #expect(try run(program, on: [:]).count == count)
  }

  @Test(arguments: [
    (".a + 1", "string and number cannot be added"), (".[0]", "Cannot index object with number"),
    (".a | keys", "string has no keys"), (".a | tonumber", "Invalid numeric literal"),
    (".b[]", "Cannot iterate over number"),
    ("error(\"mine\")", "mine"), ("error({a: 1})", "ends with an error that is no text"),
  ]) func `errors hold no values`(program: String, message: String) throws {
    let error = #expect(throws: ExpressionError.self) { try run(program, on: ["a": "s3cret (x) and y", "b": 4711]) }
    #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
    #expect(error?.message.contains("s3cret") == false && error?.message.contains("4711") == false)
  }
}

/// The command `jq`.
private enum Command {
  static func jq(_ program: String, _ input: String) throws -> [String] {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["jq", "-c", program]
    let (source, output) = (Pipe(), Pipe())
    process.standardInput = source
    process.standardOutput = output
    try process.run()
    source.fileHandleForWriting.write(Data(input.utf8))
    try source.fileHandleForWriting.close()
    let bytes = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
  }
}
