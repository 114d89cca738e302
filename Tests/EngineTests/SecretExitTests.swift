import Expression
import Records
import Testing

@testable import Engine

/// Where a secret comes from, what is made of it, and where it leaves the engine: each with each. Marked parts are
/// masked at their place, and nothing else is touched, however short the secret is.
@Suite struct SecretExitTests {
  /// Short, numeric, beyond ASCII, long, and words of the engine's own.
  static let secrets = ["§", "4711", "ключ и ß", "a long secret, 0815", "ferry", "e"]
  static let sources = [
    "secret('KEY')", "inputs.given", "inputs.computed", "vars.nested", "fromJson(vars.document).key",
    "envs.url | slice(11, 11 + LENGTH)",
  ]
  static let operations: [(name: String, apply: String, shown: String)] = [
    ("as it is", "VALUE", "******"), ("joined", "'a' ~ (VALUE) ~ 'b'", "a******b"),
    ("in JSON", "{'k': VALUE} | json", "{\"k\":\"******\"}"), ("upper", "VALUE | upper", "******"),
    ("base64", "VALUE | base64encode", "******"), ("urlencode", "VALUE | urlencode", "******"),
    ("hash", "VALUE | sha256", "******"), ("cut", "('--' ~ (VALUE)) | slice(1, 3)", "-******"),
    ("replaced", "'a-b' | replace({'-': VALUE})", "a******b"),
    ("split and joined", "('1=' ~ (VALUE)) | split('1=') | join('+')", "+******"),
    ("list", "[1, VALUE]", "[1,\"******\"]"), ("chosen", "1 == 1 ? VALUE : 2", "******"),
  ]

  private static let flow = """
    id: cross
    inputs: [{id: given, type: SECRET}, {id: computed, type: STRING, defaults: "{{ secret('KEY') }}"}]
    variables:
      nested: "{{ vars.inner }}"
      inner: "{{ secret('KEY') }}"
      document: "{{ {'key': secret('KEY')} | json }}"
    tasks:
      - {id: told, type: core.log.Log, message: ["told {{ EXPRESSION }}.", "e ferry:///a/b 4711 §"]}
      - {id: put, type: core.debug.Return, format: "put {{ EXPRESSION }}."}
      - id: listed
        type: core.output.OutputValues
        values: {deep: [1, {text: "{{ EXPRESSION }}"}], count: 4711, word: ferry e §}
      - id: each
        type: core.flow.ForEach
        values: "{{ ['-' ~ (EXPRESSION)] }}"
        tasks: [{id: in, type: core.debug.Return, format: "{{ taskrun.value }}"}]
      - {id: choice, type: core.flow.Switch, value: "{{ EXPRESSION }}", defaults: [{id: d, type: core.debug.Return}]}
      - {id: keep, type: core.kv.Set, key: kept, value: "{{ EXPRESSION }}"}
      - id: again
        type: core.log.Log
        message:
          - "{{ outputs.put.value }}"
          - "{{ outputs.listed['values'].deep[1].text }}"
          - "{{ outputs.in | json }}"
          - "{{ kv('kept') }}"
          - "{{ outputs.choice.value }}"
      - id: sub
        type: core.flow.Subflow
        flowId: child
        inputs: {text: "{{ EXPRESSION }}"}
        labels: {of: "{{ EXPRESSION }}"}
      - {id: back, type: core.log.Log, message: "back {{ outputs.sub.outputs.text }}"}
      - {id: lost, type: core.execution.Fail, allowFailure: true, errorMessage: "lost {{ EXPRESSION }}."}
      - {id: wrong, type: core.flow.Sleep, allowFailure: true, duration: "- {{ EXPRESSION }}"}
    outputs: [{id: out, type: STRING, value: "{{ EXPRESSION }}"}]
    """
  private static let child = """
    id: child
    inputs: [{id: text, type: STRING}]
    tasks:
      - {id: inside, type: core.log.Log, message: "inside {{ inputs.text }}, {{ labels.of }}"}
    outputs: [{id: text, type: STRING, value: "{{ inputs.text }}"}]
    """

