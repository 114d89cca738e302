internal import Records
internal import SQL

/// Turns rows in the server's binary form into columns.
///
/// What each column needs is decided once; the loop over a row switches on one byte per value and appends straight from
/// libpq's buffer. It is raw memory from here on to the values: over spans and an array of plans, a table of 16
/// columns took 9 % more instructions.
@safe final class RowDecoder {
  /// How to move one column.
  @safe struct Plan {
    var kind: Kind
    /// Digits behind the point, of a decimal.
    var scale: Int
    var builder: Unmanaged<ColumnBuilder>
    var array: Unmanaged<ArrayDecoder>?
  }

  enum Kind: UInt8 {
    case bool, int16, int32, int64, bits32, bits64, int32Bits
    case decimal128, decimal256, money, numeric
    case bytes, text, jsonb
    case date, time, timestamp, interval, uuid, void, array
  }

  /// Why a value could not be taken over.
  enum Fault: UInt8, Error {
    case none
    /// Another number of bytes than the type has.
    case length
    /// Outside of what the type in the record can hold.
    case range
    /// NaN or Infinity in a decimal.
    case notFinite
    /// Not valid UTF-8.
    case encoding
    /// Not what the protocol says.
    case malformed
    /// An array with another number of dimensions than was known before.
    case dimensions
  }

  let builder: BatchBuilder
  private let plans: UnsafeMutablePointer<Plan>
  private let count: Int
  private let arrays: [ArrayDecoder]
  private let invalidText: TextCheck?
  /// Where the last fault was.
  private(set) var faultyColumn = 0

  /// - Parameter invalidText: set when the server does not guarantee UTF-8: a database in SQL_ASCII.
  init(_ schema: Schema, _ types: [DatabaseType], invalidText: InvalidText?) {
    builder = BatchBuilder(schema)
    count = types.count
    self.invalidText = invalidText.map { TextCheck($0) }
    unsafe plans = UnsafeMutablePointer.allocate(capacity: max(count, 1))
    var arrays: [ArrayDecoder] = []
    for (index, type) in types.enumerated() {
      var plan = RowDecoder.plan(type.form, builder.columns[index])
      if case .array(let element) = type.form {
        let array = ArrayDecoder(element.form, builder.columns[index])
        arrays.append(array)
        unsafe plan.array = unsafe Unmanaged.passUnretained(array)
      }
      unsafe plans.advanced(by: index).initialize(to: plan)
    }
    self.arrays = arrays
  }

  deinit {
    unsafe plans.deinitialize(count: count)
    unsafe plans.deallocate()
  }

  static func plan(_ form: DatabaseType.Form, _ builder: ColumnBuilder) -> Plan {
    var plan = unsafe Plan(kind: .text, scale: 0, builder: Unmanaged.passUnretained(builder), array: nil)
    switch form {
    case .bool: plan.kind = .bool
    case .int16: plan.kind = .int16
    case .int32: plan.kind = .int32
    case .uint32, .float32: plan.kind = .bits32
    case .int64: plan.kind = .int64
    case .float64: plan.kind = .bits64
    case .numeric:
      if case .decimal(let precision, let scale) = builder.type {
        plan.kind = precision <= 38 ? .decimal128 : .decimal256
        plan.scale = scale
      } else {
        plan.kind = .numeric
      }
    case .text, .json, .opaque: plan.kind = .text
    case .jsonb: plan.kind = .jsonb
    case .bytes: plan.kind = .bytes
    case .date: plan.kind = .date
    case .time: plan.kind = .time
    case .timestamp: plan.kind = .timestamp
    case .interval: plan.kind = .interval
    case .uuid: plan.kind = .uuid
    case .money: plan.kind = .money
    case .void: plan.kind = .void
    case .array: plan.kind = .array
    }
    return plan
  }

