internal import CSQLite
internal import Synchronization

/// Interrupts a database from any thread, also while it is being closed.
final class Interrupter: Sendable {
  @safe private struct Target: @unchecked Sendable { var pointer: OpaquePointer? }
  private let target: Mutex<Target>

  init(_ pointer: OpaquePointer?) { target = unsafe Mutex(Target(pointer: pointer)) }

  func interrupt() {
    target.withLock { if let pointer = unsafe $0.pointer { unsafe sqlite3_interrupt(pointer) } }
  }

  func forget() { target.withLock { unsafe $0.pointer = nil } }
}
