/// Text to binary floating point, correctly rounded.
extension ValueParse {
  static let powers: [Double] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
  ]

  public static func float64(_ text: Text, into value: inout Double) -> ParseResult {
    guard let base = unsafe bytes(text), text.count > 0 else { return .malformed }
    if let (mantissa, exponent) = unsafe shortFloat(base, text.count), mantissa.magnitude <= 1 << 53,
      abs(exponent) <= 22
    {
      // Both factors are exact, so that one rounding is the correct one.
      let exact = Double(mantissa)
      value = exponent < 0 ? exact / powers[-exponent] : exact * powers[exponent]
      if unsafe mantissa == 0 && base[0] == UInt8(ascii: "-") { value = -0.0 }
      return .ok
    }
    return unsafe longFloat(text, into: &value)
  }

  public static func float32(_ text: Text, into value: inout Float) -> ParseResult {
    guard let base = unsafe bytes(text), text.count > 0 else { return .malformed }
    if let (mantissa, exponent) = unsafe shortFloat(base, text.count), mantissa.magnitude <= 1 << 24,
      abs(exponent) <= 10
    {
      let exact = Float(mantissa)
      value = exponent < 0 ? exact / Float(powers[-exponent]) : exact * Float(powers[exponent])
      if unsafe mantissa == 0 && base[0] == UInt8(ascii: "-") { value = -0.0 }
      return .ok
    }
    return unsafe longFloat(text, into: &value)
  }

  /// `-ddd.ddd` of up to 18 digits as mantissa and decimal exponent.
  @inline(__always)
  private static func shortFloat(_ text: UnsafePointer<UInt8>, _ count: Int) -> (Int64, Int)? {
    guard count <= 19, let short = unsafe DecimalText.scanShort(text, count), short.digits <= 18 else { return nil }
    return (short.value, -short.fraction)
  }

  /// Exponents and long mantissas: the standard library's conversion, which knows no locale and rounds correctly.
  private static func longFloat<F: BinaryFloatingPoint & LosslessStringConvertible>(
    _ text: Text, into value: inout F
  ) -> ParseResult {
    guard let base = unsafe bytes(text) else { return .malformed }
    guard let parts = unsafe DecimalText.scan(base, text.count) else { return unsafe nonFinite(text, into: &value) }
    guard let result = unsafe F(String(decoding: text, as: UTF8.self)) else { return .malformed }
    if !result.isFinite || (result == 0 && !parts.isZero) { return .outOfRange }
    value = result
    return .ok
  }

  private static func nonFinite<F: BinaryFloatingPoint>(_ text: Text, into value: inout F) -> ParseResult {
    let isNegative = unsafe text[0] == UInt8(ascii: "-")
    let word = unsafe isNegative || text[0] == UInt8(ascii: "+") ? Text(rebasing: text[1...]) : text
    if unsafe isWord(word, "infinity") || isWord(word, "inf") {
      value = isNegative ? -F.infinity : F.infinity
      return .ok
    }
    if unsafe isWord(text, "nan") {
      value = F.nan
      return .ok
    }
    return .malformed
  }
}
