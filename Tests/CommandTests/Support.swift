import Foundation
import Testing

/// The built `ferry`, run as a child process, in a folder of its own.
final class Ferry: Sendable {
  struct Result {
    var status: Int32
    /// Killed by a signal, which `status` then is.
    var wasKilled: Bool
    var output: String
    var error: String

    var lines: [String] { output.split(separator: "\n").map(String.init) }

    /// The events of `--log-format json`; every line must be one.
    func events() throws -> [[String: Any]] {
      try lines.map { try #require(JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any], "\($0)") }
    }

    func summary() throws -> [String: Any] { try #require(try events().last) }

    /// Task runs of the summary by task.
    func tasks() throws -> [String: [String: Any]] {
      let tasks = try #require(try summary()["tasks"] as? [[String: Any]])
      return Dictionary(tasks.map { ($0["task"] as? String ?? "", $0) }) { _, last in last }
    }
  }

  static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  /// It lies beside the test bundle.
  static let executable: URL = {
    let bundle = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    return URL(filePath: bundle).deletingLastPathComponent().appending(path: "ferry")
  }()

  let folder: URL
  private let environment: [String: String]

  init(environment: [String: String] = [:]) throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "command-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    self.environment = environment
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  var storage: URL { folder.appending(path: "storage") }

  @discardableResult
  func write(_ name: String, _ text: String) throws -> String {
    try text.write(to: folder.appending(path: name), atomically: true, encoding: .utf8)
    return name
  }

  /// Starts it without waiting; its outputs go to files, which no reader can block.
  func start(_ arguments: [String], program: URL = Ferry.executable) throws -> Child {
    let process = Process()
    process.executableURL = program
    process.arguments = arguments
    process.currentDirectoryURL = folder
    var variables = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("FERRY_") && $0.key != "NO_COLOR" }
    variables["FERRY_HOME"] = storage.path()
    process.environment = variables.merging(environment) { _, own in own }
    process.standardInput = FileHandle.nullDevice
    let name = UUID().uuidString
    let paths = ["out", "err"].map { FileManager.default.temporaryDirectory.appending(path: "\(name).\($0)") }
    for path in paths { _ = FileManager.default.createFile(atPath: path.path(), contents: nil) }
    process.standardOutput = try FileHandle(forWritingTo: paths[0])
    process.standardError = try FileHandle(forWritingTo: paths[1])
    try process.run()
    return Child(process: process, output: paths[0], error: paths[1])
  }

  @discardableResult
  func run(_ arguments: String...) async throws -> Result { try await start(arguments).wait() }

  /// Writes a flow and runs it with one event a line.
  func flow(_ yaml: String, _ more: String...) async throws -> Result {
    try await start(["run", try write("flow.yaml", yaml), "--log-format", "json"] + more).wait()
  }

  /// Runs `ferry` on a pseudo-terminal, by Python. What it prints there, errors too, is the output.
  func onTerminal(columns: Int = 80, rows: Int = 24, _ arguments: String...) async throws -> Result {
    let script = """
      import fcntl, os, pty, struct, sys, termios
      pid, fd = pty.fork()
      if pid == 0:
          fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", int(sys.argv[2]), int(sys.argv[1]), 0, 0))
          os.execv(sys.argv[3], sys.argv[3:])
      while True:
          try: chunk = os.read(fd, 65536)
          except OSError: break
          if not chunk: break
          sys.stdout.buffer.write(chunk)
      sys.stdout.flush()
      sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
      """
    try write("terminal.py", script)
    return try await start(
      ["terminal.py", "\(columns)", "\(rows)", Ferry.executable.path()] + arguments, program: Python.executable
    ).wait()
  }

  /// Runs a line of bash in which `$ferry` is the command.
  func shell(_ line: String) async throws -> Result {
    try await start(["-c", "ferry='\(Ferry.executable.path())'; \(line)"], program: URL(filePath: "/bin/bash")).wait()
  }

  /// Every file below the storage folder, as bytes.
  func stored() throws -> [(path: String, bytes: Data)] {
    let files = FileManager.default.enumerator(atPath: storage.path())?.compactMap { $0 as? String } ?? []
    return files.compactMap { path in
      (try? Data(contentsOf: storage.appending(path: path))).map { (path, $0) }
    }
  }
}

/// A `ferry` that is running.
final class Child {
  private let process: Process
  private let output: URL
  private let error: URL

  init(process: Process, output: URL, error: URL) {
    self.process = process
    self.output = output
    self.error = error
  }

  deinit { for file in [output, error] { try? FileManager.default.removeItem(at: file) } }

  func signal(_ number: Int32) { kill(process.processIdentifier, number) }
  var isRunning: Bool { process.isRunning }
  var written: String { (try? String(contentsOf: output, encoding: .utf8)) ?? "" }

  /// Waits until it has printed a text, ten seconds at most.
  func waitFor(_ text: String) async throws {
    for _ in 0..<1_000 {
      if written.contains(text) { return }
      try await Task.sleep(for: .milliseconds(10))
    }
    Issue.record("'\(text)' was never printed, but: \(written)")
  }

  /// Other tests go on meanwhile: a thread that blocked here would be one of theirs.
  func wait() async throws -> Ferry.Result {
    while process.isRunning { try await Task.sleep(for: .milliseconds(5)) }
    return Ferry.Result(
      status: process.terminationStatus, wasKilled: process.terminationReason == .uncaughtSignal,
      output: try String(contentsOf: output, encoding: .utf8), error: try String(contentsOf: error, encoding: .utf8))
  }
}

/// The Python of the tests.
enum Python {
  static let executable: URL = {
    let given = ProcessInfo.processInfo.environment["FERRY_TEST_PYTHON"]
    return given.map { URL(filePath: $0) } ?? Ferry.root.appending(path: ".test/venv/bin/python")
  }()
}
