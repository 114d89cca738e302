internal import Records

/// Single values that are not nested. A value that does not fit is marked, and something stands in its place.
struct AvroScalar: ~Escapable {
  let view: AvroProgram.View

  @_lifetime(copy view)
  init(view: AvroProgram.View) { self.view = view }

  /// One value into a builder of its type; false at a fault.
  func append(_ node: Int, to builder: ColumnBuilder, _ cursor: inout AvroCursor) -> Bool {
    switch view.nodes[node].kind {
    case .boolean:
      guard cursor.need(1) else { return false }
      if cursor.first > 1 { cursor.mark(.boolean) }
      builder.append(bool: cursor.first != 0)
      cursor.at += 1
      return true
    case .int, .long:
      var number: Int64 = 0
      guard view.nodes[node].kind == .int ? cursor.int(&number) : cursor.long(&number) else { return false }
      append(number, node, to: builder, &cursor)
      return true
    case .float:
      guard cursor.need(4) else { return false }
      let value = Float(bitPattern: cursor.load(as: UInt32.self))
      if view.nodes[node].form == .float64 { builder.append(Double(value)) } else { builder.append(value) }
      return true
    case .double:
      guard cursor.need(8) else { return false }
      builder.append(cursor.load(as: UInt64.self))
      return true
    case .bytes, .fixed:
      var count = view.nodes[node].size
      guard view.nodes[node].kind == .fixed ? cursor.need(count) : cursor.length(&count) else { return false }
      let bytes = cursor.take(count)
      append(bytes, node, to: builder, &cursor)
      return true
    case .enumeration: return appendSymbol(node, to: builder, &cursor)
    default:
      builder.appendNull()
      return true
    }
  }

  // MARK: numbers

