package import Engine
internal import Glibc
internal import Records

/// The database of a task: its connection, and the way to another one.
package struct OpenDatabase {
  package let connection: any SQLConnection
  /// For messages about the server and to tell one database from another: without a password.
  package let place: String
  package let connectAgain: (TaskContext) throws -> any SQLConnection

  package init(
    _ connection: any SQLConnection, place: String,
    again: @escaping (TaskContext) throws -> any SQLConnection
  ) {
    self.connection = connection
    self.place = place
    connectAgain = again
  }
}

/// Commits so that a lost answer is not the last word: names the transaction before, and asks the server afterwards.
package final class CommitGuard {
  private enum Means {
    case server
    case table(TokenTable)
    case none
  }

  private let database: OpenDatabase
  private let mode: CommitTokenMode
  private let context: TaskContext
  private var means = Means.none
  /// The row that this task has written last.
  private var lastRow: String?

  package init(_ database: OpenDatabase, _ properties: CommitProperties, _ context: TaskContext) {
    self.database = database
    mode = properties.commitToken
    self.context = context
  }

  private var connection: any SQLConnection { database.connection }

  /// Whether the server's own books are asked, which also know of transactions that changed nothing.
  package var asksServer: Bool { if case .server = means { true } else { false } }

  /// Looks for the means, outside of a transaction.
  /// - Parameter changes: whether anything is going to be changed; else no table is made.
  package func prepare(changes: Bool = true) throws {
    guard changes || connection.namesTransactions else { return }
    switch mode {
    case .none: break
    case .auto where connection.namesTransactions: means = .server
    case .auto:
      guard let table = connection.tokenTable, table.isUsual else { break }
      do { try take(table) } catch let failure as Failure where failure.outcome == .undone {
        context.log(
          .info,
          "the table '\(TokenTable.name)' can be neither used nor made (\(failure)): should the answer to a commit be "
            + "lost, nobody can ask for it")
      }
    case .table:
      guard let table = connection.tokenTable else {
        throw Failure(
          .configuration, "commitToken: table needs a database in the url, where the table can be",
          hint: "Name one in the url, or set commitToken: none")
      }
      do { try take(table) } catch let failure as Failure {
        throw failure.whileDoing("preparing the table '\(TokenTable.name)'")
      }
    }
  }

  private func take(_ table: TokenTable) throws {
    if try CommitRows(connection: connection, table: table).prepare() {
      context.log(
        .info,
        "made the table '\(TokenTable.name)', in which transactions note that they are committed (commitToken)"
      )
    }
    means = .table(table)
  }

  /// Names the open transaction: the last thing in it before its COMMIT.
  package func token() throws -> CommitToken {
    let token = try makeToken()
    context.log(.debug, "commit token: \(token.text)")
    return token
  }

  private func makeToken() throws -> CommitToken {
    switch means {
    case .none: return .none
    case .server:
      switch try connection.transactionName() {
      case .named(let name): return .server(name)
      case .unchanged: return .unchanged
      case .unsupported: return .none
      }
    case .table(let table):
      let name = CommitToken.makeName()
      try CommitRows(connection: connection, table: table).write(name, after: lastRow)
      lastRow = name
      return .row(name, session: table.session ?? "")
    }
  }

  /// Commits the transaction that `token` names. Returns only when it is known to be committed.
  /// - Parameter doing: starts every message: `committing the load of t`.
  package func commit(_ token: CommitToken, _ doing: String) throws {
    do { try connection.commit() } catch let failure as Failure {
      guard failure.outcome != .undone else { throw failure.whileDoing(doing) }
      context.log(.warn, "\(doing): the answer was lost: \(failure.message)")
      try resolve(Inquiry(database, context).end(of: token), failure, doing)
    }
  }

  /// Returns when the transaction is committed.
  private func resolve(_ end: TransactionEnd, _ failure: Failure, _ doing: String) throws {
    var failure = failure.whileDoing(doing)
    switch end {
    case .committed:
      context.log(
        .info, "\(doing): asked over another connection, the server says that it is committed")
    case .rolledBack:
      failure.category = .transient
      failure.outcome = .undone
      failure.message +=
        "; asked over another connection, the server says that nothing is committed"
      failure.hint = nil
      throw failure
    case .open, .unknown: throw failure.notKnown(end)
    }
  }
}

extension Failure {
  /// Nobody knows whether the work is done.
  func notKnown(_ end: TransactionEnd) -> Failure {
    let why = if case .unknown(let why) = end { why } else { "the transaction has not ended yet" }
    var copy = self
    copy.outcome = .unknown
    copy.message += "; it is not known whether the rows are in: \(why)"
    copy.hint = "Look into the tables before it is run again"
    return copy
  }
}
