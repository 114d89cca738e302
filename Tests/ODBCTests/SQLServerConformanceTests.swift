import Expression
import FerryTesting
import Foundation
import Records
import SQL
import Testing

@testable import ODBC

/// SQL Server through an ODBC driver; the independent client is python-tds.
final class SQLServerThroughODBC: TestedDatabase {
  typealias Driver = ODBC

  private let folder: TemporaryFolder
  private let name = "conformance_\(UInt32.random(in: 0...UInt32.max))"
  private let server: TestServer
  private let library: SQLServerLibrary
  let storage: String

  init(_ library: SQLServerLibrary) throws {
    self.library = library
    folder = try TemporaryFolder()
    storage = folder.path + "/storage"
    server = try TestServer("FERRY_TEST_SQLSERVER_URL", .properties)
    _ = try product.rows("CREATE DATABASE \(name) COLLATE Latin1_General_BIN2", at: server.place())
  }

  deinit { _ = try? product.rows("DROP DATABASE \(name)", at: server.place()) }

  var connection: ValueMap {
    server.connection(library.path, database: name, ";TrustServerCertificate=yes")
  }

  let product = TestedProduct.sqlServer
  var place: TestedProduct.Place { server.place(name) }
  var dialect: Dialect { Product.sqlServer.dialect ?? Dialect() }
  var differences: [Difference] { library.differences }
  let storedTypes = [
    "bit", "tinyint", "smallint", "int", "bigint", "real", "float", "decimal(10,2)", "nvarchar(5)", "nvarchar(max)",
    "varbinary(2)", "date", "time(3)", "datetime2(0)", "datetime2(6)", "datetimeoffset(3)", "uniqueidentifier",
  ]
}

/// The two drivers that lead to SQL Server.
enum SQLServerLibrary {
  case microsoft, freeTDS

  var path: String { self == .microsoft ? Drivers.microsoft : Drivers.freeTDS }
  var differences: [Difference] {
    guard self == .freeTDS else { return [] }
    let reason = "old dates go as texts, which the server rounds to the type of the column that they are compared with"
    return [Difference(.statements, reason)]
  }
}

@Suite(.serialized) struct MicrosoftODBCTests {
  @Test(arguments: ConformanceCheck.allCases) func conforms(_ check: ConformanceCheck) async throws {
    try await DatabaseConformance(SQLServerThroughODBC(.microsoft)).run(check)
  }
}

@Suite(.serialized) struct FreeTDSODBCTests {
  @Test(arguments: ConformanceCheck.allCases) func conforms(_ check: ConformanceCheck) async throws {
    try await DatabaseConformance(SQLServerThroughODBC(.freeTDS)).run(check)
  }
}
