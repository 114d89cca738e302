internal import Glibc
internal import Records

/// Single values that are not nested.
enum AvroScalar {
  /// One value into a builder of the action's type. A value that does not fit is marked and becomes NULL.
  static func append(_ action: AvroAction, to builder: ColumnBuilder, _ cursor: inout AvroCursor) -> Bool {
    switch action.kind {
    case .boolean:
      guard cursor.need(1) else { return false }
      if unsafe cursor.at[0] > 1 { cursor.mark(.boolean) }
      unsafe builder.append(bool: cursor.at[0] != 0)
      unsafe cursor.at += 1
      return true
    case .int, .long:
      var number: Int64 = 0
      guard cursor.long(&number) else { return false }
      append(number, action, to: builder, &cursor)
      return true
    case .float:
      guard cursor.need(4) else { return false }
      let value = unsafe Float(bitPattern: UnsafeRawPointer(cursor.at).loadUnaligned(as: UInt32.self))
      unsafe cursor.at += 4
      if action.type == .float64 { builder.append(Double(value)) } else { builder.append(value) }
      return true
    case .double:
      guard cursor.need(8) else { return false }
      unsafe builder.append(UnsafeRawPointer(cursor.at).loadUnaligned(as: UInt64.self))
      unsafe cursor.at += 8
      return true
    case .bytes, .fixed:
      var count = action.size
      guard action.kind == .fixed ? cursor.need(count) : cursor.length(&count) else { return false }
      let bytes = unsafe UnsafeRawBufferPointer(start: cursor.at, count: count)
      unsafe cursor.at += count
      unsafe append(bytes, action, to: builder, &cursor)
      return true
    case .enumeration: return appendSymbol(action, to: builder, &cursor)
    default:
      builder.appendNull()
      return true
    }
  }

  static func append(_ number: Int64, _ action: AvroAction, to builder: ColumnBuilder, _ cursor: inout AvroCursor) {
    switch action.type {
    case .int64: builder.append(number)
    case .float32: builder.append(Float(number))
    case .float64: builder.append(Double(number))
    case .int8: narrow(number, Int8.self, builder, &cursor)
    case .int16: narrow(number, Int16.self, builder, &cursor)
    case .int32, .date: narrow(number, Int32.self, builder, &cursor)
    case .uint8: narrow(number, UInt8.self, builder, &cursor)
    case .uint16: narrow(number, UInt16.self, builder, &cursor)
    case .uint32: narrow(number, UInt32.self, builder, &cursor)
    default:
      var time: Int64 = 0
      if !scale(number, action, &time) { cursor.mark(.time) }
      builder.append(time)
    }
  }

  private static func narrow<T: FixedWidthInteger & BitwiseCopyable>(
    _ number: Int64, _: T.Type, _ builder: ColumnBuilder, _ cursor: inout AvroCursor
  ) {
    let value = T(exactly: number)
    if value == nil { cursor.mark(.integer) }
    builder.append(value ?? 0)
  }

  /// A time in the column's unit; false where it does not fit.
  @inline(__always)
  static func scale(_ number: Int64, _ action: AvroAction, _ time: inout Int64) -> Bool {
    if action.divisor != 1 {
      time = number / action.divisor
      return number % action.divisor == 0
    }
    let (product, overflow) = number.multipliedReportingOverflow(by: action.factor)
    time = product
    return !overflow
  }

  private static func appendSymbol(
    _ action: AvroAction, to builder: ColumnBuilder, _ cursor: inout AvroCursor
  ) -> Bool {
    var number: Int64 = 0
    guard cursor.long(&number) else { return false }
    guard let symbol = symbol(number, action, &cursor) else {
      builder.appendNull()
      return true
    }
    cursor.growth += symbol.count
    unsafe symbol.withUnsafeBytes { unsafe builder.append(bytes: $0) }
    return true
  }

  static func symbol(_ number: Int64, _ action: AvroAction, _ cursor: inout AvroCursor) -> [UInt8]? {
    guard number >= 0, number < Int64(action.symbols.count) else {
      cursor.mark(.symbol)
      return nil
    }
    let symbol = action.symbols[Int(number)]
    if symbol == nil { cursor.mark(.readerSymbol) }
    return symbol
  }

  private static func append(
    _ bytes: UnsafeRawBufferPointer, _ action: AvroAction, to builder: ColumnBuilder, _ cursor: inout AvroCursor
  ) {
    switch action.type {
    case .bytes: unsafe builder.append(bytes: bytes)
    case .text:
      if unsafe !UTF8Text.isValid(bytes) { cursor.mark(.utf8) }
      unsafe builder.append(bytes: bytes)
    case .decimal(let precision, _): unsafe append(decimal: bytes, precision, to: builder, &cursor)
    case .uint64:
      var number: Int128 = 0
      let isNarrow = unsafe AvroDecimal.read(bytes, &number)
      let value = isNarrow ? UInt64(exactly: number) : nil
      if value == nil { cursor.mark(.integer) }
      builder.append(value ?? 0)
    case .numeric where action.scale != nil:
      var text = TextBuffer()
      if unsafe !AvroDecimal.append(bytes, scale: action.scale ?? 0, to: &text) { cursor.mark(.decimal) }
      unsafe builder.append(bytes: text.bytes)
    case .interval where action.kind == .fixed: unsafe append(duration: bytes, to: builder, &cursor)
    case .uuid where action.kind == .fixed:
      unsafe builder.append(bytes.loadUnaligned(as: UInt128.self))
    default:
      let flaw: AvroFlaw = action.type == .uuid ? .uuid : action.type == .json ? .json : .number
      if unsafe ValueParser(action.type).append(bytes, to: builder) != .ok {
        cursor.mark(flaw)
        builder.appendNull()
      }
    }
  }

  private static func append(
    decimal bytes: UnsafeRawBufferPointer, _ precision: Int, to builder: ColumnBuilder, _ cursor: inout AvroCursor
  ) {
    if precision <= 38 {
      var value: Int128 = 0
      if unsafe !AvroDecimal.read(bytes, &value) || value.magnitude >= DecimalText.power(precision).magnitude {
        cursor.mark(.decimal)
        value = 0
      }
      return builder.append(value)
    }
    var wide = Int256.zero
    if unsafe !AvroDecimal.read(bytes, &wide) || !wide.fits(digits: precision) {
      cursor.mark(.decimal)
      wide = .zero
    }
    builder.append(wide)
  }

  /// Three little-endian unsigned numbers of 32 bits: months, days, milliseconds.
  static func duration(_ bytes: UnsafeRawBufferPointer) -> Interval? {
    let months = unsafe bytes.loadUnaligned(fromByteOffset: 0, as: UInt32.self)
    let days = unsafe bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self)
    let millis = unsafe bytes.loadUnaligned(fromByteOffset: 8, as: UInt32.self)
    guard let months = Int32(exactly: months), let days = Int32(exactly: days) else { return nil }
    return Interval(months: months, days: days, nanoseconds: Int64(millis) * 1_000_000)
  }

  private static func append(
    duration bytes: UnsafeRawBufferPointer, to builder: ColumnBuilder, _ cursor: inout AvroCursor
  ) {
    let value = unsafe duration(bytes)
    if value == nil { cursor.mark(.time) }
    builder.append(value ?? Interval(months: 0, days: 0, nanoseconds: 0))
  }
}
