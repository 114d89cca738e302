import Foundation

/// The Python whose csv, json, orjson and pyarrow read what Ferry has written.
enum Agreement {
  struct Problem: Error { let text: String }

  private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  static let python: URL = {
    let given = ProcessInfo.processInfo.environment["FERRY_TEST_PYTHON"]
    return given.map { URL(filePath: $0) } ?? root.appending(path: ".test/venv/bin/python")
  }()

  /// The rows that independent readers see; NULL as "∅".
  static func rows(_ kind: String, _ bytes: [UInt8]) throws -> [[String]] {
    let file = FileManager.default.temporaryDirectory.appending(path: "serdes-\(UUID().uuidString).\(kind)")
    try Data(bytes).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    let process = Process()
    process.executableURL = python
    process.arguments = [root.appending(path: "Tests/Testing/python/serdes_agree.py").path(), kind, file.path()]
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let text = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw Problem(text: "\(kind): Python ended with an error") }
    return try String(decoding: text, as: UTF8.self).split(separator: "\n").map { line in
      try JSONDecoder().decode([String?].self, from: Data(line.utf8)).map { $0 ?? "∅" }
    }
  }
}
