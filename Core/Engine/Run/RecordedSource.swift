internal import Expression
internal import Records

/// The text of a flow as it is recorded: without the passwords that somebody wrote into it.
extension Flow {
  private typealias Literal = (text: String, position: Position)

  /// Values of secret properties and inputs that stand in the flow as they are.
  private var literalSecrets: [Literal] {
    let nodes = (tasks + errors + finally).flatMap(Flow.secretProperties)
    return nodes.flatMap { literals(of: $0, depth: 0) } + inputs.compactMap(Flow.literalDefault)
  }

  /// Variables that name each other are followed so deep.
  private static let deepestVariable = 20

  /// The literals that make up a value, in it or in the variables that it names.
  private func literals(of node: Node, depth: Int) -> [Literal] {
    switch node.content {
    case .list(let items): return items.flatMap { literals(of: $0, depth: depth) }
    case .map(let members): return members.flatMap { literals(of: $0.node, depth: depth) }
    case .scalar(let value):
      guard value.holdsTemplate else { return value.text.isEmpty ? [] : [(value.text, node.position)] }
      guard depth < Flow.deepestVariable, let template = try? Template(value.text) else { return [] }
      return template.references.filter { $0.path.first == "vars" }.flatMap { reference in
        variable(reference.path.dropFirst()).map { literals(of: $0, depth: depth + 1) } ?? []
      }
    }
  }

  private func variable(_ path: ArraySlice<String>) -> Node? {
    guard let name = path.first, let first = variableNodes.first(where: { $0.key.isExactly(name) }) else { return nil }
    return path.dropFirst().reduce(first.node) { node, name in node[name] ?? node }
  }

  private static func literalDefault(of input: InputDeclaration) -> Literal? {
    guard input.kind == .secret, let text = input.fallback?.text, !text.isEmpty, !text.isTemplate else { return nil }
    return input.fallbackPosition.map { (text, $0) }
  }

  var recordedSource: String {
    var lines = source.split(separator: "\n", omittingEmptySubsequences: false).map {
      Flow.withoutPasswords(String($0))
    }
    for (secret, position) in literalSecrets { Flow.mask(secret, at: position, in: &lines) }
    return lines.joined(separator: "\n")
  }

  /// A short secret is masked where it stands alone: elsewhere it may be any word.
  private static func mask(_ secret: String, at position: Position, in lines: inout [String]) {
    let line = position.line - 1
    guard lines.indices.contains(line), !lines[line].contains(MarkedText.mask) else { return }
    let start = lines[line].unicodeScalars.prefix(position.column - 1).endIndex
    for quote in ["", "\"", "'"] where lines[line][start...].hasPrefix(quote + secret) {
      let from = lines[line].index(start, offsetBy: quote.count)
      lines[line].replaceSubrange(from..<lines[line].index(from, offsetBy: secret.count), with: MarkedText.mask)
      return
    }
    // Written in another way, or as a block that begins in the line below.
    lines[line].replaceSubrange(start..., with: MarkedText.mask)
    let first = secret.prefix { !$0.isNewline }
    if lines.indices.contains(line + 1), !first.isEmpty, lines[line + 1].contains(first) {
      lines[line + 1] = lines[line + 1].prefix { $0 == " " } + MarkedText.mask
    }
  }

  private static func withoutPasswords(_ line: String) -> String {
    var bytes = Array(line.utf8)
    for range in URLSecrets.ranges(in: line).sorted(by: { $0.lowerBound > $1.lowerBound }) {
      bytes.replaceSubrange(range, with: MarkedText.mask.utf8)
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func secretProperties(of task: TaskNode) -> [Node] {
    let declarations = PropertyDeclaration.collect(from: task.type.init()).filter(\.isSecret)
    let names = declarations.flatMap { [$0.name] + $0.aliases }
    return task.properties.filter { names.contains($0.key) }.map(\.node)
      + task.branches.flatMap { $0.tasks.flatMap(secretProperties) }
  }
}
