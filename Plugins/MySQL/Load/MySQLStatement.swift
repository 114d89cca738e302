internal import Records
internal import SQL

/// A statement that runs for each row, as the user wrote it.
final class MySQLStatement: SQLStatement {
  private let connection: MySQLConnection
  private let sql: String
  private let statement: NativeConnection.Prepared
  private let takers: [ParameterTaker]
  private var sender: RowSender?

  /// The servers do not tell what a placeholder takes (MariaDB nothing, MySQL mostly guesses): the columns do.
  init(
    _ connection: MySQLConnection, _ sql: String, _ statement: NativeConnection.Prepared,
    _ parameters: [StatementParameter]
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
    let sender = self.sender ?? makeSender()
    self.sender = sender
    do {
      try sender.write(batch, firstRow: firstRow)
      return try sender.finish()
    } catch {
      sender.abort()
      throw error
    }
  }

  private func makeSender() -> RowSender {
    connection.sender(
      sql, statement, takesBulk ? .bulk : .single, canTrace: true,
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