  private func append(_ number: Int64, _ node: Int, to builder: ColumnBuilder, _ cursor: inout AvroCursor) {
    let form = view.nodes[node].form
    if !AvroScalar.fits(number, form) { cursor.mark(.integer) }
    switch form {
    case .float32: builder.append(Float(number))
    case .float64: builder.append(Double(number))
    case .int8, .uint8: builder.append(UInt8(truncatingIfNeeded: number))
    case .int16, .uint16: builder.append(UInt16(truncatingIfNeeded: number))
    case .int32, .date, .uint32: builder.append(UInt32(truncatingIfNeeded: number))
    case .time, .timestamp: builder.append(AvroScalar.time(number, view.nodes[node], &cursor))
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
  static func time(_ number: Int64, _ node: AvroProgram.Node, _ cursor: inout AvroCursor) -> Int64 {
    if node.divisor != 1 {
      if number % node.divisor != 0 { cursor.mark(.time) }
      return number / node.divisor
    }
    let (product, overflow) = number.multipliedReportingOverflow(by: node.factor)
    if overflow { cursor.mark(.time) }
    if node.form == .time, !isTimeOfDay(product, node.unit) { cursor.mark(.time) }
    return product
  }

  /// From midnight to midnight; Ferry has 24:00:00 as well.
  @inline(__always)
  static func isTimeOfDay(_ time: Int64, _ unit: TimeUnit) -> Bool { time >= 0 && time <= 86_400 * unit.perSecond }

  static func uint64(_ bytes: Span<UInt8>, _ cursor: inout AvroCursor) -> UInt64 {
    var number: Int128 = 0
    let isNarrow = AvroDecimal.read(bytes, &number)
    let value = isNarrow ? UInt64(exactly: number) : nil
    if value == nil { cursor.mark(.integer) }
    return value ?? 0
  }

  // MARK: symbols

  private func appendSymbol(_ node: Int, to builder: ColumnBuilder, _ cursor: inout AvroCursor) -> Bool {
    var number: Int64 = 0
    guard cursor.long(&number) else { return false }
    guard let link = symbol(number, node, &cursor, quoted: false) else {
      builder.appendNull()
      return true
    }
    cursor.growth += Int(link.length)
    builder.append(bytes: view.text(link))
    return true
  }

  /// Where the text of a symbol is.
  @inline(__always)
  func symbol(_ number: Int64, _ node: Int, _ cursor: inout AvroCursor, quoted: Bool) -> AvroProgram.Link? {
    let count = view.nodes[node].count / 2
    guard number >= 0, number < Int64(count) else {
      cursor.mark(.symbol)
      return nil
    }
    let link = view.links[view.nodes[node].first + Int(number) + (quoted ? count : 0)]
    if link.node < 0 {
      cursor.mark(.readerSymbol)
      return nil
    }
    return link
  }

  // MARK: bytes

  private func append(
    _ bytes: Span<UInt8>, _ node: Int, to builder: ColumnBuilder, _ cursor: inout AvroCursor
  ) {
    switch view.nodes[node].form {
    case .bytes: builder.append(bytes: bytes)
    case .text:
      if !UTF8Text.isValid(bytes) { cursor.mark(.utf8) }
      builder.append(bytes: bytes)
    case .decimal: builder.append(AvroScalar.decimal(bytes, view.nodes[node], &cursor))
    case .wideDecimal: builder.append(AvroScalar.wideDecimal(bytes, view.nodes[node], &cursor))
    case .uint64: builder.append(AvroScalar.uint64(bytes, &cursor))
    case .binaryNumeric:
      var text = ByteBuffer()
      if !AvroDecimal.append(bytes, scale: view.nodes[node].scale, to: &text) { cursor.mark(.decimal) }
      builder.append(bytes: text.span)
      cursor.growth += text.count
    case .duration: builder.append(AvroScalar.duration(bytes, &cursor))
    case .uuid: unsafe builder.append(bytes.bytes.unsafeLoadUnaligned(as: UInt128.self))
    default: appendParsed(bytes, node, to: builder, &cursor)
    }
  }

  func appendParsed(
    _ bytes: Span<UInt8>, _ node: Int, to builder: ColumnBuilder, _ cursor: inout AvroCursor
  ) {
    guard ValueParser(builder.type).append(bytes, to: builder) != .ok else { return }
    switch view.nodes[node].form {
    case .uuidText: cursor.mark(.uuid)
    case .json: cursor.mark(.json)
    default: cursor.mark(.number)
    }
    builder.appendNull()
  }

  /// The type of a column for the forms that are read from text.
  static func type(_ node: AvroProgram.Node) -> DataType {
    switch node.form {
    case .uuidText: .uuid
    case .interval: .interval
    case .offsetTimestamp: .offsetTimestamp(node.unit)
    case .numeric: .numeric
    default: .text
    }
  }

  @inline(__always)
  static func decimal(_ bytes: Span<UInt8>, _ node: AvroProgram.Node, _ cursor: inout AvroCursor) -> Int128 {
    var value: Int128 = 0
    var fits = AvroDecimal.read(bytes, &value)
    if node.shift != 0 {
      // A number that takes more digits on its way may have the right ones at its end.
      var wide = Int256.zero
      fits = AvroDecimal.read(bytes, &wide)
      if let moved = shift(wide, node.shift)?.narrowed { value = moved } else { fits = false }
    }
    if fits && value.magnitude < DecimalText.power(node.precision).magnitude { return value }
    cursor.mark(.decimal)
    return 0
  }

  static func wideDecimal(_ bytes: Span<UInt8>, _ node: AvroProgram.Node, _ cursor: inout AvroCursor) -> Int256 {
    var value = Int256.zero
    if AvroDecimal.read(bytes, &value), let moved = shift(value, node.shift),
      moved.fits(digits: node.precision)
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
  static func duration(_ bytes: Span<UInt8>, _ cursor: inout AvroCursor) -> Interval {
    let months = unsafe bytes.bytes.unsafeLoadUnaligned(fromByteOffset: 0, as: UInt32.self)
    let days = unsafe bytes.bytes.unsafeLoadUnaligned(fromByteOffset: 4, as: UInt32.self)
    let millis = unsafe bytes.bytes.unsafeLoadUnaligned(fromByteOffset: 8, as: UInt32.self)
    guard let months = Int32(exactly: months), let days = Int32(exactly: days) else {
      cursor.mark(.time)
      return Interval(months: 0, days: 0, nanoseconds: 0)
    }
    return Interval(months: months, days: days, nanoseconds: Int64(millis) * 1_000_000)
  }
}
