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
    while let row = try unsafe session.nextPacket() {
      if try unsafe append(row) { return true }
    }
    return false
  }

  func append(_ row: UnsafeRawBufferPointer) throws -> Bool {
    rows += 1
    guard let start = row.baseAddress else { return false }
    var cursor = unsafe WireCursor(at: start, end: start + row.count)
    for (index, builder) in batch.columns.enumerated() {
      if cursor.left > 0, unsafe cursor.at.load(as: UInt8.self) == 0xFB {
        unsafe cursor.at += 1
        builder.appendNull()
        continue
      }
      let length = cursor.length()
      let text = unsafe UnsafeRawBufferPointer(start: cursor.at, count: max(length, 0))
      let fault = unsafe length < 0 ? .cutShort : append(text, index, builder)
      if fault != .none { throw fault.failure(schema.fields[index], row: rows) }
      unsafe cursor.at += length
    }
    return batch.finishRow(bytes: row.count + 8 * batch.columns.count)
  }

  private func append(_ text: UnsafeRawBufferPointer, _ index: Int, _ builder: ColumnBuilder) -> ValueFault {
    guard isInteger[index] else {
      unsafe builder.append(bytes: text)
      return .none
    }
    if builder.type == .int64 {
      var value: Int64 = 0
      guard unsafe Digits.parse(text, into: &value) == .ok else { return .malformed }
      builder.append(value)
      return .none
    }
    var value: UInt64 = 0
    guard unsafe Digits.parse(text, into: &value) == .ok else { return .malformed }
    builder.append(value)
    return .none
  }

  func finish() throws -> RecordBatch {
    let finished = batch.finish()
    let textual = schema.fields.indices.filter { schema.fields[$0].type.isTextual }
    return try policy.checked(finished, textual, firstRow: rows - Int64(finished.count) + 1)
  }
}
