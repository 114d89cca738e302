import Expression
import FerryTesting
import Foundation
import PostgreSQL
import Records
import SQL
import SQLServer
import Testing

@testable import ODBC

/// A table (n, v) of a server, the tasks that reach it through ODBC, and somebody else who looks at it.
struct FaultBench {
  let table = "fault_\(UInt32.random(in: 0 ... .max))"
  let tasks: TaskBench<ODBC>
  /// The connection string that leads to a port of this machine.
  let url: (_ port: Int) -> String
  let port: Int
  /// Runs a statement through Ferry's own driver: the texts of its rows.
  let look: (String) throws -> [[String?]]

  var log: KeptLog { tasks.log }

  @discardableResult
  func run(_ statements: String...) throws -> [[String?]] {
    var rows: [[String?]] = []
    for statement in statements { rows = try look(statement) }
    return rows
  }

  /// All rows, and the different ones.
  func counts() throws -> [String?] { try look("SELECT COUNT(*) AS a, COUNT(DISTINCT n) AS d FROM \(table)")[0] }

  @discardableResult
  func load(_ uri: String, _ road: LoadRoad, _ more: ValueMap = [:], through proxy: FaultyProxy? = nil) throws
    -> ValueMap
  {
    try tasks.load(uri, road.target(table).merging(more), url: proxy.map { url(Int($0.port)) })
  }

  func proxy(_ faults: FaultyProxy.Fault...) throws -> FaultyProxy {
    try FaultyProxy(to: "127.0.0.1", UInt16(port), faults)
  }

  /// What tries a load again at once.
  static let again: ValueMap = ["retryScope": "ALL", "retryBackoff": "PT0.01S"]
}

extension FaultBench {
  /// PostgreSQL through psqlODBC. Without TLS: the proxy has to see the words.
  static func postgreSQL() throws -> FaultBench {
    let server = try TestServer("FERRY_TEST_POSTGRESQL_URL")
    let database = server.url.database ?? ""
    let url = { (port: Int) in
      "\(TestServer.place(Drivers.postgreSQL, "127.0.0.1", port));Database=\(database);SSLmode=disable"
    }
    let login: ValueMap = ["username": .string(server.user), "password": .string(server.password)]
    return FaultBench(
      tasks: try TaskBench(login.merging(["url": .string(url(server.port))])), url: url, port: server.port
    ) { try server.native($0) }
  }

  /// A test server of its own through Microsoft's driver.
  static func sqlServer(_ server: TDSServer) throws -> FaultBench {
    let url = { (port: Int) in
      "\(TestServer.place(Drivers.microsoft, "127.0.0.1", port));Database=ferry;TrustServerCertificate=yes"
    }
    let login: ValueMap = ["username": .string(TDSServer.user), "password": .string(TDSServer.password)]
    return FaultBench(
      tasks: try TaskBench(login.merging(["url": .string(url(server.port))])), url: url, port: server.port
    ) { try server.native($0) }
  }
}

extension TestServer {
  /// Runs a statement through Ferry's own driver for PostgreSQL.
  func native(_ sql: String) throws -> [[String?]] {
    let settings = try ConnectionSettings(
      for: PostgreSQL.self, url: "jdbc:postgresql://\(host):\(port)/\(url.database ?? "")", username: user,
      password: password)
    return try PostgreSQL.connect(settings, PostgreSQL.Options(), .forTests()).closing { try $0.texts(sql) }
  }
}

extension TDSServer {
  /// Runs a statement through Ferry's own driver for SQL Server.
  func native(_ sql: String) throws -> [[String?]] {
    let settings = try ConnectionSettings(
      for: SQLServer.self, url: url(), username: TDSServer.user, password: TDSServer.password)
    return try SQLServer.connect(settings, SQLServer.Options(), .forTests()).closing { try $0.texts(sql) }
  }

  func arm(_ fault: String, _ number: Int = 1) throws { _ = try native("EXEC ferry_fault '\(fault)', \(number)") }
}

extension SQLConnection {
  fileprivate func closing<T>(_ body: (any SQLConnection) throws -> T) rethrows -> T {
    defer { close() }
    return try body(self)
  }

  /// The texts of a statement's rows; none for one that gives no rows.
  func texts(_ sql: String) throws -> [[String?]] {
    guard case .rows(let rows) = try query(sql, [], QueryOptions()) else { return [] }
    defer { rows.close() }
    var texts: [[String?]] = []
    while let batch = try rows.next() {
      let columns = batch.columns.map(\.texts)
      for row in 0..<batch.count { texts.append(columns.map { $0[row] }) }
    }
    return texts
  }
}
