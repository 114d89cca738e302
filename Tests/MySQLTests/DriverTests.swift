import Expression
import FerryTesting
import Foundation
import Records
import Testing

@testable import Engine
@testable import MySQL
@testable import SQL

/// Connections, cancel, results, files.
@Suite(.serialized) struct DriverTests {
  /// One server under both names is one server: a load must not begin early on the server that the rows come from.
  @Test func bothNamesMeanOneServer() {
    #expect(MySQL.server(of: "jdbc:mysql://Db/x") == "db:3306")
    #expect(MariaDB.server(of: "jdbc:mariadb://db:3306/y") == "db:3306")
    #expect(MariaDB.server(of: "jdbc:mariadb://a,b/y") == nil)
  }

  @Test func parametersWithoutMeaningAreTakenInAnySpelling() throws {
    #expect(
      try Server.plan("jdbc:mysql://h/d?elideSetAutoCommits=true&rewriteBatchedStatements=true").ignored == [])
  }

  @Test func urlsOfEveryForm() throws {
    let e = try Server.plan(
      "jdbc:mysql://u%40x:p%3A%2F@[::1]:3307,backup/shop?useSSL=false&connectTimeout=1500&wat=1")
    #expect(e.user == "u@x")
    #expect(e.password == "p:/")
    #expect(e.hosts == [.init(name: "::1", port: 3_307), .init(name: "backup", port: 3_306)])
    #expect(e.database == "shop")
    #expect(e.tls == .disabled)
    #expect(e.connectTimeout == .milliseconds(1_500))
    #expect(e.ignored == ["wat"])
    #expect(
      try Server.plan("jdbc:mariadb:///x?localSocket=/run/x.sock").hosts == [
        .init(name: nil, socket: "/run/x.sock")
      ])
    #expect(try Server.plan("mysql://h/x?allowMultiQueries=true").allowsMultipleStatements)
    #expect(try Server.plan("mysql://h/x?sslMode=VERIFY_IDENTITY").tls == .verified)
    #expect(try Server.plan("mysql://h/x?sslMode=verify-full").tls == .verified)
    #expect(try Server.plan("mysql://h/x?zeroDateTimeBehavior=convertToNull").zeroDates == .null)
    #expect(try Server.plan("mysql://h").database == nil)
    let separate = try ConnectionPlan(
      ConnectionSettings(for: MySQL.self, url: "jdbc:mysql://h/x", username: "me", password: "p@ss:/?#%"))
    #expect(separate.user == "me")
    #expect(separate.password == "p@ss:/?#%")
  }

  /// The server ends what a killed process leaves behind.
  @Test func theServerHasALimitOfItsOwn() throws {
    let context = try TaskContext.forTests(cancellation: Cancellation(deadline: .now + .seconds(50)))
    let connection = try Server.connect(context: context)
    defer { connection.close() }
    let limit = try connection.value(
      Server.isMariaDB ? "SELECT @@max_statement_time" : "SELECT @@max_execution_time / 1000")
    #expect((59.0...60.0).contains(Double(limit ?? "") ?? 0), "\(limit ?? "")")
    let free = try Server.connect()
    defer { free.close() }
    #expect(
      try free.value(Server.isMariaDB ? "SELECT @@max_statement_time" : "SELECT @@max_execution_time").map(Double.init)
        == 0)
  }

  @Test func unknownParametersAreLogged() throws {
    let log = KeptLog()
    let context = try TaskContext.forTests(log: log)
    try Server.connect(Server.url(parameters: "wat=1&useUnicode=true"), context: context).close()
    #expect(log.lines == ["the url's parameter 'wat' has no meaning here and is ignored"])
  }

  @Test func sessionsAreStrictAndInUTC() throws {
    let connection = try Server.connect()
    defer { connection.close() }
    #expect(try connection.value("SELECT @@time_zone") == "+00:00")
    #expect(try connection.value("SELECT @@sql_mode")?.contains("STRICT_ALL_TABLES") == true)
    #expect(try connection.value("SELECT @@character_set_client") == "utf8mb4")
    #expect(try connection.value("SELECT @@character_set_results") == "utf8mb4")
  }

  @Test func zeroDates() throws {
    let connection = try Server.connect()
    defer { connection.close() }
    try connection.run("SET SESSION sql_mode = 'ALLOW_INVALID_DATES'")
    try connection.create("t_zero_dates", "n int, a date, b datetime(3)")
    try connection.run(
      """
      INSERT INTO t_zero_dates VALUES (1, '0000-00-00', '0000-00-00'), (2, '2020-00-15', '2020-05-00 01:02:03.456'),
        (3, '2021-02-31', '2020-01-02 03:04:05.678')
      """)
    let sql = "SELECT a, b FROM t_zero_dates ORDER BY n"
    let found = try failure { _ = try connection.all(sql) }
    #expect(found.message.hasPrefix("reading column 'a' of row 1: the date has a zero day or month"))
    #expect(found.category == .data)

    var options = MySQLOptions()
    options.zeroDates = .null
    let nulls = try Server.connect(Server.url, options)
    defer { nulls.close() }
    let batch = try nulls.all(sql)
    #expect(batch.columns[0].texts == [nil, nil, nil])
    #expect(batch.columns[1].texts == [nil, nil, "2020-01-02 03:04:05.678000"])

    options.zeroDates = .text
    let texts = try Server.connect(Server.url, options)
    defer { texts.close() }
    let text = try texts.all(sql)
    #expect(text.columns[0].texts == ["0000-00-00", "2020-00-15", "2021-02-31"])
    #expect(text.columns[1].texts == ["0000-00-00 00:00:00.000", "2020-05-00 01:02:03.456", "2020-01-02 03:04:05.678"])
  }

  @Test func timesAsTheFlowWantsThem() throws {
    var options = MySQLOptions()
    options.timeAs = .text
    let texts = try Server.connect(Server.url, options)
    defer { texts.close() }
    let sql = "SELECT CAST('-838:59:58.5' AS time(1)) AS a UNION ALL SELECT CAST('01:02:03' AS time(1))"
    #expect(try texts.all(sql).columns[0].texts == ["-838:59:58.5", "01:02:03.0"])
    options.timeAs = .time
    let times = try Server.connect(Server.url, options)
    defer { times.close() }
    #expect(try times.all("SELECT CAST('23:59:59.999999' AS time(6))").columns[0].texts == ["23:59:59.999999"])
    #expect(try failure { _ = try times.all(sql) }.message.contains("outside of one day"))
  }

  @Test func parametersOfEveryKind() throws {
    let connection = try Server.connect()
    defer { connection.close() }
    let batch = try connection.all(
      "SELECT ? + 0 AS a, ? AS b, ? AS c, CAST(? AS decimal(30,10)) AS d, ? AS e",
      [.int(41), .string("ü'\\"), .null, .decimal("12345678901234567890.0123456789"), .double(0.1)])
    #expect(batch.columns.map { $0.texts[0] } == ["41", "ü'\\", nil, "12345678901234567890.0123456789", "0.1"])
    #expect(
      try failure { _ = try connection.all("SELECT ?") }.message.contains("1 placeholders, but 0 values"))
  }

  @Test func resultsOfEveryShape() throws {
    let connection = try Server.connect()
    defer { connection.close() }
    #expect(try connection.all("SELECT 1 WHERE 1 = 0").count == 0)
    #expect(try connection.all("SELECT NULL AS x").columns[0].texts == [nil])
    #expect(try connection.all("SELECT 1 AS a, 2 AS a").schema.fields.map(\.name) == ["a", "a"])
    #expect(try connection.all("SHOW VARIABLES LIKE 'max_allowed_packet'").count == 1)
    let wide = (0..<1_000).map { "\($0) AS c\($0)" }.joined(separator: ",")
    #expect(try connection.all("SELECT \(wide)").columns.map { $0.texts[0] } == (0..<1_000).map { "\($0)" })
    try connection.create("t_shape", "n int")
    guard case .updated(let count) = try connection.query("INSERT INTO t_shape VALUES (1), (2), (3)", [], .init())
    else {
      Issue.record("no count")
      return
    }
    #expect(count == 3)
    try connection.run("DROP PROCEDURE IF EXISTS p_shape")
    try connection.run(
      "CREATE PROCEDURE p_shape() BEGIN SELECT n FROM t_shape ORDER BY n; UPDATE t_shape SET n = n + 1; END")
    #expect(try connection.all("CALL p_shape()").columns[0].texts == ["1", "2", "3"])
    #expect(try connection.all("SELECT sum(n) FROM t_shape").columns[0].texts == ["9"])
    try connection.run("DROP PROCEDURE p_shape")
  }

  /// A procedure's results come one behind the other in a Query, and each by itself in Queries.
  @Test func proceduresGiveAllOfTheirResults() throws {
    let connection = try Server.connect()
    defer { connection.close() }
    try connection.create("t_several", "n int")
    try connection.run("INSERT INTO t_several VALUES (1), (2)")
    try connection.run("DROP PROCEDURE IF EXISTS p_several")
    try connection.run(
      """
      CREATE PROCEDURE p_several(other int) BEGIN
        SELECT n FROM t_several ORDER BY n;
        UPDATE t_several SET n = n + 10;
        SELECT n FROM t_several WHERE n > 1000;
        IF other THEN SELECT 'x' AS v, 1.50 AS d; END IF;
        SELECT n FROM t_several ORDER BY n DESC;
        UPDATE t_several SET n = n - 10;
      END
      """)
    let folder = try TemporaryFolder()
    func task<T: FerryTask>(_ type: T.Type, _ sql: String, _ fetch: String) throws -> ValueMap {
      let properties: ValueMap = ["url": .string(Server.url), "sql": .string(sql), "fetchType": .string(fetch)]
      let result = try type.runAlone(properties, storage: folder.path)
      #expect(result.counts.isBalanced)
      return result.outputs
    }
    func rows(_ uri: Value?) throws -> [String] {
      try TaskContext.alone(storage: folder.path) { context in
        let reader = try context.openRecords(StorageReference(property: uri ?? .null))
        var rows: [String] = []
        while let batch = try reader.next() {
          rows += (0..<batch.count).map { Value.map(RowValues(batch).map(at: $0)).json() }
        }
        return rows
      }
    }
    let ns = [#"{"n":1}"#, #"{"n":2}"#, #"{"n":12}"#, #"{"n":11}"#]
    typealias One = SQLQuery<MySQL>
    typealias Several = SQLQueries<MySQL>
    #expect(try task(One.self, "CALL p_several(0)", "FETCH")["rows"] == [["n": 1], ["n": 2], ["n": 12], ["n": 11]])
    let stored = try task(One.self, "CALL p_several(0)", "STORE")
    #expect(try stored["size"] == 4 && rows(stored["uri"]) == ns)
    #expect(try task(One.self, "CALL p_several(1)", "FETCH_ONE") == ["row": ["n": 1], "size": 1])
    // Every statement of the procedure has run, whatever was wanted of its rows.
    #expect(try connection.all("SELECT n FROM t_several ORDER BY n").columns[0].texts == ["1", "2"])
    let mixed = try task(One.self, "CALL p_several(1)", "FETCH")
    #expect(mixed["rows"]?.list?.count == 5 && mixed["rows"]?.list?[2] == ["v": "x", "d": .decimal("1.50")])
    let refused = try failure { _ = try task(One.self, "CALL p_several(1)", "STORE") }
    #expect(refused.category == .schema)
    #expect(refused.message.hasPrefix("the statement gives results with different columns: (n int32) and (v text"))
    #expect(try connection.all("SELECT n FROM t_several ORDER BY n").columns[0].texts == ["1", "2"])
    let each = try task(Several.self, "SELECT 7 AS s; CALL p_several(1); SELECT 8 AS s", "STORE")["outputs"]?.list
    #expect(
      try each?.map { try rows($0.map?["uri"]) } == [
        [#"{"s":7}"#], Array(ns[..<2]), [], [#"{"v":"x","d":1.50}"#], Array(ns[2...]), [#"{"s":8}"#],
      ])
    let first = try task(Several.self, "CALL p_several(0)", "FETCH_ONE")["outputs"]
    #expect(first == [["row": ["n": 1], "size": 1], ["row": .null, "size": 0], ["row": ["n": 12], "size": 1]])
    #expect(try task(One.self, "CALL p_several(0)", "NONE") == [:])
    try connection.run("DROP PROCEDURE p_several")
  }

  /// What fails behind the first result fails the task.
  @Test func proceduresThatFailLateFail() throws {
    let connection = try Server.connect()
    defer { connection.close() }
    try connection.run("DROP PROCEDURE IF EXISTS p_late")
    try connection.run(
      """
      CREATE PROCEDURE p_late() BEGIN
        SELECT 1 AS n; SELECT 2 AS n; SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'too late';
      END
      """)
    for fetch in ["NONE", "FETCH", "STORE"] {
      let folder = try TemporaryFolder()
      let late = try failure {
        _ = try SQLQuery<MySQL>.runAlone(
          ["url": .string(Server.url), "sql": "CALL p_late()", "fetchType": .string(fetch)], storage: folder.path)
      }
      #expect(late.code == "45000", "\(fetch): \(late)")
    }
    try connection.run("DROP PROCEDURE p_late")
  }

  /// One row is wanted, but the statement writes more than would be read before a SELECT is stopped.
  @Test func whatWritesIsNotStoppedEarly() throws {
    let connection = try Server.connect()
    defer { connection.close() }
    try connection.create("t_whole", "n int")
    try connection.run("DROP PROCEDURE IF EXISTS p_whole")
    let series =
      "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 900) SELECT a.n FROM r a, r b"
    try connection.run(
      "CREATE PROCEDURE p_whole() BEGIN \(series); INSERT INTO t_whole VALUES (1); END")
    let folder = try TemporaryFolder()
    let outputs = try SQLQuery<MySQL>.runAlone(
      ["url": .string(Server.url), "sql": "CALL p_whole()", "fetchType": "FETCH_ONE"], storage: folder.path
    ).outputs
    #expect(outputs["size"] == 1)
    #expect(try connection.all("SELECT n FROM t_whole").columns[0].texts == ["1"])
    try connection.run("DROP PROCEDURE p_whole")
  }

  @Test func largeValues() throws {
    let connection = try Server.connect()
    defer { connection.close() }
    let limit = Int(try connection.value("SELECT @@max_allowed_packet") ?? "") ?? 0
    let size = min(64 << 20, limit - 4_096)
    let batch = try connection.all("SELECT 1 AS n, CAST(repeat('x', \(size)) AS binary) AS v")
    #expect(batch.columns[1].bytes(0).count == size)
    try connection.create("t_huge", "n int, v longblob")
    try connection.begin()
    _ = try connection.load("t_huge", batch)
    try connection.commit()
    #expect(
      try connection.value("SELECT concat(length(v), ' ', sha2(v, 256) = sha2(repeat('x', \(size)), 256)) FROM t_huge")
        == "\(size) 1")
    try connection.run("DROP TABLE t_huge")
  }

  @Test func statementsAsWritten() throws {
    let connection = try Server.connect()
    defer { connection.close() }
    try connection.create("t_written", "id int primary key, v varchar(20), n int default 0")
    func run(_ sql: String, _ batch: RecordBatch) throws -> Int64 {
      try connection.begin()
      let statement = try connection.prepare(sql)
      let count = try statement.execute(batch, firstRow: 1)
      try connection.commit()
      return count
    }
    let ids = Column.make(.int32, (0..<3_000).map { Int32($0) })
    let names = Column.texts((0..<3_000).map { "v\($0)" })
    #expect(
      try run("INSERT INTO t_written (id, v) VALUES (?, upper(?))", RecordBatch([("a", ids), ("b", names)])) == 3_000)
    // Every row is there already: each counts twice, as the server says.
    #expect(
      try run(
        "INSERT INTO t_written (id, v) VALUES (?, ?) ON DUPLICATE KEY UPDATE n = n + 1",
        RecordBatch([("a", ids), ("b", names)])) == 6_000)
    #expect(try run("UPDATE t_written SET n = n + 10 WHERE id = ?", RecordBatch([("a", ids)])) == 3_000)
    #expect(try connection.value("SELECT concat(min(n), ' ', max(n), ' ', max(v)) FROM t_written") == "11 11 V999")
    try connection.run("DROP PROCEDURE IF EXISTS p_written")
    try connection.run(
      "CREATE PROCEDURE p_written(x int) BEGIN SELECT x; UPDATE t_written SET n = -1 WHERE id = x; END")
    _ = try run("CALL p_written(?)", RecordBatch([("a", ids.slice(0, 5))]))
    #expect(try connection.value("SELECT count(*) FROM t_written WHERE n = -1") == "5")
    #expect(try run("DELETE FROM t_written WHERE id = ?", RecordBatch([("a", ids)])) == 3_000)
    let bad = Column.make(.int32, (0..<300).map { Int32($0 == 222 ? 1 : $0) })
    for sql in ["INSERT INTO t_written (id) VALUES (?)", "INSERT INTO t_written (id) SELECT ?"] {
      let found = try failure { _ = try run(sql, RecordBatch([("a", bad)])) }
      #expect(found.message.contains("row 223"), "\(sql)")
      try connection.rollback()
    }
    #expect(try connection.value("SELECT count(*) FROM t_written") == "0")
    try connection.run("DROP PROCEDURE p_written")
  }

  @Test func cancelReachesTheServer() throws {
    let connection = try Server.connect()
    defer { connection.close() }
    let watcher = try Server.connect()
    defer { watcher.close() }
    let canceller = connection.canceller
    let id = try connection.value("SELECT connection_id()") ?? ""
    let busy = "SELECT count(*) FROM information_schema.processlist WHERE id = \(id) AND command <> 'Sleep'"
    let thread = TestThread {
      while (try? watcher_value(busy)) != "1" { usleep(10_000) }
      canceller()
    }
    let start = ContinuousClock.now
    let found = try failure { _ = try connection.all("SELECT sleep(60), n FROM (SELECT 1 AS n UNION SELECT 2) t") }
    thread.join()
    #expect(ContinuousClock.now - start < .seconds(20))
    #expect(found.category == .cancelled)
    #expect(try watcher.value(busy) == "0")
    // It can still be used, and a late cancel harms nothing.
    #expect(try connection.all("SELECT 1").count == 1)
    connection.close()
    canceller()
  }

  @Test func aResultThatNobodyReadsToItsEndIsStopped() throws {
    let connection = try Server.connect()
    defer { connection.close() }
    let endless = "SELECT a.n FROM \(ten) a, \(ten) b, \(ten) c, \(ten) d, \(ten) e, \(ten) f, \(ten) g, \(ten) h"
    guard case .rows(let rows) = try connection.query(endless, [], .init()) else { return }
    #expect(try rows.next()?.count == Limits.batchRows)
    let start = ContinuousClock.now
    rows.close()
    #expect(ContinuousClock.now - start < .seconds(20))
    #expect(try connection.all("SELECT 1").count == 1)
  }

  private let ten = "(SELECT 1 AS n" + (2...10).map { " UNION ALL SELECT \($0)" }.joined() + ")"

  @Test func aConnectionThatIsKilled() throws {
    let watcher = try Server.connect()
    defer { watcher.close() }
    for isLoad in [false, true] {
      let connection = try Server.connect()
      defer { connection.close() }
      let id = try connection.value("SELECT connection_id()") ?? ""
      try connection.create("t_killed", "n int")
      let found = try failure {
        if isLoad {
          try connection.begin()
          let info = try connection.describe(TableName(["t_killed"]))
          let load = try #require(try connection.bulkLoad(into: info, info.columns))
          let batch = RecordBatch([("n", .make(.int32, (0..<60_000).map { Int32($0) }))])
          try load.write(batch, firstRow: 1)
          try watcher.run("KILL CONNECTION \(id)")
          for round in 1..<100 { try load.write(batch, firstRow: 1 + Int64(round) * 60_000) }
          _ = try load.finish()
        } else {
          let endless = "SELECT a.n FROM \(ten) a, \(ten) b, \(ten) c, \(ten) d, \(ten) e, \(ten) f, \(ten) g"
          guard case .rows(let rows) = try connection.query(endless, [], .init()) else { return }
          _ = try rows.next()
          try watcher.run("KILL CONNECTION \(id)")
          while try rows.next() != nil {}
        }
      }
      #expect(found.category == .transient, "\(found)")
      #expect(found.message.contains("connection"), "\(found)")
      try connection.rollback()
      #expect(try watcher.value("SELECT count(*) FROM t_killed") == "0")
    }
  }

  @Test func loadDataReadsTheInputFileAndNothingElse() throws {
    let context = try TaskContext.forTests()
    let output = try context.create("load.csv")
    let csv = "id,title,amount\n1,\"one, 1\",1.50\n2,two,2.25\n3,drei ü,3.00\n"
    try output.write(text: csv)
    try output.commit()
    var options = MySQLOptions()
    options.inputFile = try StorageReference(property: .string(output.uri))
    let connection = try Server.connect(Server.url, options, context: context)
    defer { connection.close() }
    try connection.create("t_infile", "id int primary key, title varchar(8), amount decimal(8,2)")
    let path = try context.workingDirectory() + "/inputFile"
    let tail = "INTO TABLE t_infile FIELDS TERMINATED BY ',' ENCLOSED BY '\"' IGNORE 1 LINES"
    guard case .updated(let count) = try connection.query("LOAD DATA LOCAL INFILE '\(path)' \(tail)", [], .init())
    else {
      Issue.record("no count")
      return
    }
    #expect(count == 3)
    #expect(
      try connection.all("SELECT title FROM t_infile ORDER BY id").columns[0].texts == ["one, 1", "two", "drei ü"])
    let found = try failure { _ = try connection.query("LOAD DATA LOCAL INFILE '/etc/passwd' \(tail)", [], .init()) }
    #expect(found.message.contains("/etc/passwd"))
    #expect(found.category == .configuration)
    // A value that LOCAL would only warn about.
    try connection.create("t_infile", "id int primary key, title varchar(3), amount decimal(8,2)")
    let changed = try failure { _ = try connection.query("LOAD DATA LOCAL INFILE '\(path)' \(tail)", [], .init()) }
    #expect(changed.category == .data)
    #expect(changed.message.contains("Data truncated for column 'title'"))
    let none = try Server.connect()
    defer { none.close() }
    let refused = try failure { _ = try none.query("LOAD DATA LOCAL INFILE '\(path)' \(tail)", [], .init()) }
    #expect(refused.message.contains("no 'inputFile'"))
  }

  @Test func describesTables() throws {
    let connection = try Server.connect()
    defer { connection.close() }
    try connection.run("DROP TABLE IF EXISTS `t ``x.y`")
    try connection.run(
      """
      CREATE TABLE `t ``x.y` (id bigint unsigned auto_increment primary key, `a ``b` varchar(7) not null,
        g int generated always as (length(`a ``b`)) stored,
        d datetime(3) default current_timestamp(3), `sel"ect` decimal(5,1))
      """)
    let info = try connection.describe(TableName(["t `x.y"]))
    #expect(info.columns.map(\.name) == ["id", "a `b", "g", "d", "sel\"ect"])
    #expect(info.columns.map(\.source) == [.identity, .given, .computed, .given, .given])
    #expect(info.columns.map(\.isNullable) == [false, false, true, true, true])
    #expect(info.columns[1].target.length == .characters(7))
    #expect(info.isTransactional)
    try connection.run("CREATE TEMPORARY TABLE t_temporary (a int)")
    #expect(try connection.describe(TableName(["t_temporary"])).columns.count == 1)
    try connection.run("DROP TABLE `t ``x.y`")
  }
}

/// A connection of its own, for another thread.
private func watcher_value(_ sql: String) throws -> String? {
  let connection = try Server.connect()
  defer { connection.close() }
  return try connection.value(sql)
}
