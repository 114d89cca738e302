/// Reads texts as values of one type and appends them to a builder of that type. Made once per column.
public struct ValueParser {
  public let type: DataType
  let bytesText: BytesText

  public init(_ type: DataType, bytes: BytesText = .base64) {
    self.type = type
    bytesText = bytes
  }

  /// Appends the value; nothing is appended unless the result is `.ok`.
  public func append(_ text: Span<UInt8>, to builder: ColumnBuilder) -> ParseResult {
    switch type {
    case .text: return ValueParser.appendText(text, to: builder)
    case .int64: return int64(text, builder)
    case .int32: return int32(text, builder)
    case .decimal(let precision, let scale):
      if precision <= 38 { return decimal(text, builder, precision, scale) }
      return add(text, builder, Int256.zero) {
        DecimalText.parse256($0, precision: precision, scale: scale, into: &$1)
      }
    case .float64: return float64(text, builder)
    case .date: return date(text, builder)
    case .float32: return add(text, builder, Float(0)) { ValueParse.float32($0, into: &$1) }
    case .timestamp(let unit, let zoned):
      return add(text, builder, Int64(0)) {
        ValueParse.timestamp($0, unit: unit, zoned: zoned, into: &$1)
      }
    case .offsetTimestamp(let unit):
      return add(text, builder, OffsetTimestamp(instant: 0, minutes: 0)) {
        ValueParse.offsetTimestamp($0, unit: unit, into: &$1)
      }
    case .time(let unit):
      return add(text, builder, Int64(0)) { ValueParse.time($0, unit: unit, into: &$1) }
    case .bool:
      var value = false
      let result = ValueParse.bool(text, into: &value)
      if result == .ok { builder.append(bool: value) }
      return result
    case .int8: return add(text, builder, Int8(0)) { ValueParse.integer($0, into: &$1) }
    case .int16: return add(text, builder, Int16(0)) { ValueParse.integer($0, into: &$1) }
    case .uint8: return add(text, builder, UInt8(0)) { ValueParse.integer($0, into: &$1) }
    case .uint16: return add(text, builder, UInt16(0)) { ValueParse.integer($0, into: &$1) }
    case .uint32: return add(text, builder, UInt32(0)) { ValueParse.integer($0, into: &$1) }
    case .uint64: return add(text, builder, UInt64(0)) { Digits.parse($0, into: &$1) }
    case .interval:
      return add(text, builder, Interval(months: 0, days: 0, nanoseconds: 0)) {
        ValueParse.interval($0, into: &$1)
      }
    case .uuid: return appendUUID(text, to: builder)
    case .numeric: return NumericText.append(text, to: builder)
    case .json:
      guard JSONText.isValid(text) else { return .malformed }
      builder.append(bytes: text)
      return .ok
    case .bytes: return appendBytes(text, to: builder)
    case .list(let element): return appendList(text, element, to: builder)
    }
  }

  /// Appends the values of a column of texts from one row on, NULL as NULL, until one is refused; the type is looked at
  /// once.
  /// - Returns: the row that was refused, and why; the column's count when all are appended.
  public func append(
    _ texts: Column, from row: Int, to builder: ColumnBuilder
  ) -> (row: Int, result: ParseResult) {
    switch type {
    case .int64: return each(texts, row, builder) { int64($0, $1) }
    case .int32: return each(texts, row, builder) { int32($0, $1) }
    case .decimal(let precision, let scale) where precision <= 38:
      return each(texts, row, builder) { decimal($0, $1, precision, scale) }
    case .float64: return each(texts, row, builder) { float64($0, $1) }
    case .date: return each(texts, row, builder) { date($0, $1) }
    default: return each(texts, row, builder) { append($0, to: $1) }
    }
  }

  @inline(__always)
  private func each(
    _ texts: Column, _ first: Int, _ builder: ColumnBuilder,
    _ parse: (Span<UInt8>, ColumnBuilder) -> ParseResult
  ) -> (row: Int, result: ParseResult) {
    let cells = ColumnView(texts)
    for row in first..<texts.count {
      if cells.isNull(row) {
        builder.appendNull()
        continue
      }
      let result = parse(cells.bytes(row), builder)
      if result != .ok { return (row, result) }
    }
    return (texts.count, .ok)
  }

  @inline(__always)
  private func int64(_ text: Span<UInt8>, _ builder: ColumnBuilder) -> ParseResult {
    add(text, builder, Int64(0)) { Digits.parse($0, into: &$1) }
  }

  @inline(__always)
  private func int32(_ text: Span<UInt8>, _ builder: ColumnBuilder) -> ParseResult {
    add(text, builder, Int32(0)) { ValueParse.integer($0, into: &$1) }
  }

  @inline(__always)
  private func decimal(
    _ text: Span<UInt8>, _ builder: ColumnBuilder, _ precision: Int, _ scale: Int
  ) -> ParseResult {
    add(text, builder, Int128(0)) {
      DecimalText.parse128($0, precision: precision, scale: scale, into: &$1)
    }
  }

  @inline(__always)
  private func float64(_ text: Span<UInt8>, _ builder: ColumnBuilder) -> ParseResult {
    add(text, builder, 0.0) { ValueParse.float64($0, into: &$1) }
  }

