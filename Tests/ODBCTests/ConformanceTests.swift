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

  private func administer(_ sql: String) throws { _ = try product.rows(sql, at: server.place()) }

  var connection: ValueMap { server.connection(Drivers.postgreSQL, database: name) }

  let product = TestedProduct.postgresql
  var place: TestedProduct.Place { server.place(name) }

  /// Through the driver these are texts.
  func columnType(_ type: DataType) -> String? {
    switch type {
    case .numeric, .interval, .list: nil
    default: product.columnType(type)
    }
  }

  var dialect: Dialect { Product.postgresql.dialect ?? Dialect() }
  let differences: [Difference] = []
  let storedTypes = [
    "boolean", "smallint", "bigint", "real", "double precision", "numeric", "numeric(10,2)", "varchar(5)", "char(3)",
    "text", "bytea", "date", "timestamp(0)", "timestamptz", "time(0)", "jsonb",
  ]
}

@Suite(.serialized) struct PostgreSQLThroughODBCTests {
  @Test(arguments: ConformanceCheck.allCases) func conforms(_ check: ConformanceCheck) async throws {
    try await DatabaseConformance(PostgreSQLThroughODBC()).run(check)
  }
}
