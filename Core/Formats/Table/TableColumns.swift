internal import Records

/// The columns of a batch that is being made of tables of fields.
final class TableColumns {
  let schema: Schema
  let plans: [ColumnPlan]
  private let builder: BatchBuilder
  /// What a row takes in memory at least, in bytes, however short it is in the file.
  private let rowWidth: Int
  private let team: ThreadTeam

  init(_ schema: Schema, _ plans: [ColumnPlan], _ team: ThreadTeam) {
    self.schema = schema
    self.plans = plans
    self.team = team
    builder = BatchBuilder(schema)
    rowWidth = schema.fields.reduce(0) { sum, field in
      if case .fixed(let width) = field.type.layout { return sum + width }
      return sum + 4
    }
  }

  /// Rows of the batch so far.
  var count: Int { builder.count }
  var byteCount: Int { builder.byteCount }
  var isFull: Bool { builder.count >= builder.maxRows || builder.byteCount >= builder.maxBytes }

  /// How many rows the batch still takes, at least one.
  var room: Int {
    min(builder.maxRows - builder.count, max(1, (builder.maxBytes - builder.byteCount) / max(rowWidth, 1)))
  }

  /// Whether a column has had a value that is not NULL nor empty.
  func hasText(_ column: Int) -> Bool { builder.columns[column].variableByteCount > 0 }

  /// The rows so far as a batch, nil when there are none; the next one starts.
  func finish() -> RecordBatch? { builder.count > 0 ? builder.finish() : nil }

  /// Appends rows, unless some field is no value of its column's type: then nothing, and these fields.
  /// - Parameter places: where each column stands in the table, nil for one that is not there.
  func append<T: FieldTable & ~Copyable & ~Escapable>(_ table: borrowing T, from places: [Int?]) -> [FieldError] {
    let errors = table.fill(builder.columns, plans, from: places, team)
    if errors.isEmpty {
      builder.finishRows(table.count, bytes: max(table.byteCount, table.count * rowWidth))
    } else {
      for column in builder.columns { column.removeLast(table.count) }
    }
    return errors
  }

  /// The fields that are no values of their columns' types; appends nothing.
  func check<T: FieldTable & ~Copyable & ~Escapable>(_ table: borrowing T, from places: [Int?]) -> [FieldError] {
    let errors = table.fill(builder.columns, plans, from: places, team)
    for column in builder.columns { column.removeLast(table.count) }
    return errors
  }

  /// Has the bad rows reported and appends the runs between them.
  /// - Parameter flaws: the bad rows and why; of several for a row the first counts.
  func appendGoodRows<T: FieldTable & ~Copyable & ~Escapable>(
    of table: borrowing T, from places: [Int?], _ flaws: [RowFlaw], report: (RowFlaw) throws -> Void
  ) throws {
    var first = 0
    for flaw in flaws.sorted(by: { ($0.row, $0.column) < ($1.row, $1.column) }) where flaw.row >= first {
      appendAll(of: table, first..<flaw.row, from: places)
      try report(flaw)
      first = flaw.row + 1
    }
    appendAll(of: table, first..<table.count, from: places)
  }

  private func appendAll<T: FieldTable & ~Copyable & ~Escapable>(
    of table: borrowing T, _ rows: Range<Int>, from places: [Int?]
  ) {
    if !rows.isEmpty { _ = append(table.slice(rows), from: places) }
  }

  /// - Parameter noun: what a field is called: a text, a value.
  func flaws(_ errors: [FieldError], noun: String) -> [RowFlaw] {
    errors.map { error in
      let field = schema.fields[error.column]
      return RowFlaw(
        row: error.row, column: error.column,
        reason: "column '\(field.name)': the \(noun) \(error.result.explanation) \(field.type.name)")
    }
  }
}

/// Why a row of a table is bad.
struct RowFlaw {
  var row: Int
  /// The column at fault: of several, the first is told.
  var column: Int
  var reason: String
}
