internal import Records

/// Finds the type of a column from its texts: the narrowest that gives every text back without losing a digit.
struct Inference {
  private struct Kinds: OptionSet {
    let rawValue: UInt16
    static let bool = Kinds(rawValue: 1)
    static let integer = Kinds(rawValue: 2)
    static let decimal = Kinds(rawValue: 4)
    static let exponent = Kinds(rawValue: 8)
    static let date = Kinds(rawValue: 16)
    static let wallClock = Kinds(rawValue: 32)
    static let instant = Kinds(rawValue: 64)
    static let time = Kinds(rawValue: 128)
    static let text = Kinds(rawValue: 256)
    static let nested = Kinds(rawValue: 512)
  }

  private var kinds: Kinds = []
  private var wholeDigits = 0
  private var scale = 0
  private var needsNanoseconds = false
  /// Some timestamp is outside of the years 1678 to 2262, all that 64 bits have nanoseconds for.
  private var exceedsNanoseconds = false
  private var exceedsInt64 = false
  /// Some number has more digits than a double gives back.
  private var exceedsDouble = false
  /// Some number has more digits than any decimal keeps, once its exponent is written out.
  private var exceedsNumeric = false
  let isTagged: Bool

  init(isTagged: Bool) { self.isTagged = isTagged }

  /// No value has been seen: the type is a guess.
  var isUndecided: Bool { kinds.isEmpty }

  /// Nothing more can change the type.
  private var isSettled: Bool { !isTagged && kinds.contains(.text) }

  mutating func observe(_ field: FieldText) {
    if field.kind == .null || isSettled || (!isTagged && field.count == 0) { return }
    if field.kind == .nested {
      kinds.insert(.nested)
    } else if isTagged && field.kind == .quoted {
      kinds.insert(.text)
    } else if field.bytes[0] &- 48 < 10 || field.bytes[0] == UInt8(ascii: "-") {
      if !observeNumber(field) && (isTagged || !observeTime(field)) { kinds.insert(.text) }
    } else if isTagged || Canonical.isWord(field) {
      kinds.insert(.bool)
    } else {
      kinds.insert(.text)
    }
  }

  private mutating func observeNumber(_ field: FieldText) -> Bool {
    if Canonical.isInteger(field), field.count > 18 || parses(field, .int64) {
      for index in 1..<max(field.count, 1) where field.bytes[index] &- 48 > 9 { return observeDecimal(field) }
      kinds.insert(.integer)
      if field.count > 18 && !parses(field, .int64) { exceedsInt64 = true }
      noteDigits(field.count - (field.bytes[0] == UInt8(ascii: "-") ? 1 : 0), 0, field)
      return true
    }
    return observeDecimal(field)
  }

  private mutating func observeDecimal(_ field: FieldText) -> Bool {
    var point: Int?
    var value = 0.0
    let parsed = ValueParse.float64(field.bytes, into: &value)
    guard parsed == .ok || parsed == .outOfRange else { return false }
    guard Canonical.isDecimal(field) else {
      // With an exponent; leading zeros, as in 007.5, make it a text.
      guard Canonical.isNumber(field) else { return false }
      for index in 0..<field.count where field.bytes[index] | 0x20 == UInt8(ascii: "e") {
        kinds.insert(.exponent)
        noteExponent(field, at: index)
        if parsed != .ok || !Canonical.keepsDigits(field, as: value) { exceedsDouble = true }
        return true
      }
      return false
    }
    for index in 0..<field.count where field.bytes[index] == UInt8(ascii: ".") { point = index }
    kinds.insert(.decimal)
    let sign = field.bytes[0] == UInt8(ascii: "-") ? 1 : 0
    let whole = (point ?? field.count) - sign
    noteDigits(whole == 1 && field.bytes[sign] == 48 ? 0 : whole, point.map { field.count - $0 - 1 } ?? 0, field)
    return true
  }

  /// PostgreSQL's numeric ends about there, too.
  private static let maxDigits = 131_072

