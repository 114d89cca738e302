import Foundation
import Testing

/// The fuzzers of Tests/Fuzz: the files that are kept, and a minute of what follows from them.
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
    for reader in ["record-file", "csv", "json", "avro", "expressions"] {
      #expect(text.contains("fuzz: \(reader): #"), "\(text)")
    }
  }
}
