import Engine
import Expression
import FerryTesting
import Foundation
import Records
import SQL
import Testing

@testable import SQLServer

/// A test server that a suite has to itself: its faults, options and address concern nobody else. Gone with its owner.
final class OwnServer: @unchecked Sendable {
  static let user = "sa"
  static let password = "s3cret;}{'\" word"

  let host: String
  let port: Int
  private let process: Process
  private let folder: TemporaryFolder

  /// - Parameters:
  ///   - host: an address of this machine.
  ///   - certificate: the name of a pair of files, nil for a server that cannot encrypt.
  init(_ options: [String] = [], host: String = "127.0.0.1", certificate: String? = "server") throws {
    self.host = host
    folder = try TemporaryFolder()
    process = Process()
    process.executableURL = URL(fileURLWithPath: Python.path)
    process.currentDirectoryURL = OwnServer.programs
    var arguments = ["-m", "tds", "--host", host, "--folder", folder.path, "--password-variable", "TDS_PASSWORD"]
    if let certificate {
      arguments += ["--certificate", try TLSFiles.path("\(certificate).crt")]
      arguments += ["--key", try TLSFiles.path("\(certificate).key")]
    }
    process.arguments = arguments + options
    process.environment = ProcessInfo.processInfo.environment.merging(["TDS_PASSWORD": OwnServer.password]) { $1 }
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    var line = ""
    while !line.hasSuffix("\n") {
      let byte = output.fileHandleForReading.readData(ofLength: 1)
      guard !byte.isEmpty else { throw TestFault("the server ended before it began") }
      line += String(decoding: byte, as: UTF8.self)
    }
    port = Int(line.split(separator: " ")[1].trimmingCharacters(in: .whitespacesAndNewlines)) ?? 0
  }

  deinit { end() }

  /// At once, as by a loss of power.
  func end() {
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
  }

  private static var programs: URL {
    URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().appending(path: "Testing/python")
  }

  // MARK: connections

  func url(_ more: String = "trustServerCertificate=true", port: Int? = nil) -> String {
    "jdbc:sqlserver://\(host):\(port ?? self.port);databaseName=ferry;\(more)"
  }

  func connect(
    _ more: String = "trustServerCertificate=true", _ options: SQLServerOptions = .init(), context: TaskContext? = nil
  ) throws -> SQLServerConnection {
    try OwnServer.connect(url(more), options, context: context)
  }

  static func connect(
    _ url: String, _ options: SQLServerOptions = .init(), user: String = OwnServer.user,
    password: String = OwnServer.password, context: TaskContext? = nil
  ) throws -> SQLServerConnection {
    let settings = try ConnectionSettings(for: SQLServer.self, url: url, username: user, password: password)
    let connection = try SQLServer.connect(settings, options, try context ?? .forTests())
    return try #require(connection as? SQLServerConnection)
  }

  /// Properties of a task.
  func properties(_ more: ValueMap, url: String? = nil) -> ValueMap {
    let login: ValueMap = [
      "url": .string(url ?? self.url()), "username": .string(OwnServer.user), "password": .string(OwnServer.password),
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

/// The test servers' own certificates (Tests/Testing/certificates.sh).
enum TLSFiles {
  static func path(_ name: String) throws -> String {
    "\(try #require(Server.environment["FERRY_TEST_TLS_DIR"], "needs FERRY_TEST_TLS_DIR"))/\(name)"
  }

  static func text(_ name: String) throws -> String { try String(contentsOfFile: path(name), encoding: .utf8) }
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
