import Expression
import FerryTesting
import Records
import SQL
import Testing

@testable import MySQL

/// What becomes of values in statements that run as they are written.
@Suite(.serialized) struct StatementTests {
  private let wall = DataType.timestamp(.microseconds, zoned: false)

  private func create(_ connection: MySQLConnection) throws {
    try connection.create(
      "s_kept",
      """
      id int primary key, i int, d date, t datetime, c decimal(10,2), s varchar(40), f double, y year,
      e enum('a','b'), z timestamp(6) null
      """
    )
    try connection.run("INSERT INTO s_kept (id) VALUES (1)")
  }

  /// The whole table as text.
  private func rows(_ connection: MySQLConnection) throws -> [String] {
    let columns = "id, i, d, t, c, s, f, y, e, z".split(separator: ", ").map { "IFNULL(\($0), '-')" }
    return try connection.session.texts(
      "SELECT CONCAT_WS(' ', \(columns.joined(separator: ", "))) FROM s_kept ORDER BY id"
    )
    .compactMap { $0[0] }
  }

  @Test func whatAColumnWouldChangeIsRefused() throws {
    let connection = try Server.connect()
    defer { connection.close() }
    try create(connection)
    let late = "2024-12-31T23:59:59.600000"
    let cases: [(String, DataType, String)] = [
      ("UPDATE s_kept SET i = ?", .float64, "1.5"), ("UPDATE s_kept SET d = ?", wall, late),
      ("UPDATE s_kept x SET x.t = ?", wall, late),
      ("UPDATE s_kept SET c = ? WHERE id = 1", .numeric, "1.005"),
      ("UPDATE s_kept SET f = ?", .int64, "9007199254740993"),
      ("UPDATE s_kept SET y = ?", .int32, "12"), ("UPDATE s_kept SET e = ?", .int32, "1"),
      ("UPDATE s_kept SET i = ?", .date, "2024-02-29"),
      ("INSERT INTO s_kept (id, i) SELECT 2, ?", .float64, "99999999.99"),
      ("UPDATE s_kept SET i = i + ?", .float64, "0.5"),
      ("INSERT INTO s_kept (id) VALUES (1) ON DUPLICATE KEY UPDATE y = ?", .int32, "12"),
      ("INSERT INTO s_kept (id, e) VALUES (1, ?) ON DUPLICATE KEY UPDATE e = VALUES(e)", .text, "0"),
      ("UPDATE s_kept SET i = CAST(? AS SIGNED)", .float64, "1.5"),
      ("REPLACE INTO s_kept SET id = 1, c = ?", .float64, "1.005"),
      // Expressions: what the server makes of the value does not fit.
      ("UPDATE s_kept SET i = ? * 2", .float64, "1.25"), ("UPDATE s_kept SET c = ? * 1", .numeric, "1.005"),
      ("UPDATE s_kept SET t = DATE_ADD(?, INTERVAL 1 DAY)", wall, late),
      ("UPDATE s_kept SET f = ? * 1", .numeric, "1" + String(repeating: "0", count: 99)),
      ("UPDATE s_kept SET d = TIMESTAMP(?)", wall, late),
      ("UPDATE s_kept SET s = concat(?, repeat(' ', 40))", .text, "abc"),
    ]
    for (sql, type, text) in cases {
      do {
        try connection.load(.row([("v", type, text)]), sql)
        Issue.record("\(sql): \(text) is taken: \(try rows(connection))")
      } catch let failure as Failure {
        #expect(
          failure.category == .data && failure.message.contains("row 1") || failure.category == .schema,
          "\(sql): \(failure)")
      }
      #expect(try rows(connection) == ["1 - - - - - - - - -"], "\(sql)")
    }
  }

  @Test func valuesComeAsInEveryOtherLoad() throws {
    let connection = try Server.connect()
    defer { connection.close() }
    try create(connection)
    try connection.load(
      .row([
        ("s", wall, "2024-12-31T23:59:59.654321"), ("i", .bool, "true"), ("f", .numeric, "0.1"),
        ("z", wall, "2024-06-01T12:00:00"),
      ]),
      "UPDATE s_kept SET s = ?, i = ?, f = ?, z = ? WHERE id = 1", timeZone: "Europe/Paris")
    #expect(try rows(connection) == ["1 1 - - - 2024-12-31T23:59:59.654321 0.1 - - 2024-06-01 10:00:00.000000"])
    try connection.load(
      .row([("s", .bool, "true"), ("z", wall, "2024-06-01T12:00:00")]),
      "INSERT INTO s_kept (id, s, z) SELECT 2, ?, DATE_ADD(?, INTERVAL 1 DAY)", timeZone: "Europe/Paris")
    #expect(try rows(connection).last == "2 - - - - true - - - 2024-06-02 10:00:00.000000")
    try connection.load(
      .row([
        ("c", .decimal(precision: 5, scale: 2), "1.25"), ("s", .text, "x"), ("t", .time(.microseconds), "01:02:03"),
      ]),
      "UPDATE s_kept SET c = ? * 2, s = concat(upper(?), ?), i = NULL, f = NULL, z = NULL")
    #expect(try rows(connection) == ["1 - - - 2.50 X01:02:03 - - - -", "2 - - - 2.50 X01:02:03 - - - -"])
  }

  @Test func nothingElseIsFound() throws {
    let connection = try Server.connect()
    defer { connection.close() }
    try connection.create("s_found", "b bigint, y year, t datetime, c decimal(10,2), s varchar(9)")
    try connection.run("INSERT INTO s_found VALUES (9007199254740993, 2012, '2025-01-01', 1.01, '1abc')")
    func count(_ sql: String, _ type: DataType, _ text: String) throws -> Int64 {
      try connection.load(.row([("v", type, text)]), sql, commits: false)
    }
    #expect(try count("DELETE FROM s_found WHERE b = ?", .float64, "9007199254740992.0") == 0)
    #expect(try count("DELETE FROM s_found WHERE b = ?", .decimal(precision: 20, scale: 2), "9007199254740993.00") == 1)
    #expect(try count("DELETE FROM s_found WHERE s = ?", .int32, "1") == 0)
    #expect(try count("DELETE FROM s_found WHERE c = ?", .float64, "1.005") == 0)
    #expect(try count("DELETE FROM s_found WHERE t IN (?, NULL)", wall, "2024-12-31T23:59:59.600000") == 0)
    #expect(throws: Failure.self) { try count("DELETE FROM s_found WHERE y = ?", .int32, "12") }
    #expect(try count("DELETE FROM s_found WHERE y = ?", .int32, "2012") == 1)
  }

  @Test func proceduresTakeWhatTheirArgumentsTake() throws {
    let connection = try Server.connect()
    defer { connection.close() }
    try create(connection)
    try connection.run("DROP PROCEDURE IF EXISTS s_call")
    try connection.run("CREATE PROCEDURE s_call(a decimal(10,2), b date) UPDATE s_kept SET c = a, d = b")
    #expect(throws: Failure.self) {
      try connection.load(.row([("a", .numeric, "1.005"), ("b", .date, "2024-02-29")]), "CALL s_call(?, ?)")
    }
    try connection.load(.row([("a", .numeric, "1.50"), ("b", .text, "2024-02-29")]), "CALL s_call(?, ?)")
    #expect(try rows(connection) == ["1 - 2024-02-29 - 1.50 - - - - -"])
    try connection.run("DROP PROCEDURE s_call")
  }
}
