internal import Yams

extension Diagnostic {
  /// What libyaml refuses, in words that say what to change.
  init(yaml error: YamlError, in text: String) {
    switch error {
    case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
      .composer(let context, let problem, let mark, _):
      let place = YAMLPlace(text, line: mark.line, column: mark.column)
      let said = place.explain(problem, while: context?.text ?? "") ?? problem
      // A quote that is never closed is found out at the file's end; what is wrong stands where it opens.
      let isQuote = problem == "found unexpected end of stream" && context?.text.contains("quoted") == true
      let found = isQuote ? context?.mark ?? mark : mark
      self.init(.error, "this is not YAML: \(said)", at: Position(line: found.line, column: found.column))
    case .duplicatedKeysInMapping(let duplicates, let context):
      let names = duplicates.map { "'\($0)'" }.joined(separator: ", ")
      let map = Position(line: context.mark.line, column: context.mark.column)
      let second = duplicates.first.flatMap { Diagnostic.second("\($0)", inMapAt: map, of: text) }
      self.init(.error, "duplicate key \(names)", at: second ?? map)
    default: self.init(.error, "this is not YAML: \(error)", at: Position(line: 1, column: 1))
    }
  }

  /// Where a key of a map stands again, in a map with a line for each key.
  private static func second(_ key: String, inMapAt start: Position, of text: String) -> Position? {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    var found = 0
    for (index, line) in lines.enumerated().dropFirst(start.line - 1) {
      let indent = index == start.line - 1 ? start.column - 1 : line.prefix { $0 == " " }.count
      // Behind the map.
      if indent < start.column - 1, line.contains(where: { $0 != " " }) { return nil }
      let entry = line.dropFirst(indent)
      guard indent == start.column - 1, ["\(key):", "\"\(key)\":", "'\(key)':"].contains(where: entry.hasPrefix)
      else { continue }
      found += 1
      if found == 2 { return Position(line: index + 1, column: indent + 1) }
    }
    return nil
  }
}

/// What stands where libyaml stopped.
private struct YAMLPlace {
  private let line: String
  /// The character at the place, nil at the end of the line.
  private let character: Unicode.Scalar?
  /// The rest of a name that begins behind it.
  private let name: String

  init(_ text: String, line: Int, column: Int) {
    let lines = text.split(separator: "\n", maxSplits: max(line, 1), omittingEmptySubsequences: false)
    self.line = line >= 1 && line <= lines.count ? String(lines[line - 1]) : ""
    let rest = self.line.unicodeScalars.dropFirst(max(column - 1, 0))
    character = rest.first
    name = String(String.UnicodeScalarView(rest.dropFirst().prefix { $0.properties.isAlphabetic || $0 == "_" }))
  }

  /// A value that begins with an expression outside of quotes.
  private var hasBareExpression: Bool { line.contains(": {{") || line.contains("- {{") || line.contains(": {%") }

  func explain(_ problem: String, while context: String) -> String? {
    if hasBareExpression, problem.hasPrefix("did not find expected") {
      return "a text that begins with an expression stands in quotes: \"{{ … }} …\""
    }
    switch problem {
    case "found character that cannot start any token":
      guard let character else { return nil }
      if character == "\t" { return "a tab: lines are indented with spaces" }
      return "a text that begins with '\(character)' stands in quotes"
    case "mapping values are not allowed in this context":
      return "a second ': ' in one line, or a line that is indented deeper than the one above. "
        + "Put a text with ': ' in it in quotes"
    case "did not find expected '-' indicator":
      return "the line is indented neither as an entry of the list above nor as what is inside of one"
    case "did not find expected ',' or ']'": return "a list in [ ] is not closed, or lacks a ','"
    case "did not find expected ',' or '}'": return "a map in { } is not closed, or lacks a ','"
    case "did not find expected key": return "the line is not indented as the keys above it"
    case "could not find expected ':'":
      return "the text before this is no 'key: value', or belongs to the text above and is not indented deep enough"
    case "found unexpected end of stream" where context.contains("quoted"): return "a text in quotes is not closed"
    case "found unknown escape character":
      return "'\\\(name.prefix(1))' is no escape of a text in double quotes. Write '\\\\', or use single quotes"
    case "found undefined alias":
      return "there is no anchor '&\(name)'. Put a text that begins with '*' in quotes"
    case "but found another document": return "a second document ('---'): a file holds one flow"
    default: return nil
    }
  }
}
