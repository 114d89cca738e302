public import Expression
internal import Foundation
public import Records
public import SQL

/// What the conformance suite has to know of a database: one small type per driver.
public protocol TestedDatabase: AnyObject {
  associatedtype Driver: SQLDriver

  /// The connection properties of a task, `url` first. Each test has an empty schema of its own.
  var connection: ValueMap { get }
  /// The folder of internal storage.
  var storage: String { get }
  /// What it is, whoever speaks to it: gives most of what follows.
  var product: TestedProduct { get }
  /// Where a client that has nothing to do with Ferry finds it.
  var place: TestedProduct.Place { get }
  /// What a column of the type is declared as; nil where the database has nothing for it.
  func columnType(_ type: DataType) -> String?
  /// Columns that every kind of value is brought to by every kind of statement: as they are declared.
  var storedTypes: [String] { get }
  /// What follows an INSERT into (id, v) that changes the row which is there already: up to the assignments. Nil where
  /// no INSERT does that.
  var onConflict: String? { get }
  /// Whether values of such a column can be compared with `=`.
  func isComparable(_ columnType: String) -> Bool
  /// What the database does otherwise, each with its reason. A difference that no longer shows fails the suite.
  var differences: [Difference] { get }
  /// The most columns that a table can have.
  var maxColumns: Int { get }
  /// How its SQL is written, where that is not the same for all databases of the driver.
  var dialect: Dialect { get }
  /// A statement that runs for a minute or longer.
  var slowQuery: String { get }
  /// A table (id) and the log-in of somebody who may not load into it; nil where there are no rights.
  func forbidden() throws -> (table: String, login: ValueMap)?
}

extension TestedDatabase {
  public func columnType(_ type: DataType) -> String? { product.columnType(type) }
  public var onConflict: String? { product.onConflict }
  public func isComparable(_ columnType: String) -> Bool { product.isComparable(columnType) }
  public var maxColumns: Int { product.maxColumns }
  public var dialect: Dialect { Driver.dialect }
  public var slowQuery: String { product.slowQuery }
  public func forbidden() throws -> (table: String, login: ValueMap)? { nil }

  /// Runs a statement through a client that has nothing to do with Ferry; every value as its text.
  public func independent(_ sql: String) throws -> [[String?]] { try product.rows(sql, at: place) }

  /// The text that the independent client shows for a value whose canonical text is `text`.
  public func shown(_ text: String, _ type: DataType) -> String { product.shown(text, type) }
}

/// One thing that a database does otherwise than the suite expects.
public struct Difference: Sendable {
  /// The check, and the type's name where it is about one type only.
  public var check: ConformanceCheck
  public var type: String?
  public var reason: String

  public init(_ check: ConformanceCheck, type: String? = nil, _ reason: String) {
    self.check = check
    self.type = type
    self.reason = reason
  }
}

/// The values that every type is tested with, as canonical texts: its extremes, and what is easily got wrong.
public enum Samples {
  public static let types: [(type: DataType, texts: [String])] = [
    (.bool, ["true", "false"]),
    (.int16, ["0", "-1", "32767", "-32768"]),
    (.int32, ["0", "-1", "2147483647", "-2147483648"]),
    (.int64, ["0", "-1", "9223372036854775807", "-9223372036854775808", "1844674407370955161"]),
    (.float32, ["0.0", "-0.5", "0.1", "3.4028235e+38", "1e-45"]),
    (.float64, ["0.0", "-0.5", "0.1", "1.7976931348623157e+308", "5e-324", "0.30000000000000004"]),
    (.decimal(precision: 10, scale: 2), ["0.00", "-0.01", "99999999.99", "-99999999.99", "5.36"]),
    (.decimal(precision: 38, scale: 10), ["9999999999999999999999999999.9999999999", "-0.0000000001", "1.1000000000"]),
    (
      .text,
      [
        "", "a", "Grüße, 世界 🚢", "'; DROP TABLE t; --", "\\N", "\\\\", "tab\there", "line\nbreak\r\n", "\"quoted\"",
        "%s ? :x $1",
      ]
    ),
    (.bytes, ["", "00", "deadbeef", "00ff00", "5c4e"]),
    (.date, ["1970-01-01", "2024-02-29", "1900-03-01", "9999-12-31", "1000-01-01"]),
    (.time(.microseconds), ["00:00:00", "23:59:59.999999", "04:05:30", "12:00:00.000001"]),
    (
      .timestamp(.microseconds, zoned: false),
      ["1970-01-01T00:00:00", "2050-12-31T22:59:57.150150", "1999-12-31T23:59:59.999999", "2004-10-19T10:23:54"]
    ),
    (
      .timestamp(.microseconds, zoned: true),
      ["1970-01-01T00:00:01Z", "2004-10-19T10:23:54.250000Z", "2037-12-31T23:59:59.999999Z"]
    ),
    (
      .offsetTimestamp(.microseconds),
      [
        "1970-01-01T00:00:01+00:00", "2004-10-19T10:23:54.250000+05:30", "2037-12-31T23:59:59.999999-14:00",
        "2000-01-01T00:00:00+14:00",
      ]
    ),
    (
      .uuid,
      [
        "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff",
        "123e4567-e89b-12d3-a456-426614174000",
      ]
    ),
    (.json, ["{\"a\": [1, 2, {\"b\": null}]}", "[]", "\"text\"", "{\"q\": \"it's\"}"]),
  ]

