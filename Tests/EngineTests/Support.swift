import Expression
import FerryTesting
import Foundation
import Records
import Serdes
import Testing

@testable import Engine

/// The repository that this test was compiled in.
enum Repository {
  static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  static func text(_ path: String) throws -> String {
    try String(contentsOf: root.appending(path: path), encoding: .utf8)
  }
}

/// A folder of the test's own, removed with it.
final class Folder: Sendable {
  let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.appending(path: "engine-\(UUID().uuidString)").path()
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  @discardableResult
  func write(_ name: String, _ text: String) throws -> String {
    try text.write(toFile: "\(path)/\(name)", atomically: true, encoding: .utf8)
    return "\(path)/\(name)"
  }
}

/// Keeps what happens in a run.
final class Recorder: RunObserver {
  private let state = Locked<[RunEvent]>([])
  private let action = Locked<(@Sendable (RunEvent) -> Void)?>(nil)
  var events: [RunEvent] { state.withLock { $0 } }

  func handle(_ event: RunEvent) {
    state.withLock { $0.append(event) }
    action.withLock { $0 }?(event)
  }

  /// Does something when an event is told.
  func onEvent(_ body: @escaping @Sendable (RunEvent) -> Void) { action.withLock { $0 = body } }

  /// Ids of tasks in the order in which they started.
  var started: [String] {
    events.compactMap { if case .taskStarted(let run, _) = $0 { run.taskID } else { nil } }
  }

  var logs: [LogLine] { events.compactMap { if case .log(let line) = $0 { line } else { nil } } }

  /// The most task runs of one type that ran at the same time.
  func mostAtOnce(_ type: String) -> Int {
    var now = 0
    var most = 0
    for event in events {
      switch event {
      case .taskStarted(let run, _) where run.type == type: now += 1
      case .taskEnded(let run) where run.type == type: now -= 1
      default: break
      }
      most = max(most, now)
    }
    return most
  }
}

/// An engine with a storage folder of its own, for one test.
struct Bench {
  let folder: Folder
  let engine: Engine
  let store: SQLiteRunStore
  let recorder = Recorder()
  let registry = Registry([testPlugin, helloPlugin, .serdes])

  init(
    environment: String = "", level: LogLevel = .info, folder: Folder? = nil, threads: Int = 1,
    isEncoding: Bool = false, storage: (any Storage)? = nil, storages: [StorageURI.Scheme: any Storage] = [:]
  ) throws {
    self.folder = try folder ?? Folder()
    var variables = try Environment()
    variables.read(dotenv: environment)
    let home = try LocalHome(folder: self.folder.path + "/storage")
    store = try #require(home.store as? SQLiteRunStore)
    var settings = EngineSettings(
      storage: storage ?? home.storage, store: home.store, registry: registry, environment: variables)
    settings.storages = storages
    settings.observers = [recorder]
    settings.logLevel = level
    settings.threads = threads
    if isEncoding {
      settings.worker = EncodingWorker(
        LocalWorker(registry: registry, storage: home.storage, environment: variables))
    }
    engine = Engine(settings)
  }

  func parse(_ yaml: String, file: String = "flow.yaml") throws -> Flow {
    let path = try folder.write(file, yaml)
    let (flow, diagnostics) = FlowParser.parse(yaml, file: path, registry: registry)
    return try #require(flow, "\(diagnostics.map(\.line).joined(separator: "\n"))")
  }

  @discardableResult
  func run(
    _ yaml: String, inputs: ValueMap = [:], restart: String? = nil, cancellation: Cancellation = Cancellation()
  ) async throws -> Execution {
    try await engine.run(try parse(yaml), inputs: inputs, restart: restart, cancellation: cancellation)
  }

  /// Runs a flow that is stopped by a signal after a moment.
  func runStopped(_ yaml: String) async throws -> Execution {
    let cancellation = Cancellation()
    Threads.start {
      usleep(200_000)
      cancellation.cancel(.signal(2))
    }
    return try await run(yaml, cancellation: cancellation)
  }

