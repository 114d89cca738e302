internal import Glibc

/// A value that several threads share, each waiting until it is as they need it.
@safe public final class Monitor<Value>: @unchecked Sendable {
  private let mutex: UnsafeMutablePointer<pthread_mutex_t> = .allocate(capacity: 1)
  private let changed: UnsafeMutablePointer<pthread_cond_t> = .allocate(capacity: 1)
  private var value: Value

  public init(_ value: Value) {
    self.value = value
    unsafe pthread_mutex_init(mutex, nil)
    // The clock that nobody sets, for the waits with a limit.
    var attributes = pthread_condattr_t()
    unsafe pthread_condattr_init(&attributes)
    unsafe pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
    unsafe pthread_cond_init(changed, &attributes)
    unsafe pthread_condattr_destroy(&attributes)
  }

  deinit {
    unsafe pthread_cond_destroy(changed)
    unsafe pthread_mutex_destroy(mutex)
    unsafe changed.deallocate()
    unsafe mutex.deallocate()
  }

  /// Looks at the value or changes it; those that wait look again.
  public func withLock<T>(_ body: (inout Value) throws -> T) rethrows -> T {
    unsafe pthread_mutex_lock(mutex)
    defer {
      unsafe pthread_cond_broadcast(changed)
      unsafe pthread_mutex_unlock(mutex)
    }
    return try body(&value)
  }

  /// Waits until `body` returns something: it is called first, and again behind each change. It may change the value
  /// when, and only when, it returns something.
  public func wait<T>(_ body: (inout Value) throws -> T?) rethrows -> T {
    unsafe pthread_mutex_lock(mutex)
    defer {
      unsafe pthread_cond_broadcast(changed)
      unsafe pthread_mutex_unlock(mutex)
    }
    while true {
      if let result = try body(&value) { return result }
      unsafe pthread_cond_wait(changed, mutex)
    }
  }

  /// As `wait`, but so long at most: nil then.
  public func wait<T>(atMost limit: Duration, _ body: (inout Value) throws -> T?) rethrows -> T? {
    var end = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &end)
    let (seconds, attoseconds) = limit.components
    let nanoseconds = end.tv_nsec + Int(attoseconds / 1_000_000_000)
    end.tv_sec += Int(seconds) + nanoseconds / 1_000_000_000
    end.tv_nsec = nanoseconds % 1_000_000_000
    unsafe pthread_mutex_lock(mutex)
    defer {
      unsafe pthread_cond_broadcast(changed)
      unsafe pthread_mutex_unlock(mutex)
    }
    while true {
      if let result = try body(&value) { return result }
      if unsafe pthread_cond_timedwait(changed, mutex, &end) == ETIMEDOUT { return try body(&value) }
    }
  }
}
