internal import Records
internal import SQL

/// A statement that runs for each row, as the user wrote it.
final class ODBCStatement: SQLStatement {
  private let connection: ODBCConnection
  private let takers: [PlaceholderTarget]
  private var statement: StatementHandle?
  /// As the user wrote it.
  private let sql: String
  private let isInsert: Bool
  private(set) var changedSoFar: Int64 = 0

  /// - Parameter isInsert: whether each row of the input is a row of the table.
  init(
    _ connection: ODBCConnection, _ sql: String, _ known: [StatementParameter], isInsert: Bool
  ) throws(DatabaseError) {
    self.connection = connection
    self.isInsert = isInsert
    self.sql = sql
    let native = connection.native
    let sql = isInsert ? sql : ODBCStatement.typed(sql, known, connection)
    (statement, takers) = try native.call { () throws(DatabaseError) in
      let statement = try StatementHandle(native)
      try statement.prepare(sql)
      let count = statement.parameterCount ?? known.count
      return (
        statement,
        (0..<count).map {
          PlaceholderTarget(known.indices.contains($0) ? known[$0] : StatementParameter(.part), native.product)
        }
      )
    }
  }

  /// The statement with the types of the columns that its placeholders are for, where the server needs to be told.
  private static func typed(_ sql: String, _ known: [StatementParameter], _ connection: ODBCConnection) -> String {
    let casts = known.map { parameter -> String? in
      guard parameter.role == .stored, let type = parameter.column?.facts?.of(DatabaseType.self) else { return nil }
      return connection.native.product.cast(type)
    }
    guard casts.contains(where: { $0 != nil }) else { return sql }
    return connection.dialect.pieces(of: sql).map { piece in
      switch piece {
      case .text(let text): return text
      case .placeholder(let number):
        let cast = casts.indices.contains(number - 1) ? casts[number - 1] : nil
        return cast.map { "CAST(? AS \($0))" } ?? "?"
      }
    }.joined()
  }

  var parameters: [LoadTarget?] { takers.map(\.target) }

  func execute(_ batch: RecordBatch, firstRow: Int64) throws -> Int64 {
    guard let statement else { return 0 }
    let encoders = batch.columns.enumerated().map { index, column in
      RowEncoder(
        column, for: takers.indices.contains(index) ? takers[index].type : nil, connection.native)
    }
    do {
      return try run(statement, encoders, batch.count)
    } catch let problem as ParameterSets.Problem {
      throw failure(problem, firstRow)
    } catch let error as DatabaseError {
      throw error.failure("running the statement, rows \(firstRow) to \(firstRow + Int64(batch.count) - 1)")
    }
  }

  /// Where a driver does not keep its word about arrays, and nothing else is in the transaction, all of it is done
  /// again row by row.
  private func run(_ statement: StatementHandle, _ encoders: [RowEncoder], _ count: Int) throws -> Int64 {
    let (native, isInsert) = (connection.native, isInsert)
    let usesArrays = connection.usesArrays && (isInsert || !native.traits.onlyInsertsInArrays)
    let most = usesArrays ? native.traits.mostRows : 1
    let outcome = try native.call { () throws(DatabaseError) -> Result<Int64, ParameterSets.Problem> in
      do throws(ParameterSets.Problem) {
        return .success(try ParameterSets(statement, isInsert: isInsert).run(encoders, count, most: most))
      } catch { return .failure(error) }
    }
    if case .failure(let problem) = outcome, most > 1, try connection.restart(after: problem) {
      return try run(statement, encoders, count)
    }
    let changed = try outcome.get()
    changedSoFar += changed
    connection.isUntouched = false
    return changed
  }

  private func failure(_ problem: ParameterSets.Problem, _ firstRow: Int64) -> Failure {
    switch problem {
    case .mismatch(let mismatch):
      return Failure(
        .data,
        "running the statement: \(mismatch.sent) rows were given to the driver at once, and \(mismatch.told)",
        hint: "Set 'parameterArrays: false', which sends row by row", code: "01000")
    case .database(let error, let rows, let row):
      let error = connection.native.judged(error)
      guard let row else {
        let (first, last) = (firstRow + Int64(rows.lowerBound), firstRow + Int64(rows.upperBound) - 1)
        return error.failure("running the statement, rows \(first) to \(last)", of: sql)
      }
      return error.failure("running the statement, row \(firstRow + Int64(row))", of: sql)
    }
  }

  func close() { statement = nil }
}
