internal import Records
internal import SQL

/// A statement that runs once for each row, as the user wrote it: in pipeline mode, so that the network's delay is paid
/// once for many rows, with the parameters in binary.
final class PostgreSQLStatement: SQLStatement {
  let parameters: [LoadTarget?]
  private let name: String
  private let takers: [ParameterTypes.Taker]
  private let connection: NativeConnection
  private var plan: Plan?
  private let doing = "running the statement"

  /// Rows that are sent before the answers of the rows before them are read.
  private static let window = 500
  /// The same in bytes, for wide rows.
  private static let windowBytes = 1 << 20

  /// How the columns at hand become parameters; made anew when a batch has other types.
  private struct Plan {
    var columnTypes: [DataType]
    var encoder: RowEncoder
    /// In binary; else as text, which the type's own input function reads.
    var isBinary: [Bool]
  }

  init(_ name: String, _ takers: [ParameterTypes.Taker], _ connection: NativeConnection) {
    self.name = name
    self.takers = takers
    self.connection = connection
    parameters = takers.map(\.load)
  }

  func close() {
    guard !connection.isBroken, !name.isEmpty else { return }
    _ = try? connection.execute("DEALLOCATE \(PostgreSQL.dialect.quote(name))", "closing the statement")
  }

  func execute(_ batch: RecordBatch, firstRow: Int64) throws -> Int64 {
    guard batch.columns.count == takers.count else {
      throw Failure(
        .schema, "\(doing): it has \(takers.count) placeholders, but there are \(batch.columns.count) columns for them")
    }
    let plan = plan(for: batch)
    self.plan = plan
    plan.encoder.bind(batch)
    defer { plan.encoder.unbind() }
    var run = PipelineRun(connection, firstRow: firstRow)
    try connection.enterPipeline()
    do {
      try send(batch, plan, firstRow, &run)
      try run.finish()
    } catch {
      run.drain()
      throw error
    }
    try connection.leavePipeline()
    return run.changed
  }

  private func plan(for batch: RecordBatch) -> Plan {
    let columnTypes = batch.columns.map(\.type)
    if let plan, plan.columnTypes == columnTypes { return plan }
    let targets = zip(takers, batch.schema.fields).map { taker, field in
      var target = taker.target
      target.name = field.name
      return target
    }
    let isBinary = zip(targets, columnTypes).map { target, type in
      target.type.form != .opaque && target.type.form != .void && target.dataType == type
    }
    return Plan(columnTypes: columnTypes, encoder: RowEncoder(targets), isBinary: isBinary)
  }

  // MARK: sending

  private func send(_ batch: RecordBatch, _ plan: Plan, _ firstRow: Int64, _ run: inout PipelineRun) throws {
    let texts = batch.columns.map { ServerText($0) }
    let count = takers.count
    let formats = plan.isBinary.map { $0 ? Int32(1) : 0 }
    var starts = [Int](repeating: 0, count: count)
    var out = ByteBuffer()
    var bytes = 0
    for row in 0..<batch.count {
      out.removeAll(keepingUpTo: PostgreSQLStatement.windowBytes)
      for column in 0..<count {
        starts[column] = out.count
        if plan.isBinary[column] {
          do throws(RowEncoder.Fault) { try plan.encoder.append(column, row: row, to: &out) } catch {
            throw error.failure(doing, row: firstRow + Int64(row), column: plan.encoder.targets[column])
          }
        } else {
          PostgreSQLStatement.append(texts[column], row, to: &out)
        }
      }
      try connection.queue(name, out.span, starts: starts, formats: formats, doing)
      bytes += out.count
      run.pending += 1
      if run.pending % PostgreSQLStatement.window == 0 || bytes > PostgreSQLStatement.windowBytes {
        bytes = 0
        try connection.requestFlush(doing)
        try run.read(downTo: PostgreSQLStatement.window)
      }
    }
  }

  /// A parameter as text ends with a zero byte.
  private static func append(_ text: ServerText, _ row: Int, to out: inout ByteBuffer) {
    if text.isNull(row) { return out.append(big: Int32(-1)) }
    let start = out.count
    out.append(big: Int32(0))
    text.append(row, to: &out)
    out.patch(big: Int32(truncatingIfNeeded: out.count - start - 4), at: start)
    out.append(byte: 0)
  }
}

/// The answers of one batch in pipeline mode: counts them, so that an error can be traced to its row.
struct PipelineRun {
  private let connection: NativeConnection
  private let firstRow: Int64
  /// Sent, not answered yet.
  var pending = 0
  private var answered: Int64 = 0
  private var failure: Failure?
  private var isSynchronized = false
  private(set) var changed: Int64 = 0
  private let doing = "running the statement"

  init(_ connection: NativeConnection, firstRow: Int64) {
    self.connection = connection
    self.firstRow = firstRow
  }

  /// Reads answers until only so many are open.
  mutating func read(downTo open: Int) throws {
    while pending > open { try readOne() }
  }

  private mutating func readOne() throws {
    while let result = try connection.nextResult(doing) {
      switch result.status {
      case .failed:
        if failure == nil { failure = result.error.failure(doing, row: firstRow + answered) }
      case .command, .tuples:
        let tag = result.commandTag
        if !tag.hasPrefix("SELECT"), let count = result.changedRows { changed += count }
      default: break
      }
    }
    pending -= 1
    answered += 1
    if let failure { throw failure }
  }

  mutating func finish() throws {
    isSynchronized = true
    try connection.synchronize(doing)
    try read(downTo: 0)
    try takeSync()
  }

  private func takeSync() throws {
    while let result = try connection.nextResult(doing) {
      if result.status == .pipelineSync { return }
    }
  }

  /// After an error: throws away what is still open, so that the connection can go on.
  mutating func drain() {
    guard !connection.isBroken else { return }
    do {
      if !isSynchronized { try connection.synchronize(doing) }
      var silent = 0
      while silent < pending + 3 {
        if let result = try connection.nextResult(doing) {
          if result.status == .pipelineSync { break }
          silent = 0
        } else {
          silent += 1
        }
      }
      try connection.leavePipeline()
    } catch {
      connection.close()
    }
  }
}
