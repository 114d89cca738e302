internal import Records

/// Writes the server's binary numeric, with its length in front.
enum NumericEncoder {
  // MARK: decimals

  @inline(__always)
  static func append(_ value: Int128, _ scale: Int, to out: inout ByteBuffer) {
    if scale <= 8, let small = Int64(exactly: value), small.magnitude < 1_000_000_000_000_000_000 {
      appendSmall(small, scale, to: &out)
    } else {
      appendDigits(value.magnitude, isNegative: value < 0, scale, to: &out)
    }
  }

  /// 10^0 … 10^8
  private static let powers: InlineArray<9, UInt64> = [
    1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000,
  ]

  /// Digits to the base of 10,000, the last one lowest: seven of them at most.
  private struct Groups {
    private(set) var packed: UInt128 = 0
    private(set) var count = 0

    @inline(__always)
    mutating func add(_ digit: UInt64) {
      packed = packed << 16 | UInt128(digit)
      count += 1
    }

    /// The server's own form ends with a digit that is not zero.
    @inline(__always)
    mutating func trim() {
      while count > 0, UInt16(truncatingIfNeeded: packed) == 0 {
        packed >>= 16
        count -= 1
      }
    }

    @inline(__always)
    func append(to out: inout OutputSpan<UInt8>) {
      for index in 0..<count { out.append(big: UInt16(truncatingIfNeeded: packed >> (16 * (count - 1 - index)))) }
    }
  }

  /// Below 10^18 with at most 8 places: everything fits into 64 bits, in at most 5 + 2 digits to the base of 10,000.
  @inline(__always)
  private static func appendSmall(_ value: Int64, _ scale: Int, to out: inout ByteBuffer) {
    let (whole, part) = value.magnitude.quotientAndRemainder(dividingBy: powers[scale])
    var groups = Groups()
    var weight = 0
    if whole < 10_000 {
      if whole != 0 { groups.add(whole) }
    } else if whole < 100_000_000 {
      groups.add(whole / 10_000)
      groups.add(whole % 10_000)
      weight = 1
    } else {
      weight = addWhole(whole, &groups)
    }
    if whole == 0 { weight = -1 }
    if part != 0 {
      let places = (scale + 3) / 4
      let aligned = part * powers[places * 4 - scale]
      let high = places == 2 ? aligned / 10_000 : aligned
      let low = places == 2 ? aligned % 10_000 : 0
      if high != 0 || whole != 0 { groups.add(high) } else { weight -= 1 }
      if low != 0 { groups.add(low) }
    } else {
      groups.trim()
    }
    if groups.count == 0 { weight = 0 }
    out.append(upTo: 12 + 14) {
      appendHeader(groups.count, weight, value < 0 ? NumericDecoder.negative : 0, scale, to: &$0)
      groups.append(to: &$0)
    }
  }

  private static func addWhole(_ whole: UInt64, _ groups: inout Groups) -> Int {
    var unit: UInt64 = 1_0000_0000
    var weight = 2
    while whole / unit >= 10_000 {
      unit *= 10_000
      weight += 1
    }
    var rest = whole
    while unit > 0 {
      groups.add(rest / unit)
      rest %= unit
      unit /= 10_000
    }
    return weight
  }

  /// The length, the count of digits, the weight of the first one, the sign, the scale.
  @inline(__always)
  private static func appendHeader(
    _ digits: Int, _ weight: Int, _ sign: UInt16, _ scale: Int, to out: inout OutputSpan<UInt8>
  ) {
    out.append(big: UInt32(truncatingIfNeeded: 8 + digits * 2))
    out.append(big: header(digits, weight, sign, scale))
  }

  @inline(__always)
  private static func header(_ digits: Int, _ weight: Int, _ sign: UInt16, _ scale: Int) -> UInt64 {
    UInt64(UInt16(truncatingIfNeeded: digits)) << 48 | UInt64(UInt16(truncatingIfNeeded: weight)) << 32
      | UInt64(sign) << 16 | UInt64(UInt16(truncatingIfNeeded: scale))
  }

