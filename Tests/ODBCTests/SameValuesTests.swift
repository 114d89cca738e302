import Expression
import FerryTesting
import Foundation
import MySQL
import PostgreSQL
import Records
import SQL
import SQLServer
import Testing

@testable import Engine
@testable import ODBC

/// Ferry's own drivers and ODBC read the same values from one query, for every type.
@Suite(.serialized) struct SameValuesTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private var storage: String { folder.path + "/storage" }

  private func read<D: SQLDriver>(_: D.Type, _ connection: ValueMap, _ sql: String) throws -> RecordBatch {
    let outputs = try SQLQuery<D>.runAlone(
      connection.merging(["sql": .string(sql), "fetchType": "STORE"]), storage: storage
    ).outputs
    let uri = try StorageReference(property: outputs["uri"] ?? .null)
    return try TaskContext.alone(storage: storage) { try #require(try $0.openRecords(uri).next()) }
  }

  /// The texts of both; where the types differ, the native one's in the other's type.
  private func compare(_ native: RecordBatch, _ odbc: RecordBatch) throws {
    #expect(native.schema.fields.map(\.name) == odbc.schema.fields.map(\.name))
    for (index, field) in odbc.schema.fields.enumerated() {
      let column = native.columns[index]
      let brought =
        column.type == field.type
        ? column
        : try Coercion(from: column.type, to: LoadTarget(field.type), name: field.name).apply(column, firstRow: 1)
      #expect(Samples.texts(odbc.columns[index]) == Samples.texts(brought), "\(field.name): \(field.type.name)")
    }
  }

  @Test func postgreSQL() throws {
    let server = try TestServer("FERRY_TEST_POSTGRESQL_URL")
    let database = server.url.database ?? ""
    let sql = """
      SELECT true AS bool, 32767::int2 AS int2, -5::int4 AS int4, 9223372036854775807 AS int8, 0.1::float4 AS float4, \
      5e-324::float8 AS float8, 12.50::numeric(10,2) AS numeric_2, 0.000000000000000000000000000001 AS numeric, \
      'é🚢'::varchar(10) AS varchar, 'c'::char(3) AS char, repeat('ü', 3000) AS text, '\\x00ff'::bytea AS bytea, \
      date '0001-01-01' AS date, time '23:59:59.999999' AS time, timestamp '1999-12-31 23:59:59.999999' AS ts, \
      timestamptz '2004-10-19 10:23:54.25+02' AS tstz, '123e4567-e89b-12d3-a456-426614174000'::uuid AS uuid, \
      '10.0.0.1'::inet AS inet, 3000000000::oid AS oid, NULL::int4 AS nothing
      """
    let own: ValueMap = [
      "url": .string("jdbc:postgresql://\(server.host):\(server.port)/\(database)"), "username": .string(server.user),
      "password": .string(server.password),
    ]
    try compare(
      read(PostgreSQL.self, own, sql), read(ODBC.self, server.connection(Drivers.postgreSQL, database: database), sql))
  }

  @Test func mariaDB() throws {
    let server = try TestServer("FERRY_TEST_MARIADB_URL")
    let database = server.url.database ?? ""
    let own: ValueMap = [
      "url": .string("jdbc:mariadb://\(server.host):\(server.port)/\(database)"), "username": .string(server.user),
      "password": .string(server.password), "timeAs": "time",
    ]
    let odbc = server.connection(Drivers.mariaDB, database: database)
    let name = "same_\(UInt32.random(in: 0...UInt32.max))"
    func run(_ sql: String) throws {
      _ = try SQLQuery<ODBC>.runAlone(odbc.merging(["sql": .string(sql)]), storage: storage)
    }
    try run(
      """
      CREATE TABLE \(name) (a TINYINT, b TINYINT UNSIGNED, c SMALLINT, d INT UNSIGNED, e BIGINT UNSIGNED, f FLOAT, \
      g DOUBLE, h DECIMAL(38,10), i VARCHAR(20), j LONGTEXT, k BLOB, l DATE, m TIME(6), n DATETIME(6), \
      o TIMESTAMP(6) NULL, p YEAR, q BINARY(2), r CHAR(3), s UUID)
      """)
    defer { try? run("DROP TABLE \(name)") }
    try run(
      """
      INSERT INTO \(name) VALUES (-128, 255, -32768, 4294967295, 18446744073709551615, -0.5, 5e-324, \
      -0.0000000001, 'é🚢', REPEAT('ü', 3000), X'00FF', '2024-02-29', '23:59:59.999999', \
      '1999-12-31 23:59:59.999999', '2004-10-19 10:23:54.25', 2024, X'0001', 'c', \
      '123e4567-e89b-12d3-a456-426614174000'), \
      (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '', '', '', NULL, NULL, NULL, NULL, NULL, NULL, '', NULL)
      """)
    let sql = "SELECT * FROM \(name) ORDER BY a DESC"
    try compare(read(MariaDB.self, own, sql), read(ODBC.self, odbc, sql))
  }

  @Test(arguments: [SQLServerLibrary.microsoft, .freeTDS]) func sqlServer(_ library: SQLServerLibrary) throws {
    let server = try TestServer("FERRY_TEST_SQLSERVER_URL", .properties)
    let database = server.url.database ?? ""
    let sql = """
      SELECT CAST(1 AS bit) AS a, CAST(255 AS tinyint) AS b, CAST(-32768 AS smallint) AS c, CAST(7 AS int) AS d, \
      CAST(9223372036854775807 AS bigint) AS e, CAST(0.1 AS real) AS f, CAST(5E-324 AS float) AS g, \
      CAST(-0.0000000001 AS decimal(38,10)) AS h, CAST(N'é🚢' AS nvarchar(10)) AS i, \
      CAST(N'long' AS nvarchar(max)) AS j, CAST(0x00FF AS varbinary(10)) AS k, CAST('2024-02-29' AS date) AS l, \
      CAST('23:59:59.999999' AS time(6)) AS m, CAST('1999-12-31 23:59:59.999999' AS datetime2(6)) AS n, \
      CAST('2004-10-19 10:23:54.250000 +05:30' AS datetimeoffset(6)) AS o, CAST(1.5 AS money) AS p, \
      CAST('123e4567-e89b-12d3-a456-426614174000' AS uniqueidentifier) AS q, CAST(NULL AS int) AS r
      """
    let own: ValueMap = [
      "url": .string(
        "jdbc:sqlserver://\(server.host):\(server.port);databaseName=\(database);trustServerCertificate=true"),
      "username": .string(server.user), "password": .string(server.password),
    ]
    let odbc = server.connection(library.path, database: database, ";TrustServerCertificate=yes")
    try compare(read(SQLServer.self, own, sql), read(ODBC.self, odbc, sql))
  }
}
