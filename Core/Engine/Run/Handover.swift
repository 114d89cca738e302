internal import Expression
internal import Records

/// Lets the next task of a list begin while the one before it still writes the record file that it reads.
///
/// The early attempt counts only when both succeed. When the first task fails, the next one has never run; when the
/// early attempt fails and leaves nothing behind, it is forgotten, and the task runs in its turn as if nothing had been
/// tried. When it may have left something, the task has failed. What a flow does and reports is the same as one after
/// the other, but for the time.
final class Handover: Sendable {
  private let begin: @Sendable (GrowingFile) -> EarlyAttempt?
  private let state = Locked(State())

  private struct State {
    var attempt: EarlyAttempt?
    var isClosed = false
  }

  init(_ begin: @escaping @Sendable (GrowingFile) -> EarlyAttempt?) { self.begin = begin }

  /// The file has its first rows. Only the first offer counts.
  func offer(_ file: GrowingFile) {
    state.withLock { state in
      if state.isClosed || state.attempt != nil { return }
      state.attempt = begin(file)
    }
  }

  /// An attempt at the first task has ended. Only the first call counts: a retry writes another file.
  func close(succeeded: Bool) {
    let attempt = state.withLock { state -> EarlyAttempt? in
      if state.isClosed { return nil }
      state.isClosed = true
      return state.attempt
    }
    attempt?.file.end(succeeded: succeeded)
    if !succeeded { attempt?.limit.cancellation.cancel(.sibling) }
  }

  /// The early attempt, where the first task has succeeded. Else waits until what it has done is undone.
  func attempt() async -> EarlyAttempt? {
    close(succeeded: false)
    guard let attempt = state.withLock({ $0.attempt }) else { return nil }
    guard attempt.limit.cancellation.isCancelled else { return attempt }
    // What it has done for good counts, whoever stopped it.
    do { _ = try await attempt.result() } catch {
      return Failure(of: error).left == .undone ? nil : attempt
    }
    return attempt
  }
}

/// An attempt at a task that began before its turn.
final class EarlyAttempt: Sendable {
  let run: TaskRun
  /// What the task before it writes.
  let file: GrowingFile
  let ledger = Ledger()
  let limit: TimeLimit
  let keeper: ProgressKeeper
  /// What it has logged; shown once it counts.
  private let held = Locked<[LogLine]>([])
  private let work = Locked<Task<FlowRunner.Attempt, any Error>?>(nil)

  init(_ run: TaskRun, _ file: GrowingFile, _ keeper: ProgressKeeper, inside outer: Cancellation) {
    self.run = run
    self.keeper = keeper
    limit = TimeLimit(nil, inside: outer)
    self.file = file
  }

  func hold(_ line: LogLine) { held.withLock { $0.append(line) } }
  var lines: [LogLine] { held.withLock { $0 } }

  func start(_ body: @escaping @Sendable () async throws -> FlowRunner.Attempt) {
    work.withLock { $0 = Task { try await body() } }
  }

  /// Waits for its end.
  func result() async throws -> FlowRunner.Attempt {
    guard let work = work.withLock({ $0 }) else { throw Failure(.bug, "an early attempt was never begun") }
    return try await work.value
  }
}

extension FlowRunner {
  /// What lets `next` begin early, where that is possible at all.
  func handover(from task: TaskNode, to next: TaskNode?, _ frame: Frame) -> Handover? {
    guard engine.settings.threads > 1, let next, frame.iterations.isEmpty, next.follows(task),
      !flow.variables.contains(where: { $0.value.mentionsOutputs })
    else { return nil }
    return Handover { [self] file in
      let run = newRun(of: next, frame)
      let early = EarlyAttempt(run, file, keeper(of: run, frame), inside: frame.cancellation)
      // The task that hands over waits on a thread of its own.
      do { try BlockingExecutor.wait { [engine] in try await engine.store.commit(.taskBegan(early.run)) } } catch {
        return nil
      }
      early.start { [self] in
        defer { early.limit.end() }
        var run = early.run
        do {
          return try await attempt(
            next, &run, frame, early.ledger, early.limit.cancellation, early.keeper, early: (early, after: task.id))
        } catch {
          let isUndone = Failure(of: error).left == .undone
          if early.limit.cancellation.isCancelled && isUndone { _ = await engine.store.note(.taskForgotten(run)) }
          throw error
        }
      }
      return early
    }
  }
}

extension TaskNode {
  /// Whether all that this task takes from the one before it is the file that it reads.
  fileprivate func follows(_ leader: TaskNode) -> Bool {
    guard let type = type as? any FollowingTask.Type, runIf == nil, disabled == nil, timeout == nil else {
      return false
    }
    return properties.allSatisfy { member in
      guard member.key.isExactly(type.followedProperty) else { return !member.node.value.mentionsOutputs }
      let text = member.node.value.string.map { $0.filter { !$0.isWhitespace } }
      return ["outputs.\(leader.id).uri", "outputs['\(leader.id)'].uri", "outputs[\"\(leader.id)\"].uri"]
        .contains { text == "{{\($0)}}" }
    } && property(type.followedProperty) != nil
  }
}

extension Value {
  /// Whether a template in it looks at what tasks put out.
  fileprivate var mentionsOutputs: Bool {
    switch self {
    case .string(let text): text.contains("{{") && text.contains("outputs") || text.contains("{%")
    case .list(let values): values.contains { $0.mentionsOutputs }
    case .map(let map): map.contains { $0.value.mentionsOutputs }
    default: false
    }
  }
}
