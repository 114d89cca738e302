internal import Engine
internal import Expression
internal import Records

/// How far a load has come, over its attempts, in this run and before it.
final class LoadProgress {
  enum Phase {
    case input, database
    /// The server's answer decides whether the rows are in.
    case committing
    case done
  }

  var phase = Phase.input
  /// What stays when the transaction is rolled back, by the word of the server or because the table has none.
  var leak: String?
  var isTransactional = true
  /// Rows of this attempt that reached the database.
  var rows: Int64 = 0
  /// What is in for good, over all attempts.
  var record: LoadRecord
  private let resumes: Bool

  var committedRows: Int64 { record.rows }
  var committedUpdates: Int64 { record.updates }

  init(_ record: LoadRecord, resumes: Bool) {
    self.record = record
    self.resumes = resumes
    rows = record.rows
  }

  // MARK: commits

  /// What the record has to say before the commit of all rows so far.
  func begin(commit token: CommitToken, updated: Int64, isLast: Bool, _ context: TaskContext) throws {
    phase = .committing
    record.pending = .init(
      token: token, rows: rows, updates: record.updates + updated, isLast: isLast)
    try keep(context)
  }

  /// The transaction is committed.
  func committed(_ context: TaskContext) throws {
    guard let pending = record.pending else { return }
    record.rows = pending.rows
    record.updates = pending.updates
    record.pending = nil
    phase = pending.isLast ? .done : .database
    // The next record says it as well, unless this one could not be asked for.
    if !pending.isLast && !pending.token.canAsk { try keep(context) }
  }

  /// Records what is in for good, or may be; nothing when there is nothing.
  func keep(_ context: TaskContext) throws {
    if leak != nil {
      try context.record(TaskProgress(record.state, canResume: false))
    } else if record.rows > 0 || record.pending != nil {
      let canAsk = record.pending?.token.canAsk ?? true
      try context.record(
        TaskProgress(record.state, canResume: canAsk && (resumes || record.rows == 0)))
    } else {
      try context.record(nil)
    }
  }

  var outputs: ValueMap { ["rowCount": .int(record.rows), "updatedCount": .int(record.updates)] }

  // MARK: failures

  /// Takes the open transaction back, and keeps in mind what the server could not.
  func rollback(_ connection: any SQLConnection) {
    do { try connection.rollback() } catch let failure as Failure where failure.outcome == .partial {
      leak = leak ?? failure.message
    } catch {}
  }

  /// The failure with what is left of the load.
  func judged(_ failure: Failure) -> Failure {
    var failure = failure
    if phase != .committing { failure.outcome = .undone }
    if failure.outcome == .undone { record.pending = phase == .committing ? nil : record.pending }
    if let leak {
      failure.outcome = .partial
      failure.message += "; \(leak)"
    }
    guard failure.outcome == .undone, record.rows > 0 || record.pending != nil else {
      return failure
    }
    failure.outcome = .partial
    if record.rows > 0 {
      failure.message += "; the first \(record.rows) rows of the input are committed"
    }
    return failure
  }

  /// Only what is transient, and only where nothing can be loaded twice.
  func mayRetry(_ failure: Failure, _ scope: RetryScope) -> Bool {
    guard failure.category == .transient, scope == .all || (scope == .input && phase == .input)
    else { return false }
    switch failure.outcome {
    case .undone: return true
    case .partial: return leak == nil && (resumes || record.rows == 0)
    case .unknown: return false
    }
  }

  func restart(_ ledger: Ledger) {
    count(in: ledger)
    ledger.add(retries: 1)
    rows = record.rows
    phase = .input
  }

  /// The ledger has what is in for good.
  func count(in ledger: Ledger) {
    ledger.restart()
    ledger.add(read: Int(record.rows), written: Int(record.rows))
  }
}
