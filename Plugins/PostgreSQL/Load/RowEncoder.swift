internal import Glibc
internal import Records

/// Turns columns into rows in the server's binary form, for a COPY and for the parameters of a statement.
///
/// Batch has coerced every column to exactly the type that its `Target` asked for. What a column needs is decided once
/// per batch; the loop over the rows switches on one byte per value and writes into one reused buffer.
@safe final class RowEncoder {
  /// What a column or a parameter of the server takes.
  struct Target: Sendable, Hashable {
    var name: String
    var type: DatabaseType
    var modifier: Int32
    /// Dimensions of an array.
    var depth: Int = 1
    /// Digits behind the point of the server's currency.
    var moneyScale: Int = 2

    var dataType: DataType { type.dataType(modifier: modifier, depth: depth, moneyScale: moneyScale) }
  }

  /// How to move one column of the batch at hand. The pointers are valid while the batch is.
  @safe struct Plan {
    var kind: Kind
    /// Of a decimal.
    var scale = 0
    /// The microseconds that a time or timestamp with a precision below 6 has to be a multiple of; 1 for any. For a
    /// numeric: the most digits behind the point, -1 for any.
    var step: Int64 = 1
    var offset = 0
    var values = unsafe UnsafeRawPointer(bitPattern: 16)
    var offsets: UnsafePointer<Int32>?
    var validity: UnsafeRawPointer?
    var array: Unmanaged<ArrayEncoder>?

    @inline(__always)
    func isNull(_ row: Int) -> Bool {
      guard let validity = unsafe validity else { return false }
      let bit = offset + row
      return unsafe validity.load(fromByteOffset: bit >> 3, as: UInt8.self) & (1 << UInt8(bit & 7)) == 0
    }

    @inline(__always)
    func fixed<T: BitwiseCopyable>(_ row: Int, _: T.Type = T.self) -> T {
      unsafe values.unsafelyUnwrapped.load(fromByteOffset: (offset + row) * MemoryLayout<T>.stride, as: T.self)
    }

    @inline(__always)
    func bytes(_ row: Int) -> UnsafeRawBufferPointer {
      guard let offsets = unsafe offsets else { return unsafe UnsafeRawBufferPointer(start: nil, count: 0) }
      let start = unsafe Int(offsets[row])
      return unsafe UnsafeRawBufferPointer(
        start: values.unsafelyUnwrapped + start, count: Int(offsets[row + 1]) - start)
    }
  }

  enum Kind: UInt8 {
    case bool, bits16, bits32, bits64, date, time, timestamp, interval, uuid
    case bytes, jsonb, decimal128, decimal256, numeric, money, array
  }

  /// Why a value could not be sent.
  enum Fault: UInt8, Error {
    case none
    /// Outside of what the server's type holds.
    case range
    /// Finer than the column's precision: the server would round it.
    case precision
    /// A number that is not one: a record file from elsewhere.
    case malformed
    /// Inner lists of different lengths.
    case ragged
    /// NULL in the place of an inner list.
    case nullList
  }

  let targets: [Target]
  let buffer = OutputBuffer()
  private let plans: UnsafeMutablePointer<Plan>
  private var arrays: [ArrayEncoder] = []
  private(set) var faultyColumn = 0
  private(set) var faultyRow = 0

  init(_ targets: [Target]) {
    self.targets = targets
    unsafe plans = UnsafeMutablePointer.allocate(capacity: max(targets.count, 1))
    for (index, target) in targets.enumerated() {
      var plan = RowEncoder.plan(target.type.form, target.modifier)
      if case .array(let element) = target.type.form {
        let array = ArrayEncoder(element, target.modifier)
        arrays.append(array)
        unsafe plan.array = unsafe Unmanaged.passUnretained(array)
      }
      if plan.kind == .decimal128, case .decimal(let precision, let scale) = target.dataType {
        plan.kind = precision <= 38 ? .decimal128 : .decimal256
        plan.scale = scale
      }
      unsafe plans.advanced(by: index).initialize(to: plan)
    }
  }

  deinit {
    unsafe plans.deinitialize(count: targets.count)
    unsafe plans.deallocate()
  }

  static func plan(_ form: DatabaseType.Form, _ modifier: Int32) -> Plan {
    var plan = unsafe Plan(kind: .bytes)
    switch form {
    case .bool: plan.kind = .bool
    case .int16: plan.kind = .bits16
    case .int32, .uint32, .float32: plan.kind = .bits32
    case .int64, .float64: plan.kind = .bits64
    case .numeric:
      if let (precision, scale) = DatabaseType.decimal(modifier) {
        plan.kind = precision <= 38 ? .decimal128 : .decimal256
        plan.scale = scale
      } else {
        plan.kind = .numeric
        plan.step = modifier >= 4 ? Int64((((modifier - 4) & 0x7FF) ^ 1024) - 1024) : .max
      }
    case .text, .json, .bytes, .opaque, .void: plan.kind = .bytes
    case .jsonb: plan.kind = .jsonb
    case .date: plan.kind = .date
    case .time: plan.kind = .time
    case .timestamp: plan.kind = .timestamp
    case .interval: plan.kind = .interval
    case .uuid: plan.kind = .uuid
    case .money: plan.kind = .money
    case .array: plan.kind = .array
    }
    if plan.kind == .time || plan.kind == .timestamp { plan.step = step(modifier) }
    if plan.kind == .interval { plan.step = modifier < 0 || modifier & 0xFFFF > 6 ? 1 : step(modifier & 0xFFFF) }
    return plan
  }

