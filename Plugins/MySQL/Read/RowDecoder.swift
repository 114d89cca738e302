internal import Records

/// Turns rows of the binary protocol into batches. The plan is made once per column; a row's values lie one after the
/// other, so the loop walks over the columns with one jump per value.
final class RowDecoder {
  let schema: Schema
  private let batch: BatchBuilder
  private let builders: ColumnBuilders
  private let codecs: [ColumnCodec]
  private let bitmapBytes: Int
  /// Bytes that a row takes beside its packet: offsets, validity, wider integers.
  private let overhead: Int
  /// Rows of the result so far.
  private(set) var rows: Int64 = 0
  private let textColumns: [Int]
  private let textPolicy: TextPolicy

  init(_ fields: [WireField], _ options: MySQLConnection.ReadOptions, textPolicy: TextPolicy) {
    let planned = fields.map { $0.plan(options) }
    schema = Schema(planned.map(\.field))
    batch = BatchBuilder(schema)
    builders = ColumnBuilders(batch.columns)
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
    return try textPolicy.checked(finished, textColumns, firstRow: rows - Int64(finished.count) + 1)
  }

  var isEmpty: Bool { batch.count == 0 }

  /// Appends a row; true when the batch is full.
  @inline(__always)
  func append(_ row: Span<UInt8>) throws -> Bool {
    rows += 1
    guard row.count > bitmapBytes else { throw fault(.cutShort, 0) }
    var cursor = WireCursor(row, at: 1 + bitmapBytes)
    for index in codecs.indices {
      let bit = index + 2
      if row[1 + (bit >> 3)] & (1 << UInt8(truncatingIfNeeded: bit & 7)) != 0 {
        builders.with(index) { $0.appendNull() }
        continue
      }
      let fault = builders.with(index) { codecs[index].append(&cursor, to: $0) }
      if fault != .none { throw self.fault(fault, index) }
    }
    return batch.finishRow(bytes: row.count + overhead)
  }

  @inline(never)
  private func fault(_ fault: ValueFault, _ column: Int) -> Failure {
    fault.failure(schema.fields.isEmpty ? Field("", .text) : schema.fields[column], row: rows)
  }
}
