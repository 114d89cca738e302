import Expression
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
  ) throws -> Session {
    let settings = ConnectionSettings(url: url, username: username, password: password, timeZone: timeZone)
    return try Session(PostgreSQL.open(settings, options, try context ?? .forTests()))
  }
}

/// What a task would be given. Its files lie in a folder that is left to the system's temporary files.
extension TaskContext {
  struct NoHost: ExpressionHost {
    func secret(_ name: String) throws -> String { "" }
    func read(_ uri: String) throws -> String { "" }
    func fileURI(_ path: String) throws -> String { path }
    func fileSize(_ uri: String) throws -> Int64 { 0 }
    func kv(_ key: String) throws -> Value? { nil }
    func parseYAML(_ text: String) throws -> Value { .null }
    func now() -> Int64 { 0 }
  }

  static func forTests(cancellation: Cancellation = Cancellation(), log: Log = Log()) throws -> TaskContext {
    let root = FileManager.default.temporaryDirectory.appending(path: "ferry-tests-\(UUID().uuidString)").path
    return try TaskContext(
      ledger: Ledger(), cancellation: cancellation, timeZone: "UTC", storage: LocalStorage(root: root),
      folder: "ferry:///tests/", scope: Scope(variables: [:], host: NoHost()),
      logger: TaskLogger(redactor: Redactor(), level: .trace, executionID: "test") { log.add($0) },
      workspace: Workspace("test"))
  }
}

/// Keeps what a task logs.
final class Log: @unchecked Sendable {
  private let lock = NSLock()
  private var kept: [String] = []
  func add(_ event: RunEvent) {
    guard case .log(let line) = event else { return }
    lock.withLock { kept.append(line.message) }
  }
  var lines: [String] { lock.withLock { kept } }
}

extension Session {
  /// All rows of a statement as one batch.
  func all(_ sql: String, _ parameters: [Value] = [], _ options: QueryOptions = .init()) throws -> RecordBatch {
    guard case .rows(let rows) = try query(sql, parameters, options) else {
      throw Failure(.bug, "no rows: \(sql)")
    }
    let whole = BatchBuilder(rows.schema, maxBytes: .max, maxRows: .max)
    while let batch = try rows.next() {
      for (builder, column) in zip(whole.columns, batch.columns) { builder.append(column) }
      whole.finishRows(batch.count, bytes: 0)
    }
    return whole.finish()
  }

  /// The values of the first column as the server's own text, NULL as nil.
  func texts(_ sql: String) throws -> [String?] {
    guard let result = try connection.execute(sql, "testing") else { return [] }
    return (0..<result.rowCount).map { result.text($0, 0) }
  }

  func run(_ sql: String) throws { try connection.execute(sql, "testing") }
}

extension Column {
  /// The canonical text of each value, NULL as nil.
  var texts: [String?] {
    let formatter = TextFormatter(self, bytes: .hex, separator: UInt8(ascii: " "))
    return (0..<count).map { row in
      if isNull(row) { return nil }
      var buffer = TextBuffer()
      formatter.append(row, to: &buffer)
      return buffer.string
    }
  }
}

/// Runs a piece of Python with psycopg, the independent client; its standard output.
func python(_ code: String, _ arguments: String...) throws -> String {
  let process = Process()
  let path = ProcessInfo.processInfo.environment["FERRY_TEST_PYTHON"] ?? ".test/venv/bin/python"
  process.executableURL = URL(fileURLWithPath: path)
  process.arguments = ["-c", code, Server.url] + arguments
  let output = Pipe()
  process.standardOutput = output
  try process.run()
  let data = output.fileHandleForReading.readDataToEndOfFile()
  process.waitUntilExit()
  #expect(process.terminationStatus == 0)
  return String(decoding: data, as: UTF8.self)
}

/// A thread that can be waited for.
final class TestThread: @unchecked Sendable {
  private let done = DispatchSemaphore(value: 0)

  init(_ body: @escaping @Sendable () -> Void) {
    Thread.detachNewThread { [done] in
      body()
      done.signal()
    }
  }

  func join() { done.wait() }
}
