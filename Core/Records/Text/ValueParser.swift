/// Reads texts as values of one type and appends them to a builder of that type. Made once per column.
public struct ValueParser {
  public let type: DataType
  let bytesText: BytesText

  public init(_ type: DataType, bytes: BytesText = .base64) {
    self.type = type
    bytesText = bytes
  }

  /// Appends the value; nothing is appended unless the result is `.ok`.
  public func append(_ text: UnsafeRawBufferPointer, to builder: ColumnBuilder) -> ParseResult {
    switch type {
    case .text: return unsafe ValueParser.appendText(text, to: builder)
    case .int64: return unsafe int64(text, builder)
    case .int32: return unsafe int32(text, builder)
    case .decimal(let precision, let scale):
      if precision <= 38 { return unsafe decimal(text, builder, precision, scale) }
      return unsafe add(text, builder, Int256.zero) {
        unsafe DecimalText.parse256($0, precision: precision, scale: scale, into: &$1)
      }
    case .float64: return unsafe float64(text, builder)
    case .date: return unsafe date(text, builder)
    case .float32: return unsafe add(text, builder, Float(0)) { unsafe ValueParse.float32($0, into: &$1) }
    case .timestamp(let unit, let zoned):
      return unsafe add(text, builder, Int64(0)) {
        unsafe ValueParse.timestamp($0, unit: unit, zoned: zoned, into: &$1)
      }
    case .offsetTimestamp(let unit):
      return unsafe add(text, builder, OffsetTimestamp(instant: 0, minutes: 0)) {
        unsafe ValueParse.offsetTimestamp($0, unit: unit, into: &$1)
      }
    case .time(let unit):
      return unsafe add(text, builder, Int64(0)) { unsafe ValueParse.time($0, unit: unit, into: &$1) }
    case .bool:
      var value = false
      let result = unsafe ValueParse.bool(text, into: &value)
      if result == .ok { builder.append(bool: value) }
      return result
    case .int8: return unsafe add(text, builder, Int8(0)) { unsafe ValueParse.integer($0, into: &$1) }
    case .int16: return unsafe add(text, builder, Int16(0)) { unsafe ValueParse.integer($0, into: &$1) }
    case .uint8: return unsafe add(text, builder, UInt8(0)) { unsafe ValueParse.integer($0, into: &$1) }
    case .uint16: return unsafe add(text, builder, UInt16(0)) { unsafe ValueParse.integer($0, into: &$1) }
    case .uint32: return unsafe add(text, builder, UInt32(0)) { unsafe ValueParse.integer($0, into: &$1) }
    case .uint64: return unsafe add(text, builder, UInt64(0)) { unsafe Digits.parse($0, into: &$1) }
    case .interval:
      return unsafe add(text, builder, Interval(months: 0, days: 0, nanoseconds: 0)) {
        unsafe ValueParse.interval($0, into: &$1)
      }
    case .uuid: return unsafe appendUUID(text, to: builder)
    case .numeric: return unsafe NumericText.append(text, to: builder)
    case .json:
      guard unsafe JSONText.isValid(text) else { return .malformed }
      unsafe builder.append(bytes: text)
      return .ok
    case .bytes: return unsafe appendBytes(text, to: builder)
    case .list(let element): return unsafe appendList(text, element, to: builder)
    }
  }

  /// Appends the values of a column of texts from one row on, NULL as NULL, until one is refused; the type is looked at
  /// once.
  /// - Returns: the row that was refused, and why; the column's count when all are appended.
  public func append(
    _ texts: Column, from row: Int, to builder: ColumnBuilder
  ) -> (row: Int, result: ParseResult) {
    switch type {
    case .int64: return unsafe each(texts, row, builder) { unsafe int64($0, $1) }
    case .int32: return unsafe each(texts, row, builder) { unsafe int32($0, $1) }
    case .decimal(let precision, let scale) where precision <= 38:
      return unsafe each(texts, row, builder) { unsafe decimal($0, $1, precision, scale) }
    case .float64: return unsafe each(texts, row, builder) { unsafe float64($0, $1) }
    case .date: return unsafe each(texts, row, builder) { unsafe date($0, $1) }
    default: return unsafe each(texts, row, builder) { unsafe append($0, to: $1) }
    }
  }

