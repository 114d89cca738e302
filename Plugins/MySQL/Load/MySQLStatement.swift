internal import Records
internal import SQL

/// A statement that runs for each row, as the user wrote it.
final class MySQLStatement: SQLStatement {
  private let connection: MySQLConnection
  private let sql: String
  private let statement: Session.Prepared
  private let takers: [ParameterTaker]
  private var sender: RowSender?

  /// The servers do not tell what a placeholder takes (MariaDB nothing, MySQL mostly guesses): the columns do.
  init(
    _ connection: MySQLConnection, _ sql: String, _ statement: Session.Prepared, _ parameters: [StatementParameter]
  ) {
    self.connection = connection
    self.sql = sql
    self.statement = statement
    takers = (0..<statement.parameterCount).map { index in
      ParameterTaker(parameters.indices.contains(index) ? parameters[index] : StatementParameter(.part))
    }
  }

  var parameters: [LoadTarget?] { takers.map(\.target) }

  func execute(_ batch: RecordBatch, firstRow: Int64) throws -> Int64 {
    let sender = self.sender ?? makeSender(batch.schema)
    self.sender = sender
    do {
      try sender.write(batch, firstRow: firstRow)
      return try sender.finish()
    } catch {
      sender.abort()
      throw error
    }
  }

  private func makeSender(_ schema: Schema) -> RowSender {
    connection.sender(
      sql, statement, schema.fields, takers.map(\.limits), takesBulk ? .bulk : .single, canTrace: true,
      mayChange: takers.contains(where: \.isStoredByExpression) && !ignores, doing: "running the statement")
  }

  /// INSERT IGNORE, UPDATE IGNORE: the flow wants warnings for errors.
  private var ignores: Bool { connection.dialect.words(of: sql).prefix(3).contains("IGNORE") }

  /// MariaDB takes rows of parameters for statements that change rows and give none.
  private var takesBulk: Bool {
    guard connection.session.hasBulk, statement.parameterCount > 0, statement.fieldCount == 0 else { return false }
    return ["INSERT", "UPDATE", "DELETE", "REPLACE"].contains(connection.dialect.verb(of: sql))
  }

  var changedSoFar: Int64 { sender?.changedSoFar ?? 0 }
  func close() {}
}

/// The fast road into a table: an INSERT whose rows of parameters go many at a time.
final class MySQLLoad: BulkLoad {
  let targets: [LoadTarget]
  private let sender: RowSender
  private var isAborted = false

  init(
    _ connection: MySQLConnection, _ table: TableInfo, _ columns: [ColumnInfo], _ statement: Session.Prepared,
    prefix: String, group: String
  ) {
    targets = columns.map(\.target)
    sender = connection.sender(
      prefix + group, statement, columns.map { Field($0.name, $0.target.type) },
      columns.map { ColumnType($0.target.nativeType).limits },
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