  private static func step(_ precision: Int32) -> Int64 {
    guard (0..<6).contains(precision) else { return 1 }
    return (0..<(6 - precision)).reduce(1) { step, _ in step * 10 }
  }

  /// Takes the batch whose rows are to come.
  func bind(_ batch: RecordBatch) {
    for (index, column) in batch.columns.enumerated() { unsafe RowEncoder.bind(plans + index, column) }
  }

  static func bind(_ plan: UnsafeMutablePointer<Plan>, _ column: Column) {
    unsafe plan.pointee.values = unsafe column.values.start
    unsafe plan.pointee.offset = column.offset
    unsafe plan.pointee.offsets = unsafe column.offsets == nil ? nil : column.offsetValues.baseAddress
    unsafe plan.pointee.validity = unsafe column.validity?.start
    unsafe plan.pointee.array?._withUnsafeGuaranteedRef { $0.bind(column) }
  }

  /// Appends rows as a binary COPY wants them, until the buffer holds `limit` bytes or the rows are over.
  /// - Returns: the row to go on with.
  func appendCopyRows(from start: Int, to end: Int, limit: Int) throws(Fault) -> Int {
    let columns = targets.count
    var row = start
    while row < end && buffer.count < limit {
      buffer.append(Int16(truncatingIfNeeded: columns).bigEndian)
      for column in 0..<columns {
        let fault = unsafe RowEncoder.append(plans + column, row, to: buffer)
        guard fault == .none else {
          faultyColumn = column
          faultyRow = row
          throw fault
        }
      }
      row += 1
    }
    return row
  }

  /// Appends one value with its length in front; -1 for NULL.
  func append(_ column: Int, row: Int) throws(Fault) {
    let fault = unsafe RowEncoder.append(plans + column, row, to: buffer)
    guard fault == .none else {
      faultyColumn = column
      faultyRow = row
      throw fault
    }
  }

  /// Finds values that the server would round, for a load that goes as text: in binary they are found on the way.
  func checkPrecision(_ rows: Int) throws(Fault) {
    for column in targets.indices {
      let plan = unsafe plans[column]
      let isLimited = [.time, .timestamp, .interval].contains(plan.kind) ? plan.step != 1 : plan.kind == .numeric
      guard isLimited else { continue }
      for row in 0..<rows {
        try append(column, row: row)
        if buffer.count > 1 << 16 { buffer.removeAll() }
      }
    }
    buffer.removeAll()
  }

  @inline(__always)
  static func append(_ plan: UnsafeMutablePointer<Plan>, _ row: Int, to buffer: OutputBuffer) -> Fault {
    if unsafe plan.pointee.isNull(row) {
      buffer.append(Int32(-1))
      return .none
    }
    switch unsafe plan.pointee.kind {
    case .bits32: unsafe buffer.appendValue(plan.pointee.fixed(row, UInt32.self).bigEndian)
    case .bits64: unsafe buffer.appendValue(plan.pointee.fixed(row, UInt64.self).bigEndian)
    case .bits16: unsafe buffer.appendValue(plan.pointee.fixed(row, UInt16.self).bigEndian)
    case .bytes: unsafe buffer.appendValue(plan.pointee.bytes(row))
    case .decimal128:
      unsafe NumericEncoder.append(plan.pointee.fixed(row, Int128.self), plan.pointee.scale, to: buffer)
    case .date:
      let days = unsafe plan.pointee.fixed(row, Int32.self)
      let (value, overflow) = days.subtractingReportingOverflow(PostgresEpoch.days)
      if overflow && days != .min { return .range }
      buffer.appendValue((days == .max || days == .min ? days : value).bigEndian)
    case .timestamp:
      let instant = unsafe plan.pointee.fixed(row, Int64.self)
      let (value, overflow) = instant.subtractingReportingOverflow(PostgresEpoch.microseconds)
      if instant == .max || instant == .min {
        buffer.appendValue(instant.bigEndian)
      } else {
        if overflow { return .range }
        if unsafe plan.pointee.step != 1, unsafe instant % plan.pointee.step != 0 { return .precision }
        buffer.appendValue(value.bigEndian)
      }
    default: return unsafe appendRare(plan, row, to: buffer)
    }
    return .none
  }

