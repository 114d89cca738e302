internal import Records

/// Everything that is to happen at a time, on one thread: time-outs, waits between attempts.
final class Timers: Sendable {
  static let shared = Timers()

  /// What is to happen, and when.
  struct Alarm: Sendable, Hashable, Comparable {
    fileprivate let time: ContinuousClock.Instant
    fileprivate let number: Int
    static func < (a: Alarm, b: Alarm) -> Bool { (a.time, a.number) < (b.time, b.number) }
  }

  fileprivate struct State {
    /// The earliest first: a binary heap. Some may have been taken back.
    var alarms: [Alarm] = []
    var actions: [Int: @Sendable () -> Void] = [:]
    var next = 0
    var hasThread = false
  }

  private let state = Monitor(State())

  /// A machine that slept has not counted it.
  private static let longestWait = Duration.seconds(1)

  /// Calls `action` at a time, or at once when that is over, on a thread that all timers share: it waits for nothing.
  func schedule(at time: ContinuousClock.Instant, _ action: @escaping @Sendable () -> Void) -> Alarm {
    let (alarm, hasThread) = state.withLock { state in
      state.next += 1
      let alarm = Alarm(time: time, number: state.next)
      state.actions[alarm.number] = action
      state.add(alarm)
      defer { state.hasThread = true }
      return (alarm, state.hasThread)
    }
    if !hasThread, Threads.start({ [self] in serve() }) != 0 { state.withLock { $0.hasThread = false } }
    return alarm
  }

  /// Takes it back; it may be happening just now.
  func cancel(_ alarm: Alarm) {
    state.withLock { state in
      guard state.actions.removeValue(forKey: alarm.number) != nil else { return }
      // Short work with long limits leaves many behind.
      if state.alarms.count > 2 * state.actions.count + State.spare { state.compact() }
    }
  }

  /// How many are to come.
  var count: Int { state.withLock { $0.actions.count } }

  /// Returns after a while, or as soon as `cancellation` says so.
  func sleep(_ wait: Duration, unless cancellation: Cancellation) async {
    let sleeper = Sleeper()
    let alarm = schedule(at: .now + min(wait, .seconds(1_000_000_000))) { sleeper.wake() }
    let link = cancellation.register { sleeper.wake() }
    await sleeper.sleep()
    cancellation.unregister(link)
    cancel(alarm)
  }

  private func serve() {
    while true {
      let first = state.wait { $0.alarms.first }
      let wait = ContinuousClock.now.duration(to: first.time)
      if wait > .zero {
        // Another one that comes may be earlier.
        _ = state.wait(atMost: min(wait, Timers.longestWait)) { $0.alarms.first == first ? nil : () }
      }
      while let action = state.withLock({ $0.takeDue() }) { action() }
    }
  }
}

extension Timers.State {
  static let spare = 64

  mutating func add(_ alarm: Timers.Alarm) {
    alarms.append(alarm)
    var child = alarms.count - 1
    while child > 0, alarms[child] < alarms[(child - 1) / 2] {
      alarms.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  /// The next action whose time has come.
  mutating func takeDue() -> (@Sendable () -> Void)? {
    while let first = alarms.first, first.time <= .now {
      removeFirst()
      if let action = actions.removeValue(forKey: first.number) { return action }
    }
    return nil
  }

  private mutating func removeFirst() {
    alarms.swapAt(0, alarms.count - 1)
    alarms.removeLast()
    var parent = 0
    while true {
      let children = [2 * parent + 1, 2 * parent + 2].filter { $0 < alarms.count }
      guard let least = children.min(by: { alarms[$0] < alarms[$1] }), alarms[least] < alarms[parent] else { return }
      alarms.swapAt(parent, least)
      parent = least
    }
  }

  /// Forgets those that have been taken back.
  mutating func compact() {
    let kept = alarms.filter { actions[$0.number] != nil }
    // Sorted is a heap, too.
    alarms = kept.sorted()
  }
}

/// One who sleeps until woken, once.
private final class Sleeper: Sendable {
  private enum State {
    case awake
    case asleep(CheckedContinuation<Void, Never>)
    case woken
  }

  private let state = Locked(State.awake)

  func sleep() async {
    await withCheckedContinuation { continuation in
      let isWoken = state.withLock { state in
        if case .woken = state { return true }
        state = .asleep(continuation)
        return false
      }
      if isWoken { continuation.resume() }
    }
  }

  func wake() {
    let sleeper = state.withLock { state -> CheckedContinuation<Void, Never>? in
      defer { state = .woken }
      if case .asleep(let continuation) = state { return continuation }
      return nil
    }
    sleeper?.resume()
  }
}
