package import Engine
internal import Records

/// How long to wait for what, on every server.
package enum Patience {
  /// For a connection, where the url says nothing: looking up the host, TCP, TLS, logging in, preparing the session.
  package static let connect = Duration.seconds(30)
  /// For a server to stop what a stopped task runs there, before the connection is cut.
  package static let stop = Duration.seconds(2)
  /// For a server to end a query that nobody reads on, while its connection is still wanted.
  package static let abandon = Duration.seconds(10)
  /// For a server to roll back, before the connection is cut: it then rolls back by itself.
  package static let rollback = Duration.seconds(30)
}

extension Patience {
  /// By how much the server's own limit on a statement is longer than the task's time-out: whose limit is over first
  /// should say so.
  private static let behind = Duration.seconds(10)

  /// The limit, in milliseconds, that a server is to set on statements of this task; nil when it has none.
  package static func statement(_ context: TaskContext) -> Int? {
    guard let left = context.timeLeft else { return nil }
    let milliseconds = Int((left + behind) / .milliseconds(1))
    return milliseconds <= Int(Int32.max) ? milliseconds : nil
  }
}

/// The ways to connect of one task: hosts and their addresses.
package enum ConnectAttempts {
  /// Tries one target after the other, each for its share of the time that is left: one that never answers leaves some
  /// for the others. Ends at once when the task is stopped.
  /// - Parameter connect: is given the line that its connection hangs on; it is cut when the time is over.
  /// - Returns: the first connection that came about. The limit is off its line.
  package static func first<Target, Connection>(
    of targets: [Target], within limit: Duration, _ keepAlive: KeepAlive?, _ context: TaskContext,
    connect: (Target, Lifeline) throws -> Connection
  ) throws -> Connection {
    let end = ContinuousClock.now + limit
    let current = Locked<Lifeline?>(nil)
    return try context.onCancel({ current.withLock { $0 }?.cut(.stopped) }) {
      var problem: Failure?
      for (index, target) in targets.enumerated() {
        let line = Lifeline(keepAlive)
        current.withLock { $0 = line }
        try context.checkCancelled()
        let share = max((end - .now) / (targets.count - index), .milliseconds(1))
        let time = line.limit(share, .connecting(share))
        do {
          let connection = try connect(target, line)
          line.lift(time)
          return connection
        } catch {
          line.detach()
          try context.checkCancelled()
          // Only a host that cannot be reached is skipped: the next would refuse the same password.
          guard let failure = error as? Failure, failure.category == .transient else { throw error }
          problem = problem ?? failure
        }
      }
      throw problem ?? Failure(.configuration, "connecting: the url names no host")
    }
  }
}
