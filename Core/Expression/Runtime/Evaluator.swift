internal import Records

/// Walks the tree of a template with the variables of a scope and those that the template itself sets.
struct Evaluator {
  let scope: Scope
  /// How many `render()` calls this evaluation is inside of.
  private let renderings: Int
  let meter: Meter
  /// The names bound by `set` and `for`, the innermost block last.
  private var locals: [[ExactText: Local]] = [[:]]

  struct Local {
    let value: Value
    /// At least its own.
    let measure: Measure
  }

  init(_ scope: Scope, renderings: Int = 0, meter: Meter? = nil) {
    self.scope = scope
    self.renderings = renderings
    self.meter = meter ?? Meter(scope.check)
  }

  /// Renders a text that came out of an expression, for `render()`.
  func rendering(_ source: String) throws -> Value {
    if renderings >= ExpressionLimits.renderings {
      throw Problem(
        "more than \(ExpressionLimits.renderings) renderings within each other", hint: "Does a variable render itself?")
    }
    var inner = Evaluator(scope, renderings: renderings + 1, meter: meter)
    inner.locals = locals
    do {
      return try Template(source).render(with: &inner)
    } catch let error as ExpressionError {
      throw Problem("in the rendered text: \(error.message)", hint: error.hint, isUndefined: error.isUndefined)
    }
  }

  // MARK: Nodes

  mutating func text(of nodes: [SyntaxNode]) throws -> MarkedText {
    var output = MeteredText(meter)
    do { try append(nodes, to: &output) } catch let problem as Problem {
      throw ExpressionError(problem.message, offset: 0, hint: problem.hint)
    }
    return output.marked
  }

  private mutating func append(_ nodes: [SyntaxNode], to output: inout MeteredText) throws {
    for node in nodes {
      switch node {
      case .text(let text): try output.append(text)
      case .print(let expression): try output.append(text(of: expression))
      case .set(let name, let expression):
        let value = try value(of: expression)
        set(name, Local(value: value, measure: try measure(value, of: expression)))
      case .conditional(let branches, let otherwise):
        let chosen = try branches.first { try value(of: $0.condition).isTrue }
        try append(chosen?.body ?? otherwise, to: &output)
      case .loop(let variable, let over, let body, let otherwise):
        let elements = try loopElements(over)
        if elements.isEmpty { try append(otherwise, to: &output) }
        try loop(variable, elements, body, over, &output)
      }
    }
  }

  /// A name is set where it was bound before, so that a loop can add up; a new one lives in the innermost block.
  private mutating func set(_ name: String, _ value: Local) {
    let key = ExactText(name)
    let place = locals.lastIndex { $0[key] != nil } ?? locals.count - 1
    locals[place][key] = value
  }

  func local(_ name: String) -> Local? {
    let key = ExactText(name)
    for block in locals.reversed() { if let local = block[key] { return local } }
    return nil
  }

  /// A map gives its entries as maps of `key` and `value`; null gives nothing.
  private func loopElements(_ over: Expression) throws -> [Value] {
    switch try value(of: over) {
    case .list(let elements): elements
    case .map(let map): map.markedEntries.map { .map(["key": Value($0.key), "value": $0.value]) }
    case .null: []
    case let other: throw ExpressionError("cannot loop over \(other.typePhrase)", offset: over.offset)
    }
  }

  private mutating func loop(
    _ variable: String, _ elements: [Value], _ body: [SyntaxNode], _ over: Expression, _ output: inout MeteredText
  ) throws {
    for (index, element) in elements.enumerated() {
      try meter.step()
      let state: ValueMap = [
        "index": .int(Int64(index)), "first": .bool(index == 0), "last": .bool(index == elements.count - 1),
        "length": .int(Int64(elements.count)), "revindex": .int(Int64(elements.count - 1 - index)),
      ]
      locals.append([
        variable.exact: Local(value: element, measure: element.measure),
        "loop": Local(value: .map(state), measure: Measure()),
      ])
      defer { locals.removeLast() }
      try append(body, to: &output)
    }
  }

  // MARK: Expressions

  func value(of expression: Expression) throws -> Value {
    if meter.isDue { try located(expression) { try meter.step() } } else { try meter.step() }
    switch expression.kind {
    case .literal(let value): return value
    case .variable(let name): return try variable(name, expression)
    case .member(let base, let name): return try member(name, of: value(of: base), base, expression)
    case .subscripted(let base, let index):
      return try element(value(of: index), of: value(of: base), base, expression)
    case .concat(let operands): return Value(try joined(operands, expression))
    case .list(let elements): return .list(try elements.map { try value(of: $0) })
    case .map(let entries):
      var map = ValueMap()
      for entry in entries { map.set(try text(of: entry.0), to: try value(of: entry.1)) }
      return .map(map)
    case .not(let operand): return .bool(try !value(of: operand).isTrue)
    case .negate(let operand):
      return try located(expression) { try Operators.negated(number(operand)) }
    case .plus(let operand): return try located(expression) { try number(operand) }
    case .binary(let op, let left, let right): return try binary(op, left, right, expression)
    case .ternary(let condition, let yes, let no):
      return try value(of: condition).isTrue ? value(of: yes) : value(of: no)
    case .test(let operand, let test, let arguments, let negated):
      return .bool(try passes(operand, test, arguments, expression) != negated)
    case .filter(let operand, let filter, let arguments): return try filtered(operand, filter, arguments, expression)
    case .call(let function, let arguments):
      return try located(expression, "function '\(function.signature.name)'") {
        try meter.made(function.apply(self.arguments(function.signature, arguments), self))
      }
    }
  }

