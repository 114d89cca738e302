import Expression
import Records
import Testing

@testable import SQL
@testable import SQLite

/// What is known of transactions and statements by their names and words.
@Suite struct CommitTests {
  @Test(arguments: [
    CommitToken.server("12/7/0/1"), .row("ab", session: "7"), .row("ab", session: ""), .unchanged, .none,
  ])
  func tokensSurviveTheRecord(token: CommitToken) {
    #expect(CommitToken(token.text) == token)
  }

  @Test func loadsSurviveTheRecord() throws {
    var record = LoadRecord(target: "t", input: .init(uri: "ferry:///x", size: 12))
    record.rows = 5
    #expect(LoadRecord(record.state) == record)
    record.pending = .init(token: .server("7/x"), rows: 9, updates: 8, isLast: true)
    #expect(LoadRecord(try #require(Value.parseJSON(Value.map(record.state).json()).map)) == record)
    #expect(LoadRecord([:]) == nil)
    let other = LoadRecord.Input(uri: "ferry:///x", size: 13)
    #expect(!record.input.mayBe(other) && record.input.mayBe(.init(uri: "ferry:///x", size: nil)))
  }

  @Test(arguments: [
    ("SELECT replace(a, 'x', 'y') FROM t", true), ("select 1 -- insert", true), ("SELECT a INTO b FROM t", false),
    ("WITH x AS (SELECT 1) SELECT * FROM x", true), ("WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x", false),
    ("EXPLAIN DELETE FROM t", true), ("EXPLAIN ANALYZE DELETE FROM t", false), ("SHOW TABLES", true),
    ("INSERT INTO t VALUES (1)", false), ("CALL p()", false), ("SET a = 1", true), ("VALUES (1)", true),
  ])
  func statementsThatOnlyRead(sql: String, reads: Bool) {
    #expect(StatementEffect(sql, SQLite.dialect).onlyReads == reads)
  }

  @Test func definitionsCommitWhereTheyDo() {
    var mysql = Dialect()
    mysql.definitionsCommit = true
    let definitions = ["CREATE TABLE a (i int)", "truncate t", "ALTER TABLE a ADD b int", "LOCK TABLES t WRITE"]
    for sql in definitions {
      #expect(StatementEffect(sql, mysql).commits && !StatementEffect(sql, SQLite.dialect).commits, "\(sql)")
    }
    for sql in ["CREATE TEMPORARY TABLE a (i int)", "DROP TEMPORARY TABLE a", "INSERT INTO t VALUES (1)", "ROLLBACK"] {
      #expect(!StatementEffect(sql, mysql).commits, "\(sql)")
    }
    #expect(StatementEffect("COMMIT", SQLite.dialect).commits && StatementEffect("CALL p()", mysql).mayCommitInside)
  }
}
