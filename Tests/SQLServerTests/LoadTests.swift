import Expression
import FerryTesting
import Records
import SQL
import Testing

@testable import SQLServer

/// Values of one type into columns of another, and what the client library would change on the way without a word.
@Suite(.serialized) struct LoadTests {
  private let database: TypeDatabase
  private let connection: SQLServerConnection

  init() throws {
    database = try TypeDatabase()
    connection = try database.connect()
  }

  private func texts(_ sql: String) throws -> [[String?]] { try connection.all(sql).columns.map(Samples.texts) }

  private func numbered(_ column: Column) throws -> RecordBatch {
    RecordBatch([("id", try Samples.column(.int64, (0..<column.count).map { "\($0)" })), ("v", column)])
  }

  /// Loads over both roads; the tables' values by this expression.
  private func both(_ type: String, _ column: Column, shown: String = "v", _ table: String) throws -> [[String?]] {
    for name in ["\(table)_a", "\(table)_b"] {
      try connection.native.run("CREATE TABLE \(name) (id int, v \(type), c int)")
    }
    let rows = try numbered(column)
    let count = Int64(column.count)
    #expect(try connection.load(rows, "INSERT INTO \(table)_a (id, v) VALUES (?, ?)") == count)
    #expect(try connection.load(rows, "INSERT INTO \(table)_b (id, v, c) VALUES (?, ?, 1 + 0)") == count)
    return try ["a", "b"].map { try texts("SELECT \(shown) FROM \(table)_\($0) ORDER BY id")[0] }
  }

  // MARK: from type to type

  struct Change: Sendable {
    var source: DataType
    var texts: [String]
    var column: String
    /// As CONVERT shows them.
    var stored: [String]
    var style = 0

    init(_ source: DataType, _ texts: [String], _ column: String, _ stored: [String]? = nil, style: Int = 0) {
      (self.source, self.texts, self.column) = (source, texts, column)
      (self.stored, self.style) = (stored ?? texts, style)
    }
  }

