/// The part of jq that flows use: paths, pipes, commas, literals, comparisons, `select`, `map`, `keys`, `length`,
/// `first`, `last` and a few more; everything else is an error that says so.
struct JQ {
  private indirect enum Step {
    case identity
    case literal(Value)
    case field(Step, Step)
    case each(Step)
    case slice(Step, Int64?, Int64?)
    case optional(Step)
    case pipe(Step, Step)
    case both(Step, Step)
    case compare(String, Step, Step)
    case and(Step, Step)
    case or(Step, Step)
    case collect(Step?)
    case call(String, Step?)
  }

  static func run(_ source: String, on input: Value) throws -> [Value] {
    var parser = JQ(try tokens(source))
    let step = try parser.pipe()
    if !parser.atEnd { throw unsupported("'\(parser.tokens[parser.position])'") }
    return try evaluate(step, input)
  }

  private static func unsupported(_ what: String) -> Problem {
    Problem(
      "the jq expression has \(what), which is not supported",
      hint:
        "Supported are paths, |, ',', [], literals, comparisons, and, or, \(functions.sorted().joined(separator: ", "))"
    )
  }

  private static let functions: Set<String> = [
    "select", "map", "keys", "values", "length", "first", "last", "not", "add", "unique", "sort", "reverse", "tostring",
    "tonumber", "type", "empty", "has", "join", "flatten", "min", "max", "to_entries", "from_entries",
  ]

  // MARK: Parsing

  private enum Word: Equatable, CustomStringConvertible {
    case symbol(String)
    case name(String)
    case value(Value)
    case field(String)
    var description: String {
      switch self {
      case .symbol(let text), .name(let text): text
      case .field(let text): "." + text
      case .value(let value): value.json()
      }
    }
  }
  private let tokens: [Word]
  private var position = 0
  private var depth = 0

  private init(_ tokens: [Word]) { self.tokens = tokens }

  private static func tokens(_ source: String) throws -> [Word] {
    let text = Array(source)
    var words: [Word] = []
    var place = 0
    func run(_ from: Int, _ accepts: (Character) -> Bool) -> String { String(text[from...].prefix(while: accepts)) }
    func isName(_ character: Character) -> Bool { character == "_" || character.isLetter || character.isNumber }
    while place < text.count {
      let character = text[place]
      if character.isWhitespace {
        place += 1
      } else if character == ".", place + 1 < text.count, text[place + 1] == "_" || text[place + 1].isLetter {
        let name = run(place + 1, isName)
        words.append(.field(name))
        place += name.count + 1
      } else if character == "\"" {
        var end = place + 1
        while end < text.count, text[end] != "\"" { end += text[end] == "\\" ? 2 : 1 }
        guard end < text.count else { throw Problem("a string in the jq expression is not closed") }
        words.append(.value(try Functions.parseJSON(String(text[place...end]))))
        place = end + 1
      } else if character.isASCII,
        character.isNumber || character == "-" && place + 1 < text.count && text[place + 1].isNumber
      {
        let digits = String(character) + run(place + 1) { $0.isNumber || $0 == "." }
        guard Decimal(digits) != nil else { throw Problem("a number in the jq expression is malformed") }
        words.append(.value(.number(digits)))
        place += digits.count
      } else if character == "_" || character.isLetter {
        let name = run(place, isName)
        words.append(.name(name))
        place += name.count
      } else {
        let pair = String(text[place..<min(place + 2, text.count)])
        let symbol = ["==", "!=", "<=", ">=", "//", "..", "|="].contains(pair) ? pair : String(character)
        words.append(.symbol(symbol))
        place += symbol.count
      }
    }
    return words
  }

  private var atEnd: Bool { position == tokens.count }

  private mutating func take(_ symbol: String) -> Bool {
    guard !atEnd, tokens[position] == .symbol(symbol) else { return false }
    position += 1
    return true
  }

  private mutating func takeName(_ name: String) -> Bool {
    guard !atEnd, tokens[position] == .name(name) else { return false }
    position += 1
    return true
  }

  private mutating func expect(_ symbol: String) throws {
    guard take(symbol) else {
      throw Problem(
        "the jq expression is malformed: expected '\(symbol)', found \(atEnd ? "the end" : "'\(tokens[position])'")")
    }
  }

  private mutating func nested<T>(_ parse: (inout JQ) throws -> T) throws -> T {
    depth += 1
    defer { depth -= 1 }
    if depth > Limits.nesting || tokens.count > 1000 { throw Problem("the jq expression is too long or too deep") }
    return try parse(&self)
  }

  private mutating func pipe() throws -> Step {
    try nested { parser in
      var step = try parser.comma()
      while parser.take("|") { step = .pipe(step, try parser.comma()) }
      return step
    }
  }

