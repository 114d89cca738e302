internal import ArgumentParser
internal import CMalloc
internal import Engine
internal import Glibc
internal import Records

@main
struct Ferry: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ferry",
    abstract: "Moves tables between databases and files, by flows in YAML.",
    discussion: """
      Exit codes: 0 the flow succeeded (or had only warnings), 1 it failed, 2 the flow or the command line is wrong \
      and nothing ran, 70 an internal error, 130 stopped by Ctrl-C, 143 stopped by SIGTERM.
      """,
    version: "0.1.0",
    subcommands: [
      RunCommand.self, CheckCommand.self, CatCommand.self, RunsCommand.self, PluginsCommand.self, SchemaCommand.self,
      ReferenceCommand.self,
    ])

  static func main() async {
    // Batches are made on one thread and freed on another: with an arena for each thread, glibc keeps more of them.
    mallopt(M_ARENA_MAX, 1)
    // Output into a pipe that was closed (`ferry cat … | head`) ends quietly at the write.
    signal(SIGPIPE, SIG_IGN)
    raiseFileLimit()
    do {
      var command = try parseAsRoot()
      if var async = command as? any AsyncParsableCommand {
        try await async.run()
      } else {
        try command.run()
      }
    } catch let code as ExitCode {
      Glibc.exit(code.rawValue)
    } catch let failure as Failure {
      Console.error.line("ferry: \(failure)")
      Glibc.exit(failure.category == .bug ? Exit.internalError.rawValue : Exit.usage.rawValue)
    } catch {
      let message = fullMessage(for: error)
      let isHelp = exitCode(for: error) == .success
      (isHelp ? Console.output : Console.error).line(message)
      Glibc.exit(isHelp ? 0 : Exit.usage.rawValue)
    }
  }
}

/// A task may write many files at once: as many as the machine allows, not as few as a shell starts with.
private func raiseFileLimit() {
  var limit = rlimit()
  guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
  limit.rlim_cur = limit.rlim_max
  setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
}

/// The exit codes that `ferry --help` documents.
enum Exit {
  static let failed = ExitCode(1)
  static let usage = ExitCode(2)
  static let internalError = ExitCode(70)
  static func signal(_ number: Int32) -> ExitCode { ExitCode(128 + number) }
}

/// Where runs and their files are kept.
struct StorageOptions: ParsableArguments {
  @Option(help: "Folder of internal storage and of the record of runs. Default: $FERRY_HOME, else .ferry here.")
  var storage: String?

  @Option(help: "File with NAME=value lines, read like environment variables. Default: .env here, where there is one.")
  var envFile: String?

  func environment() throws -> Environment {
    try Environment(dotenv: envFile ?? (access(".env", R_OK) == 0 ? ".env" : nil))
  }

  func folder(_ environment: Environment) -> String {
    storage ?? environment.variables["FERRY_HOME"].flatMap { $0.isEmpty ? nil : $0 } ?? ".ferry"
  }

  /// For a look at what is there.
  func engine() throws -> Engine {
    let environment = try environment()
    return try Engine(
      reading: EngineSettings(folder: folder(environment), registry: registry, environment: environment))
  }
}

/// A file descriptor that takes lines.
struct Console: Sendable {
  static let output = Console(descriptor: STDOUT_FILENO)
  static let error = Console(descriptor: STDERR_FILENO)

  let descriptor: Int32

  @discardableResult
  func line(_ text: String) -> Bool { write(text + "\n") }

  /// False when nobody reads any more.
  @discardableResult
  func write(_ text: String) -> Bool {
    var text = text
    return text.withUTF8 { bytes in
      var done = 0
      while done < bytes.count, let start = bytes.baseAddress {
        let count = Glibc.write(descriptor, start + done, bytes.count - done)
        if count < 0 && errno != EINTR { return false }
        done += max(count, 0)
      }
      return true
    }
  }

  /// How wide the terminal is.
  var columns: Int? {
    var size = winsize()
    return ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : nil
  }

  var isTerminal: Bool { isatty(descriptor) == 1 }

  /// Colours only on a terminal, and never when NO_COLOR is set (https://no-color.org).
  var hasColor: Bool { isTerminal && getenv("NO_COLOR").map { $0.pointee == 0 } ?? true }
}
