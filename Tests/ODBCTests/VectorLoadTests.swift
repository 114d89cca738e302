import Expression
import FerryTesting
import Foundation
import Records
import SQL
import Testing

@testable import Engine
@testable import ODBC

/// COPY … VWLOAD, read by a driver that holds it to Actian's manual: see Tests/LyingODBC/vwload.c.
@Suite(.serialized) struct VectorLoadTests {
  static let checks: [ConformanceCheck] = [
    .extremes, .nulls, .hostileNames, .hostileStrings, .loadModes, .columnOrder, .zeroRows,
  ]

  @Test(arguments: checks) func conforms(_ check: ConformanceCheck) async throws {
    let database = try VectorwiseDatabase(bulk: true)
    try await DatabaseConformance(database).run(check)
    #expect(try database.exchange?.files() == [])
  }

  // MARK: values

  /// What the driver below calls a type, a value of it, and what stands in the file.
  static let values: [(column: String, type: DataType, text: String, written: String)] = [
    ("integer1__1 BIGINT", .int64, "-9223372036854775808", "-9223372036854775808"),
    ("float8__2 DOUBLE", .float64, "1e-7", "1e-07"),
    ("decimal__3 DECIMAL(10, 2)", .decimal(precision: 10, scale: 2), "-0.05", "-0.05"),
    ("boolean__4 TEXT", .bool, "true", "1"),
    ("ansidate__5 TEXT", .date, "0001-01-01", "0001-01-01"),
    ("ingresdate__6 TEXT", .timestamp(.microseconds, zoned: false), "2024-02-29T10:00:00", "2024-02-29 10:00:00"),
    ("time_without__7 TEXT", .time(.microseconds), "23:59:59", "23:59:59"),
    ("time_with__8 TEXT", .text, "10:00:00+02:00", "10:00:00+02:00"),
    (
      "timestamp_without__9 TEXT", .timestamp(.microseconds, zoned: false), "9999-12-31T23:59:59", "9999-12-31 23:59:59"
    ),
    (
      "timestamp_with__10 TEXT", .timestamp(.microseconds, zoned: true), "2024-02-29T10:00:00Z",
      "2024-02-29 10:00:00.000000+00:00"
    ),
    ("interval_ytom__11 TEXT", .text, "2007-10", "2007-10"),
    ("uuid__12 TEXT", .uuid, "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
    ("ipv4__13 TEXT", .text, "10.0.0.1", "10.0.0.1"), ("varchar__14 TEXT", .text, "", ""),
    ("money__17 TEXT", .decimal(precision: 14, scale: 2), "-12.50", "-12.50"),
    ("varchar__15 TEXT", .text, "NULL", "NULL"), ("varchar__16 TEXT", .text, " a,\"b\"\r\n\\N|'", " a,\"b\"\r\n\\N|'"),
  ]

  @Test func everyType() throws {
    let load = try Load(Self.values.map(\.column).joined(separator: ", "))
    let columns = try Self.values.map { value in
      let name = String(value.column.prefix { $0 != " " })
      return (name, try Samples.column(value.type, [value.text, nil]))
    }
    // Not in the order of the table.
    #expect(try load.run(RecordBatch(columns.reversed()))["updatedCount"]?.int == 2)
    let rows = try load.rows("SELECT * FROM t ORDER BY rowid")
    #expect(rows == [Self.values.map(\.written), Self.values.map { _ in nil }])
    #expect(try load.database.exchange?.files() == [])
  }

  /// The file as readers see it that know nothing of Ferry: Python's, and DuckDB's, which tells a quoted NULL from one
  /// that is not.
  @Test func independentReaders() throws {
    let folder = try TemporaryFolder()
    let texts = try #require(Samples.types.first { $0.type == .text }).texts + ["NULL", "a,b", "\"", "\u{FEFF}x", nil]
    let numbers = try Samples.column(.int64, texts.map { $0.map { "\($0.utf8.count)" } })
    let batch = RecordBatch([("n", numbers), ("v", try Samples.column(.text, texts))])
    let file = try VectorFile(in: folder.path, batch.schema.fields, [1, 0])
    try file.write(batch)
    try file.write(batch)
    #expect(try folder.files().allSatisfy { $0.hasSuffix(".part") })
    try file.finish()
    let attributes = try FileManager.default.attributesOfItem(atPath: file.path)
    #expect(attributes[.posixPermissions] as? Int == 0o640)
    let rows = texts.map { [$0, $0.map { "\($0.utf8.count)" }] }
    #expect(try Python.rows(VectorLoadTests.duckDB, [file.path]) == rows + rows)
    let plain = rows.map { $0.map { $0 ?? "NULL" } }
    #expect(try Python.rows(VectorLoadTests.python, [file.path]) == plain + plain)
    file.remove()
    #expect(try folder.files() == [])
  }

  private static let python = """
    import csv, json, sys
    with open(sys.argv[1], encoding="utf-8", newline="") as file:
        print(json.dumps(list(csv.reader(file, delimiter=",", quotechar='"', doublequote=True, strict=True))))
    """
  private static let duckDB = """
    import duckdb, json, sys
    rows = duckdb.execute(
        '''SELECT * FROM read_csv(?, auto_detect=false, header=false, delim=',', quote='"', escape='"', nullstr='NULL',
           allow_quoted_nulls=false, parallel=false, columns={'v': 'VARCHAR', 'n': 'VARCHAR'})''',
        [sys.argv[1]]).fetchall()
    print(json.dumps(rows))
    """

  @Test(arguments: ["secret\0value", nil]) func whatTheFileCannotHoldIsRefused(_ value: String?) throws {
    let load = try Load("id BIGINT, required TEXT")
    let ids = try Samples.column(.int64, ["1", "2"])
    let batch = RecordBatch([("id", ids), ("required", try Samples.column(.text, ["a", value]))])
    let failure = try failure { _ = try load.run(batch) }
    #expect(failure.category == .data && failure.message.contains("row 2, column 'required'"), "\(failure)")
    #expect(!failure.description.contains("secret"))
    try load.isUntouched()
  }

  // MARK: what the server says

  static let lies: [(lie: String, message: String)] = [
    ("vwload-loses", "3 rows were written for the server, and it says that it has taken 2"),
    ("vwload-claims", "3 rows were written for the server, and the table has 2 more than before"),
    ("vwload-refuses", "loading table 't' by COPY VWLOAD: row 2, column 'v': cannot convert (a value) to integer"),
    ("vwload-missing", "loading table 't' by COPY VWLOAD: line 1, syntax error on"),
  ]

  /// Nothing stays of a load that the server has not taken as it was, neither rows nor files.
  @Test(arguments: lies) func nothingIsHalfLoaded(_ lie: String, _ message: String) throws {
    let load = try Load("id BIGINT, v TEXT", lie)
    let failure = try failure { _ = try load.run(Load.three()) }
    #expect(failure.message.contains(message), "\(failure)")
    #expect(failure.outcome == .undone && !failure.description.contains("v1"), "\(failure)")
    try load.isUntouched()
  }

  @Test func valuesAreShownWhereTheFlowAllowsIt() throws {
    let load = try Load("id BIGINT, v TEXT", "vwload-refuses")
    let failure = try failure { _ = try load.run(Load.three(), ["logValues": true]) }
    #expect(failure.message.contains("'v1'"), "\(failure)")
    #expect(failure.hint == "Let the server read 'bulkFolder', or leave it out to load by parameters")
  }

  @Test func aServerThatCountsNothing() throws {
    let load = try Load("id BIGINT, v TEXT", "vwload-silent")
    #expect(try load.run(Load.three())["updatedCount"]?.int == 3)
    #expect(try load.rows("SELECT count(*) FROM t") == [["3"]])
  }

  // MARK: the folder

  static let folders: [(path: String, category: Failure.Category, message: String)] = [
    ("exchange", .configuration, "expected an absolute path"), ("", .configuration, "expected an absolute path"),
    ("/data/*", .configuration, "expected an absolute path without '*'"),
    ("/data/a\nb", .configuration, "expected an absolute path"),
    ("gs://bucket", .configuration, "expected an absolute"),
    ("/nowhere/at/all", .configuration, "no such file or folder"), ("/sys", .auth, "Permission denied"),
  ]

  @Test(arguments: folders) func badFolders(_ path: String, _ category: Failure.Category, _ message: String) throws {
    let load = try Load("id BIGINT, v TEXT")
    let failure = try failure { _ = try load.run(Load.three(), ["bulkFolder": .string(path)]) }
    #expect(failure.category == category && failure.message.contains(message), "\(failure)")
    #expect(failure.message.contains("loading table 't'") || failure.message.contains("'bulkFolder'"), "\(failure)")
    try load.isUntouched()
  }

  // MARK: where it is not used

  /// VWLOAD fills whole rows of columns that have a form as text; all else goes as parameters, and the log says so.
  @Test(arguments: [
    ("id BIGINT, v TEXT, more TEXT", "fills 2 of the 3 columns of 't'"),
    ("id BIGINT, v VARBINARY(2)", "the column 'v' is of the type varbinary(2), which has no form as text"),
  ]) func otherLoads(_ columns: String, _ why: String) throws {
    let load = try Load(columns, "vwload-refuses")
    let log = KeptLog()
    let batch = RecordBatch([
      ("id", try Samples.column(.int64, ["1"])),
      ("v", try Samples.column(columns.contains("BINARY") ? .bytes : .text, ["00ff"])),
    ])
    #expect(try load.run(batch, log: log)["updatedCount"]?.int == 1)
    #expect(log.lines.filter { $0.contains(why) }.count == 1, "\(log.lines)")
    #expect(try load.rows("SELECT id, v FROM t") == [["1", "00ff"]])
  }

  @Test func offByDefault() throws {
    let database = try VectorwiseDatabase(bulk: false, "vwload-refuses")
    let load = try Load("id BIGINT, v TEXT", in: database)
    #expect(try load.run(Load.three())["updatedCount"]?.int == 3)
    #expect(VectorwiseOptions().bulkFolder == nil)
  }
}

/// Loads into a table `t` of its own.
private final class Load {
  let database: VectorwiseDatabase

