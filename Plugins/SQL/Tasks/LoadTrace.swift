internal import Engine
internal import Records

/// Finds the row of a load that broke a foreign key on a bulk road whose server looks at those keys once all rows are
/// in, and names no row then. Loads the input once more, batch by batch, halves the batch that fails, and rolls all of
/// it back.
struct LoadTrace {
  let connection: any SQLConnection
  let plan: LoadPlan
  let context: TaskContext

  /// The SQLSTATE of a broken foreign key.
  static let code = "23503"

  /// The failure with the number of its row; as it is where that cannot be found.
  func traced(_ failure: Failure, in source: () throws -> any RecordSource) -> Failure {
    guard failure.code == LoadTrace.code, case .bulk(let load, _, _) = plan.road, load.checksKeysLast else {
      return failure
    }
    context.log(.info, "a row breaks a foreign key: the input is read again to find it")
    do {
      try connection.begin()
      defer { try? connection.rollback() }
      guard let row = try row(in: try source()) else { return failure }
      return failure.whileDoing("row \(row)")
    } catch {
      return failure
    }
  }

  private func row(in source: any RecordSource) throws -> Int64? {
    var first: Int64 = 1
    while let batch = try source.next() {
      try context.checkCancelled()
      let rows = try plan.coerce(batch, firstRow: first)
      if try !fits(rows, first) { return try first + Int64(bad(in: rows, first)) }
      first += Int64(batch.count)
    }
    return nil
  }

  /// The first bad row of a batch that does not fit.
  private func bad(in rows: RecordBatch, _ first: Int64) throws -> Int {
    var range = 0..<rows.count
    while range.count > 1 {
      let middle = range.lowerBound + range.count / 2
      let half = rows.slice(range.lowerBound, middle - range.lowerBound)
      range = try fits(half, first) ? middle..<range.upperBound : range.lowerBound..<middle
    }
    return range.lowerBound
  }

  /// Loads the rows; takes them back when a key is broken.
  private func fits(_ rows: RecordBatch, _ first: Int64) throws -> Bool {
    try connection.execute("SAVEPOINT ferry_trace")
    do {
      try plan.reopen()
      guard case .bulk(let load, _, _) = plan.road else { return true }
      try load.write(rows, firstRow: first)
      _ = try load.finish()
      try connection.execute("RELEASE SAVEPOINT ferry_trace")
      return true
    } catch let failure as Failure where failure.code == LoadTrace.code {
      plan.abort()
      try connection.execute("ROLLBACK TO SAVEPOINT ferry_trace")
      return false
    }
  }
}
