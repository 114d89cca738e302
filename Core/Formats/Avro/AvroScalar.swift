internal import Glibc
internal import Records

/// Single values that are not nested. A value that does not fit is marked, and something stands in its place.
@safe struct AvroScalar {
  typealias Node = UnsafePointer<AvroProgram.Node>
  let view: AvroProgram.View

  /// One value into a builder of its type; false at a fault.
  func append(_ node: Node, to builder: ColumnBuilder, _ cursor: inout AvroCursor) -> Bool {
    switch unsafe node.pointee.kind {
    case .boolean:
      guard cursor.need(1) else { return false }
      if unsafe cursor.at[0] > 1 { cursor.mark(.boolean) }
      unsafe builder.append(bool: cursor.at[0] != 0)
      unsafe cursor.at += 1
      return true
    case .int, .long:
      var number: Int64 = 0
      guard unsafe node.pointee.kind == .int ? cursor.int(&number) : cursor.long(&number) else { return false }
      unsafe append(number, node, to: builder, &cursor)
      return true
    case .float:
      guard cursor.need(4) else { return false }
      let value = unsafe Float(bitPattern: UnsafeRawPointer(cursor.at).loadUnaligned(as: UInt32.self))
      unsafe cursor.at += 4
      if unsafe node.pointee.form == .float64 { builder.append(Double(value)) } else { builder.append(value) }
      return true
    case .double:
      guard cursor.need(8) else { return false }
      unsafe builder.append(UnsafeRawPointer(cursor.at).loadUnaligned(as: UInt64.self))
      unsafe cursor.at += 8
      return true
    case .bytes, .fixed:
      var count = unsafe node.pointee.size
      guard unsafe node.pointee.kind == .fixed ? cursor.need(count) : cursor.length(&count) else { return false }
      let bytes = unsafe UnsafeRawBufferPointer(start: cursor.at, count: count)
      unsafe cursor.at += count
      unsafe append(bytes, node, to: builder, &cursor)
      return true
    case .enumeration: return unsafe appendSymbol(node, to: builder, &cursor)
    default:
      builder.appendNull()
      return true
    }
  }

  // MARK: numbers

  private func append(_ number: Int64, _ node: Node, to builder: ColumnBuilder, _ cursor: inout AvroCursor) {
    let form = unsafe node.pointee.form
    if !AvroScalar.fits(number, form) { cursor.mark(.integer) }
    switch form {
    case .float32: builder.append(Float(number))
    case .float64: builder.append(Double(number))
    case .int8, .uint8: builder.append(UInt8(truncatingIfNeeded: number))
    case .int16, .uint16: builder.append(UInt16(truncatingIfNeeded: number))
    case .int32, .date, .uint32: builder.append(UInt32(truncatingIfNeeded: number))
    case .time, .timestamp: unsafe builder.append(AvroScalar.time(number, node, &cursor))
    default: builder.append(number)
    }
  }

  @inline(__always)
  static func fits(_ number: Int64, _ form: AvroProgram.Form) -> Bool {
    switch form {
    case .int8: Int8(exactly: number) != nil
    case .int16: Int16(exactly: number) != nil
    case .uint8: UInt8(exactly: number) != nil
    case .uint16: UInt16(exactly: number) != nil
    case .uint32: UInt32(exactly: number) != nil
    default: true
    }
  }

  /// A time in the column's unit.
  @inline(__always)
  static func time(_ number: Int64, _ node: Node, _ cursor: inout AvroCursor) -> Int64 {
    if unsafe node.pointee.divisor != 1 {
      if unsafe number % node.pointee.divisor != 0 { cursor.mark(.time) }
      return unsafe number / node.pointee.divisor
    }
    let (product, overflow) = unsafe number.multipliedReportingOverflow(by: node.pointee.factor)
    if overflow { cursor.mark(.time) }
    if unsafe node.pointee.form == .time, unsafe !isTimeOfDay(product, node.pointee.unit) { cursor.mark(.time) }
    return product
  }

  /// From midnight to midnight; Ferry has 24:00:00 as well.
  @inline(__always)
  static func isTimeOfDay(_ time: Int64, _ unit: TimeUnit) -> Bool { time >= 0 && time <= 86_400 * unit.perSecond }

  static func uint64(_ bytes: UnsafeRawBufferPointer, _ cursor: inout AvroCursor) -> UInt64 {
    var number: Int128 = 0
    let isNarrow = unsafe AvroDecimal.read(bytes, &number)
    let value = isNarrow ? UInt64(exactly: number) : nil
    if value == nil { cursor.mark(.integer) }
    return value ?? 0
  }

  // MARK: symbols

  private func appendSymbol(_ node: Node, to builder: ColumnBuilder, _ cursor: inout AvroCursor) -> Bool {
    var number: Int64 = 0
    guard cursor.long(&number) else { return false }
    guard let link = unsafe symbol(number, node, &cursor, quoted: false) else {
      builder.appendNull()
      return true
    }
    cursor.growth += Int(link.length)
    unsafe builder.append(bytes: view.text(link))
    return true
  }