  @inline(__always)
  private func date(_ text: Span<UInt8>, _ builder: ColumnBuilder) -> ParseResult {
    add(text, builder, Int32(0)) { ValueParse.date($0, into: &$1) }
  }

  @inline(__always)
  private func add<T: BitwiseCopyable>(
    _ text: Span<UInt8>, _ builder: ColumnBuilder, _ initial: T,
    _ parse: (Span<UInt8>, inout T) -> ParseResult
  ) -> ParseResult {
    var value = initial
    let result = parse(text, &value)
    if result == .ok { builder.append(value) }
    return result
  }

  static func appendText(_ text: Span<UInt8>, to builder: ColumnBuilder) -> ParseResult {
    guard UTF8Text.isValid(text) else { return .malformed }
    builder.append(bytes: text)
    return .ok
  }

  private func appendUUID(_ text: Span<UInt8>, to builder: ColumnBuilder) -> ParseResult {
    add(text, builder, UInt128(0)) { ValueParse.uuid($0, into: &$1) }
  }

  private func appendBytes(_ text: Span<UInt8>, to builder: ColumnBuilder) -> ParseResult {
    builder.append(upTo: text.count) { room in
      if bytesText == .hex { return ValueParse.hex(text, to: &room) }
      return Base64.decode(text, .record, to: &room) ? .ok : .malformed
    }
  }

  /// A JSON array: numbers, booleans and strings are read as the element type's text, `null` is NULL.
  private func appendList(_ text: Span<UInt8>, _ element: DataType, to builder: ColumnBuilder) -> ParseResult {
    guard let child = builder.child, JSONText.isValid(text) else { return .malformed }
    let before = child.count
    let parser = ValueParser(element, bytes: bytesText)
    var scanner = JSONScanner(text)
    scanner.skipSpace()
    guard scanner.skip(UInt8(ascii: "[")) else { return .malformed }
    scanner.skipSpace()
    var scratch = ByteBuffer()
    while scanner.current != UInt8(ascii: "]") {
      let start = scanner.at
      _ = scanner.skipValue()
      let value = text.extracting(start..<scanner.at)
      let result = parser.appendElement(value, to: child, &scratch)
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
    _ value: Span<UInt8>, to child: ColumnBuilder, _ scratch: inout ByteBuffer
  ) -> ParseResult {
    if value.first == UInt8(ascii: "n") {
      child.appendNull()
      return .ok
    }
    if value.first == UInt8(ascii: "\""), type != .json {
      scratch.removeAll()
      guard JSONText.unescape(value.extracting(1..<(value.count - 1)), to: &scratch)
      else {
        return .malformed
      }
      return append(scratch.span, to: child)
    }
    return append(value, to: child)
  }
}

/// Texts of the type `numeric`.
enum NumericText {
  /// Longer expansions of an exponent are refused: no database keeps them.
  static let maxDigits = 147_456

  /// Appends the plain form of a decimal number: no exponent, no plus, no leading zeros, the fraction as it is.
  static func append(_ text: Span<UInt8>, to builder: ColumnBuilder) -> ParseResult {
    guard let parts = DecimalText.scan(text) else { return appendSpecial(text, to: builder) }
    let end = text.firstIndex(of: UInt8(ascii: "e")) ?? text.firstIndex(of: UInt8(ascii: "E")) ?? text.count
    // The fraction keeps its trailing zeros: 1.10 is not 1.1 to its reader.
    let fraction = text.firstIndex(of: UInt8(ascii: ".")).map { ($0 + 1)..<end } ?? 0..<0
    let whole = parts.whole
    let count = whole.count + fraction.count
    // Where the point stands, counted from the first digit of `whole`.
    let position = whole.count + parts.exponent
    guard position <= maxDigits, count - position <= maxDigits else { return .outOfRange }
    func digit(_ index: Int) -> UInt8 {
      if index < 0 || index >= count { return 48 }
      return index < whole.count ? text[whole.lowerBound + index] : text[fraction.lowerBound + index - whole.count]
    }
    return builder.append(upTo: max(position, count) - min(position, 0) + 3) { room in
      if parts.isNegative && !parts.isZero { room.append(UInt8(ascii: "-")) }
      var index = min(position, 0)
      while index < position - 1, digit(index) == 48 { index += 1 }
      if index >= position {
        room.append(48)
        index = position
      }
      while index < position {
        room.append(digit(index))
        index += 1
      }
      if count > position { room.append(UInt8(ascii: ".")) }
      while index < count {
        room.append(digit(index))
        index += 1
      }
      return .ok
    }
  }

  private static func appendSpecial(_ text: Span<UInt8>, to builder: ColumnBuilder) -> ParseResult {
    if ValueParse.isWord(text, "nan") {
      builder.append(text: "NaN")
    } else if ValueParse.isWord(text, "infinity") || ValueParse.isWord(text, "inf") {
      builder.append(text: "Infinity")
    } else if ValueParse.isWord(text, "-infinity") || ValueParse.isWord(text, "-inf") {
      builder.append(text: "-Infinity")
    } else {
      return .malformed
    }
    return .ok
  }
}
