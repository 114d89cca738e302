import Expression
import Foundation
import Records
import Testing

@testable import Engine

/// What the record of runs knows, and what may happen without it.
@Suite struct RecordTests {
  private static let failing = """
    id: record
    tasks:
      - {id: first, type: core.debug.Return, format: 1}
      - {id: load, type: test.Flaky, key: KEY, failures: 1, category: data}
    """

  private func flow(_ key: String) -> String { RecordTests.failing.replacing("KEY", with: key) }

  /// The lock is taken before the state is looked at: who waited for it finds that there is nothing left to do.
  @Test func anExecutionIsRestartedOnce() async throws {
    let key = UUID().uuidString
    let first = try Bench()
    let second = try Bench(folder: first.folder)
    let failed = try await first.run(flow(key))
    #expect(failed.state == .failed)
    let flow = try first.parse(flow(key))
    // The first has the lock and has not begun; the second sees an execution that failed, and waits.
    let claimed = try first.engine.store.claim(failed.id, of: flow)
    let waiting = Task { try await second.run(self.flow(key), restart: failed.id) }
    try await Task.sleep(for: .milliseconds(100))
    try first.engine.store.begin(claimed, flow: flow, source: "")
    var ended = claimed
    ended.state = .success
    ended.ended = .now()
    first.engine.emit(.executionEnded(ended))
    let error = await #expect(throws: Failure.self) { try await waiting.value }
    #expect(error?.message.hasSuffix("is SUCCESS: there is nothing to restart") == true, "\(error as Any)")
    #expect(Flaky.calls.withLock { $0[key] } == 1)
  }

  /// Restarted by another process, it failed again: that is not what the second restart had seen.
  @Test func aRestartIsOneOfWhatItHadSeen() async throws {
    let key = UUID().uuidString
    let first = try Bench()
    let second = try Bench(folder: first.folder)
    let failed = try await first.run(flow(key))
    let flow = try first.parse(flow(key))
    let claimed = try first.engine.store.claim(failed.id, of: flow)
    let waiting = Task { try await second.run(self.flow(key), restart: failed.id) }
    try await Task.sleep(for: .milliseconds(100))
    try first.engine.store.begin(claimed, flow: flow, source: "")
    var ended = claimed
    ended.ended = .now()
    first.engine.emit(.executionEnded(ended))
    let error = await #expect(throws: Failure.self) { try await waiting.value }
    #expect(error?.message.contains("has been restarted meanwhile, and has ended as FAILED") == true)
    #expect(Flaky.calls.withLock { $0[key] } == 1)
    // Seen as it is now, it can be.
    #expect(try await second.run(self.flow(key), restart: failed.id).state == .success)
    #expect(Flaky.calls.withLock { $0[key] } == 2)
  }

  @Test func manyRestartsAtOnceAreOne() async throws {
    let key = UUID().uuidString
    let bench = try Bench()
    let failed = try await bench.run(flow(key))
    let benches = try (0..<6).map { _ in try Bench(folder: bench.folder) }
    let succeeded = await withTaskGroup(of: Bool.self) { group in
      for bench in benches {
        group.addTask { (try? await bench.run(self.flow(key), restart: failed.id).state) == .success }
      }
      return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
    }
    #expect(succeeded == 1)
    #expect(Flaky.calls.withLock { $0[key] } == 2)
  }

  /// A refused restart leaves nothing behind: the execution can be restarted.
  @Test func whatCannotBeRestartedIsReleased() async throws {
    let bench = try Bench()
    let yaml = """
      id: inputs
      inputs: [{id: broken, type: BOOLEAN, defaults: true}]
      tasks: [{id: stop, type: core.execution.Fail, condition: "{{ inputs.broken }}"}]
      """
    let failed = try await bench.run(yaml)
    await #expect(throws: Failure.self) { try await bench.run(yaml, inputs: ["nobody": 1], restart: failed.id) }
    #expect(try await bench.run(yaml, inputs: ["broken": false], restart: failed.id).state == .success)
  }

  /// What cannot be recorded is not begun.
  @Test func aTaskThatCannotBeRecordedIsNotBegun() async throws {
    let key = UUID().uuidString
    let bench = try Bench()
    bench.recorder.onEvent { event in
      if case .taskEnded(let run) = event, run.taskID == "first" {
        try? bench.engine.store.withDatabase { try $0.execute("PRAGMA query_only = ON") }
      }
    }
    let execution = try await bench.run(flow(key).replacing("failures: 1", with: "failures: 0"))
    #expect(execution.state == .failed)
    #expect(execution.run("load")?.error?.contains("attempt to write a readonly database") == true)
    #expect(Flaky.calls.withLock { $0[key] } == nil)
    try bench.engine.store.withDatabase { try $0.execute("PRAGMA query_only = OFF") }
  }

  /// No task run stays open in an execution that has ended.
  @Test func nothingStaysOpen() async throws {
    let bench = try Bench()
    let failed = try await bench.run("tasks: [{id: a, type: core.execution.Fail}]")
    let flow = try bench.parse("tasks: [{id: a, type: core.execution.Fail}]")
    var execution = try bench.engine.store.claim(failed.id, of: flow)
    try bench.engine.store.begin(execution, flow: flow, source: "")
    let open = TaskRun(
      id: "open", executionID: execution.id, taskID: "open", type: "t", iterationPath: "", state: .running,
      started: .now())
    try bench.engine.store.begin(open)
    execution.ended = .now()
    execution.state = .killed
    bench.engine.emit(.executionEnded(execution))
    let recorded = try #require(try bench.engine.store.execution(execution.id))
    #expect(recorded.run("open")?.state == .killed && recorded.run("open")?.ended == execution.ended)
  }
}