  private mutating func comma() throws -> Step {
    var step = try either()
    while take(",") { step = .both(step, try either()) }
    return step
  }

  private mutating func either() throws -> Step {
    var step = try all()
    while takeName("or") { step = .or(step, try all()) }
    return step
  }

  private mutating func all() throws -> Step {
    var step = try comparison()
    while takeName("and") { step = .and(step, try comparison()) }
    return step
  }

  private mutating func comparison() throws -> Step {
    let left = try postfix()
    for symbol in ["==", "!=", "<=", ">=", "<", ">"] where take(symbol) { return .compare(symbol, left, try postfix()) }
    return left
  }

  private mutating func postfix() throws -> Step {
    var step = try primary()
    while !atEnd {
      if case .field(let name) = tokens[position] {
        position += 1
        step = .field(step, .literal(.string(name)))
      } else if take("[") {
        step = try bracket(step)
      } else if take("?") {
        step = .optional(step)
      } else if tokens[position] == .symbol("."), position + 1 < tokens.count, tokens[position + 1] == .symbol("[") {
        position += 1
      } else {
        break
      }
    }
    return step
  }

  /// After `[`: nothing, an index, or a slice.
  private mutating func bracket(_ base: Step) throws -> Step {
    if take("]") { return .each(base) }
    if take(":") { return .slice(base, nil, try bound()) }
    let index = try pipe()
    if take(":") {
      guard case .literal(.int(let from)) = index else { throw Self.unsupported("a computed slice") }
      return .slice(base, from, try bound())
    }
    try expect("]")
    return .field(base, index)
  }

  private mutating func bound() throws -> Int64? {
    if take("]") { return nil }
    guard !atEnd, case .value(.int(let to)) = tokens[position] else { throw Self.unsupported("a computed slice") }
    position += 1
    try expect("]")
    return to
  }

  private mutating func primary() throws -> Step {
    guard !atEnd else { throw Problem("the jq expression ends too early") }
    let word = tokens[position]
    position += 1
    switch word {
    case .field(let name): return .field(.identity, .literal(.string(name)))
    case .value(let value): return .literal(value)
    case .symbol("."):
      if !atEnd, case .value(.string(let name)) = tokens[position] {
        position += 1
        return .field(.identity, .literal(.string(name)))
      }
      return .identity
    case .symbol("("):
      let inner = try pipe()
      try expect(")")
      return inner
    case .symbol("["):
      if take("]") { return .collect(nil) }
      let inner = try pipe()
      try expect("]")
      return .collect(inner)
    case .name("true"): return .literal(true)
    case .name("false"): return .literal(false)
    case .name("null"): return .literal(.null)
    case .name(let name):
      guard Self.functions.contains(name) else { throw Self.unsupported("'\(name)'") }
      guard take("(") else {
        if ["select", "map", "has", "join"].contains(name) { throw Problem("jq's '\(name)' needs an argument") }
        return .call(name, nil)
      }
      let argument = try pipe()
      try expect(")")
      return .call(name, argument)
    case .symbol(let symbol): throw Self.unsupported("'\(symbol)'")
    }
  }

  // MARK: Evaluating

  private static func evaluate(_ step: Step, _ input: Value) throws -> [Value] {
    switch step {
    case .identity: return [input]
    case .literal(let value): return [value]
    case .field(let base, let index):
      return try evaluate(base, input).flatMap { value in try evaluate(index, input).map { try field($0, of: value) } }
    case .each(let base): return try evaluate(base, input).flatMap(elements)
    case .slice(let base, let from, let to): return try evaluate(base, input).map { try slice($0, from, to) }
    case .optional(let inner): return (try? evaluate(inner, input)) ?? []
    case .pipe(let left, let right): return try evaluate(left, input).flatMap { try evaluate(right, $0) }
    case .both(let left, let right): return try evaluate(left, input) + evaluate(right, input)
    case .compare(let symbol, let left, let right):
      return try evaluate(left, input).flatMap { a in
        try evaluate(right, input).map { .bool(try compare(symbol, a, $0)) }
      }
    case .and(let left, let right):
      return try evaluate(left, input).flatMap {
        isTrue($0) ? try evaluate(right, input).map { .bool(isTrue($0)) } : [false]
      }
    case .or(let left, let right):
      return try evaluate(left, input).flatMap {
        isTrue($0) ? [true] : try evaluate(right, input).map { .bool(isTrue($0)) }
      }
    case .collect(let inner): return [.list(try inner.map { try evaluate($0, input) } ?? [])]
    case .call(let name, let argument): return try call(name, argument, input)
    }
  }

  private static func isTrue(_ value: Value) -> Bool { value != .null && value != .bool(false) }

  private static func elements(_ value: Value) throws -> [Value] {
    switch value {
    case .list(let values): values
    case .map(let map): map.map(\.value)
    default: throw Problem("jq cannot go over \(value.typePhrase)")
    }
  }

