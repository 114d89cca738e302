internal import Records

/// Encodes one column after the other for one parameter; keeps its memory for the next batch.
final class RowEncoder {
  private let field: Field
  private let limits: ColumnLimits
  private var bytes = TextBuffer(capacity: 1 << 12)
  private let offsetsStore: OffsetStore

  init(_ field: Field, _ limits: ColumnLimits) {
    self.field = field
    self.limits = limits
    offsetsStore = OffsetStore()
  }

  /// The values stay valid until the next call and as long as the column's memory does.
  func encode(_ column: Column, firstRow: Int64) throws -> WireColumn {
    var row = 0
    do throws(LoadFault) {
      var wire = try encode(column, &row)
      if let validity = column.validity {
        unsafe wire.validity = unsafe validity.start
        wire.validityOffset = column.offset
      }
      return wire
    } catch {
      throw error.failure(field, row: firstRow + Int64(row))
    }
  }

  private func encode(_ column: Column, _ row: inout Int) throws(LoadFault) -> WireColumn {
    switch column.type {
    case .int8: return direct(column, WireType.tiny, 1)
    case .int16:
      if limits.isYear { try checkYears(column, &row) }
      return direct(column, WireType.short, 2)
    case .int32: return direct(column, WireType.long, 4)
    case .int64: return direct(column, WireType.longlong, 8)
    case .uint8: return direct(column, WireType.tiny | WireType.unsigned, 1)
    case .uint16: return direct(column, WireType.short | WireType.unsigned, 2)
    case .uint32: return direct(column, WireType.long | WireType.unsigned, 4)
    case .uint64: return direct(column, WireType.longlong | WireType.unsigned, 8)
    case .float32:
      try unsafe checkFinite(column.fixed(Float.self), column, &row)
      return direct(column, WireType.float, 4)
    case .float64:
      try unsafe checkFinite(column.fixed(Double.self), column, &row)
      return direct(column, WireType.double, 8)
    case .bytes: return counted(column, WireType.blob)
    case .json: return counted(column, WireType.string)
    case .text:
      if let members = limits.members { try checkMembers(column, members, &row) }
      return counted(column, WireType.string)
    case .numeric:
      try checkNumerics(column, &row)
      return counted(column, WireType.decimal)
    default: return try converted(column, &row)
    }
  }

  private func converted(_ column: Column, _ row: inout Int) throws(LoadFault) -> WireColumn {
    bytes.removeAll()
    switch column.type {
    case .bool:
      for at in 0..<column.count { bytes.append(byte: column.bool(at) ? 1 : 0) }
      return unsafe WireColumn(type: WireType.tiny, form: .fixed, base: base, width: 1)
    case .date:
      try dates(column, &row)
      return unsafe WireColumn(type: WireType.date, form: .fixed, base: base, width: 5)
    case .timestamp(let unit, _):
      try timestamps(column, unit, &row)
      return unsafe WireColumn(type: WireType.datetime, form: .fixed, base: base, width: 12)
    case .time(let unit):
      let offsets = try unsafe times(column, unit, &row)
      return unsafe WireColumn(type: WireType.string, form: .complete, base: base, offsets: offsets)
    case .interval:
      let offsets = try unsafe intervals(column, &row)
      return unsafe WireColumn(type: WireType.string, form: .complete, base: base, offsets: offsets)
    case .uuid:
      uuids(column)
      return unsafe WireColumn(type: WireType.string, form: .fixed, base: base, width: 37)
    case .decimal(let precision, let scale): return decimals(column, precision, scale)
    default: throw .list
    }
  }

  private var base: UnsafeRawPointer { unsafe UnsafeRawPointer(bytes.reserve(1) - bytes.count) }

  // MARK: values that lie right already

  private func direct(_ column: Column, _ type: UInt16, _ width: Int) -> WireColumn {
    unsafe WireColumn(type: type, form: .fixed, base: column.values.start + column.offset * width, width: width)
  }

  private func counted(_ column: Column, _ type: UInt16) -> WireColumn {
    unsafe WireColumn(type: type, form: .counted, base: column.values.start, offsets: column.offsetValues.baseAddress)
  }

  private func checkYears(_ column: Column, _ row: inout Int) throws(LoadFault) {
    let values = unsafe column.fixed(Int16.self)
    for at in 0..<column.count
    where unsafe values[at] != 0 && !(1_901...2_155).contains(values[at]) && !column.isNull(at) {
      row = at
      throw .year
    }
  }

  private func checkFinite<T: BinaryFloatingPoint>(
    _ values: UnsafeBufferPointer<T>, _ column: Column, _ row: inout Int
  ) throws(LoadFault) {
    for at in 0..<values.count where unsafe !values[at].isFinite && !column.isNull(at) {
      row = at
      throw .notFinite
    }
  }

