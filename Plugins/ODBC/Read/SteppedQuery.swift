internal import CODBC
internal import Records
internal import SQL

/// A query whose rows come in steps, by a cursor of Ferry's own on the server.
///
/// Where a step of psqlODBC's own cursors (UseDeclareFetch) breaks off within its rows, the driver looks for the error
/// in a connection that is not there, and ends the process (13.02; connection.c still does it in later ones). Without
/// cursors it keeps whole results.
struct SteppedQuery {
  /// Rows of a step: as many of the widest rows as the driver can keep.
  private static let rows = 1_000
  private static let name = "ferry_rows"

  /// The cursor lives in a transaction that was begun for it.
  let ownsTransaction: Bool
  /// Of the step that is being read.
  var rowsInStep = 0

  static var fetch: String { "FETCH \(rows) FROM \(name)" }
  static var end: String { "CLOSE \(name)" }
  static func declaration(_ sql: String) -> String { "DECLARE \(name) NO SCROLL CURSOR FOR \(sql)" }

  /// Whether a statement is one that a cursor can be declared for.
  static func takes(_ sql: String, _ dialect: Dialect) -> Bool {
    let first = dialect.words(of: sql).first ?? ""
    return ["SELECT", "VALUES", "TABLE", "WITH"].contains(first) && StatementEffect(sql, dialect).onlyReads
      && dialect.isOne(sql)
  }

  /// Behind the last row of a step that has as many as were asked for there may be more.
  var mayHaveMore: Bool { rowsInStep == SteppedQuery.rows }
}

extension StatementHandle {
  /// Asks for the first step of a cursor that has been declared by this statement.
  func begin(_ steps: SteppedQuery) throws(DatabaseError) {
    self.steps = steps
    close()
    _ = unsafe SQLFreeStmt(handle, UInt16(SQL_RESET_PARAMS))
    try execute(SteppedQuery.fetch)
  }

  /// Asks for the step behind the one that has been read; what is bound stays.
  /// - Returns: whether there may be rows in it.
  func nextStep() throws(DatabaseError) -> Bool {
    guard let read = steps, read.mayHaveMore else { return false }
    steps?.rowsInStep = 0
    _ = unsafe SQLFreeStmt(handle, UInt16(SQL_CLOSE))
    try execute(SteppedQuery.fetch)
    return true
  }
}

extension ODBCRows {
  /// Takes back what was begun for a cursor that failed; what the user has begun is for the user to end.
  func endFailedSteps() {
    guard let steps = statement.steps else { return }
    statement.steps = nil
    guard steps.ownsTransaction, !connection.isLost else { return }
    // What went wrong is said; a connection that cannot roll back is lost.
    do throws(DatabaseError) { try connection.end(commits: false) } catch {}
  }

  /// Ends a cursor and the transaction that was begun for it. Harmless when there is none.
  func endSteps(commits: Bool) throws(DatabaseError) {
    guard let steps = statement.steps else { return }
    let (connection, statement) = (connection, statement)
    statement.steps = nil
    if steps.ownsTransaction { return try connection.end(commits: commits) }
    try connection.call { () throws(DatabaseError) in
      statement.close()
      try statement.execute(SteppedQuery.end)
      statement.close()
    }
  }
}
