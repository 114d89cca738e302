internal import CODBC
internal import Records
internal import SQL
internal import Synchronization

/// Stops what a connection runs, from another thread: SQLCancel is the only call that two threads may make at a time.
final class Interrupter: Sendable {
  @safe private struct Target: @unchecked Sendable { var handle: SQLHSTMT? }
  private let target = unsafe Mutex(Target(handle: nil))
  private let used = Mutex(false)
  private let line: Lifeline

  init(_ line: Lifeline) { self.line = line }

  /// Whether what runs was interrupted.
  var wasUsed: Bool { used.withLock { $0 } }

  func reset() { used.withLock { $0 = false } }

  /// A statement begins, or is the one to be stopped again.
  func watch(_ statement: StatementHandle) { target.withLock { unsafe $0.handle = unsafe statement.handle } }

  /// The statement is going to be freed.
  /// - Returns: false while a request to stop is on its way, which may take as long as the network likes: the statement
  ///   is then to be freed with its connection.
  func forget(_ statement: StatementHandle) -> Bool {
    target.withLockIfAvailable { target in
      if unsafe target.handle == statement.handle { unsafe target.handle = nil }
      return true
    } ?? false
  }

  /// All statements are going to be freed with their connection. Waits for a request to stop that is on its way: the
  /// driver uses the statement until it has been answered.
  func forgetAll() { target.withLock { unsafe $0.handle = nil } }

  /// Asks for a stop; where that is not heard the connection is given up.
  func interrupt() {
    used.withLock { $0 = true }
    line.stop(within: Patience.stop)
    // A driver may wait for its own locks.
    if Threads.start({ self.send() }) != 0 { line.cut(.stopped) }
  }

  private func send() {
    target.withLock { target in
      if let handle = unsafe target.handle { _ = unsafe SQLCancel(handle) }
    }
  }
}
