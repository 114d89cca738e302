import Engine
import Expression
import FerryTesting
import Records
import SQL
import SQLite
import Testing

/// Query with several statements, as Kestra ran them until 2025, and what only its flows rely on.
@Suite struct SeveralStatementsTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func query(_ sql: String, _ more: ValueMap = [:]) throws -> ValueMap {
    var properties: ValueMap = ["url": .string("jdbc:sqlite:\(folder.path)/test.db"), "sql": .string(sql)]
    for (name, value) in more { properties[name] = value }
    return try SQLQuery<SQLite>.runAlone(properties, storage: folder.path + "/storage").outputs
  }

  private func values() throws -> Value? { try query("SELECT a FROM t ORDER BY a", ["fetchType": "FETCH"])["rows"] }

  @Test func allRunAndTheFirstRowsAreTheOutputs() throws {
    let outputs = try query(
      """
      CREATE TABLE IF NOT EXISTS t (a INT); -- a comment; with a semicolon
      INSERT INTO t VALUES (1), (2);
      SELECT a FROM t ORDER BY a DESC;
      SELECT 'second' AS b;
      INSERT INTO t SELECT :n;
      """, ["fetchType": "FETCH", "parameters": ["n": 3]])
    #expect(outputs["rows"] == [["a": 2], ["a": 1]] && outputs["size"] == 2 && outputs["updateCount"] == nil)
    #expect(try values() == [["a": 1], ["a": 2], ["a": 3]])
    #expect(try query("UPDATE t SET a = a; DELETE FROM t WHERE a = 3", ["fetchType": "STORE"])["updateCount"] == 4)
    #expect(try query("DELETE FROM t; SELECT count(*) AS n FROM t", ["fetchOne": true])["row"] == ["n": 0])
  }

  @Test func theyAreOneTransaction() throws {
    _ = try query("CREATE TABLE t (a INT NOT NULL)")
    #expect(throws: Failure.self) { try query("INSERT INTO t VALUES (1); INSERT INTO t VALUES (NULL)") }
    #expect(try values() == [])
    #expect(throws: Failure.self) {
      try query("BEGIN; INSERT INTO t VALUES (2); COMMIT; INSERT INTO t VALUES (NULL)")
    }
    #expect(try values() == [["a": 2]])
    #expect(throws: Failure.self) { try query("SELECT 1; SELECT 2", ["afterSQL": "SELECT 1; SELECT 2"]) }
    _ = try query("INSERT INTO t VALUES (3); INSERT INTO t VALUES (4)", ["afterSQL": "DELETE FROM t WHERE a = 3"])
    #expect(try values() == [["a": 2], ["a": 4]])
  }

  /// A database in memory, as in Kestra.
  @Test func sqliteNeedsNoURL() throws {
    let outputs = try SQLQuery<SQLite>.runAlone(
      ["sql": "CREATE TABLE t (a INT); INSERT INTO t VALUES (7); SELECT a FROM t", "fetchType": "FETCH_ONE"],
      storage: folder.path + "/storage"
    ).outputs
    #expect(outputs["row"] == ["a": 7])
  }

  @Test func sqlitesWallClocksAreInstantsOfTheZone() throws {
    let sql = """
      CREATE TABLE d (a DATETIME, b TIMESTAMP, c DATE, d TIME, e TEXT);
      INSERT INTO d VALUES ('2023-10-30 22:59:57.150150', '2023-07-01T12:00:00', '2023-10-30', '04:05:30', 'x');
      SELECT * FROM d; DROP TABLE d
      """
    func row(_ more: ValueMap) throws -> Value? {
      var more = more
      more["fetchType"] = "FETCH_ONE"
      return try query(sql, more)["row"]
    }
    #expect(
      try row(["timeZoneId": "Europe/Paris", "rowFormat": "KESTRA"]) == [
        "a": "2023-10-30T21:59:57.150150Z", "b": "2023-07-01T10:00:00Z", "c": "2023-10-30", "d": "04:05:30", "e": "x",
      ])
    #expect(try row(["timeZoneId": "Europe/Paris"])?.map?["b"] == "2023-07-01T12:00:00")
  }
}
