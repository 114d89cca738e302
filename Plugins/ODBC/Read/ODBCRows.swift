internal import Records
internal import SQL

/// The rows of a running statement, read as they arrive.
final class ODBCRows: SQLRows {
  let schema: Schema
  let connection: NativeConnection
  let statement: StatementHandle
  private let decoder: RowDecoder
  private let options: QueryOptions
  private var isOpen = true
  /// Behind the rows: whether another result has been looked for.
  private var hasEnded = false

  init(_ statement: StatementHandle, _ fields: [ResultField], _ options: QueryOptions) throws(DatabaseError) {
    self.statement = statement
    self.options = options
    connection = statement.connection
    decoder = try statement.connection.call { () throws(DatabaseError) in
      try RowDecoder(statement, fields, options)
    }
    schema = decoder.schema
  }

  func next() throws -> RecordBatch? {
    guard isOpen else { return nil }
    let filled: Result<Bool, Failure>
    do throws(DatabaseError) {
      let most = options.firstRowOnly ? 1 : Int.max
      filled = try connection.call { [decoder] () throws(DatabaseError) in try decoder.fill(most: most) }
      if case .success(false) = filled {
        if connection.interrupter.wasUsed { throw DatabaseError.interrupted }
        try endSteps(commits: true)
      }
    } catch {
      isOpen = false
      endFailedSteps()
      throw error.failure("reading the result, after row \(decoder.rows)")
    }
    if try !filled.get() {
      isOpen = false
      hasEnded = true
    }
    return decoder.isEmpty ? nil : decoder.finish()
  }

  func nextResult() throws -> (any SQLRows)? {
    isOpen = false
    do throws(DatabaseError) {
      let statement = statement
      let fields = try connection.call { () throws(DatabaseError) -> [ResultField]? in
        while try statement.nextResult() {
          if statement.columnCount > 0 { return try statement.fields() }
        }
        return nil
      }
      return try fields.map { fields throws(DatabaseError) in try ODBCRows(statement, fields, options) }
    } catch {
      throw error.failure("reading the result")
    }
  }

  func close() {
    isOpen = false
    let statement = statement
    connection.line.within(Patience.abandon) {
      do throws(DatabaseError) {
        try connection.call { statement.close() }
        // Of rows that nobody wanted any more.
        try endSteps(commits: true)
      } catch {
        // Whatever went wrong behind the last row that was wanted: the next statement says so if it matters.
      }
    }
  }
}
