/// Filters that look for regular expressions in texts, and the operator `matches`.
enum RegexFilters {
  static let all: [FilterOperation] = [
    FilterOperation(
      "replace", "replace_pairs; regexp", "with every key of a map replaced by its value", marks: .kept, replace),
    FilterOperation(
      "split", "delimiter; limit", "the parts between the places where a regular expression matches",
      marks: .kept, checks: (0, check), split),
    FilterOperation(
      "regexMatch", "regex", "whether a regular expression is found in it", marks: .dropped, acceptsNull: true,
      checks: (0, check)
    ) { value, arguments, evaluator in
      if value.isNull { return false }
      let regex = try RegularExpression(arguments.text(0), evaluator.meter)
      return .bool(try regex.first(in: Array(value.scalarText().utf8)) != nil)
    },
    FilterOperation(
      "regexReplace", "regex replacement", "with what a regular expression finds replaced; $1 is its group 1",
      marks: .kept, checks: (0, check)
    ) { value, arguments, evaluator in
      let new = try arguments.optionalMarkedText(1) ?? MarkedText(arguments.text(1))
      return Value(try replaced(value.scalarMarked(), arguments.text(0), new, evaluator.meter))
    },
    FilterOperation(
      "regexExtract", "regex; group", "the first match of a regular expression, or one of its groups",
      marks: .kept, checks: (0, check), extract),
  ]

  /// Throws when a text is no regular expression.
  @Sendable static func check(_ pattern: String) throws { _ = try RegularExpression(pattern, Meter {}) }

  static func matchesWhole(_ value: Value, _ pattern: Value, _ meter: Meter) throws -> Bool {
    try RegularExpression(pattern.scalarText(), meter).matchesWhole(Array(value.scalarText().utf8))
  }

  @Sendable private static func replace(_ value: Value, _ arguments: Arguments, _ evaluator: Evaluator) throws -> Value
  {
    let isRegex = try arguments.bool(1, default: false)
    let pairs = try arguments.value(0).entries()
    return Value(
      try pairs.reduce(try value.scalarMarked()) { text, pair in
        let new = try pair.value.scalarMarked()
        return isRegex
          ? try replaced(text, pair.key, new, evaluator.meter)
          : try Bytes.replacing(text, pair.key, new, evaluator.meter)
      })
  }

  private static func replaced(
    _ text: MarkedText, _ pattern: String, _ replacement: MarkedText, _ meter: Meter
  ) throws -> MarkedText {
    let bytes = Array(text.text.utf8)
    let new = Array(replacement.text.utf8)
    var result = MarkedBytes()
    var end = 0
    try RegularExpression(pattern, meter).forEach(in: bytes) { groups in
      let whole = groups[0] ?? end..<end
      result.append(bytes, end..<whole.lowerBound, text.marks)
      let isSecret = text.marks.overlaps(whole)
      try expand(new, isSecret ? Marks(whole: replacement.text) : replacement.marks, groups, bytes, text.marks, &result)
      try meter.fits(bytes: result.bytes.count)
      end = whole.upperBound
      return true
    }
    result.append(bytes, end..<bytes.count, text.marks)
    return result.text
  }

  /// Java's replacement texts: `$1` is a group, `\` takes the next character as it is.
  private static func expand(
    _ replacement: [UInt8], _ marks: Marks, _ groups: RegularExpression.Groups, _ text: [UInt8], _ textMarks: Marks,
    _ result: inout MarkedBytes
  ) throws {
    var rest = replacement[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "\\"), let next = rest.popFirst() {
        result.append(next, secret: marks.overlaps(rest.startIndex - 1..<rest.startIndex))
      } else if byte == UInt8(ascii: "$"), let digit = rest.first, digit.isDigit {
        rest.removeFirst()
        let group = Int(digit) - 0x30
        guard group < groups.count else { throw Problem("the regular expression has no group \(group)") }
        if let range = groups[group] { result.append(text, range, textMarks) }
      } else {
        result.append(byte, secret: marks.overlaps(rest.startIndex - 1..<rest.startIndex))
      }
    }
  }

  @Sendable private static func extract(_ value: Value, _ arguments: Arguments, _ evaluator: Evaluator) throws -> Value
  {
    let group = try arguments.optionalInt(1) ?? 0
    let text = try value.scalarMarked()
    let regex = try RegularExpression(arguments.text(0), evaluator.meter)
    guard let groups = try regex.first(in: Array(text.text.utf8)) else { return .null }
    guard group >= 0, group < groups.count else { throw Problem("the regular expression has no group \(group)") }
    return groups[Int(group)].map { Value(text.cut($0)) } ?? .null
  }

  /// Java's rule: a limit above 0 is the most parts; without one, empty parts at the end are dropped; below 0 they
  /// stay.
  @Sendable private static func split(_ value: Value, _ arguments: Arguments, _ evaluator: Evaluator) throws -> Value {
    let marked = try value.scalarMarked()
    let text = Array(marked.text.utf8)
    let limit = try arguments.optionalInt(1) ?? 0
    var parts: [Value] = []
    var end = 0
    try RegularExpression(arguments.text(0), evaluator.meter).forEach(in: text) { groups in
      guard let whole = groups[0], limit <= 0 || parts.count < limit - 1 else { return false }
      if whole.isEmpty, whole.lowerBound == 0 || whole.lowerBound == text.count { return true }
      if parts.count >= ExpressionLimits.list { try evaluator.meter.list(count: parts.count + 1) }
      parts.append(Value(marked.cut(end..<whole.lowerBound)))
      end = whole.upperBound
      return true
    }
    parts.append(Value(marked.cut(end..<text.count)))
    if limit == 0 { while parts.count > 1, parts.last == "" { parts.removeLast() } }
    return .list(parts)
  }
}
