import Expression
import Records
import Testing

@testable import Engine

/// Nothing that may have happened is done again: not by a retry, not by an early attempt, not by a restart.
@Suite struct OutcomeTests {
  private func flow(_ key: String, _ more: String = "", retry: Bool = true) -> String {
    """
    id: outcome
    namespace: test
    tasks:
      - id: work
        type: test.Lasting
        key: \(key)
        \(retry ? "retry: {type: constant, interval: PT0.01S, maxAttempts: 3}" : "")
        \(more)
    """
  }

  private func restart(_ bench: Bench, _ yaml: String, _ run: Execution, accept: Bool = false) async throws -> Execution
  {
    try await bench.engine.run(
      try bench.parse(yaml), inputs: [:], restart: run.id, acceptsUnknown: accept, cancellation: Cancellation())
  }

  @Test(arguments: ["unknown", "partial"]) func `what may have happened is not tried again`(outcome: String)
    async throws
  {
    let bench = try Bench()
    let yaml = flow(outcome, "outcome: \(outcome)")
    let run = try await bench.run(yaml)
    #expect(run.state == .failed && Lasting.calls(outcome) == 1)
    #expect(run.run("work")?.outcome.rawValue == outcome && run.run("work")?.canResume == false)
    let recorded = try #require(try await bench.engine.store.execution(run.id))
    #expect(recorded.run("work")?.outcome.rawValue == outcome)
    let refused = await #expect(throws: Failure.self) { _ = try await restart(bench, yaml, run) }
    #expect(refused?.message.contains("task 'work'") == true && refused?.hint?.contains("--accept-unknown") == true)
    #expect(Lasting.calls(outcome) == 1)
    // The lock is free again, and whoever says so may.
    let again = try await restart(bench, yaml, run, accept: true)
    #expect(again.state == .success && Lasting.calls(outcome) == 2)
    #expect(Lasting.seen(outcome) == [nil, nil])
    #expect(try await bench.engine.store.execution(run.id)?.run("work")?.outcome == .undone)
  }

  @Test func `what is undone is tried again and counts nothing as written`() async throws {
    let bench = try Bench()
    let run = try await bench.run(flow("undone", "failures: 3"))
    #expect(run.state == .failed && Lasting.calls("undone") == 3)
    #expect(run.run("work")?.ledger == Ledger.Counts(read: 10, retries: 2))
    #expect(run.run("work")?.outcome == .undone)
  }

  @Test func `a task that can go on is tried again with what it recorded`() async throws {
    let bench = try Bench()
    let run = try await bench.run(flow("goes-on", "outcome: partial, records: 3, resumes: true".yamlLines))
    #expect(run.state == .success && Lasting.calls("goes-on") == 2)
    #expect(Lasting.seen("goes-on") == [nil, 3])
    #expect(run.run("work")?.outcome == .undone)
    #expect(try await bench.engine.store.progress(of: run.id).isEmpty)
  }

  @Test func `a restart hands over what was recorded`() async throws {
    let bench = try Bench()
    let yaml = flow("restarted", "outcome: partial, records: 7, resumes: true".yamlLines, retry: false)
    let run = try await bench.run(yaml)
    #expect(run.state == .failed && run.run("work")?.canResume == true && run.run("work")?.outcome == .partial)
    #expect(run.run("work")?.ledger.written == 10)
    let again = try await restart(bench, yaml, run)
    #expect(again.state == .success && Lasting.seen("restarted") == [nil, 7])
    #expect(try await bench.engine.store.progress(of: run.id).isEmpty)
  }

  /// The process of a run that stands in the record as running is gone.
  @Test(arguments: [true, false]) func `what a killed process recorded counts`(resumes: Bool) async throws {
    let folder = try Folder()
    let key = "killed-\(resumes)"
    let yaml = flow(key, "outcome: partial, records: 5, resumes: \(resumes)".yamlLines, retry: false)
    let first = try Bench(folder: folder)
    let run = try await first.run(yaml)
    // As it stood before the task's end was recorded.
    first.store.withDatabase { database in
      _ = try? database.run("UPDATE progress SET outcome = NULL")
      _ = try? database.run("UPDATE task_runs SET state = 'RUNNING', ended = NULL")
      _ = try? database.run("UPDATE executions SET state = 'RUNNING', ended = NULL")
    }
    let bench = try Bench(folder: folder)
    #expect(try await bench.engine.store.execution(run.id)?.run("work")?.outcome == .unknown)
    if resumes {
      #expect(try await restart(bench, yaml, run).state == .success)
      #expect(Lasting.seen(key) == [nil, 5])
    } else {
      await #expect(throws: Failure.self) { _ = try await restart(bench, yaml, run) }
      #expect(Lasting.calls(key) == 1)
    }
  }

