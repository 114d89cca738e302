internal import Records
internal import SQL

/// PostgreSQL's own books of transactions: their numbers, and whether each is committed.
///
/// A number counts only on the server that gave it: another one, or the same after it lost what it had not yet written
/// (a crash, a failover to a standby), may give it again. So the name of a transaction says where and when it holds.
struct TransactionBooks: Sendable, Hashable {
  /// The functions of pg_catalog that are there and that the user may call.
  private let functions: Set<String>

  init(_ functions: Set<String> = []) { self.functions = functions }

  /// False before PostgreSQL 10, and for servers that only speak like it.
  var areThere: Bool {
    isModern || functions.isSuperset(of: ["txid_current_if_assigned", "txid_status"])
  }
  private var isModern: Bool {
    functions.isSuperset(of: ["pg_current_xact_id_if_assigned", "pg_xact_status"])
  }

  private static let wanted = [
    "pg_current_xact_id_if_assigned", "pg_xact_status", "txid_current_if_assigned", "txid_status",
    "pg_control_system",
    "pg_walfile_name", "pg_current_wal_lsn", "pg_stat_get_bgwriter_stat_reset_time",
  ]

  /// Which of them are there, as the last statement of those that prepare a session.
  static let probe = """
    SELECT p.proname FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace \
    WHERE n.nspname = 'pg_catalog' AND p.proname IN (\(wanted.map { "'\($0)'" }.joined(separator: ", "))) \
    AND pg_catalog.has_function_privilege(p.oid, 'EXECUTE')
    """

  private var currentNumber: String {
    isModern
      ? "pg_catalog.pg_current_xact_id_if_assigned()::text"
      : "pg_catalog.txid_current_if_assigned()::text"
  }

  private func status(of number: String) -> String {
    isModern ? "pg_catalog.pg_xact_status('\(number)'::xid8)" : "pg_catalog.txid_status(\(number))"
  }

  /// The server, its timeline (a promoted standby has a new one), and when it last lost its statistics (a crash).
  private var place: String {
    var parts: [String] = []
    parts.append(
      functions.contains("pg_control_system")
        ? "(SELECT system_identifier::text FROM pg_catalog.pg_control_system())" : "''")
    parts.append(
      functions.isSuperset(of: ["pg_walfile_name", "pg_current_wal_lsn"])
        ? "pg_catalog.substr(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 1, 8)"
        : "''")
    parts.append(
      functions.contains("pg_stat_get_bgwriter_stat_reset_time")
        ? "coalesce(pg_catalog.pg_stat_get_bgwriter_stat_reset_time()::text, '')" : "''")
    return parts.joined(separator: " || '/' || ")
  }

  /// The open transaction's number and place; both NULL when it has none.
  var currentName: String {
    "SELECT x.n, CASE WHEN x.n IS NOT NULL THEN \(place) END FROM (SELECT \(currentNumber) AS n) x"
  }

  /// Where the server is now, NULL while it is a standby.
  var currentPlace: String {
    "SELECT CASE WHEN NOT pg_catalog.pg_is_in_recovery() THEN \(place) END"
  }

  func statusQuery(_ number: String) -> String { "SELECT \(status(of: number))" }

  /// What the server says of a transaction of the place `then`, now that it is at `now`.
  static func end(status: String?, then: Substring, now: Substring) -> TransactionEnd {
    let (before, after) = (
      then.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false),
      now.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false)
    )
    guard before.prefix(2) == after.prefix(2) else {
      return .unknown("another server answers now, or a standby that has been promoted since")
    }
    switch status {
    case "committed":
      return before == after
        ? .committed
        : .unknown(
          "the server has crashed since, and may have given the transaction's number again")
    case "aborted": return .rolledBack
    case "in progress": return .open
    default: return .unknown("the server has forgotten the transaction")
    }
  }
}

extension PostgreSQLConnection {
  var namesTransactions: Bool { connection.books.areThere }

  func transactionName() throws -> TransactionName {
    finishRows()
    let doing = "naming the transaction"
    let result: ServerResult?
    do {
      result = try connection.execute(
        "SAVEPOINT ferry_commit; \(connection.books.currentName)", doing)
    } catch let failure as Failure where failure.outcome == .undone && failure.code != "25P02" {
      try connection.execute("ROLLBACK TO SAVEPOINT ferry_commit", doing)
      return .unsupported
    }
    guard let result, result.rowCount == 1 else { return .unsupported }
    guard let number = result.text(0, 0) else { return .unchanged }
    return .named("\(number)/\(result.text(0, 1) ?? "")")
  }

  func end(of transaction: String) throws -> TransactionEnd {
    let doing = "asking for the end of the transaction"
    let parts = transaction.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, UInt64(parts[0]) != nil, namesTransactions else {
      return .unknown("the server has no books of its transactions")
    }
    guard let now = try connection.execute(connection.books.currentPlace, doing)?.text(0, 0) else {
      throw Failure(.transient, "\(doing): the server is a standby")
    }
    do {
      let status = try connection.execute(connection.books.statusQuery(String(parts[0])), doing)?
        .text(0, 0)
      return TransactionBooks.end(status: status, then: parts[1], now: now[...])
    } catch let failure as Failure where failure.code == "22023" {
      // A number that this server has not given yet: it has lost the transaction.
      return TransactionBooks.end(status: "aborted", then: parts[1], now: now[...])
    }
  }

  /// Found by its number, which only one session has: the process may serve another client by now.
  func breakOff(transaction: String) throws {
    guard let number = transaction.split(separator: "/").first.flatMap({ UInt64($0) }) else {
      return
    }
    let short = UInt32(truncatingIfNeeded: number)
    try connection.execute(
      """
      SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity \
      WHERE backend_xid = '\(short)'::xid AND pid <> pg_catalog.pg_backend_pid()
      """, "ending the session of the transaction")
  }

  @discardableResult
  func runOwn(_ sql: String) throws -> Int64 {
    finishRows()
    return try connection.execute(sql, "running a statement of its own")?.changedRows ?? 0
  }

  /// `ferry_commits` names no sessions here: what it cannot tell, the books do.
  func breakOff(session: String) throws {}

  var tokenTable: TokenTable? {
    var table = TokenTable.standard
    table.patience = "SET lock_timeout = 2000"
    return table
  }
}
