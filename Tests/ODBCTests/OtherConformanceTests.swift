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
    _ = try run("CREATE DATABASE \(name) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin", in: server.url.database ?? "")
  }

  deinit { _ = try? run("DROP DATABASE \(name)", in: server.url.database ?? "") }

  var connection: ValueMap { server.connection(Drivers.mariaDB, database: name) }

  func columnType(_ type: DataType) -> String? {
    switch type {
    case .bool: "BOOLEAN"
    case .int16: "SMALLINT"
    case .int32: "INT"
    case .int64: "BIGINT"
    case .float32: "FLOAT"
    case .float64: "DOUBLE"
    case .decimal(let precision, let scale): "DECIMAL(\(precision), \(scale))"
    case .text: "LONGTEXT"
    case .bytes: "LONGBLOB"
    case .date: "DATE"
    case .time: "TIME(6)"
    // TIMESTAMP starts at 1970-01-01 00:00:01.
    case .timestamp: "DATETIME(6)"
    case .uuid: "UUID"
    case .json: "JSON"
    default: nil
    }
  }

  var dialect: Dialect { Product.mysql.dialect ?? Dialect() }
  let differences: [Difference] = [
    Difference(.memoryCeiling, "Debian's driver, 3.1.15, keeps whole results; it streams from 3.1.17 on (NO_CACHE)")
  ]
  let storedTypes = [
    "TINYINT", "INT", "BIGINT UNSIGNED", "FLOAT", "DOUBLE", "DECIMAL(10,2)", "VARCHAR(5)", "LONGTEXT",
    "BINARY(2)", "DATE", "DATETIME", "DATETIME(6)", "TIMESTAMP(3) NULL", "TIME", "JSON",
  ]
  let onConflict: String? = "ON DUPLICATE KEY UPDATE"
  func isComparable(_ columnType: String) -> Bool { columnType != "JSON" }
  /// InnoDB stores at most 8,126 bytes of a row in a page of 16 KiB.
  let maxColumns = 900
  let slowQuery = "SELECT SLEEP(100)"
  func forbidden() throws -> (table: String, login: ValueMap)? { nil }

  func independent(_ sql: String) throws -> [[String?]] { try run(sql, in: name) }

  private func run(_ sql: String, in database: String) throws -> [[String?]] {
    let script = """
      import json, sys, pymysql, datetime, decimal
      host, port, user, password, database, sql = sys.argv[1:]
      db = pymysql.connect(host=host, port=int(port), user=user, password=password, database=database,
                           charset='utf8mb4', init_command="SET time_zone = '+00:00'")
      def show(v):
          if v is None: return None
          if isinstance(v, bytes): return v.hex()
          if isinstance(v, decimal.Decimal): return format(v, 'f')
          if isinstance(v, datetime.timedelta): return str((datetime.datetime.min + v).time())
          return repr(v) if isinstance(v, float) else str(v)
      with db.cursor() as cursor:
          cursor.execute(sql)
          print(json.dumps([[show(v) for v in row] for row in cursor.fetchall()]))
      """
    return try Python.rows(script, [server.host, "\(server.port)", server.user, server.password, database, sql])
  }

  func shown(_ text: String, _ type: DataType) -> String {
    switch type {
    case .bool: text == "true" ? "1" : "0"
    case .timestamp: text.replacing("T", with: " ").replacing("Z", with: "")
    // The text protocol, which PyMySQL speaks, shows six digits of a FLOAT.
    case .float32: text == "3.4028235e+38" ? "3.40282e+38" : text == "1e-45" ? "1.4013e-45" : text
    default: text
    }
  }
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

  func columnType(_ type: DataType) -> String? {
    switch type {
    case .bool: "BOOLEAN"
    case .int16, .int32, .int64: "BIGINT"
    case .float32, .float64: "DOUBLE"
    case .decimal(let precision, let scale): "DECIMAL(\(precision), \(scale))"
    case .text: "TEXT"
    case .bytes: "BLOB"
    case .date: "DATE"
    case .time: "TIME"
    case .timestamp(_, let zoned): zoned ? nil : "TIMESTAMP"
    case .uuid: "UUID"
    case .json: "JSON"
    default: nil
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
  let slowQuery = """
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000000000) SELECT count(*) FROM n
    """
  func forbidden() -> (table: String, login: ValueMap)? { nil }

  func independent(_ sql: String) throws -> [[String?]] { try SQLiteThroughODBC.rows(path, sql) }

  static func rows(_ path: String, _ sql: String) throws -> [[String?]] {
    let script = """
      import json, sqlite3, sys
      def show(v):
          if v is None: return None
          if isinstance(v, bytes): return v.hex()
          return repr(v) if isinstance(v, float) else str(v)
      db = sqlite3.connect(sys.argv[1], isolation_level=None)
      rows = db.execute(sys.argv[2]).fetchall()
      print(json.dumps([[show(v) for v in row] for row in rows]))
      """
    return try Python.rows(script, [path, sql])
  }

  func shown(_ text: String, _ type: DataType) -> String {
    switch type {
    case .bool: text == "true" ? "1" : "0"
    case .decimal: text.hasSuffix(".00") ? String(text.dropLast(3)) : text
    case .timestamp: text.replacing("T", with: " ")
    // A float keeps its value in SQLite's doubles, which show more digits.
    case .float32: Float(text).map { SQLiteThroughODBC.python(Double($0)) } ?? text
    case .float64: Double(text).map(SQLiteThroughODBC.python) ?? text
    default: text
    }
  }

  /// As Python's repr writes a float.
  static func python(_ value: Double) -> String {
    let text = value.description
    guard let e = text.firstIndex(of: "e") else { return text }
    let mantissa = text[..<e].hasSuffix(".0") ? text[..<e].dropLast(2) : text[..<e]
    return String(mantissa) + text[e...]
  }
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
