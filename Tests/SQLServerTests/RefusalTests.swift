import FerryTesting
import Records
import SQL
import Testing

@testable import SQLServer

/// What a column cannot hold exactly is refused before it is sent, in the same words over both roads; nothing is left.
@Suite(.serialized) struct RefusalTests {
  /// A value that does not fit, behind one that does.
  struct Refusal: CustomStringConvertible, Sendable {
    var column: String
    var source: DataType
    var good: String
    var bad: String
    var says: String
    var code: String

    init(_ column: String, _ source: DataType, _ good: String, _ bad: String, _ says: String, _ code: String) {
      (self.column, self.source, self.good, self.bad) = (column, source, good, bad)
      (self.says, self.code) = (says, code)
    }

    var description: String { "\(bad.prefix(60)) (\(source.name)) into \(column)" }
  }

  private static let range = "the value is out of range"
  private static let digits = "the value has more digits than the column keeps"
  private static let long = "the value is too long"
  private static func decimal(_ precision: Int, _ scale: Int) -> DataType {
    .decimal(precision: precision, scale: scale)
  }
  private static let micros = DataType.timestamp(.microseconds, zoned: false)
  private static let nanos = DataType.timestamp(.nanoseconds, zoned: false)

  static let numbers = [
    Refusal("bit", .int32, "1", "2", "neither 0 nor 1", "22000"),
    Refusal("bit", .text, "true", "maybe", "the text is not a value", "22018"),
    Refusal("tinyint", .int16, "255", "256", range, "22003"),
    Refusal("tinyint", .int16, "0", "-1", range, "22003"),
    Refusal("smallint", .int32, "-32768", "32768", range, "22003"),
    Refusal("int", .int64, "2147483647", "-2147483649", range, "22003"),
    Refusal("bigint", .uint64, "9223372036854775807", "9223372036854775808", range, "22003"),
    Refusal("int", decimal(10, 2), "7.00", "7.50", "not a whole number", "22003"),
    Refusal("int", .float64, "7.0", "7.5", "not a whole number", "22003"),
    Refusal("decimal(5,2)", decimal(10, 3), "1.250", "1.255", digits, "22003"),
    Refusal("decimal(5,2)", decimal(10, 2), "-999.99", "1000.00", range, "22003"),
    Refusal("decimal(38,38)", .numeric, "0.5", "1", range, "22003"),
    Refusal("decimal(38,0)", decimal(76, 0), "7", "1" + String(repeating: "0", count: 38), range, "22003"),
    Refusal("decimal(20,0)", .numeric, "18446744073709551615", "NaN", "NaN or infinite", "22003"),
    Refusal("money", decimal(19, 4), "922337203685477.5807", "922337203685477.5808", range, "22003"),
    Refusal("money", decimal(19, 5), "0.00010", "0.00001", digits, "22003"),
    Refusal("smallmoney", decimal(19, 4), "-214748.3648", "-214748.3649", range, "22003"),
    Refusal("real", .float64, "0.1", "0.10000000001", digits, "22003"),
    Refusal("real", .float64, "0.5", "1e+300", range, "22003"),
    Refusal("float", .float64, "0.1", "NaN", "NaN or infinite", "22003"),
    Refusal("float", .float64, "0.1", "-Infinity", "NaN or infinite", "22003"),
    Refusal("real", .float32, "0.1", "Infinity", "NaN or infinite", "22003"),
    Refusal("float", .int64, "9007199254740992", "9007199254740993", digits, "22003"),
  ]

