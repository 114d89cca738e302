internal import Records

/// Rows of the text protocol, for the statements that the server cannot prepare. Integers keep their type, everything
/// else stays the text that the server wrote.
final class TextRowDecoder: PacketDecoder {
  let schema: Schema
  private let batch: BatchBuilder
  private let isInteger: [Bool]
  private let policy: TextPolicy
  private(set) var rows: Int64 = 0

  init(_ fields: [WireField], textPolicy: TextPolicy) {
    schema = Schema(fields.map { TextRowDecoder.field($0) })
    isInteger = schema.fields.map { $0.type == .int64 || $0.type == .uint64 }
    batch = BatchBuilder(schema)
    policy = textPolicy
  }

  private static func field(_ wire: WireField) -> Field {
    let (field, codec) = wire.plan(.init(zeroDates: .text, timeAs: .text))
    let isNull = wire.isNotNull == false
    switch codec {
    case .fixed1, .fixed2, .fixed4, .fixed8:
      if wire.kind == .float || wire.kind == .double {
        return Field(field.name, .text, nullable: isNull, sourceType: field.type.name)
      }
      return Field(field.name, wire.isUnsigned ? .uint64 : .int64, nullable: isNull, sourceType: field.sourceType)
    case .variable: return field
    case .bit: return Field(field.name, .bytes, nullable: isNull, sourceType: field.sourceType)
    default: return Field(field.name, .text, nullable: isNull, sourceType: field.sourceType ?? field.type.name)
    }
  }

  var isEmpty: Bool { batch.count == 0 }

  func fill(from session: NativeConnection) throws -> Bool {
    try session.checkOpen()
    while let row = try session.nextPacket() {
      if try append(row) { return true }
    }
    return false
  }

  func append(_ row: Span<UInt8>) throws -> Bool {
    rows += 1
    var cursor = WireCursor(row)
    for (index, builder) in batch.columns.enumerated() {
      if cursor.takeNull() {
        builder.appendNull()
        continue
      }
      let fault = append(&cursor, index, builder)
      if fault != .none { throw fault.failure(schema.fields[index], row: rows) }
    }
    return batch.finishRow(bytes: row.count + 8 * batch.columns.count)
  }

  private func append(_ cursor: inout WireCursor, _ index: Int, _ builder: ColumnBuilder) -> ValueFault {
    guard let text = cursor.value() else { return .cutShort }
    guard isInteger[index] else {
      builder.append(bytes: text)
      return .none
    }
    return ValueParser(builder.type).append(text, to: builder) == .ok ? .none : .malformed
  }

  func finish() throws -> RecordBatch {
    let finished = batch.finish()
    let textual = schema.fields.indices.filter { schema.fields[$0].type.isTextual }
    return try policy.checked(finished, textual, firstRow: rows - Int64(finished.count) + 1)
  }
}
