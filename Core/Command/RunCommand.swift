internal import ArgumentParser
internal import Engine
internal import Expression
internal import Glibc
internal import Records

enum LogFormat: String, ExpressibleByArgument, CaseIterable {
  case text
  case json
}

/// The engine's levels as the command line writes them.
enum LevelOption: String, ExpressibleByArgument, CaseIterable {
  case trace, debug, info, warn, error
  var level: LogLevel { LogLevel(rawValue: rawValue.uppercased()) ?? .info }
}

struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Checks a flow and runs it.",
    discussion: """
      ferry run orders.yaml -i day=2026-11-21
      ferry run orders.yaml --inputs inputs.yaml --log-format json
      ferry run orders.yaml --restart ID

      Exit code 1 when the flow failed, 2 when it was not started because something is wrong with it.
      """)

  @Argument(help: "The flow file.", completion: .file(extensions: ["yaml", "yml"]))
  var flow: String

  @Option(name: [.customShort("i"), .customLong("input")], help: "An input of the flow: NAME=VALUE. May be repeated.")
  var input: [String] = []

  @Option(help: "A YAML or JSON file with inputs by name.", completion: .file())
  var inputs: String?

  @OptionGroup var storage: StorageOptions

  @Option(
    help:
      "YAML file with the variables that expressions see as 'globals'. Default: ferry.yaml here, where there is one.")
  var globals: String?

  @Option(help: "What is printed while the flow runs: text, or json with one event a line and the summary last.")
  var logFormat = LogFormat.text

  @Option(help: "The least level of messages: trace, debug, info, warn, error.")
  var logLevel = LevelOption.info

  @Option(help: "Time zone of wall clocks, where a task has no timeZoneId of its own.")
  var timeZone = "UTC"

  @Option(
    help:
      """
      Threads that a task may keep busy; with 1, no task begins before the one before it has ended. Default: one for \
      each processor, four at most.
      """)
  var threads: Int?

  @Option(help: "Go on with a failed execution at the task that failed, with the outputs of those before.")
  var restart: String?

  @Flag(
    help:
      """
      With --restart: do also that work again of which it is not known whether it has been done, or of which a part is \
      done.
      """)
  var acceptUnknown = false

  @Flag(
    help: "Run the flow though its expressions name what is nowhere defined: they fail when they are looked at.")
  var allowUndefined = false

  @Flag(help: "Check the flow, print what would run, run nothing.")
  var dryRun = false

  @Flag(
    inversion: .prefixedNo,
    help: "Whether the summary shows the first rows of the last table. Default: on a terminal only.")
  var preview: Bool?

  func validate() throws {
    guard RunCommand.threadCounts.contains(threads ?? 1) else {
      let most = RunCommand.threadCounts.upperBound
      throw ValidationError("--threads \(threads ?? 0): expected 1 to \(most)")
    }
    if acceptUnknown && restart == nil { throw ValidationError("--accept-unknown has a meaning with --restart only") }
    guard restart?.isEmpty != true else { throw ValidationError("--restart: expected the id of an execution") }
    guard ZoneRules(timeZone) != nil else {
      throw ValidationError("--time-zone \(timeZone): expected an IANA name such as Europe/Paris, or +02:00")
    }
  }

  /// Each thread of a task has buffers of its own.
  private static let threadCounts = 1...256

  func run() throws {
    guard let parsed = try FlowFile.load(flow, allowUndefined: allowUndefined) else { throw Exit.usage }
    try Threads.reserve()
    let environment = try storage.environment()
    // Before the first thing that is written.
    let given = try readInputs()
    let globals = try readGlobals()
    if dryRun {
      Console.output.write(TerminalText(parsed.plan))
      return
    }
    let home = try LocalHome(folder: storage.folder(environment))
    var settings = EngineSettings(home, registry: registry, environment: environment)
    settings.logLevel = logLevel.level
    settings.timeZone = timeZone
    settings.threads = max(1, threads ?? min(Threads.processors, 4))
    settings.globals = globals
    let observer: any FinishingObserver =
      logFormat == .json
      ? JSONReporter(Console.output) : TextReporter(Console.output, command: command, hasPreview: preview)
    settings.observers = [observer]
    let engine = Engine(settings)
    let cancellation = Cancellation()
    Signals.cancel(cancellation)
    let execution = try BlockingExecutor.wait { [restart, acceptUnknown] in
      do {
        return try await engine.run(
          parsed, inputs: given, restart: restart, acceptsUnknown: acceptUnknown, cancellation: cancellation)
      } catch {
        // Stopped before it began: while its inputs were made ready.
        if case .signal(let number) = cancellation.reason { throw Exit.signal(number) }
        throw error
      }
    }
    observer.finish(execution, engine)
    try leave(execution, cancellation)
  }

  /// By the exit code that tells what became of the flow, or else what became of the output.
  private func leave(_ execution: Execution, _ cancellation: Cancellation) throws {
    if execution.state == .killed, case .signal(let number) = cancellation.reason { throw Exit.signal(number) }
    if execution.state != .success && execution.state != .warning { throw Exit.failed }
    if let loss = Console.output.loss {
      Console.error.line(
        "ferry: \(loss). The flow itself ended \(execution.state.rawValue): 'ferry runs \(execution.id)' shows it")
      throw Exit.outputLost
    }
  }

  /// What starts this run again with what it was started with; inputs are recorded.
  private var command: [String] {
    let options = [
      ("--storage", storage.storage), ("--env-file", storage.envFile), ("--globals", globals),
      ("--time-zone", timeZone == "UTC" ? nil : timeZone),
    ]
    return ["ferry", "run", flow] + options.flatMap { name, value in value.map { [name, $0] } ?? [] }
  }

  private func readInputs() throws -> ValueMap {
    var map = try inputs.map { try Value.parsedYAML(file: $0) } ?? ValueMap()
    for pair in input {
      guard let equals = pair.firstIndex(of: "=") else {
        throw ValidationError("-i \(pair): expected NAME=VALUE")
      }
      map[String(pair[..<equals])] = .string(String(pair[pair.index(after: equals)...]))
    }
    return map
  }

  private func readGlobals() throws -> ValueMap {
    guard let file = unsafe globals ?? (access("ferry.yaml", R_OK) == 0 ? "ferry.yaml" : nil) else { return ValueMap() }
    let map = try Value.parsedYAML(file: file)
    return map["globals"]?.map ?? map
  }
}
