import Expression
import FerryTesting
import Foundation
import Records
import SQL
import Testing

@testable import Engine
@testable import SQLServer

/// The server that the tests run against; without it they fail. `FERRY_TEST_SQLSERVER_URL` may be one of a real server.
enum Server {
  static let environment = ProcessInfo.processInfo.environment
  static let text = environment["FERRY_TEST_SQLSERVER_URL"] ?? "jdbc:sqlserver://missing.invalid;databaseName=ferry"
  private static let parsed = try? JDBCURL(text, .properties)

  static let host = parsed?.hosts.first?.name ?? ""
  static let port = parsed?.hosts.first?.port ?? 1_433
  static let user = parsed?.user ?? ""
  static let password = parsed?.password ?? ""

  /// A url without the log-in.
  static func url(database: String = "ferry", _ more: String = "trustServerCertificate=true") -> String {
    "jdbc:sqlserver://\(host):\(port);databaseName=\(database);\(more)"
  }

  static func connect(
    _ url: String = url(), _ options: SQLServerOptions = .init(), context: TaskContext? = nil
  ) throws -> SQLServerConnection {
    let settings = try ConnectionSettings(for: SQLServer.self, url: url, username: user, password: password)
    let connection = try SQLServer.connect(settings, options, try context ?? .forTests())
    return try #require(connection as? SQLServerConnection)
  }
}
