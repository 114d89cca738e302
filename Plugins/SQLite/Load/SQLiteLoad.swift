internal import Records
internal import SQL

/// The bulk road: one prepared INSERT that takes its values straight from the columns' memory.
final class SQLiteLoad: BulkLoad {
  let targets: [LoadTarget]
  private let encoder: RowEncoder
  private var count: Int64 = 0

  init(_ statement: NativeStatement, _ columns: [ColumnInfo]) {
    targets = columns.map(\.target)
    encoder = RowEncoder(statement, columns.map { $0.facts?.of(DatabaseType.self)?.affinity })
  }

  func write(_ batch: RecordBatch, firstRow: Int64) throws {
    count += try encoder.run(batch, firstRow)
  }

  func finish() throws -> Int64 {
    defer { count = 0 }
    return count
  }

  func abort() { encoder.reset() }
}
