import Expression
import Glibc
import Records
import Testing

@testable import Engine

/// A task that begins while the one before it still writes its input: as if one had run after the other.
@Suite struct HandoverTests {
  /// The two tasks, with further properties.
  private func flow(_ key: String, _ leading: String = "", _ following: String = "", around: String = "") -> String {
    """
    id: early
    namespace: test
    \(around)
    tasks:
      - {id: lead, type: test.Leading, key: \(key), batches: 3, \(leading)}
      - {id: next, type: test.Following, key: \(key), from: "{{ outputs.lead.uri }}", \(following)}
    """
  }

  @Test func `the next task begins with the first rows and ends after the one before it`() async throws {
    let bench = try Bench(threads: 2)
    let run = try await bench.run(flow("early", "meets: 1"))
    #expect(run.state == .success)
    #expect(run.output("next", "sum") == 6)
    #expect(run.run("next")?.ledger.read == 3)
    #expect(run.run("next")?.attempts == 1)
    #expect(bench.recorder.started == ["lead", "next"])
    #expect(bench.recorder.logs.map(\.message) == ["led", "followed"])
    let events = bench.recorder.events.compactMap { event -> String? in
      switch event {
      case .taskStarted(let run, _): "\(run.taskID) started"
      case .taskEnded(let run): "\(run.taskID) ended"
      default: nil
      }
    }
    #expect(events == ["lead started", "lead ended", "next started", "next ended"])
    #expect(Meeting.endings("early") == ["done early"])
    #expect(try bench.rows(run.output("lead", "uri")?.string) == [#"{"n":1}"#, #"{"n":2}"#, #"{"n":3}"#])
  }

  @Test func `when the first task fails the next one has never run`() async throws {
    let bench = try Bench(threads: 2)
    let run = try await bench.run(flow("fails", "meets: 1, failures: 1, category: data"))
    #expect(run.state == .failed)
    #expect(run.taskRuns.map(\.taskID) == ["lead"])
    #expect(bench.recorder.started == ["lead"])
    #expect(Meeting.endings("fails") == ["stopped"])
  }

  @Test func `the rows of an attempt that failed are forgotten`() async throws {
    let bench = try Bench(threads: 2)
    let run = try await bench.run(
      flow("retried", "meets: 1, failures: 1, retry: {type: constant, interval: PT0.01S, maxAttempts: 3}"))
    #expect(run.state == .success)
    #expect(run.run("lead")?.attempts == 2)
    #expect(run.output("next", "sum") == 6)
    #expect(Meeting.endings("retried") == ["stopped", "done"])
  }

  @Test func `an early attempt that fails is forgotten`() async throws {
    let bench = try Bench(threads: 2)
    let run = try await bench.run(flow("anew", "meets: 1", "failures: 1"))
    #expect(run.state == .success)
    #expect(run.output("next", "sum") == 6)
    #expect(run.run("next")?.attempts == 1)
    #expect(run.run("next")?.ledger.read == 3)
    #expect(bench.recorder.logs.map(\.message) == ["led", "followed"])
    #expect(Meeting.endings("anew") == ["failed", "done"])
  }

  @Test func `the end of the input waits for the end of the task`() async throws {
    let bench = try Bench(threads: 2)
    let run = try await bench.run(flow("late", "meets: 1, lateFailure: true"))
    #expect(run.state == .failed)
    #expect(run.taskRuns.map(\.taskID) == ["lead"])
    #expect(Meeting.endings("late") == ["stopped"])
  }

  @Test(arguments: [
    ("one", "", "", 1), ("disallowed", "", "mayFollow: false", 2), ("condition", "", "runIf: 'true'", 2),
    ("timeout", "", "timeout: PT1M", 2), ("other", "", "note: '{{ outputs.lead.rows }}'", 2),
    ("variable", "variables: {n: '{{ outputs.lead.rows }}'}", "note: '{{ vars.n }}'", 2),
  ])
  func `it waits for its turn`(key: String, around: String, following: String, threads: Int) async throws {
    let bench = try Bench(threads: threads)
    let run = try await bench.run(flow(key, "", following, around: around))
    #expect(run.state == .success)
    #expect(run.output("next", "sum") == 6)
    #expect(Meeting.endings(key) == ["done"])
  }

  @Test func `a stop reaches both`() async throws {
    let bench = try Bench(threads: 2)
    let cancellation = Cancellation()
    Threads.start {
      Meeting.all.wait { $0["stop"]?.read ?? 0 > 0 ? () : nil }
      cancellation.cancel(.signal(2))
    }
    let run = try await bench.run(flow("stop", "meets: 1000"), cancellation: cancellation)
    #expect(run.state == .killed)
    #expect(run.taskRuns.map(\.taskID) == ["lead"])
    #expect(Meeting.endings("stop") == ["stopped"])
  }
}

