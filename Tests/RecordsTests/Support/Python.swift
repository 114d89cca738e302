import Foundation

/// The Python with pyarrow, Polars and DuckDB that files are exchanged with.
enum Python {
  struct Problem: Error { let text: String }

  private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  /// Runs `records_interop.py` and returns what it prints, split at the line `--`.
  static func interop(_ arguments: String...) throws -> (types: [String], rows: [String]) {
    let process = Process()
    let python = ProcessInfo.processInfo.environment["FERRY_TEST_PYTHON"]
    process.executableURL = python.map { URL(filePath: $0) } ?? root.appending(path: ".test/venv/bin/python")
    process.arguments = [root.appending(path: "Tests/Testing/python/records_interop.py").path()] + arguments
    let output = Pipe()
    let errors = FileManager.default.temporaryDirectory.appending(path: "interop-\(UUID().uuidString).txt")
    _ = FileManager.default.createFile(atPath: errors.path(), contents: nil)
    defer { try? FileManager.default.removeItem(at: errors) }
    process.standardOutput = output
    process.standardError = try FileHandle(forWritingTo: errors)
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw Problem(text: "\(arguments): " + String(decoding: try Data(contentsOf: errors), as: UTF8.self))
    }
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init).dropLast()
    guard let middle = lines.firstIndex(of: "--") else { throw Problem(text: "no types in: \(text.prefix(200))") }
    return (Array(lines[..<middle]), Array(lines[(middle + 1)...]))
  }

  /// A path that is free, and removed at the end.
  static func withFile<Result>(_ body: (String) throws -> Result) throws -> Result {
    let path = FileManager.default.temporaryDirectory.appending(path: "records-\(UUID().uuidString).arrow").path()
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try body(path)
  }
}
