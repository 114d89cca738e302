import FerryTesting
import Records
import Testing

@testable import MySQL
@testable import SQL

/// The table in which transactions note that they are committed.
@Suite(.serialized) struct CommitRowsTests {
  private func rows(_ connection: MySQLConnection) throws -> CommitRows {
    CommitRows(connection: connection, table: try #require(connection.tokenTable))
  }

  @Test func aRowIsThereWhenItsTransactionIs() throws {
    let (own, other) = (try Server.connect(), try Server.connect())
    _ = try rows(own).prepare()
    let names = (0..<3).map { _ in CommitToken.makeName() }
    try own.begin()
    try rows(own).write(names[0], after: nil)
    // It is waited for, but not for ever.
    #expect(try rows(other).end(of: names[0]) == .open)
    try own.commit()
    #expect(try rows(other).end(of: names[0]) == .committed)
    try own.begin()
    try rows(own).write(names[1], after: names[0])
    try own.rollback()
    #expect(try rows(other).end(of: names[1]) == .rolledBack && rows(other).end(of: names[0]) == .committed)
    // Whoever asked first has decided: it stays so, and what comes late does not commit.
    try own.begin()
    let failure = try failure { try rows(own).write(names[1], after: nil) }
    #expect(failure.category == .data)
    try own.rollback()
    #expect(try rows(other).end(of: names[1]) == .rolledBack)
    #expect(try rows(other).end(of: names[2]) == .rolledBack)
  }

  @Test func aSessionWithoutAClientIsEnded() throws {
    let (own, other) = (try Server.connect(), try Server.connect())
    _ = try rows(own).prepare()
    let name = CommitToken.makeName()
    try own.begin()
    try rows(own).write(name, after: nil)
    try other.breakOff(session: try #require(own.tokenTable?.session))
    #expect(try rows(other).end(of: name) == .rolledBack)
    #expect(try failure { try own.commit() }.outcome == .unknown)
  }

  @Test func onlyOldRowsAreDropped() throws {
    let connection = try Server.connect()
    _ = try rows(connection).prepare()
    let names = (0..<3).map { _ in CommitToken.makeName() }
    for (name, time) in zip(names, ["1000", "0", "unix_timestamp()"]) {
      try connection.run("INSERT INTO ferry_commits VALUES ('\(name)', \(time))")
    }
    #expect(try !rows(connection).prepare())
    let list = names.map { "'\($0)'" }.joined(separator: ",")
    #expect(try connection.value("SELECT count(*) FROM ferry_commits WHERE token IN (\(list))") == "2")
  }
}
