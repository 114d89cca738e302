public import Expression
internal import Records

/// What a task has recorded of work that stays done even if the task does not come to its end: a transaction that is
/// about to be committed, rows that are in.
public struct TaskProgress: Codable, Sendable, Hashable {
  /// In the task's own words. Nothing in it is masked: no secrets and no values of rows.
  public var state: ValueMap
  /// Whether the task finds out by `state` what has been done, and goes on behind it. Work without that is repeated
  /// only by a user who says so.
  public var canResume: Bool
  /// What the task puts out if its work turns out to be done. Recorded with secrets masked, as all outputs are.
  public var outputs: ValueMap?

  public init(_ state: ValueMap, canResume: Bool, outputs: ValueMap? = nil) {
    self.state = state
    self.canResume = canResume
    self.outputs = outputs
  }
}

/// The progress of one task at one place of an execution, over all its attempts, in memory and in the record.
final class ProgressKeeper: Sendable {
  private let current: Locked<TaskProgress?>
  private let write: @Sendable (TaskProgress?) throws -> Void

  init(_ earlier: TaskProgress? = nil, write: @escaping @Sendable (TaskProgress?) throws -> Void = { _ in }) {
    current = Locked(earlier)
    self.write = write
  }

  var progress: TaskProgress? { current.withLock { $0 } }

  /// Returns once it is recorded.
  func record(_ progress: TaskProgress?) throws {
    try current.withLock { current in
      if current == progress { return }
      try write(progress)
      current = progress
    }
  }

  /// What is left after a failure. What the task recorded and has not taken back may be there, whatever failed since.
  func outcome(of failure: Failure) -> Failure.Outcome {
    guard failure.left == .undone, let progress else { return failure.left }
    return progress.canResume ? .partial : .unknown
  }

  /// Whether the task may be tried again after this failure, so that nothing is done twice.
  func mayRepeat(after failure: Failure) -> Bool {
    failure.left != .unknown && (outcome(of: failure) == .undone || progress?.canResume == true)
  }
}

extension Failure {
  /// What is left that must not be done again.
  var left: Outcome { retryIsSafe ? .undone : outcome }
}
