import Expression
import Foundation
import Records
import Testing

@testable import Engine

/// Attempts, time-outs, states, concurrency.
@Suite struct RunnerTests {
  @Test func onlyWhatMayPassIsTriedAgain() async throws {
    let bench = try Bench()
    let run = UUID().uuidString
    let execution = try await bench.run(
      """
      tasks:
        - id: transient
          type: test.Flaky
          key: "\(run)-transient"
          failures: 2
          retry: {type: constant, interval: PT0.01S, maxAttempts: 3}
        - id: quota
          type: test.Flaky
          key: "\(run)-quota"
          failures: 1
          category: quota
          retry: {type: random, minInterval: PT0.01S, maxInterval: PT0.02S, maxAttempt: 3, warningOnRetry: true}
        - id: data
          type: test.Flaky
          key: "\(run)-data"
          failures: 1
          category: data
          retry: {interval: PT0.01S, maxAttempts: 3}
      """)
    #expect(execution.state == .failed)
    #expect(execution.error == "task 'data': call 1 of \(run)-data")
    #expect(execution.run("transient")?.attempts == 3 && execution.output("transient", "calls") == 3)
    // The rows of attempts that did not count don't count.
    #expect(execution.run("transient")?.ledger == Ledger.Counts(read: 10, written: 10, retries: 2))
    #expect(execution.run("quota")?.state == .warning && execution.run("quota")?.attempts == 2)
    #expect(execution.run("data")?.attempts == 1 && execution.run("data")?.category == .data)
  }

  @Test func waitsGrowAndEnd() {
    let policy = RetryPolicy(delay: .exponential(.seconds(2), max: .seconds(60), factor: 1.5))
    for (attempt, seconds) in [(2, 2.0), (3, 3.0), (4, 4.5), (5, 6.75), (12, 60.0), (500, 60.0)] {
      let wait = policy.wait(before: attempt).seconds
      #expect(wait <= seconds && wait >= seconds * 0.9, "attempt \(attempt)")
    }
    #expect(RetryPolicy(delay: .constant(.seconds(3))).wait(before: 9) == .seconds(3))
    let random = RetryPolicy(delay: .random(.seconds(1), .seconds(2)))
    for _ in 0..<100 { #expect((1...2).contains(random.wait(before: 2).seconds)) }
  }

  @Test func maxDurationEndsTheAttempts() async throws {
    let bench = try Bench()
    let start = Instant.now()
    let execution = try await bench.run(
      """
      tasks:
        - id: a
          type: core.execution.Fail
          retry: {interval: PT0.1S, maxDuration: PT3S}
      """)
    #expect(execution.state == .failed && (2...31).contains(execution.run("a")?.attempts ?? 0))
    #expect(start.duration(to: .now()) < .seconds(20))
  }

  @Test func timeoutsStopAnAttemptOnly() async throws {
    let bench = try Bench()
    let execution = try await bench.run(
      """
      tasks:
        - {id: slow, type: core.flow.Sleep, duration: PT20S, timeout: PT0.1S, allowFailure: true}
        - id: stubborn
          type: test.Stubborn
          timeout: "{{ 'PT0.1S' }}"
          retry: {interval: PT0.01S, maxAttempts: 2}
      """)
    #expect(execution.state == .failed)
    #expect(execution.run("slow")?.state == .warning)
    // The reason is the time-out, not what the interrupted call said.
    #expect(execution.run("stubborn")?.error == "stopped by its timeout of PT0.1S. Raise the task's 'timeout'")
    #expect(execution.run("stubborn")?.attempts == 2)
  }

  @Test func statesAddUp() async throws {
    let bench = try Bench()
    let execution = try await bench.run(
      """
      tasks:
        - {id: off, type: core.execution.Fail, disabled: true}
        - {id: skipped, type: core.execution.Fail, runIf: "{{ 1 > 2 }}"}
        - {id: allowed, type: core.execution.Fail, allowFailure: true}
        - {id: forgiven, type: core.execution.Fail, allowFailure: true, allowWarning: true}
        - {id: broken, type: core.debug.Return, runIf: "{{ outputs.allowed.x ?? nothing.y }}", allowFailure: true}
      outputs:
        - {id: one, value: "{{ 1 + 1 }}"}
      """.replacingOccurrences(of: "nothing.y", with: "labels.nothing"))
    #expect(execution.state == .warning && execution.error == nil)
    #expect(execution.taskRuns.map(\.taskID) == ["skipped", "allowed", "forgiven", "broken"])
    #expect(execution.taskRuns.map(\.state) == [.skipped, .warning, .success, .warning])
    #expect(execution.outputs == ["one": "2"])
  }

  @Test func aLedgerThatDoesNotBalanceFails() async throws {
    let execution = try await Bench().run("tasks: [{id: a, type: test.Unbalanced}]")
    #expect(execution.run("a")?.category == .bug)
    #expect(
      execution.error?.contains("3 read, but 1 written + 1 rejected + 0 filtered = 2") == true,
      "\(execution.error ?? "")")
  }

