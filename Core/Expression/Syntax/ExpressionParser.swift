internal import Records

/// Precedence climbing over the tokens of one tag. Precedences are Pebble's and Kestra's, so that a flow means the
/// same here; only `not` binds looser than a comparison (`not a == b`, `not a is null`), which gives Pebble's results
/// where Pebble gives useful ones.
struct ExpressionParser {
  private let tokens: [Token]
  private let source: [UInt8]
  private var position = 0
  private var nesting: Int
  private(set) var calls: [Template.Call] = []

  private static let binary: [String: (operator: BinaryOperator, precedence: Int)] = [
    "or": (.or, 10), "and": (.and, 15), "in": (.isIn, 20), "contains": (.contains, 20), "matches": (.matches, 20),
    "==": (.equal, 30), "equals": (.equal, 30), "!=": (.notEqual, 30), "<": (.less, 30), "<=": (.lessOrEqual, 30),
    ">": (.greater, 30), ">=": (.greaterOrEqual, 30), "+": (.add, 40), "-": (.subtract, 40), "*": (.multiply, 60),
    "/": (.divide, 60), "%": (.remainder, 60), "..": (.range, 120), "??": (.ifNull, 120), "???": (.ifUndefined, 120),
  ]
  private enum Precedence {
    static let not = 16
    static let test = 20
    static let filter = 100
    static let concat = 110
    static let sign = 500
  }

  init(_ tokens: [Token], source: [UInt8], nesting: Int = 0) {
    self.tokens = tokens
    self.source = source
    self.nesting = nesting
  }

  // MARK: Tokens

  private var current: Token { tokens[position] }
  var offset: Int { current.offset }

  private mutating func advance() { position = min(position + 1, tokens.count - 1) }

  private mutating func take(_ symbol: String) -> Bool {
    guard current.kind == .symbol(symbol) else { return false }
    advance()
    return true
  }

  private func isName(_ name: String) -> Bool { current.kind == .name(name) }

  mutating func expect(_ symbol: String) throws(ExpressionError) {
    if !take(symbol) { throw unexpected("'\(symbol)'") }
  }

  mutating func expect(name: String) throws(ExpressionError) {
    guard isName(name) else { throw unexpected("'\(name)'") }
    advance()
  }

  mutating func name(_ what: String) throws(ExpressionError) -> String {
    guard case .name(let name) = current.kind else { throw unexpected(what) }
    advance()
    return name
  }

  func expectEnd() throws(ExpressionError) {
    if current.kind != .end { throw unexpected("an operator or the end of the tag") }
  }

  private func unexpected(_ wanted: String) -> ExpressionError {
    let (found, hint): (String, String?) =
      switch current.kind {
      case .name(let name): ("'\(name)'", nil)
      case .string, .interpolated: ("a string", nil)
      case .number: ("a number", nil)
      case .symbol("&&"): ("'&&'", "Write 'and'")
      case .symbol("||"): ("'||'", "Write 'or'")
      case .symbol("!"): ("'!'", "Write 'not'")
      case .symbol("="): ("'='", "Write '==' to compare")
      case .symbol(let symbol): ("'\(symbol)'", nil)
      case .end: ("the end of the tag", nil)
      }
    return ExpressionError("expected \(wanted), found \(found)", offset: offset, hint: hint)
  }

  // MARK: Nodes

  private func make(_ kind: Expression.Kind, _ offset: Int, _ children: [Expression?]) throws(ExpressionError)
    -> Expression
  {
    var depth = 1
    for child in children { depth = max(depth, (child?.depth ?? 0) + 1) }
    if depth > ExpressionLimits.nesting { throw .tooDeep(offset) }
    return Expression(kind, offset: offset, depth: depth)
  }

  // MARK: Grammar

  mutating func expression() throws(ExpressionError) -> Expression {
    let condition = try operand(0)
    let start = offset
    guard take("?") else { return condition }
    nesting += 1
    defer { nesting -= 1 }
    let yes = try expression()
    try expect(":")
    let no = try expression()
    return try make(.ternary(condition, yes, no), start, [condition, yes, no])
  }

  private mutating func operand(_ minimum: Int) throws(ExpressionError) -> Expression {
    nesting += 1
    defer { nesting -= 1 }
    if nesting > ExpressionLimits.nesting { throw .tooDeep(offset) }
    var left = try prefixed()
    while let next = try extended(left, minimum) { left = next }
    return left
  }