  @Test(arguments: secrets.indices) func nothingLeavesWithASecret(index: Int) async throws {
    let secret = SecretExitTests.secrets[index]
    let bench = try Bench(environment: "FERRY_SECRET_KEY='\(secret)'\nFERRY_URL='jdbc:x://u:\(secret)@h/\(secret)'")
    try bench.folder.write("child.yaml", SecretExitTests.child)
    // A password in a URL has its spaces escaped.
    let sources = secret.contains(" ") ? SecretExitTests.sources.dropLast() : SecretExitTests.sources
    for (place, operation) in SecretExitTests.operations.enumerated() {
      let source = sources[(place + index) % sources.count].replacing("LENGTH", with: "\(secret.count)")
      let expression = operation.apply.replacing("VALUE", with: "(\(source))")
      let before = bench.recorder.logs.count
      let execution = try await bench.run(
        SecretExitTests.flow.replacing("EXPRESSION", with: expression), inputs: ["given": .string(secret)])
      let logs = bench.recorder.logs.dropFirst(before).map(\.message)
      expect(operation.shown, in: execution, logs, "\(secret), \(source), \(operation.name)")
    }
  }

  private func expect(_ shown: String, in execution: Execution, _ logs: [String], _ what: String) {
    let what = "\(what): \(execution.error ?? "") \(logs)"
    #expect(execution.state == .warning, "\(what)")
    let quoted = shown.replacing("\"", with: "\\\"")
    for line in [
      "told \(shown).", "e ferry:///a/b 4711 §", "put \(shown).", shown, "{\"-\(quoted)\":{\"value\":\"-\(quoted)\"}}",
      "back \(shown)", "lost \(shown).", "inside \(shown), \(shown)",
    ] { #expect(logs.contains(line), "no '\(line)' in \(what)") }
    #expect(execution.output("put")?.text == "put \(shown).", "\(what)")
    let listed: Value = ["deep": [1, ["text": .string(shown)]], "count": 4711, "word": "ferry e §"]
    #expect(execution.output("listed", "values") == listed, "\(what)")
    #expect(execution.run("in")?.value == "-\(shown)" && execution.output("in")?.text == "-\(shown)", "\(what)")
    #expect(execution.output("choice")?.text == shown, "\(what)")
    #expect(execution.output("sub", "outputs") == ["text": .string(shown)], "\(what)")
    #expect(execution.outputs == ["out": .string(shown)], "\(what)")
    #expect(execution.inputs == ["given": "******", "computed": "******"], "\(what)")
    #expect(execution.run("wrong")?.error?.contains("found \"- \(shown)\"") == true, "\(what)")
  }

  /// A password of any kind neither damages the record nor stops a restart; also of a process that knows no secret yet.
  @Test(arguments: ["ferry", "x", "e", "1234", "executions", "/", "records.arrow", "fferry", "ключик", "outputs"])
  func noPasswordStopsARestart(password: String) async throws {
    let bench = try Bench(environment: "FERRY_SECRET_P='\(password)'")
    let key = bench.folder.path
    let yaml = """
      id: ferry
      namespace: ferry.records
      inputs: [{id: broken, type: BOOLEAN, defaults: true}, {id: name, type: STRING, defaults: ferry}]
      tasks:
        - {id: ferry, type: test.Secretive, password: '\(password)'}
        - {id: known, type: test.Secretive, password: "{{ secret('P') }}"}
        - {id: rows, type: hello.Rows, names: [ferry, '\(password)']}
        - {id: row, type: core.debug.Return, format: "ferry records \(password)"}
        - {id: token, type: core.debug.Return, format: "<{{ secret('P') }}>"}
        - id: each
          type: core.flow.ForEach
          values: [ferry, '\(password)']
          tasks: [{id: in, type: test.Flaky, key: "\(key){{ taskrun.value }}", failures: 0}]
        - {id: stop, type: core.execution.Fail, condition: "{{ inputs.broken }}"}
        - {id: size, type: core.storage.Size, uri: "{{ outputs.rows.uri }}"}
        - id: name
          type: core.debug.Return
          format: "{{ outputs.row.value | upper }} {{ inputs.name | upper }} {{ outputs.token.value | length }}"
      """
    let failed = try await bench.run(yaml)
    #expect(failed.state == .failed && failed.output("row")?.text == "ferry records \(password)")
    #expect(failed.output("token") == "<******>" && failed.inputs["name"] == "ferry")
    let uri = try #require(failed.output("rows", "uri")?.string)
    #expect(uri.hasPrefix("ferry:///ferry/records/ferry/executions/") && !uri.contains("***"))
    let other = try Bench(environment: "FERRY_SECRET_P='\(password)'", folder: bench.folder)
    let again = try await other.run(yaml, inputs: ["broken": false], restart: failed.id)
    #expect(again.state == .success, "\(again.error ?? "")")
    #expect(again.output("name")?.text == "FERRY RECORDS \(password.uppercased()) FERRY \(password.count + 2)")
    let calls = Flaky.calls.withLock { [$0["\(key)ferry"], $0["\(key)\(password)"]] }
    #expect(calls == (password == "ferry" ? [2, 2] : [1, 1]))
  }

  /// Only what holds a secret is missing in a restart; what only says what its properties come to says it again.
  @Test func aRestartMissesNothingElse() async throws {
    let bench = try Bench(environment: "FERRY_SECRET_KEY=pw")
    try bench.folder.write(
      "child.yaml",
      "id: child\ninputs: [{id: key, type: STRING}]\ntasks: [{id: a, type: core.debug.Return}]\n"
        + "outputs: [{id: key, type: STRING, value: \"{{ inputs.key }}\"}, {id: n, type: INT, value: 7}]")
    let yaml = """
      inputs: [{id: broken, type: BOOLEAN, defaults: true}]
      tasks:
        - {id: sub, type: core.flow.Subflow, flowId: child, inputs: {key: "{{ secret('KEY') }}"}}
        - {id: all, type: core.output.OutputValues, values: {n: 5, key: "{{ secret('KEY') }}"}}
        - {id: mask, type: core.debug.Return, format: "a ****** of the flow's own"}
        - {id: stop, type: core.execution.Fail, condition: "{{ inputs.broken }}"}
        - id: told
          type: core.log.Log
          message: "{{ outputs.all['values'].key | length }} {{ outputs.sub.outputs.n }}"
        - {id: own, type: core.debug.Return, format: "{{ outputs.mask.value }}"}
        - {id: needs, type: core.debug.Return, format: "{{ outputs.sub.outputs.key }}"}
      """
    let failed = try await bench.run(yaml)
    let again = try await bench.run(yaml, inputs: ["broken": false], restart: failed.id)
    #expect(bench.recorder.logs.contains { $0.message == "2 7" }, "\(bench.recorder.logs.map(\.message))")
    #expect(again.output("own") == "a ****** of the flow's own")
    #expect(again.run("needs")?.error?.contains("undefined variable 'outputs.sub.outputs.key'") == true)
  }

  /// What one execution knows is no other's business, and nothing stays when it has ended.
  @Test func executionsDoNotMaskEachOthersTexts() async throws {
    let bench = try Bench()
    let first = try bench.parse(SecretExitTests.quoting("hunter22", "warehouse"), file: "1.yaml")
    let second = try bench.parse(SecretExitTests.quoting("warehouse", "hunter22"), file: "2.yaml")
    async let one = bench.engine.run(first, inputs: [:], cancellation: Cancellation())
    async let two = bench.engine.run(second, inputs: [:], cancellation: Cancellation())
    let ended = try await [one, two]
    #expect(
      ended.map { $0.run("said")?.error } == [
        "the server said: ****** and warehouse", "the server said: ****** and hunter22",
      ])
    let third = try await bench.run("tasks: [{id: said, type: test.Quoting, text: hunter22 warehouse}]")
    #expect(third.run("said")?.error == "the server said: hunter22 warehouse")
  }

