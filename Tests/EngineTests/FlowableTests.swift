import Expression
import Foundation
import Records
import Testing

@testable import Engine

/// `retry` and `timeout` of tasks that run tasks.
@Suite struct FlowableTests {
  private let bench: Bench
  /// For counters that outlive a test.
  private let key = UUID().uuidString

  init() throws { bench = try Bench() }

  private func attempts(_ execution: Execution, _ tasks: String...) -> [Int] {
    tasks.map { execution.run($0)?.attempts ?? 0 }
  }

  private func states(_ execution: Execution) -> [String] {
    execution.taskRuns.map { "\($0.taskID)\($0.value.map { "[\($0)]" } ?? "") \($0.state.rawValue)" }
  }

  // MARK: retry

  /// What failed is tried again where it failed, as in Kestra; the nearest policy counts.
  @Test func theTasksInsideAreTriedAgain() async throws {
    let execution = try await bench.run(
      """
      retry: {interval: PT0.01S, maxAttempts: 6}
      tasks:
        - id: outer
          type: core.flow.Sequential
          retry: {interval: PT0.01S, maxAttempts: 4}
          tasks:
            - {id: once, type: test.Flaky, key: "\(key)-once", failures: 0}
            - id: inner
              type: core.flow.Parallel
              retry: {interval: PT0.01S, maxAttempts: 3}
              tasks:
                - {id: nearest, type: core.execution.Fail, allowFailure: true}
                - id: own
                  type: core.execution.Fail
                  allowFailure: true
                  retry: {interval: PT0.01S, maxAttempts: 2}
                - id: choice
                  type: core.flow.If
                  condition: true
                  then: [{id: deep, type: core.execution.Fail, allowFailure: true}]
            - {id: next, type: core.execution.Fail, allowFailure: true}
            - {id: data, type: test.Flaky, key: "\(key)-data", failures: 1, category: data, allowFailure: true}
        - {id: outside, type: core.execution.Fail}
      """)
    #expect(execution.state == .failed && execution.error?.hasPrefix("task 'outside'") == true)
    #expect(attempts(execution, "once", "nearest", "own", "deep", "next", "data", "outside") == [1, 3, 2, 3, 4, 1, 6])
    #expect(attempts(execution, "outer", "inner", "choice") == [1, 1, 1])
    #expect(execution.taskRuns.filter { $0.taskID == "once" }.count == 1)
  }

  @Test func whatPassesInTheEndIsASuccess() async throws {
    let execution = try await bench.run(
      """
      tasks:
        - id: loop
          type: core.flow.ForEach
          values: [a, b]
          concurrencyLimit: 0
          retry: {interval: PT0.01S, maxAttempts: 3, warningOnRetry: true}
          tasks:
            - id: in
              type: test.Flaky
              key: "\(key)-{{ taskrun.value }}"
              failures: "{{ taskrun.value == 'a' ? 2 : 0 }}"
          errors: [{id: never, type: core.debug.Return}]
        - {id: end, type: core.debug.Return, format: "{{ outputs.in.a.calls }} {{ outputs.in.b.calls }}"}
      """)
    #expect(execution.state == .warning && execution.output("end") == "3 1")
    #expect(execution.run("in", "a")?.attempts == 3 && execution.run("in", "a")?.state == .warning)
    #expect(execution.run("in", "b")?.state == .success && execution.run("never") == nil)
  }

  /// The errors of a flowable run once all attempts have failed.
  @Test func errorsComeAfterTheLastAttempt() async throws {
    let execution = try await bench.run(
      """
      tasks:
        - id: optional
          type: core.flow.AllowFailure
          retry: {interval: PT0.01S, maxAttempts: 3}
          tasks: [{id: fails, type: core.execution.Fail}]
          errors: [{id: handler, type: core.debug.Return}]
        - {id: end, type: core.debug.Return}
      """)
    #expect(execution.state == .warning && attempts(execution, "fails", "handler") == [3, 1])
    #expect(states(execution) == ["fails FAILED", "handler SUCCESS", "optional WARNING", "end SUCCESS"])
  }

