internal import Engine
internal import Expression
internal import Records

/// One attempt at a load, inside of a transaction that is open already.
struct LoadRun {
  let plan: LoadPlan
  let connection: any SQLConnection
  let progress: LoadProgress
  let context: TaskContext
  let commits: CommitGuard
  let chunk: Int
  let commit: CommitMode

  func load(_ source: any RecordSource) throws -> ValueMap {
    var updated: Int64 = 0
    do {
      try eachPart(of: source) { part, first in
        try beforeFirstRow()
        updated += try write(part, first)
        progress.rows += Int64(part.count)
        context.ledger.add(read: part.count, written: part.count, bytes: part.byteCount, batches: 1)
        if commit == .chunk, progress.rows % Int64(chunk) == 0 { updated = try commitChunk(updated) }
      }
      progress.phase = .database
      updated += try finish()
    } catch {
      plan.abort()
      noteLeak((error as? Failure)?.retryIsSafe == true)
      if let failure = error as? Failure, progress.phase != .input {
        throw plan.located(failure).whileDoing("loading \(plan.name)")
      }
      throw error
    }
    try commitTransaction(updated, isLast: true)
    return progress.outputs
  }

  /// Calls `body` with parts of the input and the number of their first row: whole batches, cut where a chunk ends that
  /// is committed. Rows that an earlier attempt has committed are skipped.
  private func eachPart(of source: any RecordSource, _ body: (RecordBatch, Int64) throws -> Void) throws {
    var position: Int64 = 0
    while true {
      progress.phase = .input
      guard let batch = try source.next() else { return }
      progress.phase = .database
      let skipped = Int(min(Int64(batch.count), max(0, progress.committedRows - position)))
      var start = skipped
      while start < batch.count {
        try context.checkCancelled()
        // A chunk ends where it would have ended without the batches' borders.
        let room = chunk - Int((position + Int64(start)) % Int64(chunk))
        let length = commit == .chunk ? min(batch.count - start, room) : batch.count - start
        try body(length == batch.count ? batch : batch.slice(start, length), position + Int64(start) + 1)
        start += length
      }
      position += Int64(batch.count)
    }
  }

  /// Rows changed, as far as the road tells before its end.
  private func write(_ part: RecordBatch, _ first: Int64) throws -> Int64 {
    let rows = try plan.coerce(part, firstRow: first)
    switch plan.road {
    case .bulk(let load, _, _):
      try load.write(rows, firstRow: first)
      return 0
    case .statement(let statement):
      var updated: Int64 = 0
      var start = 0
      while start < rows.count {
        let length = min(chunk, rows.count - start)
        let slice = length == rows.count ? rows : rows.slice(start, length)
        updated += try statement.execute(slice, firstRow: first + Int64(start))
        start += length
        try context.checkCancelled()
      }
      return updated
    }
  }

  private func finish() throws -> Int64 {
    guard case .bulk(let load, _, _) = plan.road else { return 0 }
    return try load.finish()
  }

  /// Rows of a table without transactions are in at once: the record says so before the first one.
  private func beforeFirstRow() throws {
    guard !plan.isTransactional, progress.leak == nil else { return }
    progress.leak =
      "the table '\(plan.name)' has no transactions: the rows that it took before stay in it"
    try progress.keep(context)
  }

  /// - Parameter isRefused: whether the server did nothing of what it was asked last.
  private func noteLeak(_ isRefused: Bool) {
    let isUntouched = isRefused && progress.rows == progress.committedRows
    progress.leak =
      isUntouched
      ? nil
      : progress.leak.map { leak in
        plan.changedSoFar > 0 ? "\(leak), \(plan.changedSoFar) at least" : leak
      }
  }

  private func commitTransaction(_ updated: Int64, isLast: Bool) throws {
    try context.checkCancelled()
    let token = try commits.token()
    try progress.begin(commit: token, updated: updated, isLast: isLast, context)
    try commits.commit(token, "committing the load of \(plan.name)")
    try progress.committed(context)
  }

  /// Ends the transaction behind a chunk and starts the next; returns 0, the count so far is kept.
  private func commitChunk(_ updated: Int64) throws -> Int64 {
    try commitTransaction(updated + finish(), isLast: false)
    try connection.begin()
    try plan.reopen()
    return 0
  }
}
