/// What became of a text that should be a value of a type.
@frozen
public enum ParseResult: UInt8, Sendable {
  case ok
  /// Not the text of any value of the type.
  case malformed
  /// A value of the kind, but beyond the type's range or precision.
  case outOfRange
  /// In range, but the type cannot hold all its digits (a decimal's scale, a fraction of a second).
  case losesDigits

  /// For messages: `column 'price': the text <explanation> decimal(10,2)`.
  public var explanation: String {
    switch self {
    case .ok: "is a value of the type"
    case .malformed: "is not a value of the type"
    case .outOfRange: "is out of the range of the type"
    case .losesDigits: "has more digits than fit the type"
    }
  }
}

/// Exact decimals between text and unscaled integers: `-12.340` at scale 3 is -12340.
public enum DecimalText {
  /// 10^0 … 10^19.
  static let powers64: [UInt64] = {
    var all: [UInt64] = [1]
    for _ in 0..<19 { all.append(all[all.count - 1] * 10) }
    return all
  }()

  /// 10^0 … 10^38.
  static let powers128: [Int128] = {
    var all: [Int128] = [1]
    for _ in 0..<38 { all.append(all[all.count - 1] * 10) }
    return all
  }()

  /// 10^exponent, 0…38.
  public static func power(_ exponent: Int) -> Int128 { powers128[exponent] }

  /// 10^exponent, 0…76.
  public static func power256(_ exponent: Int) -> Int256 {
    Int256(powers128[min(exponent, 38)]).multiplied(byPowerOfTen: max(0, exponent - 38)) ?? .zero
  }

  /// Where the digits of a decimal text lie: `[sign] digits [. digits] [e exponent]`, at least one digit.
  struct Parts {
    var isNegative = false
    /// The integer digits, without leading zeros.
    var whole: Range<Int> = 0..<0
    /// The digits behind the point, without trailing zeros.
    var fraction: Range<Int> = 0..<0
    var exponent = 0
    var isZero: Bool { whole.isEmpty && fraction.isEmpty }
  }

  /// Nil when the bytes are not a decimal number.
  static func scan(_ text: Span<UInt8>) -> Parts? {
    let count = text.count
    var parts = Parts()
    var at = 0
    if count > 0, text[0] == UInt8(ascii: "-") || text[0] == UInt8(ascii: "+") {
      parts.isNegative = text[0] == UInt8(ascii: "-")
      at = 1
    }
    let wholeStart = at
    while at < count, text[at] &- 48 < 10 { at += 1 }
    var digits = at - wholeStart
    var first = wholeStart
    while first < at, text[first] == 48 { first += 1 }
    parts.whole = first..<at
    if at < count, text[at] == UInt8(ascii: ".") {
      at += 1
      let start = at
      while at < count, text[at] &- 48 < 10 { at += 1 }
      digits += at - start
      var end = at
      while end > start, text[end - 1] == 48 { end -= 1 }
      parts.fraction = start..<end
    }
    if digits == 0 { return nil }
    if at < count, text[at] | 0x20 == UInt8(ascii: "e") {
      guard let exponent = scanExponent(text, &at) else { return nil }
      parts.exponent = exponent
    }
    return at == count ? parts : nil
  }

  /// Exponents beyond ±10^6 stay at that bound: no type here reaches it.
  private static func scanExponent(_ text: Span<UInt8>, _ at: inout Int) -> Int? {
    let count = text.count
    at += 1
    var isNegative = false
    if at < count, text[at] == UInt8(ascii: "-") || text[at] == UInt8(ascii: "+") {
      isNegative = text[at] == UInt8(ascii: "-")
      at += 1
    }
    guard at < count, text[at] &- 48 < 10 else { return nil }
    var value = 0
    while at < count, text[at] &- 48 < 10 {
      value = min(value * 10 + Int(text[at] &- 48), 1_000_000)
      at += 1
    }
    return isNegative ? -value : value
  }

  /// The plan to turn scanned digits into an unscaled integer: how many of them count and how many zeros follow.
  struct Placement {
    /// Digits to take from `whole` and `fraction` in turn.
    var wholeDigits: Int
    var fractionDigits: Int
    var zeros: Int
  }