  @Test func aSubflowIsTriedAgainFromItsBeginning() async throws {
    try bench.folder.write(
      "child.yaml",
      """
      id: child
      inputs: [{id: key, type: STRING}, {id: category, type: STRING}]
      tasks:
        - {id: first, type: test.Flaky, key: "{{ inputs.key }}-first", failures: 0}
        - {id: second, type: test.Flaky, key: "{{ inputs.key }}", failures: 2, category: "{{ inputs.category }}"}
      outputs: [{id: calls, value: "{{ outputs.first.calls }}"}]
      """)
    let execution = try await bench.run(
      """
      tasks:
        - id: passes
          type: core.flow.Subflow
          flowId: child
          inputs: {key: "\(key)-a", category: transient}
          retry: {interval: PT0.01S, maxAttempts: 3}
        - id: block
          type: core.flow.Sequential
          retry: {interval: PT0.01S, maxAttempts: 2}
          tasks:
            - id: ends
              type: core.flow.Subflow
              flowId: child
              allowFailure: true
              inputs: {key: "\(key)-b", category: quota}
            - id: data
              type: core.flow.Subflow
              flowId: child
              inputs: {key: "\(key)-c", category: data}
      """)
    #expect(attempts(execution, "passes", "ends", "data") == [3, 2, 1])
    #expect(execution.output("passes", "outputs") == ["calls": "3"])
    #expect(execution.run("data")?.category == .data && execution.state == .failed)
    let children = try await bench.engine.store.executions(limit: 50).filter { $0.parentID == execution.id }
    #expect(children.count == 6 && children.filter { $0.state == .success }.count == 1)
  }

  // MARK: timeout

  @Test(arguments: [
    "core.flow.Sequential\n    tasks: [SLEEP, NEVER]", "core.flow.Parallel\n    tasks: [SLEEP]",
    "core.flow.AllowFailure\n    tasks: [SLEEP, NEVER]",
    "core.flow.ForEach\n    values: [1]\n    tasks: [SLEEP, NEVER]",
    "core.flow.Dag\n    tasks: [{task: SLEEP}, {task: NEVER, dependsOn: [sleep]}]",
    "core.flow.If\n    condition: true\n    then: [SLEEP, NEVER]",
    "core.flow.Switch\n    value: x\n    defaults: [{id: in, type: core.flow.Sequential, tasks: [SLEEP, NEVER]}]",
  ])
  func allThatIsInsideStopsInTime(flowable: String) async throws {
    let lines = flowable.replacing("SLEEP", with: "{id: sleep, type: core.flow.Sleep, duration: PT30S}")
      .replacing("NEVER", with: "{id: never, type: core.debug.Return}")
    let start = Instant.now()
    let execution = try await bench.run(
      """
      tasks:
        - id: limited
          type: \(lines)
          timeout: "{{ 'PT0.1S' }}"
          errors: [{id: local, type: core.debug.Return}]
        - {id: next, type: core.debug.Return}
      errors: [{id: global, type: core.debug.Return}]
      finally: [{id: last, type: core.debug.Return}]
      """)
    #expect(start.duration(to: .now()) < .seconds(10))
    let error = "stopped by its timeout of PT0.1S. Raise the task's 'timeout'"
    #expect(execution.run("limited")?.error == error && execution.run("limited")?.category == .cancelled)
    #expect(execution.run("sleep")?.state == .killed)
    #expect(execution.run("sleep")?.error == "stopped by the timeout of PT0.1S of a task around it")
    #expect(execution.run("never") == nil && execution.run("local")?.state == .success)
    let isAllowed = flowable.hasPrefix("core.flow.AllowFailure")
    #expect(execution.state == (isAllowed ? .warning : .failed))
    #expect(execution.error == (isAllowed ? nil : "task 'limited': " + error))
    #expect(execution.taskRuns.suffix(2).map(\.taskID) == (isAllowed ? ["next", "last"] : ["global", "last"]))
  }

