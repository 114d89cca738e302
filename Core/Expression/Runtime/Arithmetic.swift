/// Arithmetic on numbers of all three kinds: integers stay integers and widen to exact decimals instead of overflowing;
/// a decimal makes the result of + - * exact; a double makes it a double.
enum Arithmetic {
  static func add(_ a: Value, _ b: Value) throws -> Value {
    try apply(a, b, { $0.addingReportingOverflow($1) }, +, { $0.adding($1) })
  }

  static func subtract(_ a: Value, _ b: Value) throws -> Value {
    try apply(a, b, { $0.subtractingReportingOverflow($1) }, -, { $0.adding($1.negated) })
  }

  static func multiply(_ a: Value, _ b: Value) throws -> Value {
    try apply(a, b, { $0.multipliedReportingOverflow(by: $1) }, *, { $0.multiplied(by: $1) })
  }

  /// Of integers: the whole part, as in Pebble. Of others: a double.
  static func divide(_ a: Value, _ b: Value) throws -> Value {
    try checkDivisor(a, b)
    if case .int(let x) = a, case .int(let y) = b {
      let (quotient, overflow) = x.dividedReportingOverflow(by: y)
      return overflow ? try multiply(a, .int(-1)) : .int(quotient)
    }
    return .double(a.approximate / b.approximate)
  }

  static func remainder(_ a: Value, _ b: Value) throws -> Value {
    try checkDivisor(a, b)
    if case .int(let x) = a, case .int(let y) = b {
      return .int(x.remainderReportingOverflow(dividingBy: y).partialValue)
    }
    return .double(a.approximate.truncatingRemainder(dividingBy: b.approximate))
  }

  private static func checkDivisor(_ a: Value, _ b: Value) throws {
    try checkNumbers(a, b)
    if !b.isTrue { throw Problem("division by zero") }
  }

  private static func checkNumbers(_ a: Value, _ b: Value) throws {
    guard a.isNumber, b.isNumber else {
      throw Problem("expected two numbers, found \(a.typePhrase) and \(b.typePhrase)")
    }
  }

  static func compare(_ a: Value, _ b: Value) -> Int {
    if case .int(let x) = a, case .int(let y) = b { return x < y ? -1 : (x == y ? 0 : 1) }
    if let x = Decimal(a), let y = Decimal(b) { return x.compared(to: y) }
    let (x, y) = (a.approximate, b.approximate)
    return x < y ? -1 : (x == y ? 0 : 1)
  }

  private static func apply(
    _ a: Value, _ b: Value, _ integers: (Int64, Int64) -> (partialValue: Int64, overflow: Bool),
    _ doubles: (Double, Double) -> Double, _ decimals: (Decimal, Decimal) -> Decimal
  ) throws -> Value {
    try checkNumbers(a, b)
    switch (a, b) {
    case (.int(let x), .int(let y)):
      let (result, overflow) = integers(x, y)
      if !overflow { return .int(result) }
    case (.decimal, _), (_, .decimal): break
    default: return .double(doubles(a.approximate, b.approximate))
    }
    guard let x = Decimal(a), let y = Decimal(b) else { return .double(doubles(a.approximate, b.approximate)) }
    return Value.number(decimals(x, y).description)
  }
}

extension Value {
  /// The nearest double; zero for what is no number.
  var approximate: Double {
    switch self {
    case .int(let number): Double(number)
    case .double(let number): number
    case .decimal(let digits): Double(digits) ?? 0
    default: 0
    }
  }

  /// The number that this text of digits (with sign, fraction, exponent) writes: an integer where it is one and fits, a
  /// double where that writes back the same number, else a decimal. The text must be well formed.
  static func number(_ text: String) -> Value {
    if let int = Int64(text) { return .int(int) }
    guard let exact = Decimal(text) else { return .double(Double(text) ?? .infinity) }
    let isWhole = text.utf8.allSatisfy { $0.isDigit || $0 == UInt8(ascii: "-") }
    if !isWhole, let double = Double(text), let written = Decimal(double.description), written.compared(to: exact) == 0
    {
      return .double(double)
    }
    return Int64(exact.description).map { .int($0) } ?? .decimal(exact.description)
  }
}

/// A decimal number of any length, for the few operations that must be exact. Schoolbook arithmetic: numbers are short.
struct Decimal {
  /// The longest number that is kept exact; a longer one (`1e999999999`) is no decimal but an infinite double.
  private static let maxDigits = 10_000
  private var isNegative: Bool
  /// Least significant first, each 0...9; the last `scale` decimal places are the first elements.
  private var digits: [Int8]
  private var scale: Int

  private init(isNegative: Bool, digits: [Int8], scale: Int) {
    var digits = digits
    while digits.count > scale + 1, digits.last == 0 { digits.removeLast() }
    while digits.count <= scale { digits.append(0) }
    self.digits = digits
    self.scale = scale
    self.isNegative = isNegative && digits.contains { $0 != 0 }
  }

  init?(_ value: Value) {
    switch value {
    case .int(let number): self.init(String(number))
    case .decimal(let text): self.init(text)
    case .double(let number): self.init(number.description)
    default: return nil
    }
  }

