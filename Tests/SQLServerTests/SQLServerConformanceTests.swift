import Expression
import FerryTesting
import Foundation
import Records
import SQL
import Testing

@testable import SQLServer

/// SQL Server against the suite that every database passes, its values looked at by python-tds.
final class SQLServerDatabase<Driver: SQLDriver>: TestedDatabase {
  private let folder: TemporaryFolder
  private let name = "conformance_\(UInt32.random(in: 0...UInt32.max))"
  let storage: String

  init() throws {
    folder = try TemporaryFolder()
    storage = folder.path + "/storage"
    let server = try Server.connect()
    defer { server.close() }
    try server.native.run("CREATE DATABASE \(name) COLLATE Latin1_General_BIN2")
  }

  deinit {
    guard let server = try? Server.connect() else { return }
    _ = try? server.native.run("DROP DATABASE \(name)")
    server.close()
  }

  var connection: ValueMap {
    [
      "url": .string(Server.url(database: name)), "username": .string(Server.user),
      "password": .string(Server.password),
    ]
  }

  let product = TestedProduct.sqlServer
  var place: TestedProduct.Place {
    TestedProduct.Place(
      host: Server.host, port: Server.port, user: Server.user, password: Server.password, database: name)
  }

  let differences: [Difference] = []
  let storedTypes = [
    "bit", "tinyint", "smallint", "int", "bigint", "real", "float", "decimal(10,2)", "money", "smallmoney",
    "varchar(5)", "nvarchar(5)", "nvarchar(max)", "varbinary(2)", "binary(2)", "date", "time(3)", "datetime",
    "smalldatetime", "datetime2(0)", "datetime2(6)", "datetimeoffset(3)", "uniqueidentifier",
  ]

}

@Suite(.serialized) struct SQLServerConformanceTests {
  @Test(arguments: ConformanceCheck.allCases) func conforms(_ check: ConformanceCheck) async throws {
    try await DatabaseConformance(SQLServerDatabase<SQLServer>()).run(check)
  }
}
