import Expression
import FerryTesting
import Foundation
import Records
import SQL
import Testing

@testable import ODBC

/// PostgreSQL through psqlODBC; the independent client is psycopg.
final class PostgreSQLThroughODBC: TestedDatabase {
  typealias Driver = ODBC

  private let folder: TemporaryFolder
  private let name = "conformance_\(UInt32.random(in: 0...UInt32.max))"
  private let server: TestServer
  let storage: String

  init() throws {
    folder = try TemporaryFolder()
    storage = folder.path + "/storage"
    server = try TestServer("FERRY_TEST_POSTGRESQL_URL")
    try administer("CREATE DATABASE \(name)")
  }

  deinit { try? administer("DROP DATABASE \(name) WITH (FORCE)") }

  private func administer(_ sql: String) throws { _ = try run(sql, in: server.url.database ?? "") }

  var connection: ValueMap { server.connection(Drivers.postgreSQL, database: name) }

  func columnType(_ type: DataType) -> String? {
    switch type {
    case .bool: "boolean"
    case .int16: "smallint"
    case .int32: "integer"
    case .int64: "bigint"
    case .float32: "real"
    case .float64: "double precision"
    case .decimal(let precision, let scale): "numeric(\(precision),\(scale))"
    case .text: "text"
    case .bytes: "bytea"
    case .date: "date"
    case .time: "time"
    case .timestamp(_, let zoned): zoned ? "timestamptz" : "timestamp"
    case .uuid: "uuid"
    case .json: "json"
    default: nil
    }
  }

  var dialect: Dialect { Product.postgresql.dialect ?? Dialect() }
  let differences: [Difference] = []
  let storedTypes = [
    "boolean", "smallint", "bigint", "real", "double precision", "numeric", "numeric(10,2)", "varchar(5)", "char(3)",
    "text", "bytea", "date", "timestamp(0)", "timestamptz", "time(0)", "jsonb",
  ]
  let slowQuery = "SELECT pg_sleep(60)"
  func forbidden() throws -> (table: String, login: ValueMap)? { nil }

  func independent(_ sql: String) throws -> [[String?]] { try run(sql, in: name) }

  private func run(_ sql: String, in database: String) throws -> [[String?]] {
    try Python.rows(
      """
      import json, psycopg, sys
      host, port, user, password, database, sql = sys.argv[1:]
      with psycopg.connect(host=host, port=port, user=user, password=password, dbname=database, autocommit=True) as db:
          db.execute("SET TimeZone = UTC")
          result = db.pgconn.exec_(sql.encode())
          def text(value): return None if value is None else value.decode()
          rows = [[text(result.get_value(i, j)) for j in range(result.nfields)] for i in range(result.ntuples)]
          print(json.dumps(rows))
      """, [server.host, "\(server.port)", server.user, server.password, database, sql])
  }

  func shown(_ text: String, _ type: DataType) -> String {
    switch type {
    case .bool: return text == "true" ? "t" : "f"
    case .bytes: return "\\x" + text
    case .float32, .float64: return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    case .time: return text.withoutZeros
    case .timestamp(_, let zoned):
      let moment = text.replacing("T", with: " ").replacing("Z", with: "").withoutZeros
      return zoned ? moment + "+00" : moment
    default: return text
    }
  }
}

extension String {
  /// Without zeros at the end of a fraction.
  var withoutZeros: String {
    guard contains(".") else { return self }
    var text = self[...]
    while text.last == "0" { text.removeLast() }
    return String(text.last == "." ? text.dropLast() : text)
  }
}

@Suite(.serialized) struct PostgreSQLThroughODBCTests {
  @Test(arguments: ConformanceCheck.allCases) func conforms(_ check: ConformanceCheck) async throws {
    try await DatabaseConformance(PostgreSQLThroughODBC()).run(check)
  }
}
