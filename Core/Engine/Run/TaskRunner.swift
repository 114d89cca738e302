internal import Expression
internal import Records

/// One task: whether it runs, its attempts, what becomes of it.
extension FlowRunner {
  /// - Parameters:
  ///   - early: an attempt at this task that began before its turn.
  ///   - handover: lets the next task begin early.
  func run(
    _ task: TaskNode, _ frame: Frame, early: EarlyAttempt? = nil, handover: Handover? = nil
  ) async -> RunState {
    if let earlier = reusable(task, frame) { return reuse(earlier, of: task, frame) }
    var run = early?.run ?? newRun(of: task, frame)
    let ledger = early?.ledger ?? Ledger()
    do {
      // What is disabled leaves no trace, what a condition leaves out does.
      if let disabled = try task.disabled?.rendered(in: scope(task, run, frame)), disabled.isTruthy { return .success }
      if let condition = try task.runIf?.rendered(in: scope(task, run, frame)), !condition.isTruthy {
        try engine.begin(shown(run), ledger)
        return end(&run, .skipped, task, frame)
      }
    } catch {
      try? engine.begin(shown(run), ledger)
      return fail(&run, asFailure(error), task, frame, ledger)
    }
    do { try engine.begin(shown(run), ledger) } catch {
      return fail(&run, asFailure(error), task, frame, ledger)
    }
    if let flowable = task.type as? any Flowable.Type { return await runFlowable(flowable.kind, task, &run, frame) }
    if let early, let result = await result(of: early) {
      run.attempts += 1
      switch result {
      case .success(let outputs):
        run.outputs = outputs
        run.ledger = ledger.counts
        return end(&run, .success, task, frame, ledger)
      case .failure(let failure): return fail(&run, failure, task, frame, ledger, keeper: early.keeper)
      }
    }
    return await runAttempts(task, &run, frame, ledger, early?.keeper ?? keeper(of: run, frame), handover)
  }

  /// Keeps what the task leaves for good; begins with what it left in the run that is being restarted.
  func keeper(of run: TaskRun, _ frame: Frame) -> ProgressKeeper {
    let shown = shown(run)
    var earlier = frame.isHandler ? nil : memory.withLock { $0.earlierProgress[run.key] }
    if !Redactor.mayBe(run.value, shownAs: earlier?.value) { earlier = nil }
    if acceptsUnknown && earlier?.progress.canResume == false { earlier = nil }
    var progress = earlier?.progress
    if let outputs = progress?.outputs {
      progress?.outputs = ValueMap(outputs.filter { !Redactor.isMasked($0.value) }.map { ($0.key, $0.value) })
    }
    return ProgressKeeper(progress) { [engine] progress in
      var masked = progress
      masked?.outputs = progress?.outputs.flatMap { engine.redactor.recordable(.map($0)).map }
      try engine.store.record(masked, of: shown)
    }
  }

  func newRun(of task: TaskNode, _ frame: Frame) -> TaskRun {
    var run = TaskRun(
      id: Identifier.make(), executionID: executionID, taskID: task.id, type: task.type.info.type,
      parentID: frame.parents.first?.run.id,
      value: frame.iterations.last?.value.text,
      iterationPath: frame.iterations.map { "\($0.index)" }.joined(separator: "/"),
      state: .running, started: .now())
    run.values = frame.iterations.map(\.value.text)
    // A restart goes on counting.
    run.attempts = memory.withLock { $0.earlierAttempts[frame.key(task.id)] } ?? 0
    return run
  }

  /// Nil when the early attempt failed and left nothing behind: the task runs now, as if it had not been tried.
  private func result(of early: EarlyAttempt) async -> Result<ValueMap, Failure>? {
    do {
      let outputs = try await early.outputs()
      for event in early.events { engine.emit(event) }
      return .success(outputs)
    } catch {
      let failure = asFailure(error)
      guard failure.outcome == .undone else {
        for event in early.events { engine.emit(event) }
        return .failure(failure)
      }
      logger(early.run).log(.debug, "it had begun early and failed: \(failure). It starts anew")
      early.ledger.restart()
      return nil
    }
  }

  private func runAttempts(
    _ task: TaskNode, _ run: inout TaskRun, _ frame: Frame, _ ledger: Ledger, _ keeper: ProgressKeeper,
    _ handover: Handover?
  ) async -> RunState {
    let policy = task.retry ?? frame.retry
    let began = Instant.now()
    let before = run.attempts
    while true {
      run.attempts += 1
      var limit: TimeLimit?
      do {
        let time = TimeLimit(try timeout(of: task, run, frame), inside: frame.cancellation)
        limit = time
        defer { time.end() }
        let state = try await attempt(task, &run, frame, ledger, time.cancellation, keeper, handover: handover)
        handover?.close(succeeded: true)
        run.ledger = ledger.counts
        let warned = policy?.warningOnRetry == true && run.attempts > before + 1 && state == .success
        return end(&run, warned ? .warning : state, task, frame, ledger)
      } catch {
        handover?.close(succeeded: false)
        let failure = asFailure(error)
        // Another attempt has its own time.
        let isTransient = failure.category == .transient || failure.category == .quota || limit?.isOver == true
        guard let policy, isTransient, keeper.mayRepeat(after: failure), !frame.cancellation.isCancelled,
          let wait = policy.wait(after: run.attempts - before, since: began)
        else { return fail(&run, failure, task, frame, ledger, keeper: keeper) }
        let message = engine.redactor.redact(failure.description)
        logger(run).log(.warn, "attempt \(run.attempts) failed: \(message). Next attempt in \(wait.iso8601)")
        engine.emit(.taskRetrying(run, after: wait, error: message))
        ledger.restart()
        ledger.add(retries: 1)
        await pause(wait, frame.cancellation)
      }
    }
  }

