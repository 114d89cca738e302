import Records
import SQL
import Testing

@testable import PostgreSQL

/// Transactions that the server is asked about by their numbers.
@Suite struct TransactionTests {
  @Test(arguments: Server.urls) func theServerKnowsHowATransactionEnded(url: String) throws {
    let session = try Server.session(url)
    let other = try Server.session(url)
    try session.run("CREATE TEMP TABLE named (n int)")
    #expect(session.namesTransactions)
    try session.begin()
    #expect(try session.transactionName() == .unchanged)
    try session.run("INSERT INTO named VALUES (1)")
    let committed = try #require(try session.name)
    #expect(try other.end(of: committed) == .open)
    try session.commit()
    #expect(try other.end(of: committed) == .committed)
    try session.begin()
    try session.run("INSERT INTO named VALUES (2)")
    let undone = try #require(try session.name)
    try session.rollback()
    #expect(try other.end(of: undone) == .rolledBack)
    #expect(try session.texts("SELECT n::text FROM named") == ["1"])
  }

  @Test func aTransactionWithoutAClientIsBrokenOff() throws {
    let session = try Server.session()
    let other = try Server.session()
    try session.run("CREATE TEMP TABLE stuck (n int)")
    try session.begin()
    try session.run("INSERT INTO stuck VALUES (1)")
    let name = try #require(try session.name)
    try other.breakOff(transaction: name)
    var end = TransactionEnd.open
    for _ in 0..<100 where end == .open { end = try other.end(of: name) }
    #expect(end == .rolledBack)
    let failure = try #require(throws: Failure.self) { try session.commit() }
    #expect(failure.outcome == .unknown)
  }

  @Test func anotherServersWordDoesNotCount() {
    let here = "71/00000001/2026"
    func end(_ status: String?, _ then: String, _ now: String) -> TransactionEnd {
      TransactionBooks.end(status: status, then: then[...], now: now[...])
    }
    #expect(end("committed", here, here) == .committed && end("aborted", here, here) == .rolledBack)
    #expect(end("in progress", here, here) == .open)
    // After a crash the number may be another transaction's: that it was not committed is true all the same.
    #expect(end("aborted", here, "71/00000001/2027") == .rolledBack)
    for (status, now) in [
      ("committed", "71/00000001/2027"), ("aborted", "71/00000002/2026"), ("committed", "72/00000001/2026"),
    ] {
      #expect(end(status, here, now).isUnknown, "\(status) \(now)")
    }
    #expect(end(nil, here, here).isUnknown)
  }

  @Test func aNumberOfTheFutureWasLost() throws {
    let session = try Server.session()
    try session.begin()
    try session.run("CREATE TEMP TABLE future (n int)")
    let name = try #require(try session.name)
    try session.rollback()
    let place = name.drop { $0 != "/" }
    #expect(try session.end(of: "4000000000\(place)") == .rolledBack)
  }

  /// The user may not look into the books: the transaction is unharmed.
  @Test func withoutTheRightNothingIsNamed() throws {
    let session = try Server.session()
    session.connection.books = TransactionBooks(["txid_current_if_assigned", "txid_status", "pg_control_system"])
    try session.run("CREATE TEMP TABLE plain (n int)")
    try session.begin()
    try session.run("INSERT INTO plain VALUES (1)")
    let name = try #require(try session.name)
    try session.commit()
    #expect(try session.end(of: name) == .committed)
    session.connection.books = TransactionBooks()
    #expect(!session.namesTransactions)
  }
}

extension PostgreSQLConnection {
  fileprivate var name: String? {
    get throws { if case .named(let name) = try transactionName() { name } else { nil } }
  }
}

extension TransactionEnd {
  fileprivate var isUnknown: Bool { if case .unknown = self { true } else { false } }
}