  /// A column of these values, with a NULL at the end.
  public static func column(_ type: DataType, _ texts: [String?]) throws -> Column {
    let builder = ColumnBuilder(type)
    let parser = ValueParser(type, bytes: .hex)
    for text in texts {
      guard let text else {
        builder.appendNull()
        continue
      }
      let result = parser.append(text.utf8.span, to: builder)
      guard result == .ok else { throw TestFault("'\(text)' is not a \(type.name)") }
    }
    return builder.finish()
  }

  /// The canonical texts of a column, nil for NULL.
  public static func texts(_ column: Column) -> [String?] {
    let formatter = TextFormatter(column, bytes: .hex)
    var buffer = ByteBuffer()
    return (0..<column.count).map { row in
      if column.isNull(row) { return nil }
      buffer.removeAll()
      formatter.append(row, to: &buffer)
      return buffer.string
    }
  }
}

public struct TestFault: Error, CustomStringConvertible {
  public var description: String
  public init(_ description: String) { self.description = description }
}

/// Python, for independent clients: found by FERRY_TEST_PYTHON, else in the repository's test environment.
public enum Python {
  public static var path: String {
    ProcessInfo.processInfo.environment["FERRY_TEST_PYTHON"] ?? "\(root)/.test/venv/bin/python"
  }

  private static var root: String {
    var url = URL(fileURLWithPath: #filePath)
    while !FileManager.default.fileExists(atPath: url.appendingPathComponent("Package.swift").path), url.path != "/" {
      url.deleteLastPathComponent()
    }
    return url.path
  }

  /// Runs a script; its standard output is JSON.
  public static func run(_ script: String, _ arguments: [String]) throws -> Value {
    try Value.parseJSON(output(of: script, arguments))
  }

  /// Runs a script; its standard output.
  public static func output(of script: String, _ arguments: [String]) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = ["-c", script] + arguments
    let output = Pipe()
    process.standardOutput = output
    do { try process.run() } catch { throw TestFault("Python is missing at \(path): set FERRY_TEST_PYTHON") }
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw TestFault("the Python script ended with \(process.terminationStatus)")
    }
    return String(decoding: data, as: UTF8.self)
  }

  /// A list of rows of texts.
  public static func rows(_ script: String, _ arguments: [String]) throws -> [[String?]] {
    try (run(script, arguments).list ?? []).map { row in (row.list ?? []).map(\.string) }
  }
}

/// A folder that is gone with its owner.
public final class TemporaryFolder {
  public let path: String

  /// - Parameter inMemory: where the machine has a file system that never waits for a disk, for tests of a thousand
  ///   small transactions.
  public init(inMemory: Bool = false) throws {
    let memory = "/dev/shm"
    let place = inMemory && access(memory, W_OK) == 0 ? memory : NSTemporaryDirectory()
    // Two slashes would begin a server in a URL.
    var template = Array("\(place.hasSuffix("/") ? place : place + "/")ferry-test-XXXXXX".utf8CString)
    guard let made = mkdtemp(&template) else { throw TestFault("no temporary folder") }
    path = String(cString: made)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// The names of what lies in it.
  public func files() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: path) }
}