  @inline(__always)
  private func each(
    _ texts: Column, _ first: Int, _ builder: ColumnBuilder,
    _ parse: (UnsafeRawBufferPointer, ColumnBuilder) -> ParseResult
  ) -> (row: Int, result: ParseResult) {
    // Holds the column's memory through plain pointers.
    let cells = TextFormatter(texts)
    for row in first..<texts.count {
      if cells.isNull(row) {
        builder.appendNull()
        continue
      }
      let result = unsafe parse(cells.bytes(row), builder)
      if result != .ok { return (row, result) }
    }
    return (texts.count, .ok)
  }

  @inline(__always)
  private func int64(_ text: UnsafeRawBufferPointer, _ builder: ColumnBuilder) -> ParseResult {
    unsafe add(text, builder, Int64(0)) { unsafe Digits.parse($0, into: &$1) }
  }

  @inline(__always)
  private func int32(_ text: UnsafeRawBufferPointer, _ builder: ColumnBuilder) -> ParseResult {
    unsafe add(text, builder, Int32(0)) { unsafe ValueParse.integer($0, into: &$1) }
  }

  @inline(__always)
  private func decimal(
    _ text: UnsafeRawBufferPointer, _ builder: ColumnBuilder, _ precision: Int, _ scale: Int
  ) -> ParseResult {
    unsafe add(text, builder, Int128(0)) {
      unsafe DecimalText.parse128($0, precision: precision, scale: scale, into: &$1)
    }
  }

  @inline(__always)
  private func float64(_ text: UnsafeRawBufferPointer, _ builder: ColumnBuilder) -> ParseResult {
    unsafe add(text, builder, 0.0) { unsafe ValueParse.float64($0, into: &$1) }
  }

  @inline(__always)
  private func date(_ text: UnsafeRawBufferPointer, _ builder: ColumnBuilder) -> ParseResult {
    unsafe add(text, builder, Int32(0)) { unsafe ValueParse.date($0, into: &$1) }
  }

  @inline(__always)
  private func add<T: BitwiseCopyable>(
    _ text: UnsafeRawBufferPointer, _ builder: ColumnBuilder, _ initial: T,
    _ parse: (UnsafeRawBufferPointer, inout T) -> ParseResult
  ) -> ParseResult {
    var value = initial
    let result = unsafe parse(text, &value)
    if result == .ok { builder.append(value) }
    return result
  }

  static func appendText(_ text: UnsafeRawBufferPointer, to builder: ColumnBuilder) -> ParseResult {
    guard unsafe UTF8Text.isValid(text) else { return .malformed }
    unsafe builder.append(bytes: text)
    return .ok
  }

