internal import Glibc
package import Records
internal import Synchronization

/// The hold that other threads have on a connection's socket: they never read or write, they cut it, which wakes
/// whoever waits for it inside of a client library, encrypted or not.
///
/// A connection is cut when a limit is over (connecting, rolling back, a cancellation that the server does not answer)
/// and when its peer is dead. Whoever then finds the connection lost finds the reason in `reason`.
package final class Lifeline: Sendable {
  /// Why a connection was cut.
  package enum Cut: Sendable, Hashable {
    /// The task was stopped, and the server did not answer to that.
    case stopped
    /// Connecting took too long.
    case connecting(Duration)
    /// `socketTimeout`
    case silent(Duration)
    /// The machine at the other end acknowledges nothing any more.
    case unreachable(Duration)
    /// Giving up what was begun (a rollback, an unread result) took too long.
    case ending(Duration)
  }

  private struct State {
    /// A second descriptor of the socket: its number stays ours when the library closes the first.
    var socket: Int32 = -1
    var limits: [Int: (end: ContinuousClock.Instant, why: Cut)] = [:]
    var lastLimit = 0
    var reason: Cut?
    var isStopping = false
    /// Since when something that was sent waits for its acknowledgement.
    var unansweredSince: ContinuousClock.Instant?
    var nextLook = ContinuousClock.now
  }

  private let state = Mutex(State())
  private let keepAlive: KeepAlive?

  /// - Parameter keepAlive: nil when a dead peer need not be noticed.
  package init(_ keepAlive: KeepAlive?) { self.keepAlive = keepAlive }

  /// Why it was cut, nil while it is whole.
  package var reason: Cut? { state.withLock { $0.reason } }

  /// The task is to stop: whatever goes wrong from now on is no fault.
  package var isStopping: Bool { state.withLock { $0.isStopping } }

  // MARK: the socket

  /// Takes hold of a socket, in place of the one before. To be detached by whoever attached it.
  package func attach(_ socket: Int32) {
    let own = fcntl(socket, F_DUPFD_CLOEXEC, 0)
    guard own >= 0 else { return }
    keepAlive?.apply(to: own)
    let (old, isCut) = state.withLock { state in
      let old = state.socket
      state.socket = own
      state.unansweredSince = nil
      return (old, state.reason != nil)
    }
    if old >= 0 { close(old) }
    if isCut { shutdown(own, Int32(SHUT_RDWR)) }
    Watch.add(self)
  }

  /// Lets the socket go: to be called before the library closes it, which else would not end the connection.
  package func detach() {
    Watch.remove(self)
    let socket = state.withLock { state in
      defer {
        state.socket = -1
        state.limits = [:]
      }
      return state.socket
    }
    if socket >= 0 { close(socket) }
  }

  /// Ends the connection at once.
  package func cut(_ why: Cut) {
    state.withLock { state in
      if state.reason == nil { state.reason = why }
      if state.socket >= 0 { shutdown(state.socket, Int32(SHUT_RDWR)) }
    }
  }

  // MARK: limits

  /// Cuts the connection after a while, unless it is lifted before.
  package func limit(_ time: Duration, _ why: Cut) -> Int {
    defer { Watch.add(self) }
    return state.withLock { state in
      state.lastLimit += 1
      state.limits[state.lastLimit] = (.now + time, why)
      return state.lastLimit
    }
  }

  package func lift(_ limit: Int) { state.withLock { _ = $0.limits.removeValue(forKey: limit) } }

  /// Runs `body`, which works with the connection, so long at most.
  package func within<T>(_ time: Duration, _ body: () throws -> T) rethrows -> T {
    let limit = limit(time, .ending(time))
    defer { lift(limit) }
    return try body()
  }

  /// The task is to stop: from now on the connection lives for so long at most.
  package func stop(within time: Duration) {
    let isFirst = state.withLock { state in
      defer { state.isStopping = true }
      return !state.isStopping
    }
    if isFirst { _ = limit(time, .stopped) }
  }

  // MARK: watching

  /// Whether there is anything to look after.
  fileprivate var isWatched: Bool {
    state.withLock { $0.reason == nil && ($0.socket >= 0 || !$0.limits.isEmpty) }
  }

  /// Called several times a second by the watching thread.
  fileprivate func look(_ now: ContinuousClock.Instant) {
    let why = state.withLock { state -> Cut? in
      guard state.reason == nil else { return nil }
      if let over = state.limits.values.first(where: { $0.end <= now }) { return over.why }
      guard let keepAlive, state.socket >= 0, state.nextLook <= now else { return nil }
      state.nextLook = now + .seconds(1)
      return Lifeline.isDead(&state, keepAlive.total, now) ? .unreachable(keepAlive.total) : nil
    }
    if let why { cut(why) }
  }

  /// Keep-alive probes find a dead peer only on an idle connection. Where something that was sent is not acknowledged
  /// TCP goes on for a quarter of an hour, and its own option against that (TCP_USER_TIMEOUT) also ends connections to
  /// peers that do acknowledge, but take no more for a while, such as a server that waits for a lock within a load.
  private static func isDead(_ state: inout State, _ limit: Duration, _ now: ContinuousClock.Instant) -> Bool {
    var info = tcp_info()
    var length = socklen_t(MemoryLayout<tcp_info>.size)
    let status = unsafe getsockopt(state.socket, Int32(IPPROTO_TCP), TCP_INFO, &info, &length)
    guard status == 0, info.tcpi_unacked > 0 || info.tcpi_probes > 0 else {
      state.unansweredSince = nil
      return false
    }
    let since = state.unansweredSince ?? now
    state.unansweredSince = since
    return min(now - since, .milliseconds(Int64(info.tcpi_last_ack_recv))) >= limit
  }

  /// The thread that looks after all connections, while there are any.
  private enum Watch {
    private struct State {
      var lines: [ObjectIdentifier: Lifeline] = [:]
      var isRunning = false
    }

    private static let state = Mutex(State())
    /// As often a limit is looked at.
    private static let pause: UInt32 = 50_000

    static func add(_ line: Lifeline) {
      let isNew = state.withLock { state in
        state.lines[ObjectIdentifier(line)] = line
        defer { state.isRunning = true }
        return !state.isRunning
      }
      if isNew, Threads.start({ run() }) != 0 { state.withLock { $0.isRunning = false } }
    }

    static func remove(_ line: Lifeline) {
      _ = state.withLock { $0.lines.removeValue(forKey: ObjectIdentifier(line)) }
    }

    private static func run() {
      while true {
        let lines = state.withLock { state -> [Lifeline]? in
          state.lines = state.lines.filter { $0.value.isWatched }
          if state.lines.isEmpty { state.isRunning = false }
          return state.isRunning ? Array(state.lines.values) : nil
        }
        guard let lines else { return }
        let now = ContinuousClock.now
        for line in lines { line.look(now) }
        usleep(pause)
      }
    }
  }
}