  /// `left` with the next operator of at least this precedence applied, nil when there is none.
  private mutating func extended(_ left: Expression, _ minimum: Int) throws(ExpressionError) -> Expression? {
    let start = offset
    let word: String
    switch current.kind {
    case .name(let name): word = name
    case .symbol(let symbol): word = symbol
    default: return nil
    }
    switch word {
    case "is" where minimum <= Precedence.test:
      advance()
      return try test(left, start)
    case "not" where minimum <= Precedence.test:
      advance()
      try expect(name: "in")
      return try binary(.notIn, left, Precedence.test, start)
    case "|" where minimum <= Precedence.filter:
      advance()
      return try filter(left)
    case "~" where minimum <= Precedence.concat:
      advance()
      return try concat(left, try operand(Precedence.concat + 1), start)
    default:
      guard let (op, precedence) = Self.binary[word], precedence >= minimum else { return nil }
      advance()
      return try binary(op, left, precedence, start)
    }
  }

  private mutating func binary(
    _ op: BinaryOperator, _ left: Expression, _ precedence: Int, _ start: Int
  ) throws(ExpressionError) -> Expression {
    let right = try operand(precedence + 1)
    if op == .matches { try check(right, RegexFilters.check, "'matches'") }
    return try make(.binary(op, left, right), start, [left, right])
  }

  /// A chain of `~` is one node, because long texts are built that way.
  private func concat(_ left: Expression, _ right: Expression, _ start: Int) throws(ExpressionError) -> Expression {
    if case .concat(let operands) = left.kind {
      return try make(.concat(operands + [right]), start, operands + [right])
    }
    return try make(.concat([left, right]), start, [left, right])
  }

  private mutating func prefixed() throws(ExpressionError) -> Expression {
    let start = offset
    if isName("not") {
      advance()
      let operand = try operand(Precedence.not)
      return try make(.not(operand), start, [operand])
    }
    if take("-") {
      let operand = try operand(Precedence.sign)
      return try make(.negate(operand), start, [operand])
    }
    if take("+") {
      let operand = try operand(Precedence.sign)
      return try make(.plus(operand), start, [operand])
    }
    return try postfixed(try primary())
  }

  private mutating func postfixed(_ base: Expression) throws(ExpressionError) -> Expression {
    var base = base
    while true {
      let start = offset
      if take(".") {
        base = try member(of: base)
      } else if take("[") {
        let index = try expression()
        try expect("]")
        base = try make(.subscripted(base, index), start, [base, index])
      } else {
        return base
      }
    }
  }

  private mutating func member(of base: Expression) throws(ExpressionError) -> Expression {
    let start = offset
    if case .number(let index) = current.kind {
      advance()
      let index = try make(.literal(index), start, [])
      return try make(.subscripted(base, index), start, [base, index])
    }
    let name = try name("the name of a property")
    if current.kind == .symbol("(") {
      throw ExpressionError(
        "'\(name)' is called like a method; values have properties only", offset: start,
        hint: Expressions.filter(named: name) == nil
          ? "Use a filter: {{ value | … }}" : "Use the filter: {{ value | \(name) }}")
    }
    return try make(.member(base, name), start, [base])
  }

  private mutating func primary() throws(ExpressionError) -> Expression {
    let token = current
    let start = token.offset
    switch token.kind {
    case .string(let text):
      advance()
      return try make(.literal(.string(text)), start, [])
    case .interpolated(let pieces):
      advance()
      return try interpolation(pieces, start)
    case .number(let number):
      advance()
      return try make(.literal(number), start, [])
    case .symbol("("):
      advance()
      let inner = try expression()
      try expect(")")
      return inner
    case .symbol("["):
      advance()
      return try list(start)
    case .symbol("{"):
      advance()
      return try map(start)
    case .name(let name):
      advance()
      return try named(name, start)
    default: throw unexpected("a value")
    }
  }

  private mutating func named(_ name: String, _ start: Int) throws(ExpressionError) -> Expression {
    switch name {
    case "true", "false": return try make(.literal(.bool(name == "true")), start, [])
    case "null", "none": return try make(.literal(.null), start, [])
    case "and", "or", "is", "in", "contains", "matches", "equals":
      position -= 1
      throw unexpected("a value")
    default: break
    }
    guard current.kind == .symbol("(") else { return try make(.variable(name), start, []) }
    let function = try Expressions.function(named: name, at: start)
    calls.append(Template.Call(name: name, kind: .function, offset: start))
    let arguments = try arguments(of: function.signature, start)
    return try make(.call(function, arguments), start, arguments)
  }

