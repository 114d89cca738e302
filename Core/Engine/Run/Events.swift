public import Expression
public import Records

/// The states of an execution and of a task run, named as Kestra names them.
public enum RunState: String, Codable, Sendable, Hashable {
  case created = "CREATED"
  case running = "RUNNING"
  case queued = "QUEUED"
  case retrying = "RETRYING"
  case success = "SUCCESS"
  case warning = "WARNING"
  case failed = "FAILED"
  case killed = "KILLED"
  case cancelled = "CANCELLED"
  case skipped = "SKIPPED"

  public var isTerminal: Bool {
    switch self {
    case .created, .running, .queued, .retrying: false
    default: true
    }
  }
}

/// A point in time, in microseconds since 1970 UTC.
public struct Instant: Codable, Sendable, Hashable, Comparable {
  public var microseconds: Int64
  public init(microseconds: Int64) { self.microseconds = microseconds }
  public static func < (a: Instant, b: Instant) -> Bool { a.microseconds < b.microseconds }
  /// So much later.
  func advanced(by time: Duration) -> Instant { Instant(microseconds: microseconds + Int64(time.seconds * 1e6)) }
  public func duration(to end: Instant) -> Duration { .microseconds(end.microseconds - microseconds) }
}

/// One run of one task, with everything that became of it. Once it has ended, nothing in it is secret.
public struct TaskRun: Sendable {
  public var id: String
  public var executionID: String
  public var taskID: String
  public var type: String
  public var parentID: String?
  /// Inside of a ForEach: the value of the innermost iteration, and the numbers of all, the outermost first: `0/2`.
  public var value: String?
  public var iterationPath: String
  /// The values of all loops around, the outermost first; not recorded.
  public var values: [String] = []
  public var state: RunState
  public var attempts = 0
  public var started: Instant
  public var ended: Instant?
  public var ledger = Ledger.Counts()
  public var outputs = ValueMap()
  /// The outputs for a restart, where that is more than what is shown.
  public var kept: ValueMap?
  public var error: String?
  public var category: Failure.Category?
  /// What is left of the work of a task that failed, and whether a restart finds out how much that is and goes on
  /// behind it.
  public var outcome = Failure.Outcome.undone
  public var canResume = false

  public init(
    id: String, executionID: String, taskID: String, type: String, parentID: String? = nil, value: String? = nil,
    iterationPath: String, state: RunState, started: Instant
  ) {
    self.id = id
    self.executionID = executionID
    self.taskID = taskID
    self.type = type
    self.parentID = parentID
    self.value = value
    self.iterationPath = iterationPath
    self.state = state
    self.started = started
  }
}

/// One execution of a flow.
public struct Execution: Sendable {
  public var id: String
  public var namespace: String
  public var flowID: String
  public var state: RunState
  public var started: Instant
  public var ended: Instant?
  public var labels = ValueMap()
  public var inputs = ValueMap()
  public var outputs = ValueMap()
  /// The outputs with their secrets, for the flow that runs this one; not recorded.
  var whole = ValueMap()
  public var error: String?
  /// The execution whose Subflow task started this one.
  public var parentID: String?
  public var taskRuns: [TaskRun] = []
  /// Whether the record knows how it ended; not recorded itself.
  public var isRecorded = true
  /// Knows the secrets that it came by; not recorded.
  var redactor: Redactor?

  public init(
    id: String, namespace: String, flowID: String, state: RunState, started: Instant, ended: Instant? = nil,
    labels: ValueMap = [:], inputs: ValueMap = [:], outputs: ValueMap = [:], error: String? = nil,
    parentID: String? = nil
  ) {
    self.id = id
    self.namespace = namespace
    self.flowID = flowID
    self.state = state
    self.started = started
    self.ended = ended
    self.labels = labels
    self.inputs = inputs
    self.outputs = outputs
    self.error = error
    self.parentID = parentID
  }

  /// A text from outside, such as a row, as it may be shown: without the secrets that the execution came by.
  public func redacted(_ text: String) -> String { redactor?.redact(text) ?? text }
}

extension Execution {
  /// Where the files of its tasks lie in internal storage; ends with a `/`.
  var folder: String { "ferry:///\(namespace.replacing(".", with: "/"))/\(flowID)/executions/\(id)/" }
}

/// A line of log.
public struct LogLine: Codable, Sendable, Hashable {
  public var time: Instant
  public var level: LogLevel
  public var executionID: String
  public var taskID: String?
  public var taskRunID: String?
  /// The values of the loops around the task, the outermost first; not recorded.
  public var values: [String] = []
  public var message: String
}

/// What happens in a run, in order, for the terminal, the JSON log and the record.
public enum RunEvent: Sendable {
  case executionStarted(Execution)
  /// The ledger lives on while the task runs, for live progress.
  case taskStarted(TaskRun, Ledger)
  case taskRetrying(TaskRun, after: Duration, error: String)
  case taskEnded(TaskRun)
  case log(LogLine)
  case executionEnded(Execution)
}

/// Takes the events of a run. Called from several threads.
public protocol RunObserver: Sendable {
  func handle(_ event: RunEvent)
}

/// Writes a task's log lines, without secrets, from its level on.
final class TaskLogger: Sendable {
  let redactor: Redactor
  private let level: LogLevel
  private let executionID: String
  private let taskID: String?
  private let taskRunID: String?
  private let values: [String]
  private let clock: @Sendable () -> Instant
  private let emit: @Sendable (LogLine) -> Void

  init(
    redactor: Redactor, level: LogLevel, executionID: String, taskID: String? = nil, taskRunID: String? = nil,
    values: [String] = [], clock: @escaping @Sendable () -> Instant = Instant.now,
    emit: @escaping @Sendable (LogLine) -> Void
  ) {
    self.redactor = redactor
    self.level = level
    self.executionID = executionID
    self.taskID = taskID
    self.taskRunID = taskRunID
    self.values = values
    self.clock = clock
    self.emit = emit
  }

  func log(_ level: LogLevel, _ message: String) {
    guard level >= self.level else { return }
    log(level, MarkedText(redactor.redact(message)))
  }

  func log(_ level: LogLevel, _ message: MarkedText) {
    guard level >= self.level else { return }
    emit(
      LogLine(
        time: clock(), level: level, executionID: executionID, taskID: taskID, taskRunID: taskRunID,
        values: values, message: message.masked))
  }
}
