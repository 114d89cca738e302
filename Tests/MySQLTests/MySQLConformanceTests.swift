import Expression
import FerryTesting
import Foundation
import Records
import SQL
import Testing

@testable import MySQL

/// MariaDB (or MySQL) against the suite that every database passes, its values looked at by PyMySQL.
final class MySQLDatabase<Driver: SQLDriver>: TestedDatabase {
  private let folder: TemporaryFolder
  private let name = "conformance_\(UInt32.random(in: 0...UInt32.max))"
  private let address: JDBCURL
  let storage: String

  init() throws {
    folder = try TemporaryFolder()
    storage = folder.path + "/storage"
    address = try JDBCURL(Server.url)
    let server = try Server.connect()
    defer { server.close() }
    try server.run("CREATE DATABASE \(name) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")
  }

  deinit {
    guard let server = try? Server.connect() else { return }
    try? server.run("DROP DATABASE \(name)")
    try? server.run("DROP USER IF EXISTS \(name)")
    server.close()
  }

  var connection: ValueMap {
    let host = address.hosts.first
    return [
      "url": .string("jdbc:\(Driver.name)://\(host?.name ?? ""):\(host?.port ?? 3_306)/\(name)"),
      "username": .string(address.user ?? ""), "password": .string(address.password ?? ""),
    ]
  }

  var product: TestedProduct { Server.isMariaDB ? .mariaDB : .mysql }
  var place: TestedProduct.Place {
    TestedProduct.Place(
      host: address.hosts.first?.name ?? "", port: address.hosts.first?.port ?? 3_306, user: address.user ?? "",
      password: address.password ?? "", database: name)
  }

  let differences: [Difference] = []
  let storedTypes = [
    "TINYINT", "INT", "BIGINT UNSIGNED", "BIT(4)", "YEAR", "FLOAT", "DOUBLE", "DECIMAL(10,2)", "VARCHAR(5)", "LONGTEXT",
    "BINARY(2)", "DATE", "DATETIME", "DATETIME(6)", "TIMESTAMP(3) NULL", "TIME", "JSON", "ENUM('a', '1.5', 'true')",
    "SET('a', 'abc')",
  ]

  func forbidden() throws -> (table: String, login: ValueMap)? {
    let server = try Server.connect()
    defer { server.close() }
    try server.run("CREATE TABLE \(name).hidden (id bigint)")
    try server.run("CREATE USER \(name) IDENTIFIED BY 'nobody'")
    try server.run("GRANT CREATE ON \(name).* TO \(name)")
    return ("hidden", ["username": .string(name), "password": "nobody"])
  }

}

@Suite(.serialized) struct MySQLConformanceTests {
  @Test(arguments: ConformanceCheck.allCases) func conforms(_ check: ConformanceCheck) async throws {
    try await DatabaseConformance(MySQLDatabase<MySQL>()).run(check)
  }
}

/// The same driver under its other name.
@Suite(.serialized) struct MariaDBConformanceTests {
  @Test(arguments: ConformanceCheck.allCases) func conforms(_ check: ConformanceCheck) async throws {
    try await DatabaseConformance(MySQLDatabase<MariaDB>()).run(check)
  }
}
