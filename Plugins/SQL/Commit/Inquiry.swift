internal import Engine
internal import Glibc
internal import Records

/// Asks the server what became of a transaction, over new connections, until it says so or time is over.
struct Inquiry {
  let database: OpenDatabase
  let context: TaskContext

  init(_ database: OpenDatabase, _ context: TaskContext) {
    self.database = database
    self.context = context
  }

  /// How long to ask: a server that restarts, or a network that is away for a moment, is waited for.
  package static let patience = Locked(Duration.seconds(30))
  /// Who stops a task wants it to stop.
  private static let briefly = Duration.seconds(5)
  /// A transaction that has not ended by then waits for a client that is gone: the server is told to give it up.
  private static let stuck = Duration.seconds(3)

  func end(of token: CommitToken) -> TransactionEnd {
    switch token {
    case .none:
      return .unknown(
        "the transaction has no name that the server could be asked for (commitToken)")
    case .unchanged: return .committed
    default: break
    }
    let began = ContinuousClock.now
    var last = TransactionEnd.open
    var obstacle: String?
    var pause: UInt32 = 50_000
    while true {
      let elapsed = ContinuousClock.now - began
      let left = limit - elapsed
      guard left > .zero else { return last == .open ? obstacle.map { .unknown($0) } ?? .open : last }
      do {
        last = try ask(token, within: min(left, Inquiry.briefly), elapsed > Inquiry.stuck, &obstacle)
        if last != .open { return last }
      } catch { last = .unknown("the server cannot be asked: \(error)") }
      usleep(pause)
      pause = min(pause * 2, 1_000_000)
    }
  }

  private var limit: Duration {
    let patience = Inquiry.patience.withLock { $0 }
    return context.cancellation.isCancelled ? min(Inquiry.briefly, patience) : patience
  }

  /// - Parameter obstacle: why the server would not end the transaction.
  private func ask(
    _ token: CommitToken, within left: Duration, _ breaksOff: Bool, _ obstacle: inout String?
  ) throws -> TransactionEnd {
    try context.aside(within: left) { context in
      let connection = try database.connectAgain(context)
      defer { connection.close() }
      return try context.onCancel(connection.canceller) {
        let end = try Inquiry.end(of: token, over: connection)
        if end == .open && breaksOff {
          do { try Inquiry.breakOff(token, over: connection) } catch {
            obstacle = "the transaction has not ended yet, and the server does not end it: \(error)"
          }
        }
        return end
      }
    }
  }

  /// Asks once.
  static func end(of token: CommitToken, over connection: any SQLConnection) throws
    -> TransactionEnd
  {
    switch token {
    case .server(let name): return try connection.end(of: name)
    case .row(let name, _):
      guard let table = connection.tokenTable else {
        return .unknown("the url names no database any more")
      }
      return try CommitRows(connection: connection, table: table).end(of: name)
    case .unchanged: return .committed
    case .none: return .unknown("it has no commit token")
    }
  }

  private static func breakOff(_ token: CommitToken, over connection: any SQLConnection) throws {
    switch token {
    case .server(let name): try connection.breakOff(transaction: name)
    case .row(_, let session): try connection.breakOff(session: session)
    default: break
    }
  }
}