  static func place(_ text: Span<UInt8>, _ parts: Parts, precision: Int, scale: Int) -> (Placement, ParseResult) {
    let none = Placement(wholeDigits: 0, fractionDigits: 0, zeros: 0)
    if parts.isZero { return (none, .ok) }
    // value = digits × 10^(exponent − fraction); unscaled = digits × 10^shift.
    let shift = scale + parts.exponent - parts.fraction.count
    var placement = Placement(
      wholeDigits: parts.whole.count, fractionDigits: parts.fraction.count, zeros: max(shift, 0))
    if shift < 0 {
      // Only trailing zeros may be cut. The fraction has none left, so it must be empty.
      var cut = -shift
      if placement.fractionDigits > 0 { return (none, .losesDigits) }
      while cut > 0, placement.wholeDigits > 0 {
        guard text[parts.whole.lowerBound + placement.wholeDigits - 1] == 48 else { return (none, .losesDigits) }
        placement.wholeDigits -= 1
        cut -= 1
      }
      if cut > 0 { return (none, .losesDigits) }
    }
    var significant = placement.wholeDigits + placement.fractionDigits
    if placement.wholeDigits == 0 {
      var at = parts.fraction.lowerBound
      while significant > 0, text[at] == 48 {
        significant -= 1
        at += 1
      }
    }
    return (placement, significant + placement.zeros <= precision ? .ok : .outOfRange)
  }

  /// Parses into an unscaled integer of at most 38 digits.
  public static func parse128(
    _ text: Span<UInt8>, precision: Int, scale: Int, into value: inout Int128
  ) -> ParseResult {
    if let quick = parseShort(text, precision: precision, scale: scale) {
      value = Int128(quick)
      return .ok
    }
    guard let parts = scan(text) else { return .malformed }
    let (placement, result) = place(text, parts, precision: precision, scale: scale)
    if result != .ok { return result }
    var magnitude: UInt128 = 0
    accumulate(text, parts, placement) { magnitude = magnitude * UInt128($0) + UInt128($1) }
    value = parts.isNegative ? -Int128(magnitude) : Int128(magnitude)
    return .ok
  }

  /// Parses into an unscaled integer of at most 76 digits.
  public static func parse256(
    _ text: Span<UInt8>, precision: Int, scale: Int, into value: inout Int256
  ) -> ParseResult {
    guard let parts = scan(text) else { return .malformed }
    let (placement, result) = place(text, parts, precision: precision, scale: scale)
    if result != .ok { return result }
    var magnitude = Int256.zero
    accumulate(text, parts, placement) {
      _ = magnitude.multiplyMagnitude($0)
      _ = magnitude.addMagnitude($1)
    }
    value = parts.isNegative ? magnitude.negated : magnitude
    return .ok
  }

  /// Feeds the placed digits in chunks of up to 18: `step(10^digits, chunk)`.
  @inline(__always)
  private static func accumulate(
    _ text: Span<UInt8>, _ parts: Parts, _ placement: Placement, _ step: (UInt64, UInt64) -> Void
  ) {
    var chunk: UInt64 = 0
    var digits = 0
    func flush() {
      step(powers64[digits], chunk)
      chunk = 0
      digits = 0
    }
    func feed(_ digit: UInt64) {
      chunk = chunk * 10 + digit
      digits += 1
      if digits == 18 { flush() }
    }
    for at in 0..<placement.wholeDigits { feed(UInt64(text[parts.whole.lowerBound + at] &- 48)) }
    for at in 0..<placement.fractionDigits { feed(UInt64(text[parts.fraction.lowerBound + at] &- 48)) }
    for _ in 0..<placement.zeros { feed(0) }
    if digits > 0 { flush() }
  }

  /// The common case: a plain `-ddd.ddd` of up to 18 characters whose fraction fits the scale. Nil for all others.
  @inline(__always)
  static func parseShort(_ text: Span<UInt8>, precision: Int, scale: Int) -> Int64? {
    guard text.count <= 18, let short = scanShort(text) else { return nil }
    let zeros = scale - short.fraction
    let digits = short.digits + zeros
    guard zeros >= 0, digits <= 18, digits <= precision else { return nil }
    return zeros > 0 ? short.value &* Int64(truncatingIfNeeded: powers64[zeros]) : short.value
  }

  /// A plain `-ddd.ddd` without its point, how many digits it has, and how many of them are behind the point. Nil for
  /// all others; only good for up to 18 digits.
  @inline(__always)
  static func scanShort(_ text: Span<UInt8>) -> (value: Int64, digits: Int, fraction: Int)? {
    let count = text.count
    if count == 0 { return nil }
    let start = text[0] == UInt8(ascii: "-") ? 1 : 0
    var at = start
    var value: Int64 = 0
    while at < count, text[at] &- 48 < 10 {
      value = value &* 10 &+ Int64(text[at] &- 48)
      at += 1
    }
    var digits = at - start
    var fraction = 0
    if at < count, text[at] == UInt8(ascii: ".") {
      at += 1
      while at < count, text[at] &- 48 < 10 {
        value = value &* 10 &+ Int64(text[at] &- 48)
        fraction += 1
        at += 1
      }
      digits += fraction
    }
    guard at == count, digits > 0 else { return nil }
    return (start == 1 ? 0 &- value : value, digits, fraction)
  }

