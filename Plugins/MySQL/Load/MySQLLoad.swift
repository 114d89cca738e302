internal import Records
internal import SQL

/// The fast road into a table: an INSERT whose rows of parameters go many at a time.
final class MySQLLoad: BulkLoad {
  let targets: [LoadTarget]
  private let sender: RowSender
  private var isAborted = false

  init(
    _ connection: MySQLConnection, _ table: TableInfo, _ columns: [ColumnInfo], _ statement: NativeConnection.Prepared,
    prefix: String, group: String
  ) {
    targets = columns.map(\.target)
    sender = connection.sender(
      prefix + group, statement,
      connection.session.hasBulk ? .bulk : .multiRow(prefix: prefix, group: group),
      canTrace: table.isTransactional, doing: "loading table '\(table.name)'")
  }

  func write(_ batch: RecordBatch, firstRow: Int64) throws { try sender.write(batch, firstRow: firstRow) }
  func finish() throws -> Int64 { try sender.finish() }
  var changedSoFar: Int64 { sender.changedSoFar }
  func abort() {
    guard !isAborted else { return }
    isAborted = true
    sender.abort()
  }
}
