internal import Records
internal import SQL

/// Loads batches by `COPY … FROM STDIN`: in binary, or as text when a column has a type whose binary form Ferry does
/// not know and which therefore arrives as the text that the server's own input function reads.
final class PostgreSQLLoad: BulkLoad {
  let targets: [LoadTarget]
  let checksKeysLast = true
  private let table: TableCatalog.Table
  private let columns: [RowEncoder.Target]
  private let connection: NativeConnection
  private let encoder: RowEncoder
  private let texts: TextRowEncoder?
  private var state = State.waiting
  /// Where runs of consecutive input rows start: the line of the COPY and the number of the input row.
  private var runs: [(line: Int64, row: Int64)] = []
  private var lines: Int64 = 0

  private enum State {
    case waiting, copying, over
  }

  private let doing = "sending rows"

  init(
    _ table: TableCatalog.Table, _ targets: [LoadTarget], _ columns: [RowEncoder.Target], _ connection: NativeConnection
  ) {
    self.table = table
    self.targets = targets
    self.columns = columns
    self.connection = connection
    encoder = RowEncoder(columns)
    texts = columns.contains { $0.type.form == .opaque || $0.type.form == .void } ? TextRowEncoder() : nil
  }

  deinit { abort() }

  func write(_ batch: RecordBatch, firstRow: Int64) throws {
    try start()
    if runs.last.map({ firstRow - $0.row != lines + 1 - $0.line }) ?? true { runs.append((lines + 1, firstRow)) }
    try withExtendedLifetime(batch) {
      if let texts { try write(batch, firstRow, texts) } else { try write(batch, firstRow) }
    }
    lines += Int64(batch.count)
  }

  func finish() throws -> Int64 {
    try start()
    if texts == nil { encoder.buffer.append(Int16(-1).bigEndian) }
    try send(texts?.buffer ?? encoder.buffer)
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
    let name = PostgreSQL.dialect.quote(table.info.name)
    let list = columns.map { PostgreSQL.dialect.quote($0.name) }.joined(separator: ", ")
    try connection.startCopyIn("COPY \(name) (\(list)) FROM STDIN\(texts == nil ? " (FORMAT binary)" : "")", doing)
    state = .copying
    if texts == nil {
      for byte: UInt8 in [80, 71, 67, 79, 80, 89, 10, 255, 13, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0] {
        encoder.buffer.append(byte)
      }
    }
  }

  // MARK: rows

  /// Enough that a system call and a message of the protocol weigh nothing, and little enough to stay in the cache.
  private static let pieceBytes = 128 << 10

  private func write(_ batch: RecordBatch, _ firstRow: Int64) throws {
    encoder.bind(batch)
    var row = 0
    while row < batch.count {
      do throws(RowEncoder.Fault) {
        row = try encoder.appendCopyRows(from: row, to: batch.count, limit: PostgreSQLLoad.pieceBytes)
      } catch { throw failure(error, firstRow) }
      if encoder.buffer.count >= PostgreSQLLoad.pieceBytes { try send(encoder.buffer) }
    }
  }

  private func write(_ batch: RecordBatch, _ firstRow: Int64, _ texts: TextRowEncoder) throws {
    encoder.bind(batch)
    do throws(RowEncoder.Fault) { try encoder.checkPrecision(batch.count) } catch { throw failure(error, firstRow) }
    texts.bind(batch)
    var row = 0
    while row < batch.count {
      row = texts.appendRows(from: row, to: batch.count, limit: PostgreSQLLoad.pieceBytes)
      if texts.buffer.count >= PostgreSQLLoad.pieceBytes { try send(texts.buffer) }
    }
  }

  private func send(_ buffer: OutputBuffer) throws {
    let isWanted = try unsafe connection.putCopy(buffer.bytes, doing)
    buffer.removeAll()
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
      let position = error.copyPosition(in: table.name)
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
    case .precision:
      return Failure(
        .data, "\(place): the value is finer than \(type) keeps, and would be rounded",
        hint: "Round it in the query that reads it, or give the column more digits", code: "22003")
    case .ragged, .nullList:
      return Failure(
        .data, "\(place): the inner lists differ in length, which an array of PostgreSQL cannot", code: "2202E")
    case .malformed, .none: return Failure(.data, "\(place): the value is not a \(type)", code: "22P02")
    }
  }
}
