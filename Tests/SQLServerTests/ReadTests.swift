import Engine
import Expression
import FerryTesting
import Records
import SQL
import Testing

@testable import SQLServer

/// Results beside the types of columns: what the server makes by itself, names, ends of ranges, what cannot be read.
@Suite(.serialized) struct ReadTests {
  private let database: TypeDatabase
  private let connection: SQLServerConnection

  init() throws {
    database = try TypeDatabase()
    connection = try database.connect()
  }

  private func texts(_ sql: String, on other: SQLServerConnection? = nil) throws -> [[String?]] {
    try (other ?? connection).all(sql).columns.map(Samples.texts)
  }

  private func failure(_ sql: String, on other: SQLServerConnection? = nil) throws -> Failure {
    try FerryTesting.failure { _ = try (other ?? connection).all(sql) }
  }

  // MARK: columns

  @Test func columnsThatTheServerFills() throws {
    try connection.native.run(
      """
      CREATE TABLE made (id int IDENTITY(5, 2) NOT NULL, a int NULL, twice AS a * 2, stored AS a + 1 PERSISTED, \
      version rowversion, big numeric(20, 0) NULL)
      """)
    try connection.native.run("INSERT INTO made (a, big) VALUES (7, 12345678901234567890), (NULL, NULL)")
    let batch = try connection.all("SELECT * FROM made ORDER BY id")
    #expect(
      batch.columns.prefix(4).map(Samples.texts) == [["5", "7"], ["7", nil], ["14", nil], ["8", nil]])
    #expect(batch.schema.fields.map(\.type.name) == ["int32", "int32", "int32", "int32", "bytes", "decimal(20,0)"])
    #expect(batch.schema.fields[0].nullable == false && batch.schema.fields[1].nullable)
    let versions = Samples.texts(batch.columns[4]).compactMap(\.self)
    #expect(versions.count == 2 && versions.allSatisfy { $0.count == 16 } && versions[0] < versions[1])
    let stored = try texts("SELECT CONVERT(varchar(20), CONVERT(varbinary(8), version), 2) FROM made ORDER BY id")
    #expect(stored[0] == versions.map { $0.uppercased() })
  }

  @Test func namesOfColumns() throws {
    let batch = try connection.all(
      """
      SELECT 1, 2, 3 AS a, 4 AS a, 5 AS A, 6 AS [b]]c], 7 AS "d""e", 8 AS [日本 'x' ;--], 9 AS [ ], \
      10 AS [\(String(repeating: "ü", count: 128))]
      """)
    #expect(
      batch.schema.fields.map(\.name) == [
        "", "", "a", "a", "A", "b]c", "d\"e", "日本 'x' ;--", " ", String(repeating: "ü", count: 128),
      ])
    #expect(batch.columns.map { Samples.texts($0)[0] } == (1...10).map { "\($0)" })
  }

  /// Each type as NULL of a column, and of an expression.
  @Test func nothing() throws {
    let types = [
      "bit", "tinyint", "int", "bigint", "real", "float", "money", "decimal(38,38)", "date", "time(7)", "datetime",
      "smalldatetime", "datetime2(7)", "datetimeoffset(7)", "uniqueidentifier", "char(3)", "varchar(max)", "text",
      "nvarchar(3)", "nvarchar(max)", "ntext", "xml", "varbinary(3)", "varbinary(max)", "image", "hierarchyid",
    ]
    let list = types.map { "CAST(NULL AS \($0))" }.joined(separator: ", ")
    #expect(try texts("SELECT \(list), NULL") == Array(repeating: [nil], count: types.count + 1))
  }

  @Test func negativeZero() throws {
    let batch = try connection.all("SELECT CAST(-0e0 AS float), CAST(-0e0 AS real), CAST(0 AS float)")
    #expect(batch.columns[0].fixed(Double.self)[0].sign == .minus && batch.columns[0].fixed(Double.self)[0] == 0)
    #expect(batch.columns[1].fixed(Float.self)[0].sign == .minus && batch.columns[1].fixed(Float.self)[0] == 0)
    #expect(batch.columns[2].fixed(Double.self)[0].sign == .plus)
  }

  // MARK: outputs

  /// As Kestra prints them, and exactly.
  @Test func fetchedRows() throws {
    let sql = """
      SELECT CAST(255 AS tinyint) AS a, CAST(1 AS bit) AS b, CAST(-1.5000 AS money) AS c, CAST(0.1 AS real) AS d, \
      CAST('ab' AS char(4)) AS e, CAST('12:35:29.1234567' AS time) AS f, CAST('2024-02-29' AS date) AS g, \
      CAST('2024-06-01 12:35:29.003' AS datetime) AS h, CAST('2024-06-01 12:35' AS smalldatetime) AS i, \
      CAST('2024-06-01 12:35:29.1234567' AS datetime2) AS j, \
      CAST('2024-06-01 12:35:29.1234567 +05:30' AS datetimeoffset) AS k, \
      CAST('123e4567-e89b-12d3-a456-426655440000' AS uniqueidentifier) AS l, CAST(0x00ff AS varbinary(4)) AS m, \
      CAST(N'<a/>' AS xml) AS n, CAST(NULL AS int) AS o, CAST(12345678901234567890.5 AS decimal(38,2)) AS p, \
      CAST(9223372036854775807 AS bigint) AS q, N'ü😀' AS r
      """
    let folder = try TemporaryFolder()
    func row(_ type: String, _ format: String) throws -> ValueMap? {
      let outputs = try SQLQuery<SQLServer>.runAlone(
        [
          "url": .string(Server.url(database: database.name)), "username": .string(Server.user),
          "password": .string(Server.password), "timeZoneId": "Europe/Paris", "sql": .string(sql),
          "fetchType": .string(type), "rowFormat": .string(format),
        ], storage: folder.path
      ).outputs
      return type == "FETCH" ? outputs["rows"]?.list?.first?.map : outputs["row"]?.map
    }
    let same =
      "\"a\":255,\"b\":true,\"c\":-1.5000,\"d\":0.1,\"e\":\"ab  \",\"f\":\"12:35:29.123456700\",\"g\":\"2024-02-29\""
    for type in ["FETCH", "FETCH_ONE"] {
      #expect(
        try row(type, "EXACT").map { Value.map($0).json() } == """
          {\(same),"h":"2024-06-01T12:35:29.003000","i":"2024-06-01T12:35:00","j":"2024-06-01T12:35:29.123456700",\
          "k":"2024-06-01T12:35:29.123456700+05:30","l":"123e4567-e89b-12d3-a456-426655440000","m":"AP8=",\
          "n":"<a/>","o":null,"p":12345678901234567890.50,"q":9223372036854775807,"r":"ü😀"}
          """)
      #expect(
        try row(type, "KESTRA").map { Value.map($0).json() } == """
          {\(same.replacing(".123456700", with: ".1234567")),"h":"2024-06-01T12:35:29.003+02:00",\
          "i":"2024-06-01T12:35:00+02:00","j":"2024-06-01T12:35:29.1234567+02:00",\
          "k":"2024-06-01T12:35:29.1234567+05:30","l":"123E4567-E89B-12D3-A456-426655440000","m":"AP8=",\
          "n":"<a/>","o":null,"p":12345678901234567890.50,"q":9223372036854775807,"r":"ü😀"}
          """)
    }
  }

  // MARK: times

  /// Every 1/300 of a second as the server shows it.
  @Test func ticksOfDatetime() throws {
    let found = try texts(
      """
      SELECT v, CONVERT(nvarchar(30), v, 126) FROM (SELECT DATEADD(ms, n * 10 / 3, \
      CAST('1899-12-31T23:59:59' AS datetime)) AS v FROM (VALUES (0), (1), (2), (3), (298), (299), (301)) t (n)) s
      """)
    for (ours, theirs) in zip(found[0], found[1]) {
      let digits = ours?.split(separator: ".")
      #expect(digits?.count == 1 ? ours == theirs : ours == theirs.map { $0 + "000" })
    }
    #expect(found[0].contains { $0?.hasSuffix(".003000") == true })
    #expect(found[0].contains { $0?.hasSuffix(".997000") == true })
  }

  @Test(arguments: [
    "CAST('1677-09-21 00:12:43.1452241' AS datetime2)", "CAST('2262-04-11 23:47:16.8547759' AS datetime2)",
    "CAST('0001-01-01' AS datetime2)", "CAST('9999-12-31' AS datetime2)",
    "CAST('2262-04-11 23:47:16.8547759 +00:00' AS datetimeoffset)",
    "CAST('0001-01-02 00:00:00 -01:00' AS datetimeoffset)",
  ]) func outOfNanoseconds(literal: String) throws {
    let found = try failure("SELECT 1 AS a, \(literal) AS far")
    #expect(found.category == .data && found.code == "22008")
    #expect(found.message.contains("column 'far' of row 1") && found.message.contains("(7)"), "\(found)")
    #expect(found.hint?.contains("timestampUnit: microseconds") == true)
    // The property that it names does it, unless there is a seventh digit.
    let coarse = try database.connect(.microseconds)
    if literal.contains(".") {
      let finer = try failure("SELECT \(literal) AS fine", on: coarse)
      #expect(finer.hint?.contains("timestampUnit: nanoseconds") == true && finer.message.contains("column 'fine'"))
    } else {
      let text = try texts("SELECT \(literal) AS far", on: coarse)[0][0] ?? ""
      #expect(literal.replacing(" ", with: "T").contains(text.prefix(10)), "\(text)")
    }
  }

  // MARK: what cannot be read

  @Test func variantsSayWhatToWrite() throws {
    try connection.native.run("CREATE TABLE variants (id int, v sql_variant)")
    try connection.native.run(
      "INSERT INTO variants VALUES (1, 5), (2, N'ü'), (3, CAST(1.50 AS decimal(9,2))), (4, NULL)")
    let found = try failure("SELECT id, v FROM variants")
    #expect(found.category == .schema && found.message.contains("column 'v' is a sql_variant"), "\(found)")
    #expect(found.hint?.contains("CAST(v AS nvarchar(4000))") == true)
    // What it says works.
    let read = try texts(
      """
      SELECT CAST(v AS nvarchar(4000)), CAST(SQL_VARIANT_PROPERTY(v, 'BaseType') AS nvarchar(20)) FROM variants \
      ORDER BY id
      """)
    #expect(read == [["5", "ü", "1.50", nil], ["int", "nvarchar", "decimal", nil]])
    // The connection is none the worse.
    #expect(try texts("SELECT 1") == [["1"]])
  }

  /// Five bytes of code page 1252 mean nothing to FreeTDS, which makes question marks of them.
  @Test func unreadableText() throws {
    let found = try failure("SELECT CAST(0x6181 AS varchar(10)) AS v")
    #expect(found.category == .data && found.code == "22021" && found.message.contains("row 2"), "\(found)")
    #expect(found.hint?.contains("invalidText") == true)
    var options = QueryOptions()
    options.invalidText = .replace
    let replaced = try connection.all("SELECT CAST(0x6181 AS varchar(10)) AS v", [], options)
    #expect(Samples.texts(replaced.columns[0]) == ["a?"])
    #expect(try texts("SELECT N'ü' AS v") == [["ü"]])
  }
}
