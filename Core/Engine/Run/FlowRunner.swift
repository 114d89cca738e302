internal import Expression
internal import Records

/// Runs the tasks of one execution.
final class FlowRunner: Sendable {
  let engine: Engine
  let flow: Flow
  let inputs: ValueMap
  let host: Host
  let cancellation: Cancellation
  let memory: Locked<Memory>
  let depth: Int
  /// Whether work is done again of which it is not known whether it has been done.
  let acceptsUnknown: Bool
  /// As it began.
  let start: Execution
  private let environment: Value
  private let globals: Value
  private let variables: Value
  private let labels: ValueMap
  /// The first of the executions that this one is a subflow of; its own id when it is none.
  let correlationID: String

  /// What tasks have left so far.
  struct Memory: Sendable {
    var outputs = ValueMap()
    /// `{state}` by task, in loops by task and value.
    var states = ValueMap()
    var taskRuns: [TaskRun] = []
    /// Task runs of a failed execution that need not run again, by task and iteration.
    var earlier: [String: TaskRun] = [:]
    /// How often the others have been tried.
    var earlierAttempts: [String: Int] = [:]
    /// What others left there for good, or may have.
    var earlierProgress: [String: RecordedProgress] = [:]
    /// The same for executions of subflows that failed.
    var earlierChildren: [String: String] = [:]
    /// The first failure that ended the flow.
    var failure: (task: String, error: String)?

    mutating func note(_ state: RunState, of task: TaskNode, _ frame: Frame) {
      states.set(["state": .string(state.rawValue)], at: frame.place(of: task))
    }
  }

  /// One turn of a loop.
  typealias Iteration = (value: Value, index: Int)

  /// Where a task stands: the flowables around it, the innermost first, and the iterations, the innermost last.
  struct Frame: Sendable {
    /// The flow's, or that of a flowable with a time-out.
    var cancellation: Cancellation
    var parents: [Parent] = []
    var iterations: [Iteration] = []
    /// The turn of the loop that the task stands directly in: only such tasks have a `taskrun.value`.
    var turn: Iteration?
    /// What the nearest flowable says, for tasks that say nothing themselves.
    var retry: RetryPolicy?
    /// Inside of `errors` or `finally`, which run again in a restart.
    var isHandler = false

    var handler: Frame {
      var frame = self
      frame.isHandler = true
      return frame
    }

    /// What is inside of a flowable that stands here.
    func inside(_ run: TaskRun) -> Frame {
      var frame = self
      frame.parents.insert(Parent(run: run, turn: turn), at: 0)
      frame.turn = nil
      return frame
    }

    /// Names the place of a task among the iterations, for restarts.
    func key(_ task: String) -> String { ([task] + iterations.map { "\($0.index)" }).joined(separator: "/") }
  }

  /// A flowable around a task.
  struct Parent: Sendable {
    var run: TaskRun
    /// The turn of the loop that it stands directly in.
    var turn: Iteration?
  }

  init(
    engine: Engine, flow: Flow, execution: Execution, inputs: ValueMap, labels: ValueMap, host: Host, depth: Int,
    acceptsUnknown: Bool = false, correlationID: String?, cancellation: Cancellation
  ) {
    self.engine = engine
    self.flow = flow
    self.inputs = inputs
    self.host = host
    self.cancellation = cancellation
    self.depth = depth
    self.acceptsUnknown = acceptsUnknown
    start = execution
    environment = URLSecrets.marked(.map(engine.settings.environment.visible))
    globals = URLSecrets.marked(.map(engine.settings.globals))
    variables = URLSecrets.marked(.map(flow.variables))
    self.correlationID = correlationID ?? execution.id
    self.labels = FlowRunner.nested(labels, correlationID: self.correlationID)
    var memory = Memory()
    for run in execution.taskRuns where run.state == .success || run.state == .warning { memory.earlier[run.key] = run }
    for run in execution.taskRuns where run.state == .failed || run.state == .killed {
      memory.earlierAttempts[run.key] = run.attempts
      if let child = run.outputs["executionId"]?.string { memory.earlierChildren[run.key] = child }
    }
    self.memory = Locked(memory)
  }

  var executionID: String { start.id }

