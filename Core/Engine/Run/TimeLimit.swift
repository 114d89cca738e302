internal import Glibc
internal import Records

/// The cancellation of one attempt, or of one flowable with all inside of it: that of what is around it, and its own
/// time-out.
final class TimeLimit: Sendable {
  let cancellation: Cancellation
  private let outer: Cancellation
  private let link: Int
  private let hasEnded = Locked(false)

  init(_ timeout: Duration?, inside outer: Cancellation) {
    self.outer = outer
    let own = timeout.map { ContinuousClock.now + min($0, .seconds(1_000_000_000)) }
    cancellation = Cancellation(deadline: [own, outer.deadline].compactMap { $0 }.min())
    link = outer.register { [cancellation] in cancellation.cancel(outer.reason?.seenFromInside ?? .sibling) }
    if let timeout { watch(timeout) }
  }

  /// Whether it was the own time-out that stopped the work.
  var isOver: Bool {
    if case .timeout = cancellation.reason { return !outer.isCancelled }
    return false
  }

  /// To be called when the work has ended, in time or not.
  func end() {
    hasEnded.withLock { $0 = true }
    outer.unregister(link)
  }

  /// On a thread of its own: it must not wait for others to give up theirs.
  private func watch(_ timeout: Duration) {
    let end = Instant.now().microseconds + Int64(min(timeout.seconds, 1e9) * 1e6)
    Threads.start { [cancellation, hasEnded] in
      while !hasEnded.withLock({ $0 }) {
        let left = end - Instant.now().microseconds
        if left <= 0 { return cancellation.cancel(.timeout(timeout)) }
        usleep(UInt32(min(left, 20_000)))
      }
    }
  }
}

extension Cancellation.Reason {
  fileprivate var seenFromInside: Cancellation.Reason {
    if case .timeout(let limit) = self { return .outerTimeout(limit) }
    return self
  }
}
