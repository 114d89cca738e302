import FerryTesting
import Records
import SQL
import Testing

@testable import MySQL

/// What the servers would store as something else without an error.
@Suite(.serialized) struct SilentChangeTests {
  let connection: MySQLConnection

  init() throws { connection = try Server.connect() }

  private func load(_ type: String, _ column: Column, _ mode: String = "") throws -> String? {
    try connection.create("silent", "v \(type)")
    _ = try connection.load("silent", RecordBatch([("v", column)]))
    return try connection.value("SELECT hex(v) FROM silent")
  }

  @Test(arguments: ["a", "b c", "é", "1", "x,y"]) func membersAreLoaded(text: String) throws {
    let hex = text.utf8.map { String(format16: $0) }.joined()
    #expect(try load("ENUM('a','b c','é','1','x,y') COLLATE utf8mb4_bin", .texts([text])) == hex)
  }

  /// A number with blanks or a sign would be a position; the collation would take other letters.
  @Test(arguments: [" 1", "+1", "1", "-0", "01", "B", "b ", "١", "", "e\u{301}", "A\\"])
  func otherTextsAreNoMembers(text: String) throws {
    for type in ["ENUM('a','b','é')", "SET('a','b','é')"] where !(text.isEmpty && type.hasPrefix("SET")) {
      let failure = try failure { _ = try load(type, .texts([text])) }
      #expect(failure.category == .data && failure.message.contains("none of the column's members"), "\(failure)")
      #expect(failure.message.hasPrefix("row 1, column 'v'"), "\(failure)")
    }
  }

  /// Names of members hold whatever a string holds.
  @Test func membersMayHoldAnything() throws {
    let names = ["it's", "back\\slash", "two\nlines", "quote\"", "b\u{301}c", "(x)", "a,b"]
    let list = names.map(Literal.text).joined(separator: ",")
    try connection.create("silent", "id INT, v ENUM(\(names.map(quoted).joined(separator: ",")))")
    _ = try connection.load(
      "silent", RecordBatch([("id", .make(.int32, (0..<7).map { Int32($0) })), ("v", .texts(names))]))
    #expect(try connection.value("SELECT count(DISTINCT v) FROM silent WHERE v IN (\(list))") == "7")
  }

  private func quoted(_ text: String) -> String {
    "'" + text.flatMap { $0 == "'" || $0 == "\\" ? ["\\", $0] : [$0] } + "'"
  }

  @Test func setsAreListsOfMembers() throws {
    #expect(try load("SET('a','b','c')", .texts(["c,a"])) == "612C63")
    let failure = try failure { _ = try load("SET('a','b','c')", .texts(["a,B"])) }
    #expect(failure.category == .data)
  }

  @Test func fixedBytesAreNotFilledUp() throws {
    #expect(try load("BINARY(4)", .texts(["\u{1}ab\0"])) == "01616200")
    for text in ["a", "", "abc", "abcde"] {
      let failure = try failure { _ = try viaTable("BINARY(4)", text) }
      #expect(failure.category == .data && failure.message.contains("row 1"), "\(failure)")
    }
  }

  /// Through the checks of a load.
  private func viaTable(_ type: String, _ text: String) throws {
    try connection.create("silent", "v \(type)")
    let target = try #require(try connection.describe(TableName(["silent"])).columns.first?.target)
    _ = try Coercion(from: .text, to: target, name: "v").apply(.texts([text]), firstRow: 1)
  }

  /// A JSON column of MariaDB is a text that is checked: what is no JSON becomes JSON.
  @Test func valuesBecomeJSON() throws {
    try connection.create("silent", "v JSON")
    let target = try #require(try connection.describe(TableName(["silent"])).columns.first?.target)
    #expect(target.type == .json)
    let date = try Coercion(from: .date, to: target, name: "v").apply(.make(.date, [Int32(0)]), firstRow: 1)
    _ = try connection.load("silent", RecordBatch([("v", date)]))
    #expect(try connection.value("SELECT v FROM silent") == "\"1970-01-01\"")
  }

  @Test func tablesOfOtherNamesAreNamed() throws {
    try connection.create("silent", "v INT")
    let failure = try failure { _ = try connection.describe(TableName(["silnt"])) }
    #expect(failure.category == .schema && failure.hint == "Did you mean 'silent'?", "\(failure)")
  }

