internal import Engine
internal import Expression
internal import Records

/// What a run came to: the ledger, where the outputs lie, a preview.
struct Summary {
  private let execution: Execution
  private let style: Style
  private let command: [String]
  private let columns: Int?

  private static let previewRows = 10

  /// - Parameter columns: what a line of a table may take, nil for as much as it needs.
  init(_ execution: Execution, _ style: Style, command: [String], columns: Int?) {
    self.execution = execution
    self.style = style
    self.command = command
    self.columns = columns
  }

  /// - Parameter hasPreview: whether rows may be shown. Only secrets are masked in them, and logs are read by others.
  func text(_ engine: Engine, hasPreview: Bool) -> TerminalText {
    let elapsed = Text.time(execution.started.duration(to: execution.ended ?? .now()))
    var text: TerminalText = "\n\(style.state(execution.state)) in \(elapsed)"
    if let error = execution.error { text += "\n\(error)" }
    text += "\n"
    let moving = execution.taskRuns.filter { !$0.ledger.isEmpty }
    if !moving.isEmpty { text += "\n" + ledger(moving) }
    let outputs = self.outputs(engine)
    if !outputs.isEmpty { text += "\nOutputs\n" + outputs }
    if hasPreview, execution.state == .success || execution.state == .warning, let preview = preview(engine) {
      text += "\n" + preview
    }
    // What is not recorded a restart would do again.
    if execution.state == .failed, execution.isRecorded { text += "\(advice)" }
    return text
  }

  /// How to go on, and what to look at before.
  private var advice: String {
    var text = ""
    let left = execution.taskRuns.filter { $0.state == .failed && $0.outcome != .undone }
    for run in left { text += "\n\(run.label): \(run.whatIsLeft)" }
    if !left.isEmpty { text += "\n" }
    let words = (command + ["--restart", execution.id]).map(Summary.quoted).joined(separator: " ")
    guard left.allSatisfy(\.canResume) else {
      return text + "\nLook what is there. This does the task again, from its beginning: \(words) --accept-unknown\n"
    }
    return text + "\nGo on at the failed task with: \(words)\n"
  }

  /// As a shell takes it.
  private static func quoted(_ text: String) -> String {
    let isPlain = text.utf8.allSatisfy { $0 > 127 || ($0 | 32) &- 97 < 26 || ($0 &- 45) < 13 || $0 == 95 }
    return isPlain ? text : "'\(text.replacing("'", with: "'\\''"))'"
  }

  private func ledger(_ runs: [TaskRun]) -> TerminalText {
    let rows = runs.map { run -> [String] in
      let time = run.started.duration(to: run.ended ?? .now())
      let counts = run.ledger
      return [
        run.label, Text.count(counts.read), Text.count(counts.written), Text.count(counts.rejected),
        Text.count(counts.filtered), Text.bytes(counts.bytes), Text.time(time),
        Text.rate(max(counts.read, counts.written), time),
      ]
    }
    return Table(
      header: ["Task", "Read", "Written", "Rejected", "Filtered", "Bytes", "Time", "Rows/s"],
      alignRight: [false, true, true, true, true, true, true, true], rows: rows,
      dispensable: [7, 5]
    ).text(fitting: columns)
  }

  private func outputs(_ engine: Engine) -> TerminalText {
    var text: TerminalText = ""
    for run in execution.taskRuns {
      for (name, value) in run.outputs {
        guard let uri = value.string, uri.hasPrefix("ferry:///") else { continue }
        text += "  \(run.label).\(name)  \((try? engine.localPath(uri)).flatMap { $0 } ?? uri)\n"
      }
    }
    for (name, value) in execution.outputs { text += "  \(name)  \(value.text)\n" }
    return text
  }

  /// The first rows of the last record file. One of rejected rows is not what the flow is about.
  private func preview(_ engine: Engine) -> TerminalText? {
    let uris = execution.taskRuns.flatMap { run in
      run.outputs.filter { !$0.key.lowercased().contains("rejected") }.compactMap { $0.value.string }
    }
    guard let uri = uris.last(where: { $0.hasPrefix("ferry:///") && $0.hasSuffix(".arrow") }),
      let reader = try? RecordFileReader(engine.open(uri))
    else { return nil }
    let first = try? reader.next()
    let batch = first ?? BatchBuilder(reader.schema).finish()
    let shown = batch.slice(0, min(batch.count, Summary.previewRows))
    let rows = RowsTable(shown, showing: execution.redacted).text(fitting: columns)
    let more: TerminalText = batch.count > Summary.previewRows ? "…\n" : ""
    return "Preview of \(line: uri.split(separator: "/").suffix(3).joined(separator: "/"))\n\(rows)\(more)"
  }
}

extension TaskRun {
  /// What is left of the work of a task that failed.
  var whatIsLeft: String {
    switch outcome {
    case .undone: "nothing of its work is left"
    case .partial:
      canResume ? "a part of its work is done; a restart goes on behind it" : "a part of its work is done and stays"
    case .unknown:
      "it is not known whether its work is done" + (canResume ? "; a restart asks the server again" : "")
    }
  }
}
