/// Whole numbers between binary and decimal digits.
public enum Digits {
  @usableFromInline
  static let pairs: StaticString = """
    0001020304050607080910111213141516171819202122232425262728293031323334353637383940414243444546474849\
    5051525354555657585960616263646566676869707172737475767778798081828384858687888990919293949596979899
    """

  /// How many decimal digits a value has; 1 for zero.
  @inlinable
  public static func count(_ value: UInt64) -> Int {
    var digits = 1
    var rest = value
    while rest >= 10_000 {
      rest /= 10_000
      digits += 4
    }
    return digits + (rest >= 1_000 ? 3 : rest >= 100 ? 2 : rest >= 10 ? 1 : 0)
  }

  /// Writes the last `digits` digits, with leading zeros.
  @usableFromInline
  static func writePadded(_ value: UInt64, _ digits: Int, to out: UnsafeMutablePointer<UInt8>) {
    let table = unsafe pairs.utf8Start
    var rest = value
    var at = digits
    while at >= 2 {
      let (quotient, pair) = rest.quotientAndRemainder(dividingBy: 100)
      rest = quotient
      at -= 2
      unsafe out[at] = unsafe table[Int(pair) * 2]
      unsafe out[at + 1] = unsafe table[Int(pair) * 2 + 1]
    }
    if at == 1 { unsafe out[0] = 48 + UInt8(truncatingIfNeeded: rest % 10) }
  }

  public static func append(_ value: UInt64, to out: inout ByteBuffer) {
    let digits = count(value)
    unsafe writePadded(value, digits, to: out.reserve(20))
    out.advance(digits)
  }

  public static func append(_ value: Int64, to out: inout ByteBuffer) {
    let room = unsafe out.reserve(21)
    unsafe room[0] = UInt8(ascii: "-")
    let sign = value < 0 ? 1 : 0
    let digits = count(value.magnitude)
    unsafe writePadded(value.magnitude, digits, to: room + sign)
    out.advance(digits + sign)
  }

  public static func appendPadded(_ value: UInt64, _ digits: Int, to out: inout ByteBuffer) {
    unsafe writePadded(value, digits, to: out.reserve(digits))
    out.advance(digits)
  }

  /// Parses `[+-]digits` into 64 bits.
  @inlinable
  public static func parse(_ text: Span<UInt8>, into value: inout Int64) -> ParseResult {
    let count = text.count
    if count == 0 { return .malformed }
    var at = 0
    var isNegative = false
    if text[0] == UInt8(ascii: "-") || text[0] == UInt8(ascii: "+") {
      isNegative = text[0] == UInt8(ascii: "-")
      at = 1
    }
    if count - at > 18 { return parseLong(text.extracting(droppingFirst: at), isNegative, into: &value) }
    if at == count { return .malformed }
    var result: Int64 = 0
    while at + 8 <= count {
      guard let eight = parseEight(text, at) else { return .malformed }
      result = result &* 100_000_000 &+ Int64(eight)
      at += 8
    }
    while at < count {
      let digit = text[at] &- 48
      if digit > 9 { return .malformed }
      result = result &* 10 &+ Int64(digit)
      at += 1
    }
    value = isNegative ? 0 &- result : result
    return .ok
  }

  /// Eight digits at once, by arithmetic within one 64-bit word; nil when a byte is none.
  @inlinable @inline(__always)
  static func parseEight(_ text: Span<UInt8>, _ at: Int) -> UInt64? {
    let word = text.eight(at: at)
    // A digit's high nibble is 3, also after adding 6 to the low one.
    let nibbles = (word & 0xF0F0_F0F0_F0F0_F0F0) | ((word &+ 0x0606_0606_0606_0606) & 0xF0F0_F0F0_F0F0_F0F0) >> 4
    if nibbles != 0x3333_3333_3333_3333 { return nil }
    var v = word & 0x0F0F_0F0F_0F0F_0F0F
    v = (v &* 10 &+ (v >> 8)) & 0x00FF_00FF_00FF_00FF
    v = (v &* 100 &+ (v >> 16)) & 0x0000_FFFF_0000_FFFF
    v = (v &* 10_000 &+ (v >> 32)) & 0x0000_0000_FFFF_FFFF
    return v
  }

  /// 19 digits and more, where overflow is possible.
  @usableFromInline @inline(never)
  static func parseLong(_ text: Span<UInt8>, _ isNegative: Bool, into value: inout Int64) -> ParseResult {
    var result: UInt64 = 0
    let parsed = parseMagnitude(text, into: &result)
    if parsed != .ok { return parsed }
    if result > UInt64(Int64.max) + (isNegative ? 1 : 0) { return .outOfRange }
    value = isNegative ? Int64(truncatingIfNeeded: 0 &- result) : Int64(result)
    return .ok
  }

  /// Parses `[+]digits` into 64 unsigned bits; `-0` is zero, any other negative number is out of range.
  public static func parse(_ text: Span<UInt8>, into value: inout UInt64) -> ParseResult {
    if text.isEmpty { return .malformed }
    let isNegative = text[0] == UInt8(ascii: "-")
    let start = isNegative || text[0] == UInt8(ascii: "+") ? 1 : 0
    let result = parseMagnitude(text.extracting(droppingFirst: start), into: &value)
    return result == .ok && isNegative && value != 0 ? .outOfRange : result
  }

  private static func parseMagnitude(_ text: Span<UInt8>, into value: inout UInt64) -> ParseResult {
    if text.isEmpty { return .malformed }
    var result: UInt64 = 0
    var overflows = false
    for at in text.indices {
      let digit = text[at] &- 48
      if digit > 9 { return .malformed }
      let (product, overflow) = result.multipliedReportingOverflow(by: 10)
      let (sum, carry) = product.addingReportingOverflow(UInt64(digit))
      overflows = overflows || overflow || carry
      result = sum
    }
    value = result
    return overflows ? .outOfRange : .ok
  }
}
