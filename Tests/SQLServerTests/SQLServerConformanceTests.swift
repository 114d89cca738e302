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

  let differences: [Difference] = []
  let storedTypes = [
    "bit", "tinyint", "smallint", "int", "bigint", "real", "float", "decimal(10,2)", "money", "smallmoney",
    "varchar(5)", "nvarchar(5)", "nvarchar(max)", "varbinary(2)", "binary(2)", "date", "time(3)", "datetime",
    "smalldatetime", "datetime2(0)", "datetime2(6)", "datetimeoffset(3)", "uniqueidentifier",
  ]
  /// MERGE is a statement of its own.
  let onConflict: String? = nil
  /// 8,060 bytes of a row.
  let maxColumns = 900
  let slowQuery = "WAITFOR DELAY '00:01:40' SELECT 1"

  func forbidden() throws -> (table: String, login: ValueMap)? { nil }

  func independent(_ sql: String) throws -> [[String?]] {
    let script = """
      import json, sys, pytds, datetime, decimal, uuid
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
          print(json.dumps([[show(v) for v in row] for row in cursor.fetchall()]))
      """
    return try Python.rows(
      script, [Server.host, "\(Server.port)", Server.user, Server.password, name, sql])
  }

  private static func withoutZeros(_ text: String) -> String {
    guard text.contains(".") else { return text }
    var text = Substring(text)
    while text.last == "0" { text.removeLast() }
    return String(text.last == "." ? text.dropLast() : text)
  }

  func shown(_ text: String, _ type: DataType) -> String {
    switch type {
    case .bool: text == "true" ? "1" : "0"
    case .timestamp(_, let zoned):
      zoned ? text.replacing("T", with: " ").replacing("Z", with: "+00:00") : text.replacing("T", with: " ")
    case .offsetTimestamp: text.replacing("T", with: " ")
    // python-tds shows decimals without the zeros at their end.
    case .decimal: SQLServerDatabase.withoutZeros(text)
    case .float32: Float(text).map { "\(Double($0))" } ?? text
    default: text
    }
  }
}

@Suite(.serialized) struct SQLServerConformanceTests {
  @Test(arguments: ConformanceCheck.allCases) func conforms(_ check: ConformanceCheck) async throws {
    try await DatabaseConformance(SQLServerDatabase<SQLServer>()).run(check)
  }
}