  @inline(never)
  private static func appendRare(_ plan: UnsafeMutablePointer<Plan>, _ row: Int, to buffer: OutputBuffer) -> Fault {
    switch unsafe plan.pointee.kind {
    case .bool:
      let bit = unsafe plan.pointee.offset + row
      let byte = unsafe plan.pointee.values.unsafelyUnwrapped.load(fromByteOffset: bit >> 3, as: UInt8.self)
      buffer.appendValue(byte >> UInt8(bit & 7) & 1)
    case .time:
      let time = unsafe plan.pointee.fixed(row, Int64.self)
      if unsafe time % plan.pointee.step != 0 { return .precision }
      buffer.appendValue(time.bigEndian)
    case .interval:
      let interval = unsafe plan.pointee.fixed(row, Interval.self)
      let (microseconds, rest) = interval.nanoseconds.quotientAndRemainder(dividingBy: 1_000)
      if unsafe rest != 0 || microseconds % plan.pointee.step != 0 { return .precision }
      buffer.append(Int32(16).bigEndian)
      buffer.append(microseconds.bigEndian)
      buffer.append(interval.days.bigEndian)
      buffer.append(interval.months.bigEndian)
    case .uuid: unsafe buffer.appendValue(plan.pointee.fixed(row, UInt128.self))
    case .jsonb:
      let text = unsafe plan.pointee.bytes(row)
      buffer.append(Int32(truncatingIfNeeded: text.count + 1).bigEndian)
      buffer.append(UInt8(1))
      unsafe buffer.append(text)
    case .decimal256:
      unsafe NumericEncoder.append(plan.pointee.fixed(row, Wide256.self), plan.pointee.scale, to: buffer)
    case .numeric: return unsafe NumericEncoder.append(plan.pointee.bytes(row), maxScale: plan.pointee.step, to: buffer)
    case .money:
      guard let amount = unsafe Int64(exactly: plan.pointee.fixed(row, Int128.self)) else { return .range }
      buffer.appendValue(amount.bigEndian)
    case .array:
      guard let array = unsafe plan.pointee.array else { return .malformed }
      return unsafe array._withUnsafeGuaranteedRef { $0.append(row, to: buffer) }
    default: return .malformed
    }
    return .none
  }
}

/// Bytes to send: one block of memory that grows and is used again and again.
@safe final class OutputBuffer {
  private(set) var start: UnsafeMutableRawPointer
  private(set) var count = 0
  private var capacity = 0x50000

  init() { unsafe start = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16) }

  deinit { unsafe start.deallocate() }

  var bytes: UnsafeRawBufferPointer { unsafe UnsafeRawBufferPointer(start: start, count: count) }

  func removeAll() {
    count = 0
    // One huge value must not hold its memory for the rest of the load.
    if capacity > 0x400000 {
      unsafe start.deallocate()
      capacity = 0x50000
      unsafe start = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
    }
  }

  @inline(__always)
  func reserve(_ more: Int) -> UnsafeMutableRawPointer {
    if count + more > capacity { grow(more) }
    return unsafe start + count
  }

  /// Counts what was written into the room that `reserve` gave.
  @inline(__always)
  func advance(_ written: Int) { count += written }

  @inline(__always)
  func append<T: BitwiseCopyable>(_ value: T) {
    unsafe reserve(MemoryLayout<T>.size).storeBytes(of: value, as: T.self)
    count += MemoryLayout<T>.size
  }

  /// The length and the value.
  @inline(__always)
  func appendValue<T: BitwiseCopyable>(_ value: T) {
    let out = unsafe reserve(4 + MemoryLayout<T>.size)
    unsafe out.storeBytes(of: Int32(MemoryLayout<T>.size).bigEndian, as: Int32.self)
    unsafe out.storeBytes(of: value, toByteOffset: 4, as: T.self)
    count += 4 + MemoryLayout<T>.size
  }

  @inline(__always)
  func appendValue(_ value: UnsafeRawBufferPointer) {
    let out = unsafe reserve(4 + value.count)
    unsafe out.storeBytes(of: Int32(truncatingIfNeeded: value.count).bigEndian, as: Int32.self)
    if let base = value.baseAddress { unsafe (out + 4).copyMemory(from: base, byteCount: value.count) }
    count += 4 + value.count
  }

  func append(_ value: UnsafeRawBufferPointer) {
    guard let base = value.baseAddress else { return }
    unsafe reserve(value.count).copyMemory(from: base, byteCount: value.count)
    count += value.count
  }

  /// Writes a length into a place that was left for it.
  func setLength(at position: Int, _ value: Int32) {
    unsafe (start + position).storeBytes(of: value.bigEndian, as: Int32.self)
  }

  @inline(never)
  private func grow(_ more: Int) {
    let wanted = max(capacity * 2, count + more)
    let bigger = UnsafeMutableRawPointer.allocate(byteCount: wanted, alignment: 16)
    unsafe bigger.copyMemory(from: start, byteCount: count)
    unsafe start.deallocate()
    unsafe start = unsafe bigger
    capacity = wanted
  }
}
