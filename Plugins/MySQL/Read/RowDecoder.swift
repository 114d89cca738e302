internal import Records

/// Turns rows of the binary protocol into batches. The plan is made once per column; a row's values lie one after the
/// other, so the loop walks over the columns with one jump per value.
@safe final class RowDecoder {
  let schema: Schema
  private let batch: BatchBuilder
  /// Reached by a closure right in the loop: behind a call, with the cursor in memory, a table takes a third more
  /// instructions.
  private let builders: ColumnBuilders
  private let codecs: [ColumnCodec]
  private let bitmapBytes: Int
  /// Bytes that a row takes beside its packet: offsets, validity, wider integers.
  private let overhead: Int
  /// Rows of the result in finished batches.
  private var finishedRows: Int64 = 0
  private let textColumns: [Int]
  private let textPolicy: TextPolicy

  init(_ fields: [WireField], _ options: MySQLConnection.ReadOptions, textPolicy: TextPolicy) {
    let planned = fields.map { $0.plan(options) }
    schema = Schema(planned.map(\.field))
    batch = BatchBuilder(schema)
    builders = ColumnBuilders(batch)
    codecs = planned.map(\.codec)
    bitmapBytes = (fields.count + 2 + 7) / 8
    overhead = planned.reduce(0) { $0 + RowDecoder.overhead($1.field.type) }
    textColumns = planned.indices.filter { planned[$0].codec == .variable(isText: true) }
    self.textPolicy = textPolicy
  }

  private static func overhead(_ type: DataType) -> Int {
    switch type.layout {
    case .variable, .list, .bits: 4
    case .fixed(let width): width
    }
  }

  /// The rows so far as a batch.
  func finish() throws -> RecordBatch {
    let finished = batch.finish()
    defer { finishedRows += Int64(finished.count) }
    return try textPolicy.checked(finished, textColumns, firstRow: finishedRows + 1)
  }

  /// Rows of the result so far.
  var rows: Int64 { finishedRows + Int64(batch.count) }

  var isEmpty: Bool { batch.count == 0 }

  /// Reads rows until a batch is full (true) or the result ends (false).
  func fill(from session: NativeConnection) throws -> Bool {
    try session.checkOpen()
    let (maxRows, maxBytes) = (batch.maxRows, batch.maxBytes)
    var (rows, bytes) = (0, 0)
    defer { batch.finishRows(rows, bytes: bytes) }
    while let row = try session.nextPacket() {
      try append(row, after: rows)
      rows += 1
      bytes += row.count + overhead
      if rows >= maxRows || bytes >= maxBytes { return true }
    }
    return false
  }

  /// Takes one row; true when the batch is full.
  func append(_ row: Span<UInt8>) throws -> Bool {
    try append(row, after: 0)
    return batch.finishRow(bytes: row.count + overhead)
  }

  /// - Parameter rows: how many the batch does not know of yet.
  @inline(__always)
  private func append(_ row: Span<UInt8>, after rows: Int) throws {
    guard row.count > bitmapBytes else { throw fault(.cutShort, 0, after: rows) }
    var cursor = WireCursor(row, at: 1 + bitmapBytes)
    for index in codecs.indices {
      let bit = index + 2
      if row[1 + (bit >> 3)] & (1 << UInt8(truncatingIfNeeded: bit & 7)) != 0 {
        builders.with(index) { $0.appendNull() }
        continue
      }
      let fault = builders.with(index) { codecs[index].append(&cursor, to: $0) }
      if fault != .none { throw self.fault(fault, index, after: rows) }
    }
  }

  @inline(never)
  private func fault(_ fault: ValueFault, _ column: Int, after rows: Int) -> Failure {
    let field = schema.fields.isEmpty ? Field("", .text) : schema.fields[column]
    return fault.failure(field, row: self.rows + Int64(rows) + 1)
  }
}
