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
    _ = try run("CREATE DATABASE \(name) COLLATE Latin1_General_BIN2", in: server.url.database ?? "")
  }

  deinit { _ = try? run("DROP DATABASE \(name)", in: server.url.database ?? "") }

  var connection: ValueMap {
    server.connection(library.path, database: name, ";TrustServerCertificate=yes")
  }

  func columnType(_ type: DataType) -> String? {
    switch type {
    case .bool: "bit"
    case .int16: "smallint"
    case .int32: "int"
    case .int64: "bigint"
    case .float32: "real"
    case .float64: "float"
    case .decimal(let precision, let scale): "decimal(\(precision), \(scale))"
    case .text, .json: "nvarchar(max)"
    case .bytes: "varbinary(max)"
    case .date: "date"
    case .time: "time(6)"
    case .timestamp(_, let zoned): zoned ? "datetimeoffset(6)" : "datetime2(6)"
    case .offsetTimestamp: "datetimeoffset(6)"
    case .uuid: "uniqueidentifier"
    default: nil
    }
  }

  var dialect: Dialect { Product.sqlServer.dialect ?? Dialect() }
  var differences: [Difference] { library.differences }
  let storedTypes = [
    "bit", "tinyint", "smallint", "int", "bigint", "real", "float", "decimal(10,2)", "nvarchar(5)", "nvarchar(max)",
    "varbinary(2)", "date", "time(3)", "datetime2(0)", "datetime2(6)", "datetimeoffset(3)", "uniqueidentifier",
  ]
  /// MERGE is a statement of its own.
  let onConflict: String? = nil
  /// 8,060 bytes of a row.
  let maxColumns = 900
  let slowQuery = "WAITFOR DELAY '00:01:40' SELECT 1"
  func forbidden() throws -> (table: String, login: ValueMap)? { nil }

  func independent(_ sql: String) throws -> [[String?]] { try run(sql, in: name) }

  private func run(_ sql: String, in database: String) throws -> [[String?]] {
    let script = """
      import json, sys, pytds, decimal
      host, port, user, password, database, sql = sys.argv[1:]
      db = pytds.connect(dsn=host, port=int(port), user=user, password=password, database=database, autocommit=True)
      def show(v):
          if v is None: return None
          if isinstance(v, bool): return '1' if v else '0'
          if isinstance(v, bytes): return v.hex()
          if isinstance(v, decimal.Decimal): return format(v, 'f')
          return repr(v) if isinstance(v, float) else str(v)
      with db.cursor() as cursor:
          cursor.execute(sql)
          rows = cursor.fetchall() if cursor.description else []
          print(json.dumps([[show(v) for v in row] for row in rows]))
      """
    return try Python.rows(
      script, [server.host, "\(server.port)", server.user, server.password, database, sql])
  }

  func shown(_ text: String, _ type: DataType) -> String {
    switch type {
    case .bool: text == "true" ? "1" : "0"
    case .timestamp(_, let zoned):
      zoned ? text.replacing("T", with: " ").replacing("Z", with: "+00:00") : text.replacing("T", with: " ")
    case .offsetTimestamp: text.replacing("T", with: " ")
    // python-tds shows decimals without the zeros at their end.
    case .decimal: text.withoutZeros
    case .float32: Float(text).map { "\(Double($0))" } ?? text
    default: text
    }
  }
}

/// The two drivers that lead to SQL Server.
enum SQLServerLibrary {
  case microsoft, freeTDS

  /// Microsoft's comes with PyPI's mssql-python.
  private static let microsoftPath: String = {
    let script = """
      import glob, importlib.util, json, os, platform
      root = importlib.util.find_spec("mssql_python_odbc").submodule_search_locations[0]
      found = glob.glob(f"{root}/libs/linux/debian_ubuntu/{platform.machine()}/lib/libmsodbcsql*")
      print(json.dumps([[found[0]]]))
      """
    return (try? Python.rows(script, []).first?.first ?? nil) ?? "missing"
  }()

  var path: String { self == .microsoft ? SQLServerLibrary.microsoftPath : Drivers.freeTDS }
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
