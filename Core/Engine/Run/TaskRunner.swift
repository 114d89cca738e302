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
        try await engine.begin(run, ledger)
        return await end(&run, .skipped, task, frame)
      }
    } catch {
      try? await engine.begin(run, ledger)
      return await fail(&run, asFailure(error), task, frame, ledger)
    }
    do { try await engine.begin(run, ledger) } catch {
      return await fail(&run, asFailure(error), task, frame, ledger)
    }
    if let flowable = task.type as? any Flowable.Type { return await runFlowable(flowable.kind, task, &run, frame) }
    if let early, let result = await result(of: early) {
      run.attempts += 1
      switch result {
      case .success(let done):
        run.outputs = done.outputs
        run.ledger = done.counts
        return await end(&run, .success, task, frame, hooks: done.hooks)
      case .failure(let failure): return await fail(&run, failure, task, frame, ledger, keeper: early.keeper)
      }
    }
    return await runAttempts(task, &run, frame, ledger, early?.keeper ?? keeper(of: run, frame), handover)
  }

  /// Keeps what the task leaves for good; begins with what it left in the run that is being restarted.
  func keeper(of run: TaskRun, _ frame: Frame) -> ProgressKeeper {
    var earlier = frame.isHandler ? nil : memory.withLock { $0.earlierProgress[run.key] }
    if !Masked.mayBe(frame.iterations.last?.value.text, shownAs: earlier?.value) { earlier = nil }
    if acceptsUnknown && earlier?.progress.canResume == false { earlier = nil }
    return ProgressKeeper(earlier?.progress) { [engine] progress in
      var recorded = progress
      recorded?.outputs = progress?.outputs?.withoutSecrets
      try BlockingExecutor.wait { [recorded] in try await engine.store.commit(.progress(recorded, of: run)) }
    }
  }

  func newRun(of task: TaskNode, _ frame: Frame) -> TaskRun {
    var run = TaskRun(
      id: Identifier.make(), executionID: executionID, taskID: task.id, type: task.type.info.type,
      parentID: frame.parents.first?.run.id,
      value: frame.iterations.last?.value.markedText.masked,
      iterationPath: frame.iterations.map { "\($0.index)" }.joined(separator: "/"),
      state: .running, started: .now())
    run.values = frame.iterations.map(\.value.markedText.masked)
    // A restart goes on counting.
    run.attempts = memory.withLock { $0.earlierAttempts[frame.key(task.id)] } ?? 0
    return run
  }

  /// Nil when the early attempt failed and left nothing behind: the task runs now, as if it had not been tried.
  private func result(of early: EarlyAttempt) async -> Result<Attempt, Failure>? {
    do {
      let done = try await early.result()
      for line in early.lines { engine.log(line) }
      return .success(done)
    } catch {
      let failure = asFailure(error)
      guard failure.left == .undone else {
        for line in early.lines { engine.log(line) }
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
        let done = try await attempt(task, &run, frame, ledger, time.cancellation, keeper, handover: handover)
        handover?.close(succeeded: true)
        run.outputs = done.outputs
        run.ledger = done.counts
        let warned = policy?.warningOnRetry == true && run.attempts > before + 1 && done.state == .success
        return await end(&run, warned ? .warning : done.state, task, frame, hooks: done.hooks)
      } catch {
        handover?.close(succeeded: false)
        let failure = asFailure(error)
        // Another attempt has its own time.
        let isTransient = failure.category == .transient || failure.category == .quota || limit?.isOver == true
        guard let policy, isTransient, keeper.mayRepeat(after: failure), !frame.cancellation.isCancelled,
          let wait = policy.wait(after: run.attempts - before, since: began, atLeast: failure.retryAfter)
        else { return await fail(&run, failure, task, frame, ledger, keeper: keeper) }
        let message = host.redactor.redact(failure.description)
        logger(run).log(.warn, "attempt \(run.attempts) failed: \(message). Next attempt in \(wait.iso8601)")
        _ = await engine.store.note(.taskRetrying(run, error: message, at: .now()))
        engine.tell(.taskRetrying(run, after: wait, error: message))
        ledger.restart()
        ledger.add(retries: 1)
        await Timers.shared.sleep(wait, unless: frame.cancellation)
      }
    }
  }

  /// How long an attempt, or a flowable with all inside of it, may take.
  func timeout(of task: TaskNode, _ run: TaskRun, _ frame: Frame) throws -> Duration? {
    try task.timeout?.rendered(in: scope(task, run, frame)).asDuration()
  }

  /// What became of an attempt that did not fail, and what is to be done once that is recorded.
  struct Attempt: Sendable {
    var state = RunState.success
    var outputs: ValueMap
    var counts: Ledger.Counts
    var hooks: TaskHooks?
  }

  /// - Parameter early: the attempt that this is when it begins before its turn, and the task before it.
  func attempt(
    _ task: TaskNode, _ run: inout TaskRun, _ frame: Frame, _ ledger: Ledger, _ cancellation: Cancellation,
    _ keeper: ProgressKeeper, handover: Handover? = nil, early: (attempt: EarlyAttempt, after: String)? = nil
  ) async throws -> Attempt {
    let secrets = TaskSecrets(inside: host.redactor)
    do {
      return try await attempt(
        task, &run, frame, ledger, cancellation, keeper, secrets, handover: handover, early: early)
    } catch {
      throw secrets.redactor.redact(asFailure(error))
    }
  }

  private func attempt(
    _ task: TaskNode, _ run: inout TaskRun, _ frame: Frame, _ ledger: Ledger, _ cancellation: Cancellation,
    _ keeper: ProgressKeeper, _ secrets: TaskSecrets, handover: Handover?,
    early: (attempt: EarlyAttempt, after: String)?
  ) async throws -> Attempt {
    try cancellation.check()
    if task.type == Subflow.self {
      let state = try await subflow(task, &run, frame, cancellation)
      return Attempt(state: state, outputs: run.outputs, counts: ledger.counts)
    }
    var scope = scope(task, run, frame)
    scope.check = cancellation.check
    if let early { scope.variables.set(.string(early.attempt.file.uri), at: ["outputs", early.after, "uri"]) }
    let line = TaskLine(
      cancellation: cancellation, ledger: ledger, redactor: secrets.redactor,
      log: { [engine] line in early.map { $0.attempt.hold(line) } ?? engine.log(line) }, keeper: keeper,
      handover: handover, following: early?.attempt.file)
    let files = task.localFiles
    let workingDirectory = files.isEmpty ? nil : try Workspace.make(executionID)
    defer { if let workingDirectory { Workspace.remove(workingDirectory) } }
    if let workingDirectory {
      for name in files { scope.variables[name] = .string(workingDirectory + "/" + name) }
    }
    var message = try await message(task, run, scope, keeper, secrets)
    message.workingDirectory = workingDirectory
    // Here a run can be cut: see `TaskMessage`.
    let result = await engine.worker.run(message, line)
    for line in result.logs { engine.log(line) }
    let outputs = secrets.marked(try result.get())
    try checkBalance(result.ledger)
    return Attempt(outputs: outputs, counts: result.ledger, hooks: result.isWaitingForRecord ? line.hooks : nil)
  }

  private func message(
    _ task: TaskNode, _ run: TaskRun, _ scope: Scope, _ keeper: ProgressKeeper, _ secrets: TaskSecrets
  ) async throws -> TaskMessage {
    // A template may take its time, and files that it reads may make it wait.
    let properties = try await BlockingExecutor.run { try self.render(task, in: scope, secrets) }
    let declarations = Declarations.of(task.type)
    let raw = task.properties.compactMap { declarations[$0.key]?.isRaw == true ? $0.node.value.string : nil }
    return TaskMessage(
      type: run.type, typeName: task.typeName, namespace: flow.namespace, properties: properties,
      variables: try TaskMessage.variables(for: raw, of: scope.variables), executionID: executionID, taskID: task.id,
      taskRunID: run.id, values: run.values, folder: "\(start.folder)tasks/\(task.id)/\(run.id)/",
      flowFolder: host.folder, timeZone: engine.settings.timeZone,
      threads: engine.settings.threads, logLevel: task.logLevel ?? engine.settings.logLevel,
      progress: keeper.progress, acceptsUnknown: acceptsUnknown)
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

  private func render(_ task: TaskNode, in scope: Scope, _ secrets: TaskSecrets) throws -> ValueMap {
    let declarations = Declarations.of(task.type)
    var values = ValueMap()
    for member in task.properties {
      let declaration = declarations[member.key]
      do {
        let value = try rendered(member.node.value, declaration, in: scope)
        values[member.key] =
          declaration?.isRaw == true ? value : secrets.given(value, isSecret: declaration?.isSecret == true)
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
  ) async -> RunState {
    run.outcome = keeper?.outcome(of: failure) ?? failure.outcome
    run.canResume = keeper?.progress?.canResume ?? (task.type == Subflow.self)
    if run.outcome == .undone { ledger.takeBack() }
    run.ledger = ledger.counts
    let allowed = (try? task.allowFailure?.rendered(in: scope(task, run, frame)))??.isTruthy ?? false
    let killed = failure.category == .cancelled && frame.cancellation.isCancelled
    let state: RunState = killed ? .killed : allowed ? .warning : .failed
    report(failure, as: state, &run)
    return await end(&run, state, task, frame)
  }

  /// Keeps and logs what a task failed of.
  func report(_ failure: Failure, as state: RunState, _ run: inout TaskRun) {
    run.error = host.redactor.redact(failure.description)
    run.category = failure.category
    logger(run).log(state == .warning ? .warn : .error, run.error ?? "")
    // A flowable whose time is over fails itself.
    guard state == .failed || (state == .killed && cancellation.isCancelled) else { return }
    memory.withLock { [run] in $0.failure = $0.failure ?? (run.taskID, run.error ?? "") }
  }

  /// - Parameter hooks: what the task wants done once its outputs are recorded.
  func end(
    _ run: inout TaskRun, _ state: RunState, _ task: TaskNode, _ frame: Frame, hooks: TaskHooks? = nil
  ) async -> RunState {
    run.state = allowed(state, task, run, frame)
    run.ended = .now()
    let outputs = run.outputs
    run.outputs = outputs.masked
    run.kept = Masked.holdsMask(.map(run.outputs)) ? outputs.withoutSecrets : nil
    let problem = await engine.store.note(.taskEnded(run))
    if let hooks, let failure = await acknowledge(hooks, problem) {
      run.error = host.redactor.redact(failure.whileDoing("its outputs are there, but").description)
      run.category = failure.category
      logger(run).log(.warn, run.error ?? "")
      run.state = allowed(.warning, task, run, frame)
      run.ended = .now()
      _ = await engine.store.note(.taskEnded(run))
    }
    memory.withLock { [run] memory in
      memory.taskRuns.append(run)
      memory.note(run.state, of: task, frame)
      if state == .success || state == .warning { memory.outputs.set(.map(outputs), at: frame.place(of: task)) }
    }
    engine.tell(.taskEnded(run))
    return run.state == .skipped ? .success : run.state
  }

  private func allowed(_ state: RunState, _ task: TaskNode, _ run: TaskRun, _ frame: Frame) -> RunState {
    guard state == .warning,
      (try? task.allowWarning?.rendered(in: scope(task, run, frame)))??.isTruthy == true
    else { return state }
    return .success
  }

  /// Does what was to be done once the outputs are recorded, where they are; returns why it was not.
  private func acknowledge(_ hooks: TaskHooks, _ problem: Failure?) async -> Failure? {
    if let problem { return problem }
    do { try await BlockingExecutor.run { try hooks.run() } } catch { return asFailure(error) }
    return nil
  }

  /// What a task did at this place in the execution that is being restarted, when that need not be done again.
  private func reusable(_ task: TaskNode, _ frame: Frame) -> TaskRun? {
    guard !frame.isHandler, !(task.type is any Flowable.Type),
      let earlier = memory.withLock({ $0.earlier[frame.key(task.id)] }),
      Masked.mayBe(frame.iterations.last?.value.text, shownAs: earlier.value)
    else { return nil }
    // What only says what its properties come to can say it again, secrets and all.
    return task.type is any Computation.Type && earlier.hidesOutputs ? nil : earlier
  }

  /// Takes over what a task left. What was secret of its outputs was not recorded: it stays undefined, so that whatever
  /// needs it fails instead of working with the mask.
  private func reuse(_ earlier: TaskRun, of task: TaskNode, _ frame: Frame) -> RunState {
    let kept = earlier.kept ?? Masked.without(earlier.outputs)
    if earlier.hidesOutputs {
      logger(earlier).log(.warn, "outputs that held a secret were not recorded: the restarted flow does without them")
    }
    host.redactor.keep(urisIn: .map(kept))
    memory.withLock { memory in
      memory.taskRuns.append(earlier)
      memory.note(earlier.state, of: task, frame)
      memory.outputs.set(.map(kept), at: frame.place(of: task))
    }
    return earlier.state
  }

  func asFailure(_ error: any Error) -> Failure { Failure(of: error) }
}

extension TaskRun {
  /// Whether not all of its outputs were recorded.
  fileprivate var hidesOutputs: Bool { (kept ?? Masked.without(outputs)) != outputs }
}

extension DeclaredTask where Self: Decodable {
  static func decode(from properties: ValueMap) throws -> Self {
    try PropertyDecoder.decode(Self.self, from: properties)
  }
}

extension Value {
  fileprivate func asDuration() throws -> Duration { try Duration(property: self) }
}

extension FlowRunner.Frame {
  /// Where what a task puts out lies: by its name and the values of the loops around.
  func place(of task: TaskNode) -> [MarkedText] { [MarkedText(task.id)] + iterations.map(\.value.markedText) }
}

extension ValueMap {
  /// Sets a value inside of nested maps, making those that are missing.
  mutating func set(_ value: Value, at path: [MarkedText]) {
    guard let first = path.first else { return }
    if path.count == 1 {
      set(first, to: value)
    } else {
      var inner = self[first.text]?.map ?? ValueMap()
      // With a second reference to it, every loop would copy the outputs of all its iterations so far.
      self[first.text] = .null
      inner.set(value, at: Array(path.dropFirst()))
      set(first, to: .map(inner))
    }
  }

  mutating func set(_ value: Value, at path: [String]) { set(value, at: path.map { MarkedText($0) }) }
}
