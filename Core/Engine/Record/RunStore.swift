public import Records

/// The record of executions, as the engine needs it: what is told of a run outlives the process, and several processes
/// agree about it. One implementation is SQLite beside the storage folder; others live in databases elsewhere.
///
/// No call blocks the thread that awaits it.
public protocol RunStore: Sendable {
  // MARK: what must not happen unrecorded

  /// Records what is about to happen. It is durable when this returns, behind all that happened before in the same
  /// execution; when this throws, it must not happen.
  func commit(_ change: RunChange) async throws

  // MARK: what has happened

  /// Records what has happened: nil once it is durable. Else why it is not: then it is kept, and tried again with
  /// whatever comes next of its execution.
  func note(_ change: RunChange) async -> Failure?

  /// Keeps a line of log for the next change of its execution. Returns at once, but for floods.
  func log(_ line: LogLine)

  /// What has happened in an execution and is not recorded.
  func unrecorded(of execution: String) -> [RunChange]

  // MARK: whose an execution is

  /// Holds an execution for this process, until it has ended or is released, or the process dies. Beginning one does
  /// so, too. Throws when another process holds it.
  func hold(_ execution: String) async throws

  /// Gives up an execution that is held.
  func release(_ execution: String)

  /// Lets a queued execution run when fewer than `limit` of its flow do, in all processes; whoever came first goes
  /// first.
  /// - Parameter queued: whether those that wait count as before this one.
  func takeTurn(_ execution: Execution, limit: Int, queued: Bool) async throws -> Bool

  // MARK: looking

  /// The newest executions first, without their task runs. Those whose process died are marked as failed.
  func executions(limit: Int) async throws -> [Execution]

  /// One execution with its task runs, nil when there is none. A unique beginning of the id is enough.
  func execution(_ id: String) async throws -> Execution?

  /// The log lines of an execution in order.
  func logs(_ execution: String) async throws -> [LogLine]

  /// What tasks of an execution have left behind without having come to their end: by place.
  func progress(of execution: String) async throws -> [String: RecordedProgress]
}

/// One change of the record.
public enum RunChange: Sendable {
  /// Begins, or goes on. The source is the flow's text without secrets.
  case executionBegan(Execution, file: String, source: String)
  case taskBegan(TaskRun)
  /// The outputs that a task has before its end.
  case taskNoted(TaskRun)
  /// The beginning of a task that has left no trace is taken back.
  case taskForgotten(TaskRun)
  case taskRetrying(TaskRun, error: String, at: Instant)
  case taskEnded(TaskRun)
  /// What a task leaves for good, or may; nil once it leaves nothing.
  case progress(TaskProgress?, of: TaskRun)
  case executionEnded(Execution)

  public var execution: String {
    switch self {
    case .executionBegan(let execution, _, _), .executionEnded(let execution): execution.id
    case .taskBegan(let run), .taskNoted(let run), .taskForgotten(let run), .taskEnded(let run): run.executionID
    case .taskRetrying(let run, _, _), .progress(_, let run): run.executionID
    }
  }

  /// Whether the machine may forget it when it dies: the task leaves nothing behind and may be done again.
  public var isRepeatable: Bool {
    switch self {
    case .taskBegan(let run), .taskForgotten(let run), .taskEnded(let run), .taskRetrying(let run, _, _):
      run.isRepeatable
    case .executionBegan, .taskNoted, .progress, .executionEnded: false
    }
  }
}

/// What a task has left at one place of an execution.
public struct RecordedProgress: Sendable {
  public var progress: TaskProgress
  /// The loop's value at that place.
  public var value: String?
  public var taskRun: String
  /// Nil when the process ended without a word.
  public var outcome: Failure.Outcome?

  public init(_ progress: TaskProgress, value: String?, taskRun: String, outcome: Failure.Outcome?) {
    self.progress = progress
    self.value = value
    self.taskRun = taskRun
    self.outcome = outcome
  }
}

extension TaskRun {
  /// Whether it may be done again after the machine has died: it leaves nothing behind. Files may have been moved.
  fileprivate var isRepeatable: Bool { type.hasPrefix("core.") && !type.hasPrefix("core.storage.") }
}

extension RunStore {
  /// An execution that is to go on, for this process alone: it is held before its state is looked at for good.
  func claim(_ id: String, of flow: Flow) async throws -> Execution {
    let seen = try await restartable(id, of: flow)
    try await hold(seen.id)
    do {
      let execution = try await restartable(seen.id, of: flow)
      guard execution.state == seen.state, execution.ended == seen.ended else {
        throw Failure(
          .configuration,
          "execution '\(id)' has been restarted meanwhile, and has ended as \(execution.state.rawValue)",
          hint: "'ferry runs \(execution.id)' shows how it went")
      }
      return execution
    } catch {
      release(seen.id)
      throw error
    }
  }

  private func restartable(_ id: String, of flow: Flow) async throws -> Execution {
    guard let execution = try await execution(id) else {
      throw Failure(.configuration, "there is no execution '\(id)'", hint: "'ferry runs' lists them")
    }
    guard execution.flowID == flow.id else {
      throw Failure(.configuration, "execution '\(id)' is one of flow '\(execution.flowID)', not of '\(flow.id)'")
    }
    guard execution.state.isTerminal, execution.state != .success else {
      throw Failure(
        .configuration, "execution '\(id)' is \(execution.state.rawValue): there is nothing to restart")
    }
    return execution
  }
}