  @Test func outputsThatCannotBeRenderedFailTheFlow() async throws {
    let execution = try await Bench().run(
      """
      tasks: [{id: a, type: core.debug.Return, format: 1}]
      outputs: [{id: x, value: "{{ outputs.a.value.deeper }}"}]
      """)
    #expect(execution.state == .failed && execution.error?.hasPrefix("output 'x': ") == true)
  }

  // MARK: concurrency

  @Test(arguments: [(0, 6), (1, 1), (2, 2)]) func parallelKeepsItsLimit(limit: Int, most: Int) async throws {
    let bench = try Bench()
    let tasks = (0..<6).map { "      - {id: t\($0), type: core.flow.Sleep, duration: PT0.1S}" }.joined(separator: "\n")
    let execution = try await bench.run(
      """
      tasks:
        - id: all
          type: core.flow.Parallel
          concurrent: \(limit)
          tasks:
      \(tasks)
      """)
    #expect(execution.state == .success && execution.taskRuns.count == 7)
    #expect(bench.recorder.mostAtOnce("core.flow.Sleep") == most)
  }

  @Test(arguments: [
    ("core.flow.ForEach", "values: [1, 2, 3, 4, 5]", 1),
    ("core.flow.ForEach", "values: '[1,2,3]'\n    concurrencyLimit: 2", 2),
    ("core.flow.ForEach", "values: [1, 2, 3]\n    concurrencyLimit: 0", 3),
    ("io.kestra.core.tasks.flows.EachSequential", "value: [1, 2, 3]", 1),
    ("io.kestra.core.tasks.flows.EachParallel", "value: [1, 2, 3]", 3),
    ("io.kestra.core.tasks.flows.EachParallel", "value: [1, 2, 3]\n    concurrent: 2", 2),
  ])
  func loopsKeepTheirLimit(type: String, values: String, most: Int) async throws {
    let bench = try Bench()
    let execution = try await bench.run(
      """
      tasks:
        - id: loop
          type: \(type)
          \(values)
          tasks: [{id: in, type: core.flow.Sleep, duration: PT0.1S}]
      """)
    #expect(execution.state == .success)
    #expect(bench.recorder.mostAtOnce("core.flow.Sleep") == most)
  }

  @Test func aDagRunsWhatItCanAndStopsBehindAFailure() async throws {
    let bench = try Bench()
    let execution = try await bench.run(
      """
      tasks:
        - id: graph
          type: core.flow.Dag
          tasks:
            - {task: {id: roof, type: core.debug.Return}, dependsOn: [left, right]}
            - {task: {id: left, type: core.execution.Fail}, dependsOn: [ground]}
            - {task: {id: right, type: core.debug.Return}, dependsOn: [ground]}
            - {task: {id: ground, type: core.flow.Sleep, duration: PT0.05S}}
      """)
    #expect(execution.state == .failed)
    #expect(bench.recorder.started.prefix(2) == ["graph", "ground"])
    #expect(Set(execution.taskRuns.map(\.taskID)) == ["graph", "ground", "left", "right"])
  }

  @Test func nestedLoopsKeepTheirOutputsApart() async throws {
    let execution = try await Bench().run(
      """
      tasks:
        - id: outer
          type: core.flow.ForEach
          values: [a, b]
          concurrencyLimit: 0
          tasks:
            - id: inner
              type: core.flow.ForEach
              values: ["{{ taskrun.value }}1", "{{ taskrun.value }}2"]
              concurrencyLimit: 0
              tasks:
                - {id: leaf, type: core.debug.Return, format: "{{ parent.taskrun.value }}/{{ taskrun.value }}"}
                - id: again
                  type: core.debug.Return
                  format: "{{ outputs.leaf[parent.taskrun.value][taskrun.value].value }}"
        - {id: end, type: core.debug.Return, format: "{{ outputs.again }}"}
      """)
    #expect(execution.state == .success, "\(execution.error ?? "")")
    let end = try Value.parseJSON(execution.output("end")?.string ?? "").map
    for (outer, inner) in [("a", "a1"), ("a", "a2"), ("b", "b1"), ("b", "b2")] {
      #expect(end?[outer]?.map?[inner] == ["value": .string("\(outer)/\(inner)")])
    }
  }

