internal import Engine
internal import Records

/// A table of texts, aligned by the columns that characters take on a terminal.
struct Table {
  private let header: [TerminalText]
  private let alignRight: [Bool]
  private let rows: [[TerminalText]]
  private let dispensable: [Int]

  /// - Parameter dispensable: the columns that are left out where there is no room, the first to go first. Those after
  ///   the first column go from the right when that is not enough.
  init(header: [String], alignRight: [Bool], rows: [[String]], dispensable: [Int] = []) {
    self.header = header.map { TerminalText(line: $0) }
    self.alignRight = alignRight
    self.rows = rows.map { $0.map { TerminalText(line: $0) } }
    self.dispensable = dispensable
  }

  /// - Parameter columns: what a line may take; nil for as much as it needs.
  func text(fitting columns: Int?) -> TerminalText {
    var widths = header.indices.map { column in ([header] + rows).map { $0[column].width }.max() ?? 0 }
    var shown = Array(header.indices)
    if let columns {
      shown = fitting(columns, widths)
      widths = narrowed(widths, shown, to: columns)
    }
    let more = header.count - shown.count - dispensable.count { !shown.contains($0) }
    let lines = [header] + [widths.map { TerminalText("\(String(repeating: "─", count: $0))") }] + rows
    return lines.map { line($0, shown, widths) }.joined()
      + (more > 0 ? "… and \(more) more \(more == 1 ? "column" : "columns")\n" : "")
  }

  private func line(_ cells: [TerminalText], _ shown: [Int], _ widths: [Int]) -> TerminalText {
    var line: TerminalText = ""
    for (place, column) in shown.enumerated() {
      let cell = cells[column].cut(to: widths[column])
      let space = TerminalText(String(repeating: " ", count: max(widths[column] - cell.width, 0)))
      let isLast = place == shown.count - 1
      line += (place > 0 ? "  " : "") + (alignRight[column] ? space + cell : isLast ? cell : cell + space)
    }
    return line.withoutTrailingSpace + "\n"
  }

  // MARK: Fitting

  /// Numbers that are cut say something wrong: they keep their digits as far as they can.
  private func narrowest(_ column: Int, _ widths: [Int]) -> Int { min(widths[column], alignRight[column] ? 24 : 10) }

  /// The columns that have room when each is as narrow as it may get.
  private func fitting(_ columns: Int, _ widths: [Int]) -> [Int] {
    var shown = Array(header.indices)
    func isTooWide() -> Bool {
      shown.reduce(2 * (shown.count - 1)) { $0 + narrowest($1, widths) } > columns
    }
    for column in dispensable where isTooWide() { shown.removeAll { $0 == column } }
    while isTooWide() && shown.count > 1 { shown.removeLast() }
    return shown
  }

  /// The widest columns give first.
  private func narrowed(_ natural: [Int], _ shown: [Int], to columns: Int) -> [Int] {
    var widths = natural
    var over = shown.reduce(2 * (shown.count - 1)) { $0 + widths[$1] } - columns
    while over > 0 {
      let wide = shown.filter { widths[$0] > narrowest($0, natural) }
      guard let widest = wide.max(by: { widths[$0] < widths[$1] }) else { break }
      let next = wide.filter { widths[$0] < widths[widest] }.map { widths[$0] }.max() ?? 0
      let step = min(over, max(widths[widest] - max(next, narrowest(widest, natural)), 1))
      widths[widest] -= step
      over -= step
    }
    return widths
  }
}

/// Rows of a batch as a table; long values are cut.
struct RowsTable {
  private let batch: RecordBatch
  private let shown: (String) -> String
  private static let widest = 40
  /// How much of a value is looked at for secrets: what is cut must not begin with half of one.
  private static let seen = 16_384

  /// - Parameter shown: what is shown of a text.
  init(_ batch: RecordBatch, showing shown: @escaping (String) -> String = { $0 }) {
    self.batch = batch
    self.shown = shown
  }

  func text(fitting columns: Int?) -> TerminalText {
    let names = batch.schema.fields.map(\.name)
    let rows = (0..<batch.count).map { row in batch.columns.map { cell($0, row) } }
    return Table(
      header: names.map(cut), alignRight: batch.schema.fields.map { RowsTable.isNumber($0.type) }, rows: rows
    ).text(fitting: columns)
  }

  /// Numbers are data, whatever digits a secret has.
  private func cell(_ column: Column, _ row: Int) -> String {
    if column.isNull(row) { return "NULL" }
    return cut(column.text(at: row), isData: RowsTable.isNumber(column.type))
  }

  private func cut(_ text: String) -> String { cut(text, isData: false) }

  private func cut(_ text: String, isData: Bool) -> String {
    let widest = RowsTable.widest
    let start = (isData ? text : shown(String(text.prefix(RowsTable.seen)))).prefix(widest + 1)
    return start.count > widest ? start.prefix(widest - 1) + "…" : String(start)
  }

  private static func isNumber(_ type: DataType) -> Bool {
    switch type {
    case .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64, .float32, .float64, .decimal, .numeric: true
    default: false
    }
  }
}