  // MARK: the session's zone

  private static let instants: [Int64?] = [1_704_078_000_000_000, nil, 1_719_792_000_123_456]

  /// TIMESTAMP is the same instant in whatever zone the session shows it.
  @Test(arguments: ["+00:00", "+09:00", "-03:30", "+12:59"]) func timestampsAreInstantsInEveryZone(zone: String) throws
  {
    let other = try Server.connect(try Server.url(parameters: "sessionVariables=time_zone='\(encoded(zone))'"))
    let column = Column.make(.timestamp(.microseconds, zoned: true), SilentChangeTests.instants)
    try other.create("silent", "id INT AUTO_INCREMENT PRIMARY KEY, v TIMESTAMP(6) NULL")
    let info = try other.describe(TableName(["silent"]))
    let bulk = try #require(try other.bulkLoad(into: info, [info.columns[1]]))
    try bulk.write(RecordBatch([("v", column)]), firstRow: 1)
    _ = try bulk.finish()
    // What a session in UTC sees.
    let seen = try connection.session.texts("SELECT v FROM silent ORDER BY id")
    #expect(seen == [["2024-01-01 03:00:00.000000"], [nil], ["2024-07-01 00:00:00.123456"]])
    // What Ferry reads in a session of that zone, however it came to it.
    let fresh = try Server.connect(try Server.url(parameters: "sessionVariables=time_zone='\(encoded(zone))'"))
    #expect(try read(fresh) == SilentChangeTests.instants)
    let set = try Server.connect()
    _ = try set.query("SET time_zone = '\(zone)'", [], QueryOptions())
    #expect(try read(set) == SilentChangeTests.instants)
  }

  /// In summer time an hour comes twice: nobody can tell which.
  @Test func timestampsInZonesWithSummerTimeAreRefused() throws {
    try connection.create("silent", "id INT, v TIMESTAMP(6) NULL")
    try connection.run("INSERT INTO silent VALUES (1, '2024-01-01 03:00:00')")
    let other = try Server.connect()
    try addZone()
    _ = try other.query("SET time_zone = 'Ferry/Summer'", [], QueryOptions())
    let failure = try failure { _ = try read(other) }
    #expect(failure.category == .configuration && failure.hint?.contains("time_zone") == true, "\(failure)")
    #expect(failure.message.contains("column 'v' of row 1"))
  }

  /// The test servers come without tables of zones.
  private func addZone() throws {
    guard try connection.value("SELECT 1 FROM mysql.time_zone_name WHERE name = 'Ferry/Summer'") == nil else { return }
    try connection.run("INSERT INTO mysql.time_zone (use_leap_seconds) VALUES ('N')")
    let id = try #require(try connection.value("SELECT max(time_zone_id) FROM mysql.time_zone"))
    try connection.run("INSERT INTO mysql.time_zone_name (name, time_zone_id) VALUES ('Ferry/Summer', \(id))")
    try connection.run(
      """
      INSERT INTO mysql.time_zone_transition_type (time_zone_id, transition_type_id, `offset`, is_dst, abbreviation) \
      VALUES (\(id), 0, 3600, 0, 'CET'), (\(id), 1, 7200, 1, 'CEST')
      """)
    try connection.run(
      """
      INSERT INTO mysql.time_zone_transition (time_zone_id, transition_time, transition_type_id) \
      VALUES (\(id), -2147483647, 0), (\(id), 1711846800, 1), (\(id), 1729990800, 0)
      """)
  }

  private func encoded(_ zone: String) -> String { zone.replacing("+", with: "%2B") }

  private func read(_ connection: MySQLConnection) throws -> [Int64?] {
    guard case .rows(let rows) = try connection.query("SELECT v FROM silent ORDER BY id", [], QueryOptions()) else {
      return []
    }
    defer { rows.close() }
    var values: [Int64?] = []
    while let batch = try rows.next() {
      let column = batch.columns[0]
      values += (0..<batch.count).map { column.isNull($0) ? nil : column.fixed(Int64.self)[$0] }
    }
    return values
  }
}

extension String {
  fileprivate init(format16 byte: UInt8) {
    self = (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
  }
}
