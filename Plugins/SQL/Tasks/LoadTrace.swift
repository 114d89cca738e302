internal import Engine
internal import Records

/// Finds the row of a load that broke a rule of the table on a bulk road whose server looks at rules once all rows are
/// in, and names no row then. Loads the input once more, batch by batch, halves the batch that fails, and rolls all of
/// it back.
struct LoadTrace {
  let connection: any SQLConnection
  let plan: LoadPlan
  let context: TaskContext
  /// Rows at the input's start that are committed: they are in the table.
  let committed: Int64
  /// The server ended the transaction with the row that it refused: what was loaded before it is not there.
  private var hasLostRows = false

  init(connection: any SQLConnection, plan: LoadPlan, context: TaskContext, committed: Int64) {
    self.connection = connection
    self.plan = plan
    self.context = context
    self.committed = committed
  }

  /// The failure with the number of its row; as it is where that cannot be found.
  mutating func traced(_ failure: Failure, in source: () throws -> any RecordSource) -> Failure {
    context.log(.info, "the server refuses a row and does not say which: the input is read again to find it")
    do {
      try connection.begin()
      defer { try? connection.rollback() }
      guard let row = try row(in: try source(), failure.code) else { return failure }
      return failure.whileDoing("row \(row)")
    } catch {
      return failure
    }
  }

  private mutating func row(in source: any RecordSource, _ code: String?) throws -> Int64? {
    var position: Int64 = 0
    while let batch = try source.next() {
      try context.checkCancelled()
      let skipped = Int(min(Int64(batch.count), max(0, committed - position)))
      let first = position + Int64(skipped) + 1
      position += Int64(batch.count)
      guard skipped < batch.count else { continue }
      let left = skipped == 0 ? batch : batch.slice(skipped, batch.count - skipped)
      let rows = try plan.coerce(left, firstRow: first)
      guard try !fits(rows, first, code) else { continue }
      let bad = try bad(in: rows, first, code)
      // By itself, where it may have been another one's twin.
      if hasLostRows, try fits(rows.slice(bad, 1), first, code) { return nil }
      return first + Int64(bad)
    }
    return nil
  }

  /// The first bad row of a batch that does not fit.
  private mutating func bad(in rows: RecordBatch, _ first: Int64, _ code: String?) throws -> Int {
    var range = 0..<rows.count
    while range.count > 1 {
      let middle = range.lowerBound + range.count / 2
      let half = rows.slice(range.lowerBound, middle - range.lowerBound)
      range = try fits(half, first, code) ? middle..<range.upperBound : range.lowerBound..<middle
    }
    return range.lowerBound
  }

  private static let savepoint = "ferry_trace"

  /// Loads the rows; takes them back when they end in the failure that is looked for.
  private mutating func fits(_ rows: RecordBatch, _ first: Int64, _ code: String?) throws -> Bool {
    let dialect = connection.dialect
    try connection.execute(dialect.savepoint(LoadTrace.savepoint))
    do {
      try plan.reopen()
      guard case .bulk(let load, _, _) = plan.road else { return true }
      load.beginTrial()
      try load.write(rows, firstRow: first)
      _ = try load.finish()
      if let release = dialect.release(LoadTrace.savepoint) { try connection.execute(release) }
      return true
    } catch let failure as Failure where failure.code == code {
      plan.abort()
      do { try connection.execute(dialect.rollback(to: LoadTrace.savepoint)) } catch {
        hasLostRows = true
        try connection.rollback()
        try connection.begin()
      }
      return false
    }
  }
}