  /// Runs the flow. Throws only when it could not be started; what happens later is in the execution.
  func run() async throws -> Execution {
    var execution = start
    execution.taskRuns = []
    execution.redactor = host.redactor
    do {
      try await engine.store.commit(.executionBegan(execution, file: flow.file, source: flow.recordedSource))
      if !start.taskRuns.isEmpty {
        let kept = try await engine.store.progress(of: start.id)
        memory.withLock { $0.earlierProgress = kept }
      }
    } catch {
      engine.store.release(execution.id)
      throw error
    }
    engine.tell(.executionStarted(execution))
    var state = RunState.success
    if flow.disabled {
      execution.error = "the flow is disabled"
      state = .cancelled
    } else {
      do {
        state = try await waitForTurn(&execution) ? runAll() : execution.state
      } catch {
        execution.error = host.redactor.redact("\(error)")
        state = .failed
      }
    }
    if state == .success || state == .warning { state = renderOutputs(&execution, state) }
    await end(&execution, state)
    return execution
  }

  private func end(_ execution: inout Execution, _ state: RunState) async {
    execution.state = state
    execution.taskRuns = memory.withLock { $0.taskRuns }
    if let failure = memory.withLock({ $0.failure }), state == .failed || state == .killed {
      execution.error = "task '\(failure.task)': \(failure.error)"
    } else if state == .killed, let reason = cancellation.reason {
      execution.error = execution.error ?? Cancellation.failure(reason).description
    }
    execution.ended = .now()
    if let problem = await engine.store.note(.executionEnded(execution)) { notRecorded(&execution, problem) }
    engine.tell(.executionEnded(execution))
  }

  /// What a restart would not know, and would do again.
  private func notRecorded(_ execution: inout Execution, _ problem: Failure) {
    var error = "the run could not be recorded: \(problem)"
    let done = engine.store.unrecorded(of: execution.id).compactMap { change -> String? in
      guard case .taskEnded(let run) = change, run.state == .success || run.state == .warning else { return nil }
      return run.taskID
    }
    execution.isRecorded = false
    if !done.isEmpty {
      error += "\nThe record does not know that \(done.map { "'\($0)'" }.joined(separator: ", ")) succeeded: "
      error += "a restart would run it again"
    }
    execution.state = .failed
    execution.error = error + (execution.error.map { "\n\($0)" } ?? "")
  }

  /// A cancelled flow runs neither `errors` nor `finally`: who stops it wants it to stop.
  private func runAll() async -> RunState {
    let frame = Frame(cancellation: cancellation, retry: flow.retry)
    var state = await sequence(flow.tasks, frame)
    if state == .failed, !flow.errors.isEmpty, !cancellation.isCancelled {
      _ = await sequence(flow.errors, frame.handler)
    }
    if !flow.finally.isEmpty, !cancellation.isCancelled {
      let ended = await sequence(flow.finally, frame.handler)
      state = state.combined(with: ended)
    }
    return state
  }

  /// Holds the flow's `concurrency` limit over all processes of this storage folder. False when it must not run.
  private func waitForTurn(_ execution: inout Execution) async throws -> Bool {
    guard let limit = flow.concurrency else { return true }
    var announced = false
    while try await !engine.store.takeTurn(execution, limit: limit.limit, queued: limit.behavior == .queue) {
      switch limit.behavior {
      case .cancel, .fail:
        execution.state = limit.behavior == .fail ? .failed : .cancelled
        execution.error =
          "\(limit.limit) execution(s) of this flow run already, and its concurrency.behavior is "
          + limit.behavior.rawValue
        return false
      case .queue:
        if !announced { logger(nil).log(.info, "waiting for another execution of this flow to end") }
        announced = true
        await Timers.shared.sleep(.milliseconds(100), unless: cancellation)
        if cancellation.isCancelled {
          execution.state = .killed
          return false
        }
      }
    }
    return true
  }

  private func renderOutputs(_ execution: inout Execution, _ state: RunState) -> RunState {
    for output in flow.outputs {
      do {
        let value = try output.value(in: scope(nil, nil, Frame(cancellation: cancellation)))
        execution.whole[output.id] = value
        execution.outputs[output.id] = value.masked
      } catch {
        if cancellation.isCancelled { return .killed }
        execution.error = host.redactor.redact("output '\(output.id)': \(asFailure(error))")
        return .failed
      }
    }
    return state
  }

  // MARK: lists of tasks

  /// Runs tasks in order until one fails.
  func sequence(_ tasks: [TaskNode], _ frame: Frame) async -> RunState {
    var state = RunState.success
    var early: EarlyAttempt?
    for (index, task) in tasks.enumerated() {
      if frame.cancellation.isCancelled, early == nil { return .killed }
      let handover = handover(from: task, to: index + 1 < tasks.count ? tasks[index + 1] : nil, frame)
      let ended = await run(task, frame, early: early, handover: handover)
      early = await handover?.attempt()
      switch ended {
      case .failed: return .failed
      case .killed: return .killed
      case .warning: state = .warning
      default: continue
      }
    }
    return state
  }