  private func checkMembers(_ column: Column, _ members: Members, _ row: inout Int) throws(LoadFault) {
    for at in 0..<column.count where !column.isNull(at) {
      guard unsafe !members.contains(column.bytes(at)) else { continue }
      row = at
      throw .noMember
    }
  }

  private func checkNumerics(_ column: Column, _ row: inout Int) throws(LoadFault) {
    for at in 0..<column.count where !column.isNull(at) {
      let text = unsafe column.bytes(at)
      row = at
      if let last = unsafe text.last, last | 0x20 >= UInt8(ascii: "a") { throw .notFinite }
      if unsafe text.count > 30 && !RowEncoder.isDecimal(text) { throw .digits }
    }
  }

  /// Whether the server's DECIMAL holds every digit of the number.
  private static func isDecimal(_ text: UnsafeRawBufferPointer) -> Bool {
    let digits = unsafe text.drop { $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "0") }
    let whole = unsafe digits.prefix { $0 != UInt8(ascii: ".") }.count
    let fraction = unsafe max(0, digits.count - whole - 1)
    return whole + fraction <= 65 && fraction <= 30
  }

  // MARK: dates and times

  private func dates(_ column: Column, _ row: inout Int) throws(LoadFault) {
    let values = unsafe column.fixed(Int32.self)
    for at in 0..<column.count {
      let date = unsafe Calendar.date(days: column.isNull(at) ? 0 : Int(values[at]))
      guard (0...9_999).contains(date.year) else {
        row = at
        throw .beyondCalendar
      }
      let out = unsafe bytes.reserve(5)
      unsafe out[0] = 4
      unsafe put(date, out + 1)
      bytes.advance(5)
    }
  }

  private func put(_ date: Calendar.Date, _ out: UnsafeMutablePointer<UInt8>) {
    unsafe out[0] = UInt8(truncatingIfNeeded: date.year)
    unsafe out[1] = UInt8(truncatingIfNeeded: date.year >> 8)
    unsafe out[2] = UInt8(truncatingIfNeeded: date.month)
    unsafe out[3] = UInt8(truncatingIfNeeded: date.day)
  }

  private func timestamps(_ column: Column, _ unit: TimeUnit, _ row: inout Int) throws(LoadFault) {
    let values = unsafe column.fixed(Int64.self)
    let step = limits.microsecondStep * (unit.perSecond / 1_000_000)
    let isNano = unit == .nanoseconds
    for at in 0..<column.count {
      let value = unsafe column.isNull(at) ? 0 : values[at]
      if step > 1 && value % step != 0 {
        row = at
        throw .fraction(limits.fraction)
      }
      let moment = Calendar.moment(isNano ? Calendar.floorDivide(value, 1_000).quotient : value, perSecond: 1_000_000)
      guard (0...9_999).contains(moment.date.year) else {
        row = at
        throw .beyondCalendar
      }
      let out = unsafe bytes.reserve(12)
      unsafe out[0] = 11
      unsafe put(moment.date, out + 1)
      unsafe put(second: moment.secondOfDay, moment.fraction, out + 5)
      bytes.advance(12)
    }
  }

  /// Hour, minute, second and microseconds: 7 bytes.
  private func put(second: Int, _ microsecond: Int, _ out: UnsafeMutablePointer<UInt8>) {
    unsafe out[0] = UInt8(truncatingIfNeeded: second / 3_600)
    unsafe out[1] = UInt8(truncatingIfNeeded: second / 60 % 60)
    unsafe out[2] = UInt8(truncatingIfNeeded: second % 60)
    for index in 0..<4 { unsafe out[3 + index] = UInt8(truncatingIfNeeded: microsecond >> (8 * index)) }
  }

  // TIME goes as text: MySQL 9 refuses long times in the protocol's own form that it takes as a literal.

  private func times(
    _ column: Column, _ unit: TimeUnit, _ row: inout Int
  ) throws(LoadFault) -> UnsafePointer<Int32> {
    let values = unsafe column.fixed(Int64.self)
    let offsets = unsafe offsetsStore.reserve(column.count + 1)
    unsafe offsets[0] = 0
    for at in 0..<column.count {
      row = at
      if !column.isNull(at) { try unsafe put(time: values[at], unit == .nanoseconds ? 1_000 : 1) }
      unsafe offsets[at + 1] = Int32(truncatingIfNeeded: bytes.count)
    }
    return unsafe UnsafePointer(offsets)
  }

  private func intervals(_ column: Column, _ row: inout Int) throws(LoadFault) -> UnsafePointer<Int32> {
    let values = unsafe column.fixed(Interval.self)
    let offsets = unsafe offsetsStore.reserve(column.count + 1)
    unsafe offsets[0] = 0
    for at in 0..<column.count {
      row = at
      if !column.isNull(at) { try unsafe put(values[at]) }
      unsafe offsets[at + 1] = Int32(truncatingIfNeeded: bytes.count)
    }
    return unsafe UnsafePointer(offsets)
  }

  private func put(_ value: Interval) throws(LoadFault) {
    if value.months != 0 { throw .months }
    let (days, overflow) = Int64(value.days).multipliedReportingOverflow(by: WireDuration.day * 1_000)
    let (total, carry) = days.addingReportingOverflow(value.nanoseconds)
    if overflow || carry { throw .beyondTime }
    try put(time: total, 1_000)
  }

  /// Appends the length and `-HHH:MM:SS.ffffff`.
  /// - Parameter perMicrosecond: how many units of the value make a microsecond.
  private func put(time value: Int64, _ perMicrosecond: Int64) throws(LoadFault) {
    let step = limits.microsecondStep * perMicrosecond
    if step > 1 && value % step != 0 { throw .fraction(limits.fraction) }
    let magnitude = (value / perMicrosecond).magnitude
    guard magnitude <= RowEncoder.longestTime else { throw .beyondTime }
    let seconds = magnitude / 1_000_000
    bytes.append(byte: value < 0 ? 17 : 16)
    if value < 0 { bytes.append(byte: UInt8(ascii: "-")) }
    Digits.appendPadded(seconds / 3_600, 3, to: &bytes)
    bytes.append(byte: UInt8(ascii: ":"))
    Digits.appendPadded(seconds / 60 % 60, 2, to: &bytes)
    bytes.append(byte: UInt8(ascii: ":"))
    Digits.appendPadded(seconds % 60, 2, to: &bytes)
    bytes.append(byte: UInt8(ascii: "."))
    Digits.appendPadded(magnitude % 1_000_000, 6, to: &bytes)
  }

  /// 838:59:59.999999 in microseconds.
  private static let longestTime: UInt64 = ((838 * 60 + 59) * 60 + 59) * 1_000_000 + 999_999

  // MARK: text forms

  private func uuids(_ column: Column) {
    let start = unsafe (column.values.start + column.offset * 16).assumingMemoryBound(to: UInt8.self)
    for at in 0..<column.count {
      bytes.append(byte: 36)
      unsafe ValueText.append(uuid: start + at * 16, to: &bytes)
    }
  }

  private func decimals(_ column: Column, _ precision: Int, _ scale: Int) -> WireColumn {
    let offsets = unsafe offsetsStore.reserve(column.count + 1)
    unsafe offsets[0] = 0
    if precision <= 38 {
      let values = unsafe column.fixed(Int128.self)
      for at in 0..<column.count {
        if !column.isNull(at) { unsafe append(values[at], scale) }
        unsafe offsets[at + 1] = Int32(truncatingIfNeeded: bytes.count)
      }
    } else {
      let values = unsafe column.fixed(Int256.self)
      for at in 0..<column.count {
        if !column.isNull(at) {
          bytes.append(byte: 0)
          let start = bytes.count
          unsafe DecimalText.append(values[at], scale: scale, to: &bytes)
          close(start)
        }
        unsafe offsets[at + 1] = Int32(truncatingIfNeeded: bytes.count)
      }
    }
    return unsafe WireColumn(type: WireType.decimal, form: .complete, base: base, offsets: UnsafePointer(offsets))
  }

  private func append(_ value: Int128, _ scale: Int) {
    bytes.append(byte: 0)
    let start = bytes.count
    DecimalText.append(value, scale: scale, to: &bytes)
    close(start)
  }

  /// Writes the length in front of a text that starts at `start`; decimals are shorter than 251 bytes.
  private func close(_ start: Int) {
    let length = bytes.count - start
    let end = unsafe bytes.reserve(1)
    unsafe (end - length - 1).pointee = UInt8(truncatingIfNeeded: length)
  }
}

/// 32-bit offsets that keep their memory.
@safe final class OffsetStore {
  private var start: UnsafeMutablePointer<Int32>?
  private var capacity = 0

  deinit { unsafe start?.deallocate() }

  func reserve(_ count: Int) -> UnsafeMutablePointer<Int32> {
    if let start = unsafe start, count <= capacity { return unsafe start }
    unsafe start?.deallocate()
    capacity = max(count, capacity * 2, 1_024)
    let fresh = UnsafeMutablePointer<Int32>.allocate(capacity: capacity)
    unsafe start = unsafe fresh
    return unsafe fresh
  }
}
