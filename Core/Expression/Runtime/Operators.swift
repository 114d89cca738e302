internal import Records

/// The binary operators that need both sides' values.
enum Operators {
  static func apply(_ op: BinaryOperator, _ left: Value, _ right: Value, _ meter: Meter) throws -> Value {
    switch op {
    case .equal: .bool(left.isSame(as: right))
    case .notEqual: .bool(!left.isSame(as: right))
    case .less: .bool(try compare(left, right) < 0)
    case .lessOrEqual: .bool(try compare(left, right) <= 0)
    case .greater: .bool(try compare(left, right) > 0)
    case .greaterOrEqual: .bool(try compare(left, right) >= 0)
    case .add: try add(left, right, meter)
    case .subtract: try subtract(left, right, meter)
    case .multiply: try computed(left, right, Arithmetic.multiply)
    case .divide: try computed(left, right, Arithmetic.divide)
    case .remainder: try computed(left, right, Arithmetic.remainder)
    case .range: try computed(left, right) { try range($0, $1, step: 1) }
    case .contains: .bool(try contains(left, right, meter))
    case .isIn: .bool(try contains(right, left, meter))
    case .notIn: .bool(try !contains(right, left, meter))
    case .matches: .bool(try RegexFilters.matchesWhole(left, right, meter))
    case .or, .and, .ifNull, .ifUndefined: throw Problem("is not an operator on two values")
    }
  }

  /// What is computed from a secret is one.
  private static func computed(
    _ left: Value, _ right: Value, _ compute: (Value, Value) throws -> Value
  ) throws -> Value {
    guard left.isSecret || right.isSecret else { return try compute(left, right) }
    return try compute(left.plain, right.plain).asSecret
  }

  static func negated(_ number: Value) throws -> Value { try computed(0, number, Arithmetic.subtract) }

  /// Negative, zero or positive, for numbers and for texts; anything else has no order.
  static func compare(_ left: Value, _ right: Value) throws -> Int {
    if left.isSecret || right.isSecret { return try compare(left.plain, right.plain) }
    if left.isNumber, right.isNumber { return Arithmetic.compare(left, right) }
    switch (left, right) {
    case (.string(let a), .string(let b)):
      return a.isExactly(b) ? 0 : (a.precedesExactly(b) ? -1 : 1)
    case (.bool(let a), .bool(let b)): return a == b ? 0 : (b ? -1 : 1)
    default: throw Problem("cannot compare \(left.typePhrase) with \(right.typePhrase)")
    }
  }

  /// Pebble's `+`: joins texts, appends to a list, adds numbers.
  private static func add(_ left: Value, _ right: Value, _ meter: Meter) throws -> Value {
    switch (left, right) {
    case (.list(let a), .list(let b)):
      try meter.list(count: a.count + b.count)
      return .list(a + b)
    case (.list(let a), _): return .list(a + [right])
    case (.string, _), (_, .string): return try joined(left, right, meter)
    case (.secret, _) where left.string != nil, (_, .secret) where right.string != nil:
      return try joined(left, right, meter)
    default: return try computed(left, right, Arithmetic.add)
    }
  }

  private static func joined(_ left: Value, _ right: Value, _ meter: Meter) throws -> Value {
    let texts = (try left.markedText(meter), try right.markedText(meter))
    try meter.text(bytes: texts.0.text.utf8.count + texts.1.text.utf8.count)
    return Value(texts.0 + texts.1)
  }

  private static func subtract(_ left: Value, _ right: Value, _ meter: Meter) throws -> Value {
    guard case .list(let elements) = left else { return try computed(left, right, Arithmetic.subtract) }
    let removed = right.list ?? [right]
    return .list(try elements.filter { try !has(removed, $0, meter) })
  }

  /// Long lists within long lists take long.
  private static func has(_ elements: [Value], _ wanted: Value, _ meter: Meter) throws -> Bool {
    try meter.step(1 + elements.count / 8)
    return elements.contains { $0.isSame(as: wanted) }
  }

  private static func contains(_ container: Value, _ element: Value, _ meter: Meter) throws -> Bool {
    switch container.plain {
    case .null: return false
    case .list(let elements):
      if case .list(let wanted) = element, try wanted.allSatisfy({ try has(elements, $0, meter) }) { return true }
      return try has(elements, element, meter)
    case .map(let map): return map[try element.markedText(meter).text] != nil
    case .string(let text): return text.containsExactly(try element.markedText(meter).text)
    default: throw Problem("\(container.typePhrase) contains nothing; expected a list, map or string")
    }
  }

  /// Both ends included, as in Pebble: integers, or letters of ASCII.
  static func range(_ from: Value, _ to: Value, step: Int64) throws -> Value {
    if let first = from.int, let last = to.int { return .list(try integers(first, last, step).map { .int($0) }) }
    if let first = from.string?.utf8, let last = to.string?.utf8, first.count == 1, last.count == 1,
      let first = first.first, let last = last.first
    {
      return .list(
        try integers(Int64(first), Int64(last), step).map { .string(String(Unicode.Scalar(UInt8($0)))) })
    }
    throw Problem(
      "a range goes from integer to integer or from letter to letter, not from \(from.typePhrase) to \(to.typePhrase)"
    )
  }

  private static func integers(_ first: Int64, _ last: Int64, _ step: Int64) throws -> [Int64] {
    if step == 0 { throw Problem("the step of a range is 0") }
    let (distance, overflow) = last.subtractingReportingOverflow(first)
    guard !overflow, step != .min, distance != .min, distance / step < ExpressionLimits.elements else {
      throw Problem("the range has more than \(ExpressionLimits.elements) elements")
    }
    return Array(stride(from: first, through: last, by: Int(step)))
  }
}

extension Value {
  var isNumber: Bool {
    switch self {
    case .int, .double, .decimal: true
    case .secret(let secret): secret.value.isNumber
    default: false
    }
  }

  /// What a condition makes of a value: null, false, zero and everything empty are false.
  var isTrue: Bool {
    switch self {
    case .null: false
    case .bool(let flag): flag
    case .int(let number): number != 0
    case .double(let number): number != 0
    case .decimal(let digits): digits.utf8.contains { (0x31...0x39).contains($0) }
    case .string(let text): !text.isEmpty
    case .list(let values): !values.isEmpty
    case .map(let map): !map.isEmpty
    case .secret(let secret): secret.value.isTrue
    }
  }

  /// What `is empty` and `default` take for nothing: Pebble trims texts first.
  var isBlank: Bool {
    switch self {
    case .null: true
    case .string(let text): text.utf8.allSatisfy { $0 <= 32 }
    case .list(let values): values.isEmpty
    case .map(let map): map.isEmpty
    case .secret(let secret): secret.value.isBlank
    default: false
    }
  }

  /// Equality as `==` means it: numbers by value whatever their type, maps whatever their order.
  func isSame(as other: Value) -> Bool {
    if isNumber, other.isNumber { return Arithmetic.compare(plain, other.plain) == 0 }
    switch (self, other) {
    case (.list(let a), .list(let b)): return a.count == b.count && zip(a, b).allSatisfy { $0.isSame(as: $1) }
    case (.map(let a), .map(let b)):
      return a.count == b.count && a.allSatisfy { entry in b[entry.key]?.isSame(as: entry.value) ?? false }
    default: return self == other
    }
  }
}