  @Test func manyIterationsStayLinear() async throws {
    let bench = try Bench(level: .error)
    func time(_ count: Int) async throws -> Double {
      let start = Instant.now()
      let execution = try await bench.run(
        """
        tasks:
          - id: loop
            type: core.flow.ForEach
            values: "{{ range(1, \(count)) }}"
            tasks: [{id: in, type: core.debug.Return, format: "{{ taskrun.value }}"}]
        """)
      #expect(execution.taskRuns.count == count + 1)
      return start.duration(to: .now()).seconds
    }
    let few = try await time(200)
    let many = try await time(2_000)
    // Ten times the work; a quadratic cost would show as a hundred times.
    #expect(many < max(few, 0.05) * 40, "\(few) s and \(many) s")
  }

  // MARK: cancellation

  @Test func cancellingKillsWhatRunsAndSkipsTheRest() async throws {
    let bench = try Bench()
    let execution = try await bench.runStopped(
      """
      tasks:
        - id: side
          type: core.flow.Parallel
          tasks:
            - {id: sleep, type: core.flow.Sleep, duration: PT30S}
            - {id: stubborn, type: test.Stubborn, allowFailure: true, retry: {interval: PT1S}}
        - {id: never, type: core.debug.Return}
      errors: [{id: handler, type: core.debug.Return}]
      finally: [{id: last, type: core.debug.Return}]
      """)
    #expect(execution.state == .killed)
    #expect(execution.taskRuns.allSatisfy { $0.state == .killed })
    #expect(Set(execution.taskRuns.map(\.taskID)) == ["side", "sleep", "stubborn"])
    #expect(execution.error?.contains("stopped by a signal") == true)
    #expect(try await bench.engine.store.execution(execution.id)?.state == .killed)
  }

  @Test func handlersHaveEndedBeforeTheBodyReturns() throws {
    for _ in 0..<200 {
      let cancellation = Cancellation()
      let state = Locked((isFreed: false, usedAfter: false))
      Threads.start { cancellation.cancel(.sibling) }
      _ = try? cancellation.onCancel({
        for _ in 0..<20 { state.withLock { if $0.isFreed { $0.usedAfter = true } } }
      }) { usleep(UInt32.random(in: 0...60)) }
      state.withLock { $0.isFreed = true }
      usleep(50)
      #expect(!state.withLock { $0.usedAfter })
    }
  }

  @Test func ownTimeoutsDontCancelTheFlow() async throws {
    let bench = try Bench()
    let cancellation = Cancellation()
    let execution = try await bench.run(
      """
      tasks: [{id: slow, type: core.flow.Sleep, duration: PT9S, timeout: PT0.05S}]
      errors: [{id: handler, type: core.debug.Return}]
      finally: [{id: last, type: core.debug.Return}]
      """, cancellation: cancellation)
    #expect(!cancellation.isCancelled && execution.state == .failed)
    #expect(execution.taskRuns.map(\.taskID) == ["slow", "handler", "last"])
  }

  // MARK: subflows

  @Test func subflowsTakeInputsAndLabelsAndGiveOutputs() async throws {
    let bench = try Bench()
    try bench.folder.write(
      "child.yaml",
      """
      id: child
      inputs: [{id: n, type: INT}]
      tasks: [{id: t, type: core.execution.Fail, condition: "{{ inputs.n > 1 }}"}]
      outputs: [{id: double, value: "{{ inputs.n * 2 }}"}, {id: team, value: "{{ labels.team }}"}]
      """)
    let execution = try await bench.run(
      """
      labels: {team: data}
      tasks:
        - {id: a, type: core.flow.Subflow, flowId: child, inputs: {n: 1}, inheritLabels: true}
        - {id: b, type: core.flow.Subflow, flowId: child, inputs: {n: 1}, labels: {team: own}, wait: false}
        - {id: c, type: core.flow.Subflow, flowId: child, inputs: {n: x}, labels: {team: x}, allowFailure: true}
        - {id: d, type: core.flow.Subflow, flowId: child, inputs: {n: 2}, labels: {team: x}}
      """)
    #expect(execution.output("a", "outputs") == ["double": "2", "team": "data"])
    #expect(execution.run("b")?.outputs.keys == ["executionId"])
    #expect(execution.run("c")?.error?.contains("input 'n': expected INT") == true)
    #expect(execution.state == .failed && execution.run("d")?.state == .failed)
    let child = try #require(try await bench.engine.store.execution(execution.output("a", "executionId")?.string ?? ""))
    #expect(child.parentID == execution.id && child.labels == ["team": "data"])
  }

  @Test func aFlowThatRunsItselfEnds() async throws {
    let execution = try await Bench().run(
      "id: loop\ntasks: [{id: again, type: core.flow.Subflow, flowId: loop}]", inputs: [:])
    #expect(execution.state == .failed && execution.error?.contains("A flow that runs itself never ends") == true)
  }
}