  /// Runs jobs with at most `limit` at a time (0 = all) and combines their states. What has started runs to its end.
  func concurrently(_ count: Int, limit: Int, _ job: @escaping @Sendable (Int) async -> RunState) async -> RunState {
    await withTaskGroup(of: RunState.self) { group in
      var next = 0
      var state = RunState.success
      while next < count && (limit == 0 || next < limit) {
        let index = next
        group.addTask { await job(index) }
        next += 1
      }
      for await ended in group {
        state = state.combined(with: ended)
        if next < count, state != .failed, state != .killed {
          let index = next
          group.addTask { await job(index) }
          next += 1
        }
      }
      return state
    }
  }

  // MARK: variables

  func scope(_ task: TaskNode?, _ run: TaskRun?, _ frame: Frame) -> Scope {
    var variables: ValueMap = [
      "flow": ["id": .string(flow.id), "namespace": .string(flow.namespace), "revision": 1],
      "execution": [
        "id": .string(start.id), "startDate": .string(start.started.iso8601), "originalId": .string(start.id),
        "state": .string(RunState.running.rawValue),
      ],
      "namespace": .string(flow.namespace),
      "inputs": .map(inputsWithTasks()), "vars": variables, "globals": globals, "envs": environment,
      "labels": .map(labels), "trigger": .map([:]),
      "outputs": .map(memory.withLock { $0.outputs }), "tasks": .map(memory.withLock { $0.states }),
    ]
    if let task { variables["task"] = ["id": .string(task.id), "type": .string(task.typeName)] }
    variables["taskrun"] = .map(taskRunVariables(run, frame))
    let parents = frame.parents.compactMap(FlowRunner.parentVariables)
    variables["parents"] = .list(parents)
    if let parent = parents.first { variables["parent"] = parent }
    return Scope(
      variables: variables, host: host, timeZone: engine.settings.timeZone, check: frame.cancellation.check)
  }

  private func taskRunVariables(_ run: TaskRun?, _ frame: Frame) -> ValueMap {
    var map: ValueMap = [:]
    if let run {
      map["id"] = .string(run.id)
      map["startDate"] = .string(run.started.iso8601)
      // Those that have ended.
      map["attemptsCount"] = .int(Int64(max(run.attempts - 1, 0)))
      map["parentId"] = run.parentID.map { .string($0) } ?? .null
    }
    if let turn = frame.turn {
      // Always a text, as in Kestra.
      map["value"] = Value(turn.value.markedText)
      map["iteration"] = .int(Int64(turn.index))
    }
    return map
  }

  /// What tasks see of a flowable around them. As in Kestra, only those are listed that have a value or outputs.
  private static func parentVariables(_ parent: Parent) -> Value? {
    guard parent.turn != nil || !parent.run.outputs.isEmpty else { return nil }
    var map: ValueMap = ["task": ["id": .string(parent.run.taskID)]]
    if let turn = parent.turn {
      map["taskrun"] = ["id": .string(parent.run.id), "value": Value(turn.value.markedText)]
    }
    if !parent.run.outputs.isEmpty { map["outputs"] = .map(parent.run.outputs) }
    return .map(map)
  }

  /// The labels with their dotted names as maps, and what Kestra adds: one id for an execution and all its subflows.
  private static func nested(_ labels: ValueMap, correlationID: String) -> ValueMap {
    var map = ValueMap()
    for (key, value) in labels { map.set(value, at: key.split(separator: ".").map(String.init)) }
    map.set(.string(correlationID), at: ["system", "correlationId"])
    return map
  }

  /// Flows of 2022 wrote `inputs.TASK.uri` for the outputs of a task; `ferry check` warns about it.
  private func inputsWithTasks() -> ValueMap {
    guard flow.hasTaskInputs else { return inputs }
    var map = inputs
    for (task, outputs) in memory.withLock({ $0.outputs }) where map[task] == nil { map[task] = outputs }
    return map
  }

  func logger(_ run: TaskRun?) -> TaskLogger {
    TaskLogger(
      redactor: host.redactor, level: engine.settings.logLevel, executionID: start.id, taskID: run?.taskID,
      taskRunID: run?.id, values: run?.values ?? [], emit: { [engine] line in engine.log(line) })
  }
}

extension TaskRun {
  /// The same place as `FlowRunner.Frame.key`: iterations are recorded as `0/2`.
  var key: String { ([taskID] + (iterationPath.isEmpty ? [] : [iterationPath])).joined(separator: "/") }
}

extension RunState {
  func combined(with other: RunState) -> RunState {
    for state in [RunState.killed, .failed, .warning] where self == state || other == state { return state }
    return .success
  }
}
