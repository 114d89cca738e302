import Expression
import Foundation
import Records
import Testing

@testable import Engine

/// What a task wants done once its outputs are recorded: exactly then, whatever else happens.
@Suite struct HookTests {
  private func flow(_ key: String, _ more: String = "", after: String = "") -> String {
    """
    id: hooks
    namespace: test
    tasks:
      - {id: work, type: test.Acknowledging, key: \(key), \(more)}
      \(after)
    """
  }

  /// A turn of the table: how the task behaves, what becomes of it, and how often it was acknowledged.
  struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    var properties: String
    var state: String
    var calls = 1
    var acknowledged: Int
    var flowState: String?
    var error: String?
    var testDescription: String { name }
  }

  private static let retry = "retry: {type: constant, interval: PT0.01S, maxAttempts: 3}"

  static let cases = [
    Case(name: "success", properties: "", state: "SUCCESS", acknowledged: 1),
    Case(name: "failure", properties: "failures: 1, category: data", state: "FAILED", acknowledged: 0),
    Case(name: "retried", properties: "failures: 2, \(retry)", state: "SUCCESS", calls: 3, acknowledged: 1),
    Case(name: "never succeeds", properties: "failures: 9, \(retry)", state: "FAILED", calls: 3, acknowledged: 0),
    Case(
      name: "the hook fails", properties: "hook: fails", state: "WARNING", acknowledged: 1,
      error: "its outputs are there, but: committing the offsets: the broker is gone"),
    Case(
      name: "the hook fails and may", properties: "hook: fails, allowWarning: true", state: "SUCCESS",
      acknowledged: 1, error: "its outputs are there, but: committing the offsets: the broker is gone"),
    Case(
      name: "the hook fails after retries", properties: "failures: 1, hook: fails, \(retry)", state: "WARNING",
      calls: 2, acknowledged: 1, error: "its outputs are there"),
    // A failure that could be retried is none of the task's: its work is done.
    Case(
      name: "a hook's transient failure", properties: "hook: fails, \(retry)", state: "WARNING", acknowledged: 1,
      error: "the broker is gone"),
    Case(name: "unbalanced", properties: "loses: 1", state: "FAILED", acknowledged: 0, error: "don't add up"),
    Case(name: "timed out", properties: "waits: true, timeout: PT0.05S", state: "FAILED", acknowledged: 0),
    // The time-out is the work's.
    Case(name: "a slow hook", properties: "hook: slow, timeout: PT0.2S", state: "SUCCESS", acknowledged: 1),
    Case(
      name: "allowed to fail", properties: "failures: 1, category: data, allowFailure: true", state: "WARNING",
      acknowledged: 0),
  ]

  @Test(arguments: cases) func `it comes once the outputs are recorded`(turn: Case) async throws {
    let bench = try Bench()
    let key = UUID().uuidString
    // What the record knows when it comes.
    Acknowledging.change(key) { traces in
      traces.look = {
        (try? bench.store.withDatabase {
          try $0.run("SELECT state, outputs FROM task_runs WHERE task = 'work'")
        })?.first?.compactMap { $0 } ?? []
      }
    }
    let run = try await bench.run(flow(key, turn.properties, after: "- {id: next, type: core.debug.Return, format: 1}"))
    let trace = Acknowledging.trace(key)
    let work = try #require(run.run("work"))
    #expect(work.state.rawValue == turn.state && trace.calls == turn.calls)
    #expect(trace.acknowledged.count == turn.acknowledged)
    #expect(trace.acknowledged.allSatisfy { $0 == ["SUCCESS", #"{"call":\#(turn.calls)}"#] }, "\(trace.acknowledged)")
    #expect(turn.error.map { work.error?.contains($0) == true } ?? true, "\(work.error ?? "")")
    // The flow goes on with the outputs.
    let goesOn = turn.state != "FAILED"
    #expect((run.run("next") != nil) == goesOn)
    #expect(run.state.rawValue == (turn.state == "SUCCESS" ? "SUCCESS" : turn.state))
    let recorded = try #require(try await bench.engine.store.execution(run.id)?.run("work"))
    #expect(recorded.state == work.state && recorded.error == work.error && recorded.outputs == work.outputs)
    let told = bench.recorder.events.compactMap { event -> RunState? in
      if case .taskEnded(let run) = event, run.taskID == "work" { run.state } else { nil }
    }
    #expect(told == [work.state])
    Acknowledging.change(key) { $0.look = { [] } }
  }

  /// What cannot be recorded is not acknowledged.
  @Test func `nothing is acknowledged that is not recorded`() async throws {
    let bench = try Bench()
    let key = UUID().uuidString
    bench.recorder.onEvent { event in
      guard case .taskStarted = event else { return }
      try? bench.store.withDatabase { try $0.execute("PRAGMA query_only = ON") }
    }
    let run = try await bench.run(flow(key))
    #expect(Acknowledging.trace(key).calls == 1 && Acknowledging.trace(key).acknowledged.isEmpty)
    #expect(run.run("work")?.state == .warning)
    #expect(run.run("work")?.error?.contains("attempt to write a readonly database") == true)
    #expect(run.state == .failed && !run.isRecorded)
    try bench.store.withDatabase { try $0.execute("PRAGMA query_only = OFF") }
  }

  /// A restart acknowledges what it does, and not what had been done.
  @Test(arguments: [false, true]) func `a restart acknowledges its own work`(fails: Bool) async throws {
    let bench = try Bench()
    let key = UUID().uuidString
    let yaml = flow(
      key, fails ? "failures: 1, category: data" : "",
      after: "- {id: stop, type: test.Flaky, key: \(key), failures: \(fails ? 0 : 1), category: data}")
    let failed = try await bench.run(yaml)
    #expect(failed.state == .failed && Acknowledging.trace(key).acknowledged.count == (fails ? 0 : 1))
    let again = try await bench.run(yaml, restart: failed.id)
    #expect(again.state == .success && Acknowledging.trace(key).acknowledged.count == 1)
    #expect(Acknowledging.trace(key).calls == (fails ? 2 : 1))
  }

  /// As a process leaves it that dies between the record and the hook: nobody acknowledges it later.
  @Test func `a restart does not make up for a hook that never came`() async throws {
    let folder = try Folder()
    let key = UUID().uuidString
    let yaml = flow(key, after: "- {id: stop, type: test.Flaky, key: \(key), failures: 1, category: data}")
    let first = try Bench(folder: folder)
    let failed = try await first.run(yaml)
    first.store.withDatabase { database in
      _ = try? database.run("UPDATE executions SET state = 'RUNNING', ended = NULL")
    }
    Acknowledging.change(key) { $0.acknowledged = [] }
    let second = try Bench(folder: folder)
    #expect(try await second.run(yaml, restart: failed.id).state == .success)
    #expect(Acknowledging.trace(key).acknowledged.isEmpty && Acknowledging.trace(key).calls == 1)
  }

  @Test(arguments: [false, true]) func `a stop leaves what is done acknowledged`(inHook: Bool) async throws {
    let bench = try Bench()
    let key = UUID().uuidString
    let cancellation = Cancellation()
    Acknowledging.change(key) { traces in
      if inHook {
        traces.look = {
          cancellation.cancel(.signal(2))
          return []
        }
      }
    }
    if !inHook {
      Threads.start {
        while Acknowledging.trace(key).calls == 0 { usleep(1_000) }
        cancellation.cancel(.signal(2))
      }
    }
    let run = try await bench.run(
      flow(key, inHook ? "" : "waits: true", after: "- {id: next, type: core.debug.Return}"),
      cancellation: cancellation)
    #expect(run.state == .killed && run.run("next") == nil)
    #expect(run.run("work")?.state == (inHook ? .success : .killed))
    #expect(Acknowledging.trace(key).acknowledged.count == (inHook ? 1 : 0))
  }

  /// How the two tasks of an early start behave, and how often the second one acknowledges.
  @Test(arguments: [
    ("counts", "", "", "SUCCESS", 1), ("anew", "", "failures: 1", "SUCCESS", 1),
    ("leader fails", "failures: 1, category: data", "", "FAILED", 0),
    ("leader again", "failures: 1, retry: {type: constant, interval: PT0.01S, maxAttempts: 3}", "", "SUCCESS", 1),
    ("partial", "", "failures: 1, outcome: partial", "FAILED", 0),
  ]) func `an early attempt acknowledges when it counts`(
    name: String, leading: String, following: String, state: String, acknowledged: Int
  ) async throws {
    let bench = try Bench(threads: 2)
    let key = "hook \(name)"
    let run = try await bench.run(
      """
      id: early
      namespace: test
      tasks:
        - {id: lead, type: test.Leading, key: "\(key)", batches: 3, meets: 1, \(leading)}
        - id: next
          type: test.Following
          key: "\(key)"
          from: "{{ outputs.lead.uri }}"
          acknowledges: true
          \(following.replacing(", ", with: "\n    "))
      """)
    #expect(run.state.rawValue == state, "\(run.error ?? "")")
    #expect(Meeting.all.withLock { $0[key]?.acknowledged ?? [] }.count == acknowledged)
  }

  /// Each attempt's own: what a failed one wanted is forgotten with it.
  @Test func `several are done in order and all are tried`() throws {
    let hooks = TaskHooks()
    let done = Locked<[Int]>([])
    for number in 1...3 {
      hooks.add("step \(number)") {
        done.withLock { $0.append(number) }
        if number < 3 { throw Failure(.transient, "no \(number)") }
      }
    }
    let error = #expect(throws: Failure.self) { try hooks.run() }
    #expect(error?.message == "step 1: no 1" && done.withLock { $0 } == [1, 2, 3])
    try hooks.run()
    #expect(done.withLock { $0.count } == 3)
  }
}

