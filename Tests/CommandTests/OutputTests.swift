import Foundation
import Testing

/// What is printed arrives whole, or the exit code says so; what reaches a terminal does nothing to it.
@Suite struct OutputTests {
  private static let rows = """
    tasks:
      - id: q
        type: jdbc.sqlite.Query
        url: "jdbc:sqlite::memory:"
        sql: >-
          WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 30000)
          SELECT i, 'the text of row ' || i AS t FROM n
        fetchType: STORE
    """

  // MARK: Lost output

  static let commands = [
    "run flow.yaml", "run flow.yaml --log-format json", "run flow.yaml --dry-run", "cat rows.csv",
    "cat rows.csv --format csv", "cat rows.csv --format json", "cat rows.csv --schema", "runs", "runs --format json",
    "check flow.yaml", "schema", "plugins", "plugins core.debug.Return", "--help", "--version",
    "--generate-completion-script bash",
  ]

  @Test(arguments: commands) func lostOutputIsNoSuccess(command: String) async throws {
    let ferry = try Ferry()
    try ferry.write("flow.yaml", "tasks: [{id: a, type: core.debug.Return, format: x}]")
    try ferry.write("rows.csv", "a\n1\n")
    for line in ["$ferry run flow.yaml", "$ferry \(command)"] { #expect(try await ferry.shell(line).status == 0) }
    for (place, reason) in [(">/dev/full", "No space left on device"), (">&-", "it is closed")] {
      let result = try await ferry.shell("$ferry \(command) \(place)")
      #expect(result.status == 74, "\(place): \(result.error)")
      #expect(result.error.hasPrefix("ferry: writing to standard output: \(reason). What was printed is not whole"))
      #expect(
        result.error.contains("The flow itself ended SUCCESS")
          == (command.hasPrefix("run ") && !command.contains("dry")))
    }
  }

  /// Errors that nobody can see are no success either; what a task did counts before what was printed of it.
  @Test func theFlowsOwnEndComesFirst() async throws {
    let ferry = try Ferry()
    try ferry.write("fails.yaml", "tasks: [{id: a, type: core.execution.Fail}]")
    #expect(try await ferry.shell("$ferry run fails.yaml >/dev/full").status == 1)
    #expect(try await ferry.shell("$ferry run missing.yaml >/dev/full 2>&1").status == 2)
    #expect(try await ferry.shell("$ferry runs --format json").events().map { $0["state"] as? String } == ["FAILED"])
  }

  /// A file that is opened while standard output is closed must not become standard output.
  @Test func closedDescriptorsAreNotGivenToFiles() async throws {
    let ferry = try Ferry()
    try ferry.write("flow.yaml", OutputTests.rows)
    let result = try await ferry.shell("$ferry run flow.yaml --log-format json <&- >&-")
    #expect(result.status == 74)
    let id = try #require(try await ferry.run("runs", "--format", "json").events().first?["execution"] as? String)
    let run = try await ferry.run("runs", id, "--format", "json").tasks()
    let file = try #require((run["q"]?["outputs"] as? [String: Any])?["uri"] as? String)
    #expect(try await ferry.run("cat", file, "--format", "csv").lines.count == 30_001)
  }

  @Test func aFullPipeThatDoesNotBlockLosesNothing() async throws {
    let ferry = try Ferry()
    try ferry.write("rows.csv", "a\n" + (0..<60_000).map { "row \($0)\n" }.joined())
    try ferry.write(
      "slow.py",
      """
      import fcntl, os, subprocess, sys, time
      reading, writing = os.pipe()
      fcntl.fcntl(writing, fcntl.F_SETFL, os.O_NONBLOCK)
      child = subprocess.Popen([sys.argv[1], "cat", "rows.csv", "--format", "csv"], stdout=writing)
      os.close(writing)
      time.sleep(0.3)
      text = open(reading, "rb").read()
      print(child.wait(), text == open("rows.csv", "rb").read())
      """)
    let result = try await ferry.start(["slow.py", Ferry.executable.path()], program: Python.executable).wait()
    #expect(result.output == "0 True\n", "\(result.error)")
  }

  // MARK: Terminals

  private static let hostile = "\u{1B}]0;pwned\u{07}\u{1B}[2J\u{9B}31m\u{7F}\u{202E}"
  private static let shown = #"\u001B]0;pwned\u0007\u001B[2J\u009B31m\u007F\u202E"#