  /// Sleeps, but not past a cancellation.
  private func pause(_ wait: Duration, _ cancellation: Cancellation) async {
    let end = Instant.now().microseconds + Int64(wait.seconds * 1e6)
    while !cancellation.isCancelled {
      let left = end - Instant.now().microseconds
      if left <= 0 { return }
      try? await Task.sleep(for: .microseconds(min(left, 50_000)))
    }
  }

  /// How long an attempt, or a flowable with all inside of it, may take.
  func timeout(of task: TaskNode, _ run: TaskRun, _ frame: Frame) throws -> Duration? {
    try task.timeout?.rendered(in: scope(task, run, frame)).asDuration()
  }

  /// - Parameter early: the attempt that this is when it begins before its turn, and the task before it.
  func attempt(
    _ task: TaskNode, _ run: inout TaskRun, _ frame: Frame, _ ledger: Ledger, _ cancellation: Cancellation,
    _ keeper: ProgressKeeper, handover: Handover? = nil, early: (attempt: EarlyAttempt, after: String)? = nil
  ) async throws -> RunState {
    try cancellation.check()
    if task.type == Subflow.self { return try await subflow(task, &run, frame, cancellation) }
    guard let type = task.type as? any FerryTask.Type else { throw Failure(.bug, "\(run.type) cannot be run") }
    var scope = scope(task, run, frame)
    scope.check = cancellation.check
    let workspace = Workspace(executionID)
    defer { workspace.remove() }
    // A task that takes an input file finds it there, and its other properties may name it.
    if task.properties.contains(where: { $0.key == "inputFile" }) {
      scope.variables["inputFile"] = .string(try workspace.path() + "/inputFile")
    }
    if let early { scope.variables.set(.string(early.attempt.file.uri), at: ["outputs", early.after, "uri"]) }
    // A template may take its time, and files that it reads may make it wait.
    let properties = try await BlockingExecutor.run { [scope] in try self.render(task, in: scope) }
    let context = TaskContext(
      ledger: ledger, cancellation: cancellation, timeZone: engine.settings.timeZone, threads: engine.settings.threads,
      storage: engine.storage, folder: "\(start.folder)tasks/\(task.id)/\(run.id)/", flowFolder: host.folder,
      scope: scope,
      logger: logger(run, level: task.logLevel, early: early?.attempt), workspace: workspace, handover: handover,
      following: early?.attempt.file, keeper: keeper, acceptsUnknown: acceptsUnknown)
    run.outputs = try await BlockingExecutor.run {
      do {
        let task = try type.decode(from: properties)
        if let file = context.following, (task as? any FollowingTask)?.mayFollow(file.place) != true {
          throw Failure(.configuration, "it cannot begin before its input is complete")
        }
        return try task.run(context)
      } catch {
        throw cancellation.reason(for: error)
      }
    }
    try checkBalance(ledger.counts)
    return .success
  }

  private func checkBalance(_ counts: Ledger.Counts) throws {
    guard !counts.isBalanced else { return }
    throw Failure(
      .bug,
      """
      the records don't add up: \(counts.read) read, but \(counts.written) written + \(counts.rejected) rejected + \
      \(counts.filtered) filtered = \(counts.written + counts.rejected + counts.filtered)
      """, hint: "Nothing downstream should use this task's outputs; please report it")
  }

  private func render(_ task: TaskNode, in scope: Scope) throws -> ValueMap {
    let declarations = Declarations.of(task.type)
    var values = ValueMap()
    for member in task.properties {
      let declaration = declarations[member.key]
      do {
        let value = try rendered(member.node.value, declaration, in: scope)
        if declaration?.isSecret == true, !value.isNull { engine.redactor.add(value.text) }
        for secret in URLSecrets.find(in: value) { engine.redactor.add(secret) }
        values[member.key] = value
      } catch {
        if let failure = error as? Failure, failure.category == .cancelled { throw failure }
        throw Failure(
          (error as? Failure)?.category ?? .configuration,
          "\(flow.file):\(member.node.position.line): property '\(member.key)': \(error)")
      }
    }
    return values
  }

  private func rendered(_ value: Value, _ declaration: PropertyDeclaration?, in scope: Scope) throws -> Value {
    if declaration?.isRaw == true { return value }
    return declaration?.isText == true ? try value.renderedTexts(in: scope) : try value.rendered(in: scope)
  }

  // MARK: ends