  private mutating func noteExponent(_ field: FieldText, at position: Int) {
    var exponent = 0
    for index in position..<field.count where exponent <= Inference.maxDigits {
      let digit = field.bytes[index] &- 48
      if digit < 10 { exponent = exponent * 10 + Int(digit) }
    }
    if position + exponent > Inference.maxDigits { exceedsNumeric = true }
  }

  private mutating func noteDigits(_ whole: Int, _ fraction: Int, _ field: FieldText) {
    if whole + fraction > Inference.maxDigits { exceedsNumeric = true }
    wholeDigits = max(wholeDigits, whole)
    scale = max(scale, fraction)
    guard whole + fraction > 15, !exceedsDouble else { return }
    var value = 0.0
    if ValueParse.float64(field.bytes, into: &value) != .ok || !Canonical.keepsDigits(field, as: value) {
      exceedsDouble = true
    }
  }

  private mutating func observeTime(_ field: FieldText) -> Bool {
    if parses(field, .date) {
      kinds.insert(.date)
    } else if field.count >= 16, parsesTime(field, { .timestamp($0, zoned: false) }) {
      kinds.insert(.wallClock)
    } else if field.count >= 16, parsesTime(field, { .timestamp($0, zoned: true) }) {
      kinds.insert(.instant)
    } else if field.count >= 8, parsesTime(field, { .time($0) }) {
      kinds.insert(.time)
    } else {
      return false
    }
    return true
  }

  private mutating func parsesTime(_ field: FieldText, _ type: (TimeUnit) -> DataType) -> Bool {
    if parses(field, type(.microseconds)) {
      if !exceedsNanoseconds, !isOfOurTimes(field) { exceedsNanoseconds = !parses(field, type(.nanoseconds)) }
      return true
    }
    guard parses(field, type(.nanoseconds)) else { return false }
    needsNanoseconds = true
    return true
  }

  /// Whether it is a time of day, or of the years 1700 to 2199: most are, and need no second look.
  private func isOfOurTimes(_ field: FieldText) -> Bool {
    guard field.bytes[4] == UInt8(ascii: "-") else { return field.bytes[2] == UInt8(ascii: ":") }
    let century = (field.bytes[0] &- 48) &* 10 &+ field.bytes[1] &- 48
    return century >= 17 && century < 22
  }

  private func parses(_ field: FieldText, _ type: DataType) -> Bool {
    var number: Int64 = 0
    var day: Int32 = 0
    switch type {
    case .int64: return Digits.parse(field.bytes, into: &number) == .ok
    case .date: return ValueParse.date(field.bytes, into: &day) == .ok
    case .time(let unit): return ValueParse.time(field.bytes, unit: unit, into: &number) == .ok
    case .timestamp(let unit, let zoned):
      return ValueParse.timestamp(field.bytes, unit: unit, zoned: zoned, into: &number) == .ok
    default: return false
    }
  }

  /// What holds all that was seen. Never seen anything: text.
  var type: DataType {
    if kinds.isEmpty || kinds == .text { return .text }
    if kinds == .bool { return .bool }
    if kinds == .date { return .date }
    let unit: TimeUnit = needsNanoseconds ? .nanoseconds : .microseconds
    if kinds == .time { return .time(unit) }
    if needsNanoseconds && exceedsNanoseconds { return .text }
    if kinds == .wallClock { return .timestamp(unit, zoned: false) }
    if kinds == .instant { return .timestamp(unit, zoned: true) }
    if kinds.isSubset(of: [.integer, .decimal, .exponent]) { return number }
    return isTagged ? .json : .text
  }

  private var number: DataType {
    let digits = wholeDigits + scale
    if kinds == .integer && !exceedsInt64 { return .int64 }
    // As it is written, nothing is lost.
    if exceedsNumeric { return isTagged ? .json : .text }
    if kinds.contains(.exponent) { return exceedsDouble ? (isTagged ? .numeric : .text) : .float64 }
    if digits <= 38 { return .decimal(precision: 38, scale: scale) }
    if digits <= 76 { return .decimal(precision: 76, scale: scale) }
    return isTagged ? .numeric : .text
  }
}
