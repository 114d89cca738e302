internal import Synchronization

/// A mutex that can be a member of a class.
public final class Locked<Value: Sendable>: Sendable {
  private let mutex: Mutex<Value>

  public init(_ value: Value) { mutex = Mutex(value) }

  public func withLock<T>(_ body: (inout Value) throws -> T) rethrows -> T {
    try mutex.withLock { value in try body(&value) }
  }
}