  /// Takes one row of a binary COPY: a count of fields, then each with its length in front. The caller counts it.
  /// - Parameter first: how many bytes are in front of it.
  func append(copyRow row: UnsafeRawBufferPointer, behind first: Int = 0) throws(Fault) {
    guard var p = row.baseAddress, row.count >= first + 2 else { throw .malformed }
    let end = unsafe p + row.count
    unsafe p += first
    guard unsafe Int(Int16(bigEndian: p.loadUnaligned(as: Int16.self))) == count else { throw .malformed }
    unsafe p += 2
    for column in 0..<count {
      guard unsafe p + 4 <= end else { throw fault(.malformed, column) }
      let length = unsafe Int(Int32(bigEndian: p.loadUnaligned(as: Int32.self)))
      unsafe p += 4
      if length < 0 {
        unsafe plans[column].builder._withUnsafeGuaranteedRef { $0.appendNull() }
        continue
      }
      guard unsafe p + length <= end else { throw fault(.malformed, column) }
      let outcome = unsafe RowDecoder.decode(plans + column, p, length, invalidText)
      guard outcome == .none else { throw fault(outcome, column) }
      unsafe p += length
    }
  }

  /// Takes a row of a result in binary form.
  func append(_ result: ServerResult, row: Int) throws(Fault) -> Bool {
    var weight = 0
    for column in 0..<count {
      guard let bytes = unsafe result.bytes(row, column), let base = bytes.baseAddress else {
        unsafe plans[column].builder._withUnsafeGuaranteedRef { $0.appendNull() }
        continue
      }
      let outcome = unsafe RowDecoder.decode(plans + column, base, bytes.count, invalidText)
      guard outcome == .none else { throw fault(outcome, column) }
      weight += bytes.count + 4
    }
    return builder.finishRow(bytes: weight)
  }

  private func fault(_ fault: Fault, _ column: Int) -> Fault {
    faultyColumn = column
    return fault
  }

  /// Of a value, as long as its row is there.
  @_lifetime(immortal)
  private static func span(_ p: UnsafeRawPointer, _ length: Int) -> Span<UInt8> {
    let bytes = unsafe UnsafeRawBufferPointer(start: p, count: length)
    return unsafe _overrideLifetime(Span(_unsafeBytes: bytes), copying: ())
  }

  /// Appends one value.
  @inline(__always)
  static func decode(
    _ plan: UnsafeMutablePointer<Plan>, _ p: UnsafeRawPointer, _ length: Int, _ check: TextCheck?
  ) -> Fault {
    unsafe plan.pointee.builder._withUnsafeGuaranteedRef { builder in
      switch unsafe plan.pointee.kind {
      case .int32, .int32Bits:
        guard length == 4 else { return .length }
        unsafe builder.append(Int32(bigEndian: p.loadUnaligned(as: Int32.self)))
      case .bits32:
        guard length == 4 else { return .length }
        unsafe builder.append(UInt32(bigEndian: p.loadUnaligned(as: UInt32.self)))
      case .int64, .bits64:
        guard length == 8 else { return .length }
        unsafe builder.append(Int64(bigEndian: p.loadUnaligned(as: Int64.self)))
      case .int16:
        guard length == 2 else { return .length }
        unsafe builder.append(Int16(bigEndian: p.loadUnaligned(as: Int16.self)))
      case .text:
        if let check { return unsafe check.append(span(p, length), to: builder) }
        unsafe builder.append(bytes: p, count: length)
      case .bytes: unsafe builder.append(bytes: p, count: length)
      case .decimal128: return unsafe NumericDecoder.decimal128(p, length, plan.pointee.scale, builder)
      case .date:
        guard length == 4 else { return .length }
        return unsafe PostgresEpoch.appendDate(Int32(bigEndian: p.loadUnaligned(as: Int32.self)), to: builder)
      case .timestamp:
        guard length == 8 else { return .length }
        return unsafe PostgresEpoch.appendTimestamp(Int64(bigEndian: p.loadUnaligned(as: Int64.self)), to: builder)
      case .bool:
        guard length == 1 else { return .length }
        unsafe builder.append(bool: p.load(as: UInt8.self) != 0)
      default: return unsafe decodeRare(plan, p, length, check, builder)
      }
      return .none
    }
  }

