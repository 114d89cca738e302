import Expression
import FerryTesting
import Foundation
import Records
import SQL
import Testing

@testable import Engine
@testable import ODBC

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
  func connection(_ driver: String, database: String, _ more: String = "", port: Int? = nil) -> ValueMap {
    let place = TestServer.place(driver, host, port ?? self.port)
    return [
      "url": .string("\(place);Database=\(database)\(more)"), "username": .string(user),
      "password": .string(password),
    ]
  }

  /// The begin of a connection string.
  static func place(_ driver: String, _ host: String, _ port: Int) -> String {
    "Driver=\(driver);" + (driver.contains("msodbcsql") ? "Server=\(host),\(port)" : "Server=\(host);Port=\(port)")
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

/// The built `ferry`, run as a child process.
enum FerryProcess {
  static func run(_ flow: String, home: TemporaryFolder, _ environment: [String: String], _ more: String...) throws
    -> (status: Int32, output: String)
  {
    let process = Process()
    let binaries = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
    process.executableURL = binaries.appending(path: "ferry")
    process.arguments = ["run", flow] + more
    let own = ["HOME": home.path, "FERRY_HOME": home.path + "/home", "PATH": "/usr/bin:/bin"]
    process.environment = own.merging(environment) { $1 }
    let output = Pipe()
    process.standardOutput = output
    process.standardError = output
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: data, as: UTF8.self))
  }
}