  /// A failure that knows nothing of what was recorded before, as one of connecting, does not take it back.
  @Test func `what was recorded stays until it is taken back`() async throws {
    let bench = try Bench()
    let yaml = flow("stays", "records: 4, resumes: true, failures: 1".yamlLines, retry: false)
    let run = try await bench.run(yaml)
    #expect(run.run("work")?.outcome == .partial)
    #expect(try await restart(bench, yaml, run).state == .success)
    #expect(Lasting.seen("stays") == [nil, 4])
  }

  @Test func `handlers always run again`() async throws {
    let bench = try Bench()
    let yaml = """
      id: outcome
      namespace: test
      tasks:
        - {id: fail, type: core.execution.Fail}
      finally:
        - {id: work, type: test.Lasting, key: handler, outcome: unknown}
      """
    let run = try await bench.run(yaml)
    #expect(run.run("work")?.outcome == .unknown)
    _ = try await restart(bench, yaml, run)
    #expect(Lasting.seen("handler") == [nil, nil])
  }

  @Test func `a time-out keeps what is known of the work`() async throws {
    let bench = try Bench()
    let run = try await bench.run(flow("late", "outcome: unknown, waits: true, timeout: PT0.1S".yamlLines))
    #expect(run.state == .failed && Lasting.calls("late") == 1)
    let error = try #require(run.run("work")?.error)
    #expect(error.contains("stopped by its timeout") && error.contains("told to fail"))
    #expect(run.run("work")?.outcome == .unknown)
  }

  @Test func `a subflow that may have worked is not run from its beginning`() async throws {
    let bench = try Bench()
    try bench.folder.write(
      "child.yaml",
      """
      id: child
      namespace: test
      tasks:
        - {id: work, type: test.Lasting, key: child, outcome: unknown}
      """)
    let run = try await bench.run(
      """
      id: parent
      namespace: test
      tasks:
        - id: sub
          type: core.flow.Subflow
          namespace: test
          flowId: child
          retry: {type: constant, interval: PT0.01S, maxAttempts: 3}
      """)
    #expect(run.state == .failed && Lasting.calls("child") == 1)
  }

  // MARK: early attempts

  private func early(_ key: String, _ following: String) -> String {
    """
    id: early
    namespace: test
    tasks:
      - {id: lead, type: test.Leading, key: \(key), batches: 3, meets: 1}
      - {id: next, type: test.Following, key: \(key), from: "{{ outputs.lead.uri }}", \(following)}
    """
  }

  @Test func `an early attempt that may have worked is the task's failure`() async throws {
    let bench = try Bench(threads: 2)
    let run = try await bench.run(early("may", "failures: 1, outcome: unknown"))
    #expect(run.state == .failed && run.run("next")?.state == .failed)
    #expect(run.run("next")?.outcome == .unknown && run.run("next")?.attempts == 1)
    #expect(Meeting.endings("may") == ["failed"])
  }

  /// The stop comes when the load is done and its end is not yet known.
  @Test func `a stop does not forget an early attempt that succeeded`() async throws {
    let bench = try Bench(threads: 2)
    let cancellation = Cancellation()
    Threads.start {
      Meeting.all.wait { $0["done"]?.endings.isEmpty == false ? () : nil }
      cancellation.cancel(.signal(2))
    }
    let run = try await bench.run(early("done", "lingers: true"), cancellation: cancellation)
    #expect(run.run("next")?.state == .success && run.output("next", "sum") == 6)
    #expect(Meeting.endings("done") == ["done early"])
  }
}

extension String {
  /// `a: 1, b: 2` as lines of a block.
  fileprivate var yamlLines: String { split(separator: ", ").joined(separator: "\n    ") }
}

/// Does work that stays, and may fail behind it.
struct Lasting: FerryTask {
  static let info = TaskInfo("test.Lasting", "Does lasting work.")
  static let all = Locked<[String: [Int64?]]>([:])
  @Property("Key of the counter.") var key: String
  @Property("How often it fails.") var failures = 1
  @Property("What is left.") var outcome = "undone"
  @Property("What it records.") var records: Int?
  @Property("Whether it goes on by that.") var resumes = false
  @Property("Waits for its stop.") var waits = false

  static func calls(_ key: String) -> Int { all.withLock { $0[key]?.count ?? 0 } }
  /// What each call found of earlier ones.
  static func seen(_ key: String) -> [Int64?] { all.withLock { $0[key] ?? [] } }

  func run(_ context: TaskContext) throws -> ValueMap {
    let earlier = context.progress?.state["rows"]?.int
    Lasting.all.withLock { $0[key, default: []].append(earlier) }
    context.ledger.add(read: 10, written: 10)
    if let records { try context.record(TaskProgress(["rows": .int(Int64(records))], canResume: resumes)) }
    guard Lasting.calls(key) <= failures else { return [:] }
    while waits && !context.cancellation.isCancelled {}
    throw Failure(.transient, "told to fail", outcome: .init(rawValue: outcome) ?? .undone)
  }
}
