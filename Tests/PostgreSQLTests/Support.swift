import Expression
import FerryTesting
import Foundation
import Records
import SQL
import Testing

@testable import Engine
@testable import PostgreSQL

/// The server that the tests run against; without it they fail.
enum Server {
  static let url =
    ProcessInfo.processInfo.environment["FERRY_TEST_POSTGRESQL_URL"] ?? "postgres://missing.invalid/ferry"
  /// All servers, the main one first: it alone has the contributed extensions.
  static var urls: [String] {
    let others = ["16", "18"].compactMap { ProcessInfo.processInfo.environment["FERRY_TEST_POSTGRESQL\($0)_URL"] }
    return [url] + others
  }

  static var jdbc: JDBCURL {
    get throws { try JDBCURL(url) }
  }

  static func session(
    _ url: String = Server.url, options: PostgreSQL.Options = .init(), timeZone: String = "UTC",
    username: String? = nil,
    password: String? = nil, context: TaskContext? = nil
  ) throws -> PostgreSQLConnection {
    let settings = try ConnectionSettings(
      for: PostgreSQL.self, url: url, username: username, password: password, timeZone: timeZone)
    return try PostgreSQLConnection(PostgreSQL.open(settings, options, try context ?? .forTests()))
  }
}

extension PostgreSQLConnection {
  /// The values of the first column as the server's own text, NULL as nil.
  func texts(_ sql: String) throws -> [String?] {
    guard let result = try connection.execute(sql, "testing") else { return [] }
    return (0..<result.rowCount).map { result.text($0, 0) }
  }

  func run(_ sql: String) throws { try connection.execute(sql, "testing") }
}

/// Runs a piece of Python with psycopg, the independent client; its standard output.
func python(_ code: String, _ arguments: String...) throws -> String {
  try Python.output(of: code, [Server.url] + arguments)
}