  private mutating func list(_ start: Int) throws(ExpressionError) -> Expression {
    var elements: [Expression] = []
    while !take("]") {
      elements.append(try expression())
      if !take(",") {
        try expect("]")
        break
      }
    }
    return try make(.list(elements), start, elements)
  }

  private mutating func map(_ start: Int) throws(ExpressionError) -> Expression {
    var entries: [(Expression, Expression)] = []
    while !take("}") {
      let key = try operand(0)
      try expect(":")
      entries.append((key, try expression()))
      if !take(",") {
        try expect("}")
        break
      }
    }
    return try make(.map(entries), start, entries.flatMap { [$0.0, $0.1] })
  }

  private mutating func interpolation(_ pieces: [Token.Piece], _ start: Int) throws(ExpressionError) -> Expression {
    var operands: [Expression] = []
    for piece in pieces {
      switch piece {
      case .text(let text): operands.append(try make(.literal(.string(text)), start, []))
      case .code(let range):
        var lexer = Lexer(source, range: range)
        var parser = ExpressionParser(try lexer.tokens(), source: source, nesting: nesting)
        operands.append(try parser.expression())
        try parser.expectEnd()
        calls += parser.calls
      }
    }
    return try make(.concat(operands), start, operands)
  }

  private mutating func test(_ left: Expression, _ start: Int) throws(ExpressionError) -> Expression {
    let negated = isName("not")
    if negated { advance() }
    let place = offset
    let name = try name("the name of a test")
    let test = try Expressions.test(named: name, at: place)
    calls.append(Template.Call(name: name, kind: .test, offset: place))
    let arguments = try arguments(of: test.signature, place)
    return try make(.test(left, test, arguments, negated: negated), place, [left] + arguments)
  }

  /// A constant that is a program of its own must be one.
  private func check(
    _ argument: Expression?, _ check: (String) throws -> Void, _ who: String
  ) throws(ExpressionError) {
    guard let argument, case .literal(.string(let text)) = argument.kind else { return }
    do { try check(text) } catch {
      let problem = error as? Problem
      throw ExpressionError("\(who): \(problem?.message ?? "\(error)")", offset: argument.offset, hint: problem?.hint)
    }
  }

  private mutating func filter(_ left: Expression) throws(ExpressionError) -> Expression {
    let place = offset
    let name = try name("the name of a filter")
    let filter = try Expressions.filter(named: name, at: place)
    calls.append(Template.Call(name: name, kind: .filter, offset: place))
    let arguments = try arguments(of: filter.signature, place)
    if let (index, check) = filter.checks { try self.check(arguments[index], check, "filter '\(name)'") }
    return try make(.filter(left, filter, arguments), place, [left] + arguments)
  }

  // MARK: Arguments

  /// The arguments in the order of the parameters, nil where one is left out.
  private mutating func arguments(of signature: Signature, _ start: Int) throws(ExpressionError) -> [Expression?] {
    var bound = [Expression?](repeating: nil, count: signature.parameters.count)
    var position = 0
    if take("(") {
      while !take(")") {
        try argument(of: signature, into: &bound, &position)
        if !take(",") {
          try expect(")")
          break
        }
      }
    }
    for index in 0..<signature.required where bound[index] == nil {
      throw ExpressionError(
        "'\(signature.name)' needs the argument '\(signature.parameters[index])'", offset: start,
        hint: "Its form is \(signature.form)")
    }
    return bound
  }

  private mutating func argument(
    of signature: Signature, into bound: inout [Expression?], _ next: inout Int
  ) throws(ExpressionError) {
    let start = offset
    if case .name(let name) = current.kind, tokens[position + 1].kind == .symbol("=") {
      guard let index = signature.index(of: name) else {
        throw ExpressionError(
          "'\(signature.name)' has no argument '\(name)'", offset: start,
          hint: suggestion(for: name, in: signature.parameters) ?? "Its form is \(signature.form)")
      }
      advance()
      advance()
      bound[index] = try expression()
      return
    }
    guard next < signature.parameters.count || signature.isVariadic else {
      throw ExpressionError(
        "'\(signature.name)' takes at most \(signature.parameters.count) arguments", offset: start,
        hint: "Its form is \(signature.form)")
    }
    let value = try expression()
    if next < bound.count { bound[next] = value } else { bound.append(value) }
    next += 1
  }
}
