internal import Records

/// Turns rows of the binary protocol into batches. The plan is made once per column; a row's values lie one after the
/// other, so the loop walks over the columns with one jump per value.
@safe final class RowDecoder {
  @safe private struct Plan {
    var codec: ColumnCodec
    /// Kept alive by `batch`.
    var builder: Unmanaged<ColumnBuilder>
  }

  let schema: Schema
  private let batch: BatchBuilder
  private let plans: UnsafeMutablePointer<Plan>
  private let count: Int
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
    count = fields.count
    bitmapBytes = (fields.count + 2 + 7) / 8
    unsafe plans = UnsafeMutablePointer.allocate(capacity: max(count, 1))
    for (index, plan) in planned.enumerated() {
      unsafe (plans + index).initialize(
        to: Plan(codec: plan.codec, builder: Unmanaged.passUnretained(batch.columns[index])))
    }
    overhead = planned.reduce(0) { $0 + RowDecoder.overhead($1.field.type) }
    textColumns = planned.indices.filter { planned[$0].codec == .variable(isText: true) }
    self.textPolicy = textPolicy
  }

  deinit {
    unsafe plans.deinitialize(count: count)
    unsafe plans.deallocate()
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
  func append(_ row: UnsafeRawBufferPointer) throws -> Bool {
    rows += 1
    guard let start = row.baseAddress, row.count > bitmapBytes else { throw fault(.cutShort, 0) }
    let bitmap = unsafe (start + 1).assumingMemoryBound(to: UInt8.self)
    var cursor = unsafe WireCursor(at: start + 1 + bitmapBytes, end: start + row.count)
    for index in 0..<count {
      let bit = index + 2
      let plan = unsafe plans + index
      if unsafe bitmap[bit >> 3] & (1 << UInt8(truncatingIfNeeded: bit & 7)) != 0 {
        unsafe plan.pointee.builder._withUnsafeGuaranteedRef { $0.appendNull() }
        continue
      }
      let fault = unsafe plan.pointee.builder._withUnsafeGuaranteedRef {
        unsafe plan.pointee.codec.append(&cursor, to: $0)
      }
      if fault != .none { throw self.fault(fault, index) }
    }
    return batch.finishRow(bytes: row.count + overhead)
  }

  @inline(never)
  private func fault(_ fault: ValueFault, _ column: Int) -> Failure {
    fault.failure(schema.fields.isEmpty ? Field("", .text) : schema.fields[column], row: rows)
  }
}

/// A position in a packet that never passes its end.
@safe struct WireCursor {
  var at: UnsafeRawPointer
  let end: UnsafeRawPointer

  var left: Int { unsafe end - at }

  /// The length in front of a value; -1 when the packet ends inside of it.
  @inline(__always)
  mutating func length() -> Int {
    guard unsafe at < end else { return -1 }
    let first = unsafe at.load(as: UInt8.self)
    if first < 0xFB {
      unsafe at += 1
      return Int(first) <= left ? Int(first) : -1
    }
    return longLength(first)
  }

  private mutating func longLength(_ first: UInt8) -> Int {
    let bytes = first == 0xFC ? 2 : first == 0xFD ? 3 : first == 0xFE ? 8 : 0
    guard bytes > 0, left > bytes else { return -1 }
    var value: UInt64 = 0
    for index in 0..<bytes { unsafe value |= UInt64((at + 1 + index).load(as: UInt8.self)) << UInt64(8 * index) }
    unsafe at += 1 + bytes
    return value <= UInt64(left) ? Int(value) : -1
  }
}

extension ColumnCodec {
  @inline(__always)
  func append(_ cursor: inout WireCursor, to builder: ColumnBuilder) -> ValueFault {
    switch self {
    case .fixed1: return ColumnCodec.fixed(UInt8.self, &cursor, builder)
    case .fixed2: return ColumnCodec.fixed(UInt16.self, &cursor, builder)
    case .fixed4: return ColumnCodec.fixed(UInt32.self, &cursor, builder)
    case .fixed8: return ColumnCodec.fixed(UInt64.self, &cursor, builder)
    case .variable:
      let length = cursor.length()
      guard length >= 0 else { return .cutShort }
      guard length <= ColumnCodec.longest else { return .tooLong }
      unsafe builder.append(bytes: cursor.at, count: length)
      unsafe cursor.at += length
      return .none
    case .decimal128(let precision, let scale): return ColumnCodec.decimal128(precision, scale, &cursor, builder)
    case .decimal256(let precision, let scale): return ColumnCodec.decimal256(precision, scale, &cursor, builder)
    case .date(let zeroIsNull): return ColumnCodec.date(zeroIsNull, &cursor, builder)
    case .datetime(let zeroIsNull): return ColumnCodec.datetime(zeroIsNull, &cursor, builder)
    default: return rare(&cursor, builder)
    }
  }

  /// What Arrow's 32-bit offsets can carry beside a batch's other rows.
  private static let longest = 1 << 30

