internal import ArgumentParser
internal import CMalloc
internal import Engine
internal import Expression
internal import Glibc
internal import Records

@main
struct Ferry: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ferry",
    abstract: "Moves tables between databases and files, by flows in YAML.",
    discussion: """
      Exit codes: 0 the flow succeeded (or had only warnings), 1 it failed, 2 the flow or the command line is wrong \
      and nothing ran, 70 an internal error, 74 its output could \
      not be written (a full disk, a closed standard output) though all else went well, 130 stopped by Ctrl-C, 143 \
      stopped by SIGTERM.
      """,
    version: "0.1.0",
    subcommands: [
      RunCommand.self, CheckCommand.self, CatCommand.self, RunsCommand.self, PluginsCommand.self, SchemaCommand.self,
      ReferenceCommand.self,
    ])

  static func main() {
    Console.holdStandardDescriptors()
    // Batches are made on one thread and freed on another: with an arena for each thread, glibc keeps more of them.
    mallopt(M_ARENA_MAX, 1)
    // Output into a pipe that was closed (`ferry cat … | head`) ends quietly at the write.
    signal(SIGPIPE, SIG_IGN)
    // A file that grows over a limit is an error of the write that can be told, as a full disk is.
    signal(SIGXFSZ, SIG_IGN)
    raiseFileLimit()
    do {
      var command = try parseAsRoot()
      try command.run()
      leave(.success)
    } catch let code as ExitCode {
      leave(code)
    } catch let failure as Failure {
      Console.error.line("ferry: \(failure)")
      leave(failure.category == .bug ? Exit.internalError : Exit.usage)
    } catch {
      let isHelp = exitCode(for: error) == .success
      if isHelp {
        // Ferry's own words, completion scripts among them.
        Console.output.write(data: fullMessage(for: error) + "\n")
      } else {
        Console.error.line("\(unknownCommand ?? fullMessage(for: error))")
      }
      leave(isHelp ? .success : Exit.usage)
    }
  }

  /// A success whose output did not arrive is none.
  private static func leave(_ code: ExitCode) -> Never {
    for console in [Console.output, .error] { console.finish() }
    guard code == .success, let loss = Console.output.loss ?? Console.error.loss else { Glibc.exit(code.rawValue) }
    Console.error.line("ferry: \(loss)")
    Glibc.exit(Exit.outputLost.rawValue)
  }

  /// What is wrong with the first word of the command line, where it names no command.
  private static var unknownCommand: String? {
    let commands = configuration.subcommands.filter { $0.configuration.shouldDisplay }
      .compactMap { $0.configuration.commandName }
    guard let word = CommandLine.arguments.dropFirst().first, !word.hasPrefix("-"),
      !configuration.subcommands.contains(where: { $0.configuration.commandName == word }), word != "help"
    else { return nil }
    let isFlow = word.hasSuffix(".yaml") || word.hasSuffix(".yml")
    let hint = isFlow ? "run \(word)" : nearest(word, in: commands)
    return "Error: there is no command '\(word)'. "
      + (hint.map { "Did you mean 'ferry \($0)'?" } ?? "There are \(commands.joined(separator: ", "))")
  }
}

/// A task may write many files at once: as many as the machine allows, not as few as a shell starts with.
private func raiseFileLimit() {
  var limit = rlimit()
  guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
  limit.rlim_cur = limit.rlim_max
  unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
}

/// The exit codes that `ferry --help` documents.
enum Exit {
  static let failed = ExitCode(1)
  static let usage = ExitCode(2)
  static let internalError = ExitCode(70)
  static let outputLost = ExitCode(74)
  static func signal(_ number: Int32) -> ExitCode { ExitCode(128 + number) }
}

/// Where runs and their files are kept.
struct StorageOptions: ParsableArguments {
  @Option(help: "Folder of internal storage and of the record of runs. Default: $FERRY_HOME, else .ferry here.")
  var storage: String?

  @Option(help: "File with NAME=value lines, read like environment variables. Default: .env here, where there is one.")
  var envFile: String?

  func environment() throws -> Environment {
    try unsafe Environment(dotenv: envFile ?? (access(".env", R_OK) == 0 ? ".env" : nil))
  }

  func folder(_ environment: Environment) -> String {
    storage ?? environment.variables["FERRY_HOME"].flatMap { $0.isEmpty ? nil : $0 } ?? ".ferry"
  }

  /// For a look at what is there.
  func engine() throws -> Engine {
    let environment = try environment()
    try Threads.reserve()
    let home = try LocalHome(reading: folder(environment))
    return Engine(EngineSettings(home, registry: registry, environment: environment))
  }
}