  /// `-?digits[.digits][e±digits]`; nil for anything else and for a number of over 10,000 digits.
  init?(_ text: String) {
    var bytes = Array(text.utf8)
    var exponent = 0
    if let mark = bytes.firstIndex(where: { $0 | 0x20 == UInt8(ascii: "e") }) {
      guard let power = Int(String(decoding: bytes[(mark + 1)...], as: UTF8.self)) else { return nil }
      exponent = power
      bytes.removeSubrange(mark...)
    }
    let isNegative = bytes.first == UInt8(ascii: "-")
    if isNegative || bytes.first == UInt8(ascii: "+") { bytes.removeFirst() }
    var scale = 0
    if let point = bytes.firstIndex(of: UInt8(ascii: ".")) {
      scale = bytes.count - point - 1
      bytes.remove(at: point)
    }
    guard !bytes.isEmpty, bytes.allSatisfy(\.isDigit), exponent.magnitude <= Self.maxDigits,
      bytes.count <= Self.maxDigits
    else { return nil }
    var digits = bytes.reversed().map { Int8($0 - 0x30) }
    scale -= exponent
    if scale < 0 {
      digits.insert(contentsOf: [Int8](repeating: 0, count: -scale), at: 0)
      scale = 0
    }
    // What is written out must be readable again.
    guard max(digits.count, scale + 1) <= Self.maxDigits else { return nil }
    self.init(isNegative: isNegative, digits: digits, scale: scale)
  }

  var negated: Decimal { Decimal(isNegative: !isNegative, digits: digits, scale: scale) }

  private func scaled(to wanted: Int) -> [Int8] { [Int8](repeating: 0, count: wanted - scale) + digits }

  func adding(_ other: Decimal) -> Decimal {
    let scale = max(scale, other.scale)
    let (a, b) = (scaled(to: scale), other.scaled(to: scale))
    if isNegative == other.isNegative {
      return Decimal(isNegative: isNegative, digits: Self.sum(a, b), scale: scale)
    }
    let isLess = Self.order(a, b) < 0
    return Decimal(
      isNegative: isLess ? other.isNegative : isNegative,
      digits: isLess ? Self.difference(b, a) : Self.difference(a, b),
      scale: scale)
  }

  func multiplied(by other: Decimal) -> Decimal {
    var result = [Int](repeating: 0, count: digits.count + other.digits.count + 1)
    for (i, a) in digits.enumerated() where a != 0 {
      for (j, b) in other.digits.enumerated() { result[i + j] += Int(a) * Int(b) }
    }
    for i in 0..<result.count - 1 {
      result[i + 1] += result[i] / 10
      result[i] %= 10
    }
    return Decimal(
      isNegative: isNegative != other.isNegative, digits: result.map { Int8($0) }, scale: scale + other.scale)
  }

  /// With at most so many places, half to even.
  func rounded(to places: Int) -> Decimal {
    guard scale > places else { return self }
    let dropped = digits[..<(scale - places)]
    let kept = Decimal(isNegative: isNegative, digits: Array(digits[(scale - places)...]), scale: places)
    let half = dropped.last ?? 0
    let isAbove = half > 5 || half == 5 && dropped.dropLast().contains { $0 != 0 }
    guard isAbove || half == 5 && (kept.digits.first ?? 0) % 2 == 1 else { return kept }
    return kept.adding(Decimal(isNegative: isNegative, digits: [1], scale: places))
  }

  func compared(to other: Decimal) -> Int {
    if isNegative != other.isNegative { return isNegative ? -1 : 1 }
    let scale = max(scale, other.scale)
    let order = Self.order(scaled(to: scale), other.scaled(to: scale))
    return isNegative ? -order : order
  }

  /// Without an exponent and without zeros at the end of the fraction.
  var description: String {
    var kept = digits[...]
    var places = scale
    while places > 0, kept.first == 0 {
      kept.removeFirst()
      places -= 1
    }
    var text = kept.reversed().map { UInt8($0) + 0x30 }
    if places > 0 { text.insert(UInt8(ascii: "."), at: text.count - places) }
    return (isNegative ? "-" : "") + String(decoding: text, as: UTF8.self)
  }

  private static func digit(_ digits: [Int8], _ index: Int) -> Int8 { index < digits.count ? digits[index] : 0 }

  private static func order(_ a: [Int8], _ b: [Int8]) -> Int {
    for index in stride(from: max(a.count, b.count) - 1, through: 0, by: -1) {
      let (x, y) = (digit(a, index), digit(b, index))
      if x != y { return x < y ? -1 : 1 }
    }
    return 0
  }

  private static func sum(_ a: [Int8], _ b: [Int8]) -> [Int8] {
    var carry: Int8 = 0
    var result = (0..<max(a.count, b.count)).map { index -> Int8 in
      let total = digit(a, index) + digit(b, index) + carry
      carry = total / 10
      return total % 10
    }
    result.append(carry)
    return result
  }

  /// `a - b` where `a` is not less.
  private static func difference(_ a: [Int8], _ b: [Int8]) -> [Int8] {
    var borrow: Int8 = 0
    return a.indices.map { index in
      let total = a[index] - digit(b, index) - borrow
      borrow = total < 0 ? 1 : 0
      return total < 0 ? total + 10 : total
    }
  }
}
