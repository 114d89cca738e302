/// Filters that look for regular expressions in texts, and the operator `matches`.
enum RegexFilters {
  static let all: [FilterOperation] = [
    FilterOperation("replace", "replace_pairs; regexp", "with every key of a map replaced by its value", replace),
    FilterOperation(
      "split", "delimiter; limit", "the parts between the places where a regular expression matches",
      checks: (0, check), split),
    FilterOperation(
      "regexMatch", "regex", "whether a regular expression is found in it", acceptsNull: true, checks: (0, check)
    ) { value, arguments, evaluator in
      if value.isNull { return false }
      let regex = try RegularExpression(arguments.text(0), evaluator.meter)
      return .bool(try regex.first(in: Array(value.scalarText().utf8)) != nil)
    },
    FilterOperation(
      "regexReplace", "regex replacement", "with what a regular expression finds replaced; $1 is its group 1",
      checks: (0, check)
    ) { value, arguments, evaluator in
      .string(try replaced(value.scalarText(), arguments.text(0), arguments.text(1), evaluator.meter))
    },
    FilterOperation(
      "regexExtract", "regex; group", "the first match of a regular expression, or one of its groups",
      checks: (0, check), extract),
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
    return .string(
      try pairs.reduce(try value.scalarText()) { text, pair in
        let new = try pair.value.scalarText()
        return isRegex
          ? try replaced(text, pair.key, new, evaluator.meter)
          : try Bytes.replacing(text, pair.key, new, evaluator.meter)
      })
  }

  private static func replaced(_ text: String, _ pattern: String, _ replacement: String, _ meter: Meter) throws
    -> String
  {
    let text = Array(text.utf8)
    let replacement = Array(replacement.utf8)
    var result: [UInt8] = []
    var end = 0
    try RegularExpression(pattern, meter).forEach(in: text) { groups in
      let whole = groups[0] ?? end..<end
      result += text[end..<whole.lowerBound]
      try expand(replacement, groups, text, &result)
      try meter.fits(bytes: result.count)
      end = whole.upperBound
      return true
    }
    return String(decoding: result + text[end...], as: UTF8.self)
  }

  /// Java's replacement texts: `$1` is a group, `\` takes the next character as it is.
  private static func expand(
    _ replacement: [UInt8], _ groups: RegularExpression.Groups, _ text: [UInt8], _ result: inout [UInt8]
  ) throws {
    var rest = replacement[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "\\"), let next = rest.popFirst() {
        result.append(next)
      } else if byte == UInt8(ascii: "$"), let digit = rest.first, digit.isDigit {
        rest.removeFirst()
        let group = Int(digit) - 0x30
        guard group < groups.count else { throw Problem("the regular expression has no group \(group)") }
        if let range = groups[group] { result += text[range] }
      } else {
        result.append(byte)
      }
    }
  }

  @Sendable private static func extract(_ value: Value, _ arguments: Arguments, _ evaluator: Evaluator) throws -> Value
  {
    let group = try arguments.optionalInt(1) ?? 0
    let text = Array(try value.scalarText().utf8)
    let regex = try RegularExpression(arguments.text(0), evaluator.meter)
    guard let groups = try regex.first(in: text) else { return .null }
    guard group >= 0, group < groups.count else { throw Problem("the regular expression has no group \(group)") }
    return groups[Int(group)].map { .string(String(decoding: text[$0], as: UTF8.self)) } ?? .null
  }

  /// Java's rule: a limit above 0 is the most parts; without one, empty parts at the end are dropped; below 0 they
  /// stay.
  @Sendable private static func split(_ value: Value, _ arguments: Arguments, _ evaluator: Evaluator) throws -> Value {
    let text = Array(try value.scalarText().utf8)
    let limit = try arguments.optionalInt(1) ?? 0
    var parts: [Value] = []
    var end = 0
    try RegularExpression(arguments.text(0), evaluator.meter).forEach(in: text) { groups in
      guard let whole = groups[0], limit <= 0 || parts.count < limit - 1 else { return false }
      if whole.isEmpty, whole.lowerBound == 0 || whole.lowerBound == text.count { return true }
      if parts.count >= Limits.list { try evaluator.meter.list(count: parts.count + 1) }
      parts.append(.string(String(decoding: text[end..<whole.lowerBound], as: UTF8.self)))
      end = whole.upperBound
      return true
    }
    parts.append(.string(String(decoding: text[end...], as: UTF8.self)))
    if limit == 0 { while parts.count > 1, parts.last == "" { parts.removeLast() } }
    return .list(parts)
  }
}