  // MARK: formatting

  /// Appends `unscaled × 10^-scale`, with exactly `scale` digits behind the point.
  public static func append(_ unscaled: Int128, scale: Int, to out: inout ByteBuffer) {
    if unscaled < 0 { out.append(byte: UInt8(ascii: "-")) }
    let magnitude = unscaled.magnitude
    if magnitude <= UInt128(UInt64.max), 0...18 ~= scale {
      appendShort(UInt64(truncatingIfNeeded: magnitude), scale, to: &out)
    } else if magnitude <= UInt128(UInt64.max) {
      let start = out.count
      Digits.append(UInt64(truncatingIfNeeded: magnitude), to: &out)
      insertPoint(digits: out.count - start, scale: scale, &out)
    } else {
      let start = out.count
      let billions: UInt128 = 1_000_000_000_000_000_000
      let (high, low) = magnitude.quotientAndRemainder(dividingBy: billions)
      let (top, middle) = high.quotientAndRemainder(dividingBy: billions)
      if top > 0 {
        Digits.append(UInt64(truncatingIfNeeded: top), to: &out)
        Digits.appendPadded(UInt64(truncatingIfNeeded: middle), 18, to: &out)
      } else {
        Digits.append(UInt64(truncatingIfNeeded: middle), to: &out)
      }
      Digits.appendPadded(UInt64(truncatingIfNeeded: low), 18, to: &out)
      insertPoint(digits: out.count - start, scale: scale, &out)
    }
  }

  /// Appends `unscaled × 10^-scale`, with exactly `scale` digits behind the point.
  public static func append(_ unscaled: Int256, scale: Int, to out: inout ByteBuffer) {
    if let narrow = unscaled.narrowed { return append(narrow, scale: scale, to: &out) }
    if unscaled.isNegative { out.append(byte: UInt8(ascii: "-")) }
    var rest = unscaled.magnitude
    let e18: UInt64 = 1_000_000_000_000_000_000
    let c0 = rest.divideMagnitude(e18)
    let c1 = rest.divideMagnitude(e18)
    let c2 = rest.divideMagnitude(e18)
    let c3 = rest.divideMagnitude(e18)
    let start = out.count
    var isFirst = true
    for chunk in [rest.w0, c3, c2, c1, c0] where !isFirst || chunk > 0 {
      if isFirst { Digits.append(chunk, to: &out) } else { Digits.appendPadded(chunk, 18, to: &out) }
      isFirst = false
    }
    insertPoint(digits: out.count - start, scale: scale, &out)
  }

  /// The whole and the fraction one behind the other.
  @inline(__always)
  private static func appendShort(_ magnitude: UInt64, _ scale: Int, to out: inout ByteBuffer) {
    if scale == 0 { return Digits.append(magnitude, to: &out) }
    let (whole, fraction) = magnitude.quotientAndRemainder(dividingBy: powers64[scale])
    let digits = Digits.count(whole)
    let room = unsafe out.reserve(40)
    unsafe Digits.writePadded(whole, digits, to: room)
    unsafe room[digits] = UInt8(ascii: ".")
    unsafe Digits.writePadded(fraction, scale, to: room + digits + 1)
    out.advance(digits + 1 + scale)
  }

  /// Puts the point into the last `digits` digits; a negative scale appends zeros.
  private static func insertPoint(digits: Int, scale: Int, _ out: inout ByteBuffer) {
    if scale <= 0 { return out.append(repeating: 48, count: -scale) }
    let missing = max(0, scale + 1 - digits)
    let start = out.count - digits
    out.append(repeating: 48, count: missing + 1)
    var text = out.mutableSpan
    for at in stride(from: digits - 1, through: 0, by: -1) { text[start + at + missing] = text[start + at] }
    for at in 0..<missing { text[start + at] = 48 }
    let point = start + digits + missing - scale
    for at in stride(from: start + digits + missing - 1, through: point, by: -1) { text[at + 1] = text[at] }
    text[point] = UInt8(ascii: ".")
  }
}