  private static func field(_ index: Value, of value: Value) throws -> Value {
    switch (value, index) {
    case (.null, _): return .null
    case (.map(let map), .string(let name)): return map[name] ?? .null
    case (.list(let values), .int(let place)):
      let place = Int(place) < 0 ? Int(place) + values.count : Int(place)
      return values.indices.contains(place) ? values[place] : .null
    default: throw Problem("jq cannot index \(value.typePhrase) with \(index.typePhrase)")
    }
  }

  private static func slice(_ value: Value, _ from: Int64?, _ to: Int64?) throws -> Value {
    let values = try value.elements()
    func place(_ index: Int64) -> Int {
      min(max(Int(index) < 0 ? Int(index) + values.count : Int(index), 0), values.count)
    }
    let (start, end) = (place(from ?? 0), place(to ?? Int64(values.count)))
    return .list(start < end ? Array(values[start..<end]) : [])
  }

  private static func compare(_ symbol: String, _ a: Value, _ b: Value) throws -> Bool {
    switch symbol {
    case "==": a.isSame(as: b)
    case "!=": !a.isSame(as: b)
    case "<": try Operators.compare(a, b) < 0
    case "<=": try Operators.compare(a, b) <= 0
    case ">": try Operators.compare(a, b) > 0
    default: try Operators.compare(a, b) >= 0
    }
  }

  private static func call(_ name: String, _ argument: Step?, _ input: Value) throws -> [Value] {
    if let argument { return try call(name, with: argument, input) }
    switch name {
    case "empty": return []
    case "keys":
      guard case .map(let map) = input else { return [try filter("keys", input)] }
      return [.list(map.keys.sorted().map { .string($0) })]
    case "values": return input.isNull ? [] : [input]
    case "length": return [try filter("length", input)]
    case "first", "last": return [try filter(name, input)]
    case "not": return [.bool(!isTrue(input))]
    case "add": return [try elements(input).reduce(.null) { $0.isNull ? $1 : try Operators.apply(.add, $0, $1) }]
    case "unique": return [try filter("distinct", filter("sort", input))]
    case "sort", "reverse", "flatten": return [try filter(name, input)]
    case "tostring": return [.string(input.string ?? input.json())]
    case "tonumber": return [try filter("number", input)]
    case "type": return [.string(type(of: input))]
    case "min": return [try filter("first", filter("sort", input))]
    case "max": return [try filter("last", filter("sort", input))]
    case "to_entries": return [.list(try input.entries().map { .map(["key": .string($0.key), "value": $0.value]) })]
    case "from_entries":
      return [.map(ValueMap(try elements(input).map { (try field("key", of: $0).text, try field("value", of: $0)) }))]
    default: throw unsupported("'\(name)' without an argument")
    }
  }

  private static func call(_ name: String, with argument: Step, _ input: Value) throws -> [Value] {
    switch name {
    case "select": return try evaluate(argument, input).filter(isTrue).map { _ in input }
    case "map": return [.list(try elements(input).flatMap { try evaluate(argument, $0) })]
    case "first": return try evaluate(argument, input).prefix(1).map { $0 }
    case "last": return try evaluate(argument, input).suffix(1).map { $0 }
    case "has":
      return try evaluate(argument, input).map {
        .bool(input.map?[$0.text] != nil || input.list?.indices.contains(Int($0.wholeNumber ?? -1)) == true)
      }
    case "join":
      return [
        .string(try elements(input).map(\.text).joined(separator: try evaluate(argument, input).first?.text ?? ""))
      ]
    default: throw unsupported("'\(name)' with an argument")
    }
  }

  private static func type(of value: Value) -> String {
    switch value {
    case .list: "array"
    case .map: "object"
    case .int, .double, .decimal: "number"
    default: value.typeName
    }
  }

  /// jq's function is the filter of this name.
  private static func filter(_ name: String, _ input: Value) throws -> Value {
    guard let filter = Expressions.filter(named: name) else { throw unsupported("'\(name)'") }
    return try filter.body(
      input, Arguments(signature: filter.signature, values: []), Evaluator(Scope(variables: [:], host: NoHost())))
  }
}

/// A world without anything in it, for filters that do not look at it.
private struct NoHost: ExpressionHost {
  private let nothing = Problem("is not available here")
  func secret(_ name: String) throws -> String { throw nothing }
  func read(_ uri: String) throws -> String { throw nothing }
  func fileURI(_ path: String) throws -> String { throw nothing }
  func fileSize(_ uri: String) throws -> Int64 { throw nothing }
  func kv(_ key: String) throws -> Value? { nil }
  func parseYAML(_ text: String) throws -> Value { throw nothing }
  func now() -> Int64 { 0 }
}
