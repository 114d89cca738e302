internal import Records
internal import Synchronization

/// Tells a running task that it has to stop, and lets it register what can be interrupted from outside: a query on a
/// server, a child process.
public final class Cancellation: Sendable {
  public enum Reason: Sendable, Hashable {
    case signal(Int32)
    case timeout(Duration)
    /// The time-out of a flowable around it.
    case outerTimeout(Duration)
    /// Another task of the flow failed.
    case sibling
  }

  private struct State {
    var reason: Reason?
    var nextID = 0
    var handlers: [Int: @Sendable () -> Void] = [:]
  }

  private let state = Mutex(State())
  /// Held while handlers run: whoever unregisters one waits for its end, and may then free what it works with.
  private let running = Mutex(())

  /// When a time-out will stop the task; nil when none will.
  public let deadline: ContinuousClock.Instant?

  public init(deadline: ContinuousClock.Instant? = nil) { self.deadline = deadline }

  public var reason: Reason? { state.withLock { $0.reason } }
  public var isCancelled: Bool { reason != nil }

  /// Stops the task: runs the handlers, once, on the caller's thread.
  public func cancel(_ reason: Reason) {
    running.withLock { _ in
      let handlers = state.withLock { state in
        guard state.reason == nil else { return [@Sendable () -> Void]() }
        state.reason = reason
        return Array(state.handlers.values)
      }
      for handler in handlers { handler() }
    }
  }

  /// Runs `body`; a cancellation meanwhile (or before) calls `handler`, from another thread. The handler is not running
  /// any more when this returns; it must wait for nothing, neither the body nor the network: whatever else is to be
  /// stopped waits for it.
  public func onCancel<T>(_ handler: @escaping @Sendable () -> Void, during body: () throws -> T) throws -> T {
    let id = register(handler)
    defer { unregister(id) }
    try check()
    return try body()
  }

  /// Adds a handler that a cancellation calls; one that comes after it is called at once.
  func register(_ handler: @escaping @Sendable () -> Void) -> Int {
    let (id, isLate) = state.withLock { state in
      state.nextID += 1
      state.handlers[state.nextID] = handler
      return (state.nextID, state.reason != nil)
    }
    if isLate { handler() }
    return id
  }

  func unregister(_ id: Int) {
    running.withLock { _ in state.withLock { _ = $0.handlers.removeValue(forKey: id) } }
  }

  /// Throws when the task has to stop.
  public func check() throws {
    guard let reason else { return }
    throw Cancellation.failure(reason)
  }

  /// The reason, where the work was stopped, with what is known of what it has left; else the error itself.
  func reason(for error: any Error) -> any Error {
    guard let reason else { return error }
    var failure = Cancellation.failure(reason)
    guard let cause = error as? Failure, cause.outcome != .undone else { return failure }
    if cause.message.hasPrefix(failure.message) { return cause }
    failure.outcome = cause.outcome
    failure.message += "; \(cause.message)"
    failure.hint = cause.hint ?? failure.hint
    return failure
  }

  static func failure(_ reason: Reason) -> Failure {
    switch reason {
    case .signal: Failure(.cancelled, "stopped by a signal")
    case .timeout(let limit):
      Failure(.cancelled, "stopped by its timeout of \(limit.iso8601)", hint: "Raise the task's 'timeout'")
    case .outerTimeout(let limit):
      Failure(.cancelled, "stopped by the timeout of \(limit.iso8601) of a task around it")
    case .sibling: Failure(.cancelled, "stopped because another task failed")
    }
  }
}
