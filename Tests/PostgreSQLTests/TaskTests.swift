import Expression
import FerryTesting
import Foundation
import Records
import SQL
import Testing

@testable import Engine
@testable import PostgreSQL

/// The tasks, from their properties to their outputs.
@Suite(.serialized) struct TaskTests {
  private func run<T: FerryTask>(
    _ task: T.Type, _ properties: ValueMap, _ context: TaskContext? = nil
  ) throws -> ValueMap {
    let url = try Server.jdbc
    let host = url.hosts[0]
    var all: ValueMap = [
      "url": .string("jdbc:postgresql://\(host.name):\(host.port ?? 5_432)/\(url.database ?? "")"),
      "username": .string(url.user ?? ""), "password": .string(url.password ?? ""),
    ]
    for (name, value) in properties { all[name] = value }
    let context = try context ?? .forTests()
    // As the engine does when a task has succeeded.
    defer { try? context.record(nil) }
    return try PropertyDecoder.decode(task, from: all).run(context)
  }

  private func failure(_ body: () throws -> Void) throws -> Failure {
    do { try body() } catch let failure as Failure { return failure }
    throw Failure(.bug, "nothing was thrown")
  }

  private func uri(_ outputs: ValueMap) throws -> Value { try #require(outputs["uri"]) }

  /// CREATE TABLE AS declares every array with one dimension, and the server takes any.
  @Test(arguments: ["int[]", "int[][]", "int[][][]"]) func arraysOfAnyDepthAreLoaded(declared: String) throws {
    let session = try Server.session()
    defer { session.close() }
    try session.run("DROP TABLE IF EXISTS k_deep, k_array")
    try session.run("CREATE TABLE k_array (a int[][]); INSERT INTO k_array VALUES ('{{1,2},{3,NULL}}'), (NULL), ('{}')")
    try session.run("CREATE TABLE k_deep (a \(declared))")
    let context = try TaskContext.forTests()
    let stored = try run(SQLQuery<PostgreSQL>.self, ["sql": "SELECT a FROM k_array", "fetchType": "STORE"], context)
    _ = try run(SQLBatch<PostgreSQL>.self, ["from": uri(stored), "table": "k_deep"], context)
    #expect(try session.texts("SELECT a::text FROM k_deep") == ["{{1,2},{3,NULL}}", nil, "{}"])
    try session.run("DROP TABLE k_deep, k_array")
  }

  /// The server looks at foreign keys at the end of a COPY, and does not say which row it was.
  @Test(arguments: [1, 700, 66_000, 70_000]) func theRowOfAForeignKeyIsFound(bad: Int64) throws {
    let session = try Server.session()
    defer { session.close() }
    try session.run(
      """
      DROP TABLE IF EXISTS d_child, d_parent; CREATE TABLE d_parent (a int, b int, PRIMARY KEY (a, b));
      INSERT INTO d_parent SELECT 1, n FROM generate_series(1, 70000) n;
      CREATE TABLE d_child (x int, y int, FOREIGN KEY (x, y) REFERENCES d_parent)
      """)
    let context = try TaskContext.forTests()
    let stored = try run(
      SQLQuery<PostgreSQL>.self,
      [
        "sql": .string("SELECT 1 AS x, CASE n WHEN \(bad) THEN -n ELSE n END AS y FROM generate_series(1, 70000) n"),
        "fetchType": "STORE",
      ], context)
    let failure = try failure {
      _ = try run(SQLBatch<PostgreSQL>.self, ["from": uri(stored), "table": "d_child"], context)
    }
    #expect(failure.category == .data && failure.code == "23503", "\(failure)")
    #expect(failure.message.contains("row \(bad):") && failure.message.contains("column 'x, y'"), "\(failure)")
    #expect(!failure.description.contains("-\(bad)"))
    #expect(try session.texts("SELECT count(*) FROM d_child") == ["0"])
    try session.run("DROP TABLE d_child, d_parent")
  }

  /// The text of a stored file.
  private func text(_ outputs: ValueMap, _ context: TaskContext) throws -> String {
    let input = try context.open(StorageReference(property: uri(outputs)))
    var bytes = [UInt8](repeating: 0, count: 1 << 20)
    let count = try input.readFully(into: &bytes)
    return String(decoding: bytes[..<count], as: UTF8.self)
  }

  // MARK: COPY

  @Test(arguments: ["TEXT", "CSV", "BINARY"])
  func copyOutAndInAgain(format: String) throws {
    let session = try Server.session()
    defer { session.close() }
    try session.run(
      """
      DROP TABLE IF EXISTS "k a", k_b; CREATE TABLE "k a" ("Id" integer, "t;""x" text);
      CREATE TABLE k_b (i integer, t text);
      INSERT INTO "k a" SELECT i, E'a\\t"b''\\n\\\\' || i FROM generate_series(1, 20000) AS i;
      INSERT INTO "k a" VALUES (0, NULL), (-1, '')
      """)
    let context = try TaskContext.forTests()
    let out = try run(CopyOut.self, ["table": "\"k a\"", "format": .string(format)], context)
    #expect(out["rowCount"] == 20_002)
    let back = try run(CopyIn.self, ["from": uri(out), "table": "K_B", "format": .string(format)], context)
    #expect(back["rowCount"] == 20_002)
    let different = "SELECT count(*) FROM (TABLE \"k a\" EXCEPT ALL TABLE k_b) AS x"
    #expect(try session.texts(different) == ["0"])
    #expect(context.ledger.counts.isBalanced)
    try session.run("DROP TABLE \"k a\", k_b")
  }

  @Test func copyOptionsAreQuoted() throws {
    let context = try TaskContext.forTests()
    let out = try run(
      CopyOut.self,
      [
        "sql": "SELECT 'it''s' AS \"a\"\"b\", NULL AS c; -- end", "format": "CSV", "delimiter": "'", "header": true,
        "nullString": "n ull\\", "quote": "\"", "forceQuote": ["a\"b"], "encoding": "UTF8",
      ], context)
    #expect(try text(out, context) == "\"a\"\"b\"'c\n\"it's\"'n ull\\\n")
    let bad = try failure { _ = try run(CopyOut.self, ["sql": "SELECT 1", "format": "CSV", "delimiter": "x'); DROP"]) }
    #expect(bad.message.contains("single one-byte character"))
  }

  @Test func aBadLineOfCopyInIsNamed() throws {
    let session = try Server.session()
    defer { session.close() }
    try session.run("DROP TABLE IF EXISTS k_bad; CREATE TABLE k_bad (id integer, v integer)")
    let path = FileManager.default.temporaryDirectory.appending(path: "ferry-\(UUID().uuidString).csv").path
    var lines = (1...200_000).map { "\($0),\($0)" }
    lines[4_999] = "5000,secret"
    try lines.joined(separator: "\n").write(toFile: path, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(atPath: path) }
    let failure = try failure {
      _ = try run(CopyIn.self, ["from": .string("file://\(path)"), "table": "k_bad", "format": "CSV"])
    }
    #expect(failure.category == .data)
    #expect(failure.message.contains("line 5000: column 'v'"), "\(failure)")
    #expect(!failure.message.contains("secret"))
    #expect(try session.texts("SELECT count(*) FROM k_bad") == ["0"])
    try session.run("DROP TABLE k_bad")
  }

  // MARK: Query and Batch

  @Test func queryStoresAndBatchLoads() throws {
    let session = try Server.session()
    defer { session.close() }
    try session.run(
      "DROP TABLE IF EXISTS k_load, k_written; CREATE TABLE k_load (id integer PRIMARY KEY, price numeric(9,2), t text)"
    )
    try session.run("CREATE TABLE k_written (LIKE k_load INCLUDING ALL)")
    let context = try TaskContext.forTests()
    let sql = "SELECT i AS id, i::numeric / 4 AS price, md5(i::text) AS t FROM generate_series(1, 150000) AS i"
    let stored = try run(SQLQuery<PostgreSQL>.self, ["sql": .string(sql), "fetchType": "STORE"], context)
    #expect(stored["size"] == 150_000)
    let loaded = try run(SQLBatch<PostgreSQL>.self, ["from": uri(stored), "table": "k_load"], context)
    #expect(loaded["rowCount"] == 150_000)
    #expect(loaded["updatedCount"] == 150_000)
    let written = try run(
      SQLBatch<PostgreSQL>.self,
      ["from": uri(stored), "sql": "INSERT INTO k_written VALUES (?, ?, ?) ON CONFLICT DO NOTHING"], context)
    #expect(written["updatedCount"] == 150_000)
    for table in ["k_load", "k_written"] {
      #expect(try session.texts("SELECT count(*) FROM (\(sql) EXCEPT ALL TABLE \(table)) AS x") == ["0"])
    }
    let again = try run(
      SQLBatch<PostgreSQL>.self,
      ["from": uri(stored), "sql": "INSERT INTO k_written VALUES (?, ?, ?) ON CONFLICT DO NOTHING"], context)
    #expect(again["updatedCount"] == 0)
    let changed = try run(
      SQLBatch<PostgreSQL>.self,
      ["from": uri(stored), "columns": ["t", "id"], "sql": "UPDATE k_written SET t = upper(?) WHERE id = ?"], context)
    #expect(changed["updatedCount"] == 150_000)
    try session.run("DROP TABLE k_load, k_written")
  }

  /// What a column would round is refused on every road.
  @Test(arguments: [
    "INSERT INTO k_fine VALUES (?, ?, ?)", "INSERT INTO k_fine VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
  ])
  func noRoadRounds(sql: String) throws {
    let session = try Server.session()
    defer { session.close() }
    try session.run("DROP TABLE IF EXISTS k_fine; CREATE TABLE k_fine (n numeric(6,2), v varchar(3), a inet)")
    for (n, v, fits) in [("1.50", "abc", true), ("1.005", "abc", false), ("1.5", "abc ", false), ("99999", "a", false)]
    {
      let context = try TaskContext.forTests()
      let stored = try run(
        SQLQuery<PostgreSQL>.self,
        ["sql": .string("SELECT \(n)::numeric, '\(v)'::text, '::1'::inet"), "fetchType": "STORE"], context)
      let load = { _ = try run(SQLBatch<PostgreSQL>.self, ["from": uri(stored), "sql": .string(sql)], context) }
      if fits { try load() } else { #expect(try failure(load).category == .data, "\(n) \(v)") }
    }
    #expect(try session.texts("SELECT k_fine::text FROM k_fine") == ["(1.50,abc,::1)"])
    try session.run("DROP TABLE k_fine")
  }

  @Test func textLoadsDoNotRoundEither() throws {
    let session = try Server.session()
    defer { session.close() }
    try session.run("DROP TABLE IF EXISTS k_text; CREATE TABLE k_text (t timestamp(0), a inet)")
    let context = try TaskContext.forTests()
    let stored = try run(
      SQLQuery<PostgreSQL>.self,
      ["sql": "SELECT timestamp '2020-01-01 00:00:00.5' AS t, '::1'::inet AS a", "fetchType": "STORE"], context)
    let failure = try failure {
      _ = try run(SQLBatch<PostgreSQL>.self, ["from": uri(stored), "table": "k_text"], context)
    }
    #expect(failure.message.contains("row 1, column 't'"), "\(failure)")
    try session.run("DROP TABLE k_text")
  }

  // MARK: TLS

  private func pem(_ name: String) throws -> Value {
    let folder = try #require(ProcessInfo.processInfo.environment["FERRY_TEST_TLS_DIR"], "needs FERRY_TEST_TLS_DIR")
    return .string(try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8))
  }

  @Test func tlsIsVerified() throws {
    let version: ValueMap = [
      "sql": "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()", "fetchType": "FETCH_ONE",
    ]
    func query(_ more: ValueMap) throws -> Value? {
      var properties = version
      for (name, value) in more { properties[name] = value }
      return try run(SQLQuery<PostgreSQL>.self, properties)["row"]
    }
    let secured = Value.map(["ssl": true])
    #expect(try query(["username": "ferry_tls", "sslMode": "REQUIRE"]) == secured)
    #expect(try query(["username": "ferry_tls", "ssl": true, "sslRootCert": pem("ca.crt")]) == secured)
    #expect(try query(["username": "ferry_tls", "sslMode": "VERIFY_FULL", "sslRootCert": pem("ca.crt")]) == secured)
    let plain = try failure { _ = try query(["username": "ferry_tls", "sslMode": "DISABLE"]) }
    #expect(plain.code == "28000")
    let other = try failure {
      _ = try query(["username": "ferry_tls", "sslMode": "VERIFY_CA", "sslRootCert": pem("other-ca.crt")])
    }
    #expect(other.message.contains("certificate"), "\(other)")
    #expect(other.category == .configuration)
    // The machine's authorities have not signed it.
    let unknown = try failure { _ = try query(["username": "ferry_tls", "sslMode": "VERIFY_FULL"]) }
    #expect(unknown.category == .configuration && unknown.hint?.contains("'sslRootCert'") == true, "\(unknown)")
    #expect(!unknown.description.contains(".postgresql"), "\(unknown)")
    let wrong = try failure { _ = try query(["password": "wrong"]) }
    #expect(wrong.category == .auth && wrong.message.ranges(of: "authentication failed").count == 1, "\(wrong)")
    let certificate: ValueMap = ["username": "ferry_cert", "sslMode": "VERIFY_FULL", "sslRootCert": try pem("ca.crt")]
    #expect(try failure { _ = try query(certificate) }.category == .auth)
    var keyed = certificate
    keyed["sslCert"] = try pem("client.crt")
    for key in ["client.key", "client-pkcs1.key"] {
      keyed["sslKey"] = try pem(key)
      #expect(try query(keyed) == secured, "\(key)")
    }
    keyed["sslKey"] = try pem("client-encrypted.key")
    keyed["sslKeyPassword"] = "not the pass phrase"
    let locked = try failure { _ = try query(keyed) }
    #expect(!locked.description.contains("not the pass phrase"))
    keyed["sslKeyPassword"] = try pem("client-encrypted.password")
    #expect(try query(keyed) == secured)
  }

  /// The values of Kestra's own test, and what they print as there.
  @Test func rowsArePrintedAsInKestra() throws {
    let session = try Server.session()
    defer { session.close() }
    try session.run("CREATE EXTENSION IF NOT EXISTS hstore")
    let sql = """
      SELECT '04:05:06.5 PST'::timetz AS a, timestamptz '2004-10-19 10:23:54.250+04' AS b,
        timestamp '2004-10-19 10:23:54.100' AS c, interval '10 years 4 months 5 days 10 seconds' AS d,
        'a=>1, "b \\"c"=>NULL'::hstore AS e, time '04:05:06' AS f, timestamptz 'infinity' AS g, NULL::timetz AS h
      """
    func row(_ more: ValueMap) throws -> ValueMap? {
      var properties = more
      properties["sql"] = .string(sql)
      properties["fetchType"] = "FETCH_ONE"
      return try run(SQLQuery<PostgreSQL>.self, properties)["row"]?.map
    }
    let paris = try row(["timeZoneId": "Europe/Paris", "rowFormat": "KESTRA"])
    #expect(paris?["a"] == "13:05:06.5" && paris?["b"] == "2004-10-19T08:23:54.25+02:00")
    #expect(paris?["c"] == "2004-10-19T10:23:54.1" && paris?["d"] == "P10Y4M5DT0H0M10S")
    #expect(paris?["e"] == ["a": "1", "b \"c": nil] && paris?["f"] == "04:05:06" && paris?["h"] == .null)
    #expect(try row(["rowFormat": "KESTRA"])?["b"] == "2004-10-19T06:23:54.25Z")
    let exact = try row(["timeZoneId": "Europe/Paris"])
    #expect(exact?["a"] == "04:05:06.5-08" && exact?["d"] == "P10Y4M5DT10S" && paris?["g"] == exact?["g"])
  }

  @Test func severalStatementsOfAQueryAreOneTransaction() throws {
    let session = try Server.session()
    defer { session.close() }
    try session.run("DROP TABLE IF EXISTS d_many; CREATE TABLE d_many (a int NOT NULL)")
    // The loop of Kestra's documentation of 2022.
    let sql = "INSERT INTO d_many VALUES (1);INSERT INTO d_many VALUES (2);SELECT a FROM d_many ORDER BY a"
    #expect(try run(SQLQuery<PostgreSQL>.self, ["sql": .string(sql), "fetch": true])["rows"] == [["a": 1], ["a": 2]])
    _ = try failure {
      _ = try run(
        SQLQuery<PostgreSQL>.self,
        ["sql": "INSERT INTO d_many VALUES (3); SELECT 1 / (count(*) - count(*)) FROM d_many", "fetch": true])
    }
    let left = try run(SQLQuery<PostgreSQL>.self, ["sql": "SELECT count(*) AS n FROM d_many", "fetchOne": true])
    #expect(left["row"] == ["n": 2])
  }
}
