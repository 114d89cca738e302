internal import Engine
internal import Expression
internal import Glibc
internal import Records

/// The rows of `ferry_commits`. A row that is there with a time says that its transaction is committed; one without
/// says that somebody asked first, and that the transaction cannot be committed any more.
struct CommitRows {
  let connection: any SQLConnection
  let table: TokenTable

  /// Rows are kept this long: nobody restarts an older execution.
  private static let keptDays: Int64 = 30
  private static var now: Int64 { Int64(time(nil)) }

  /// Outside of a transaction. Makes the table where it is missing, and drops what is old.
  /// - Returns: whether it was made.
  func prepare() throws -> Bool {
    do {
      try dropOld()
      return false
    } catch let failure as Failure where failure.category == .schema {
      // Another task may be making it at the same time.
      _ = try? connection.runOwn(table.create)
      do { try dropOld() } catch {
        try connection.runOwn(table.create)
        try dropOld()
      }
      return true
    }
  }

  /// Reads without locks, and touches only rows that nobody else does: tasks that run at the same time do not wait.
  private func dropOld() throws {
    let limit = CommitRows.now - CommitRows.keptDays * 86_400
    let (top, last) = table.hasTop ? ("TOP 1000 ", "") : ("", " LIMIT 1000")
    let old = "SELECT \(top)token FROM \(TokenTable.name) WHERE committed > 0 AND committed < \(limit)\(last)"
    guard case .rows(let rows) = try connection.query(old, [], QueryOptions()) else { return }
    defer { rows.close() }
    var names: [String] = []
    while let batch = try rows.next() {
      names += (0..<batch.count).map { "'\(batch.columns[0].value(at: $0).text)'" }
    }
    rows.close()
    if names.isEmpty { return }
    try connection.runOwn("DELETE FROM \(TokenTable.name) WHERE token IN (\(names.joined(separator: ", ")))")
  }

  /// Inside of the transaction. A load that commits many times has one row, which goes along.
  func write(_ name: String, after last: String?) throws {
    if let last {
      let set = "token = '\(name)', committed = \(CommitRows.now)"
      if try connection.runOwn("UPDATE \(TokenTable.name) SET \(set) WHERE token = '\(last)'") == 1 {
        return
      }
    }
    try insert(name, CommitRows.now)
  }

  private func insert(_ name: String, _ time: Int64) throws {
    try connection.runOwn(
      "INSERT INTO \(TokenTable.name) (token, committed) VALUES ('\(name)', \(time))")
  }

  /// Over another connection. Whoever writes the row first decides: a transaction that still runs is waited for, one
  /// that comes late cannot commit any more.
  func end(of name: String) throws -> TransactionEnd {
    if let patience = table.patience { try connection.runOwn(patience) }
    do {
      try insert(name, 0)
      return .rolledBack
    } catch let failure as Failure where failure.category == .data {
      return try isCommitted(name) ? .committed : .rolledBack
    } catch let failure as Failure
      where failure.category == .transient && failure.outcome == .undone
    {
      return .open
    } catch let failure as Failure where failure.category == .schema {
      return .unknown("the table '\(TokenTable.name)' is not there any more")
    }
  }

  private func isCommitted(_ name: String) throws -> Bool {
    let sql = "SELECT committed FROM \(TokenTable.name) WHERE token = '\(name)'"
    guard case .rows(let rows) = try connection.query(sql, [], QueryOptions()) else { return false }
    defer { rows.close() }
    guard let batch = try rows.next(), batch.count > 0 else { return false }
    return batch.columns[0].value(at: 0).int ?? 0 > 0
  }
}
