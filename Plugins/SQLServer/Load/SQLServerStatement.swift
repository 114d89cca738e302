internal import Records
internal import SQL

/// A statement that runs for each row, as the user wrote it: many copies of it in one call, each with parameters of its
/// own.
final class SQLServerStatement: SQLStatement {
  private let connection: SQLServerConnection
  private let sql: String
  private let pieces: [StatementPiece]
  private let takers: [StatementTaker]
  /// Lines of the statement.
  private let lines: Int
  private let isRepeatable: Bool
  private(set) var changedSoFar: Int64 = 0
  /// For so many rows.
  private var text: (rows: Int, sql: String)?

  /// Of one call, less what sp_executesql takes for itself.
  static let mostParameters = 2_098
  private static let mostRows = 200
  /// So long may the text of one call be.
  private static let mostCharacters = 200_000

  init(
    _ connection: SQLServerConnection, _ sql: String, _ parameters: [StatementParameter],
    _ described: [DatabaseType?], codePage: Int
  ) {
    self.connection = connection
    self.sql = sql
    pieces = connection.dialect.pieces(of: sql)
    lines = sql.utf8.count { $0 == UInt8(ascii: "\n") } + 1
    takers = parameters.enumerated().map { index, parameter in
      StatementTaker(parameter, described[index], codePage: codePage)
    }
    let verb = connection.dialect.verb(of: sql)
    isRepeatable = ["INSERT", "UPDATE", "DELETE", "MERGE"].contains(verb)
  }

  var parameters: [LoadTarget?] { takers.map(\.target) }

  func execute(_ batch: RecordBatch, firstRow: Int64) throws -> Int64 {
    let encoded = try batch.columns.enumerated().map { index, column in
      try EncodedParameter(
        column, as: takers[index].type, batch.schema.fields[index].name, firstRow: firstRow)
    }
    let most = rowsPerCall
    var (row, changed) = (0, Int64(0))
    while row < batch.count {
      let rows = row..<min(row + most, batch.count)
      changed += try run(encoded, rows, firstRow)
      row = rows.upperBound
    }
    return changed
  }

  private var rowsPerCall: Int {
    guard isRepeatable else { return 1 }
    let byParameters = SQLServerStatement.mostParameters / max(takers.count, 1)
    let byText = SQLServerStatement.mostCharacters / max(sql.utf8.count, 1)
    return max(1, min(byParameters, byText, SQLServerStatement.mostRows))
  }

  func close() { text = nil }

  // MARK: a call

  private func run(_ encoded: [EncodedParameter], _ rows: Range<Int>, _ firstRow: Int64) throws -> Int64 {
    do throws(DatabaseError) {
      let changed = try send(encoded, rows)
      changedSoFar += changed
      return changed
    } catch {
      throw failure(error, encoded, rows, firstRow)
    }
  }

  private func send(_ encoded: [EncodedParameter], _ rows: Range<Int>) throws(DatabaseError) -> Int64 {
    var call = StatementCall(statement: isRepeatable ? repeated(rows.count) : sql)
    call.arguments.reserveCapacity(rows.count * encoded.count)
    for (copy, row) in rows.enumerated() {
      for (index, parameter) in encoded.enumerated() {
        call.arguments.append(
          .init(
            name: isRepeatable ? SQLServerStatement.name(copy, index + 1) : "@p\(index + 1)",
            declaration: parameter.declaration, value: CellPlace(column: parameter.values, row: row)))
      }
    }
    try connection.native.send(call)
    return try isRepeatable ? counted() : connection.native.finish()
  }

  /// The last result is the count; a statement may give rows of its own (OUTPUT).
  private func counted() throws(DatabaseError) -> Int64 {
    let native = connection.native
    var count: Int64 = 0
    while let answer = try native.nextAnswer() {
      guard case .rows(let columns) = answer else { continue }
      while try native.nextRow() {
        guard columns.count == 1, columns[0].name == SQLServerStatement.counter, let value = native.value(1) else {
          continue
        }
        count = value.count == 8 ? value.little(at: 0, as: Int64.self) : 0
      }
    }
    return count
  }

  private static let counter = "ferry_changed"

  /// Triggers count into the server's own counts, so each copy adds its own. Where a copy begins is known by its line.
  private func repeated(_ rows: Int) -> String {
    if let text, text.rows == rows { return text.sql }
    let add = ";SET @\(SQLServerStatement.counter) = @\(SQLServerStatement.counter) + @@ROWCOUNT;\n"
    var sql = "DECLARE @\(SQLServerStatement.counter) bigint = 0;\n"
    for copy in 0..<rows {
      for piece in pieces {
        switch piece {
        case .text(let text): sql += text
        case .placeholder(let number): sql += SQLServerStatement.name(copy, number)
        }
      }
      sql += "\n" + add
    }
    sql += "SELECT @\(SQLServerStatement.counter) AS \(SQLServerStatement.counter)"
    text = (rows, sql)
    return sql
  }

  private static func name(_ copy: Int, _ number: Int) -> String { "@r\(copy)p\(number)" }

  // MARK: which row it was

  private func failure(
    _ error: DatabaseError, _ encoded: [EncodedParameter], _ rows: Range<Int>, _ firstRow: Int64
  ) -> Failure {
    let first = firstRow + Int64(rows.lowerBound)
    let last = firstRow + Int64(rows.upperBound) - 1
    if rows.count == 1 { return error.failure("running the statement, row \(first)") }
    // Behind the line that declares the counter; each copy is followed by the line that counts.
    let copy = error.line >= 2 ? (error.line - 2) / (lines + 1) : -1
    guard error.isServers, error.procedure == nil, 0..<rows.count ~= copy else {
      if let row = traced(error, encoded, rows) {
        return error.failure("running the statement, row \(firstRow + Int64(row))")
      }
      return error.failure("running the statement, rows \(first) to \(last)")
    }
    return error.failure("running the statement, row \(first + Int64(copy))")
  }

  /// Inside of a trigger the server counts the trigger's lines: so the rows are sent once more, one by one, until one
  /// ends in the same error, and are taken back. The transaction before is lost to that: its load is given up anyhow.
  private func traced(_ error: DatabaseError, _ encoded: [EncodedParameter], _ rows: Range<Int>) -> Int? {
    let native = connection.native
    guard error.procedure != nil, !error.isConnectionLoss, !error.retryIsSafe, !native.interrupter.wasUsed,
      (try? native.run("\(SQLServerStatement.undo) BEGIN TRANSACTION")) != nil
    else { return nil }
    defer { _ = try? native.run(SQLServerStatement.undo) }
    for row in rows {
      do throws(DatabaseError) { _ = try send(encoded, row..<(row + 1)) } catch let found {
        return found.number == error.number && found.procedure == error.procedure ? row : nil
      }
    }
    return nil
  }

  private static let undo = "IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION"
}
