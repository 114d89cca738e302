internal import Expression
internal import Records

/// Tasks that run other tasks.
extension FlowRunner {
  func runFlowable(_ kind: FlowableKind, _ task: TaskNode, _ run: inout TaskRun, _ frame: Frame) async -> RunState {
    run.attempts = 1
    var inner = frame.inside(run)
    inner.retry = task.retry ?? frame.retry
    do {
      var state = try await runInTime(kind, task, &run, inner)
      if state == .failed, !frame.cancellation.isCancelled { _ = await sequence(task.branch("errors"), inner.handler) }
      if !frame.cancellation.isCancelled {
        state = state.combined(with: await sequence(task.branch("finally"), inner.handler))
      }
      let allowed = try task.allowFailure?.rendered(in: scope(task, run, frame)).isTruthy ?? false
      if state == .failed, allowed || kind == .allowFailure {
        memory.withLock { $0.failure = nil }
        state = .warning
      }
      return await end(&run, state, task, frame)
    } catch {
      return await fail(&run, asFailure(error), task, frame)
    }
  }

  private func runInTime(
    _ kind: FlowableKind, _ task: TaskNode, _ run: inout TaskRun, _ frame: Frame
  ) async throws -> RunState {
    let limit = TimeLimit(try timeout(of: task, run, frame), inside: frame.cancellation)
    defer { limit.end() }
    var inner = frame
    inner.cancellation = limit.cancellation
    let state = try await runTasks(kind, task, &run, inner)
    guard state == .killed, limit.isOver, let reason = limit.cancellation.reason else { return state }
    // What its tasks met is the flowable's own failure.
    report(Cancellation.failure(reason), as: .failed, &run)
    return .failed
  }

  private func runTasks(
    _ kind: FlowableKind, _ task: TaskNode, _ run: inout TaskRun, _ frame: Frame
  ) async throws -> RunState {
    switch kind {
    case .sequential, .allowFailure: await sequence(task.branch("tasks"), frame)
    case .parallel: try await parallel(task, run, frame)
    case .forEach: try await forEach(task, run, frame)
    case .dag: try await dag(task, run, frame)
    case .ifElse: try await ifElse(task, &run, frame)
    case .switchCase: try await switchCase(task, &run, frame)
    }
  }

  private func property(_ name: String, of task: TaskNode, _ run: TaskRun, _ frame: Frame) throws -> Value? {
    // A flowable's own properties see what is around it, not itself.
    var outer = frame
    if let own = outer.parents.first, own.run.id == run.id {
      outer.parents.removeFirst()
      outer.turn = own.turn
    }
    do {
      let value = try task.property(name)?.value.rendered(in: scope(task, run, outer))
      if let value { host.redactor.add(value) }
      return value.map(URLSecrets.marked)
    } catch {
      throw asFailure(error).whileDoing("property '\(name)'")
    }
  }

  private func limit(_ name: String, of task: TaskNode, _ run: TaskRun, _ frame: Frame, fallback: Int) throws -> Int {
    try property(name, of: task, run, frame).map { try Int(property: $0) } ?? fallback
  }

  private func parallel(_ task: TaskNode, _ run: TaskRun, _ frame: Frame) async throws -> RunState {
    let tasks = task.branch("tasks")
    let limit = try limit("concurrent", of: task, run, frame, fallback: 0)
    return await concurrently(tasks.count, limit: limit) { index in await self.run(tasks[index], frame) }
  }

  private func forEach(_ task: TaskNode, _ run: TaskRun, _ frame: Frame) async throws -> RunState {
    let name = task.property("values") == nil ? "value" : "values"
    let given = try property(name, of: task, run, frame) ?? .null
    let values = try Self.values(given, name)
    guard !values.contains(.null) else {
      throw Failure(
        .configuration, "\(name): a value is null, so its outputs would have no name", hint: "Filter it out")
    }
    let isParallel = task.type == EachParallel.self
    let limitName = isParallel ? "concurrent" : "concurrencyLimit"
    let limit = try limit(limitName, of: task, run, frame, fallback: isParallel ? 0 : 1)
    let tasks = task.branch("tasks")
    return await concurrently(values.count, limit: limit) { index in
      var iteration = frame
      iteration.iterations.append((values[index], index))
      iteration.turn = (values[index], index)
      return await self.sequence(tasks, iteration)
    }
  }

  /// A list, a text that holds one as JSON, or a map whose entries become `{key, value}`.
  private static func values(_ given: Value, _ name: String) throws -> [Value] {
    switch given {
    case .list(let values): return values
    case .map(let map): return map.markedEntries.map { ["key": Value($0.key), "value": $0.value] }
    case _ where given.string != nil:
      if let parsed = try? Value.parseJSON(given.markedText), parsed.list != nil || parsed.map != nil {
        return try values(parsed, name)
      }
      throw Failure(.configuration, "\(name): expected a list or a text that holds a JSON list, found another text")
    default: throw Failure(.configuration, "\(name): expected a list, found \(given.typeName)")
    }
  }

  private func ifElse(_ task: TaskNode, _ run: inout TaskRun, _ frame: Frame) async throws -> RunState {
    let isTrue = try property("condition", of: task, run, frame)?.isTruthy ?? false
    run.outputs = ["evaluationResult": .bool(isTrue)]
    return await sequence(task.branch(isTrue ? "then" : "else"), frame.seeing(run))
  }

