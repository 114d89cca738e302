import Foundation
import Testing

/// A canary goes through everything that Ferry puts out. It must not be seen anywhere.
@Suite struct SecretTests {
  /// With what URLs, JSON, base64 and shells write in another way.
  private static let canary = "cAn4ry/k\"9+ü&\\z=%x tail"
  private static let encodedCanary = "b64-Canary-7731"
  private static let dotenvCanary = "dotenv#Canary-5512"

  /// How a secret may look when it is inside of something else.
  private static func forms(_ secret: String) -> [String] {
    let url = secret.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? secret
    let query = secret.addingPercentEncoding(withAllowedCharacters: .urlQueryAllowed) ?? secret
    let json = String(decoding: (try? JSONEncoder().encode([secret])) ?? Data(), as: UTF8.self).dropFirst(2).dropLast(2)
    var forms = [secret, url, query, url.lowercased(), String(json), json.replacingOccurrences(of: "\\/", with: "/")]
    let bytes = Data(secret.utf8)
    for before in 0..<3 {
      // What base64 makes of it inside of a longer text, without the characters that share bits with the neighbours.
      let text = (Data(repeating: 58, count: before) + bytes + Data("tail".utf8)).base64EncodedString()
      let first = (before * 8 + 5) / 6
      forms.append(String(text.prefix((before + bytes.count) * 8 / 6).dropFirst(first)))
    }
    return forms + forms.map { $0.replacingOccurrences(of: "+", with: "-").replacingOccurrences(of: "/", with: "_") }
  }

  private func ferry() throws -> Ferry {
    let ferry = try Ferry(environment: [
      "FERRY_SECRET_PLAIN": SecretTests.canary,
      "SECRET_CODED": Data((SecretTests.encodedCanary + "\n").utf8).base64EncodedString(),
    ])
    try ferry.write(".env", "# secrets\nexport FERRY_SECRET_DOTENV=\"\(SecretTests.dotenvCanary)\"\n")
    return ferry
  }

  private func expectNothing(of secrets: [String], in bytes: Data, _ place: String) {
    for secret in secrets {
      for form in SecretTests.forms(secret) where bytes.range(of: Data(form.utf8)) != nil {
        Issue.record("\(place) shows '\(form)'")
      }
    }
  }

  private static let flow = """
    id: secrets
    labels: {team: data}
    inputs:
      - {id: password, type: SECRET, defaults: "{{ secret('CODED') }}"}
      - {id: given, type: SECRET}
    tasks:
      - {id: message, type: core.log.Log, message: ["{{ secret('PLAIN') }}", "in {{ secret('dotenv') }} words"]}
      - {id: json, type: core.log.Log, message: "{{ {'a': [secret('PLAIN')], secret('CODED'): 1} | json }}"}
      - {id: url, type: core.log.Log, message: "http://u:{{ secret('PLAIN') | urlencode }}@h/?q={{ secret('CODED') }}"}
      - {id: base64, type: core.log.Log, message: "Basic {{ ('user:' ~ secret('PLAIN')) | base64encode }}"}
      - {id: base64b, type: core.log.Log, message: "Basic {{ ('users:' ~ secret('CODED')) | base64encode }}"}
      - {id: base64c, type: core.log.Log, message: "{{ ('me::' ~ secret('DOTENV') ~ '!') | base64encode }}"}
      - {id: input, type: core.log.Log, message: "{{ inputs.password }} {{ inputs.given }} {{ inputs }}"}
      - {id: output, type: core.debug.Return, format: "{{ secret('PLAIN') }}"}
      - id: values
        type: core.output.OutputValues
        values: {"{{ 'k' }}": ["{{ secret('PLAIN') }}", {deep: "x{{ secret('CODED') }}"}], all: "{{ inputs }}"}
      - {id: used, type: core.debug.Return, format: "{{ outputs.output.value | length }}"}
      - id: each
        type: core.flow.ForEach
        values: ["{{ secret('CODED') }}", "{{ outputs.output.value }}"]
        tasks: [{id: in, type: core.debug.Return, format: "{{ taskrun.value }}"}]
      - id: choice
        type: core.flow.Switch
        value: "{{ secret('DOTENV') }}"
        defaults: [{id: d, type: core.debug.Return}]
      - {id: kind, type: core.debug.Return, allowFailure: true, format: "{{ secret('PLAIN') | number }}"}
      - {id: wrong, type: core.flow.Sleep, allowFailure: true, duration: "{{ secret('CODED') }}"}
      - {id: place, type: core.storage.Size, allowFailure: true,
         uri: "ferry://{{ secret('CODED') }}/a?p={{ secret('PLAIN') }}"}
      - {id: file, type: core.storage.Size, allowFailure: true, uri: "file:///tmp/{{ secret('CODED') }}"}
      - {id: index, type: core.debug.Return, allowFailure: true, format: "{{ outputs[secret('PLAIN')].x }}"}
      - {id: date, type: core.debug.Return, allowFailure: true, format: "{{ secret('CODED') | date }}"}
      - {id: parsed, type: core.debug.Return, allowFailure: true, format: "{{ fromJson(secret('PLAIN')) }}"}
      - {id: retried, type: core.execution.Fail, allowFailure: true, errorMessage: "no {{ secret('PLAIN') }}",
         retry: {interval: PT0.01S, maxAttempts: 2}}
      - {id: fails, type: core.execution.Fail, errorMessage: "login as {{ secret('PLAIN') }} with {{ inputs.given }}"}
    errors:
      - {id: told, type: core.log.Log, level: ERROR, message: "{{ outputs.output.value }}"}
    outputs:
      - {id: token, value: "{{ secret('PLAIN') }}"}
    """

