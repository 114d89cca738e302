/// Text to binary floating point, correctly rounded.
extension ValueParse {
  static let powers: [Double] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
  ]

  public static func float64(_ text: Text, into value: inout Double) -> ParseResult {
    if text.isEmpty { return .malformed }
    if let (mantissa, exponent) = shortFloat(text), mantissa.magnitude <= 1 << 53,
      abs(exponent) <= 22
    {
      // Both factors are exact, so that one rounding is the correct one.
      let exact = Double(mantissa)
      value = exponent < 0 ? exact / powers[-exponent] : exact * powers[exponent]
      if mantissa == 0 && text[0] == UInt8(ascii: "-") { value = -0.0 }
      return .ok
    }
    return longFloat(text, into: &value)
  }

  public static func float32(_ text: Text, into value: inout Float) -> ParseResult {
    if text.isEmpty { return .malformed }
    if let (mantissa, exponent) = shortFloat(text), mantissa.magnitude <= 1 << 24,
      abs(exponent) <= 10
    {
      let exact = Float(mantissa)
      value = exponent < 0 ? exact / Float(powers[-exponent]) : exact * Float(powers[exponent])
      if mantissa == 0 && text[0] == UInt8(ascii: "-") { value = -0.0 }
      return .ok
    }
    return longFloat(text, into: &value)
  }

  /// `-ddd.ddd` of up to 18 digits as mantissa and decimal exponent.
  @inline(__always)
  private static func shortFloat(_ text: Text) -> (Int64, Int)? {
    guard text.count <= 19, let short = DecimalText.scanShort(text), short.digits <= 18 else { return nil }
    return (short.value, -short.fraction)
  }

  /// Exponents and long mantissas: the standard library's conversion, which knows no locale and rounds correctly.
  private static func longFloat<F: BinaryFloatingPoint & LosslessStringConvertible>(
    _ text: Text, into value: inout F
  ) -> ParseResult {
    guard let parts = DecimalText.scan(text) else { return nonFinite(text, into: &value) }
    guard let result = F(text.string) else { return .malformed }
    if !result.isFinite || (result == 0 && !parts.isZero) { return .outOfRange }
    value = result
    return .ok
  }

  private static func nonFinite<F: BinaryFloatingPoint>(_ text: Text, into value: inout F) -> ParseResult {
    let isNegative = text[0] == UInt8(ascii: "-")
    let word = isNegative || text[0] == UInt8(ascii: "+") ? text.extracting(droppingFirst: 1) : text
    if isWord(word, "infinity") || isWord(word, "inf") {
      value = isNegative ? -F.infinity : F.infinity
      return .ok
    }
    if isWord(text, "nan") {
      value = F.nan
      return .ok
    }
    return .malformed
  }
}
