internal import Expression

/// The text of a flow as it is recorded: without the passwords that somebody wrote into it.
extension Flow {
  /// Values of secret properties that stand in the flow as they are.
  var literalSecrets: [(text: String, position: Position)] {
    (tasks + errors + finally).flatMap(Flow.literalSecrets)
  }

  func recordedSource(_ redactor: Redactor) -> String {
    var lines = redactor.recordable(.string(source)).text.split(separator: "\n", omittingEmptySubsequences: false)
      .map { Flow.withoutPasswords(String($0)) }
    for (secret, position) in literalSecrets { Flow.mask(secret, at: position, in: &lines) }
    return lines.joined(separator: "\n")
  }

  /// A short secret is masked where it stands alone: elsewhere it may be any word.
  private static func mask(_ secret: String, at position: Position, in lines: inout [String]) {
    let line = position.line - 1
    guard lines.indices.contains(line), !lines[line].contains(Redactor.mask) else { return }
    let start = lines[line].unicodeScalars.prefix(position.column - 1).endIndex
    for quote in ["", "\"", "'"] where lines[line][start...].hasPrefix(quote + secret) {
      let from = lines[line].index(start, offsetBy: quote.count)
      lines[line].replaceSubrange(from..<lines[line].index(from, offsetBy: secret.count), with: Redactor.mask)
      return
    }
    // Written in another way, or as a block that begins in the line below.
    lines[line].replaceSubrange(start..., with: Redactor.mask)
    let first = secret.prefix { !$0.isNewline }
    if lines.indices.contains(line + 1), !first.isEmpty, lines[line + 1].contains(first) {
      lines[line + 1] = lines[line + 1].prefix { $0 == " " } + Redactor.mask
    }
  }

  private static func withoutPasswords(_ line: String) -> String {
    var bytes = Array(line.utf8)
    for range in URLSecrets.ranges(in: line).sorted(by: { $0.lowerBound > $1.lowerBound }) {
      bytes.replaceSubrange(range, with: Redactor.mask.utf8)
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func literalSecrets(of task: TaskNode) -> [(text: String, position: Position)] {
    let declarations = PropertyDeclaration.collect(from: task.type.init()).filter(\.isSecret)
    let names = declarations.flatMap { [$0.name] + $0.aliases }
    let own = task.properties.compactMap { member -> (text: String, position: Position)? in
      guard names.contains(member.key), let text = member.node.scalar?.text, !text.isEmpty, !text.contains("{{")
      else { return nil }
      return (text, member.node.position)
    }
    return own + task.branches.flatMap { $0.tasks.flatMap(literalSecrets) }
  }
}
