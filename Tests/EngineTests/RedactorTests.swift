import Expression
import Records
import Testing

@testable import Engine

/// What is taken for a secret, and what is not.
@Suite struct RedactorTests {
  private func redactor(_ secrets: String...) -> Redactor {
    let redactor = Redactor()
    for secret in secrets { redactor.add(secret) }
    return redactor
  }

  /// A short secret is masked as a word, whatever surrounds it, and nothing that merely contains it.
  @Test(arguments: [
    ("ferry", "******"), ("a ferry.", "a ******."), ("user=ferry&x", "user=******&x"), ("u:ferry@h", "u:******@h"),
    ("ferryboat and myferry, ferry_2", "ferryboat and myferry, ferry_2"), ("%3Dferry", "%3D******"),
    (#"{"a":"x\nferry"}"#, #"{"a":"x\n******"}"#), ("ferry ferry", "****** ******"), ("Übferry", "Übferry"),
    ("ZmVycnk=", "******"), ("Ferry", "Ferry"), ("ferr", "ferr"), ("", ""),
  ]) func aShortSecretIsAWord(text: String, expected: String) {
    #expect(redactor("ferry").redact(text) == expected)
  }

  @Test(arguments: [
    ("x", "x = xx + axe", "****** = xx + axe"), ("/", "a/b / c", "a/b / c"), ("/", "/", "******"),
    ("7", "17 + 7", "17 + ******"), ("p!", "up! p! p!q", "up! ****** ******q"), ("é", "café", "café"),
  ]) func oneLetterIsNotEveryLetter(secret: String, text: String, expected: String) {
    #expect(redactor(secret).redact(text) == expected)
  }

  @Test(arguments: [
    ("hunter22", "xhunter22y", "x******y"), ("hunter22", "hunter2hunter22", "hunter2******"),
    ("p<w>&\"'8", "p&lt;w&gt;&amp;&quot;&#39;8", "******"),
    // JSON in JSON.
    (#"a"b\c12345"#, #"{"m":"{\"p\":\"a\\\"b\\\\c12345\"}"}"#, #"{"m":"{\"p\":\"******\"}"}"#),
  ]) func aLongSecretIsMaskedAnywhere(secret: String, text: String, expected: String) {
    #expect(redactor(secret).redact(text) == expected)
  }

  /// The longest counts, and what overlaps leaves no rest.
  @Test func overlappingSecretsLeaveNoRest() {
    let redactor = redactor("abcdefgh", "abcdefghij", "ghijklmno", "aaaaaaaa")
    #expect(redactor.redact("-abcdefghij-") == "-******-")
    #expect(redactor.redact("-abcdefghijklmno-") == "-******-")
    #expect(redactor.redact("aaaaaaaaaaaa!") == "******!")
  }

  /// The names of files are the engine's own, whatever they look like; what stands beside them is not.
  @Test func filesOfTheEngineAreNotTouched() {
    let redactor = redactor("ferry", "warehouse", "records", "s3cretvalue")
    let uri = "ferry:///company/warehouse/flow/executions/1/tasks/ferry/2/records.arrow"
    redactor.keep(file: uri)
    #expect(redactor.redact(.string(uri)) == .string(uri))
    #expect(redactor.redact("reading '\(uri)': ferry") == "reading '\(uri)': ******")
    #expect(redactor.redact("it is in \(uri).") == "it is in \(uri).")
    #expect(redactor.redact("\(uri)?k=s3cretvalue") == "\(uri)?k=******")
    #expect(redactor.redact("ferry:///s3cretvalue/x") == "******:///******/x")
    #expect(!redactor.redact("\(uri)/s3cretvalue").contains("s3cretvalue"))
  }

  /// A count is no secret, though its digits may be those of one.
  @Test func numbersAreCounts() {
    let redactor = redactor("42", "5432", "98765432101")
    let counts: Value = ["a": 42, "b": 5432, "c": 5.5, "d": .decimal("42")]
    #expect(redactor.redact(counts) == counts)
    #expect(redactor.redact(.int(98_765_432_101)) == "******")
    #expect(redactor.redact(["k": ["5432", true, nil]] as Value) == ["k": ["******", true, nil]])
  }

  /// What a restart needs is recorded whole but for the secrets that are no mere words.
  @Test func outputsAreKeptWhole() {
    let redactor = redactor("ferry", "s3cretvalue")
    let (shown, kept) = redactor.outputs(["row": ["name": "ferry", "n": 1], "long": "my s3cretvalue", "ferry": 2])
    #expect(shown == ["row": ["name": "******", "n": 1], "long": "my ******", "******": 2])
    #expect(kept == ["row": ["name": "ferry", "n": 1], "long": "my ******", "ferry": 2])
    #expect(redactor.outputs(["a": "b"]).kept == nil)
    #expect(redactor.outputs(["a": "s3cretvalue"]).kept == nil)
  }

  /// Deep values are looked at once.
  @Test func deepValuesAreMaskedInTime() {
    var value: Value = "s3cretvalue"
    var expected: Value = "******"
    for _ in 0..<200 {
      value = ["a": [value]]
      expected = ["a": [expected]]
    }
    #expect(redactor("s3cretvalue").redact(value) == expected)
  }

  @Test(arguments: [
    ("ferry", "******", true), ("a b", "a ******", true), ("a b", "b ******", false), ("x", "x", true),
    ("x", "y", false), ("a1b2c", "a******b******c", true), ("a1b2c", "a******c******b", false), ("", "******", true),
  ]) func aValueIsKnownByWhatWasShown(text: String, shown: String, expected: Bool) {
    #expect(Redactor.mayBe(text, shownAs: shown) == expected)
  }

  @Test(arguments: [
    ("jdbc:mysql://u:p%40ss%2Fw@h:1/d?x=1", ["p%40ss%2Fw", "p@ss/w"]), ("jdbc:mysql://u@h/d", []),
    ("jdbc:postgresql://h/d?user=a&password=b%20c&ssl=true", ["b%20c", "b c"]), ("http://h/a:b@c", []),
    ("jdbc:x://u:{{ secret('A') }}@h/", []), ("jdbc:x://u:a:b@c@h/", ["a:b@c"]), ("http://h?allowPassword=true", []),
    ("see https://a:b1@h and amqp://c:d2@h", ["b1", "d2"]), ("jdbc:sqlserver://h;password=xy;a=b", ["xy"]),
    ("jdbc:x://u:a/b@h/d", ["a/b"]), ("", []), ("password=x", []),
  ]) func passwordsOfURLsAreFound(text: String, expected: [String]) {
    #expect(URLSecrets.find(in: text) == expected)
  }

  @Test func passwordsInAFlowAreNotRecorded() async throws {
    let bench = try Bench()
    let yaml = #"""
      id: ferry
      description: the ferry
      variables: {pass: 0penSesame}
      tasks:
        - {id: a, type: test.Secretive, password: ferry}
        - {id: b, type: test.Secretive, password: "fer\x72y"}
        - id: c
          type: test.Secretive
          password: |
            ferry
        - {id: d, type: core.debug.Return, format: "jdbc:x://ferry:pass/w@h/ferry"}
        - {id: e, type: test.Secretive, password: "{{ vars.pass }}"}
        - {id: f, type: test.Secretive, password: 123456789}
      """#
    let execution = try await bench.run(yaml)
    #expect(execution.state == .success, "\(execution.error ?? "")")
    let source = try bench.store.withDatabase { try $0.run("SELECT source FROM executions") }
    let expected = """
      id: ferry
      description: the ferry
      variables: {pass: ******}
      tasks:
        - {id: a, type: test.Secretive, password: ******}
        - {id: b, type: test.Secretive, password: ******
        - id: c
          type: test.Secretive
          password: ******
            ******
        - {id: d, type: core.debug.Return, format: "jdbc:x://ferry:******@h/ferry"}
        - {id: e, type: test.Secretive, password: "{{ vars.pass }}"}
        - {id: f, type: test.Secretive, password: ******}
      """
    #expect(source == [[expected]])
    #expect(execution.output("d") == "jdbc:x://******:******@h/******")
  }

  /// A password that is a word of the engine's own neither damages the record nor stops a restart.
  @Test func aShortPasswordStopsNoRestart() async throws {
    let bench = try Bench()
    let key = bench.folder.path
    let yaml = """
      id: ferry
      namespace: ferry.records
      inputs: [{id: broken, type: BOOLEAN, defaults: true}, {id: name, type: STRING, defaults: ferry}]
      tasks:
        - {id: ferry, type: test.Secretive, password: ferry}
        - {id: rows, type: hello.Rows, names: [ferry, records]}
        - {id: row, type: core.debug.Return, format: "ferry records"}
        - id: each
          type: core.flow.ForEach
          values: [ferry]
          tasks: [{id: in, type: test.Flaky, key: \(key), failures: 0}]
        - {id: stop, type: core.execution.Fail, condition: "{{ inputs.broken }}"}
        - {id: size, type: core.storage.Size, uri: "{{ outputs.rows.uri }}"}
        - {id: name, type: core.debug.Return, format: "{{ outputs.row.value | upper }} {{ inputs.name | upper }}"}
      """
    let failed = try await bench.run(yaml)
    #expect(failed.state == .failed && failed.output("row") == "****** records")
    let uri = try #require(failed.output("rows", "uri")?.string)
    #expect(uri.hasPrefix("ferry:///ferry/records/ferry/executions/"))
    // Another process, which knows no secret yet.
    let again = try await Bench(folder: bench.folder).run(yaml, inputs: ["broken": false], restart: failed.id)
    #expect(again.state == .success, "\(again.error ?? "")")
    #expect(again.output("name") == "FERRY RECORDS FERRY")
    #expect(Flaky.calls.withLock { $0[key] } == 1)
    // What was kept for the restart goes with the success.
    let kept = try bench.store.withDatabase {
      try $0.run("SELECT count(*) FROM task_runs WHERE kept IS NOT NULL")
    }
    #expect(kept == [["0"]])
  }

  /// A flow that runs another one works with what that one puts out, not with what is shown of it.
  @Test func outputsOfASubflowAreWhole() async throws {
    let bench = try Bench(environment: "FERRY_SECRET_KEY=s3cretvalue")
    try bench.folder.write(
      "child.yaml",
      "id: child\ntasks: [{id: a, type: core.debug.Return}]\n"
        + "outputs: [{id: key, type: STRING, value: \"{{ secret('KEY') }}\"}]")
    let execution = try await bench.run(
      """
      tasks:
        - {id: sub, type: core.flow.Subflow, flowId: child}
        - {id: length, type: core.debug.Return, format: "{{ outputs.sub.outputs.key | length }}"}
      """)
    #expect(execution.output("sub", "outputs") == ["key": "******"])
    #expect(execution.output("length")?.text == "11")
  }
}