  @Test(arguments: ["json", "text"]) func theCanaryIsNeverSeen(format: String) async throws {
    let ferry = try ferry()
    let given = "given-Canary-0815"
    let secrets = [SecretTests.canary, SecretTests.encodedCanary, SecretTests.dotenvCanary, given]
    try ferry.write("flow.yaml", SecretTests.flow)
    let result = try await ferry.run(
      "run", "flow.yaml", "--log-format", format, "--log-level", "trace", "-i", "given=\(given)")
    #expect(result.status == 1)
    #expect(result.output.contains("******") && result.output.contains("used"))
    expectNothing(of: secrets, in: Data(result.output.utf8), "stdout")
    expectNothing(of: secrets, in: Data(result.error.utf8), "stderr")
    let id = try #require(try await ferry.run("runs", "--format", "json").summary()["execution"] as? String)
    for arguments in [["runs"], ["runs", id], ["runs", id, "--format", "json"], ["check", "flow.yaml"]] {
      let shown = try await ferry.start(arguments).wait()
      #expect(shown.status == 0, "\(shown.error)")
      expectNothing(of: secrets, in: Data((shown.output + shown.error).utf8), "\(arguments)")
    }
    for file in try ferry.stored() { expectNothing(of: secrets, in: file.bytes, file.path) }
    // The flow itself worked with the whole values.
    let tasks = try await ferry.run("runs", id, "--format", "json").tasks()
    let length = (tasks["used"]?["outputs"] as? [String: Any])?["value"] as? String
    #expect(length == "\(SecretTests.canary.count)", "\(String(describing: tasks["used"]))")
  }

  /// Rows are shown without the secrets in them, also where one is cut; what stands in a URL is hidden from the start.
  @Test func aPreviewShowsNoSecret() async throws {
    let ferry = try ferry()
    let long = String(repeating: "é", count: 35)
    let url = "jdbc:mysql://u:url-Canary-99@127.0.0.1:1/x"
    try ferry.write(
      "flow.yaml",
      """
      tasks:
        - {id: told, type: core.log.Log, message: "at \(url)"}
        - id: rows
          type: jdbc.sqlite.Query
          url: "jdbc:sqlite::memory:"
          sql: >
            SELECT '{{ secret('CODED') }}' AS a, '\(long){{ secret('CODED') }}' AS b, 'plain' AS "{{ secret('CODED') }}"
          fetchType: STORE
        - {id: lost, type: jdbc.mysql.Query, url: "\(url)", sql: SELECT 1, allowFailure: true}
        - {id: shown, type: core.storage.Size, uri: "{{ outputs.rows.uri }}"}
      """)
    let result = try await ferry.run("run", "flow.yaml", "--preview", "--log-level", "trace")
    #expect(result.status == 0, "\(result.output)")
    #expect(result.output.contains("Preview of") && result.output.contains("plain"))
    #expect(result.output.contains("at jdbc:mysql://u:******@127.0.0.1:1/x"))
    let secrets = [SecretTests.encodedCanary, "url-Canary-99"]
    expectNothing(of: secrets + ["b64-Can"], in: Data(result.output.utf8), "stdout")
    let record = try #require(try ferry.stored().first { $0.path == "ferry.db" })
    expectNothing(of: secrets, in: record.bytes, "the record")
  }

