internal import Records

/// Source type × target type, in one place.
enum CoercionMatrix {
  static func kind(_ source: DataType, _ target: DataType) -> CoercionKind {
    if source == target { return .identical }
    guard let step = step(source, target) else { return .refused }
    switch step {
    case .same: return isWider(source, target) ? .widening : .identical
    case .format, .formatJSON: return .formatted
    case .parse, .json: return source == .numeric ? .checked : .parsed
    case .viaText: return target == .numeric ? .formatted : .checked
    case .list(let element):
      if case .list(let from) = source { return kind(from, element.type) }
      return .refused
    default: return isWider(source, target) ? .widening : .checked
    }
  }

  /// What a step needs to know beside the two types.
  struct Terms {
    /// Nil where instants and wall clocks do not meet.
    var zone: Zone?
    var roundFloats = false
  }

  /// Nil when refused.
  static func step(_ source: DataType, _ target: DataType, _ terms: Terms = Terms()) -> CoercionStep? {
    if source == target { return .same }
    switch (source, target) {
    case (.text, .json): return .json
    case (.json, .text), (.numeric, .text), (.text, .bytes), (.json, .bytes), (.numeric, .json):
      return numericJSON(source, target)
    case (.bytes, .text): return .utf8
    case (_, .text): return .format
    case (_, .json): return .formatJSON
    case (.text, .timestamp), (.text, .offsetTimestamp): return terms.zone.map { .parseTimestamp($0) } ?? .parse
    case (.text, _): return .parse
    case (.json, .list): return .parse
    case (.list(let a), .list(let b)): return step(a, b, terms).map { .list(.init(step: $0, type: b)) }
    case (.uuid, .bytes): return .uuidToBytes
    case (.bytes, .uuid): return .bytesToUUID
    default: return numbers(source, target, terms.roundFloats) ?? times(source, target, terms)
    }
  }

  /// NaN is a numeric and no JSON number.
  private static func numericJSON(_ source: DataType, _ target: DataType) -> CoercionStep {
    source == .numeric && target == .json ? .formatJSON : .same
  }

  private static func numbers(_ source: DataType, _ target: DataType, _ round: Bool) -> CoercionStep? {
    switch (source, target) {
    case (.bool, _) where target.isInteger: return .boolToInteger
    case (_, .bool) where source.isInteger: return .integerToBool
    case (.numeric, .decimal): return .parse
    case (.numeric, _) where target.isFloat: return .numericToFloat(round: round)
    case (.numeric, _) where target.isInteger: return .parse
    case (.decimal, .numeric): return .viaText
    case (_, .numeric) where source.isNumber: return .viaText
    case (_, _) where source.isInteger && target.isInteger: return .integers
    case (_, _) where source.isInteger && target.isFloat: return .integerToFloat
    case (_, _) where source.isFloat && target.isInteger: return .floatToInteger
    case (.float32, .float64), (.float64, .float32): return .floats(round: round)
    case (_, .decimal) where source.isInteger: return .integerToDecimal
    case (.decimal, _) where target.isInteger: return .decimalToInteger
    case (.decimal, .decimal): return .decimals
    case (.decimal, _) where target.isFloat: return .decimalToFloat(round: round)
    case (_, .decimal) where source.isFloat: return .viaText
    default: return nil
    }
  }

  private static func times(_ source: DataType, _ target: DataType, _ terms: Terms) -> CoercionStep? {
    let zone = terms.zone
    return switch (source, target) {
    case (.date, .timestamp): .dateToTimestamp(zone)
    case (.timestamp, .date): .timestampToDate(zone)
    case (.timestamp, .timestamp): .timestamps(zone)
    case (.offsetTimestamp, .offsetTimestamp): .offsets
    case (.offsetTimestamp(let unit), .timestamp), (.offsetTimestamp(let unit), .date):
      step(.timestamp(unit, zoned: true), target, terms).map {
        .instant(of: .init(step: $0, type: .timestamp(unit, zoned: true)))
      }
    case (.timestamp, .offsetTimestamp(let unit)), (.date, .offsetTimestamp(let unit)):
      step(source, .timestamp(unit, zoned: true), terms).map { .withOffset(of: $0, zone) }
    case (.time, .time): .times
    case (.time, .interval): .timeToInterval
    case (.interval, .time): .intervalToTime
    default: nil
    }
  }

  /// Whether instants and wall clocks meet.
  static func needsZone(_ source: DataType, _ target: DataType) -> Bool {
    switch (source, target) {
    case (.timestamp(_, let a), .timestamp(_, let b)): a != b
    case (.date, .timestamp(_, let zoned)), (.timestamp(_, let zoned), .date): zoned
    case (.text, .timestamp), (.text, .offsetTimestamp), (.date, .offsetTimestamp), (.offsetTimestamp, .date): true
    case (.timestamp(_, let zoned), .offsetTimestamp), (.offsetTimestamp, .timestamp(_, let zoned)): !zoned
    case (.list(let a), .list(let b)): needsZone(a, b)
    default: false
    }
  }

  /// Whether every value of the source fits the target.
  static func isWider(_ source: DataType, _ target: DataType) -> Bool {
    switch (source, target) {
    case (_, _) where source == target: return true
    case (.bool, _) where target.isInteger: return true
    case (.float32, .float64): return true
    case (.json, .text), (.numeric, .text), (.text, .bytes), (.json, .bytes), (.uuid, .bytes): return true
    case (.decimal(let p, let s), .decimal(let q, let t)): return t >= s && q - t >= p - s
    case (.date, .timestamp), (.timestamp(.nanoseconds, _), .timestamp(.microseconds, _)): return false
    case (.timestamp(let a, let x), .timestamp(let b, let y)): return a == b && x == y
    case (.timestamp(let a, zoned: true), .offsetTimestamp(let b)): return a == b
    case (.time(.microseconds), .time(.nanoseconds)), (.time, .interval): return true
    default: break
    }
    guard let from = source.integerRange else { return false }
    switch target {
    case .float32: return from.upperBound <= 1 << 24
    case .float64: return from.upperBound <= 1 << 53
    case .decimal(let precision, let scale): return precision - scale >= source.integerDigits
    default:
      guard let to = target.integerRange else { return false }
      return to.lowerBound <= from.lowerBound && from.upperBound <= to.upperBound
    }
  }
}

extension DataType {
  var isInteger: Bool { integerRange != nil }
  var isFloat: Bool { self == .float32 || self == .float64 }
  var isNumber: Bool {
    if case .decimal = self { return true }
    return isInteger || isFloat || self == .numeric
  }

  /// What an integer type holds.
  var integerRange: ClosedRange<Int128>? {
    switch self {
    case .int8: Int128(Int8.min)...Int128(Int8.max)
    case .int16: Int128(Int16.min)...Int128(Int16.max)
    case .int32: Int128(Int32.min)...Int128(Int32.max)
    case .int64: Int128(Int64.min)...Int128(Int64.max)
    case .uint8: 0...Int128(UInt8.max)
    case .uint16: 0...Int128(UInt16.max)
    case .uint32: 0...Int128(UInt32.max)
    case .uint64: 0...Int128(UInt64.max)
    default: nil
    }
  }

  /// Decimal digits of the largest value.
  var integerDigits: Int {
    switch self {
    case .int8, .uint8: 3
    case .int16, .uint16: 5
    case .int32, .uint32: 10
    case .int64: 19
    default: 20
    }
  }
}
