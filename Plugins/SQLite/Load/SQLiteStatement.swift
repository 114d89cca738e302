internal import Records
internal import SQL

/// A statement as the flow wrote it, run for each row.
final class SQLiteStatement: SQLStatement {
  let parameters: [LoadTarget?]
  private var binder: RowEncoder?

  init(_ statement: NativeStatement, _ known: [StatementParameter]) {
    parameters = (0..<statement.parameterCount).map { index in
      known.indices.contains(index) ? SQLiteStatement.target(known[index]) : nil
    }
    binder = RowEncoder(statement)
  }

  /// SQLite turns what it compares with a column by the column's affinity, as it does with what it stores.
  private static func target(_ parameter: StatementParameter) -> LoadTarget? {
    switch parameter.role {
    case .stored, .compared, .term: parameter.column?.target
    case .cast(let type): DatabaseType(type).target
    case .part, .rounded: nil
    }
  }

  func execute(_ batch: RecordBatch, firstRow: Int64) throws -> Int64 {
    try binder?.run(batch, firstRow, parameters) ?? 0
  }

  func close() { binder = nil }
}
