package import Foundation

/// The Python whose csv, json, orjson and pyarrow read what Ferry has written.
package enum Agreement {
  package struct Problem: Error { let text: String }

  package static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  package static let python: URL = {
    let given = ProcessInfo.processInfo.environment["FERRY_TEST_PYTHON"]
    return given.map { URL(filePath: $0) } ?? root.appending(path: ".test/venv/bin/python")
  }()

  /// The rows that independent readers see; NULL as "∅".
  package static func rows(_ kind: String, _ bytes: [UInt8]) throws -> [[String]] {
    try run("serdes_agree.py", [kind], Data(bytes)).map { line in
      try JSONDecoder().decode([String?].self, from: Data(line.utf8)).map { $0 ?? "∅" }
    }
  }

  /// What a script says about these cases, each a JSON object a line.
  package static func problems<T: Encodable>(_ script: String, _ cases: [T]) throws -> [String] {
    let encoder = JSONEncoder()
    return try run(script, [], Data(cases.flatMap { try encoder.encode($0) + [0x0A] }))
  }

  /// The lines that a script prints; `input` is a file, its last argument.
  package static func run(_ script: String, _ arguments: [String], _ input: Data) throws -> [String] {
    let file = FileManager.default.temporaryDirectory.appending(path: "serdes-\(UUID().uuidString)")
    try input.write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    let process = Process()
    process.executableURL = python
    process.arguments =
      [root.appending(path: "Tests/Testing/python/\(script)").path()] + arguments + [file.path()]
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let text = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw Problem(text: "\(script): Python ended with an error") }
    return String(decoding: text, as: UTF8.self).split(separator: "\n").map(String.init)
  }
}
