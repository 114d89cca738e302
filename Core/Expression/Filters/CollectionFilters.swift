/// Filters on lists and maps (some of them also on texts).
enum CollectionFilters {
  static let all: [FilterOperation] = [
    FilterOperation(
      "default", "default/fallback", "or another value where it is undefined, null, blank or empty", marks: .kept,
      acceptsNull: true
    ) { value, arguments, _ in value.isBlank ? try arguments.value(0) : value },
    FilterOperation("first", "", "the first element or letter", marks: .kept) { value, _, _ in
      if let text = value.string { return text.isEmpty ? .null : Value(value.markedText.cut(text.prefix(1))) }
      return try value.elements().first ?? .null
    },
    FilterOperation("last", "", "the last element or letter", marks: .kept) { value, _, _ in
      if let text = value.string { return text.isEmpty ? .null : Value(value.markedText.cut(text.suffix(1))) }
      return try value.elements().last ?? .null
    },
    FilterOperation("length", "", "how many elements, entries or letters", marks: .dropped, acceptsNull: true) {
      value, _, _ in
      .int(Int64(try length(value)))
    },
    FilterOperation("join", ";separator", "the elements as one text", marks: .kept, joined),
    FilterOperation("reverse", "", "in the opposite order", marks: .kept) { value, _, _ in
      if case .string(let text) = value { return .string(String(text.reversed())) }
      if value.string != nil {
        return Value(
          value.markedText.letters.reversed().reduce(into: MarkedText()) {
            $0.append(String($1.letter), secret: $1.isSecret)
          })
      }
      return .list(try value.elements().reversed())
    },
    FilterOperation("sort", "", "in ascending order", marks: .kept) { value, _, evaluator in
      .list(try sorted(value.elements(), evaluator.meter))
    },
    FilterOperation("rsort", "", "in descending order", marks: .kept) { value, _, evaluator in
      .list(try sorted(value.elements(), evaluator.meter).reversed())
    },
    FilterOperation(
      "slice", ";fromIndex toIndex", "the part from an index up to but without another", marks: .kept, slice),
    FilterOperation("chunk", "size", "cut into lists of a size", marks: .kept) { value, arguments, _ in
      let elements = try value.elements()
      let size = try arguments.size(0, atLeast: 1)
      let starts = stride(from: 0, to: elements.count, by: size)
      return .list(starts.map { .list(Array(elements[$0..<min($0 + size, elements.count)])) })
    },
    FilterOperation("flatten", "", "with the elements of inner lists in place of the lists", marks: .kept) {
      value, _, evaluator in
      var result: [Value] = []
      try flatten(value.elements(), into: &result, evaluator.meter)
      return .list(result)
    },
    FilterOperation("distinct", "", "without repeated elements", marks: .kept) { value, _, _ in
      .list(distinct(try value.elements()))
    },
    FilterOperation("uniq", "", "the same as distinct", marks: .kept) { value, _, _ in
      .list(distinct(try value.elements()))
    },
    FilterOperation("merge", "items", "with the elements or entries of another list or map", marks: .kept) {
      value, arguments, _ in
      let other = try arguments.value(0)
      guard case .map(var map) = value else { return .list(try value.elements() + (other.list ?? [other])) }
      for entry in try other.entries().markedEntries { map.set(entry.key, to: entry.value) }
      return .map(map)
    },
    FilterOperation("keys", "", "the keys of a map, the indices of a list", marks: .kept) { value, _, _ in
      if case .list(let elements) = value { return .list(elements.indices.map { .int(Int64($0)) }) }
      return .list(try value.entries().markedEntries.map { Value($0.key) })
    },
    FilterOperation("values", "", "the values of a map", marks: .kept) { value, _, _ in
      .list(try value.entries().map(\.value))
    },
    FilterOperation("jq", "expression", "a list of what a jq program gives", checks: (0, JQ.check)) {
      value, arguments, evaluator in
      let input = if case .string(let text) = value { try Functions.parseJSON(MarkedText(text)) } else { value }
      return .list(try JQ.run(arguments.text(0), on: input, evaluator.meter))
    },
    FilterOperation("className", "", "the name of its Java class in Kestra", marks: .dropped) { value, _, _ in
      switch value {
      case .null: .null
      case .bool: "java.lang.Boolean"
      case .int: "java.lang.Long"
      case .double: "java.lang.Double"
      case .decimal: "java.math.BigDecimal"
      case .string: "java.lang.String"
      case .list: "java.util.ArrayList"
      case .map: "java.util.LinkedHashMap"
      case .secret: "java.lang.String"
      }
    },
  ]

  private static func length(_ value: Value) throws -> Int {
    switch value.plain {
    case .null: 0
    case .string(let text): text.count
    case .list(let elements): elements.count
    case .map(let map): map.count
    default: throw Problem("\(value.typePhrase) has no length")
    }
  }

  /// Stable; checks first that the elements can be compared.
  private static func sorted(_ values: [Value], _ meter: Meter) throws -> [Value] {
    try values.enumerated().sorted { a, b in
      try meter.step()
      let order = try Operators.compare(a.element, b.element)
      return order == 0 ? a.offset < b.offset : order < 0
    }.map(\.element)
  }

  @Sendable private static func slice(_ value: Value, _ arguments: Arguments, _: Evaluator) throws -> Value {
    let count = try length(value)
    let from = try arguments.optionalInt(0) ?? 0
    let to = try arguments.optionalInt(1) ?? Int64(count)
    guard 0 <= from, from <= to, to <= count else {
      throw Problem("cannot take \(from) to \(to) of \(count) elements")
    }
    if let text = value.string { return Value(value.markedText.cut(text.dropFirst(Int(from)).prefix(Int(to - from)))) }
    return .list(Array(try value.elements()[Int(from)..<Int(to)]))
  }

  private static func flatten(_ values: [Value], into result: inout [Value], _ meter: Meter) throws {
    for value in values {
      try meter.step()
      if case .list(let inner) = value { try flatten(inner, into: &result, meter) } else { result.append(value) }
      if result.count > ExpressionLimits.list { try meter.list(count: result.count) }
    }
  }

  @Sendable private static func joined(_ value: Value, _ arguments: Arguments, _ evaluator: Evaluator) throws -> Value {
    let separator = try arguments.optionalMarkedText(0) ?? MarkedText()
    var text = MeteredText(evaluator.meter)
    for (index, element) in try value.elements().enumerated() {
      if index > 0 { try text.append(separator) }
      try text.append(element.markedText(evaluator.meter))
    }
    return Value(text.marked)
  }

  private static func distinct(_ values: [Value]) -> [Value] {
    var seen: Set<Value> = []
    return values.filter { seen.insert($0).inserted }
  }
}