  private static let micros = DataType.timestamp(.microseconds, zoned: false)
  private static let instants = DataType.timestamp(.microseconds, zoned: true)
  private static let guid = "123e4567-e89b-12d3-a456-426655440000"
  static let changes = [
    Change(.bool, ["true", "false"], "bit", ["1", "0"]),
    Change(.bool, ["true", "false"], "int", ["1", "0"]),
    Change(.int64, ["1", "0"], "bit"),
    Change(.text, ["1", "true", "false"], "bit", ["1", "1", "0"]),
    Change(.uint64, ["18446744073709551615", "0"], "decimal(20,0)"),
    Change(.uint64, ["9223372036854775807"], "bigint"),
    Change(.uint8, ["255"], "tinyint"),
    Change(.int8, ["-128", "127"], "smallint"),
    Change(.uint32, ["4294967295"], "bigint"),
    Change(.int64, ["-7"], "money", ["-7.0000"], style: 2),
    Change(.decimal(precision: 38, scale: 10), ["-1.2500000000"], "money", ["-1.2500"], style: 2),
    Change(.numeric, ["12.5", "-0.0001"], "decimal(12,4)", ["12.5000", "-0.0001"]),
    Change(.numeric, ["922337203685477.5807"], "money", style: 2),
    Change(.float64, ["0.1", "-2.0"], "decimal(9,3)", ["0.100", "-2.000"]),
    Change(.text, ["1.50", "-3"], "decimal(9,3)", ["1.500", "-3.000"]),
    Change(.text, ["9007199254740993"], "bigint"),
    Change(.uuid, [guid], "uniqueidentifier", [guid.uppercased()]),
    Change(.uuid, [guid], "nvarchar(36)"),
    Change(.uuid, [guid], "varchar(36)"),
    Change(.uuid, [guid], "binary(16)", ["123E4567E89B12D3A456426655440000"], style: 2),
    Change(.text, [guid, guid.uppercased()], "uniqueidentifier", [guid.uppercased(), guid.uppercased()]),
    Change(.bytes, ["123e4567e89b12d3a456426655440000"], "uniqueidentifier", [guid.uppercased()]),
    Change(.json, ["{\"a\": [1, 2.50, \"ü😀\"]}", "\"text\"", "[]"], "nvarchar(max)"),
    Change(.list(.int32), ["[1,null,3]", "[]"], "nvarchar(max)"),
    Change(.json, ["{}"], "varchar(max)"),
    Change(
      .date, ["0001-01-01", "9999-12-31"], "datetime2(7)",
      [
        "0001-01-01 00:00:00.0000000", "9999-12-31 00:00:00.0000000",
      ], style: 121),
    Change(.date, ["1753-01-01"], "datetime", ["1753-01-01 00:00:00.000"], style: 121),
    Change(.date, ["2024-02-29"], "nvarchar(10)"),
    // Microseconds reach every year of a column with seven digits, whatever unit is read.
    Change(
      micros, ["0001-01-01T00:00:00", "9999-12-31T23:59:59.999999"], "datetime2",
      [
        "0001-01-01 00:00:00.0000000", "9999-12-31 23:59:59.9999990",
      ], style: 121),
    Change(
      .text, ["9999-12-31 00:00:00", "0001-01-01T00:00:00"], "datetime2(7)",
      [
        "9999-12-31 00:00:00.0000000", "0001-01-01 00:00:00.0000000",
      ], style: 121),
    Change(
      .text, ["2004-10-19 10:23:54.1234567", "1700-01-01 00:00:00"], "datetime2(7)",
      [
        "2004-10-19 10:23:54.1234567", "1700-01-01 00:00:00.0000000",
      ], style: 121),
    Change(
      .text, ["2004-10-19 10:23:54.1234567 +05:30"], "datetimeoffset(7)",
      [
        "2004-10-19 10:23:54.1234567 +05:30"
      ], style: 121),
    Change(.text, ["10:23:54.1234567"], "time(7)", style: 121),
    Change(instants, ["2024-06-01T12:00:00Z"], "datetimeoffset(0)", ["2024-06-01 12:00:00 +00:00"], style: 121),
    Change(instants, ["9999-12-31T23:59:59Z"], "datetimeoffset", ["9999-12-31 23:59:59.0000000 +00:00"], style: 121),
    Change(instants, ["2024-06-01T12:00:00Z"], "datetime2(0)", ["2024-06-01 12:00:00"], style: 121),
    Change(micros, ["2024-06-01T12:00:00"], "datetimeoffset(0)", ["2024-06-01 12:00:00 +00:00"], style: 121),
    Change(
      .offsetTimestamp(.microseconds), ["2024-06-01T14:00:00+02:00"], "datetime2(0)", ["2024-06-01 12:00:00"],
      style: 121),
    Change(
      .timestamp(.nanoseconds, zoned: false), ["2024-06-01T12:00:00.123"], "datetime",
      [
        "2024-06-01 12:00:00.123"
      ], style: 121),
    Change(.interval, ["PT1H0.5S"], "time(1)", ["01:00:00.5"], style: 121),
    Change(.interval, ["P1DT2H"], "nvarchar(20)"),
    Change(.time(.microseconds), ["04:05:30.25"], "varchar(20)", ["04:05:30.250000"]),
    Change(.bytes, ["c3bc"], "nvarchar(3)", ["ü"]),
    Change(.text, ["ü"], "varbinary(3)", ["C3BC"], style: 2),
  ]

