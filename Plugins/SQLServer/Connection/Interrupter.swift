internal import CFreeTDS
internal import Records
internal import SQL
internal import Synchronization

/// Stops what a session runs, from another thread, also while it is being closed.
final class Interrupter: Sendable {
  @safe private struct Target: @unchecked Sendable { var handle: OpaquePointer? }
  private let target: Mutex<Target>
  private let used = Mutex(false)
  private let line: Lifeline

  init(_ handle: OpaquePointer, _ line: Lifeline) {
    target = unsafe Mutex(Target(handle: handle))
    self.line = line
  }

  /// Whether what runs was interrupted.
  var wasUsed: Bool { used.withLock { $0 } }

  func reset() { used.withLock { $0 = false } }

  /// Asks the server to stop; the connection is cut where it does not. Does not block: the library may wait for the
  /// server's word.
  func interrupt() {
    used.withLock { $0 = true }
    line.stop(within: Patience.stop)
    if Threads.start({ self.send() }) != 0 { line.cut(.stopped) }
  }

  private func send() {
    target.withLock { target in
      if let handle = unsafe target.handle { unsafe dbcancel(handle) }
    }
  }

  func forget() { target.withLock { unsafe $0.handle = nil } }
}