  static let texts = [
    Refusal("varchar(3)", .text, "äöü", "abcd", long, "22001"),
    Refusal("char(3)", .text, "abc", "abc ", long, "22001"),
    Refusal("varchar(9)", .text, "€", "日", "code page 1252 lacks, U+65E5", "22021"),
    Refusal("varchar(max)", .text, "€", "a😀", "code page 1252 lacks, U+1F600", "22021"),
    Refusal("text", .text, "€", "ℤ", "code page 1252 lacks, U+2124", "22021"),
    Refusal("varchar(9) collate Cyrillic_General_CI_AS", .text, "Ж", "é", "code page 1251 lacks, U+00E9", "22021"),
    Refusal("varchar(3) collate Japanese_CI_AS", .text, "日a", "日本", "too long in code page 932", "22001"),
    Refusal("varchar(3) collate Japanese_CI_AS", .text, "日a", "abcd", long, "22001"),
    Refusal("varchar(3) collate Latin1_General_100_CI_AS_SC_UTF8", .text, "漢", "漢a", long, "22001"),
    Refusal("nvarchar(3)", .text, "漢😀", "😀😀", long, "22001"),
    Refusal("nchar(3)", .text, "漢", "abcd", long, "22001"),
    Refusal("nvarchar(3)", .json, "{}", "[1,2]", long, "22001"),
    Refusal("varbinary(2)", .bytes, "0102", "010203", long, "22001"),
    Refusal("binary(2)", .bytes, "0102", "010203", long, "22001"),
    Refusal("binary(2)", .bytes, "0102", "01", "the value is too short", "22000"),
    Refusal("binary(2)", .bytes, "0102", "", "the value is too short", "22000"),
    Refusal("uniqueidentifier", .text, "123e4567-e89b-12d3-a456-426655440000", "123e4567", "not a value", "22018"),
    Refusal(
      "uniqueidentifier", .bytes, "123e4567e89b12d3a456426655440000", "00", "the value is not 16 bytes long", "22000"),
  ]

  static let times = [
    Refusal("date", .date, "0001-01-01", "0000-12-31", range, "22003"),
    Refusal("date", .date, "9999-12-31", "10000-01-01", range, "22003"),
    Refusal("date", micros, "2024-02-29T00:00:00", "2024-02-29T00:00:01", "a time of day", "22008"),
    Refusal("datetime", micros, "1753-01-01T00:00:00", "1752-12-31T23:59:59", range, "22003"),
    Refusal("datetime", micros, "2004-10-19T10:23:54.003", "2004-10-19T10:23:54.001", "1/300 s", "22003"),
    Refusal("datetime", micros, "2004-10-19T10:23:54.003", "2004-10-19T10:23:54.0031", digits, "22003"),
    Refusal("smalldatetime", micros, "1900-01-01T00:00:00", "1899-12-31T23:59:00", range, "22003"),
    Refusal("smalldatetime", micros, "2079-06-06T23:59:00", "2079-06-07T00:00:00", range, "22003"),
    Refusal("smalldatetime", micros, "2004-10-19T10:23:00", "2004-10-19T10:23:01", digits, "22003"),
    Refusal("datetime2(0)", micros, "2004-10-19T10:23:54", "2004-10-19T10:23:54.5", digits, "22003"),
    Refusal("datetime2(3)", micros, "2004-10-19T10:23:54.123", "2004-10-19T10:23:54.1234", digits, "22003"),
    Refusal("datetime2(6)", nanos, "2004-10-19T10:23:54.123456", "2004-10-19T10:23:54.1234567", digits, "22003"),
    Refusal("datetime2(7)", nanos, "2004-10-19T10:23:54.1234567", "2004-10-19T10:23:54.12345678", digits, "22003"),
    Refusal("datetime2(7)", .text, "9999-12-31 23:59:59", "2004-10-19 10:23:54.12345678", digits, "22003"),
    Refusal("datetime2(7)", micros, "0001-01-01T00:00:00", "0000-12-31T23:59:59", range, "22003"),
    Refusal("datetime2", micros, "9999-12-31T23:59:59.999999", "10000-01-01T00:00:00", range, "22003"),
    Refusal(
      "datetimeoffset(0)", .offsetTimestamp(.microseconds), "2004-10-19T10:23:54+14:00",
      "2004-10-19T10:23:54+14:01", range, "22003"),
    Refusal(
      "datetimeoffset(7)", .offsetTimestamp(.microseconds), "9999-12-31T23:59:59+00:00",
      "10000-01-01T00:00:00+01:00", range, "22003"),
    Refusal(
      "datetimeoffset(7)", .offsetTimestamp(.microseconds), "0001-01-01T14:00:00+14:00",
      "0001-01-01T00:00:00+00:01", range, "22003"),
    Refusal("time(3)", .time(.microseconds), "23:59:59.999", "23:59:59.9999", digits, "22003"),
    Refusal("time(7)", .time(.microseconds), "23:59:59.999999", "24:00:00", range, "22003"),
    Refusal("time(7)", .time(.nanoseconds), "23:59:59.9999999", "23:59:59.99999999", digits, "22003"),
  ]