  private func appendUUID(_ text: UnsafeRawBufferPointer, to builder: ColumnBuilder) -> ParseResult {
    var value: (UInt64, UInt64) = (0, 0)
    return unsafe withUnsafeMutableBytes(of: &value) { room in
      guard let start = unsafe room.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return .malformed }
      let result = unsafe ValueParse.uuid(text, into: start)
      if result == .ok { unsafe builder.append(room.load(as: (UInt64, UInt64).self)) }
      return result
    }
  }

  private func appendBytes(_ text: UnsafeRawBufferPointer, to builder: ColumnBuilder) -> ParseResult {
    let room = unsafe builder.reserveVariable(text.count).assumingMemoryBound(to: UInt8.self)
    let length = unsafe bytesText == .hex ? ValueParse.hex(text, to: room) : ValueParse.base64(text, to: room)
    guard let length else { return .malformed }
    builder.finishVariable(length)
    return .ok
  }

  /// A JSON array: numbers, booleans and strings are read as the element type's text, `null` is NULL.
  private func appendList(_ text: UnsafeRawBufferPointer, _ element: DataType, to builder: ColumnBuilder) -> ParseResult
  {
    guard let child = builder.child, unsafe JSONText.isValid(text) else { return .malformed }
    let before = child.count
    let parser = ValueParser(element, bytes: bytesText)
    var scanner = unsafe JSONScanner(text)
    scanner.skipSpace()
    guard scanner.skip(UInt8(ascii: "[")) else { return .malformed }
    scanner.skipSpace()
    var scratch = TextBuffer()
    while scanner.current != UInt8(ascii: "]") {
      let start = scanner.at
      _ = scanner.skipValue()
      let value = unsafe UnsafeRawBufferPointer(rebasing: text[start..<scanner.at])
      let result = unsafe parser.appendElement(value, to: child, &scratch)
      if result != .ok {
        child.removeLast(child.count - before)
        return result
      }
      scanner.skipSpace()
      _ = scanner.skip(UInt8(ascii: ","))
      scanner.skipSpace()
    }
    builder.finishList()
    return .ok
  }

  /// One JSON value, already known to be well-formed.
  func appendElement(
    _ value: UnsafeRawBufferPointer, to child: ColumnBuilder, _ scratch: inout TextBuffer
  ) -> ParseResult {
    if unsafe value.first == UInt8(ascii: "n") {
      child.appendNull()
      return .ok
    }
    if unsafe value.first == UInt8(ascii: "\""), type != .json {
      scratch.removeAll()
      guard unsafe JSONText.unescape(UnsafeRawBufferPointer(rebasing: value[1..<(value.count - 1)]), to: &scratch)
      else {
        return .malformed
      }
      return unsafe append(scratch.bytes, to: child)
    }
    return unsafe append(value, to: child)
  }
}

/// Texts of the type `numeric`.
enum NumericText {
  /// Longer expansions of an exponent are refused: no database keeps them.
  static let maxDigits = 147_456

  /// Appends the plain form of a decimal number: no exponent, no plus, no leading zeros, the fraction as it is.
  static func append(_ text: UnsafeRawBufferPointer, to builder: ColumnBuilder) -> ParseResult {
    guard let base = unsafe text.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return .malformed }
    guard let parts = unsafe DecimalText.scan(base, text.count) else { return unsafe appendSpecial(text, to: builder) }
    let point = unsafe text.firstIndex(of: UInt8(ascii: "."))
    let end = unsafe text.firstIndex { $0 | 0x20 == UInt8(ascii: "e") } ?? text.count
    // The fraction keeps its trailing zeros: 1.10 is not 1.1 to its reader.
    let fraction = point.map { ($0 + 1)..<end } ?? 0..<0
    let whole = parts.whole
    let count = whole.count + fraction.count
    // Where the point stands, counted from the first digit of `whole`.
    let position = whole.count + parts.exponent
    guard position <= maxDigits, count - position <= maxDigits else { return .outOfRange }
    let total = max(position, count) - min(position, 0)
    let room = unsafe builder.reserveVariable(total + 3).assumingMemoryBound(to: UInt8.self)
    var length = 0
    func put(_ byte: UInt8) {
      unsafe room[length] = byte
      length += 1
    }
    func digit(_ index: Int) -> UInt8 {
      if index < 0 || index >= count { return 48 }
      return unsafe index < whole.count
        ? base[whole.lowerBound + index] : base[fraction.lowerBound + index - whole.count]
    }
    if parts.isNegative && !parts.isZero { put(UInt8(ascii: "-")) }
    var index = min(position, 0)
    while index < position - 1, digit(index) == 48 { index += 1 }
    if index >= position {
      put(48)
      index = position
    }
    while index < position {
      put(digit(index))
      index += 1
    }
    if count > position {
      put(UInt8(ascii: "."))
      while index < count {
        put(digit(index))
        index += 1
      }
    }
    builder.finishVariable(length)
    return .ok
  }

  private static func appendSpecial(_ text: UnsafeRawBufferPointer, to builder: ColumnBuilder) -> ParseResult {
    if unsafe ValueParse.isWord(text, "nan") {
      builder.append(text: "NaN")
    } else if unsafe ValueParse.isWord(text, "infinity") || ValueParse.isWord(text, "inf") {
      builder.append(text: "Infinity")
    } else if unsafe ValueParse.isWord(text, "-infinity") || ValueParse.isWord(text, "-inf") {
      builder.append(text: "-Infinity")
    } else {
      return .malformed
    }
    return .ok
  }
}
