import Engine
import Expression
import FerryTesting
import Records
import SQL
import Testing

@testable import SQLServer

/// The driver's own way to a server of its own.
typealias OwnServer = TDSServer

extension TDSServer {
  func connect(
    _ more: String = "trustServerCertificate=true", _ options: SQLServerOptions = .init(), context: TaskContext? = nil
  ) throws -> SQLServerConnection {
    try TDSServer.connect(url(more), options, context: context)
  }

  static func connect(
    _ url: String, _ options: SQLServerOptions = .init(), user: String = TDSServer.user,
    password: String = TDSServer.password, context: TaskContext? = nil
  ) throws -> SQLServerConnection {
    let settings = try ConnectionSettings(for: SQLServer.self, url: url, username: user, password: password)
    let connection = try SQLServer.connect(settings, options, try context ?? .forTests())
    return try #require(connection as? SQLServerConnection)
  }

  /// Properties of a task.
  func properties(_ more: ValueMap, url: String? = nil) -> ValueMap {
    let login: ValueMap = [
      "url": .string(url ?? self.url()), "username": .string(TDSServer.user), "password": .string(TDSServer.password),
    ]
    return login.merging(more)
  }

  /// Statements over a connection of their own; the texts of the last one's rows.
  @discardableResult
  func run(_ statements: String...) throws -> [[String?]] {
    let connection = try connect()
    defer { connection.close() }
    var rows: [[String?]] = []
    for statement in statements { rows = try connection.native.texts(statement) }
    return rows
  }

  func count(_ table: String) throws -> Int { Int((try run("SELECT COUNT(*) FROM \(table)")[0][0]) ?? "") ?? -1 }

  /// Arms a fault of the server: Tests/Testing/python/tds/faults.py.
  func arm(_ fault: String, _ number: Int = 1) throws { try run("EXEC ferry_fault '\(fault)', \(number)") }
}

/// The failure that `body` ends in.
func thrown(_ body: () throws -> Void) throws -> Failure {
  do {
    try body()
  } catch let failure as Failure {
    return failure
  }
  throw TestFault("nothing was thrown")
}
