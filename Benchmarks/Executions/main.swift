internal import Engine
internal import Expression
internal import Glibc
internal import Records

/// How many executions of two tasks one process runs and records in a second:
///
///     swift run -c release executions [COUNT] [CONCURRENT] [FOLDER]
///
/// Each task counts as one that leaves something behind, so that its beginning and its end are on the disk before the
/// next thing happens: six waits for the disk in each execution. First the record alone is driven so, then the engine.

struct Nothing: FerryTask {
  static let info = TaskInfo(
    "bench.Nothing", "Does nothing.", outputs: [TaskOutput("done", .boolean, "Whether it is done.")])
  func run(_ context: TaskContext) throws -> ValueMap { ["done": .bool(true)] }
}

/// Times of one kind, in microseconds.
final class Times: Sendable {
  private let all = Locked<[Int64]>([])

  func measure<T>(_ body: () async throws -> T) async rethrows -> T {
    let start = ContinuousClock.now
    defer {
      let (seconds, attoseconds) = start.duration(to: .now).components
      all.withLock { $0.append(seconds * 1_000_000 + attoseconds / 1_000_000_000_000) }
    }
    return try await body()
  }

  /// `p50 1.20 ms  p99 3.80 ms`.
  var text: String {
    let sorted = all.withLock { $0.sorted() }
    func at(_ share: Double) -> String {
      guard !sorted.isEmpty else { return "-" }
      let hundredths = sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))] / 10
      return "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100) ms"
    }
    return "p50 \(at(0.5))  p99 \(at(0.99))  longest \(at(1))"
  }
}

/// Does `job` so often, so many at a time.
func repeated(_ count: Int, atOnce: Int, _ job: @escaping @Sendable (Int) async throws -> Void) async throws {
  try await withThrowingTaskGroup(of: Void.self) { group in
    for number in 0..<count {
      if number >= atOnce { try await group.next() }
      group.addTask { try await job(number) }
    }
    try await group.waitForAll()
  }
}

func report(_ what: String, _ count: Int, _ began: ContinuousClock.Instant, _ lines: [(String, Times)]) {
  let (seconds, attoseconds) = began.duration(to: .now).components
  let elapsed = Double(seconds) + Double(attoseconds) / 1e18
  var text = "\(what): \(Int(Double(count) / elapsed)) executions/s\n"
  for (name, times) in lines { text += "  \(name)  \(times.text)\n" }
  unsafe puts(String(text.dropLast()))
  fflush(nil)
}

func recordAlone(_ store: any RunStore, _ count: Int, _ concurrent: Int) async throws {
  let changes = Times()
  let whole = Times()
  let began = ContinuousClock.now
  try await repeated(count, atOnce: concurrent) { number in
    try await whole.measure {
      var execution = Execution(
        id: "bench\(number)x\(began.hashValue)", namespace: "bench", flowID: "two", state: .running, started: .now())
      try await changes.measure { [execution] in
        try await store.commit(.executionBegan(execution, file: "", source: ""))
      }
      for task in ["first", "second"] {
        var run = TaskRun(
          id: "\(execution.id)\(task)", executionID: execution.id, taskID: task, type: "bench.Nothing",
          iterationPath: "", state: .running, started: .now())
        try await changes.measure { [run] in try await store.commit(.taskBegan(run)) }
        run.state = .success
        run.attempts = 1
        run.ended = .now()
        await changes.measure { [run] in _ = await store.note(.taskEnded(run)) }
      }
      execution.state = .success
      execution.ended = .now()
      await changes.measure { [execution] in _ = await store.note(.executionEnded(execution)) }
    }
  }
  report("the record alone", count, began, [("a change  ", changes), ("an execution", whole)])
}

func wholeRuns(_ engine: Engine, _ count: Int, _ concurrent: Int) async throws {
  let source = """
    id: two
    namespace: bench
    tasks:
      - {id: first, type: bench.Nothing}
      - {id: second, type: bench.Nothing, runIf: "{{ outputs.first.done }}"}
    """
  let (parsed, found) = FlowParser.parse(source, file: "two.yaml", registry: engine.settings.registry)
  guard let flow = parsed else { throw Failure(.bug, found.map(\.line).joined(separator: "\n")) }
  let whole = Times()
  let began = ContinuousClock.now
  try await repeated(count, atOnce: concurrent) { _ in
    let execution = try await whole.measure {
      try await engine.run(flow, inputs: [:], cancellation: Cancellation())
    }
    guard execution.state == .success else { throw Failure(.bug, execution.error ?? "\(execution.state)") }
  }
  report("whole executions", count, began, [("an execution", whole)])
}

let arguments = CommandLine.arguments
let count = arguments.count > 1 ? Int(arguments[1]) ?? 10_000 : 10_000
let concurrent = arguments.count > 2 ? Int(arguments[2]) ?? 64 : 64
let folder = arguments.count > 3 ? arguments[3] : "/tmp/ferry-executions-\(getpid())"
let registry = Registry([Plugin("bench", "Nothing.", tasks: [Nothing.self])])
let home = try LocalHome(folder: folder)
try await recordAlone(home.store, count, concurrent)
try await wholeRuns(
  Engine(EngineSettings(home, registry: registry, environment: try Environment())), count, concurrent)
