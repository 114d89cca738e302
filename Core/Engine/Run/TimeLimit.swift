internal import Records

/// The cancellation of one attempt, or of one flowable with all inside of it: that of what is around it, and its own
/// time-out.
final class TimeLimit: Sendable {
  let cancellation: Cancellation
  private let outer: Cancellation
  private let link: Int
  private let alarm: Timers.Alarm?

  init(_ timeout: Duration?, inside outer: Cancellation) {
    self.outer = outer
    let own = timeout.map { ContinuousClock.now + min($0, .seconds(1_000_000_000)) }
    let cancellation = Cancellation(deadline: [own, outer.deadline].compactMap { $0 }.min())
    self.cancellation = cancellation
    link = outer.register { cancellation.cancel(outer.reason?.seenFromInside ?? .sibling) }
    alarm =
      if let timeout, let own {
        Timers.shared.schedule(at: own) { cancellation.cancel(.timeout(timeout)) }
      } else {
        nil
      }
  }

  /// Whether it was the own time-out that stopped the work.
  var isOver: Bool {
    if case .timeout = cancellation.reason { return !outer.isCancelled }
    return false
  }

  /// To be called when the work has ended, in time or not.
  func end() {
    if let alarm { Timers.shared.cancel(alarm) }
    outer.unregister(link)
  }
}

extension Cancellation.Reason {
  fileprivate var seenFromInside: Cancellation.Reason {
    if case .timeout(let limit) = self { return .outerTimeout(limit) }
    return self
  }
}
