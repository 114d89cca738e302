internal import Records
internal import SQL

/// The bulk road: an INSERT whose rows are counted.
final class ODBCLoad: BulkLoad {
  let targets: [LoadTarget]
  private let statement: ODBCStatement
  private var count: Int64 = 0
  private(set) var changedSoFar: Int64 = 0

  init(_ connection: ODBCConnection, _ table: TableInfo, _ columns: [ColumnInfo]) throws(DatabaseError) {
    targets = columns.map(\.target)
    let dialect = connection.dialect
    let names = columns.map { dialect.quote($0.name) }.joined(separator: ", ")
    let marks = columns.map { _ in "?" }.joined(separator: ", ")
    statement = try ODBCStatement(
      connection, "INSERT INTO \(dialect.quote(table.name)) (\(names)) VALUES (\(marks))",
      columns.map { StatementParameter(.stored, column: $0, of: table.name, source: $0.target.type) }, isInsert: true)
  }

  func write(_ batch: RecordBatch, firstRow: Int64) throws {
    count += try statement.execute(batch, firstRow: firstRow)
    changedSoFar = statement.changedSoFar
  }

  func finish() throws -> Int64 {
    defer { count = 0 }
    return count
  }

  func abort() { statement.close() }
}
