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
  private let nodes: [SyntaxNode]
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

  /// All that is wrong with a source, in order, and the variables that the rest of it uses.
  public static func check(_ source: String) -> (problems: [ExpressionError], references: [Reference]) {
    guard hasTag(source) else { return ([], []) }
    var text = source
    var problems: [ExpressionError] = []
    // What follows an unknown filter is looked at once the filter is out of the way.
    for _ in 0..<mostUnknownFilters {
      let (nodes, found) = TemplateReader.survey(text)
      var next = text
      for problem in found { next = without(problem, in: next) }
      if next == text {
        let all = problems + found
        return (all.sorted { $0.offset < $1.offset }, ReferenceCollector.references(of: nodes))
      }
      problems += found.filter { without($0, in: text) != text }
      text = next
    }
    return (problems, [])
  }

  /// In one text: more are no typing mistakes.
  private static let mostUnknownFilters = 20

  /// The text with an unknown filter blanked out, so that all else keeps its place.
  private static func without(_ problem: ExpressionError, in text: String) -> String {
    guard problem.message.hasPrefix("unknown filter") else { return text }
    var bytes = Array(text.utf8)
    guard let bar = bytes[..<problem.offset].lastIndex(of: UInt8(ascii: "|")) else { return text }
    var end = bytes[problem.offset...].firstIndex { !$0.isNameByte } ?? bytes.count
    if end < bytes.count, bytes[end] == UInt8(ascii: "(") {
      guard let close = bytes[end...].firstIndex(of: UInt8(ascii: ")")) else { return text }
      end = close + 1
    }
    for index in bar..<end { bytes[index] = UInt8(ascii: " ") }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// A template that is one `{{ … }}` gives that expression's value with its type; with white space around it, a text
  /// stays a text with that space and any other value keeps its type. Everything else gives a string. The result is not
  /// rendered again.
  public func render(in scope: Scope) throws -> Value {
    if isLiteral { return .string(source) }
    var evaluator = Evaluator(scope)
    return try render(with: &evaluator)
  }

  /// The same as text: see `Value.text`.
  public func renderText(in scope: Scope) throws -> String { try renderMarkedText(in: scope).text }

  /// The same with what is secret of it.
  public func renderMarkedText(in scope: Scope) throws -> MarkedText {
    if isLiteral { return MarkedText(source) }
    var evaluator = Evaluator(scope)
    return try evaluator.text(of: nodes)
  }

  func render(with evaluator: inout Evaluator) throws -> Value {
    if isLiteral { return .string(source) }
    if let single {
      let value = try evaluator.value(of: single)
      guard nodes.count > 1, value.string != nil else { return value }
      return Value(
        nodes.reduce(into: MarkedText()) { sum, node in
          if case .text(let space) = node { sum.append(space) } else { sum.append(value.markedText) }
        })
    }
    return Value(try evaluator.text(of: nodes))
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

extension UInt8 {
  fileprivate var isNameByte: Bool {
    (48...57).contains(self) || (65...90).contains(self) || (97...122).contains(self) || self == UInt8(ascii: "_")
  }
}