/// Takes something and acknowledges it.
struct Acknowledging: FerryTask {
  static let info = TaskInfo("test.Acknowledging", "Takes and acknowledges.")
  @Property("Key of the trace.") var key: String
  @Property("How often it fails.") var failures = 0
  @Property("How.") var category = "transient"
  @Property("Waits for its stop.") var waits = false
  @Property("Rows it loses.") var loses = 0
  @Property("What becomes of the hook.") var hook = "succeeds"

  struct Trace {
    var calls = 0
    /// What the record said each time.
    var acknowledged: [[String]] = []
    var look: @Sendable () -> [String] = { [] }
  }

  static let traces = Locked<[String: Trace]>([:])
  static func trace(_ key: String) -> Trace { traces.withLock { $0[key] ?? Trace() } }
  static func change(_ key: String, _ body: (inout Trace) -> Void) {
    traces.withLock { body(&$0[key, default: Trace()]) }
  }

  func run(_ context: TaskContext) throws -> ValueMap {
    Acknowledging.change(key) { $0.calls += 1 }
    let calls = Acknowledging.trace(key).calls
    context.onceRecorded("committing the offsets") { [key, hook] in
      let seen = Acknowledging.trace(key).look()
      Acknowledging.change(key) { $0.acknowledged.append(seen) }
      if hook == "slow" { usleep(400_000) }
      if hook == "fails" { throw Failure(.transient, "the broker is gone") }
    }
    context.ledger.add(read: loses)
    while waits { try context.checkCancelled() }
    guard calls > failures else { throw Failure(.init(rawValue: category) ?? .bug, "told to fail") }
    return ["call": .int(Int64(calls))]
  }
}
