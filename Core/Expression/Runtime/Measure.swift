/// How large a value is when it is written out. A list that holds another one twice, and that one a third twice …, is
/// small in memory and endless to go over.
struct Measure {
  var values = 1
  var depth = 0

  var isTooLarge: Bool { values > ExpressionLimits.values || depth > ExpressionLimits.depth }

  static func sum(_ parts: [Measure]) -> Measure {
    parts.reduce(Measure(values: 1, depth: 1)) { sum, part in
      Measure(values: min(sum.values + part.values, Int.max / 4), depth: max(sum.depth, part.depth + 1))
    }
  }

  static func greater(_ a: Measure, _ b: Measure) -> Measure {
    Measure(values: max(a.values, b.values), depth: max(a.depth, b.depth))
  }
}

extension Value {
  /// Its measure, or one that is too large as soon as that is certain.
  var measure: Measure {
    var measure = Measure(values: 0, depth: 0)
    count(into: &measure, level: 0)
    return measure
  }

  private func count(into measure: inout Measure, level: Int) {
    measure.values += 1
    switch self {
    case .list(let elements):
      measure.depth = max(measure.depth, level + 1)
      for element in elements where !measure.isTooLarge { element.count(into: &measure, level: level + 1) }
    case .map(let map):
      measure.depth = max(measure.depth, level + 1)
      for entry in map where !measure.isTooLarge { entry.value.count(into: &measure, level: level + 1) }
    default: break
    }
  }
}

extension Evaluator {
  /// What a set variable holds, measured: by what its expression is made of where that tells enough, so that a loop
  /// that adds to a list does not count the whole list each time.
  func measure(_ value: Value, of expression: Expression) throws -> Measure {
    switch value {
    case .list, .map: break
    default: return Measure()
    }
    if isConstantPath(expression) { return constant(value, expression) }
    if let bound = bound(of: expression), !bound.isTooLarge { return bound }
    return try checked(value, expression)
  }

  func checked(_ value: Value, _ expression: Expression) throws -> Measure {
    let measure = value.measure
    guard measure.isTooLarge else { return measure }
    let what =
      measure.depth > ExpressionLimits.depth
      ? "more than \(ExpressionLimits.depth) lists and maps within each other"
      : "more than \(ExpressionLimits.values) values"
    throw ExpressionError("the value holds \(what)", offset: expression.offset, hint: "Move rows by tasks instead")
  }

  /// What the scope holds was made outside and is as large as it may be.
  private func constant(_ value: Value, _ expression: Expression) -> Measure {
    if let known = meter.measures[ObjectIdentifier(expression)] { return known }
    let measure = value.measure
    meter.measures[ObjectIdentifier(expression)] = measure
    return measure
  }

  private func isConstantPath(_ expression: Expression) -> Bool {
    expression.staticPath?.first.map { local($0) == nil } ?? false
  }

  /// At least what an expression comes to, nil where only its value tells.
  private func bound(of expression: Expression) -> Measure? {
    switch expression.kind {
    case .literal(let value): value.measure
    case .variable(let name): local(name)?.measure
    case .member(let base, _), .subscripted(let base, _): bound(of: base)
    case .list(let elements): sum(elements)
    case .map(let entries): sum(entries.map(\.1))
    case .binary(.add, let left, let right): sum([left, right])
    case .binary(.subtract, let left, _): bound(of: left)
    case .binary(.ifNull, let left, let right), .binary(.ifUndefined, let left, let right),
      .ternary(_, let left, let right):
      greater(left, right)
    case .binary(.range, _, _), .filter, .call: nil
    default: Measure()
    }
  }

  private func sum(_ parts: [Expression]) -> Measure? {
    let measures = parts.compactMap { bound(of: $0) }
    return measures.count == parts.count ? Measure.sum(measures) : nil
  }

  private func greater(_ left: Expression, _ right: Expression) -> Measure? {
    guard let left = bound(of: left), let right = bound(of: right) else { return nil }
    return Measure.greater(left, right)
  }
}
