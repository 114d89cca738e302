import Engine
import Expression
import FerryTesting
import Records
import SQL
import Testing

@testable import MySQL

/// What goes wrong, and how it is said.
@Suite(.serialized) struct ErrorTests {
  private func loadFails(_ columns: String, _ batch: RecordBatch, more: String = "") throws -> Failure {
    let connection = try Server.connect()
    defer { connection.close() }
    try connection.create("t_bad", columns, more)
    try connection.begin()
    let found = try failure { _ = try connection.load("t_bad", batch) }
    try connection.rollback()
    #expect(try connection.value("SELECT count(*) FROM t_bad") == "0")
    return found
  }

  private func numbers(_ count: Int) -> Column { .make(.int32, (0..<count).map { Int32($0) }) }

  @Test func aDuplicateKeyNamesItsRowAndHidesItsValue() throws {
    var values = (0..<5_000).map { Int32($0) }
    values[4_321] = 7
    let found = try loadFails("n int primary key", RecordBatch([("n", .make(.int32, values))]))
    #expect(found.category == .data)
    #expect(found.code == "23000")
    #expect(
      found.message == "loading table 't_bad', row 4322: duplicate entry for key 'PRIMARY' (error 1062)"
        || found.message == "loading table 't_bad', row 4322: duplicate entry for key 't_bad.PRIMARY' (error 1062)")
    #expect(found.sensitive?.contains("'7'") == true)
    #expect(!found.retryIsSafe)
  }

  @Test func nullInANotNullColumn() throws {
    var values = (0..<100).map { Optional(Int32($0)) }
    values[57] = nil
    let found = try loadFails("a int not null", RecordBatch([("a", .make(.int32, values))]))
    #expect(found.message == "loading table 't_bad', row 58: Column 'a' cannot be null (error 1048)")
    #expect(found.category == .data)
  }

  @Test func aCheckThatFails() throws {
    let found = try loadFails("a int, constraint small check (a < 50)", RecordBatch([("a", numbers(100))]))
    #expect(found.category == .data)
    #expect(found.message.contains("row 51:"))
    #expect(found.message.contains("small"))
  }

  @Test func aForeignKeyThatFails() throws {
    let connection = try Server.connect()
    defer { connection.close() }
    try connection.run("DROP TABLE IF EXISTS t_child, t_parent")
    try connection.create("t_parent", "id int primary key")
    try connection.run("INSERT INTO t_parent VALUES (0), (1), (2)")
    try connection.create("t_child", "p int, foreign key (p) references t_parent (id)")
    try connection.begin()
    let found = try failure { _ = try connection.load("t_child", RecordBatch([("p", numbers(9))])) }
    try connection.rollback()
    #expect(found.category == .data)
    #expect(found.message.contains("loading table 't_child', row 4:"))
    try connection.run("DROP TABLE t_child, t_parent")
  }

  /// What the server would change silently is refused before it is sent.
  @Test func nothingIsRoundedOnTheWay() throws {
    let moment = Column.make(.timestamp(.microseconds, zoned: false), [Int64(0), 1_500_000, 1_234_567])
    #expect(
      try loadFails("a datetime(1)", RecordBatch([("a", moment)])).message
        == "row 3, column 'a': the value has more digits than the column keeps (type timestamp into datetime(1))")
    let time = Column.make(.interval, [Interval(months: 0, days: 0, nanoseconds: 500_000_000)])
    #expect(try loadFails("a time", RecordBatch([("a", time)])).message.hasPrefix("row 1, column 'a'"))
    #expect(
      try loadFails("a enum('x','y')", RecordBatch([("a", .texts(["x", "2"]))])).message.contains("row 2"))
    #expect(try loadFails("a enum('x','y')", RecordBatch([("a", .texts(["x", "z"]))])).message.contains("row 2"))
    #expect(try loadFails("a year", RecordBatch([("a", .make(.int16, [Int16(1999), 70]))])).message.contains("row 2"))
    #expect(try loadFails("a double", RecordBatch([("a", .make(.float64, [Double.nan]))])).category == .data)
    #expect(try loadFails("a bit(3)", RecordBatch([("a", .make(.uint64, [UInt64(7), 8]))])).message.contains("row 2"))
  }

  @Test func valuesThatTheServerRefuses() throws {
    let long = try loadFails("a varchar(3)", RecordBatch([("a", .texts(["abc", "abcd"]))]))
    #expect(long.message == "row 2, column 'a': the value is too long (type text into varchar(3))")
    let latin = try loadFails("a varchar(9) character set latin1", RecordBatch([("a", .texts(["ä", "漢"]))]))
    #expect(latin.category == .data)
    #expect(latin.message.contains("row 2: "))
    #expect(!latin.message.contains("漢"))
    let small = try loadFails("a tinyint", RecordBatch([("a", .make(.int32, [Int32(127), 128]))]))
    #expect(small.message == "row 2, column 'a': the value is out of range (type int32 into tinyint(4))")
  }

  @Test func aZeroStaysAZeroInACountedColumn() throws {
    let connection = try Server.connect()
    defer { connection.close() }
    try connection.create("t_zero", "id int auto_increment primary key, v int")
    try connection.begin()
    _ = try connection.load("t_zero", RecordBatch([("id", .make(.int32, [Int32(0), 5])), ("v", numbers(2))]))
    try connection.commit()
    #expect(try connection.value("SELECT group_concat(id ORDER BY id) FROM t_zero") == "0,5")
    // The user's own statements keep the server's rule.
    _ = try connection.query("INSERT INTO t_zero VALUES (0, 9)", [], .init())
    #expect(try connection.value("SELECT id FROM t_zero WHERE v = 9") == "6")
  }

  @Test func anEngineWithoutTransactionsIsSaidToKeepItsRows() throws {
    let connection = try Server.connect()
    defer { connection.close() }
    try connection.create("t_isam", "n int primary key", "ENGINE=MyISAM")
    #expect(try connection.describe(TableName(["t_isam"])).isTransactional == false)
    try connection.begin()
    let found = try failure {
      _ = try connection.load("t_isam", RecordBatch([("n", .make(.int32, [Int32(1), 2, 2]))]))
    }
    #expect(found.category == .data)
    #expect(try failure { try connection.rollback() }.message.contains("no transactions"))
    #expect(try connection.value("SELECT count(*) FROM t_isam") == "2")
    try connection.run("DROP TABLE t_isam")
  }

  @Test func aRowLargerThanAPacketIsFoundBeforeItIsSent() throws {
    let root = try Server.connect()
    defer { root.close() }
    let limit = Int(try root.value("SELECT @@max_allowed_packet") ?? "") ?? 0
    let connection = try Server.connect()
    defer { connection.close() }
    try connection.create("t_large", "a longblob")
    let builder = ColumnBuilder(.bytes)
    builder.append(text: "small")
    let large = UnsafeMutableRawBufferPointer.allocate(byteCount: limit, alignment: 8)
    defer { large.deallocate() }
    large.initializeMemory(as: UInt8.self, repeating: 7)
    builder.append(bytes: UnsafeRawBufferPointer(large))
    let found = try failure { _ = try connection.load("t_large", RecordBatch([("a", builder.finish())])) }
    #expect(found.message.contains("row 2 takes"))
    #expect(found.message.contains("max_allowed_packet is \(limit)"))
  }

  @Test func statementsThatCannotRun() throws {
    let connection = try Server.connect()
    defer { connection.close() }
    func run(_ sql: String) throws -> Failure { try failure { _ = try connection.query(sql, [], .init()) } }
    #expect(try run("SELECT * FROM no_such_table").category == .schema)
    #expect(try run("SELECT * FROM no_such_table").code == "42S02")
    #expect(try run("SELEC 1").category == .schema)
    #expect(try run("SELECT no_such_column").code == "42S22")
    #expect(try failure { _ = try connection.describe(TableName(["no_such_table"])) }.category == .schema)
    // The connection is still good.
    #expect(try connection.all("SELECT 1").columns[0].texts == ["1"])
  }

  @Test func anErrorInTheMiddleOfAResult() throws {
    let connection = try Server.connect()
    defer { connection.close() }
    try connection.create("t_mid", "n int")
    try connection.run(
      "INSERT INTO t_mid WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 900) SELECT n FROM s")
    let found = try failure {
      _ = try connection.all("SELECT n, 1 / (SELECT if(t.n < 800, 1, (SELECT n FROM t_mid))) FROM t_mid t")
    }
    #expect(found.code == "21000")
    #expect(try connection.all("SELECT 1").count == 1)
  }

  @Test func deadlocksMayBeTriedAgain() throws {
    let a = try Server.connect()
    let b = try Server.connect()
    defer {
      a.close()
      b.close()
    }
    try a.create("t_dead", "id int primary key, v int")
    try a.run("INSERT INTO t_dead VALUES (1, 0), (2, 0)")
    try a.begin()
    try b.begin()
    try a.run("UPDATE t_dead SET v = 1 WHERE id = 1")
    try b.run("UPDATE t_dead SET v = 1 WHERE id = 2")
    let box = Box(b)
    let thread = TestThread {
      box.error = try? failure { _ = try box.connection.query("UPDATE t_dead SET v = 2 WHERE id = 1", [], .init()) }
    }
    var mine: Failure?
    mine = try? failure { _ = try a.query("UPDATE t_dead SET v = 2 WHERE id = 2", [], .init()) }
    if mine != nil { try a.rollback() } else { try a.rollback() }
    thread.join()
    let found = try #require(mine ?? box.error)
    #expect(found.code == "40001")
    #expect(found.category == .transient)
    #expect(found.retryIsSafe)
    try b.rollback()
  }

  @Test func connectingGoesWrong() throws {
    func connect(_ url: String) throws -> Failure { try failure { _ = try Server.connect(url) } }
    let password = try connect(Server.url(password: "se:cret@1"))
    #expect(password.category == .auth)
    #expect(!"\(password)".contains("se:cret"))
    #expect(try connect("jdbc:mysql://no-such-host.invalid/x").category == .configuration)
    let refused = try connect("jdbc:mysql://127.0.0.1:1/x")
    #expect(refused.category == .transient)
    #expect(refused.retryIsSafe)
    #expect(refused.message.contains("127.0.0.1:1"))
    #expect(try connect(Server.url(database: "no_such_database")).category == .schema)
    #expect(try connect(Server.url(parameters: "sslMode=NONSENSE")).category == .configuration)
  }

  final class Box: @unchecked Sendable {
    let connection: MySQLConnection
    var error: Failure?
    init(_ connection: MySQLConnection) { self.connection = connection }
  }
}
