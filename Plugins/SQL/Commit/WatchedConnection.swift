internal import Engine
internal import Expression
internal import Records

/// A connection that keeps track of what its statements leave for good, for tasks that run whatever the user wrote:
/// which have committed, which may have, and what became of the transaction around them.
final class WatchedConnection: StatementSession {
  private let database: OpenDatabase
  private let commits: CommitGuard
  private let context: TaskContext
  private var isInTransaction = false
  /// A statement of the user has begun a transaction.
  private var hasBegun = false
  /// Statements of the open transaction that change something.
  private var changes = 0
  /// Statements that are in for good.
  private var done = 0
  /// Why nobody knows whether a statement is done.
  private var doubt: String?
  private var number = 0

  init(_ database: OpenDatabase, _ commits: CommitGuard, _ context: TaskContext) {
    self.database = database
    self.commits = commits
    self.context = context
  }

  private var real: any SQLConnection { database.connection }
  var dialect: Dialect { real.dialect }

  // MARK: an earlier attempt

  /// Asks for a commit that an earlier attempt did not see answered. The outputs, when it is done.
  func settle() throws -> ValueMap? {
    guard let left = context.progress, let text = left.state["token"]?.string else { return nil }
    let doing = "asking for the commit of an earlier attempt"
    let isHere = left.state["place"]?.string == fingerprint(database.place)
    let end =
      isHere
      ? Inquiry(database, context).end(of: CommitToken(text))
      : .unknown("it was sent to another database than this one")
    switch end {
    case .committed:
      context.log(.info, "\(doing): it is committed")
      return left.outputs ?? [:]
    case .rolledBack: context.log(.info, "\(doing): it was rolled back")
    case .open, .unknown:
      guard context.acceptsUnknown else {
        doubt = doing
        throw Failure(.transient, doing, code: "08007").notKnown(end)
      }
      context.log(.warn, "\(doing): it is not known whether it is done; it is done again")
    }
    try context.record(nil)
    return nil
  }

  // MARK: statements

  func query(_ sql: String, _ parameters: [Value], _ options: QueryOptions) throws -> SQLResult {
    number += 1
    settleRows()
    let effect = StatementEffect(sql, real.dialect)
    if isInTransaction {
      return try inTransaction(effect) { try real.query(sql, parameters, options) }
    }
    if effect.onlyReads { return try real.query(sql, parameters, options) }
    if effect.begins || hasBegun {
      return try steered(effect) { try real.query(sql, parameters, options) }
    }
    return try alone(effect, 1) { try real.query(sql, parameters, options) }
  }

  /// The user begins and ends the transaction. When the work ends before, the server rolls it back.
  private func steered(_ effect: StatementEffect, _ body: () throws -> SQLResult) throws
    -> SQLResult
  {
    hasBegun = !effect.rollsBack && !effect.commits || effect.begins
    if effect.begins || effect.rollsBack {
      changes = 0
    } else if effect.commits {
      defer { changes = 0 }
      return try alone(effect, changes, body)
    } else {
      changes += 1
    }
    return try body()
  }

  /// A statement before this one gave rows: they have been read, so it is done.
  private func settleRows() {
    guard doubt != nil else { return }
    doubt = nil
    done += 1
  }

  private func inTransaction(_ effect: StatementEffect, _ body: () throws -> SQLResult) throws -> SQLResult {
    guard effect.commits else {
      if !effect.onlyReads { changes += 1 }
      return try body()
    }
    if changes > 0 {
      context.log(
        .warn,
        "statement \(number) commits what the statements before it changed: should one behind it fail, that stays")
      try record()
      done += changes
      changes = 0
    }
    let result = try body()
    // What follows is one transaction again.
    if !effect.begins { try real.begin() }
    return result
  }

  /// It commits by itself: the record says so before.
  /// - Parameter count: of statements that are in with it.
  private func alone(_ effect: StatementEffect, _ count: Int, _ body: () throws -> SQLResult) throws
    -> SQLResult
  {
    try record()
    do {
      let result = try body()
      if case .rows = result {
        doubt =
          "the connection broke, or the work stopped, before all rows of statement \(number) had come"
      } else {
        done += count
      }
      return result
    } catch let failure as Failure {
      if failure.outcome != .undone { doubt = "the answer to statement \(number) was lost" }
      // MySQL takes back only what the statement did that failed inside of a procedure.
      let isUndone = failure.retryIsSafe && !dialect.definitionsCommit
      if effect.mayCommitInside && !isUndone {
        doubt = doubt ?? "statement \(number) may have committed a part"
      }
      throw failure
    }
  }

  /// Something may be in for good from now on.
  private func record() throws {
    if done == 0 && doubt == nil {
      try context.record(TaskProgress(["statement": .int(Int64(number))], canResume: false))
    }
  }

  // MARK: the transaction

  func begin() throws {
    settleRows()
    try real.begin()
    isInTransaction = true
    changes = 0
  }

  func commit() throws { try commit(putting: nil) }

  /// - Parameter outputs: of the task, should this process not live to put them out.
  func commit(putting outputs: ValueMap?) throws {
    settleRows()
    guard changes > 0 || commits.asksServer else { return try endReading() }
    let token = try commits.token()
    if token == .unchanged { return try endReading() }
    try context.checkCancelled()
    let canResume = token.canAsk && done == 0
    let state: ValueMap = [
      "token": .string(token.text), "place": .string(fingerprint(database.place)),
    ]
    try context.record(TaskProgress(state, canResume: canResume, outputs: outputs))
    do { try commits.commit(token, "committing the transaction") } catch let failure as Failure {
      isInTransaction = false
      if failure.outcome != .undone { doubt = "the answer to the commit was lost" }
      throw failure
    }
    isInTransaction = false
    done += changes
  }

  /// Whether it is committed makes no difference.
  private func endReading() throws {
    isInTransaction = false
    do { try real.commit() } catch var failure as Failure {
      failure.outcome = .undone
      throw failure
    }
  }

  func rollback() throws {
    isInTransaction = false
    changes = 0
    do { try real.rollback() } catch let failure as Failure where failure.outcome == .partial {
      done += 1
      throw failure
    }
  }

  // MARK: the end

  /// The failure with what the statements have left.
  func judged(_ error: any Error) -> any Error {
    guard var failure = error as? Failure else { return error }
    if let doubt {
      let isSaid = failure.outcome == .unknown && failure.message.contains("it is not known")
      failure.outcome = .unknown
      if !isSaid { failure.message += "; it is not known whether it is done: \(doubt)" }
      failure.hint = failure.hint ?? "Look into the tables before it is run again"
    } else if done > 0 {
      failure.outcome = .partial
      let what = done == 1 ? "a statement before it is committed and stays" : "\(done) are committed and stay"
      failure.message += "; \(what)"
    } else {
      failure.outcome = .undone
      try? context.record(nil)
    }
    return failure
  }
}