  @Test func changesOfType() throws {
    for (number, change) in LoadTests.changes.enumerated() {
      let what = "\(change.source.name) into \(change.column)"
      do {
        let column = try Samples.column(change.source, change.texts + [nil])
        let found = try both(change.column, column, shown: "CONVERT(nvarchar(max), v, \(change.style))", "ch\(number)")
        for road in found { #expect(road == change.stored + [nil], "\(what)") }
      } catch { Issue.record("\(what): \(error)") }
    }
  }

  @Test func variantsKeepTheirTypes() throws {
    try connection.native.run("CREATE TABLE v (n int, v sql_variant)")
    let values: [(DataType, String, String, String)] = [
      (.int32, "5", "int", "5"), (.int64, "9223372036854775807", "bigint", "9223372036854775807"),
      (.uint8, "255", "tinyint", "255"), (.bool, "true", "bit", "1"), (.float64, "0.5", "float", "0.5"),
      (.float32, "0.5", "real", "0.5"), (.decimal(precision: 9, scale: 2), "1.50", "decimal", "1.50"),
      (.numeric, "1.505", "decimal", "1.505"), (.text, "ü😀", "nvarchar", "ü😀"), (.text, "", "nvarchar", ""),
      (.date, "2024-02-29", "date", "2024-02-29"),
      (.uuid, LoadTests.guid, "uniqueidentifier", LoadTests.guid.uppercased()),
      (LoadTests.micros, "9999-12-31T00:00:00", "datetime2", "9999-12-31 00:00:00.0000000"),
      (
        .offsetTimestamp(.microseconds), "2024-02-29T12:00:00+05:30", "datetimeoffset",
        "2024-02-29 12:00:00.0000000 +05:30"
      ),
      (.bytes, "6162", "varbinary", "扡"), (.json, "{}", "nvarchar", "{}"),
    ]
    for (number, value) in values.enumerated() {
      let rows = try numbered(Samples.column(value.0, [value.1, nil]))
      let info = try connection.describe(TableName(["v"]))
      #expect(try connection.bulkLoad(into: info, info.columns) == nil)
      #expect(try connection.load(rows, "INSERT INTO v (n, v) VALUES (? + \(number * 10), ?)") == 2)
    }
    let found = try texts(
      """
      SELECT base, CASE WHEN base LIKE '%date%' THEN CONVERT(nvarchar(99), v, 121) ELSE CONVERT(nvarchar(99), v) END \
      FROM (SELECT n, v, CONVERT(nvarchar(99), SQL_VARIANT_PROPERTY(v, 'BaseType')) AS base FROM v) s ORDER BY n
      """)
    #expect(found[0] == values.flatMap { [$0.2, nil] })
    #expect(found[1] == values.flatMap { [$0.3, nil] })
  }

  @Test func variantsTakeNothingOfMax() throws {
    try connection.native.run("CREATE TABLE short_variants (id int, v sql_variant)")
    let sql = "INSERT INTO short_variants (id, v) VALUES (?, ?)"
    for (type, unit, most) in [(DataType.text, "ü", 4_000), (.bytes, "0f", 8_000)] {
      let good = try Samples.column(type, [String(repeating: unit, count: most), ""])
      #expect(try connection.load(numbered(good), sql) == 2)
      let bad = try Samples.column(type, ["", String(repeating: unit, count: most + 1)])
      let failure = try FerryTesting.failure { try connection.load(numbered(bad), sql) }
      #expect(failure.code == "22001" && failure.message.hasPrefix("row 2, column 'v': "), "\(failure)")
      #expect(failure.message.contains("(type \(type.name) into sql_variant)"), "\(failure)")
    }
    let found = try texts(
      "SELECT CONVERT(nvarchar(20), SQL_VARIANT_PROPERTY(v, 'BaseType')), DATALENGTH(v) FROM short_variants")
    #expect(found[0] == ["nvarchar", "nvarchar", "varbinary", "varbinary"] && found[1] == ["8000", "0", "8000", "0"])
  }

  // MARK: lengths

  /// Around the lengths at which the library changes the type that it sends, or cuts.
  @Test func lengths() throws {
    let lengths = [0, 1, 3_999, 4_000, 4_001, 7_999, 8_000, 8_001, 16_001, 65_535, 65_536, 70_001]
    for (number, (type, unit)) in [
      ("nvarchar(max)", "x"), ("nvarchar(max)", "漢"), ("nvarchar(max)", "😀"), ("varchar(max)", "ü"), ("ntext", "ü"),
      ("text", "x"),
    ].enumerated() {
      let column = try Samples.column(.text, lengths.map { String(repeating: unit, count: $0) })
      let found = try both(type, column, shown: "DATALENGTH(v)", "l\(number)")
      let bytes = type.hasPrefix("n") ? unit.utf16.count * 2 : 1
      for road in found { #expect(road == lengths.map { "\($0 * bytes)" }, "\(type) of \(unit)") }
      for table in ["l\(number)_a", "l\(number)_b"] {
        let back = try texts("SELECT v FROM \(table) ORDER BY id")[0]
        #expect(back == lengths.map { String(repeating: unit, count: $0) }, "\(type) of \(unit)")
      }
    }
    let hex = Array("0123456789abcdef")
    for (number, type) in ["varbinary(max)", "image"].enumerated() {
      let values = lengths.map { length in String((0..<length).map { "\(hex[$0 / 16 % 16])\(hex[$0 % 16])" }.joined()) }
      let found = try both(type, Samples.column(.bytes, values), "lb\(number)")
      for road in found { #expect(road == values, "\(type)") }
    }
    // As a parameter of a query.
    for length in lengths {
      let value = String(repeating: "ü😀", count: length / 2)
      let row = try connection.all("SELECT @p1, DATALENGTH(@p1)", [.string(value)])
      #expect(Samples.texts(row.columns[0]) == [value] && Samples.texts(row.columns[1]) == ["\(value.utf16.count * 2)"])
    }
  }

  @Test func parametersOfQueries() throws {
    let values: [Value] = [
      .null, .bool(true), .int(.min), .int(.max), .double(0.1), .double(-0.0),
      .decimal("12345678901234567890.123456789"),
      .decimal("0.\(String(repeating: "0", count: 37))1"), .string(""), .string("it's 日本 😀"), .list([.int(1), .null]),
      .map(["a": .bool(false)]),
    ]
    let list = values.indices.map { "@p\($0 + 1)" }.joined(separator: ", ")
    let row = try connection.all("SELECT \(list)", values)
    #expect(
      row.columns.map { Samples.texts($0)[0] } == [
        nil, "true", "-9223372036854775808", "9223372036854775807", "0.1", "-0.0", "12345678901234567890.123456789",
        "0.\(String(repeating: "0", count: 37))1", "", "it's 日本 😀", "[1,null]", "{\"a\":false}",
      ])
    for number in [Double.nan, .infinity] {
      let failure = try FerryTesting.failure { _ = try connection.all("SELECT @p1", [.double(number)]) }
      #expect(failure.category == .data && failure.message.contains("NaN or infinite"), "\(failure)")
    }
  }

  // MARK: empty values between others

  /// They go by another road than the rest of a bulk load: order, counts and NULLs hold.
  @Test func emptyValuesBetweenOthers() throws {
    try connection.native.run(
      "CREATE TABLE empties (place int IDENTITY, n int, a nvarchar(20), b varchar(20), c varbinary(9), d nvarchar(max))"
    )
    let count = 400
    let a = (0..<count).map { $0 % 37 == 0 ? "" : $0 % 5 == 0 ? nil : "a\($0)" }
    let b = (0..<count).map { (90...95).contains($0) ? "" : "b\($0)" }
    let c = (0..<count).map { $0 == count - 1 ? "" : $0 % 7 == 0 ? nil : "0\($0 % 10)" }
    let d = (0..<count).map { $0 == 200 ? "" : String(repeating: "d", count: $0) as String? }
    let rows = RecordBatch([
      ("n", try Samples.column(.int64, (0..<count).map { "\($0)" })), ("a", try Samples.column(.text, a)),
      ("b", try Samples.column(.text, b)), ("c", try Samples.column(.bytes, c)), ("d", try Samples.column(.text, d)),
    ])
    #expect(try connection.load(rows, "INSERT INTO empties (n, a, b, c, d) VALUES (?, ?, ?, ?, ?)") == Int64(count))
    let found = try texts("SELECT n, a, b, c FROM empties ORDER BY place")
    #expect(found[0] == (0..<count).map { "\($0)" })
    #expect(found[1] == a && found[2] == b && found[3] == c)
    // One that is refused takes all of them back.
    try connection.native.run("CREATE UNIQUE INDEX one ON empties (n)")
    try connection.native.run("DELETE FROM empties WHERE n <> 398")
    let failure = try FerryTesting.failure {
      try connection.load(rows, "INSERT INTO empties (n, a, b, c, d) VALUES (?, ?, ?, ?, ?)")
    }
    #expect(failure.category == .data && failure.code == "23505", "\(failure)")
    #expect(try texts("SELECT n FROM empties") == [["398"]])
  }

  /// The rows of a table are counted for each load: what a statement has done in between does not count.
  @Test func loadsBehindADeletion() throws {
    try connection.native.run("CREATE TABLE refilled (id int, v int)")
    let rows = try numbered(Samples.column(.int64, (0..<100).map { "\($0)" }))
    for _ in 0..<3 {
      #expect(try connection.load(rows, "INSERT INTO refilled (id, v) VALUES (?, ?)") == 100)
      try connection.execute("DELETE FROM refilled WHERE id > 2")
    }
    #expect(try texts("SELECT COUNT(*) FROM refilled") == [["9"]])
  }

  // MARK: what the statement road has to declare

  /// A parameter that is a varchar has the database's code page, whatever its column has.
  @Test func statementsOfForeignCodePages() throws {
    try connection.native.run(
      "CREATE TABLE foreign_pages (id int, v varchar(20) COLLATE Cyrillic_General_CI_AS, w nvarchar(20))")
    let rows = try numbered(Samples.column(.text, ["Жук", "", nil]))
    #expect(try connection.load(rows, "INSERT INTO foreign_pages (id, v) SELECT ?, ?") == 3)
    #expect(try connection.load(rows, "UPDATE foreign_pages SET w = ? WHERE v = ?", table: nil, ["v", "v"]) == 2)
    #expect(try texts("SELECT v, w FROM foreign_pages ORDER BY id") == [["Жук", "", nil], ["Жук", "", nil]])
    // The CAST makes text of the database's code page first.
    let cast = "UPDATE foreign_pages SET v = CAST(? AS varchar(20)) WHERE id = ?"
    let turned = RecordBatch([("v", rows.columns[1]), ("id", rows.columns[0])])
    let failure = try FerryTesting.failure { try connection.load(turned, cast) }
    #expect(failure.category == .data && failure.message.contains("lacks, U+0416"), "\(failure)")
    let plain = RecordBatch([("v", try Samples.column(.text, ["plain"])), ("id", try Samples.column(.int64, ["0"]))])
    #expect(try connection.load(plain, cast) == 1)
    let wide = RecordBatch([("v", try Samples.column(.text, ["日"])), ("id", try Samples.column(.int64, ["0"]))])
    let other = try FerryTesting.failure {
      try connection.load(wide, "UPDATE foreign_pages SET w = CAST(? AS varchar(9)) WHERE id = ?")
    }
    #expect(other.message.contains("code page 1252 lacks, U+65E5"), "\(other)")
  }

  /// What is longer or finer than a column finds nothing, and is not cut to find something.
  @Test func comparisonsKeepTheirDigits() throws {
    try connection.native.run(
      "CREATE TABLE compared (a decimal(5,2), b nvarchar(3), c varchar(3), d varbinary(2), e time(3), f datetime2(0))")
    try connection.native.run(
      "INSERT INTO compared VALUES (1.25, N'abc', 'abc', 0x0102, '10:00:00.123', '2024-02-29 10:00:00')")
    let cases: [(String, DataType, String, String)] = [
      ("a", .numeric, "1.250", "1.251"), ("a", .decimal(precision: 9, scale: 4), "1.2500", "1.2501"),
      ("a", .float64, "1.25", "1.255"), ("b", .text, "abc", "abcd"), ("c", .text, "abc", "abcd"),
      ("d", .bytes, "0102", "010203"), ("e", .time(.microseconds), "10:00:00.123", "10:00:00.1234"),
      ("f", LoadTests.micros, "2024-02-29T10:00:00", "2024-02-29T10:00:00.4"),
    ]
    for (column, type, same, other) in cases {
      let sql = "UPDATE compared SET a = a WHERE \(column) = ?"
      #expect(try connection.load(RecordBatch([("v", Samples.column(type, [same]))]), sql) == 1, "\(column)")
      #expect(try connection.load(RecordBatch([("v", Samples.column(type, [other]))]), sql) == 0, "\(column)")
    }
  }

  /// The server rounds, and makes question marks, without a word.
  @Test func expressionsThatLoseSomething() throws {
    try connection.native.run(
      "CREATE TABLE lost (v varchar(9), w nvarchar(9), d datetime2(0), e datetime2(6), f datetime)")
    func load(_ sql: String, _ type: DataType, _ text: String) throws -> Int64 {
      try connection.load(RecordBatch([("v", Samples.column(type, [text]))]), sql)
    }
    let failure = try FerryTesting.failure { _ = try load("INSERT INTO lost (v) VALUES (UPPER(?))", .text, "日") }
    #expect(failure.category == .data && failure.message.contains("code page 1252 lacks, U+65E5"), "\(failure)")
    let cast = try FerryTesting.failure {
      _ = try load("INSERT INTO lost (v) VALUES (CONVERT(varchar(9), ?))", .text, "日")
    }
    #expect(cast.category == .data && cast.message.contains("code page 1252 lacks, U+65E5"), "\(cast)")
    #expect(try load("INSERT INTO lost (v) VALUES (UPPER(?))", .text, "äé") == 1)
    #expect(try load("INSERT INTO lost (w) VALUES (UPPER(?))", .text, "日") == 1)
    let moment = "2024-06-01T12:00:00.500"
    for column in ["d", "f"] {
      let sql = "INSERT INTO lost (\(column)) VALUES (DATEADD(day, 1, ?))"
      let failure = try FerryTesting.failure { _ = try load(sql, LoadTests.micros, moment) }
      #expect(failure.category == .schema && failure.hint?.contains("CAST") == true, "\(failure)")
    }
    #expect(try load("INSERT INTO lost (e) VALUES (DATEADD(day, 1, ?))", LoadTests.micros, moment) == 1)
    #expect(
      try load("INSERT INTO lost (d) VALUES (CAST(DATEADD(day, 1, ?) AS datetime2(0)))", LoadTests.micros, moment) == 1)
    #expect(
      try texts("SELECT v, w, d, e FROM lost") == [
        ["ÄÉ", nil, nil, nil], [nil, "日", nil, nil], [nil, nil, nil, "2024-06-02T12:00:01"],
        [nil, nil, "2024-06-02T12:00:00.500000", nil],
      ])
  }

