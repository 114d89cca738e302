import Foundation
import Testing

/// What the command prints and how it exits.
@Suite struct CommandTests {
  private let hello = "id: hello\ntasks:\n  - {id: greet, type: core.debug.Return, format: hi}\n"

  @Test func exitCodesAreAsDocumented() async throws {
    let ferry = try Ferry()
    try ferry.write("good.yaml", hello)
    try ferry.write("bad.yaml", "id: bad\ntasks: [{id: a, type: core.Nothing}]")
    try ferry.write("fails.yaml", "id: fails\ntasks: [{id: a, type: core.execution.Fail}]")
    try ferry.write("warns.yaml", "tasks: [{id: a, type: core.execution.Fail, allowFailure: true}]")
    try ferry.write("off.yaml", hello + "disabled: true\n")
    try ferry.write("needs.yaml", hello + "inputs: [{id: n, type: INT}]\n")
    for (arguments, status) in [
      (["run", "good.yaml"], 0), (["run", "warns.yaml"], 0), (["run", "fails.yaml"], 1), (["run", "off.yaml"], 1),
      (["run", "bad.yaml"], 2), (["check", "good.yaml"], 0), (["check", "good.yaml", "bad.yaml"], 2),
      (["run", "needs.yaml"], 2), (["run", "needs.yaml", "-i", "n=x"], 2), (["run", "needs.yaml", "-i", "n"], 2),
      (["run", "needs.yaml", "-i", "n=1"], 0), (["run", "missing.yaml"], 2), (["run", "."], 2), (["run"], 2),
      (["run", "good.yaml", "--nope"], 2), (["nope"], 2),
      (["run", "good.yaml", "--time-zone", "Europe/Pariss"], 2), (["run", "good.yaml", "--time-zone", "+02:00"], 0),
      (["run", "good.yaml", "--threads", "0"], 2), (["run", "good.yaml", "--threads", "257"], 2),
      (["run", "good.yaml", "--restart", ""], 2), (["runs", "--limit", "0"], 2), (["runs", "--limit", "1"], 0),
      (["run", "good.yaml", "--inputs", "no.yaml"], 2), (["run", "good.yaml", "--globals", "no.yaml"], 2),
      (["run", "good.yaml", "--env-file", "no.env"], 2), (["cat", "good.yaml", "--limit=-1"], 2),
      (["run", "good.yaml", "--log-format", "xml"], 2),
      (["run", "good.yaml", "--restart", "nobody"], 2), (["runs", "nobody"], 2), (["cat", "missing.arrow"], 2),
      (["cat", "bad.yaml"], 2), (["plugins", "core.Nothing"], 2), (["--version"], 0), (["--help"], 0), ([], 0),
      (["run", "--help"], 0), (["run", "good.yaml", "--dry-run"], 0), (["schema"], 0), (["plugins"], 0),
      (["check", "bad.yaml", "--storage", "x"], 2),
    ] as [([String], Int32)] {
      let result = try await ferry.start(arguments).wait()
      #expect(result.status == status && !result.wasKilled, "\(arguments): \(result.status) \(result.error)")
      if status == 2 { #expect(!result.error.isEmpty, "\(arguments)") }
      #expect(!(result.output + result.error).contains("\u{1B}"), "\(arguments)")
    }
    let help = try await ferry.run("--help").output.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    for text in ["0 the flow succeeded", "1 it failed", "2 the flow or the command line is wrong", "130", "143"] {
      #expect(help.contains(text))
    }
  }

  @Test func checkPrintsEveryProblemAndRunsNothing() async throws {
    let ferry = try Ferry()
    try ferry.write(
      "flow.yaml",
      """
      id: flow
      tasks:
        - {id: a, type: core.log.Log, mesage: x}
        - {id: a, type: core.debug.Return, format: "{{ outputs.z.value }}"}
        - {id: b, type: core.flow.Subflow, flowId: flaw, inputs: {x: 1}}
      """)
    let place = ferry.folder.resolvingSymlinksInPath().path()
    for command in ["check", "run"] {
      let result = try await ferry.run(command, "flow.yaml")
      #expect(result.status == 2 && result.output == "")
      #expect(
        result.error == """
          flow.yaml:3:5: error: missing property 'message' in core.log.Log: A message or a list of messages.
          flow.yaml:3:33: error: unknown property 'mesage' in core.log.Log. Did you mean 'message'?
          flow.yaml:4:10: error: the task id 'a' is already used in line 3
          flow.yaml:4:50: error: there is no task 'z'
          flow.yaml:5:46: error: there is no flow 'flaw' in '\(place)'. Did you mean 'flow'?

          """)
    }
    #expect(!FileManager.default.fileExists(atPath: ferry.storage.path()))
  }