  /// All rows of a record file as JSON, one a row.
  func rows(_ uri: String?) throws -> [String] {
    let reader = try RecordFileReader(engine.open(try #require(uri)))
    var rows: [String] = []
    while let batch = try reader.next() {
      rows += (0..<batch.count).map { Value.map(RowValues(batch).map(at: $0)).json() }
    }
    return rows
  }

  /// A record file outside of storage.
  func records(_ name: String, _ schema: Schema, _ batches: [RecordBatch]) throws -> String {
    let path = "\(folder.path)/\(name)"
    let writer = try RecordFileWriter(FileOutput(path: path), schema: schema)
    for batch in batches { try writer.write(batch) }
    try writer.finish()
    return "file://" + path
  }
}

extension Execution {
  func run(_ task: String, _ value: String? = nil) -> TaskRun? {
    taskRuns.first { $0.taskID == task && (value == nil || $0.value == value) }
  }

  func output(_ task: String, _ name: String = "value", of value: String? = nil) -> Value? {
    run(task, value)?.outputs[name]
  }
}

// MARK: tasks that misbehave as told

let testPlugin = Plugin(
  "test", "Tasks of the tests.",
  tasks: [
    Secretive.self, Flaky.self, Unbalanced.self, Stubborn.self, Partial.self, Leading.self, Following.self,
    Lasting.self, Acknowledging.self, Limited.self, Quoting.self, Echoing.self, Pathed.self,
  ])

/// Fails the first times, with a category.
struct Flaky: FerryTask {
  static let info = TaskInfo("test.Flaky", "Fails at first.", outputs: [TaskOutput("calls", .integer, "Calls.")])
  static let calls = Locked<[String: Int]>([:])
  @Property("Key of the counter.") var key: String
  @Property("How often it fails.") var failures: Int
  @Property("How.") var category = "transient"

  func run(_ context: TaskContext) throws -> ValueMap {
    let calls = Flaky.calls.withLock { calls in
      calls[key, default: 0] += 1
      return calls[key] ?? 0
    }
    context.ledger.add(read: 10, written: 10)
    guard calls > failures else { throw Failure(.init(rawValue: category) ?? .bug, "call \(calls) of \(key)") }
    return ["calls": .int(Int64(calls))]
  }
}

/// Has a file in its own folder, which its other properties name.
struct Pathed: FerryTask {
  static let info = TaskInfo("test.Pathed", "Reads a file.", outputs: [TaskOutput("text", .string, "What is in it.")])
  @Property("The file.", .localFile) var script: StorageReference?
  @Property("Where it is.") var command: String
  func run(_ context: TaskContext) throws -> ValueMap {
    let path = try script.map { try context.copy($0, as: "script") }
    guard path == command else { throw Failure(.bug, "'\(command)' is not \(path ?? "there")") }
    return ["text": .string(try String(contentsOfFile: command, encoding: .utf8))]
  }
}

/// Has a secret.
struct Secretive: FerryTask {
  static let info = TaskInfo("test.Secretive", "Has a secret.")
  @Property("The secret.", .secret) var password: String
  func run(_ context: TaskContext) throws -> ValueMap { [:] }
}

/// Loses a row.
struct Unbalanced: FerryTask {
  static let info = TaskInfo("test.Unbalanced", "Loses a row.")
  func run(_ context: TaskContext) throws -> ValueMap {
    context.ledger.add(read: 3, written: 1, rejected: 1)
    return [:]
  }
}

/// Waits in a call that only its cancel handler ends, and then speaks of something else.
struct Stubborn: FerryTask {
  static let info = TaskInfo("test.Stubborn", "Waits for its handler.")
  func run(_ context: TaskContext) throws -> ValueMap {
    let isDone = Locked(false)
    return try context.onCancel({ isDone.withLock { $0 = true } }) {
      for _ in 0..<1_000 where !isDone.withLock({ $0 }) { usleep(10_000) }
      throw Failure(.transient, "the server closed the connection")
    }
  }
}

/// Begins two files and fails before they are whole.
struct Partial: FerryTask {
  static let info = TaskInfo("test.Partial", "Leaves files half-way.")
  func run(_ context: TaskContext) throws -> ValueMap {
    let schema = Schema([Field("n", .int64)])
    let records = try context.createRecords(schema: schema)
    let builder = ColumnBuilder(.int64)
    builder.append(Int64(1))
    try records.write(RecordBatch(schema: schema, columns: [builder.finish()], count: 1))
    let file = try context.create("text.txt")
    try file.write(text: "half")
    try "scratch".write(toFile: context.workingDirectory() + "/x", atomically: false, encoding: .utf8)
    throw Failure(.data, "in the middle, in \(try context.workingDirectory())")
  }
}
