internal import Records

/// Texts of single values, for the writer's conversions.
enum ScalarText {
  static func double(_ text: String) -> Double? {
    var value = 0.0
    return ValueParse.float64(text.utf8.span, into: &value) == .ok ? value : nil
  }

  static func float(_ text: String) -> Float? {
    var value = Float(0)
    return ValueParse.float32(text.utf8.span, into: &value) == .ok ? value : nil
  }

  /// Whether two texts write the same number: `-?digits[.digits][e±digits]`, whatever its zeros.
  static func isSameNumber(_ a: String, _ b: String) -> Bool {
    let (a, b) = (Digits(a), Digits(b))
    return a.significant == b.significant
      && (a.significant.isEmpty || a.isNegative == b.isNegative && a.power == b.power)
  }

  /// The digits of a number without zeros around them, and the power of ten of the last.
  struct Digits {
    var isNegative = false
    var significant: [UInt8] = []
    var power = 0

    init(_ text: String) {
      let parts = text.utf8.split(maxSplits: 1) { $0 | 0x20 == UInt8(ascii: "e") }
      if parts.count == 2 { power = Int(String(decoding: parts[1], as: UTF8.self)) ?? 0 }
      var isFraction = false
      for byte in parts.first ?? text.utf8[...] {
        if byte == UInt8(ascii: "-") { isNegative = true }
        if byte == UInt8(ascii: ".") { isFraction = true }
        guard byte &- 48 < 10 else { continue }
        if isFraction { power -= 1 }
        if byte != 48 || !significant.isEmpty { significant.append(byte) }
      }
      while significant.last == 48 {
        significant.removeLast()
        power += 1
      }
    }
  }

  static func uuid(_ text: String) -> [UInt8]? {
    var value: UInt128 = 0
    guard ValueParse.uuid(text.utf8.span, into: &value) == .ok else { return nil }
    var bytes = ByteBuffer()
    bytes.append(little: value)
    return bytes.array
  }

  static func base64(_ text: String) -> [UInt8]? {
    let text = text.utf8
    var out = ByteBuffer(capacity: text.count)
    let isBase64 = out.append(upTo: text.count) { Base64.decode(text.span, .record, to: &$0) }
    return isBase64 ? out.array : nil
  }

  /// Whether a text is one of a type's values.
  static func isValid(_ text: String, _ type: DataType) -> Bool {
    ValueParser(type).append(text.utf8.span, to: ColumnBuilder(type, rows: 1)) == .ok
  }

  static func interval(_ datum: AvroDatum) -> Interval? {
    switch datum {
    case .interval(let interval): return interval
    case .string(let text):
      var interval = Interval(months: 0, days: 0, nanoseconds: 0)
      return ValueParse.interval(text.utf8.span, into: &interval) == .ok ? interval : nil
    default: return nil
    }
  }

  /// Months, days and milliseconds, none of them negative.
  static func duration(_ interval: Interval) -> [UInt32]? {
    guard interval.nanoseconds % 1_000_000 == 0, let months = UInt32(exactly: interval.months),
      let days = UInt32(exactly: interval.days), let millis = UInt32(exactly: interval.nanoseconds / 1_000_000)
    else { return nil }
    return [months, days, millis]
  }

  /// The unscaled integer in as few bytes as it takes, big-endian; nil when the digits do not fit.
  static func unscaled(_ digits: String, _ precision: Int, _ scale: Int) -> [UInt8]? {
    guard precision <= 76 else { return long(digits, precision, scale) }
    var value = Int256.zero
    guard DecimalText.parse256(digits.utf8.span, precision: precision, scale: scale, into: &value) == .ok else {
      return nil
    }
    var out = ByteBuffer()
    for word in [value.w3, value.w2, value.w1, value.w0] { out.append(big: word) }
    var bytes = out.array
    shorten(&bytes)
    return bytes
  }

  private static func shorten(_ bytes: inout [UInt8]) {
    let sign: UInt8 = bytes[0] & 0x80 == 0 ? 0 : 0xFF
    var extra = 0
    while extra < bytes.count - 1, bytes[extra] == sign, (bytes[extra + 1] ^ sign) & 0x80 == 0 { extra += 1 }
    bytes.removeFirst(extra)
  }

  /// More than 76 digits: plain ones only, as Ferry's `numeric` has them.
  private static func long(_ text: String, _ precision: Int, _ scale: Int) -> [UInt8]? {
    var rest = Substring(text)
    let isNegative = rest.first == "-"
    if isNegative { rest.removeFirst() }
    let parts = rest.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count <= 2, let whole = parts.first, !whole.isEmpty else { return nil }
    let fraction = parts.count == 2 ? parts[1] : ""
    guard fraction.dropFirst(scale).allSatisfy({ $0 == "0" }) else { return nil }
    let kept = fraction.prefix(scale)
    let digits = whole.drop { $0 == "0" } + kept + String(repeating: "0", count: scale - kept.count)
    guard digits.count <= precision, digits.utf8.allSatisfy({ $0 &- 48 < 10 }) else { return nil }
    var bytes: [UInt8] = [0]
    for digit in digits.utf8 {
      var carry = Int(digit &- 48)
      for index in bytes.indices.reversed() {
        carry += Int(bytes[index]) * 10
        bytes[index] = UInt8(carry & 0xFF)
        carry >>= 8
      }
      if carry > 0 { bytes.insert(UInt8(carry), at: 0) }
    }
    if bytes[0] & 0x80 != 0 { bytes.insert(0, at: 0) }
    if isNegative { AvroDecimal.negate(&bytes) }
    shorten(&bytes)
    return bytes
  }
}