  private func switchCase(_ task: TaskNode, _ run: inout TaskRun, _ frame: Frame) async throws -> RunState {
    let value = try property("value", of: task, run, frame)?.markedText ?? MarkedText()
    let named = task.branch("cases.\(value.text)")
    run.outputs = ["value": Value(value), "defaults": .bool(named.isEmpty)]
    let tasks = named.isEmpty ? task.branch("defaults") : named
    guard !tasks.isEmpty else {
      throw Failure(
        .configuration, "value: no case is named '\(value.masked)' and there are no defaults", hint: "Add one of them")
    }
    return await sequence(tasks, frame.seeing(run))
  }

  private func dag(_ task: TaskNode, _ run: TaskRun, _ frame: Frame) async throws -> RunState {
    let tasks = task.branch("tasks")
    let limit = try limit("concurrent", of: task, run, frame, fallback: 0)
    return await withTaskGroup(of: (Int, RunState).self) { group in
      var started: Set<Int> = []
      var ended: Set<ExactText> = []
      var running = 0
      var state = RunState.success
      func startReady() {
        for (index, task) in tasks.enumerated()
        where !started.contains(index) && (limit == 0 || running < limit)
          && task.dependsOn.allSatisfy({ ended.contains($0.exact) })
        {
          started.insert(index)
          running += 1
          group.addTask { (index, await self.run(task, frame)) }
        }
      }
      startReady()
      for await (index, result) in group {
        running -= 1
        state = state.combined(with: result)
        if result == .failed || result == .killed { continue }
        ended.insert(tasks[index].id.exact)
        startReady()
      }
      return state
    }
  }

  // MARK: subflows

  /// One attempt; another one runs the flow from its beginning.
  func subflow(
    _ task: TaskNode, _ run: inout TaskRun, _ frame: Frame, _ cancellation: Cancellation
  ) async throws -> RunState {
    let id = try property("flowId", of: task, run, frame)?.text ?? ""
    let child = try child(id, property("namespace", of: task, run, frame)?.text)
    let inputs = try property("inputs", of: task, run, frame)?.map ?? ValueMap()
    let waits = try property("wait", of: task, run, frame)?.isTruthy ?? true
    let transmits = try property("transmitFailed", of: task, run, frame)?.isTruthy ?? true
    let labels = try labels(task, run, frame)
    let earlier = try await earlierChild(of: run, frame)
    // It may have been restarted by itself meanwhile.
    let isDone = earlier.map { $0.state == .success || $0.state == .warning } ?? false
    let childID = earlier?.id ?? Identifier.make()
    run.outputs = ["executionId": .string(childID)]
    // Should this process die, a restart goes on with that execution rather than with a second one.
    try await engine.store.commit(.taskNoted(run))
    let execution =
      if let earlier, isDone { earlier } else {
        try await engine.run(
          child, inputs: inputs, restart: earlier?.id, acceptsUnknown: acceptsUnknown, id: childID, labels: labels,
          parentID: executionID, depth: depth + 1, correlationID: correlationID,
          asked: task.property("outputs")?.value.map, cancellation: cancellation)
      }
    if execution.state == .killed { try cancellation.check() }
    if !waits { return .success }
    run.outputs["state"] = .string(execution.state.rawValue)
    run.outputs["outputs"] = .map(isDone ? Masked.without(execution.outputs) : execution.whole)
    guard execution.state == .failed else { return execution.state }
    if !transmits { return .success }
    let category = execution.taskRuns.first { $0.state == .failed && $0.category != nil }?.category
    let outcomes = Set(execution.taskRuns.filter { $0.state == .failed }.map(\.outcome))
    throw Failure(
      category ?? .configuration, "execution \(execution.id) of flow '\(id)' failed: \(execution.error ?? "")",
      outcome: outcomes.contains(.unknown) ? .unknown : outcomes.contains(.partial) ? .partial : .undone)
  }

  private func child(_ id: String, _ namespace: String?) throws -> Flow {
    let (file, source) = try Subflows(beside: flow.file, in: flow.flows).find(id, namespace: namespace)
    let (found, diagnostics) = FlowParser.parse(
      source, file: file, registry: engine.settings.registry, nil, in: flow.flows)
    if let found { return found }
    let problems = diagnostics.filter { $0.severity == .error }.map(\.line).joined(separator: "\n")
    throw Failure(.configuration, "the flow '\(id)' has problems:\n\(problems)")
  }

  private func labels(_ task: TaskNode, _ run: TaskRun, _ frame: Frame) throws -> ValueMap {
    let inherits = try property("inheritLabels", of: task, run, frame)?.isTruthy ?? false
    var labels = inherits ? flow.labels : ValueMap()
    let own = try property("labels", of: task, run, frame)
    for (key, value) in own?.map ?? [:] { labels[key] = value }
    for item in own?.list ?? [] { item.map?["key"].map { labels[$0.text] = item.map?["value"] ?? .null } }
    return labels
  }

  /// The execution that failed here before this flow was restarted: it goes on too, rather than do its work twice.
  private func earlierChild(of run: TaskRun, _ frame: Frame) async throws -> Execution? {
    guard let id = memory.withLock({ $0.earlierChildren.removeValue(forKey: frame.key(run.taskID)) }) else {
      return nil
    }
    return try await engine.store.execution(id)
  }
}

extension FlowRunner.Frame {
  /// With the outputs that the innermost flowable has by now.
  fileprivate func seeing(_ run: TaskRun) -> FlowRunner.Frame {
    var frame = self
    if !frame.parents.isEmpty { frame.parents[0].run = run }
    return frame
  }
}