  /// A text is for the server's type to read, and bytes are as it stores them: never the bytes of the text.
  @Test func typesOfTheCLRReadTexts() throws {
    let type = DatabaseType("hierarchyid")
    #expect(type.target.takesAny)
    for (column, declaration) in [
      (try Samples.column(.text, ["/1/2/"]), "nvarchar(4000)"),
      (try Samples.column(.bytes, ["5ad6"]), "varbinary(max)"),
    ] {
      let coerced = try Coercion(from: column.type, to: type.target, name: "v").apply(column, firstRow: 1)
      let parameter = try EncodedParameter(coerced, as: type, "v", firstRow: 1)
      #expect(parameter.declaration == declaration)
      #expect(parameter.values.wire == (declaration == "nvarchar(4000)" ? .text : .bytes))
    }
  }

  /// SQL Server 2025's.
  @Test func jsonAndVectorsGoAsTexts() throws {
    for (name, record) in [("json", DataType.json), ("vector", .text)] {
      let type = DatabaseType(catalog: name, bytes: -1, precision: 0, scale: 0, codePage: CodePage.usual)
      #expect(type.target.type == record)
      let parameter = try EncodedParameter(Samples.column(record, ["[1,2]"]), as: type, "v", firstRow: 1)
      #expect(parameter.declaration == "nvarchar(max)" && parameter.values.wire == .text)
    }
  }

