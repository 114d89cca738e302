import Expression
import FerryTesting
import Foundation
import Records
import SQL
import Testing

@testable import PostgreSQL

@Suite(.serialized) struct PostgreSQLConformanceTests {
  @Test(arguments: ConformanceCheck.allCases)
  func conforms(to check: ConformanceCheck) async throws {
    let database = try TestedPostgreSQL()
    defer { database.drop() }
    try await DatabaseConformance(database).run(check)
  }
}

/// A schema of its own on the main server; the independent client is psycopg.
final class TestedPostgreSQL: TestedDatabase {
  typealias Driver = PostgreSQL

  let connection: ValueMap
  private let folder = try? TemporaryFolder()
  private let schema = "conformance_\(UInt32.random(in: 0 ... .max))"
  var storage: String { folder?.path ?? "" }
  let differences: [Difference] = []
  let storedTypes = [
    "boolean", "smallint", "bigint", "real", "double precision", "numeric", "numeric(10,2)", "varchar(5)", "char(3)",
    "text", "bytea", "date", "timestamp(0)", "timestamptz", "time(0)", "interval(0)", "money", "jsonb", "integer[]",
  ]
  let slowQuery = "SELECT pg_sleep(60)"

  init() throws {
    let url = try Server.jdbc
    let host = url.hosts[0]
    connection = [
      "url": .string(
        "jdbc:postgresql://\(host.name):\(host.port ?? 5_432)/\(url.database ?? "")?currentSchema=\(schema)"),
      "username": .string(url.user ?? ""), "password": .string(url.password ?? ""),
    ]
    let session = try Server.session()
    defer { session.close() }
    try session.run("CREATE SCHEMA \(schema)")
  }

  func drop() {
    guard let session = try? Server.session() else { return }
    defer { session.close() }
    try? session.run("DROP SCHEMA \(schema) CASCADE")
    try? session.run("DROP SCHEMA IF EXISTS \(schema)_hidden CASCADE")
    try? session.run("DROP ROLE IF EXISTS \(schema)")
  }

  func forbidden() throws -> (table: String, login: ValueMap)? {
    let session = try Server.session()
    defer { session.close() }
    try session.run(
      """
      CREATE ROLE \(schema) LOGIN PASSWORD 'nobody'; CREATE SCHEMA \(schema)_hidden;
      CREATE TABLE \(schema)_hidden.t (id bigint)
      """)
    return ("\(schema)_hidden.t", ["username": .string(schema), "password": "nobody"])
  }

  func columnType(_ type: DataType) -> String? {
    switch type {
    case .bool: "boolean"
    case .int16: "smallint"
    case .int32: "integer"
    case .int64: "bigint"
    case .float32: "real"
    case .float64: "double precision"
    case .decimal(let precision, let scale): "numeric(\(precision),\(scale))"
    case .numeric: "numeric"
    case .text: "text"
    case .bytes: "bytea"
    case .date: "date"
    case .time: "time"
    case .timestamp(_, let zoned): zoned ? "timestamptz" : "timestamp"
    case .interval: "interval"
    case .uuid: "uuid"
    case .json: "json"
    case .list(let element): columnType(element).map { $0 + "[]" }
    default: nil
    }
  }

  /// The texts are the server's own: libpq's text results, as psycopg hands them through.
  func independent(_ sql: String) throws -> [[String?]] {
    try Python.rows(
      """
      import json, psycopg, sys
      with psycopg.connect(sys.argv[1]) as connection:
          connection.execute(f"SET search_path = {sys.argv[2]}; SET TimeZone = UTC")
          result = connection.pgconn.exec_(sys.argv[3].encode())
          assert result.status == psycopg.pq.ExecStatus.TUPLES_OK, result.error_message
          def text(value): return None if value is None else value.decode()
          rows = [[text(result.get_value(i, j)) for j in range(result.nfields)] for i in range(result.ntuples)]
          print(json.dumps(rows))
      """, [Server.url, schema, sql])
  }

  func shown(_ text: String, _ type: DataType) -> String {
    switch type {
    case .bool: return text == "true" ? "t" : "f"
    case .bytes: return "\\x" + text
    case .float32, .float64: return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    case .time: return TestedPostgreSQL.trimmed(text)
    case .timestamp(_, let zoned):
      let moment = TestedPostgreSQL.trimmed(text.replacing("T", with: " ").replacing("Z", with: ""))
      return zoned ? moment + "+00" : moment
    default: return text
    }
  }

  /// The server leaves out the zeros at the end of a fraction.
  private static func trimmed(_ text: String) -> String {
    guard text.contains(".") else { return text }
    let kept = text.reversed().drop { $0 == "0" }
    return String((kept.first == "." ? kept.dropFirst() : kept).reversed())
  }
}