  @Test func whatIsWrongWithASecretInputIsSaidWithoutIt() async throws {
    let ferry = try ferry()
    try ferry.write(
      "flow.yaml",
      """
      inputs: [{id: p, type: SECRET, validator: '[0-9]+'}, {id: q, type: INT, defaults: "{{ secret('CODED') }}"}]
      tasks: [{id: a, type: core.debug.Return}]
      """)
    let result = try await ferry.run("run", "flow.yaml", "-i", "p=not-digits-4711")
    #expect(result.status == 2 && result.error.contains("input 'p'") && result.error.contains("input 'q'"))
    expectNothing(of: ["not-digits-4711", SecretTests.encodedCanary], in: Data(result.error.utf8), "stderr")
  }

  /// The mask must never be taken for the value.
  @Test func aRestartNeverWorksWithTheMask() async throws {
    let ferry = try ferry()
    let flow = """
      id: restarted
      inputs: [{id: key, type: SECRET}]
      tasks:
        - {id: token, type: core.debug.Return, format: "{{ secret('PLAIN') }}"}
        - {id: number, type: core.debug.Return, format: 42}
        - {id: stop, type: core.execution.Fail, condition: "{{ envs.broken ?? false }}"}
        - {id: uses, type: core.debug.Return, format: "{{ outputs.number.value + inputs.key | length }}"}
        - {id: needs, type: core.debug.Return, format: "{{ outputs.token.value | length }}"}
      """
    let broken = try Ferry(environment: [
      "FERRY_BROKEN": "true", "FERRY_HOME": ferry.storage.path(), "FERRY_SECRET_PLAIN": SecretTests.canary,
    ])
    let failed = try await broken.flow(flow, "-i", "key=opensesame")
    let id = try #require(try failed.summary()["execution"] as? String)
    #expect(failed.status == 1)
    let without = try await ferry.flow(flow, "--restart", id)
    #expect(without.status == 2 && without.error.contains("input 'key': it is missing"), "\(without.error)")
    let result = try await ferry.flow(flow, "--restart", id, "-i", "key=opensesame")
    let tasks = try result.tasks()
    #expect(tasks["uses"]?["state"] as? String == "SUCCESS", "\(result.output)")
    // What was not recorded of a task that only says what its properties come to, it says again.
    #expect(((tasks["needs"]?["outputs"] as? [String: Any])?["value"] as? String) == "\(SecretTests.canary.count)")
    #expect(((tasks["token"]?["outputs"] as? [String: Any])?["value"] as? String) == "******")
  }

  /// A password that is a word, a letter or a number damages neither the record nor a report, and stops no restart.
  @Test(arguments: ["ferry", "x", "1234", "executions", "size"])
  func aShortPasswordDamagesNothing(password: String) async throws {
    let ferry = try Ferry(environment: ["FERRY_SECRET_P": password])
    let flow = """
      id: short
      namespace: t
      tasks:
        - id: rows
          type: jdbc.sqlite.Query
          url: "jdbc:sqlite::memory:"
          password: '\(password)'
          sql: SELECT 1234 AS n
          fetchType: STORE
        - id: row
          type: jdbc.sqlite.Query
          url: "jdbc:sqlite::memory:"
          password: "{{ secret('P') }}"
          sql: SELECT 1234 AS n, '\(password)' AS w
          fetchType: FETCH_ONE
        - {id: told, type: core.log.Log, message: "ferry x 1234 executions size <{{ secret('P') }}>"}
        - {id: url, type: core.log.Log, message: "jdbc:mysql://x:\(password)@127.0.0.1/x"}
        - {id: gate, type: core.execution.Fail, condition: "{{ envs.broken ?? false }}"}
        - {id: size, type: core.storage.Size, uri: "{{ outputs.rows.uri }}"}
        - {id: sum, type: core.debug.Return, format: "{{ outputs.row.row.n + 1 }} {{ outputs.row.row.w }}"}
      """
    let broken = try Ferry(environment: [
      "FERRY_BROKEN": "true", "FERRY_HOME": ferry.storage.path(), "FERRY_SECRET_P": password,
    ])
    let failed = try await broken.flow(flow)
    #expect(failed.status == 1)
    let id = try #require(try failed.summary()["execution"] as? String)
    let shown = try await ferry.run("runs", id, "--format", "json").tasks()
    for tasks in [try failed.tasks(), shown] {
      let uri = (tasks["rows"]?["outputs"] as? [String: Any])?["uri"] as? String
      #expect(uri?.hasPrefix("ferry:///t/short/executions/") == true && uri?.contains("***") == false, "\(tasks)")
      let row = (tasks["row"]?["outputs"] as? [String: Any])?["row"] as? [String: Any]
      #expect(row?["n"] as? Int == 1234 && row?["w"] as? String == password, "\(tasks)")
    }
    #expect(failed.output.contains("ferry x 1234 executions size <******>"))
    #expect(failed.output.contains("jdbc:mysql://x:******@127.0.0.1/x"))
    let result = try await ferry.flow(flow, "--restart", id)
    #expect(result.status == 0, "\(result.output)")
    let sum = (try result.tasks()["sum"]?["outputs"] as? [String: Any])?["value"] as? String
    #expect(sum == "1235 \(password)")
  }