  /// Data, names, messages and errors, in every form that a person looks at.
  @Test func controlCharactersAreShownAndNotSent() async throws {
    let ferry = try Ferry(environment: ["TERM": "xterm", "NO_COLOR": "1"])
    try ferry.write("hostile.csv", "\"\(OutputTests.hostile)\"\n\"\(OutputTests.hostile)\"\n")
    let json = #""\u001b]0;pwned\u0007\u001b[2J\u009b31m\u007f\u202e""#
    try ferry.write(
      "flow.yaml",
      """
      tasks:
        - {id: log, type: core.log.Log, message: \(json)}
        - id: each
          type: core.flow.ForEach
          values: [\(json)]
          tasks: [{id: one, type: core.debug.Return, format: \(json)}]
        - {id: fail, type: core.execution.Fail, errorMessage: \(json)}
      """)
    for output in [
      try await ferry.run("cat", "hostile.csv"), try await ferry.onTerminal(columns: 200, "cat", "hostile.csv"),
      try await ferry.onTerminal(columns: 200, "cat", "hostile.csv", "--format", "csv"),
      try await ferry.run("run", "flow.yaml"), try await ferry.onTerminal(columns: 200, "run", "flow.yaml"),
      try await ferry.run("runs"), try await ferry.onTerminal(columns: 200, "runs"),
      try await ferry.onTerminal(columns: 200, "run", "flow.yaml", "-i", "\(OutputTests.hostile)=1"),
      try await ferry.onTerminal(columns: 200, "cat", "\(OutputTests.hostile).csv"),
      try await ferry.onTerminal(columns: 200, "run", "flow.yaml", "--\(OutputTests.hostile)"),
    ].map({ $0.output + $0.error }) {
      #expect(output.contains(OutputTests.shown), "\(output)")
      let isHarmless = output.replacing("\r\n", with: "\n").replacing(/\u{1B}\[[0-9]*[AJ]/, with: "").unicodeScalars
        .allSatisfy { $0 == "\n" || $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) && $0.value != 0x202E }
      #expect(isHarmless, "\(output.debugDescription)")
    }
    let id = try #require(try await ferry.run("runs", "--format", "json").events().first?["execution"] as? String)
    let text = try await ferry.run("runs", id).output
    #expect(text.contains(OutputTests.shown) && !text.contains("\u{1B}") && !text.contains("\u{9B}"))
    // Files and pipes get the bytes.
    let csv = try await ferry.run("cat", "hostile.csv", "--format", "csv").output
    #expect(csv == "\(OutputTests.hostile)\n\(OutputTests.hostile)\n")
    #expect(
      try await ferry.run("cat", "hostile.csv", "--format", "json").events().first?.values.first as? String
        == OutputTests.hostile)
  }

  /// No colour and no cursor movement on a terminal that knows neither; NO_COLOR is about colour alone.
  @Test(arguments: [
    ("dumb", "", false, false), ("xterm", "", true, true), ("xterm", "1", false, true), ("", "", false, false),
  ])
  func terminalsGetWhatTheyKnow(term: String, noColor: String, color: Bool, moves: Bool) async throws {
    let ferry = try Ferry(environment: ["TERM": term, "NO_COLOR": noColor])
    try ferry.write("flow.yaml", "tasks: [{id: nap, type: core.flow.Sleep, duration: PT0.35S}]")
    let output = try await ferry.onTerminal("run", "flow.yaml").output
    #expect(output.contains("\u{1B}[32m") == color, "\(output.debugDescription)")
    #expect(output.contains("\u{1B}[J") == moves && output.contains("SUCCESS"))
  }

  @Test func aPreviewIsForTerminals() async throws {
    let ferry = try Ferry(environment: ["TERM": "xterm"])
    try ferry.write("flow.yaml", OutputTests.rows)
    for (arguments, pipe, terminal) in [
      ([], false, true), (["--preview"], true, true), (["--no-preview"], false, false),
    ] {
      let line = (["$ferry", "run", "flow.yaml"] + arguments).joined(separator: " ")
      #expect(try await ferry.shell(line).output.contains("the text of row 1") == pipe)
      let seen = try await ferry.onTerminal("run", "flow.yaml", arguments.first ?? "--threads=1").output
      #expect(seen.contains("the text of row 10") == terminal && !seen.contains("the text of row 11"), "\(seen)")
    }
  }

  /// The rows, and not the file of those that were refused.
  @Test func thePreviewIsOfTheRows() async throws {
    let ferry = try Ferry()
    try ferry.write("rows.csv", "name\nfirst\nsecond\n")
    try ferry.write(
      "flow.yaml",
      """
      tasks:
        - {id: r, type: serdes.csv.CsvReader, from: "file://\(ferry.folder.path())/rows.csv", onBadLines: REJECT}
      """)
    let output = try await ferry.run("run", "flow.yaml", "--preview").output
    #expect(output.hasSuffix("records.arrow\nname\n──────\nfirst\nsecond\n"), "\(output)")
  }

  // MARK: Widths

  @Test(arguments: [40, 80, 132]) func linesFitTheTerminal(columns: Int) async throws {
    let ferry = try Ferry(environment: ["TERM": "xterm"])
    let names = (0..<12).map { "column_\($0)" }
    let row = (0..<12).map { String(repeating: "日本 \($0) ", count: 9) }
    try ferry.write("wide.csv", "\(names.joined(separator: ","))\n\(row.joined(separator: ","))\n")
    let long = "a_name_of_a_task_that_is_really_quite_long_and_more"
    try ferry.write(
      "flow.yaml",
      OutputTests.rows.replacing("id: q", with: "id: \(long)")
        + "\n  - {id: nap, type: core.flow.Sleep, duration: PT0.3S}")
    try ferry.write("fails.yaml", "tasks: [{id: \(long), type: core.execution.Fail}]")
    #expect(try await ferry.onTerminal(columns: columns, "run", "fails.yaml").status == 1)
    let run = try await ferry.onTerminal(columns: columns, "run", "flow.yaml").output
    let table =
      run.replacing("\r\n", with: "\n").components(separatedBy: "Task ").last?
      .components(separatedBy: "\n\n").first ?? ""
    let drawn = run.components(separatedBy: "\r\n").filter { $0.contains("●") }
      .map { $0.components(separatedBy: "\u{1B}[J").last ?? "" }
    // The running line keeps its colours.
    #expect(drawn.contains { $0.hasPrefix("\u{1B}[36m●\u{1B}[0m") && $0.contains("nap") })
    let runs = try await ferry.onTerminal(columns: columns, "runs").output
    #expect(runs.contains("FAILED") && runs.contains("SUCCESS"))
    let id = try #require(try await ferry.run("runs", "--format", "json").events().first?["execution"] as? String)
    let one = try await ferry.onTerminal(columns: columns, "runs", id).output.components(separatedBy: "\r\n\r\n")[1]
    let cat = try await ferry.onTerminal(columns: columns, "cat", "wide.csv").output
    #expect(columns < 132 ? cat.contains("more columns") : cat.contains("column_9"), "\(cat)")
    for line in (["Task " + table, runs, one, cat] + drawn).flatMap({ $0.components(separatedBy: .newlines) }) {
      #expect(width(line) <= columns, "\(width(line)): \(line)")
    }
  }

  private func width(_ line: String) -> Int {
    line.replacing(/\u{1B}\[[0-9]*m/, with: "").unicodeScalars.reduce(0) { $0 + ($1.value > 0x2E80 ? 2 : 1) }
  }

  // MARK: Words

  @Test(arguments: [
    ("rum flow.yaml", "Did you mean 'ferry run'?"), ("plugin", "Did you mean 'ferry plugins'?"),
    ("flow.yaml", "Did you mean 'ferry run flow.yaml'?"), ("xyzzy", "There are run, check, cat, runs, plugins, schema"),
  ]) func unknownCommandsAreAnswered(line: String, hint: String) async throws {
    let result = try await Ferry().shell("$ferry \(line)")
    let word = line.split(separator: " ")[0]
    #expect(result.status == 2 && result.error == "Error: there is no command '\(word)'. \(hint)\n")
  }

  /// What helps a reader task is not said to someone who has only `cat`.
  @Test func catAdvisesWhatItHas() async throws {
    let ferry = try Ferry()
    try ferry.write("messy.csv", "a,b\n1,2\n1,2,3,4\n")
    try ferry.write("notes.txt", "just text\n")
    let messy = try await ferry.run("cat", "messy.csv").error
    #expect(
      messy.contains("line 3") && !messy.contains("onBadLines") && messy.contains("serdes.csv.CsvReader"), "\(messy)")
    let text = try await ferry.run("cat", "notes.txt").error
    #expect(text.contains("notes.txt") && text.contains(".csv"), "\(text)")
  }

  // MARK: Limits of the machine

  /// Too few threads or too little memory: an error, in time.
  @Test(arguments: Array(stride(from: 104_000, through: 200_000, by: 16_000))) func limitsEndARun(kilobytes: Int)
    async throws
  {
    let ferry = try Ferry()
    try ferry.write("flow.yaml", OutputTests.rows)
    let result = try await ferry.shell("ulimit -v \(kilobytes); exec timeout -s KILL 30 $ferry run flow.yaml")
    // `timeout` would have killed it.
    #expect(result.status != 137, "\(result.output) \(result.error)")
    #expect(result.status == 0 || !(result.output + result.error).isEmpty)
  }
}
