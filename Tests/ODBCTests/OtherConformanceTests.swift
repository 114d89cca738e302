import Expression
import FerryTesting
import Foundation
import Records
import SQL
import Testing

@testable import ODBC

/// MariaDB through its own ODBC driver; the independent client is PyMySQL.
final class MariaDBThroughODBC: TestedDatabase {
  typealias Driver = ODBC

  private let folder: TemporaryFolder
  private let name = "conformance_\(UInt32.random(in: 0...UInt32.max))"
  private let server: TestServer
  let storage: String

  init() throws {
    folder = try TemporaryFolder()
    storage = folder.path + "/storage"
    server = try TestServer("FERRY_TEST_MARIADB_URL")
    _ = try product.rows("CREATE DATABASE \(name) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin", at: server.place())
  }

  deinit { _ = try? product.rows("DROP DATABASE \(name)", at: server.place()) }

  var connection: ValueMap { server.connection(Drivers.mariaDB, database: name) }

  let product = TestedProduct.mariaDB
  var place: TestedProduct.Place { server.place(name) }
  var dialect: Dialect { Product.mysql.dialect ?? Dialect() }
  let differences: [Difference] = [
    Difference(.memoryCeiling, "Debian's driver, 3.1.15, keeps whole results; it streams from 3.1.17 on (NO_CACHE)")
  ]
  let storedTypes = [
    "TINYINT", "INT", "BIGINT UNSIGNED", "FLOAT", "DOUBLE", "DECIMAL(10,2)", "VARCHAR(5)", "LONGTEXT",
    "BINARY(2)", "DATE", "DATETIME", "DATETIME(6)", "TIMESTAMP(3) NULL", "TIME", "JSON",
  ]
}

/// SQLite through Debian's ODBC driver; the independent client is Python's own module.
final class SQLiteThroughODBC: TestedDatabase {
  typealias Driver = ODBC

  private let folder: TemporaryFolder
  let storage: String

  init() throws {
    folder = try TemporaryFolder()
    storage = folder.path + "/storage"
  }

  private var path: String { folder.path + "/test.db" }
  var connection: ValueMap { ["url": .string("Driver=\(Drivers.sqlite);Database=\(path)")] }

  let product = TestedProduct.sqlite
  var place: TestedProduct.Place { TestedProduct.Place(file: path) }

  /// The driver knows no zones.
  func columnType(_ type: DataType) -> String? {
    switch type {
    case .timestamp(_, zoned: true), .offsetTimestamp: nil
    default: product.columnType(type)
    }
  }

  var dialect: Dialect { Product.sqlite.dialect ?? Dialect() }
  let differences: [Difference] = [
    Difference(.extremes, type: "float32", "the driver gives 15 digits of a double"),
    Difference(.extremes, type: "float64", "the driver gives 15 digits of a double"),
    Difference(.extremes, type: "decimal(10,2)", "SQLite's numbers have no zeros at their end, and no scale to say so"),
    Difference(.extremes, type: "decimal(38,10)", "a numeric column of SQLite keeps 15 digits: more are refused"),
    Difference(.bothRoads, type: "decimal(38,10)", "a numeric column of SQLite keeps 15 digits: more are refused"),
    Difference(.ranges, "SQLite has one integer type of 64 bits: nothing is out of a smallint's range"),
  ]
  let storedTypes = [
    "BOOLEAN", "INTEGER", "DOUBLE", "DECIMAL(10, 2)", "VARCHAR(5)", "TEXT", "BLOB", "DATE", "TIMESTAMP", "TIME",
  ]
}

@Suite(.serialized) struct MariaDBThroughODBCTests {
  @Test(arguments: ConformanceCheck.allCases) func conforms(_ check: ConformanceCheck) async throws {
    try await DatabaseConformance(MariaDBThroughODBC()).run(check)
  }
}

@Suite(.serialized) struct SQLiteThroughODBCTests {
  @Test(arguments: ConformanceCheck.allCases) func conforms(_ check: ConformanceCheck) async throws {
    try await DatabaseConformance(SQLiteThroughODBC()).run(check)
  }
}
