import Expression
import Records
import Testing

@testable import Engine

/// What is taken for a secret in texts from outside, and what is not.
@Suite struct RedactorTests {
  private func redactor(_ secrets: String...) -> Redactor {
    let redactor = Redactor()
    for secret in secrets { redactor.add(secret) }
    return redactor
  }

  /// A short one could be any word: it is masked where it is marked, and looked for nowhere.
  @Test(arguments: ["ferry", "x", "", "/", "12345", "äöüßé"]) func shortSecretsAreNotLookedFor(secret: String) {
    let text = "ferry x / 12345 äöüßé ferry:///a/b"
    #expect(redactor(secret).redact(text) == text)
  }

  @Test(arguments: [
    ("hunter22", "xhunter22y", "x******y"), ("hunter22", "hunter2hunter22", "hunter2******"),
    ("secret", "a secret.", "a ******."), ("пароль", "ваш пароль!", "ваш ******!"), ("secret", "Secret", "Secret"),
    ("p<w>&\"'8", "p&lt;w&gt;&amp;&quot;&#39;8", "******"),
    // JSON in JSON.
    (#"a"b\c12345"#, #"{"m":"{\"p\":\"a\\\"b\\\\c12345\"}"}"#, #"{"m":"{\"p\":\"******\"}"}"#),
    // A number that is a part of another one is another number.
    ("123456", "123456 and 1234567, -123456: x123456", "****** and 1234567, -******: x******"),
    ("12345678", "at 0x12345678 of 123456789", "at 0x****** of 123456789"),
  ]) func aLongSecretIsMasked(secret: String, text: String, expected: String) {
    #expect(redactor(secret).redact(text) == expected)
  }

  @Test func overlappingSecretsLeaveNoRest() {
    let redactor = redactor("abcdefgh", "abcdefghij", "ghijklmno", "aaaaaaaa")
    #expect(redactor.redact("-abcdefghij-") == "-******-")
    #expect(redactor.redact("-abcdefghijklmno-") == "-******-")
    #expect(redactor.redact("aaaaaaaaaaaa!") == "******!")
  }

  /// Names of files, and URIs that stand so in the flow, hold no secret, whatever they look like.
  @Test func knownURIsAreNotTouched() {
    let redactor = redactor("warehouse", "records", "s3cretvalue")
    let uri = "ferry:///company/warehouse/flow/executions/1/tasks/ferry/2/records.arrow"
    redactor.keep(uri: uri)
    redactor.keep(urisIn: ["from": "file:///data/warehouse/a.csv", "url": ["jdbc:mysql://h:1/warehouse?x=1"]])
    for text in [
      "reading '\(uri)': no", "it is in \(uri).", "file:///data/warehouse/a.csv: gone",
      "(jdbc:mysql://h:1/warehouse?x=1) is down",
    ] { #expect(redactor.redact(text) == text) }
    #expect(redactor.redact("reading '\(uri)': warehouse") == "reading '\(uri)': ******")
    #expect(redactor.redact("\(uri)?k=s3cretvalue") == "\(uri)?k=******")
    #expect(redactor.redact("ferry:///s3cretvalue/x") == "ferry:///******/x")
    #expect(!redactor.redact("\(uri)/s3cretvalue").contains("s3cretvalue"))
  }

  /// A short secret inside of a text that the task was given is found where a message quotes that text.
  @Test func whatIsQuotedIsMaskedAtItsPlace() {
    let redactor = Redactor(inside: redactor("hunter22"))
    redactor.add(URLSecrets.marked("jdbc:mysql://u:x@h:1/x"))
    #expect(redactor.redact("x: 'jdbc:mysql://u:x@h:1/x' (hunter22)") == "x: 'jdbc:mysql://u:******@h:1/x' (******)")
  }

  @Test(arguments: [
    ("ferry", "******", true), ("a b", "a ******", true), ("a b", "b ******", false), ("x", "x", true),
    ("x", "y", false), ("a1b2c", "a******b******c", true), ("a1b2c", "a******c******b", false), ("", "******", true),
  ]) func aValueIsKnownByWhatWasShown(text: String, shown: String, expected: Bool) {
    #expect(Masked.mayBe(text, shownAs: shown) == expected)
  }

  /// What an older Ferry recorded with a mask in it is left out of a restart.
  @Test func theMaskIsNeverTakenForAValue() {
    let recorded: ValueMap = [
      "a": "x ****** y", "b": ["*****", 1], "c": [["d": "******"]], "e": ["******": 1], "f": 2,
    ]
    #expect(Masked.without(recorded) == ["b": ["*****", 1], "f": 2])
  }

  @Test(arguments: [
    ("jdbc:mysql://u:p%40ss%2Fw@h:1/d?x=1", ["p%40ss%2Fw", "p@ss/w"]), ("jdbc:mysql://u@h/d", []),
    ("jdbc:postgresql://h/d?user=a&password=b%20c&ssl=true", ["b%20c", "b c"]), ("http://h/a:b@c", []),
    ("jdbc:x://u:{{ secret('A') }}@h/", []), ("jdbc:x://u:a:b@c@h/", ["a:b@c"]), ("http://h?allowPassword=true", []),
    ("see https://a:b1@h and amqp://c:d2@h", ["b1", "d2"]), ("jdbc:sqlserver://h;password=xy;a=b", ["xy"]),
    ("jdbc:x://u:a/b@h/d", ["a/b"]), ("", []), ("password=x", []),
    ("Driver=x;UID=u;PWD={p;w}} ü@ 1};Port=1", ["{p;w}} ü@ 1}"]), ("DSN=x;PWD=ab;a=b", ["ab"]),
  ]) func passwordsOfURLsAreFound(text: String, expected: [String]) {
    #expect(URLSecrets.find(in: text) == expected)
  }

  @Test func passwordsInAFlowAreNotRecorded() async throws {
    let bench = try Bench()
    let yaml = #"""
      id: ferry
      description: the ferry
      inputs: [{id: key, type: SECRET, defaults: opensesame}]
      variables: {pass: 0penSesame, other: 0penSesame, deep: {a: "{{ vars.pass }}"}}
      tasks:
        - {id: a, type: test.Secretive, password: ferry}
        - {id: b, type: test.Secretive, password: "fer\x72y"}
        - id: c
          type: test.Secretive
          password: |
            ferry
        - {id: d, type: core.debug.Return, format: "jdbc:x://ferry:pass/w@h/ferry"}
        - {id: e, type: test.Secretive, password: "{{ vars.deep.a }}"}
        - {id: f, type: test.Secretive, password: 123456789}
      """#
    let execution = try await bench.run(yaml)
    #expect(execution.state == .success, "\(execution.error ?? "")")
    let source = try bench.source()
    let expected = """
      id: ferry
      description: the ferry
      inputs: [{id: key, type: SECRET, defaults: ******}]
      variables: {pass: ******, other: 0penSesame, deep: {a: "{{ vars.pass }}"}}
      tasks:
        - {id: a, type: test.Secretive, password: ******}
        - {id: b, type: test.Secretive, password: ******
        - id: c
          type: test.Secretive
          password: ******
            ******
        - {id: d, type: core.debug.Return, format: "jdbc:x://ferry:******@h/ferry"}
        - {id: e, type: test.Secretive, password: "{{ vars.deep.a }}"}
        - {id: f, type: test.Secretive, password: ******}
      """
    #expect(source == expected)
    #expect(execution.output("d") == "jdbc:x://ferry:******@h/ferry")
  }
}

extension Bench {
  /// The text of the flow as it is recorded.
  fileprivate func source() throws -> String? {
    try store.withDatabase { try $0.run("SELECT source FROM executions") }.first?.first ?? nil
  }
}
