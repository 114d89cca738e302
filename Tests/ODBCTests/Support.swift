import Expression
import FerryTesting
import Foundation
import Records
import SQL
import Testing

@testable import Engine
@testable import ODBC

/// The drivers, by the paths of their libraries: no file of the machine has to know them.
enum Drivers {
  private static let folder = "/usr/lib/\(machine)-linux-gnu/odbc"

  private static var machine: String {
    #if arch(arm64)
    "aarch64"
    #else
    "x86_64"
    #endif
  }

  static let postgreSQL = "\(folder)/psqlodbcw.so"
  static let mariaDB = "\(folder)/libmaodbc.so"
  static let sqlite = "\(folder)/libsqlite3odbc.so"
  static let freeTDS = "\(folder)/libtdsodbc.so"
}

/// A server that the tests run against; without it they fail.
struct TestServer {
  let url: JDBCURL

  init(_ variable: String, _ form: JDBCURL.Form = .servers) throws {
    let text = ProcessInfo.processInfo.environment[variable]
    url = try JDBCURL(text ?? "jdbc:none://missing.invalid:1/ferry", form)
  }

  var host: String { url.hosts.first?.name ?? "" }
  var port: Int { url.hosts.first?.port ?? 0 }
  var user: String { url.user ?? "" }
  var password: String { url.password ?? "" }

  /// Where an independent client finds a database of it, or the one that the url names.
  func place(_ database: String? = nil) -> TestedProduct.Place {
    TestedProduct.Place(
      host: host, port: port, user: user, password: password, database: database ?? url.database ?? "")
  }

  /// The properties of a task.
  func connection(_ driver: String, database: String, _ more: String = "") -> ValueMap {
    let port = driver.contains("msodbcsql") ? "Server=\(host),\(port)" : "Server=\(host);Port=\(port)"
    return [
      "url": .string("Driver=\(driver);\(port);Database=\(database)\(more)"), "username": .string(user),
      "password": .string(password),
    ]
  }

  /// A connection of the driver's.
  func open(_ properties: ValueMap, _ options: ODBCOptions = .init(), context: TaskContext? = nil) throws
    -> ODBCConnection
  {
    let settings = try ConnectionSettings(
      for: ODBC.self, url: properties["url"]?.string ?? "", username: properties["username"]?.string,
      password: properties["password"]?.string)
    let connection = try ODBC.connect(settings, options, try context ?? .forTests())
    return try #require(connection as? ODBCConnection)
  }
}