/// Where the two tasks of a test see each other.
struct Meeting {
  static let all = Monitor<[String: Meeting]>([:])
  /// Batches that the next task has read, how often it was called, how that ended.
  var read = 0
  var calls = 0
  var endings: [String] = []
  var failures = 0
  var acknowledged: [Int] = []

  static func change(_ key: String, _ body: (inout Meeting) -> Void) {
    all.withLock { body(&$0[key, default: Meeting()]) }
  }
  static func endings(_ key: String) -> [String] { all.withLock { $0[key]?.endings ?? [] } }
}

/// Writes a row a batch; may wait until the next task has read some of them.
struct Leading: FerryTask {
  static let info = TaskInfo(
    "test.Leading", "Writes rows.",
    outputs: [TaskOutput("uri", .uri, "Rows."), TaskOutput("rows", .integer, "How many.")])
  @Property("Where both meet.") var key: String
  @Property("Rows.") var batches = 1
  @Property("Batches that the next task must have read behind the first one.") var meets = 0
  @Property("How often it fails.") var failures = 0
  @Property("How.") var category = "transient"
  @Property("Fails when the file is complete.") var lateFailure = false

  func run(_ context: TaskContext) throws -> ValueMap {
    let output = try context.createRecords(schema: Schema([Field("n", .int64)]), from: "here")
    for row in 1...batches {
      let builder = ColumnBuilder(.int64)
      builder.append(Int64(row))
      context.ledger.add(read: 1)
      try output.write(RecordBatch(schema: Schema([Field("n", .int64)]), columns: [builder.finish()], count: 1))
      if row == 1 { try meet(context) }
    }
    var fails = false
    Meeting.change(key) { meeting in
      fails = meeting.failures < failures
      meeting.failures += 1
    }
    if fails { throw Failure(.init(rawValue: category) ?? .bug, "told to fail") }
    try output.finish()
    if lateFailure { throw Failure(.data, "too late") }
    context.log(.info, "led")
    return ["uri": .string(output.uri), "rows": .int(Int64(batches))]
  }

  private func meet(_ context: TaskContext) throws {
    if Meeting.all.withLock({ $0[key]?.failures ?? 0 }) > 0 { return }
    while Meeting.all.withLock({ $0[key]?.read ?? 0 }) < meets { try context.checkCancelled() }
  }
}

/// Adds the rows up.
struct Following: FollowingTask {
  static let info = TaskInfo("test.Following", "Reads rows.", outputs: [TaskOutput("sum", .integer, "Their sum.")])
  static let followedProperty = "from"
  @Property("Where both meet.") var key: String
  @Property("The rows.") var from: StorageReference
  @Property("Whether it may begin early.") var mayFollow = true
  @Property("How often it fails.") var failures = 0
  @Property("What is left then.") var outcome = "undone"
  @Property("Ends when it is stopped, or a while after its work.") var lingers = false
  @Property("Nothing.") var note: String?
  @Property("Whether it acknowledges what it has read.") var acknowledges = false

  func mayFollow(_ place: String) -> Bool { mayFollow && place == "here" }

  private var told: Failure { Failure(.data, "told to fail", outcome: .init(rawValue: outcome) ?? .undone) }

  func run(_ context: TaskContext) throws -> ValueMap {
    var call = 0
    Meeting.change(key) { meeting in
      meeting.calls += 1
      call = meeting.calls
    }
    if acknowledges {
      context.onceRecorded("acknowledging") { [key, call] in Meeting.change(key) { $0.acknowledged.append(call) } }
    }
    do {
      let reader = try context.openRecords(from)
      var sum: Int64 = 0
      while let batch = try reader.next() {
        for row in 0..<batch.count { sum += try #require(RowValues(batch).map(at: row)["n"]?.int) }
        context.ledger.add(read: batch.count, written: batch.count)
        Meeting.change(key) { $0.read += 1 }
        if call <= failures { throw told }
      }
      context.log(.info, "followed")
      Meeting.change(key) { $0.endings.append(context.following == nil ? "done" : "done early") }
      for _ in 0..<1_000 where lingers && !context.cancellation.isCancelled { usleep(5_000) }
      return ["sum": .int(sum)]
    } catch {
      let isStopped = (error as? Failure)?.category == .cancelled
      Meeting.change(key) { $0.endings.append(isStopped ? "stopped" : "failed") }
      throw error
    }
  }
}
