import Expression
import FerryTesting
import Records
import SQL
import Testing

@testable import Engine
@testable import PostgreSQL

/// What the driver does beside moving values.
@Suite(.serialized) struct DriverTests {
  private func failure(_ body: () throws -> Void) throws -> Failure {
    do { try body() } catch let failure as Failure { return failure }
    throw Failure(.bug, "nothing was thrown")
  }

  // MARK: roads

  @Test func statementsOfEveryKindGiveTheirRows() throws {
    let session = try Server.session()
    defer { session.close() }
    try session.run(
      """
      DROP TABLE IF EXISTS d_kinds; CREATE TABLE d_kinds (id integer, address inet);
      CREATE OR REPLACE PROCEDURE d_twice(INOUT x integer) LANGUAGE sql AS 'SELECT x * 2';
      """)
    func first(_ sql: String, _ parameters: [Value] = []) throws -> [[String?]] {
      let batch = try session.all(sql, parameters)
      return (0..<batch.count).map { row in batch.columns.map { $0.texts[row] } }
    }
    #expect(try first("SELECT 1 AS a, 2 AS a;  -- the end") == [["1", "2"]])
    #expect(try first("/* x /* y */ */ VALUES (1), (2)") == [["1"], ["2"]])
    #expect(try first("(SELECT 1) UNION ALL (SELECT 2) ORDER BY 1 DESC") == [["2"], ["1"]])
    #expect(try first("WITH x AS (SELECT 7 AS y) SELECT * FROM x") == [["7"]])
    #expect(try first("SHOW server_encoding") == [["UTF8"]])
    #expect(try first("EXPLAIN (COSTS off) SELECT 1") == [["Result"]])
    #expect(try first("CALL d_twice(21)") == [["42"]])
    #expect(
      try first("INSERT INTO d_kinds VALUES (1, '10.0.0.1/8'), (2, NULL) RETURNING id, address")
        == [["1", "10.0.0.1/8"], ["2", nil]])
    #expect(
      try first("WITH i AS (INSERT INTO d_kinds VALUES (3, '::1') RETURNING *) SELECT id, address FROM i")
        == [["3", "::1"]])
    #expect(try first("TABLE d_kinds").count == 3)
    #expect(try first("SELECT $1::text || $2, $3::integer[]", ["a", "b", [1, nil]]) == [["ab", "[1,null]"]])
    #expect(try first("SELECT pg_sleep(0)") == [[nil]])
    #expect(try first("SELECT 1 WHERE false").isEmpty)
    try session.run("DROP TABLE d_kinds; DROP PROCEDURE d_twice")
  }

  @Test func updatesAreCounted() throws {
    let session = try Server.session()
    defer { session.close() }
    #expect(try session.execute("DROP TABLE IF EXISTS d_count") == nil)
    try session.execute("CREATE TABLE d_count (id integer)")
    #expect(try session.execute("INSERT INTO d_count SELECT generate_series(1, 10)") == 10)
    #expect(try session.execute("UPDATE d_count SET id = id + $1 WHERE id > $2", [100, 5]) == 5)
    #expect(try session.execute("DELETE FROM d_count WHERE id > 100") == 5)
    try session.begin()
    try session.execute("DELETE FROM d_count")
    try session.rollback()
    #expect(try session.texts("SELECT count(*) FROM d_count") == ["5"])
    try session.execute("DROP TABLE d_count")
  }

  /// A statement whose rows nobody reads is run to its end all the same.
  @Test func unreadRowsAreMade() throws {
    let session = try Server.session()
    defer { session.close() }
    try session.run("DROP TABLE IF EXISTS d_unread; CREATE TABLE d_unread (id integer)")
    try session.run(
      """
      CREATE OR REPLACE FUNCTION d_add(i integer) RETURNS integer LANGUAGE sql
      AS 'INSERT INTO d_unread VALUES (i) RETURNING i'
      """
    )
    try session.execute("SELECT d_add(i) FROM generate_series(1, 3000) AS i")
    #expect(try session.texts("SELECT count(*) FROM d_unread") == ["3000"])
    try session.run("DROP FUNCTION d_add; DROP TABLE d_unread")
  }

  @Test func theFirstRowIsEnough() throws {
    let session = try Server.session()
    defer { session.close() }
    var options = QueryOptions()
    options.firstRowOnly = true
    let batch = try session.all("SELECT i FROM generate_series(5, 100000) AS i", [], options)
    #expect(batch.columns[0].texts == ["5"])
  }

  @Test func noticesAreLogged() throws {
    let log = KeptLog()
    let session = try Server.session(context: .forTests(log: log))
    defer { session.close() }
    try session.execute("DO $$ BEGIN RAISE WARNING 'mind the gap'; END $$")
    #expect(log.lines.contains { $0.contains("mind the gap") })
  }

  @Test func memoryStaysFlatOverBatches() throws {
    let session = try Server.session()
    defer { session.close() }
    guard
      case .rows(let rows) = try session.query(
        "SELECT repeat('x', 1000) AS x FROM generate_series(1, 30000)", [], QueryOptions())
    else { return }
    var counts: [Int] = []
    while let batch = try rows.next() { counts.append(batch.count) }
    #expect(counts.reduce(0, +) == 30_000)
    #expect(counts.allSatisfy { $0 <= 8_400 })
  }

  @Test func wideRowsAndLargeValues() throws {
    let session = try Server.session()
    defer { session.close() }
    let wide = try session.all("SELECT \((1...1_600).map { "\($0) AS c\($0)" }.joined(separator: ", "))")
    #expect(wide.columns[1_599].texts == ["1600"])
    try session.run("DROP TABLE IF EXISTS d_large; CREATE TABLE d_large (b bytea)")
    let large = try session.all("SELECT decode(repeat('00112233445566778899aabbccddeeff', 4 << 20), 'hex') AS b")
    #expect(large.columns[0].bytes(0).count == 64 << 20)
    let info = try session.describe(TableName(["d_large"]))
    let load = try #require(try session.bulkLoad(into: info, info.columns))
    try load.write(large, firstRow: 1)
    #expect(try load.finish() == 1)
    let same = "SELECT md5(b) = md5(decode(repeat('00112233445566778899aabbccddeeff', 4 << 20), 'hex')) FROM d_large"
    #expect(try session.texts(same) == ["t"])
    try session.run("DROP TABLE d_large")
  }

  // MARK: tables

  @Test func describeTellsColumns() throws {
    let session = try Server.session()
    defer { session.close() }
    try session.run(
      """
      DROP SCHEMA IF EXISTS "d Schema" CASCADE; CREATE SCHEMA "d Schema";
      CREATE TABLE "d Schema"."Odd ""Table" ("Id" integer GENERATED ALWAYS AS IDENTITY, s serial, d integer DEFAULT 5,
        g integer GENERATED ALWAYS AS (d * 2) STORED, v varchar(10) NOT NULL,
        i integer GENERATED BY DEFAULT AS IDENTITY)
      """)
    let info = try session.describe(TableName(["d Schema", "Odd \"Table"]))
    #expect(info.columns.map(\.name) == ["Id", "s", "d", "g", "v", "i"])
    #expect(info.columns.map(\.source) == [.identityAlways, .identity, .given, .computed, .given, .identity])
    #expect(info.columns.map(\.isNullable) == [false, false, true, true, false, false])
    #expect(info.columns[4].target.length == .characters(10))
    let load = try #require(try session.bulkLoad(into: info, [info.columns[4]]))
    let batch = try session.all("SELECT 'x'::varchar(10) AS v FROM generate_series(1, 3)")
    try load.write(batch, firstRow: 1)
    #expect(try load.finish() == 3)
    #expect(try session.texts("SELECT max(g) FROM \"d Schema\".\"Odd \"\"Table\"") == ["10"])
    try session.run("CREATE VIEW \"d Schema\".v AS SELECT 1 AS a")
    let view = try session.describe(TableName(["d Schema", "v"]))
    #expect(try session.bulkLoad(into: view, view.columns) == nil)
    try session.run("DROP SCHEMA \"d Schema\" CASCADE")
  }

  @Test func aMissingTableNamesItsNeighbour() throws {
    let session = try Server.session()
    defer { session.close() }
    try session.run("DROP TABLE IF EXISTS d_orders; CREATE TABLE d_orders (id integer)")
    let failure = try failure { _ = try session.describe(TableName(["d_ordes"])) }
    #expect(failure.category == .schema)
    #expect(failure.code == "42P01")
    #expect(failure.hint == "Did you mean 'd_orders'?")
    try session.run("DROP TABLE d_orders")
  }

  // MARK: errors

  @Test(arguments: [true, false])
  func aRefusedRowIsNamed(inBulk: Bool) throws {
    let session = try Server.session()
    defer { session.close() }
    try session.run(
      "DROP TABLE IF EXISTS d_refused; CREATE TABLE d_refused (id integer PRIMARY KEY, v integer CHECK (v < 4000))")
    let good = try session.all("SELECT i AS id, 0 AS v FROM generate_series(1, 2000) AS i")
    let bad = try session.all("SELECT i AS id, i AS v FROM generate_series(2001, 60000) AS i")
    try session.begin()
    let failure = try failure {
      if inBulk {
        let info = try session.describe(TableName(["d_refused"]))
        let load = try #require(try session.bulkLoad(into: info, info.columns))
        try load.write(good, firstRow: 1)
        try load.write(bad, firstRow: 2_001)
        _ = try load.finish()
      } else {
        let statement = try session.prepare("INSERT INTO d_refused VALUES ($1, $2)")
        _ = try statement.execute(good, firstRow: 1)
        _ = try statement.execute(bad, firstRow: 2_001)
      }
    }
    #expect(failure.category == .data)
    #expect(failure.code == "23514")
    #expect(failure.message.contains("row 4000"), "\(failure)")
    try session.rollback()
    #expect(try session.texts("SELECT count(*) FROM d_refused") == ["0"])
    try session.run("DROP TABLE d_refused")
  }

  @Test func valuesStayOutOfMessages() throws {
    let session = try Server.session()
    defer { session.close() }
    let bad = try failure { _ = try session.all("SELECT CAST($1 AS integer)", ["secret-value"]) }
    #expect(bad.category == .data)
    #expect(bad.code == "22P02")
    #expect(!bad.message.contains("secret-value"))
    #expect(bad.sensitive?.contains("secret-value") == true)
    try session.run(
      "DROP TABLE IF EXISTS d_key; CREATE TABLE d_key (id text PRIMARY KEY); INSERT INTO d_key VALUES ('hidden')")
    let twice = try failure { try session.execute("INSERT INTO d_key VALUES ('hidden')") }
    #expect(twice.code == "23505")
    #expect(!twice.message.contains("hidden"))
    #expect(twice.sensitive?.contains("hidden") == true)
    try session.run("DROP TABLE d_key")
  }

  @Test func finerValuesAreNotRounded() throws {
    let session = try Server.session()
    defer { session.close() }
    try session.run("DROP TABLE IF EXISTS d_fine; CREATE TABLE d_fine (t timestamp(3))")
    let batch = try session.all("SELECT timestamp '2020-01-01 00:00:00.123456' AS t")
    let info = try session.describe(TableName(["d_fine"]))
    let load = try #require(try session.bulkLoad(into: info, info.columns))
    let failure = try failure { try load.take(batch, firstRow: 17) }
    load.abort()
    #expect(
      failure.message == "row 17, column 't': the value has more digits than the column keeps (type timestamp into "
        + "timestamp(3) without time zone)", "\(failure)")
    #expect(try session.texts("SELECT count(*) FROM d_fine") == ["0"])
    try session.run("DROP TABLE d_fine")
  }

  /// Values of rows are hidden, names are not.
  @Test(arguments: [
    ("invalid input syntax for type integer: \"a\"b\"", "invalid input syntax for type integer: (a value)"),
    ("missing data for column \"b\"", "missing data for column \"b\""),
    (
      "character with byte sequence 0xf0 0x9f 0x98 0x80 in encoding \"UTF8\" has no equivalent in encoding \"LATIN1\"",
      "character with byte sequence (bytes) in encoding \"UTF8\" has no equivalent in encoding \"LATIN1\""
    ),
    ("invalid byte sequence for encoding \"UTF8\": 0xff", "invalid byte sequence for encoding \"UTF8\": (bytes)"),
    ("value \"99999\" is out of range for type smallint", "value (a value) is out of range for type smallint"),
    ("value \"x for column \"y\" is bad", "value (a value) is bad"),
  ])
  func valuesAreHidden(_ message: String, _ shown: String) { #expect(DatabaseError.withoutValues(message) == shown) }

  @Test func deadlocksMayBeTriedAgain() {
    let error = DatabaseError(sqlState: "40P01", message: "deadlock detected", severity: "ERROR").failure("loading")
    #expect(error.category == .transient)
    #expect(error.retryIsSafe)
    #expect(
      DatabaseError(sqlState: "53100", message: "could not extend file", severity: "ERROR").failure("x").category
        == .quota)
  }

  @Test func copyPositionsAreRead() {
    func position(_ context: String) -> DatabaseError.CopyPosition? {
      DatabaseError(sqlState: "22P02", message: "", context: context, severity: "ERROR").copyPosition(in: "t 1")
    }
    #expect(position("COPY t 1, line 12, column price: \"x\"") == .init(line: 12, column: "price"))
    #expect(position("COPY t 1, line 7") == .init(line: 7))
    #expect(position("COPY t 1, Zeile 3, Spalte b") == .init(line: 3, column: "b"))
    #expect(position("SQL statement \"x\"\nCOPY t 1, line 4: \"a, b\"") == .init(line: 4))
    #expect(position("PL/pgSQL function") == nil)
  }

  // MARK: connecting

  @Test func connectErrorsAreClear() throws {
    let url = try Server.jdbc
    let (host, port) = (url.hosts[0].name, url.hosts[0].port ?? 5_432)
    let wrong = try failure { _ = try Server.session(password: "wrong-secret") }
    #expect(wrong.category == .auth)
    #expect(wrong.code == "28P01")
    #expect(!wrong.description.contains("wrong-secret"))
    let refused = try failure { _ = try Server.session("postgres://u@127.0.0.1:1/x") }
    #expect(refused.category == .transient)
    #expect(refused.retryIsSafe)
    let unknown = try failure { _ = try Server.session("postgres://u:topsecret@nowhere.invalid:1/x") }
    #expect(unknown.code == "08001")
    #expect(unknown.message.contains("nowhere.invalid"))
    #expect(!unknown.description.contains("topsecret"))
    let missing = try failure {
      _ = try Server.session("jdbc:postgresql://\(host):\(port)/no_such_db", username: url.user, password: url.password)
    }
    #expect(missing.code == "3D000")
    let clock = ContinuousClock()
    let silent = try FaultyProxy(to: "127.0.0.1", UInt16(port), [.stall(after: 0, from: .client)])
    let start = clock.now
    let late = try failure { _ = try Server.session("postgres://u@127.0.0.1:\(silent.port)/x?connectTimeout=1") }
    #expect(late.category == .transient)
    #expect(clock.now - start < .seconds(3))
  }

  @Test func parametersOfTheURLAreUnderstood() throws {
    let log = KeptLog()
    let url = try Server.jdbc
    let base = "jdbc:postgresql://\(url.hosts[0].name):\(url.hosts[0].port ?? 5_432)/\(url.database ?? "")"
    let session = try Server.session(
      base
        + "?currentSchema=pg_catalog,public&ApplicationName=my%20app&tcpKeepAlive=true&wibble=1"
        + "&reWriteBatchedInserts=true",
      timeZone: "Europe/Paris", username: url.user, password: url.password, context: .forTests(log: log))
    defer { session.close() }
    #expect(try session.texts("SHOW search_path") == ["pg_catalog,public"])
    #expect(try session.texts("SHOW application_name") == ["my app"])
    #expect(try session.texts("SHOW TimeZone") == ["Europe/Paris"])
    #expect(log.lines.contains { $0.contains("'wibble'") })
    #expect(!log.lines.contains { $0.contains("reWrite") })
    let other = try Server.session()
    defer { other.close() }
    #expect(try other.texts("SHOW application_name") == ["ferry"])
  }

  @Test func unixSocketsAndTheirFolders() throws {
    let session = try Server.session()
    defer { session.close() }
    let folder = try session.texts("SHOW unix_socket_directories")[0] ?? ""
    let url = try Server.jdbc
    let escaped = folder.replacing("/", with: "%2F")
    for text in [
      "postgresql://\(escaped):\(url.hosts[0].port ?? 5_432)/ferry",
      "postgresql:///ferry?host=\(escaped)&port=\(url.hosts[0].port ?? 5_432)",
    ] {
      let local = try Server.session(text, username: url.user, password: url.password)
      #expect(try local.texts("SELECT inet_client_addr() IS NULL") == ["t"])
      local.close()
    }
  }

  @Test func aDeadlockEndsInATransientError() throws {
    let first = try Server.session()
    defer { first.close() }
    nonisolated(unsafe) let second = try Server.session()
    defer { second.close() }
    try first.run(
      "DROP TABLE IF EXISTS d_lock; CREATE TABLE d_lock (id integer, n integer); INSERT INTO d_lock VALUES (1), (2)"
    )
    for session in [first, second] {
      try session.run("SET deadlock_timeout = '50ms'")
      try session.begin()
    }
    try first.execute("UPDATE d_lock SET n = 1 WHERE id = 1")
    try second.execute("UPDATE d_lock SET n = 2 WHERE id = 2")
    nonisolated(unsafe) var other: Failure?
    let thread = TestThread {
      do { try second.execute("UPDATE d_lock SET n = 2 WHERE id = 1") } catch { other = error as? Failure }
      try? second.rollback()
    }
    var own: Failure?
    do { try first.execute("UPDATE d_lock SET n = 1 WHERE id = 2") } catch { own = error as? Failure }
    try first.rollback()
    thread.join()
    let failure = try #require(own ?? other)
    #expect(failure.code == "40P01")
    #expect(failure.category == .transient)
    #expect(failure.retryIsSafe)
    try first.run("DROP TABLE d_lock")
  }

  /// A database in SQL_ASCII checks nothing: what it gives may be no text.
  @Test func invalidTextFollowsThePolicy() throws {
    let main = try Server.session()
    defer { main.close() }
    try main.run("DROP DATABASE IF EXISTS d_ascii")
    try main.run("CREATE DATABASE d_ascii ENCODING SQL_ASCII LOCALE 'C' TEMPLATE template0")
    let url = try Server.jdbc
    let session = try Server.session(
      "postgres://\(url.hosts[0].name):\(url.hosts[0].port ?? 5_432)/d_ascii", username: url.user,
      password: url.password)
    let sql = "SELECT E'ok'::text AS t UNION ALL SELECT E'a\\xFFb\\xC3\\xA9'"
    func texts(_ policy: InvalidText) throws -> [String?] {
      var options = QueryOptions()
      options.invalidText = policy
      return try session.all(sql, [], options).columns[0].texts
    }
    let refused = try failure { _ = try texts(.error) }
    #expect(refused.message.contains("row 2, column 't'"), "\(refused)")
    #expect(try texts(.replace) == ["ok", "a\u{FFFD}bé"])
    #expect(try texts(.escape) == ["ok", "a\\xFFbé"])
    session.close()
    try main.run("DROP DATABASE d_ascii")
  }

  @Test(arguments: [
    ("+02:00", "14:00"), ("GMT-3", "09:00"), ("Z", "12:00"), ("Asia/Kolkata", "17:30"), ("-05:30", "06:30"),
  ])
  func timeZonesAreNamesOrOffsets(zone: String, clock: String) throws {
    let session = try Server.session(timeZone: zone)
    defer { session.close() }
    #expect(try session.texts("SELECT to_char(timestamptz '2020-07-01 12:00Z', 'HH24:MI')") == [clock])
  }

  @Test func anAbandonedQueryIsStopped() throws {
    let session = try Server.session()
    defer { session.close() }
    let start = ContinuousClock.now
    guard
      case .rows(let rows) = try session.query(
        "SELECT i, pg_sleep(0.0001) FROM generate_series(1, 1000000) AS i", [], .init())
    else { return }
    rows.close()
    #expect(ContinuousClock.now - start < .seconds(5))
    #expect(try session.texts("SELECT 1") == ["1"])
  }

  // MARK: cancelling and broken connections

  @Test func cancelReachesTheServer() throws {
    let session = try Server.session()
    defer { session.close() }
    nonisolated(unsafe) let watcher = try Server.session()
    defer { watcher.close() }
    let cancel = session.canceller
    let running =
      "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%d_long%' AND state = 'active' "
      + "AND pid <> pg_backend_pid()"
    let clock = ContinuousClock()
    let start = clock.now
    let thread = TestThread {
      while (try? watcher.texts(running)) != ["1"] {}
      cancel()
    }
    let failure = try failure { _ = try session.all("SELECT pg_sleep(30) AS d_long") }
    thread.join()
    #expect(failure.category == .cancelled)
    #expect(clock.now - start < .seconds(10))
    #expect(try watcher.texts(running) == ["0"])
  }

  enum Breakage: String, CaseIterable, Sendable { case cut, silent, killed }

  @Test(arguments: Breakage.allCases, [true, false])
  func aBrokenConnectionEndsInAnError(how: Breakage, loading: Bool) throws {
    let watcher = try Server.session()
    defer { watcher.close() }
    try watcher.run("DROP TABLE IF EXISTS d_broken; CREATE TABLE d_broken (id integer, t text)")
    let url = try Server.jdbc
    let side: FaultyProxy.Side = loading ? .client : .server
    let faults: [FaultyProxy.Fault] =
      switch how {
      case .cut: [.cut(after: 3_000_000, from: side)]
      case .silent: [.stall(after: 3_000_000, from: side)]
      case .killed: []
      }
    let proxy = try FaultyProxy(to: "127.0.0.1", UInt16(url.hosts[0].port ?? 5_432), faults)
    let session = try Server.session(
      "postgres://127.0.0.1:\(proxy.port)/\(url.database ?? "")?socketTimeout=2&sslmode=disable", username: url.user,
      password: url.password)
    defer { session.close() }
    let pid = try session.texts("SELECT pg_backend_pid()")[0] ?? ""
    let clock = ContinuousClock()
    let start = clock.now
    let failure = try failure {
      if loading {
        let batch = try watcher.all("SELECT i AS id, repeat('x', 100) AS t FROM generate_series(1, 10000) AS i")
        let info = try session.describe(TableName(["d_broken"]))
        try session.begin()
        let load = try #require(try session.bulkLoad(into: info, info.columns))
        for round in 0..<100 {
          if round == 2, how == .killed { try watcher.run("SELECT pg_terminate_backend(\(pid))") }
          try load.write(batch, firstRow: Int64(round * 10_000 + 1))
        }
        _ = try load.finish()
        try session.commit()
      } else {
        guard
          case .rows(let rows) = try session.query(
            "SELECT i, repeat('x', 100) FROM generate_series(1, 10000000) AS i", [], QueryOptions())
        else { return }
        var count = 0
        while let batch = try rows.next() {
          count += batch.count
          if how == .killed { try watcher.run("SELECT pg_terminate_backend(\(pid))") }
        }
      }
    }
    #expect(failure.category == .transient, "\(failure)")
    #expect(clock.now - start < .seconds(15), "\(failure)")
    try? session.rollback()
    #expect(try watcher.texts("SELECT count(*) FROM d_broken") == ["0"])
    try watcher.run("SELECT pg_terminate_backend(\(pid)); DROP TABLE d_broken")
  }
}
