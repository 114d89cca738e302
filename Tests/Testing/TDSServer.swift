internal import Foundation
internal import Testing

/// A TDS test server that a suite has to itself: its faults, options and address concern nobody else. Gone with its
/// owner.
package final class TDSServer: @unchecked Sendable {
  package static let user = "sa"
  package static let password = "s3cret;}{'\" word"

  package let host: String
  package let port: Int
  private let process: Process
  private let folder: TemporaryFolder

  /// - Parameters:
  ///   - host: an address of this machine.
  ///   - certificate: the name of a pair of files, nil for a server that cannot encrypt.
  package init(_ options: [String] = [], host: String = "127.0.0.1", certificate: String? = "server") throws {
    self.host = host
    folder = try TemporaryFolder()
    process = Process()
    process.executableURL = URL(fileURLWithPath: Python.path)
    process.currentDirectoryURL = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "python")
    var arguments = ["-m", "tds", "--host", host, "--folder", folder.path, "--password-variable", "TDS_PASSWORD"]
    if let certificate {
      arguments += ["--certificate", try TLSFiles.path("\(certificate).crt")]
      arguments += ["--key", try TLSFiles.path("\(certificate).key")]
    }
    process.arguments = arguments + options
    process.environment = ProcessInfo.processInfo.environment.merging(["TDS_PASSWORD": TDSServer.password]) { $1 }
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
  package func end() {
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
  }

  /// The server by its own driver's url.
  package func url(_ more: String = "trustServerCertificate=true", port: Int? = nil) -> String {
    "jdbc:sqlserver://\(host):\(port ?? self.port);databaseName=ferry;\(more)"
  }
}

/// The test servers' own certificates (Tests/Testing/certificates.sh).
package enum TLSFiles {
  package static func path(_ name: String) throws -> String {
    let folder = ProcessInfo.processInfo.environment["FERRY_TEST_TLS_DIR"]
    return "\(try #require(folder, "needs FERRY_TEST_TLS_DIR"))/\(name)"
  }

  package static func text(_ name: String) throws -> String { try String(contentsOfFile: path(name), encoding: .utf8) }
}
