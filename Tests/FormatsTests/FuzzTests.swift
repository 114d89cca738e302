import Foundation
import Testing

/// The fuzzers of Tests/Fuzz with the files that are kept: the same inputs on every machine. `make fuzz` explores.
struct FuzzTests {
  @Test(.timeLimit(.minutes(15)))
  func `no input breaks a reader`() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let process = Process()
    process.executableURL = URL(filePath: "/bin/bash")
    process.arguments = [root.appending(path: "Tests/Testing/fuzz.sh").path(), "check"]
    process.currentDirectoryURL = root
    let output = Pipe()
    process.standardOutput = output
    process.standardError = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == 0, "\(text)")
    for reader in ["record-file", "csv", "json", "json-messages", "avro", "avro-values", "expressions"] {
      let files = try FileManager.default.contentsOfDirectory(atPath: root.path() + "/fixtures/fuzz/\(reader)")
      #expect(text.contains("fuzz: \(reader): \(files.count) kept files"), "\(text)")
    }
  }
}
