import Expression
import FerryTesting
import Foundation
import Records
import SQLite
import Testing

/// SQLite against the suite that every database passes, its values looked at by Python's own SQLite module.
final class SQLiteDatabase: TestedDatabase {
  typealias Driver = SQLite
  private let folder: TemporaryFolder
  let storage: String

  init() throws {
    folder = try TemporaryFolder()
    storage = folder.path + "/storage"
  }

  private var path: String { folder.path + "/test.db" }
  var connection: ValueMap { ["url": .string("jdbc:sqlite:\(path)")] }

  func columnType(_ type: DataType) -> String? {
    switch type {
    case .bool: "BOOLEAN"
    case .int16, .int32, .int64: "BIGINT"
    case .float32, .float64: "DOUBLE"
    case .decimal(let precision, let scale): "DECIMAL(\(precision), \(scale))"
    case .text: "TEXT"
    case .bytes: "BLOB"
    case .date: "DATE"
    case .time: "TIME"
    case .timestamp(_, let zoned): zoned ? "TIMESTAMP WITH TIME ZONE" : "TIMESTAMP"
    case .offsetTimestamp: "DATETIMEOFFSET"
    case .uuid: "UUID"
    case .json: "JSON"
    default: nil
    }
  }

  let storedTypes = [
    "BOOLEAN", "INTEGER", "DOUBLE", "DECIMAL(10, 2)", "NUMERIC", "VARCHAR(5)", "TEXT", "BLOB", "DATE", "TIMESTAMP",
    "TIMESTAMPTZ", "DATETIMEOFFSET", "TIME", "UUID", "JSON", "",
  ]
  let differences: [Difference] = [
    Difference(.extremes, type: "decimal(38,10)", "a numeric column of SQLite keeps 15 digits: more are refused"),
    Difference(.bothRoads, type: "decimal(38,10)", "a numeric column of SQLite keeps 15 digits: more are refused"),
    Difference(.ranges, "SQLite has one integer type of 64 bits: nothing is out of a smallint's range"),
  ]

  let slowQuery = """
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000000000) SELECT count(*) FROM n
    """

  func forbidden() -> (table: String, login: ValueMap)? { nil }

  func independent(_ sql: String) throws -> [[String?]] {
    let script = """
      import json, sqlite3, sys
      def show(v):
          if v is None: return None
          if isinstance(v, bytes): return v.hex()
          return repr(v) if isinstance(v, float) else str(v)
      rows = sqlite3.connect(sys.argv[1]).execute(sys.argv[2]).fetchall()
      print(json.dumps([[show(v) for v in row] for row in rows]))
      """
    return try Python.rows(script, [path, sql])
  }

  func shown(_ text: String, _ type: DataType) -> String {
    switch type {
    case .bool: text == "true" ? "1" : "0"
    case .decimal: text.hasSuffix(".00") ? String(text.dropLast(3)) : text
    case .timestamp, .offsetTimestamp: text.replacing("T", with: " ")
    // A float keeps its value in SQLite's doubles, which show more digits.
    case .float32: Float(text).map { SQLiteDatabase.python(Double($0)) } ?? text
    case .float64: Double(text).map(SQLiteDatabase.python) ?? text
    default: text
    }
  }

  /// As Python's repr writes a float.
  private static func python(_ value: Double) -> String {
    let text = value.description
    guard let e = text.firstIndex(of: "e") else { return text }
    let mantissa = text[..<e].hasSuffix(".0") ? text[..<e].dropLast(2) : text[..<e]
    return String(mantissa) + text[e...]
  }
}

@Suite(.serialized) struct SQLiteConformanceTests {
  @Test(arguments: ConformanceCheck.allCases) func conforms(_ check: ConformanceCheck) async throws {
    try await DatabaseConformance(SQLiteDatabase()).run(check)
  }
}
