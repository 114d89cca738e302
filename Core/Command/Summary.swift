internal import Engine
internal import Expression
internal import Records

/// What a run came to: the ledger, where the outputs lie, a preview.
struct Summary {
  private let execution: Execution
  private let style: Style
  private let command: [String]

  private static let previewRows = 10

  init(_ execution: Execution, _ style: Style, command: [String]) {
    self.execution = execution
    self.style = style
    self.command = command
  }

  func text(_ engine: Engine) -> String {
    let elapsed = Text.time(execution.started.duration(to: execution.ended ?? .now()))
    var text = "\n\(style.state(execution.state)) in \(elapsed)"
    if let error = execution.error { text += "\n\(error)" }
    text += "\n"
    let moving = execution.taskRuns.filter { !$0.ledger.isEmpty }
    if !moving.isEmpty { text += "\n" + ledger(moving) }
    let outputs = self.outputs(engine)
    if !outputs.isEmpty { text += "\nOutputs\n" + outputs }
    if execution.state == .success || execution.state == .warning, let preview = preview(engine) {
      text += "\n" + preview
    }
    // What is not recorded a restart would do again.
    if execution.state == .failed, engine.store.problem == nil { text += advice }
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

  private func ledger(_ runs: [TaskRun]) -> String {
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
      alignRight: [false, true, true, true, true, true, true, true], rows: rows
    ).text
  }

  private func outputs(_ engine: Engine) -> String {
    var text = ""
    for run in execution.taskRuns {
      for (name, value) in run.outputs {
        guard let uri = value.string, uri.hasPrefix("ferry:///") else { continue }
        text += "  \(run.label).\(name)  \((try? engine.localPath(uri)).flatMap { $0 } ?? uri)\n"
      }
    }
    for (name, value) in execution.outputs { text += "  \(name)  \(value.text)\n" }
    return text
  }

  /// The first rows of the last record file.
  private func preview(_ engine: Engine) -> String? {
    let uris = execution.taskRuns.flatMap { $0.outputs.compactMap { $0.value.string } }
    guard let uri = uris.last(where: { $0.hasPrefix("ferry:///") && $0.hasSuffix(".arrow") }),
      let reader = try? RecordFileReader(engine.open(uri)), let batch = try? reader.next()
    else { return nil }
    let rows = RowsTable(batch.slice(0, min(batch.count, Summary.previewRows)))
    let more = batch.count > Summary.previewRows ? "…\n" : ""
    return "Preview of \(uri.split(separator: "/").suffix(3).joined(separator: "/"))\n\(rows.text)\(more)"
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

/// A table of texts, aligned by the columns that characters take on a terminal.
struct Table {
  var header: [String]
  var alignRight: [Bool]
  var rows: [[String]]

  var text: String {
    let widths = header.indices.map { column in ([header] + rows).map { Table.width($0[column]) }.max() ?? 0 }
    func line(_ cells: [String]) -> String {
      var line = ""
      for (column, cell) in cells.enumerated() {
        let space = String(repeating: " ", count: widths[column] - Table.width(cell))
        line += (column > 0 ? "  " : "") + (alignRight[column] ? space + cell : cell + space)
      }
      while line.last == " " { line.removeLast() }
      return line + "\n"
    }
    return line(header) + line(widths.map { String(repeating: "─", count: $0) }) + rows.map(line).joined()
  }

  /// The beginning of a text that takes at most so many columns.
  static func cut(_ text: String, to columns: Int) -> String {
    var left = columns
    return String(
      text.prefix { character in
        left -= width(String(character))
        return left >= 0
      })
  }

  /// East Asian wide characters and emoji take two columns, combining marks none.
  static func width(_ text: String) -> Int {
    text.reduce(0) { width, character in
      guard let scalar = character.unicodeScalars.first else { return width }
      switch scalar.value {
      case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60,
        0xFFE0...0xFFE6, 0x1F300...0x1FAFF, 0x20000...0x3FFFD:
        return width + 2
      default: return width + 1
      }
    }
  }
}

/// Rows of a batch as a table; long values are cut.
struct RowsTable {
  private let batch: RecordBatch
  private static let widest = 40

  init(_ batch: RecordBatch) { self.batch = batch }

  var text: String {
    let names = batch.schema.fields.map(\.name)
    let rows = (0..<batch.count).map { row in batch.columns.map { RowsTable.cell($0, row) } }
    return Table(
      header: names.map(RowsTable.cut), alignRight: batch.schema.fields.map { RowsTable.isNumber($0.type) }, rows: rows
    ).text
  }

  private static func cell(_ column: Column, _ row: Int) -> String {
    column.isNull(row) ? "NULL" : cut(column.text(at: row))
  }

  private static func cut(_ text: String) -> String {
    let line = String(text.prefix(widest + 1).map { $0.isNewline || $0 == "\t" ? " " : $0 })
    return line.count > widest ? line.prefix(widest - 1) + "…" : line
  }

  private static func isNumber(_ type: DataType) -> Bool {
    switch type {
    case .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64, .float32, .float64, .decimal, .numeric: true
    default: false
    }
  }
}