/// How a dead peer is noticed: the names are those of TCP's own options.
package struct KeepAlive: Sendable, Hashable {
  /// Seconds of silence before the first probe.
  package var idle: Int32 = 30
  /// Seconds between two probes.
  package var interval: Int32 = 15
  /// Probes without an answer.
  package var count: Int32 = 4
  /// How long what was sent may stay without an acknowledgement, where that is not the sum of the others.
  package var unacknowledged: Duration?

  package init() {}

  /// How long a peer may be dead before it is noticed: a minute and a half by default.
  package var total: Duration { unacknowledged ?? .seconds(Int(idle) + Int(interval) * Int(count)) }

  fileprivate func apply(to socket: Int32) {
    func set(_ level: Int32, _ option: Int32, _ value: Int32) {
      var value = value
      unsafe setsockopt(socket, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }
    set(SOL_SOCKET, SO_KEEPALIVE, 1)
    set(Int32(IPPROTO_TCP), TCP_KEEPIDLE, idle)
    set(Int32(IPPROTO_TCP), TCP_KEEPINTVL, interval)
    set(Int32(IPPROTO_TCP), TCP_KEEPCNT, count)
  }
}

extension Lifeline.Cut {
  /// The failure of what found the connection cut.
  package func failure(_ doing: String, server: String) -> Failure {
    switch self {
    case .stopped:
      Failure(
        .cancelled, "\(doing): stopped; '\(server)' did not answer the request to stop, the connection is given up",
        outcome: .unknown)
    case .connecting(let limit):
      Failure(
        .transient, "\(doing): no answer from '\(server)' within \(limit.shortText)",
        hint: "Check host and port in the url, or raise connectTimeout", code: "08001", retryIsSafe: true)
    case .silent(let limit):
      Failure(
        .transient, "\(doing): '\(server)' has been silent for \(limit.shortText)",
        hint: "Raise socketTimeout, if the statement may take that long", code: "08006", outcome: .unknown)
    case .unreachable(let limit):
      Failure(
        .transient, "\(doing): '\(server)' cannot be reached any more: nothing was acknowledged for \(limit.shortText)",
        hint: "Look at the network and at the server's machine", code: "08006", outcome: .unknown)
    case .ending(let limit):
      Failure(
        .transient, "\(doing): '\(server)' did not answer within \(limit.shortText), the connection is given up",
        hint: "The server rolls back what was not committed", code: "08006", outcome: .unknown)
    }
  }
}