  @inline(__always)
  private static func fixed<T: FixedWidthInteger & BitwiseCopyable>(
    _: T.Type, _ cursor: inout WireCursor, _ builder: ColumnBuilder
  ) -> ValueFault {
    guard cursor.left >= MemoryLayout<T>.size else { return .cutShort }
    unsafe builder.append(cursor.at.loadUnaligned(as: T.self))
    unsafe cursor.at += MemoryLayout<T>.size
    return .none
  }

  private static func decimal128(
    _ precision: Int, _ scale: Int, _ cursor: inout WireCursor, _ builder: ColumnBuilder
  ) -> ValueFault {
    let length = cursor.length()
    guard length >= 0 else { return .cutShort }
    var value: Int128 = 0
    let text = unsafe UnsafeRawBufferPointer(start: cursor.at, count: length)
    guard unsafe DecimalText.parse128(text, precision: precision, scale: scale, into: &value) == .ok else {
      return .malformed
    }
    builder.append(value)
    unsafe cursor.at += length
    return .none
  }

  private static func decimal256(
    _ precision: Int, _ scale: Int, _ cursor: inout WireCursor, _ builder: ColumnBuilder
  ) -> ValueFault {
    let length = cursor.length()
    guard length >= 0 else { return .cutShort }
    var value = Int256.zero
    let text = unsafe UnsafeRawBufferPointer(start: cursor.at, count: length)
    guard unsafe DecimalText.parse256(text, precision: precision, scale: scale, into: &value) == .ok else {
      return .malformed
    }
    builder.append(value)
    unsafe cursor.at += length
    return .none
  }

  private static func date(_ zeroIsNull: Bool, _ cursor: inout WireCursor, _ builder: ColumnBuilder) -> ValueFault {
    moment(zeroIsNull, &cursor, builder) { Int32(truncatingIfNeeded: $0.days) }
  }

  private static func datetime(_ zeroIsNull: Bool, _ cursor: inout WireCursor, _ builder: ColumnBuilder) -> ValueFault {
    moment(zeroIsNull, &cursor, builder) { $0.microseconds }
  }

  @inline(__always)
  private static func moment<T: BitwiseCopyable>(
    _ zeroIsNull: Bool, _ cursor: inout WireCursor, _ builder: ColumnBuilder, _ value: (WireMoment) -> T
  ) -> ValueFault {
    guard let moment = WireMoment(&cursor) else { return .malformed }
    let fault = moment.fault
    if fault != .none {
      guard zeroIsNull else { return fault }
      builder.appendNull()
      return .none
    }
    builder.append(value(moment))
    return .none
  }

  private func rare(_ cursor: inout WireCursor, _ builder: ColumnBuilder) -> ValueFault {
    switch self {
    case .bit, .uuid: return packed(&cursor, builder)
    case .time, .interval, .timeText: return duration(&cursor, builder)
    case .shifted(let zeroIsNull, let offset):
      return ColumnCodec.moment(zeroIsNull, &cursor, builder) { $0.microseconds - offset }
    case .ambiguous: return .zone
    case .dateText, .datetimeText:
      guard let moment = WireMoment(&cursor) else { return .malformed }
      var fraction: Int?
      if case .datetimeText(let digits) = self { fraction = digits }
      builder.append(text: moment.text(fraction: fraction))
      return .none
    default: return .malformed
    }
  }

  private func packed(_ cursor: inout WireCursor, _ builder: ColumnBuilder) -> ValueFault {
    let length = cursor.length()
    guard length >= 0 else { return .cutShort }
    let bytes = unsafe UnsafeRawBufferPointer(start: cursor.at, count: length)
    unsafe cursor.at += length
    if self == .bit {
      guard length <= 8 else { return .malformed }
      unsafe builder.append(bytes.reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
      return .none
    }
    var id: (UInt64, UInt64) = (0, 0)
    let result = unsafe withUnsafeMutableBytes(of: &id) { out in
      unsafe out.baseAddress.map { unsafe ValueParse.uuid(bytes, into: $0.assumingMemoryBound(to: UInt8.self)) }
        ?? .malformed
    }
    guard result == .ok else { return .malformed }
    builder.append(UUIDBytes(low: id.0, high: id.1))
    return .none
  }

  private func duration(_ cursor: inout WireCursor, _ builder: ColumnBuilder) -> ValueFault {
    guard let duration = WireDuration(&cursor) else { return .malformed }
    switch self {
    case .interval:
      builder.append(Interval(months: 0, days: 0, nanoseconds: duration.microseconds * 1_000))
    case .time:
      guard (0...WireDuration.day).contains(duration.microseconds) else { return .outOfDay }
      builder.append(duration.microseconds)
    case .timeText(let fraction): builder.append(text: duration.text(fraction: fraction))
    default: return .malformed
    }
    return .none
  }
}

/// 16 bytes as a value that a builder takes.
struct UUIDBytes: BitwiseCopyable {
  var low: UInt64
  var high: UInt64
}
