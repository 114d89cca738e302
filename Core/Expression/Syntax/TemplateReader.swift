/// Cuts a source into text and tags, and nests the tags of blocks.
struct TemplateReader {
  private let bytes: [UInt8]
  private var position = 0
  /// Whether the tag just read ends in `-`: the text after it loses its leading white space.
  private var trimsNext = false
  private var nesting = 0
  private var calls: [Template.Call] = []
  /// What was wrong with single tags, where reading goes on behind them.
  private var problems: [ExpressionError]?

  private init(_ source: String) { bytes = Array(source.utf8) }

  static func read(_ source: String) throws(ExpressionError) -> (nodes: [SyntaxNode], calls: [Template.Call]) {
    var reader = TemplateReader(source)
    let (nodes, end) = try reader.nodes(until: [], of: nil)
    assert(end == nil)
    return (nodes, reader.calls)
  }

  /// Reads on behind tags that are wrong.
  static func survey(_ source: String) -> (nodes: [SyntaxNode], problems: [ExpressionError]) {
    var reader = TemplateReader(source)
    reader.problems = []
    do throws(ExpressionError) {
      let (nodes, _) = try reader.nodes(until: [], of: nil)
      return (nodes, reader.problems ?? [])
    } catch {
      return ([], (reader.problems ?? []) + [error])
    }
  }

  /// A tag that ends a body: its name and the rest of its tokens.
  private struct EndTag {
    let name: String
    var parser: ExpressionParser
  }
  private struct Opening {
    let name: String
    let offset: Int
  }

  private mutating func nodes(
    until ends: [String], of block: Opening?
  ) throws(ExpressionError) -> ([SyntaxNode], EndTag?) {
    nesting += 1
    defer { nesting -= 1 }
    if nesting > ExpressionLimits.nesting { throw .tooDeep(position) }
    var nodes: [SyntaxNode] = []
    while position < bytes.count {
      let start = position
      guard let (open, kind) = nextOpening() else {
        append(text: start..<bytes.count, trimEnd: false, to: &nodes)
        position = bytes.count
        break
      }
      let trims = open + 2 < bytes.count && bytes[open + 2] == UInt8(ascii: "-")
      append(text: start..<open, trimEnd: trims, to: &nodes)
      position = open + (trims ? 3 : 2)
      switch kind {
      case UInt8(ascii: "#"): try skipComment(from: open)
      case UInt8(ascii: "{"):
        var parser = try tokens(until: "}}", from: open)
        do throws(ExpressionError) { nodes.append(.print(try expression(&parser))) } catch {
          guard problems != nil else { throw error }
          problems?.append(error)
        }
      default:
        if let end = try tag(from: open, until: ends, of: block, into: &nodes) { return (nodes, end) }
      }
    }
    if let block {
      throw ExpressionError(
        "'{% \(block.name) %}' is not closed", offset: block.offset, hint: "Add '{% \(ends.last ?? "") %}'")
    }
    return (nodes, nil)
  }

  /// The next `{{`, `{%` or `{#`.
  private func nextOpening() -> (Int, UInt8)? {
    var place = position
    while place + 1 < bytes.count {
      if bytes[place] == UInt8(ascii: "{") {
        let kind = bytes[place + 1]
        if kind == UInt8(ascii: "{") || kind == UInt8(ascii: "%") || kind == UInt8(ascii: "#") { return (place, kind) }
      }
      place += 1
    }
    return nil
  }

  private mutating func append(text range: Range<Int>, trimEnd: Bool, to nodes: inout [SyntaxNode]) {
    var slice = bytes[range]
    if trimsNext { slice = slice.drop(while: \.isSpace) }
    trimsNext = false
    if trimEnd { while let last = slice.last, last.isSpace { slice.removeLast() } }
    if !slice.isEmpty { nodes.append(.text(String(decoding: slice, as: UTF8.self))) }
  }

  private mutating func skipComment(from open: Int) throws(ExpressionError) {
    while position + 1 < bytes.count {
      if bytes[position] == UInt8(ascii: "#"), bytes[position + 1] == UInt8(ascii: "}") {
        trimsNext = bytes[position - 1] == UInt8(ascii: "-") && position > open + 2
        position += 2
        return
      }
      position += 1
    }
    throw ExpressionError("this comment is not closed", offset: open, hint: "Add '#}'")
  }