  @Test func valuesThatDoNotFit() throws {
    let database = try TypeDatabase()
    let connection = try database.connect()
    defer { connection.close() }
    for (number, refusal) in (RefusalTests.numbers + RefusalTests.texts + RefusalTests.times).enumerated() {
      do { try check(refusal, "r\(number)", connection) } catch { Issue.record("\(refusal): \(error)") }
    }
  }

  private func check(_ refusal: Refusal, _ table: String, _ connection: SQLServerConnection) throws {
    try connection.native.run("CREATE TABLE \(table) (id int, v \(refusal.column), c int)")
    let bulk = "INSERT INTO \(table) (id, v) VALUES (?, ?)"
    let written = "INSERT INTO \(table) (id, v, c) VALUES (?, ?, 1 + 0)"
    let update = "UPDATE \(table) SET v = ? WHERE id = ?"
    let both = try batch([refusal.good, refusal.bad], refusal.source)
    let turned = RecordBatch([("v", both.columns[1]), ("id", both.columns[0])])
    for (sql, rows) in [(bulk, both), (written, both), (update, turned)] {
      let failure = try FerryTesting.failure { try connection.load(rows, sql) }
      #expect(failure.category == .data, "\(refusal) by \(sql): \(failure)")
      #expect(failure.message.hasPrefix("row 2, column 'v': "), "\(refusal) by \(sql): \(failure)")
      #expect(failure.message.contains(refusal.says), "\(refusal) by \(sql): \(failure)")
      #expect(failure.code == refusal.code, "\(refusal) by \(sql): \(failure)")
      let native = String(refusal.column.split(separator: " ")[0])
      let types = refusal.source.name == native ? "(" : "into \(native)"
      #expect(failure.message.contains(types), "\(refusal) by \(sql): \(failure)")
      #expect(!failure.message.contains(refusal.bad) || refusal.bad.count < 4, "\(refusal) by \(sql): \(failure)")
    }
    #expect(try connection.all("SELECT * FROM \(table)").count == 0, "\(refusal)")
    // What stands in front of it is taken.
    for sql in [bulk, written] { #expect(try connection.load(batch([refusal.good], refusal.source), sql) == 1) }
  }

  private func batch(_ texts: [String?], _ type: DataType) throws -> RecordBatch {
    let ids = texts.indices.map { "\($0)" }
    return RecordBatch([("id", try Samples.column(.int64, ids)), ("v", try Samples.column(type, texts))])
  }

  // MARK: NULL, and columns that are not given

  /// The library would end the process for some of these.
  @Test func nothingForColumnsThatTakeNone() throws {
    let database = try TypeDatabase()
    let connection = try database.connect()
    defer { connection.close() }
    let columns: [(String, DataType)] = [
      ("bit", .bool), ("tinyint", .int32), ("int", .int32), ("bigint", .int64), ("real", .float32), ("float", .float64),
      ("money", RefusalTests.decimal(9, 2)), ("smallmoney", RefusalTests.decimal(9, 2)),
      ("decimal(9,2)", RefusalTests.decimal(9, 2)), ("date", .date), ("time(3)", .time(.microseconds)),
      ("datetime", RefusalTests.micros), ("smalldatetime", RefusalTests.micros), ("datetime2(3)", RefusalTests.micros),
      ("datetimeoffset(3)", .offsetTimestamp(.microseconds)), ("uniqueidentifier", .uuid), ("varchar(9)", .text),
      ("nchar(9)", .text), ("nvarchar(max)", .text), ("varbinary(9)", .bytes), ("xml", .text), ("sql_variant", .text),
    ]
    for (number, (type, source)) in columns.enumerated() {
      let table = "n\(number)"
      try connection.native.run("CREATE TABLE \(table) (id int, v \(type) NOT NULL, c int)")
      let rows = try batch([nil], source)
      for sql in [
        "INSERT INTO \(table) (id, v) VALUES (?, ?)", "INSERT INTO \(table) (id, v, c) VALUES (?, ?, 1 + 0)",
      ] {
        let failure = try FerryTesting.failure { try connection.load(rows, sql) }
        #expect(failure.category == .data && failure.code == "23502", "\(type) by \(sql): \(failure)")
        #expect(failure.message.contains("row 1") && failure.message.contains("'v'"), "\(type) by \(sql): \(failure)")
      }
      // Left out, it is as if it were NULL.
      let left = try FerryTesting.failure {
        try connection.load(RecordBatch([("id", rows.columns[0])]), "INSERT INTO \(table) (id) VALUES (?)")
      }
      #expect(left.code == "23502", "\(type): \(left)")
      #expect(try connection.all("SELECT id FROM \(table)").count == 0, "\(type)")
    }
  }

  @Test func columnsThatTakeNoValues() throws {
    let database = try TypeDatabase()
    let connection = try database.connect()
    defer { connection.close() }
    try connection.native.run(
      "CREATE TABLE own (id int IDENTITY(5, 2) NOT NULL, a int, twice AS a * 2, version rowversion, z varchar(9))")
    let one = try Samples.column(.int64, ["1"])
    for (name, number, hint) in [("id", 544, true), ("twice", 271, false), ("version", 273, false)] {
      for sql in [
        "INSERT INTO own (a, \(name)) VALUES (?, ?)", "INSERT INTO own (a, \(name), z) VALUES (?, ?, UPPER('x'))",
      ] {
        let failure = try FerryTesting.failure { try connection.load(RecordBatch([("a", one), (name, one)]), sql) }
        #expect(failure.category == .schema && failure.message.contains("(error \(number))"), "\(sql): \(failure)")
        #expect(failure.hint?.contains("keepIdentity: true") ?? false == hint, "\(sql): \(failure)")
      }
      let failure = try FerryTesting.failure {
        try connection.load(RecordBatch([("a", one), (name, one)]), table: "own", ["a", name])
      }
      #expect(failure.category == .schema && failure.message.contains("'\(name)'"), "\(name): \(failure)")
    }
    // Around them, both roads fill the others.
    let rows = RecordBatch([
      ("a", try Samples.column(.int64, ["7", nil])), ("z", try Samples.column(.text, ["x", ""])),
    ])
    let info = try connection.describe(TableName(["own"]))
    #expect(try connection.bulkLoad(into: info, [info.columns[1], info.columns[4]]) != nil)
    #expect(try connection.load(rows, "INSERT INTO own (a, z) VALUES (?, ?)") == 2)
    #expect(try connection.load(rows, "INSERT INTO own (a, z) SELECT ?, ?") == 2)
    let found = try connection.all("SELECT a, twice, z FROM own ORDER BY id").columns.map(Samples.texts)
    #expect(found == [["7", nil, "7", nil], ["14", nil, "14", nil], ["x", "", "x", ""]])
    #expect(try connection.all("SELECT version FROM own WHERE version IS NOT NULL").count == 4)
    // Values for the identity, where the flow wants them.
    let keeping = try database.connect { $0.keepIdentity = true }
    defer { keeping.close() }
    let given = RecordBatch([
      ("id", try Samples.column(.int64, ["100", "42"])), ("a", try Samples.column(.int64, ["1", "2"])),
    ])
    #expect(try keeping.load(given, "INSERT INTO own (id, a) VALUES (?, ?)") == 2)
    let more = RecordBatch([("id", try Samples.column(.int64, ["101"])), ("a", one)])
    #expect(try keeping.load(more, "INSERT INTO own (id, a, z) VALUES (?, ?, UPPER('x'))") == 1)
    let ids = try connection.all("SELECT id FROM own WHERE id > 41 ORDER BY id").columns.map(Samples.texts)
    #expect(ids == [["42", "100", "101"]])
  }
}