  @Test func theFirstTimeoutCounts() async throws {
    let execution = try await bench.run(
      """
      tasks:
        - id: outer
          type: core.flow.Sequential
          timeout: PT20S
          tasks:
            - id: inner
              type: core.flow.Sequential
              timeout: PT0.1S
              allowFailure: true
              tasks: [{id: slow, type: core.flow.Sleep, duration: PT30S, timeout: PT10S}]
            - {id: own, type: core.flow.Sleep, duration: PT30S, timeout: PT0.1S, allowFailure: true}
            - {id: quick, type: core.flow.Sleep, duration: PT0.01S}
      """)
    #expect(
      states(execution) == ["slow KILLED", "inner WARNING", "own WARNING", "quick SUCCESS", "outer WARNING"])
    #expect(execution.state == .warning && execution.error == nil)
    #expect(execution.run("own")?.error?.hasPrefix("stopped by its timeout of PT0.1S") == true)
  }

  /// Neither the wait for an attempt nor the attempts themselves outlive it.
  @Test func noAttemptOutlivesTheTimeout() async throws {
    let execution = try await bench.run(
      """
      tasks:
        - id: limited
          type: core.flow.Parallel
          timeout: PT0.3S
          retry: {interval: PT0.01S}
          tasks:
            - {id: fails, type: core.execution.Fail, retry: {interval: PT30S}}
            - {id: stubborn, type: test.Stubborn}
      """)
    #expect(execution.state == .failed && execution.error?.hasPrefix("task 'limited': stopped by its timeout") == true)
    #expect(execution.run("stubborn")?.attempts == 1 && execution.run("stubborn")?.state == .killed)
    #expect(execution.run("fails")?.state == .killed)
  }

  @Test func aSubflowStopsInTime() async throws {
    try bench.folder.write("child.yaml", "id: child\ntasks: [{id: nap, type: core.flow.Sleep, duration: PT30S}]\n")
    let execution = try await bench.run(
      """
      tasks:
        - {id: own, type: core.flow.Subflow, flowId: child, timeout: PT0.1S, allowFailure: true,
           retry: {interval: PT0.01S, maxAttempts: 2}}
        - id: around
          type: core.flow.Sequential
          timeout: PT0.1S
          tasks: [{id: inside, type: core.flow.Subflow, flowId: child}]
      """)
    #expect(states(execution) == ["own WARNING", "inside KILLED", "around FAILED"])
    #expect(execution.run("own")?.attempts == 2)
    #expect(execution.run("own")?.error?.hasPrefix("stopped by its timeout of PT0.1S") == true)
    let children = try await bench.engine.store.executions(limit: 50).filter { $0.parentID == execution.id }
    #expect(children.map(\.state) == [.killed, .killed, .killed])
  }

  @Test func aSignalIsNoTimeout() async throws {
    let execution = try await bench.runStopped(
      """
      tasks:
        - id: limited
          type: core.flow.Sequential
          timeout: PT20S
          allowFailure: true
          tasks: [{id: sleep, type: core.flow.Sleep, duration: PT30S}]
          errors: [{id: local, type: core.debug.Return}]
      """)
    #expect(states(execution) == ["sleep KILLED", "limited KILLED"])
    #expect(execution.state == .killed && execution.error == "task 'sleep': stopped by a signal")
  }

  /// A restart begins the flowable anew, but not what had ended inside of it.
  @Test func aRestartGoesOnBehindTheTimeout() async throws {
    let flow = """
      id: slow
      tasks:
        - id: limited
          type: core.flow.Sequential
          timeout: PT0.2S
          tasks:
            - {id: before, type: test.Flaky, key: "\(key)", failures: 0}
            - {id: sleep, type: core.flow.Sleep, duration: "{{ globals.x ?? envs.nap ?? 'PT30S' }}"}
        - {id: end, type: core.debug.Return, format: "{{ outputs.before.calls }}"}
      """
    let failed = try await bench.run(flow)
    #expect(states(failed) == ["before SUCCESS", "sleep KILLED", "limited FAILED"])
    let quick = try Bench(environment: "FERRY_NAP=PT0S", folder: bench.folder)
    let execution = try await quick.run(flow, restart: failed.id)
    #expect(states(execution) == ["before SUCCESS", "sleep SUCCESS", "limited SUCCESS", "end SUCCESS"])
    #expect(execution.output("end") == "1")
  }

  /// Kestra's own tests of restarts fail at first and succeed by the count of attempts.
  @Test func aRestartGoesOnCountingAttempts() async throws {
    let flow = """
      tasks:
        - {id: c, type: core.execution.Fail, condition: "{{ taskrun.attemptsCount != 1 }}"}
        - {id: d, type: core.debug.Return, format: "{{ taskrun.attemptsCount }}"}
      """
    let bench = try Bench()
    let failed = try await bench.run(flow)
    #expect(failed.state == .failed && failed.run("c")?.attempts == 1)
    let execution = try await bench.run(flow, restart: failed.id)
    #expect(execution.state == .success)
    #expect(execution.run("c")?.attempts == 2 && execution.output("d") == "0")
  }

  @Test func eventsOfLoopsSayWhichTurnTheyAre() async throws {
    let bench = try Bench()
    _ = try await bench.run(
      """
      tasks:
        - id: outer
          type: core.flow.ForEach
          values: [a, b]
          concurrencyLimit: 0
          tasks:
            - id: inner
              type: core.flow.ForEach
              values: [1]
              tasks: [{id: say, type: core.log.Log, message: "{{ parent.taskrun.value }}"}]
      """)
    #expect(Set(bench.recorder.logs.map { [$0.message] + $0.values }) == [["a", "a", "1"], ["b", "b", "1"]])
    #expect(bench.recorder.logs.allSatisfy { $0.taskRunID != nil })
  }
}
