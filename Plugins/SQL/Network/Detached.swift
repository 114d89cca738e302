internal import Records

/// Work that may block for as long as the network likes: on a thread of its own, which is waited for so long at most.
package enum Detached {
  /// - Parameters:
  ///   - check: asked several times a second; what it throws ends the wait.
  /// - Returns: what the work came to. Nil when it had not ended in time: it goes on, and nobody hears of it.
  package static func run<T: Sendable>(
    atMost limit: Duration, check: () throws -> Void, _ work: @escaping @Sendable () -> T
  ) rethrows -> T? {
    let result = Monitor<T?>(nil)
    guard
      Threads.start({ [result] in
        let value = work()
        result.withLock { $0 = value }
      }) == 0
    else { return nil }
    let end = ContinuousClock.now + limit
    while true {
      let left = end - .now
      if let value = result.wait(atMost: min(max(left, .zero), slice), { $0 }) { return value }
      if left <= .zero { return nil }
      try check()
    }
  }

  package static func run<T: Sendable>(atMost limit: Duration, _ work: @escaping @Sendable () -> T) -> T? {
    run(atMost: limit, check: {}, work)
  }

  private static let slice = Duration.milliseconds(50)
}
