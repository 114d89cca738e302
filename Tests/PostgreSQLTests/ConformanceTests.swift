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
  let product = TestedProduct.postgresql
  let place: TestedProduct.Place
  private let folder = try? TemporaryFolder()
  private let schema = "conformance_\(UInt32.random(in: 0 ... .max))"
  var storage: String { folder?.path ?? "" }
  let differences: [Difference] = []
  let storedTypes = [
    "boolean", "smallint", "bigint", "real", "double precision", "numeric", "numeric(10,2)", "varchar(5)", "char(3)",
    "text", "bytea", "date", "timestamp(0)", "timestamptz", "time(0)", "interval(0)", "money", "jsonb", "integer[]",
  ]

  init() throws {
    let url = try Server.jdbc
    let host = url.hosts[0]
    connection = [
      "url": .string(
        "jdbc:postgresql://\(host.name):\(host.port ?? 5_432)/\(url.database ?? "")?currentSchema=\(schema)"),
      "username": .string(url.user ?? ""), "password": .string(url.password ?? ""),
    ]
    place = TestedProduct.Place(
      host: host.name, port: host.port ?? 5_432, user: url.user ?? "", password: url.password ?? "",
      database: url.database ?? "", schema: schema)
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

}
