import Expression
import FerryTesting
import Records
import SQL
import Testing

@testable import PostgreSQL

/// Every type through every road: nothing changes on the way.
@Suite(.serialized) struct TypeTests {
  @Test(arguments: Server.urls)
  func allTypesRoundTrip(url: String) throws {
    let session = try Server.session(url)
    defer { session.close() }
    try session.run(TypeCase.setup)
    let isMain = url == Server.url
    if isMain { try session.run(TypeCase.extensions) }
    for (index, type) in TypeCase.all.enumerated() where isMain || !TypeCase.contributed.contains(type.type) {
      do { try check(type, "t_type_\(index)", session) } catch { Issue.record("\(type): \(error)") }
      if session.connection.isInTransaction { try session.rollback() }
    }
  }

  private func check(_ type: TypeCase, _ name: String, _ session: PostgreSQLConnection) throws {
    let (a, b, c) = ("\(name)_a", "\(name)_b", "\(name)_c")
    for table in [a, b, c] {
      try session.run("DROP TABLE IF EXISTS \(table); CREATE TABLE \(table) (n integer, v \(type.type))")
    }
    for (n, value) in (type.values + ["NULL"]).enumerated() {
      try session.run("INSERT INTO \(a) VALUES (\(n), \(value))")
    }
    let batch = try session.all("SELECT n, v FROM \(a) ORDER BY n")
    let field = batch.schema.fields[1]
    #expect(field.type.name == type.record, "\(type)")
    #expect(field.sourceType == type.sourceType, "\(type)")
    let server = try session.texts("SELECT v::text FROM \(a) ORDER BY n")
    // A cast to text adds the length to a host's address, where the type's own text has none.
    let own = type.type == "inet" ? ["10.0.0.1", "10.0.0.0/8", "::1", "2001:db8::ff00:42:8329/64", nil] : server
    #expect(batch.columns[1].texts == type.texts.map { $0.map { $0 } + [nil] } ?? own, "\(type)")

    // Row by row, by a statement that COPY cannot take.
    let rows = try session.all("SELECT n, v FROM \(a) WHERE n >= $1 ORDER BY n", [.int(0)])
    #expect(rows.schema == batch.schema, "\(type)")
    #expect(rows.columns[1].texts == batch.columns[1].texts, "\(type) row by row")

    // The bulk road.
    let info = try session.describe(TableName([b]))
    let load = try #require(try session.bulkLoad(into: info, info.columns))
    #expect(load.targets[1].type == field.type, "\(type)")
    try load.write(batch, firstRow: 1)
    #expect(try load.finish() == Int64(batch.count), "\(type)")
    #expect(try session.texts("SELECT v::text FROM \(b) ORDER BY n") == server, "\(type) in bulk")

    // As written.
    let statement = try session.prepare("INSERT INTO \(c) VALUES ($1, $2)")
    #expect(try statement.execute(batch, firstRow: 1) == Int64(batch.count), "\(type)")
    statement.close()
    #expect(try session.texts("SELECT v::text FROM \(c) ORDER BY n") == server, "\(type) as written")
    for table in [a, b, c] { try session.run("DROP TABLE \(table)") }
  }

  @Test func oneOpaqueColumnTurnsTheWholeLoadIntoText() throws {
    let session = try Server.session()
    defer { session.close() }
    try session.run(TypeCase.setup + TypeCase.extensions)
    // Everything in one row: the text form of each type beside a column that needs it.
    let cases = TypeCase.all.filter { $0.type != "\"char\"" }
    let columns = cases.indices.map { "c\($0) \(cases[$0].type)" }.joined(separator: ", ")
    try session.run(
      "DROP TABLE IF EXISTS t_all_a, t_all_b; CREATE TABLE t_all_a (\(columns)); CREATE TABLE t_all_b (\(columns))")
    for round in 0..<8 {
      let values = cases.map { $0.values[round % $0.values.count] }.joined(separator: ", ")
      try session.run("INSERT INTO t_all_a VALUES (\(values))")
    }
    let batch = try session.all("SELECT * FROM t_all_a")
    let info = try session.describe(TableName(["t_all_b"]))
    let load = try #require(try session.bulkLoad(into: info, info.columns))
    try load.write(batch, firstRow: 1)
    #expect(try load.finish() == 8)
    for index in cases.indices {
      let a = try session.texts("SELECT c\(index)::text FROM t_all_a ORDER BY 1")
      #expect(try session.texts("SELECT c\(index)::text FROM t_all_b ORDER BY 1") == a, "\(cases[index])")
    }
    try session.run("DROP TABLE t_all_a, t_all_b")
  }

  /// The independent client reads what Ferry has loaded, and says what it sees.
  @Test func psycopgSeesTheSameValues() throws {
    let session = try Server.session()
    defer { session.close() }
    let sql = """
      SELECT n::integer AS n, n::numeric(12,3) / 8 AS q, (n * 1000003)::text AS t,
        timestamptz '2020-01-01 UTC' + n * interval '1.000001 s' AS z,
        n % 2 = 0 AS b, NULLIF(n % 3, 0) AS nulls, ARRAY[n, NULL, -n] AS list, decode(md5(n::text), 'hex') AS bytes
      FROM generate_series(1::bigint, 5000) AS n
      """
    try session.run("DROP TABLE IF EXISTS t_seen; CREATE TABLE t_seen AS \(sql) LIMIT 0")
    let batch = try session.all(sql)
    let info = try session.describe(TableName(["t_seen"]))
    let load = try #require(try session.bulkLoad(into: info, info.columns))
    try load.write(batch, firstRow: 1)
    _ = try load.finish()
    let seen = try python(
      """
      import sys, psycopg
      with psycopg.connect(sys.argv[1]) as c:
          a = c.execute(sys.argv[2] + " ORDER BY 1").fetchall()
          b = c.execute("SELECT * FROM t_seen ORDER BY 1").fetchall()
          print(len(a), a == b)
      """, sql)
    #expect(seen == "5000 True\n")
    try session.run("DROP TABLE t_seen")
  }
}
