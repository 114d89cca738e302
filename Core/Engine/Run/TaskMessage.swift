public import Expression
public import Records

/// One attempt at one task as a message: all that doing it takes, and nothing of the process that asks for it.
///
/// **The cut.** What stands on the side of `FlowRunner` decides which task runs when, renders its properties, and
/// records what becomes of it; what stands on the side of `TaskWorker` does the work. Between the two there are this
/// message, the `TaskResult` that answers it, and the `TaskLine` that is open meanwhile. In this process all three are
/// handed over as they are; a worker in another one gets the same as bytes.
public struct TaskMessage: Codable, Sendable, Hashable {
  /// The canonical type.
  public var type: String
  /// The type as the flow spells it.
  public var typeName: String
  public var namespace: String
  /// Rendered, but for those that are `.raw`.
  public var properties: ValueMap
  /// What the raw ones may name besides the columns of a row.
  public var variables: ValueMap
  public var executionID: String
  public var taskID: String
  public var taskRunID: String
  /// The values of the loops around it, the outermost first.
  public var values: [String]
  /// The URI under which the files of this run go; ends with a `/`.
  public var folder: String
  /// Where relative paths begin: a folder of the machine, or a URI.
  public var flowFolder: String
  /// The folder that properties already name, where they do: the worker makes it.
  public var workingDirectory: String?
  public var timeZone: String
  public var threads: Int
  public var logLevel: LogLevel
  /// What an earlier attempt has left.
  public var progress: TaskProgress?
  public var acceptsUnknown: Bool
}

/// What became of an attempt.
public struct TaskResult: Codable, Sendable, Hashable {
  public var state: RunState
  public var outputs = ValueMap()
  public var ledger: Ledger.Counts
  /// The lines of log that were not told while it ran.
  public var logs: [LogLine] = []
  /// Why it failed. Values of rows stay where they were.
  public var failure: Failure?
  /// Whether something is to be done once this is recorded: `TaskLine.recorded` does it.
  public var isWaitingForRecord = false

  /// The outputs; throws where there are none.
  func get() throws -> ValueMap {
    if let failure { throw failure }
    return outputs
  }
}

/// What an attempt says and is told while it runs: questions that want an answer at once. To another process each of
/// these would be a message of its own.
public struct TaskLine: Sendable {
  /// Stops the work.
  public var cancellation: Cancellation
  /// Counts what is moved, for live progress.
  public var ledger: Ledger
  public var redactor: Redactor
  public var log: @Sendable (LogLine) -> Void
  /// What stays done: in the record when it returns.
  var keeper: ProgressKeeper
  /// What is to be done once the outputs are recorded.
  let hooks = TaskHooks()
  /// In one process only: the next task may begin with what this one still writes, or this one has so begun.
  var handover: Handover?
  var following: GrowingFile?
}

/// Does the work of tasks.
public protocol TaskWorker: Sendable {
  /// Does one attempt. What it fails of stands in the result.
  func run(_ message: TaskMessage, _ line: TaskLine) async -> TaskResult
}

/// What a task wants done once its outputs are recorded. It does not outlive the attempt: when the process dies between
/// the record and this, nobody does it.
final class TaskHooks: Sendable {
  private let hooks = Locked<[(what: String, body: @Sendable () throws -> Void)]>([])

  func add(_ what: String, _ body: @escaping @Sendable () throws -> Void) { hooks.withLock { $0.append((what, body)) } }

  var isEmpty: Bool { hooks.withLock { $0.isEmpty } }

  /// Does all of it, in order, once; throws the first error when all has been tried.
  func run() throws {
    var first: (any Error)?
    let all = hooks.withLock { hooks in
      defer { hooks = [] }
      return hooks
    }
    for (what, body) in all {
      do { try body() } catch { first = first ?? (error as? Failure)?.whileDoing(what) ?? error }
    }
    if let first { throw first }
  }
}
