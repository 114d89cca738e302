import Expression
import FerryTesting
import Records
import SQL
import Testing

@testable import PostgreSQL

/// What becomes of values in statements that run as they are written.
@Suite(.serialized) struct StatementTests {
  private let wall = DataType.timestamp(.microseconds, zoned: false)

  /// The failure of a load that must leave the table as it is.
  private func refused(
    _ session: PostgreSQLConnection, _ sql: String, _ columns: [(String, DataType, String?)],
    _ location: SourceLocation = #_sourceLocation
  ) throws -> Failure? {
    do {
      try session.load(.row(columns), sql)
      Issue.record("\(sql) is taken", sourceLocation: location)
      return nil
    } catch let failure as Failure { return failure }
  }

  @Test func whatAColumnWouldRoundIsRefused() throws {
    let session = try Server.session()
    defer { session.close() }
    try session.run(
      """
      DROP TABLE IF EXISTS s_round;
      CREATE TABLE s_round (id integer PRIMARY KEY, v timestamp(0), n numeric(10,2), m money, c varchar(3));
      INSERT INTO s_round (id) VALUES (1)
      """)
    let late = "2024-12-31T23:59:59.600000"
    let cases: [(String, [(String, DataType, String?)])] = [
      (
        "INSERT INTO s_round (id, v) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET v = EXCLUDED.v",
        [("id", .int32, "1"), ("v", wall, late)]
      ), ("UPDATE s_round SET n = ? WHERE id = ?", [("n", .numeric, "1.005"), ("id", .int32, "1")]),
      ("UPDATE s_round AS r SET n = ?::numeric WHERE r.id = 1", [("n", .float64, "1.005")]),
      ("UPDATE s_round SET n = n + ?", [("n", .numeric, "0.001")]),
      ("UPDATE s_round SET n = coalesce(?, n)", [("n", .float64, "1.005")]),
      ("UPDATE s_round SET n = s.x FROM (SELECT ?::numeric AS x) s", [("x", .numeric, "1e-30")]),
      ("WITH s AS (SELECT ?::timestamp AS x) INSERT INTO s_round (id, v) SELECT 2, x FROM s", [("x", wall, late)]),
      ("UPDATE s_round SET m = ?", [("m", .text, "1,5")]), ("UPDATE s_round SET c = ?", [("c", .text, "abc ")]),
      ("INSERT INTO s_round (id, c) SELECT ?, ? UNION ALL SELECT 8, 'x'", [("id", .int32, "7"), ("c", .text, "abc ")]),
      ("DELETE FROM s_round WHERE id = ?", [("id", .float64, "1.4")]),
    ]
    for (sql, columns) in cases {
      let failure = try refused(session, sql, columns)
      #expect(
        failure?.category == .data && failure?.message.contains("row 1") == true,
        "\(sql): \(String(describing: failure))")
    }
    #expect(try session.texts("SELECT s_round::text FROM s_round") == ["(1,,,,)"])
  }

  /// The server rounds what an expression comes to without a word: it has to be said.
  @Test func expressionsThatTheServerWouldRoundAreRefused() throws {
    let session = try Server.session()
    defer { session.close() }
    try session.run(
      """
      DROP TABLE IF EXISTS s_cast; CREATE TABLE s_cast (i integer, n numeric(10,2), d date, v timestamp(0));
      INSERT INTO s_cast VALUES (0)
      """)
    let cases: [(String, DataType, String)] = [
      ("UPDATE s_cast SET n = ? * 1.5", .numeric, "1.05"), ("UPDATE s_cast SET i = ? * 2", .float64, "1.25"),
      ("INSERT INTO s_cast (d) VALUES (date_trunc('hour', ?))", wall, "2024-12-31T23:00:00"),
    ]
    for (sql, type, text) in cases {
      let failure = try refused(session, sql, [("v", type, text)])
      #expect(failure?.category == .schema && failure?.hint?.contains("CAST") == true, "\(String(describing: failure))")
    }
    let late = "2024-12-31T23:59:59.600000"
    let failure = try refused(session, "UPDATE s_cast SET v = ? + interval '1 day'", [("v", wall, late)])
    #expect(failure?.category == .data, "\(String(describing: failure))")
    try session.load(
      .row([("n", .numeric, "1.05"), ("i", .float64, "1.25"), ("v", wall, "2024-12-31T23:59:59")]),
      "UPDATE s_cast SET n = CAST(? * 1.5 AS numeric(10,2)), i = (? * 2)::int, v = ? + interval '1 second'")
    #expect(try session.texts("SELECT s_cast::text FROM s_cast") == ["(2,1.58,,\"2025-01-01 00:00:00\")"])
  }

  @Test func expressionsTakeValuesAsTheyAre() throws {
    let session = try Server.session()
    defer { session.close() }
    try session.run(
      "DROP TABLE IF EXISTS s_sum; CREATE TABLE s_sum (a double precision, b text, c numeric, d text, e date)")
    try session.load(
      .row([
        ("a", .float64, "1.5"), ("b", .text, "x"), ("c", .float64, "1.5"),
        ("d", .decimal(precision: 5, scale: 3), "1.250"), ("e", .date, "2024-02-29"),
      ]),
      "INSERT INTO s_sum VALUES (? + 100, upper(?), ? * 2, 'n' || ? / 2, ? + 1)")
    #expect(try session.texts("SELECT s_sum::text FROM s_sum") == ["(101.5,X,3,n0.62500000000000000000,2024-03-01)"])
    // The server's guess is right where the value fits it, or where there is no other.
    try session.load(
      .row([("b", .int64, "7"), ("e", .text, "2024-03-01"), ("d", .int64, "2")]),
      "UPDATE s_sum SET b = lpad('x', 2, 'y') || ?, e = ?::date, d = substr('abc', ?)")
    #expect(try session.texts("SELECT b || e || d FROM s_sum") == ["yx72024-03-01bc"])
  }

  @Test func numbersAreComparedExactly() throws {
    let session = try Server.session()
    defer { session.close() }
    try session.run(
      """
      DROP TABLE IF EXISTS s_where; CREATE TABLE s_where (n numeric(10,2), t timestamp(0), c char(3));
      INSERT INTO s_where VALUES (1.01, '2025-01-01', 'a')
      """)
    #expect(try session.load(.row([("n", .numeric, "1.005")]), "DELETE FROM s_where WHERE n = ?") == 0)
    #expect(
      try session.load(.row([("t", wall, "2024-12-31T23:59:59.600000")]), "DELETE FROM s_where WHERE t IN (?)") == 0)
    #expect(try session.load(.row([("c", .text, "abcdef")]), "DELETE FROM s_where WHERE c = ?") == 0)
    #expect(
      try session.load(.row([("n", .float64, "1.01"), ("c", .text, "a")]), "DELETE FROM s_where WHERE n = ? AND c = ?")
        == 1)
  }

  @Test func aTableThatMayNotBeSeenIsNamed() throws {
    let session = try Server.session()
    defer { session.close() }
    try session.run(
      """
      DROP SCHEMA IF EXISTS s_secret CASCADE; DROP ROLE IF EXISTS s_nobody; CREATE ROLE s_nobody;
      CREATE SCHEMA s_secret; CREATE TABLE s_secret.t (n integer); SET ROLE s_nobody
      """)
    let failure = try refused(session, "INSERT INTO s_secret.t (n) VALUES (?)", [("n", .int32, "1")])
    #expect(failure?.category == .auth && failure?.code == "42501", "\(String(describing: failure))")
    #expect(failure?.message.contains("permission denied for schema s_secret") == true)
    try session.run("RESET ROLE; DROP SCHEMA s_secret CASCADE; DROP ROLE s_nobody")
  }
}
