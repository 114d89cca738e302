/// A text with `{{ … }}`, `{% … %}` and `{# … #}` in it, parsed once and rendered as often as wanted.
public struct Template: Sendable {
  /// A filter, function or test that a template uses.
  public struct Call: Sendable, Hashable {
    public enum Kind: String, Sendable { case filter, function, test }
    public let name: String
    public let kind: Kind
    /// UTF-8 offset of the name in the source.
    public let offset: Int
  }

  private let source: String
  private let nodes: [Node]
  /// Whether there is nothing to evaluate: the text is its own result.
  public let isLiteral: Bool
  /// The filters, functions and tests that are used, in the order in which they stand.
  public let calls: [Call]

  /// Throws on a syntax error and on an unknown filter, function, test, tag or argument, with a suggestion.
  public init(_ source: String) throws(ExpressionError) {
    self.source = source
    isLiteral = !Self.hasTag(source)
    if isLiteral {
      nodes = []
      calls = []
    } else {
      (nodes, calls) = try TemplateReader.read(source)
    }
  }

  /// A property without a tag must not cost a parse.
  private static func hasTag(_ source: String) -> Bool {
    var afterBrace = false
    for byte in source.utf8 {
      if afterBrace, byte == UInt8(ascii: "{") || byte == UInt8(ascii: "%") || byte == UInt8(ascii: "#") { return true }
      afterBrace = byte == UInt8(ascii: "{")
    }
    return false
  }

  /// The variables that are used, for checking a flow without running it. Names bound by `for` and `set` are left out.
  public var references: [Reference] { ReferenceCollector.references(of: nodes) }

  /// A template that is one `{{ … }}` gives that expression's value with its type; with white space around it, a text
  /// stays a text with that space and any other value keeps its type. Everything else gives a string. The result is not
  /// rendered again.
  public func render(in scope: Scope) throws -> Value {
    if isLiteral { return .string(source) }
    var evaluator = Evaluator(scope)
    return try render(with: &evaluator)
  }

  /// The same as text: see `Value.text`.
  public func renderText(in scope: Scope) throws -> String {
    if isLiteral { return source }
    var evaluator = Evaluator(scope)
    return try evaluator.text(of: nodes)
  }

  func render(with evaluator: inout Evaluator) throws -> Value {
    if isLiteral { return .string(source) }
    if let single {
      let value = try evaluator.value(of: single)
      guard case .string(let text) = value, nodes.count > 1 else { return value }
      return .string(nodes.map { if case .text(let space) = $0 { space } else { text } }.joined())
    }
    return .string(try evaluator.text(of: nodes))
  }

  /// The expression of a template that has nothing else but white space.
  private var single: Expression? {
    var found: Expression?
    for node in nodes {
      switch node {
      case .text(let text): if !text.utf8.allSatisfy(\.isSpace) { return nil }
      case .print(let expression):
        if found != nil { return nil }
        found = expression
      default: return nil
      }
    }
    return found
  }
}
