// For callers that still hold pointers.

extension Digits {
  public static func parse(_ text: UnsafeRawBufferPointer, into value: inout Int64) -> ParseResult {
    unsafe parse(text.bytesSpan, into: &value)
  }
  public static func parse(_ text: UnsafeRawBufferPointer, into value: inout UInt64) -> ParseResult {
    unsafe parse(text.bytesSpan, into: &value)
  }
}

extension DecimalText {
  public static func parse128(
    _ text: UnsafeRawBufferPointer, precision: Int, scale: Int, into value: inout Int128
  ) -> ParseResult {
    unsafe parse128(text.bytesSpan, precision: precision, scale: scale, into: &value)
  }
  public static func parse256(
    _ text: UnsafeRawBufferPointer, precision: Int, scale: Int, into value: inout Int256
  ) -> ParseResult {
    unsafe parse256(text.bytesSpan, precision: precision, scale: scale, into: &value)
  }
  public static func isShort(_ text: UnsafeRawBufferPointer, digits: Int) -> Bool {
    unsafe isShort(text.bytesSpan, digits: digits)
  }
  public static func isSameNumber(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Bool {
    unsafe isSameNumber(a.bytesSpan, b.bytesSpan)
  }
}

extension ValueParse {
  public static func float64(_ text: UnsafeRawBufferPointer, into value: inout Double) -> ParseResult {
    unsafe float64(text.bytesSpan, into: &value)
  }
  public static func float32(_ text: UnsafeRawBufferPointer, into value: inout Float) -> ParseResult {
    unsafe float32(text.bytesSpan, into: &value)
  }
  public static func timestamp(
    _ text: UnsafeRawBufferPointer, unit: TimeUnit, zoned: Bool, into value: inout Int64
  ) -> ParseResult {
    unsafe timestamp(text.bytesSpan, unit: unit, zoned: zoned, into: &value)
  }
  public static func offsetTimestamp(
    _ text: UnsafeRawBufferPointer, unit: TimeUnit, into value: inout OffsetTimestamp
  ) -> ParseResult {
    unsafe offsetTimestamp(text.bytesSpan, unit: unit, into: &value)
  }
  public static func uuid(_ text: UnsafeRawBufferPointer, into out: UnsafeMutablePointer<UInt8>) -> ParseResult {
    var value: UInt128 = 0
    let result = unsafe uuid(text.bytesSpan, into: &value)
    if result == .ok { unsafe UnsafeMutableRawPointer(out).storeBytes(of: value, as: UInt128.self) }
    return result
  }
}

extension ValueParser {
  public func append(_ text: UnsafeRawBufferPointer, to builder: ColumnBuilder) -> ParseResult {
    unsafe append(text.bytesSpan, to: builder)
  }
}

extension ValueText {
  public static func append(uuid bytes: UnsafePointer<UInt8>, to out: inout ByteBuffer) {
    unsafe append(uuid: Span(_unsafeStart: bytes, count: 16), to: &out)
  }
  public static func append(base64 bytes: UnsafeRawBufferPointer, to out: inout ByteBuffer) {
    unsafe Base64.append(bytes.bytesSpan, to: &out)
  }
}

extension JSONText {
  public static func isValid(_ text: UnsafeRawBufferPointer, depth: Int = 512) -> Bool {
    unsafe isValid(text.bytesSpan, depth: depth)
  }
  public static func append(string bytes: UnsafeRawBufferPointer, to out: inout ByteBuffer) {
    unsafe append(string: bytes.bytesSpan, to: &out)
  }
}

extension JSONNumbers {
  public static func fitMachineNumbers(_ text: UnsafeRawBufferPointer) -> Bool {
    unsafe fitMachineNumbers(text.bytesSpan)
  }
}

extension UTF8Text {
  public static func isValid(_ text: UnsafeRawBufferPointer) -> Bool { unsafe isValid(text.bytesSpan) }
  public static func firstInvalid(_ text: UnsafeRawBufferPointer) -> Int? { unsafe firstInvalid(text.bytesSpan) }
}

extension TextFormatter {
  public func append(rows: Range<Int>, to out: inout ByteBuffer, ends: UnsafeMutablePointer<Int32>) {
    var span = unsafe MutableSpan(_unsafeStart: ends, count: rows.count)
    append(rows: rows, to: &out, ends: &span)
  }
  public func appendJSON(rows: Range<Int>, to out: inout ByteBuffer, ends: UnsafeMutablePointer<Int32>) {
    var span = unsafe MutableSpan(_unsafeStart: ends, count: rows.count)
    appendJSON(rows: rows, to: &out, ends: &span)
  }
}

extension UnsafeRawBufferPointer {
  /// These bytes, which must stay where they are as long as the span is looked at.
  @inlinable
  public var bytesSpan: Span<UInt8> {
    @_lifetime(immortal)
    get { unsafe _overrideLifetime(Span(_unsafeBytes: self), copying: ()) }
  }
}