  /// The library counts the columns of SELECT *, which leaves out hidden ones, and sparse ones beside a column set.
  @Test func tablesThatDoNotShowAllColumnsTakeNoBulk() throws {
    let column = ColumnInfo(
      "v", DatabaseType("int").target, facts: DriverFacts(ColumnFacts(type: DatabaseType("int"), hasOwnDefault: false)))
    for showsAll in [true, false] {
      let facts = TableCatalog.Facts(hasTriggers: false, hasConstraints: false, isTable: true, showsAll: showsAll)
      let table = TableInfo(name: TableName(["t"]), columns: [column], facts: DriverFacts(facts))
      #expect((BulkPlan(table, [column], SQLServerOptions()) != nil) == showsAll)
    }
  }

  /// Names in brackets, with brackets of their own.
  @Test func namesWithBrackets() throws {
    func quote(_ name: String) -> String { connection.dialect.quote(name) }
    for (number, name) in ["a]b", "[a]", "]]", "a[b"].enumerated() {
      let table = "t\(number)\(name)"
      try connection.native.run("CREATE TABLE \(quote(table)) (\(quote(name)) int, v nvarchar(9))")
      let rows = RecordBatch([(name, try Samples.column(.int64, ["7"])), ("v", try Samples.column(.text, ["x"]))])
      #expect(try connection.load(rows, table: quote(table)) == 1)
      let list = "\(quote(name)), v"
      #expect(try connection.load(rows, "INSERT INTO \(quote(table)) (\(list)) VALUES (?, UPPER(?))") == 1)
      #expect(
        try texts("SELECT * FROM \(quote(table)) ORDER BY v COLLATE Latin1_General_BIN2") == [["7", "7"], ["X", "x"]])
    }
  }

  @Test func negativeZero() throws {
    for (number, type) in ["float", "real"].enumerated() {
      let column = try Samples.column(.float32, ["-0.0", "0.0"])
      #expect(try both(type, column, "z\(number)") == [["-0.0", "0.0"], ["-0.0", "0.0"]])
    }
  }

  @Test func malformedXMLNamesItsRow() throws {
    try connection.native.run("CREATE TABLE documents (id int, v xml)")
    let rows = try numbered(Samples.column(.text, ["<a/>", "<a>", "<b/>"]))
    let failure = try FerryTesting.failure { try connection.load(rows, "INSERT INTO documents (id, v) VALUES (?, ?)") }
    #expect(failure.category == .data && failure.message.contains("row 2"), "\(failure)")
    #expect(try texts("SELECT id FROM documents") == [[]])
  }
}
