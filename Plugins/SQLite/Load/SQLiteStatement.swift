internal import Records
internal import SQL

/// A statement as the flow wrote it, run for each row.
final class SQLiteStatement: SQLStatement {
  let parameters: [LoadTarget?]
  private var encoder: RowEncoder?

  init(_ statement: NativeStatement, _ known: [StatementParameter]) {
    let known = (0..<statement.parameterCount).map { index in
      known.indices.contains(index) ? known[index] : StatementParameter(.part)
    }
    parameters = known.map(SQLiteStatement.target)
    encoder = RowEncoder(statement, known.map(SQLiteStatement.affinity))
  }

  /// SQLite turns what it compares with a column by the column's affinity, as it does with what it stores.
  private static func target(_ parameter: StatementParameter) -> LoadTarget? {
    switch parameter.role {
    case .stored, .compared, .term: parameter.column?.target ?? DatabaseType.any
    case .cast(let type): DatabaseType(type).target
    case .part, .rounded: DatabaseType.any
    }
  }

  private static func affinity(_ parameter: StatementParameter) -> DatabaseType.Affinity? {
    switch parameter.role {
    case .stored, .compared, .term: parameter.column?.facts?.of(DatabaseType.self)?.affinity
    case .cast(let type): DatabaseType(type).affinity
    case .part, .rounded: nil
    }
  }

  func execute(_ batch: RecordBatch, firstRow: Int64) throws -> Int64 {
    try encoder?.run(batch, firstRow) ?? 0
  }

  func close() { encoder = nil }
}