  private static func quoting(_ secret: String, _ other: String) -> String {
    """
    tasks:
      - {id: has, type: test.Secretive, password: \(secret)}
      - {id: wait, type: core.flow.Sleep, duration: PT0.2S}
      - {id: said, type: test.Quoting, text: "\(secret) and \(other)"}
    """
  }

  /// Data that a task was given and gives back stays secret; a word that is only a connection's password is a word.
  @Test func whatComesBackStaysSecret() async throws {
    let bench = try Bench(environment: "FERRY_SECRET_KEY=s3cretvalue\nFERRY_SECRET_PIN=77")
    let execution = try await bench.run(
      """
      tasks:
        - id: echo
          type: test.Echoing
          password: warehouse
          url: "jdbc:x://u:warehouse@h/d"
          text: "SELECT '{{ secret('KEY') }}' AS a"
          values: {pin: "{{ secret('PIN') }}", n: 1}
        - id: told
          type: core.log.Log
          message: "{{ outputs.echo.part }} {{ outputs.echo.word }} {{ outputs.echo.count }}"
      """)
    #expect(
      execution.run("echo")?.outputs
        == [
          "whole": "SELECT '******' AS a", "part": "<******>", "pin": "******", "word": "warehouse 77", "count": 77,
          "uri": "ferry:///x/s3cretvalue",
        ], "\(execution.error ?? "")")
    #expect(bench.recorder.logs.contains { $0.message == "<******> warehouse 77 77" })
  }

  /// What is wrong with a secret is said without it, whatever its length. (It has no letters of a hexadecimal number:
  /// the name of the flow's temporary folder has those.)
  @Test(arguments: [
    "{id: a, type: core.flow.Sleep, duration: \"{{ secret('PIN') }}q\"}",
    "{id: a, type: core.log.Log, message: m, level: \"{{ secret('PIN') }}\"}",
    "{id: a, type: core.storage.Split, from: x, rows: \"{{ secret('PIN') }}.5\"}",
    "{id: a, type: core.storage.Split, from: x, rows: \"{{ -1 * (secret('PIN') | number) }}\"}",
    "{id: a, type: core.debug.Return, format: \"{{ outputs[secret('PIN')] }}\"}",
    "{id: a, type: core.storage.Size, uri: \"file:///tmp/{{ secret('PIN') }}.txt\"}",
  ]) func mistakesShowNoSecret(task: String) async throws {
    let bench = try Bench(environment: "FERRY_SECRET_PIN=§wz")
    let execution = try await bench.run("tasks: [\(task)]")
    #expect(execution.state == .failed && execution.error?.contains("wz") == false, "\(execution.error ?? "")")
  }
}

/// Fails with what it was given, as a server does.
struct Quoting: FerryTask {
  static let info = TaskInfo("test.Quoting", "Quotes.")
  @Property("What.") var text: String
  func run(_ context: TaskContext) throws -> ValueMap { throw Failure(.data, "the server said: \(text)") }
}

/// Gives back what it was given.
struct Echoing: FerryTask {
  static let info = TaskInfo(
    "test.Echoing", "Gives back what it was given.",
    outputs: ["whole", "part", "pin", "word", "uri"].map { TaskOutput($0, .string, "A text.") }
      + [TaskOutput("count", .integer, "A number.")])
  @Property("The secret.", .secret) var password: String
  @Property("Where.") var url: String
  @Property("A text.") var text: String
  @Property("Values.") var values: ValueMap

  func run(_ context: TaskContext) throws -> ValueMap {
    let part = text.split(separator: "'")[1]
    return [
      "whole": .string(text), "part": .string("<\(part)>"), "pin": .string(values["pin"]?.text ?? ""),
      "word": .string("\(password) \(values["pin"]?.text ?? "")"), "count": .int(Int64(values["pin"]?.text ?? "") ?? 0),
      "uri": .string("ferry:///x/\(part)"),
    ]
  }
}