  @inline(never)
  private static func appendDigits(_ value: UInt128, isNegative: Bool, _ scale: Int, to out: inout ByteBuffer) {
    var digits = InlineArray<40, UInt8>(repeating: 0)
    var rest = value
    var first = 40
    while rest > 0 {
      first -= 1
      let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
      digits[first] = UInt8(truncatingIfNeeded: digit)
      rest = quotient
    }
    let number = Digits10(text: digits.span.extracting(first..<40), point: 40 - first - scale, dot: nil)
    append(number, isNegative, scale, to: &out)
  }

  static func append(_ value: Int256, _ scale: Int, to out: inout ByteBuffer) {
    var text = ByteBuffer(capacity: 80)
    DecimalText.append(value, scale: scale, to: &text)
    _ = append(text.span, to: &out)
  }

  // MARK: text

  static func append(_ text: Span<UInt8>, to out: inout ByteBuffer) -> RowEncoder.Fault {
    guard text.count > 0 else { return .malformed }
    let isNegative = text[0] == UInt8(ascii: "-")
    let start = isNegative || text[0] == UInt8(ascii: "+") ? 1 : 0
    guard start < text.count else { return .malformed }
    let digits = text.extracting(start..<text.count)
    if digits[0] &- 48 > 9, digits[0] != UInt8(ascii: ".") {
      let word = digits.string.lowercased()
      return appendSpecial(word, isNegative, to: &out)
    }
    var dot: Int?
    for index in 0..<digits.count where digits[index] &- 48 > 9 {
      guard digits[index] == UInt8(ascii: "."), dot == nil else { return .malformed }
      dot = index
    }
    let count = digits.count - (dot == nil ? 0 : 1)
    guard count > 0 else { return .malformed }
    let scale = count - (dot ?? count)
    // The server's own limits: weight and scale have 14 bits and more in its longest form.
    guard scale <= 16_383, count - scale <= 131_072 else { return .range }
    append(Digits10(text: digits, point: count - scale, dot: dot), isNegative, scale, to: &out)
    return .none
  }

  private static func appendSpecial(_ word: String, _ isNegative: Bool, to out: inout ByteBuffer) -> RowEncoder.Fault {
    let sign: UInt16
    switch word {
    case "nan" where !isNegative: sign = NumericDecoder.notANumber
    case "infinity", "inf": sign = isNegative ? NumericDecoder.minusInfinity : NumericDecoder.infinity
    default: return .malformed
    }
    out.append(upTo: 12) { appendHeader(0, 0, sign, 0, to: &$0) }
    return .none
  }

  // MARK: digits

  /// Decimal digits, as numbers or as text, and where the point lies among them.
  private struct Digits10: ~Escapable {
    let text: Span<UInt8>
    /// How many of them stand in front of the point; may be negative, or beyond the digits.
    let point: Int
    /// Where the text has the point itself.
    let dot: Int

    @_lifetime(copy text)
    init(text: Span<UInt8>, point: Int, dot: Int?) {
      self.text = text
      self.point = point
      self.dot = dot ?? text.count
    }

    var count: Int { dot < text.count ? text.count - 1 : text.count }
    subscript(_ index: Int) -> UInt8 { text[index < dot ? index : index + 1] & 15 }
  }

  private static func append(
    _ digits: Digits10, _ isNegative: Bool, _ scale: Int, to out: inout ByteBuffer
  ) {
    // The first group covers decimal places from `4 * weight + 3` down to `4 * weight`, counted from the point.
    var first = 0
    while first < digits.count, digits[first] == 0 { first += 1 }
    let leading = digits.point - first
    let weight = leading > 0 ? (leading - 1) / 4 : -((-leading) / 4 + 1)
    var position = digits.point - (weight + 1) * 4
    let start = out.count
    out.append(repeating: 0, count: 12)
    var kept = 0
    while position < digits.count {
      var group: UInt16 = 0
      for index in position..<(position + 4) {
        group = group &* 10 &+ (index >= 0 && index < digits.count ? UInt16(digits[index]) : 0)
      }
      out.append(big: group)
      if group != 0 { kept = (out.count - start - 12) / 2 }
      position += 4
    }
    out.truncate(to: start + 12 + kept * 2)
    let sign = isNegative && kept > 0 ? NumericDecoder.negative : 0
    out.patch(big: UInt32(truncatingIfNeeded: 8 + kept * 2), at: start)
    out.patch(big: header(kept, kept == 0 ? 0 : weight, sign, scale), at: start + 4)
  }
}
