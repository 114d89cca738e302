internal import Records
internal import SQL

/// Loads batches by `COPY … FROM STDIN`: in binary, or as text when a column has a type whose binary form Ferry does
/// not know and which therefore arrives as the text that the server's own input function reads.
final class PostgreSQLLoad: BulkLoad {
  let targets: [LoadTarget]
  private let table: TableInfo
  private let columns: [RowEncoder.Target]
  private let connection: NativeConnection
  private let encoder: RowEncoder
  private let texts: TextRowEncoder?
  private var out = ByteBuffer(capacity: PostgreSQLLoad.keptBytes)
  private var state = State.waiting
  /// Where runs of consecutive input rows start: the line of the COPY and the number of the input row.
  private var runs: [(line: Int64, row: Int64)] = []
  private var lines: Int64 = 0

  private enum State {
    case waiting, copying, over
  }

  private let doing = "sending rows"

  init(_ table: TableInfo, _ given: [ColumnInfo], _ columns: [RowEncoder.Target], _ connection: NativeConnection) {
    self.table = table
    self.columns = columns
    targets = given.map(\.target)
    self.connection = connection
    encoder = RowEncoder(columns)
    texts = columns.contains { $0.type.form == .opaque || $0.type.form == .void } ? TextRowEncoder() : nil
  }

  deinit { abort() }

  /// Foreign keys are looked at at the end of the COPY.
  func namesNoRow(_ failure: Failure) -> Bool { failure.code == PostgreSQLLoad.brokenKey }
  private static let brokenKey = "23503"

  func write(_ batch: RecordBatch, firstRow: Int64) throws {
    try start()
    if runs.last.map({ firstRow - $0.row != lines + 1 - $0.line }) ?? true { runs.append((lines + 1, firstRow)) }
    if let texts { try write(batch, texts) } else { try write(batch, firstRow) }
    lines += Int64(batch.count)
  }

  func finish() throws -> Int64 {
    try start()
    if texts == nil { out.append(big: Int16(-1)) }
    try send()
    state = .over
    do { return try connection.finishCopyIn() } catch { throw failure(error) }
  }

  func abort() {
    guard state == .copying else { return }
    state = .over
    guard !connection.isBroken else { return }
    connection.line.within(Patience.rollback) {
      _ = try? connection.finishCopyIn(abort: "Ferry gave the load up")
    }
  }

  private func start() throws {
    guard state == .waiting else { return }
    let name = PostgreSQL.dialect.quote(table.name)
    let list = columns.map { PostgreSQL.dialect.quote($0.name) }.joined(separator: ", ")
    try connection.startCopyIn("COPY \(name) (\(list)) FROM STDIN\(texts == nil ? " (FORMAT binary)" : "")", doing)
    state = .copying
    if texts == nil { out.append([80, 71, 67, 79, 80, 89, 10, 255, 13, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0]) }
  }

  // MARK: rows

  /// Enough that a system call and a message of the protocol weigh nothing, and little enough to stay in the cache.
  private static let pieceBytes = 128 << 10
  /// One huge value must not hold its memory for the rest of the load.
  private static let keptBytes = 0x50000

  private func write(_ batch: RecordBatch, _ firstRow: Int64) throws {
    encoder.bind(batch)
    defer { encoder.unbind() }
    var row = 0
    while row < batch.count {
      do throws(RowEncoder.Fault) {
        row = try encoder.appendCopyRows(
          from: row, to: batch.count, limit: PostgreSQLLoad.pieceBytes, into: &out)
      } catch { throw failure(error, firstRow) }
      if out.count >= PostgreSQLLoad.pieceBytes { try send() }
    }
  }

  private func write(_ batch: RecordBatch, _ texts: TextRowEncoder) throws {
    texts.bind(batch)
    defer { texts.unbind() }
    var row = 0
    while row < batch.count {
      row = texts.appendRows(from: row, to: batch.count, limit: PostgreSQLLoad.pieceBytes, into: &out)
      if out.count >= PostgreSQLLoad.pieceBytes { try send() }
    }
  }

  private func send() throws {
    let isWanted = try connection.putCopy(out, doing)
    out.removeAll(keepingUpTo: PostgreSQLLoad.keptBytes)
    if isWanted { return }
    // The server has refused a row already; what follows would be thrown away.
    state = .over
    do { _ = try connection.finishCopyIn(abort: "an earlier row was refused") } catch { throw failure(error) }
  }

  // MARK: errors

  private func failure(_ error: NativeConnection.CopyInError) -> Failure {
    switch error {
    case .client(let failure): return failure
    case .server(let error):
      let position = error.copyPosition(in: table.name.name)
      let row = position.flatMap { inputRow($0.line) }
      return error.failure(doing, row: row, column: position?.column)
    }
  }

  private func inputRow(_ line: Int64) -> Int64? {
    guard let run = runs.last(where: { $0.line <= line }), line <= lines + Int64(Limits.batchRows) else { return nil }
    return run.row + line - run.line
  }

  private func failure(_ fault: RowEncoder.Fault, _ firstRow: Int64) -> Failure {
    let column = columns[encoder.faultyColumn]
    return fault.failure(doing, row: firstRow + Int64(encoder.faultyRow), column: column)
  }
}

extension RowEncoder.Fault {
  func failure(_ doing: String, row: Int64, column: RowEncoder.Target) -> Failure {
    let place = "\(doing): row \(row), column '\(column.name)'"
    let type = column.type.name(modifier: column.modifier)
    switch self {
    case .range: return Failure(.data, "\(place): the value is outside of what \(type) holds", code: "22003")
    case .ragged, .nullList:
      return Failure(
        .data, "\(place): the inner lists differ in length, which an array of PostgreSQL cannot", code: "2202E")
    case .malformed, .none: return Failure(.data, "\(place): the value is not a \(type)", code: "22P02")
    }
  }
}
