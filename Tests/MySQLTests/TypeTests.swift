import Expression
import FerryTesting
import Records
import SQL
import Testing

@testable import MySQL

/// Every type through every road: nothing changes on the way.
@Suite(.serialized) struct TypeTests {
  @Test func allTypesRoundTrip() throws {
    let connection = try Server.connect()
    defer { connection.close() }
    for (index, type) in TypeCase.all.enumerated() where Server.isMariaDB || !type.isMariaDB {
      do { try check(type, "t_type_\(index)", connection) } catch { Issue.record("\(type): \(error)") }
      try connection.rollback()
    }
  }

  private func check(_ type: TypeCase, _ name: String, _ connection: MySQLConnection) throws {
    let (a, b, c) = ("\(name)_a", "\(name)_b", "\(name)_c")
    for table in [a, b, c] { try connection.create(table, "n integer, v \(type.type)") }
    for (n, value) in (type.values + ["NULL"]).enumerated() {
      try connection.run("INSERT INTO \(a) VALUES (\(n), \(value))")
    }
    let batch = try connection.all("SELECT n, v FROM \(a) ORDER BY n")
    let field = batch.schema.fields[1]
    #expect(field.type.name == type.record, "\(type)")
    #expect(field.sourceType == type.sourceType, "\(type)")
    #expect(batch.columns[1].texts == type.texts + [nil], "\(type)")
    let sum = try connection.checksum(a)

    // The bulk road.
    try connection.begin()
    let info = try connection.describe(TableName([b]))
    #expect(info.columns[1].target.type == field.type, "\(type)")
    #expect(try connection.load(b, batch) == Int64(batch.count), "\(type)")
    try connection.commit()
    #expect(try connection.checksum(b) == sum, "\(type) in bulk")

    // As written.
    try connection.begin()
    let statement = try connection.prepare("INSERT INTO \(c) VALUES (?, ?)")
    #expect(try statement.execute(batch, firstRow: 1) == Int64(batch.count), "\(type)")
    statement.close()
    try connection.commit()
    #expect(try connection.checksum(c) == sum, "\(type) as written")
    for table in [a, b, c] { try connection.run("DROP TABLE \(table)") }
  }

  /// An independent client reads what Ferry has loaded, and says what it sees.
  @Test func pymysqlSeesTheSameValues() throws {
    let connection = try Server.connect()
    defer { connection.close() }
    try connection.create(
      "t_seen",
      "a bigint unsigned, b decimal(65,30), c double, d varchar(20), e varbinary(9), f datetime(6), g time(6), h date")
    let batch = RecordBatch([
      ("a", .make(.uint64, [UInt64.max, nil])),
      (
        "b",
        try connection.all(
          "SELECT CAST('-12345.678901234567890123456789012345' AS decimal(65,30)) UNION ALL SELECT NULL"
        ).columns[0]
      ),
      ("c", .make(.float64, [0.1, nil])),
      ("d", .texts(["it's 😀 \\ \0", nil])),
      ("e", .texts(["\0'\\", nil], .bytes)),
      ("f", .make(.timestamp(.microseconds, zoned: false), [Int64(1_700_000_000_123_456), nil])),
      ("g", .make(.interval, [Interval(months: 0, days: -1, nanoseconds: -1_000), nil])),
      ("h", .make(.date, [Int32(-25_567), nil])),
    ])
    try connection.begin()
    #expect(try connection.load("t_seen", batch) == 2)
    try connection.commit()
    let seen = try python(
      "c = db.cursor(); c.execute('select * from t_seen'); [print(*map(repr, r), sep='|') for r in c]")
    #expect(
      seen == """
        18446744073709551615|Decimal('-12345.678901234567890123456789012345')|0.1|"it's 😀 \\\\ \\x00"|b"\\x00'\\\\"\
        |datetime.datetime(2023, 11, 14, 22, 13, 20, 123456)\
        |datetime.timedelta(days=-2, seconds=86399, microseconds=999999)\
        |datetime.date(1900, 1, 1)
        None|None|None|None|None|None|None|None

        """)
  }

  /// More rows than a batch and a packet hold, with NULLs in every column.
  @Test func manyRowsKeepTheirOrderAndValues() throws {
    let connection = try Server.connect()
    defer { connection.close() }
    let columns = "n int, a bigint, b decimal(12,3), c varchar(60), d datetime(6), e double, f varbinary(20), g date"
    for table in ["t_many_a", "t_many_b", "t_many_c"] { try connection.create(table, columns) }
    let depth = Server.isMariaDB ? "max_recursive_iterations" : "cte_max_recursion_depth"
    try connection.run("SET SESSION \(depth) = 200000")
    try connection.run(
      """
      INSERT INTO t_many_a WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 150000)
      SELECT n, if(n % 7 = 0, NULL, n * 1000003), if(n % 11 = 0, NULL, n / 8), 
        if(n % 5 = 0, NULL, repeat(left(sha2(n, 256), 32), n % 2)),
        if(n % 13 = 0, NULL, '2000-01-01' + INTERVAL n * 1000007 MICROSECOND), if(n % 3 = 0, NULL, n / 7),
        if(n % 17 = 0, NULL, unhex(left(sha2(n, 256), 32))), '1000-01-01' + INTERVAL n DAY FROM s
      """)
    guard case .rows(let rows) = try connection.query("SELECT * FROM t_many_a", [], .init()) else { return }
    let second = try Server.connect()
    defer { second.close() }
    try second.begin()
    let info = try second.describe(TableName(["t_many_b"]))
    let load = try #require(try second.bulkLoad(into: info, info.columns))
    let third = try Server.connect()
    defer { third.close() }
    try third.begin()
    let statement = try third.prepare("INSERT INTO t_many_c VALUES (?,?,?,?,?,?,?,?)")
    var first: Int64 = 1
    var updated: Int64 = 0
    while let batch = try rows.next() {
      try load.write(batch, firstRow: first)
      updated += try statement.execute(batch, firstRow: first)
      first += Int64(batch.count)
    }
    #expect(try load.finish() == 150_000)
    #expect(updated == 150_000)
    try second.commit()
    try third.commit()
    let sum = try connection.checksum("t_many_a")
    #expect(try connection.checksum("t_many_b") == sum)
    #expect(try connection.checksum("t_many_c") == sum)
  }
}