  private mutating func tokens(until close: String, from open: Int) throws(ExpressionError) -> ExpressionParser {
    var lexer = Lexer(bytes, range: position..<bytes.count)
    guard let (tokens, end, trims) = try lexer.tokens(until: close) else {
      throw ExpressionError(
        "'\(close == "}}" ? "{{" : "{%")' is not closed", offset: open,
        hint: "Add '\(close)', or write {% raw %}…{% endraw %} around text that is no expression")
    }
    position = end
    trimsNext = trims
    return ExpressionParser(tokens, source: bytes)
  }

  /// A whole tag that is one expression.
  private mutating func expression(_ parser: inout ExpressionParser) throws(ExpressionError) -> Expression {
    let expression = try parser.expression()
    try parser.expectEnd()
    calls += parser.calls
    return expression
  }

  private mutating func tag(
    from open: Int, until ends: [String], of block: Opening?, into nodes: inout [SyntaxNode]
  ) throws(ExpressionError) -> EndTag? {
    var parser = try tokens(until: "%}", from: open)
    let offset = parser.offset
    let name = try parser.name("the name of a tag")
    if ends.contains(name) { return EndTag(name: name, parser: parser) }
    let opening = Opening(name: name, offset: open)
    switch name {
    case "if": nodes.append(try conditional(&parser, opening))
    case "for": nodes.append(try loop(&parser, opening))
    case "set":
      let variable = try parser.name("the name of a variable")
      try parser.expect("=")
      nodes.append(.set(variable, try expression(&parser)))
    case "raw", "verbatim":
      try parser.expectEnd()
      try verbatim(opening, into: &nodes)
    default: throw unknownTag(name, offset, ends: ends, block)
    }
    return nil
  }

  private func unknownTag(_ name: String, _ offset: Int, ends: [String], _ block: Opening?) -> ExpressionError {
    if name.hasPrefix("end") || name == "else" || name == "elseif", let block {
      return ExpressionError(
        "'{% \(name) %}' does not fit the open '{% \(block.name) %}'", offset: offset,
        hint: "Expected '{% \(ends.joined(separator: " %}', '{% ")) %}'")
    }
    let hint = suggestion(for: name, in: ["if", "for", "set", "raw", "verbatim"] + ends)
    return ExpressionError("unknown tag '\(name)'", offset: offset, hint: hint ?? "Tags are if, for, set and raw")
  }

  private mutating func conditional(
    _ parser: inout ExpressionParser, _ opening: Opening
  ) throws(ExpressionError) -> SyntaxNode {
    var branches: [(condition: Expression, body: [SyntaxNode])] = []
    var condition = try expression(&parser)
    while true {
      let (body, end) = try nodes(until: ["elseif", "else", "endif"], of: opening)
      branches.append((condition, body))
      guard var end else { break }
      guard end.name != "elseif" else {
        condition = try expression(&end.parser)
        continue
      }
      let otherwise = try rest(after: end, close: "endif", of: opening)
      return .conditional(branches, otherwise: otherwise)
    }
    return .conditional(branches, otherwise: [])
  }

  private mutating func loop(_ parser: inout ExpressionParser, _ opening: Opening) throws(ExpressionError) -> SyntaxNode
  {
    let variable = try parser.name("the name of the loop's variable")
    try parser.expect(name: "in")
    let over = try expression(&parser)
    let (body, end) = try nodes(until: ["else", "endfor"], of: opening)
    let otherwise = try end.map { end throws(ExpressionError) in try rest(after: end, close: "endfor", of: opening) }
    return .loop(variable: variable, over: over, body: body, otherwise: otherwise ?? [])
  }

  /// The body of `else`, or nothing after the closing tag itself.
  private mutating func rest(after end: EndTag, close: String, of opening: Opening) throws(ExpressionError)
    -> [SyntaxNode]
  {
    try end.parser.expectEnd()
    guard end.name == "else" else { return [] }
    let (body, last) = try nodes(until: [close], of: opening)
    try last?.parser.expectEnd()
    return body
  }

  /// Everything up to `{% endraw %}` as it stands.
  private mutating func verbatim(_ opening: Opening, into nodes: inout [SyntaxNode]) throws(ExpressionError) {
    let start = position
    let trimsBefore = trimsNext
    let close = Array("end\(opening.name)".utf8)
    while let (open, kind) = nextOpening() {
      position = open + 2
      guard kind == UInt8(ascii: "%") else { continue }
      let trims = position < bytes.count && bytes[position] == UInt8(ascii: "-")
      if trims { position += 1 }
      while position < bytes.count, bytes[position].isSpace { position += 1 }
      guard bytes[position...].starts(with: close) else {
        position = open + 2
        continue
      }
      let closing = try tokens(until: "%}", from: open)
      let trimsAfter = trimsNext
      var parser = closing
      _ = try parser.name("the name of a tag")
      try parser.expectEnd()
      trimsNext = trimsBefore
      append(text: start..<open, trimEnd: trims, to: &nodes)
      trimsNext = trimsAfter
      return
    }
    throw ExpressionError(
      "'{% \(opening.name) %}' is not closed", offset: opening.offset, hint: "Add '{% end\(opening.name) %}'")
  }
}

extension ExpressionError {
  static func tooDeep(_ offset: Int) -> ExpressionError {
    ExpressionError("more than \(ExpressionLimits.nesting) levels of nesting", offset: offset)
  }
}