  static func three() throws -> RecordBatch {
    RecordBatch([
      ("id", try Samples.column(.int64, ["1", "2", "3"])), ("v", try Samples.column(.text, ["v0", "v1", "v2"])),
    ])
  }

  convenience init(_ columns: String, _ lie: String = "") throws {
    try self.init(columns, in: VectorwiseDatabase(bulk: true, lie))
  }

  init(_ columns: String, in database: VectorwiseDatabase) throws {
    self.database = database
    let create: ValueMap = ["sql": .string("CREATE TABLE t (\(columns))")]
    _ = try SQLQuery<Vectorwise>.runAlone(database.connection.merging(create), storage: database.storage)
  }

  func run(_ batch: RecordBatch, _ more: ValueMap = [:], log: KeptLog = KeptLog()) throws -> ValueMap {
    let uri = try TaskContext.alone(storage: database.storage) { context in
      let output = try context.createRecords("source.arrow", schema: batch.schema)
      try output.write(batch)
      try output.finish()
      return output.uri
    }
    let load: ValueMap = ["from": .string(uri), "table": "t"]
    return try SQLBatch<Vectorwise>.runAlone(
      database.connection.merging(load).merging(more), storage: database.storage, log: log.add
    ).outputs
  }

  func rows(_ sql: String) throws -> [[String?]] { try database.independent(sql) }

  func isUntouched() throws {
    #expect(try rows("SELECT count(*) FROM t") == [["0"]])
    #expect(try database.exchange?.files() == [])
  }
}
