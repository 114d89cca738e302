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
    case .uuid: Server.isMariaDB ? "UUID" : "CHAR(36)"
    case .json: "JSON"
    default: nil
    }
  }

  let differences: [Difference] = []
  let storedTypes = [
    "TINYINT", "INT", "BIGINT UNSIGNED", "BIT(4)", "YEAR", "FLOAT", "DOUBLE", "DECIMAL(10,2)", "VARCHAR(5)", "LONGTEXT",
    "BINARY(2)", "DATE", "DATETIME", "DATETIME(6)", "TIMESTAMP(3) NULL", "TIME", "JSON", "ENUM('a', '1.5', 'true')",
    "SET('a', 'abc')",
  ]
  let onConflict: String? = "ON DUPLICATE KEY UPDATE"
  func isComparable(_ columnType: String) -> Bool { columnType != "JSON" }
  /// InnoDB stores at most 8,126 bytes of a row in a page of 16 KiB, which 1,000 columns of BIGINT outgrow.
  let maxColumns = 900
  let slowQuery = "SELECT SLEEP(100)"

  func forbidden() throws -> (table: String, login: ValueMap)? {
    let server = try Server.connect()
    defer { server.close() }
    try server.run("CREATE TABLE \(name).hidden (id bigint)")
    try server.run("CREATE USER \(name) IDENTIFIED BY 'nobody'")
    try server.run("GRANT CREATE ON \(name).* TO \(name)")
    return ("hidden", ["username": .string(name), "password": "nobody"])
  }

  func independent(_ sql: String) throws -> [[String?]] {
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
    let host = address.hosts.first
    return try Python.rows(
      script,
      [host?.name ?? "", "\(host?.port ?? 3_306)", address.user ?? "", address.password ?? "", name, sql])
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