  /// Where the text of a symbol is.
  @inline(__always)
  func symbol(_ number: Int64, _ node: Node, _ cursor: inout AvroCursor, quoted: Bool) -> AvroProgram.Link? {
    let count = unsafe node.pointee.count / 2
    guard number >= 0, number < Int64(count) else {
      cursor.mark(.symbol)
      return nil
    }
    let link = unsafe view.links[node.pointee.first + Int(number) + (quoted ? count : 0)]
    if link.node < 0 {
      cursor.mark(.readerSymbol)
      return nil
    }
    return link
  }

  // MARK: bytes

  private func append(
    _ bytes: UnsafeRawBufferPointer, _ node: Node, to builder: ColumnBuilder, _ cursor: inout AvroCursor
  ) {
    switch unsafe node.pointee.form {
    case .bytes: unsafe builder.append(bytes: bytes)
    case .text:
      if unsafe !UTF8Text.isValid(bytes) { cursor.mark(.utf8) }
      unsafe builder.append(bytes: bytes)
    case .decimal: unsafe builder.append(AvroScalar.decimal(bytes, node, &cursor))
    case .wideDecimal: unsafe builder.append(AvroScalar.wideDecimal(bytes, node, &cursor))
    case .uint64: unsafe builder.append(AvroScalar.uint64(bytes, &cursor))
    case .binaryNumeric:
      var text = ByteBuffer()
      if unsafe !AvroDecimal.append(bytes, scale: node.pointee.scale, to: &text) { cursor.mark(.decimal) }
      unsafe builder.append(bytes: text.bytes)
      cursor.growth += text.count
    case .duration: unsafe builder.append(AvroScalar.duration(bytes, &cursor))
    case .uuid: unsafe builder.append(bytes.loadUnaligned(as: UInt128.self))
    default: unsafe appendParsed(bytes, node, to: builder, &cursor)
    }
  }

  func appendParsed(
    _ bytes: UnsafeRawBufferPointer, _ node: Node, to builder: ColumnBuilder, _ cursor: inout AvroCursor
  ) {
    guard unsafe ValueParser(builder.type).append(bytes, to: builder) != .ok else { return }
    switch unsafe node.pointee.form {
    case .uuidText: cursor.mark(.uuid)
    case .json: cursor.mark(.json)
    default: cursor.mark(.number)
    }
    builder.appendNull()
  }

  /// The type of a column for the forms that are read from text.
  static func type(_ node: Node) -> DataType {
    switch unsafe node.pointee.form {
    case .uuidText: .uuid
    case .interval: .interval
    case .offsetTimestamp: unsafe .offsetTimestamp(node.pointee.unit)
    case .numeric: .numeric
    default: .text
    }
  }

  @inline(__always)
  static func decimal(_ bytes: UnsafeRawBufferPointer, _ node: Node, _ cursor: inout AvroCursor) -> Int128 {
    var value: Int128 = 0
    var fits = unsafe AvroDecimal.read(bytes, &value)
    if unsafe node.pointee.shift != 0 {
      // A number that takes more digits on its way may have the right ones at its end.
      var wide = Int256.zero
      fits = unsafe AvroDecimal.read(bytes, &wide)
      if let moved = unsafe shift(wide, node.pointee.shift)?.narrowed { value = moved } else { fits = false }
    }
    if unsafe fits && value.magnitude < DecimalText.power(node.pointee.precision).magnitude { return value }
    cursor.mark(.decimal)
    return 0
  }

  static func wideDecimal(_ bytes: UnsafeRawBufferPointer, _ node: Node, _ cursor: inout AvroCursor) -> Int256 {
    var value = Int256.zero
    if unsafe AvroDecimal.read(bytes, &value), let moved = unsafe shift(value, node.pointee.shift),
      unsafe moved.fits(digits: node.pointee.precision)
    {
      return moved
    }
    cursor.mark(.decimal)
    return .zero
  }

  /// The same number with more digits behind the point, or with fewer; nil where digits would be lost.
  private static func shift(_ value: Int256, _ digits: Int) -> Int256? {
    if digits == 0 { return value }
    return digits > 0 ? value.multiplied(byPowerOfTen: digits) : value.dividedExactly(byPowerOfTen: -digits)
  }

  /// Three little-endian unsigned numbers of 32 bits: months, days, milliseconds.
  static func duration(_ bytes: UnsafeRawBufferPointer, _ cursor: inout AvroCursor) -> Interval {
    let months = unsafe bytes.loadUnaligned(fromByteOffset: 0, as: UInt32.self)
    let days = unsafe bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self)
    let millis = unsafe bytes.loadUnaligned(fromByteOffset: 8, as: UInt32.self)
    guard let months = Int32(exactly: months), let days = Int32(exactly: days) else {
      cursor.mark(.time)
      return Interval(months: 0, days: 0, nanoseconds: 0)
    }
    return Interval(months: months, days: days, nanoseconds: Int64(millis) * 1_000_000)
  }
}
