internal import Glibc
internal import Records
internal import SQL
internal import Synchronization

/// Stops what a session runs, from another thread: asks the server by a second connection, and cuts the session's own
/// where the server does not answer.
final class Interrupter: Sendable {
  private let plan: ConnectionPlan
  private let host: ConnectionPlan.Host
  private let thread: UInt
  private let line: Lifeline
  private let used = Mutex(false)
  /// The second connection, and how many threads are at it.
  private let helpers = Monitor<[Lifeline]>([])
  private let isDetached = Mutex(false)

  init(_ plan: ConnectionPlan, _ host: ConnectionPlan.Host, thread: UInt, line: Lifeline) {
    var quick = plan
    quick.database = nil
    self.plan = quick
    self.host = host
    self.thread = thread
    self.line = line
  }

  /// Whether the statement that runs was interrupted. SLEEP and the like end without an error then.
  var wasUsed: Bool { used.withLock { $0 } }

  /// A new statement begins.
  func reset() { used.withLock { $0 = false } }

  /// The session ends: nobody interrupts it any more when this returns.
  func detach() {
    isDetached.withLock { $0 = true }
    let running = helpers.withLock { $0 }
    for helper in running { helper.cut(.stopped) }
    // A lookup of the host's name cannot be ended; everything else ends when its socket is cut.
    _ = helpers.wait(atMost: Interrupter.patience) { $0.isEmpty ? true : nil }
  }

  private static let patience = Duration.seconds(1)

  /// Stops the task's session for good: it lives for a short while from now on. Does not block.
  func interrupt() {
    guard !isDetached.withLock({ $0 }) else { return }
    used.withLock { $0 = true }
    line.stop(within: Patience.stop)
    if Threads.start({ if !self.kill() { self.line.cut(.stopped) } }) != 0 { line.cut(.stopped) }
  }

  /// Stops the statement, so that the session can go on: has reached the server when this returns.
  func stopStatement() {
    guard !isDetached.withLock({ $0 }) else { return }
    used.withLock { $0 = true }
    if Detached.run(atMost: Patience.abandon, { self.kill() }) != true { line.cut(.ending(Patience.abandon)) }
  }

  /// - Returns: whether the server has taken the request.
  private func kill() -> Bool {
    let helper = Lifeline(nil)
    helpers.withLock { $0.append(helper) }
    defer {
      helper.detach()
      helpers.withLock { $0.removeAll { $0 === helper } }
    }
    _ = helper.limit(Patience.abandon, .ending(Patience.abandon))
    if isDetached.withLock({ $0 }) { return false }
    do {
      let second = try NativeConnection(plan, host: host, infile: LocalInfile(allowed: nil), line: helper)
      defer { second.close() }
      try second.run("KILL QUERY \(thread)")
      return true
    } catch { return false }
  }
}