  /// What a statement was given as a secret and a server gives back stays one; a driver that fails quotes no password.
  @Test(arguments: ["mysql", "mariadb", "postgresql"]) func databasesShowNoSecret(kind: String) async throws {
    let ferry = try ferry()
    try ferry.write(
      "flow.yaml",
      """
      tasks:
        - id: row
          type: jdbc.sqlite.Query
          url: "jdbc:sqlite::memory:"
          sql: "SELECT '{{ secret('CODED') }}' AS a, :p AS b"
          parameters: {p: "{{ secret('CODED') }}"}
          fetchType: FETCH_ONE
        - {id: told, type: core.log.Log, message: "{{ outputs.row.row }}"}
        - id: lost
          type: jdbc.\(kind).Query
          url: "jdbc:\(kind)://u:q%23w@127.0.0.1:1/x?socketTimeout=q%23w"
          sql: SELECT 1
          allowFailure: true
        - {id: again, type: core.log.Log, message: "{{ vars.url }} {{ vars.url | upper }}"}
      variables: {url: "jdbc:\(kind)://u:q%23w@127.0.0.1:1/x"}
      """)
    let result = try await ferry.run("run", "flow.yaml", "--log-level", "trace", "--log-format", "json")
    #expect(result.status == 0, "\(result.output)")
    #expect(result.output.contains("{\\\"a\\\":\\\"******\\\",\\\"b\\\":\\\"******\\\"}"), "\(result.output)")
    let shown = "jdbc:\(kind)://u:******@127.0.0.1:1/x"
    #expect(result.output.contains("\(shown) JDBC:\(kind.uppercased())://U:******@127.0.0.1:1/X"))
    let secrets = [SecretTests.encodedCanary, "u:q%23w", "u:q#w"]
    expectNothing(of: secrets, in: Data(result.output.utf8), "stdout")
    let record = try #require(try ferry.stored().first { $0.path == "ferry.db" })
    expectNothing(of: secrets, in: record.bytes, "the record")
  }

  /// As `base64 key.json` prints it.
  @Test func base64MayHaveLineBreaks() async throws {
    let text = String(repeating: "a long secret of several lines\n", count: 8)
    let encoded = Data(text.utf8).base64EncodedString(options: [.lineLength76Characters, .endLineWithLineFeed])
    let ferry = try Ferry(environment: ["SECRET_KEY": encoded, "SECRET_BAD": "%%"])
    let flow = "id: s\ntasks: [{id: a, type: core.debug.Return, format: \"{{ secret('NAME') | length }}\"}]"
    let result = try await ferry.flow(flow.replacingOccurrences(of: "NAME", with: "KEY"))
    #expect(result.status == 0 && encoded.contains("\n"), "\(result.output)")
    let bad = try await ferry.flow(flow.replacingOccurrences(of: "NAME", with: "BAD"))
    #expect(
      bad.status == 1 && bad.output.contains("the environment variable SECRET_BAD is not the Base64 of a text"))
  }
}
