import Expression
import FerryTesting
import Foundation
import Records
import SQL
import Testing

@testable import Engine
@testable import MySQL

/// The server that the tests run against; without it they fail.
enum Server {
  static let environment = ProcessInfo.processInfo.environment
  /// `make test-mysql` runs the same tests against MySQL.
  static let url =
    environment["FERRY_TEST_MYSQL_URL"] ?? environment["FERRY_TEST_MARIADB_URL"] ?? "mysql://missing.invalid/ferry"

  static func plan(_ text: String = url) throws -> ConnectionPlan {
    try ConnectionPlan(ConnectionSettings(for: MySQL.self, url: text))
  }

  /// The test server's url with something else in place of a part.
  static func url(parameters: String = "", password: String? = nil, database: String? = nil) throws -> String {
    let parts = try JDBCURL(url)
    let host = try #require(parts.hosts.first)
    let secret = (password ?? parts.password ?? "").utf8.map { "%" + ($0 < 16 ? "0" : "") + String($0, radix: 16) }
      .joined()
    let place = "\(host.name):\(host.port ?? 3_306)/\(database ?? parts.database ?? "")"
    return "jdbc:mysql://\(parts.user ?? ""):\(secret)@\(place)\(parameters.isEmpty ? "" : "?" + parameters)"
  }

  static func connect(
    _ text: String = url, _ options: MySQLOptions = .init(), context: TaskContext? = nil
  ) throws -> MySQLConnection {
    let connection = try MySQL.connect(
      ConnectionSettings(for: MySQL.self, url: text), options, try context ?? .forTests())
    return try #require(connection as? MySQLConnection)
  }

  static let isMariaDB: Bool = (try? connect().session.isMariaDB) ?? true
}

extension MySQLConnection {
  func run(_ sql: String) throws {
    do throws(DatabaseError) { try session.run(sql) } catch { throw Failure(.bug, "\(sql): \(error)") }
  }

  func value(_ sql: String) throws -> String? { try session.texts(sql).first?.first ?? nil }

  /// The stored bytes of tables, as the server sums them up.
  func checksum(_ table: String) throws -> String? { try session.texts("CHECKSUM TABLE \(table)").first?[1] }

  /// A fresh table.
  func create(_ table: String, _ columns: String, _ more: String = "") throws {
    try run("DROP TABLE IF EXISTS \(table)")
    try run("CREATE TABLE \(table) (\(columns)) \(more)")
  }

  func load(_ table: String, _ batch: RecordBatch) throws -> Int64 {
    let info = try describe(TableName([table]))
    let load = try #require(try bulkLoad(into: info, info.columns.filter { $0.source != .computed }))
    defer { load.abort() }
    try load.take(batch, firstRow: 1)
    return try load.finish()
  }
}

extension Column {
  static func make<T: BitwiseCopyable>(_ type: DataType, _ values: [T?]) -> Column {
    let builder = ColumnBuilder(type)
    for value in values { if let value { builder.append(value) } else { builder.appendNull() } }
    return builder.finish()
  }

  static func texts(_ values: [String?], _ type: DataType = .text) -> Column {
    let builder = ColumnBuilder(type)
    for value in values { if let value { builder.append(text: value) } else { builder.appendNull() } }
    return builder.finish()
  }
}

/// Runs a piece of Python with PyMySQL, the independent client; its standard output.
func python(_ code: String, _ arguments: String...) throws -> String {
  let connect = """
    import sys, pymysql, urllib.parse as u
    p = u.urlparse(sys.argv[1])
    db = pymysql.connect(host=p.hostname, port=p.port, user=u.unquote(p.username), password=u.unquote(p.password),
                         database=p.path[1:], charset='utf8mb4')

    """
  return try Python.output(of: connect + code, [Server.url] + arguments)
}