  @inline(never)
  private static func decodeRare(
    _ plan: UnsafeMutablePointer<Plan>, _ p: UnsafeRawPointer, _ length: Int, _ check: TextCheck?,
    _ builder: ColumnBuilder
  ) -> Fault {
    switch unsafe plan.pointee.kind {
    case .uuid:
      guard length == 16 else { return .length }
      unsafe builder.append(p.loadUnaligned(as: UInt128.self))
    case .jsonb:
      guard length >= 1, unsafe p.load(as: UInt8.self) == 1 else { return .malformed }
      if let check { return unsafe check.append(span(p + 1, length - 1), to: builder) }
      unsafe builder.append(bytes: p + 1, count: length - 1)
    case .numeric: return unsafe NumericDecoder.text(p, length, builder)
    case .decimal256: return unsafe NumericDecoder.decimal256(p, length, plan.pointee.scale, builder)
    case .time:
      guard length == 8 else { return .length }
      let time = unsafe Int64(bigEndian: p.loadUnaligned(as: Int64.self))
      guard (0...PostgresEpoch.day).contains(time) else { return .range }
      builder.append(time)
    case .money:
      guard length == 8 else { return .length }
      unsafe builder.append(Int128(Int64(bigEndian: p.loadUnaligned(as: Int64.self))))
    case .interval:
      guard length == 16 else { return .length }
      return unsafe PostgresEpoch.appendInterval(p, to: builder)
    case .void: builder.appendNull()
    case .array:
      guard let array = unsafe plan.pointee.array else { return .malformed }
      return unsafe array._withUnsafeGuaranteedRef { unsafe $0.append(p, length, check) }
    default: return .malformed
    }
    return .none
  }
}

/// The server counts days and microseconds from 2000-01-01, records from 1970-01-01.
enum PostgresEpoch {
  static let days: Int32 = 10_957
  static let microseconds: Int64 = 946_684_800_000_000
  /// In microseconds; `24:00:00` is a time.
  static let day: Int64 = 86_400_000_000

  @inline(__always)
  static func appendDate(_ value: Int32, to builder: ColumnBuilder) -> RowDecoder.Fault {
    if value == .max || value == .min {
      builder.append(value)
      return .none
    }
    let (days, overflow) = value.addingReportingOverflow(days)
    if overflow { return .range }
    builder.append(days)
    return .none
  }

  @inline(__always)
  static func appendTimestamp(_ value: Int64, to builder: ColumnBuilder) -> RowDecoder.Fault {
    if value == .max || value == .min {
      builder.append(value)
      return .none
    }
    // The server's range goes to the year 294276, 64-bit microseconds since 1970 end in 294247.
    let (instant, overflow) = value.addingReportingOverflow(microseconds)
    if overflow || instant == .max { return .range }
    builder.append(instant)
    return .none
  }

  /// Microseconds (64 bit), days, months; records hold nanoseconds.
  static func appendInterval(_ p: UnsafeRawPointer, to builder: ColumnBuilder) -> RowDecoder.Fault {
    let microseconds = unsafe Int64(bigEndian: p.loadUnaligned(as: Int64.self))
    let days = unsafe Int32(bigEndian: p.loadUnaligned(fromByteOffset: 8, as: Int32.self))
    let months = unsafe Int32(bigEndian: p.loadUnaligned(fromByteOffset: 12, as: Int32.self))
    let (nanoseconds, overflow) = microseconds.multipliedReportingOverflow(by: 1_000)
    if overflow { return .range }
    builder.append(Interval(months: months, days: days, nanoseconds: nanoseconds))
    return .none
  }
}