  @Test func whatIsMissingDoesNotEndTheCheck() async throws {
    let ferry = try Ferry()
    try ferry.write("bad.yaml", "tasks: [{id: a, type: core.Nothing}]")
    let result = try await ferry.run("check", "missing.yaml", "bad.yaml")
    #expect(result.status == 2 && result.output == "")
    #expect(
      result.error == """
        ferry: opening 'missing.yaml': no such file or folder
        bad.yaml:1:23: error: unknown type 'core.Nothing'. 'ferry plugins' lists all types

        """)
  }

  @Test func lookingAtRunsMakesNoFolder() async throws {
    let ferry = try Ferry()
    let place = ferry.storage.path()
    #expect(try await ferry.run("runs").output == "nothing has run yet in '\(place)'\n")
    #expect(try await ferry.run("runs", "--format", "json").output == "")
    #expect(try await ferry.run("runs", "x").error == "ferry: there is no execution 'x'. 'ferry runs' lists them\n")
    #expect(!FileManager.default.fileExists(atPath: place))
  }

  /// The line that goes on with a failed run can be copied as it is.
  @Test func aFailureSaysHowToGoOn() async throws {
    let ferry = try Ferry()
    try ferry.write("it's a flow.yaml", "tasks: [{id: a, type: core.execution.Fail}]")
    try ferry.write("flow.yaml", "tasks: [{id: a, type: core.execution.Fail}]")
    for (file, shown) in [("flow.yaml", "flow.yaml"), ("it's a flow.yaml", #"'it'\''s a flow.yaml'"#)] {
      let output = try await ferry.run("run", file).output
      let id = try #require(output.split(separator: "execution ").last?.prefix(20))
      #expect(output.hasSuffix("Go on at the failed task with: ferry run \(shown) --restart \(id)\n"), "\(output)")
    }
    try ferry.write("my env", "A=b\n")
    let output = try await ferry.run("run", "flow.yaml", "--storage", "st", "--env-file", "my env").output
    let line = String(try #require(output.split(separator: "\n").last?.split(separator: ": ").last))
    #expect(line.hasPrefix("ferry run flow.yaml --storage st --env-file 'my env' --restart "))
    let again = try await ferry.start(
      ["-c", "\"$0\"" + line.dropFirst(5), Ferry.executable.path()],
      program: URL(filePath: "/bin/sh")
    ).wait()
    #expect(again.status == 1 && again.output.hasSuffix("\(line)\n"), "\(again.error)")
  }

  /// `locks` is no folder: nothing can be locked or written, whoever one is.
  @Test func runsAreShownWhereNothingCanBeWritten() async throws {
    let ferry = try Ferry()
    try ferry.write("flow.yaml", "tasks: [{id: a, type: core.debug.Return, format: 7}]")
    #expect(try await ferry.run("run", "flow.yaml").status == 0)
    let locks = ferry.storage.appending(path: "locks")
    try FileManager.default.removeItem(at: locks)
    try Data().write(to: locks)
    let listed = try await ferry.run("runs", "--format", "json")
    #expect(listed.status == 0, "\(listed.error)")
    let id = try #require(try listed.summary()["execution"] as? String)
    let shown = try await ferry.run("runs", id, "--format", "json")
    #expect(try shown.tasks()["a"]?["state"] as? String == "SUCCESS")
    #expect(try await ferry.run("run", "flow.yaml").status == 2)
  }

  @Test func inputsComeFromTheLineAndFromAFile() async throws {
    let ferry = try Ferry()
    try ferry.write("inputs.yaml", "day: 2026-11-21\nlist: [1, 2]\n")
    try ferry.write("globals.yaml", "globals: {region: north}\n")
    let yaml = """
      inputs: [{id: day, type: DATE}, {id: list, type: ARRAY}, {id: name, type: STRING, defaults: x}]
      tasks: [{id: a, type: core.debug.Return, format: "{{ inputs }} {{ globals.region }}"}]
      """
    let result = try await ferry.flow(
      yaml, "--inputs", "inputs.yaml", "-i", "name=a=b", "--globals", "globals.yaml", "-i", "day=2026-11-22")
    let outputs = try #require(try result.tasks()["a"]?["outputs"] as? [String: Any])
    #expect(outputs["value"] as? String == #"{"day":"2026-11-22","list":[1,2],"name":"a=b"} north"#)
  }

  @Test func jsonLogIsOneEventALine() async throws {
    let ferry = try Ferry()
    let result = try await ferry.flow(
      """
      id: flow
      namespace: a.b
      tasks:
        - {id: log, type: core.log.Log, message: ["one\\nline", "\\u0000 \\e[31m ü \\""]}
        - {id: again, type: core.execution.Fail, retry: {interval: PT0.01S, maxAttempts: 2}, allowFailure: true}
        - {id: skip, type: core.debug.Return, runIf: false}
      outputs: [{id: o, value: [1, {a: null}]}]
      """)
    let events = try result.events()
    #expect(
      events.compactMap { $0["event"] as? String } == [
        "execution_started", "task_started", "log", "log", "task_ended", "task_started", "log", "task_retrying", "log",
        "task_ended", "task_started", "task_ended", "summary",
      ])
    #expect(events[3]["message"] as? String == "\u{0} \u{1B}[31m ü \"")
    let summary = try #require(events.last)
    #expect(
      Set(summary.keys) == [
        "event", "execution", "namespace", "flow", "state", "started", "duration", "outputs", "tasks",
      ])
    #expect(summary["state"] as? String == "WARNING" && summary["namespace"] as? String == "a.b")
    let task = try #require(try result.tasks()["again"])
    #expect(
      Set(task.keys) == [
        "task", "taskRun", "type", "state", "attempts", "duration", "ledger", "outputs", "error", "category",
      ])
    let ledger = try #require(task["ledger"] as? [String: Int])
    #expect(Set(ledger.keys) == ["read", "written", "rejected", "filtered", "bytes", "batches", "retries"])
    // `runs` knows the same.
    let id = try #require(summary["execution"] as? String)
    let recorded = try await ferry.run("runs", String(id.prefix(19)), "--format", "json").summary()
    #expect(recorded["outputs"] as? NSDictionary == summary["outputs"] as? NSDictionary)
    #expect((recorded["tasks"] as? [[String: Any]])?.count == 3)
    let text = try await ferry.run("runs", id).output
    for part in ["a.b.flow", "WARNING", "again", "attempt 1 failed: the flow asked to fail here", "ü"] {
      #expect(text.contains(part), "\(part)")
    }
    #expect(try await ferry.run("runs").lines.last?.hasPrefix(id) == true)
  }

  @Test func textIsPlainWhereNobodyLooks() async throws {
    let ferry = try Ferry()
    try ferry.write("flow.yaml", hello)
    let result = try await ferry.run("run", "flow.yaml")
    #expect(result.output.contains("✓  greet  core.debug.Return") && result.output.contains("SUCCESS in"))
    #expect(!result.output.contains("\u{1B}") && !result.output.contains("\r") && result.error == "")
  }

  /// A pseudo-terminal, by Python: progress in place, colours unless NO_COLOR, nothing left over.
  @Test func terminalsSeeProgressInPlace() async throws {
    for noColor in [nil, "1"] {
      let ferry = try Ferry(environment: noColor.map { ["NO_COLOR": $0, "TERM": "xterm"] } ?? ["TERM": "xterm"])
      try ferry.write("flow.yaml", "tasks: [{id: nap, type: core.flow.Sleep, duration: PT0.35S}]")
      let result = try await ferry.onTerminal("run", "flow.yaml")
      #expect(result.status == 0, "\(result.error)")
      // Redrawn at least twice, and each drawing is erased.
      let erasures = result.output.components(separatedBy: "\u{1B}[1A\u{1B}[J").count - 1
      #expect(erasures >= 2, "\(result.output)")
      #expect(result.output.contains("\u{1B}[32m") == (noColor == nil))
      #expect(result.output.components(separatedBy: "● ").count > 2 || noColor == nil)
      #expect(result.output.contains("SUCCESS"))
    }
  }

  @Test func completionsAreMade() async throws {
    let ferry = try Ferry()
    for shell in ["bash", "zsh", "fish"] {
      let result = try await ferry.run("--generate-completion-script", shell)
      #expect(result.status == 0 && result.output.contains("ferry") && result.output.contains("dry-run"), "\(shell)")
    }
    try ferry.write("completion.bash", try await ferry.run("--generate-completion-script", "bash").output)
    let bash = try await ferry.start(["-n", "completion.bash"], program: URL(filePath: "/bin/bash")).wait()
    #expect(bash.status == 0, "\(bash.error)")
  }

  @Test func dryRunPrintsThePlan() async throws {
    let ferry = try Ferry()
    try ferry.write(
      "flow.yaml",
      """
      id: f
      tasks:
        - {id: a, type: core.flow.If, condition: true, then: [{id: b, type: core.debug.Return}],
           else: [{id: c, type: core.debug.Return}]}
      errors: [{id: e, type: core.debug.Return}]
      """)
    let result = try await ferry.run("run", "flow.yaml", "--dry-run")
    #expect(
      result.output == """
        default.f
          a  core.flow.If
            then:
              b  core.debug.Return
            else:
              c  core.debug.Return
          errors:
            e  core.debug.Return

        """)
    #expect(!FileManager.default.fileExists(atPath: ferry.storage.path()))
  }

  /// What only a task knows is found before anything runs; a flow that means to fail can be started.
  @Test func checkLooksIntoTheTasks() async throws {
    let ferry = try Ferry()
    try ferry.write(
      "flow.yaml",
      """
      tasks:
        - {id: a, type: jdbc.sqlite.Query, url: "jdbc:mysql://localhost/x", sql: SELECT 1}
        - {id: b, type: jdbc.postgresql.Query, url: "{{ vars.url }}", sql: SELECT 1}
        - {id: c, type: jdbc.sqlite.Query, sql: SELECT 1}
        - {id: d, type: serdes.csv.CsvReader, from: a.csv, charset: utf-9, columns: {n: int65}}
        - {id: e, type: serdes.json.JsonReader, from: a.json, charset: "{{ 'x' }}"}
      """)
    let found = try await ferry.run("check", "flow.yaml")
    let expected = [
      "flow.yaml:2:43: error: url: this is not a url of SQLite: expected jdbc:sqlite:….",
      "flow.yaml:3:51: error: the flow has no variable 'url'",
      "flow.yaml:5:63: error: charset: the character set 'utf-9' is not known.",
      "flow.yaml:5:79: error: columns: 'int65' of 'n' is not a type. Types are text, int64,",
    ]
    let lines = found.error.split(separator: "\n").map(String.init)
    #expect(lines.count == expected.count, "\(found.error)")
    for (line, expected) in zip(lines, expected) { #expect(line.hasPrefix(expected)) }
    try ferry.write("fails.yaml", "tasks: [{id: a, type: core.debug.Return, format: '{{ nowhere }}'}]")
    #expect(try await ferry.run("run", "fails.yaml").status == 2)
    let run = try await ferry.run("run", "fails.yaml", "--allow-undefined")
    #expect(run.status == 1 && run.error.contains("warning: unknown variable 'nowhere'"))
  }
}
