/// One expression. A class, because the tree is built once and only read afterwards.
final class Expression: Sendable {
  let kind: Kind
  /// UTF-8 offset in the source.
  let offset: Int
  /// Levels below and with this one: bounded by `ExpressionLimits.nesting`, for evaluation must not exhaust the stack.
  let depth: Int

  init(_ kind: Kind, offset: Int, depth: Int) {
    self.kind = kind
    self.offset = offset
    self.depth = depth
  }

  enum Kind: Sendable {
    case literal(Value)
    /// A string with `#{…}` in it, or operands joined by `~`.
    case concat([Expression])
    case variable(String)
    case member(Expression, String)
    case subscripted(Expression, Expression)
    case list([Expression])
    case map([(Expression, Expression)])
    case not(Expression)
    case negate(Expression)
    case plus(Expression)
    case binary(BinaryOperator, Expression, Expression)
    case ternary(Expression, Expression, Expression)
    case test(Expression, TestOperation, [Expression?], negated: Bool)
    case filter(Expression, FilterOperation, [Expression?])
    case call(FunctionOperation, [Expression?])
  }

  /// The dotted path that this expression spells out, nil when a part of it is computed.
  var staticPath: [String]? {
    switch kind {
    case .variable(let name): [name]
    case .member(let base, let name): base.staticPath.map { $0 + [name] }
    case .subscripted(let base, let index):
      if case .literal(.string(let name)) = index.kind { base.staticPath.map { $0 + [name] } } else { nil }
    default: nil
    }
  }
}

enum BinaryOperator: String, CaseIterable, Sendable {
  case or, and, contains, matches
  case isIn = "in"
  case notIn = "not in"
  case equal = "=="
  case notEqual = "!="
  case less = "<"
  case lessOrEqual = "<="
  case greater = ">"
  case greaterOrEqual = ">="
  case add = "+"
  case subtract = "-"
  case multiply = "*"
  case divide = "/"
  case remainder = "%"
  case range = ".."
  case ifNull = "??"
  case ifUndefined = "???"
}

/// A piece of a template.
enum SyntaxNode: Sendable {
  case text(String)
  case print(Expression)
  case set(String, Expression)
  case conditional([(condition: Expression, body: [SyntaxNode])], otherwise: [SyntaxNode])
  case loop(variable: String, over: Expression, body: [SyntaxNode], otherwise: [SyntaxNode])
}