  func fail(
    _ run: inout TaskRun, _ failure: Failure, _ task: TaskNode, _ frame: Frame, _ ledger: Ledger = Ledger(),
    keeper: ProgressKeeper? = nil
  ) -> RunState {
    run.outcome = keeper?.outcome(of: failure) ?? failure.outcome
    run.canResume = keeper?.progress?.canResume ?? (task.type == Subflow.self)
    if run.outcome == .undone { ledger.takeBack() }
    run.ledger = ledger.counts
    let allowed = (try? task.allowFailure?.rendered(in: scope(task, run, frame)))??.isTruthy ?? false
    let killed = failure.category == .cancelled && frame.cancellation.isCancelled
    let state: RunState = killed ? .killed : allowed ? .warning : .failed
    report(failure, as: state, &run)
    return end(&run, state, task, frame, ledger)
  }

  /// Keeps and logs what a task failed of.
  func report(_ failure: Failure, as state: RunState, _ run: inout TaskRun) {
    run.error = engine.redactor.redact(failure.description)
    run.category = failure.category
    logger(run).log(state == .warning ? .warn : .error, run.error ?? "")
    // A flowable whose time is over fails itself.
    guard state == .failed || (state == .killed && cancellation.isCancelled) else { return }
    memory.withLock { [run] in $0.failure = $0.failure ?? (run.taskID, run.error ?? "") }
  }

  func end(
    _ run: inout TaskRun, _ state: RunState, _ task: TaskNode, _ frame: Frame, _ ledger: Ledger? = nil
  ) -> RunState {
    run.state = state
    run.ended = .now()
    if state == .warning,
      (try? task.allowWarning?.rendered(in: scope(task, run, frame)))??.isTruthy == true
    {
      run.state = .success
    }
    let outputs = run.outputs
    (run.outputs, run.kept) = engine.redactor.outputs(outputs)
    let shown = shown(run)
    memory.withLock { memory in
      memory.taskRuns.append(shown)
      memory.note(shown.state, of: task, frame)
      if state == .success || state == .warning {
        memory.outputs.set(.map(outputs), at: [task.id] + frame.iterations.map(\.value.text))
      }
    }
    engine.emit(.taskEnded(shown))
    return run.state == .skipped ? .success : run.state
  }

  /// A task run as it leaves the engine: the value of its loop may hold a secret.
  private func shown(_ run: TaskRun) -> TaskRun {
    var shown = run
    shown.value = run.value.map(engine.redactor.redact)
    shown.values = run.values.map(engine.redactor.redact)
    return shown
  }

  /// What a task did at this place in the execution that is being restarted, when that need not be done again.
  private func reusable(_ task: TaskNode, _ frame: Frame) -> TaskRun? {
    guard !frame.isHandler, !(task.type is any Flowable.Type),
      let earlier = memory.withLock({ $0.earlier[frame.key(task.id)] }),
      Redactor.mayBe(frame.iterations.last?.value.text, shownAs: earlier.value)
    else { return nil }
    return earlier
  }

  /// Takes over what a task left. Outputs that held a secret were not recorded whole: they stay undefined, so that
  /// whatever needs them fails instead of working with the mask.
  private func reuse(_ earlier: TaskRun, of task: TaskNode, _ frame: Frame) -> RunState {
    let outputs = earlier.kept ?? earlier.outputs
    let kept = ValueMap(outputs.filter { !Redactor.isMasked($0.value) }.map { ($0.key, $0.value) })
    if kept.count < outputs.count {
      logger(earlier).log(.warn, "outputs that held a secret were not recorded: the restarted flow does without them")
    }
    engine.redactor.keep(filesIn: kept)
    memory.withLock { memory in
      memory.taskRuns.append(earlier)
      memory.note(earlier.state, of: task, frame)
      memory.outputs.set(.map(kept), at: [task.id] + frame.iterations.map(\.value.text))
    }
    return earlier.state
  }

  func asFailure(_ error: any Error) -> Failure {
    switch error {
    case let failure as Failure: failure
    case let mismatch as PropertyMismatch:
      Failure(.configuration, mismatch.path.isEmpty ? mismatch.message : "\(mismatch.path): \(mismatch.message)")
    case let error as ExpressionError: Failure(.configuration, error.description)
    case is CancellationError: Failure(.cancelled, "stopped")
    default: Failure(.bug, "\(error)")
    }
  }
}

extension FerryTask {
  static func decode(from properties: ValueMap) throws -> Self {
    try PropertyDecoder.decode(Self.self, from: properties)
  }
}

extension Value {
  fileprivate func asDuration() throws -> Duration { try Duration(property: self) }
}

extension ValueMap {
  /// Sets a value inside of nested maps, making those that are missing.
  mutating func set(_ value: Value, at path: [String]) {
    guard let first = path.first else { return }
    if path.count == 1 {
      self[first] = value
    } else {
      var inner = self[first]?.map ?? ValueMap()
      // With a second reference to it, every loop would copy the outputs of all its iterations so far.
      self[first] = .null
      inner.set(value, at: Array(path.dropFirst()))
      self[first] = .map(inner)
    }
  }
}