  /// What an expression comes to, as it stands in a text.
  private func text(of expression: Expression) throws -> MarkedText {
    let value = try value(of: expression)
    return try located(expression) { try value.markedText(meter) }
  }

  private func joined(_ operands: [Expression], _ expression: Expression) throws -> MarkedText {
    var pieces: [MarkedText] = []
    for operand in operands { pieces.append(try text(of: operand)) }
    let count = pieces.reduce(0) { $0 + $1.text.utf8.count }
    try located(expression) { try meter.text(bytes: count) }
    return pieces.reduce(into: MarkedText()) { $0.append($1) }
  }

  private func number(_ operand: Expression) throws -> Value {
    let value = try value(of: operand)
    guard value.isNumber else { throw Problem("expected a number, found \(value.typePhrase)") }
    return value
  }

  private func binary(
    _ op: BinaryOperator, _ left: Expression, _ right: Expression, _ expression: Expression
  ) throws -> Value {
    switch op {
    case .or: return .bool(try value(of: left).isTrue || value(of: right).isTrue)
    case .and: return .bool(try value(of: left).isTrue && value(of: right).isTrue)
    case .ifNull:
      let value = try defined(left)
      return if let value, !value.isNull { value } else { try self.value(of: right) }
    case .ifUndefined: return try defined(left) ?? value(of: right)
    default:
      let left = try value(of: left)
      let right = try value(of: right)
      return try located(expression, "'\(op.rawValue)'") { try meter.made(Operators.apply(op, left, right, meter)) }
    }
  }

  /// The value, nil where it is undefined.
  private func defined(_ expression: Expression) throws -> Value? {
    do {
      return try value(of: expression)
    } catch let error as ExpressionError where error.isUndefined {
      return nil
    }
  }

  private func passes(
    _ operand: Expression, _ test: TestOperation, _ arguments: [Expression?], _ expression: Expression
  ) throws -> Bool {
    if test.signature.name == "defined" { return try defined(operand) != nil }
    let value = try value(of: operand)
    return try located(expression, "test '\(test.signature.name)'") {
      try test.body(value.plain, self.arguments(test.signature, arguments))
    }
  }

  private func filtered(
    _ operand: Expression, _ filter: FilterOperation, _ arguments: [Expression?], _ expression: Expression
  ) throws -> Value {
    let name = filter.signature.name
    let value = name == "default" ? try defined(operand) ?? .null : try value(of: operand)
    if value.isNull, !filter.acceptsNull { return .null }
    return try located(expression, "filter '\(name)'") {
      try meter.made(filter.apply(value, self.arguments(filter.signature, arguments), self))
    }
  }

  private func arguments(_ signature: Signature, _ expressions: [Expression?]) throws -> Arguments {
    Arguments(signature: signature, values: try expressions.map { try $0.map { try value(of: $0) } })
  }

  /// Gives a problem its place and who had it.
  private func located<T>(_ expression: Expression, _ who: String? = nil, _ work: () throws -> T) throws -> T {
    do {
      return try work()
    } catch let problem as Problem {
      throw ExpressionError(
        (who.map { "\($0): " } ?? "") + problem.message, offset: expression.offset, hint: problem.hint,
        isUndefined: problem.isUndefined)
    }
  }

  // MARK: Variables

  private func variable(_ name: String, _ expression: Expression) throws -> Value {
    if let local = local(name) { return local.value }
    if let value = scope.variables[name] { return value }
    let known = scope.variables.keys + locals.flatMap { $0.keys.map(\.string) }
    throw undefined("undefined variable '\(name)'", name, known, path: nil, expression)
  }

  /// - Parameter shown: the name as it may be shown.
  private func member(
    _ name: String, shown: String? = nil, of container: Value, _ base: Expression, _ expression: Expression
  ) throws -> Value {
    if case .map(let map) = container, let value = map[name] { return value }
    let name = shown ?? name
    let path = base.staticPath?.joined(separator: ".")
    guard case .map(let map) = container else {
      let what = path.map { "'\($0)'" } ?? "the value before it"
      throw undefined(
        "undefined property '\(name)': \(what) is \(container.typePhrase)", name, [], path: nil, expression)
    }
    let whole = path.map { "undefined variable '\($0).\(name)'" } ?? "undefined property '\(name)'"
    throw undefined(whole, name, map.masked.keys, path: path, expression)
  }

  private func element(
    _ index: Value, of container: Value, _ base: Expression, _ expression: Expression
  ) throws -> Value {
    guard case .list(let list) = container else {
      return try member(index.text, shown: index.markedText.masked, of: container, base, expression)
    }
    guard let place = index.wholeNumber else {
      throw ExpressionError("a list's index is \(index.typePhrase), expected an integer", offset: expression.offset)
    }
    guard list.indices.contains(Int(place)) else {
      throw ExpressionError(
        "index \(place) is outside the list of \(list.count) elements", offset: expression.offset, isUndefined: true)
    }
    return list[Int(place)]
  }

  private func undefined(
    _ message: String, _ name: String, _ known: [String], path: String?, _ expression: Expression
  ) -> ExpressionError {
    var hint: String?
    if let dashed = known.first(where: { $0.hasPrefix(name + "-") }), let path {
      hint = "Write \(path)['\(dashed)'] for a name with a dash"
    } else if let near = nearest(name, in: known) {
      hint = "Did you mean '\(path.map { "\($0).\(near)" } ?? near)'?"
    } else if !known.isEmpty {
      hint = "Known here: \(known.sorted().prefix(20).joined(separator: ", "))"
    }
    return ExpressionError(message, offset: expression.offset, hint: hint, isUndefined: true)
  }
}
