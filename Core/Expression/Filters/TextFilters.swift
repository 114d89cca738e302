/// Filters on texts.
enum TextFilters {
  static let all: [FilterOperation] = [
    text("lower", "in lower case") { $0.lowercased() },
    text("upper", "in upper case") { $0.uppercased() },
    text("capitalize", "with a capital first letter") { $0.prefix(1).uppercased() + $0.dropFirst() },
    text("title", "with a capital first letter of each word", title),
    text("trim", "without white space at both ends") { trimmed($0[...]) },
    text("slugify", "in lower-case letters, digits and dashes, for names and URLs", slug),
    text("escape", "with the characters special to HTML as entities", escapeHTML),
    text("sh", "quoted as one word of a POSIX shell") { "'" + replacing($0, "'", "'\\''") + "'" },
    FilterOperation("string", "", "as a text") { value, _, _ in .string(value.text) },
    FilterOperation("raw", "", "unchanged; Ferry escapes nothing by itself") { value, _, _ in value },
    FilterOperation("abbreviate", "length", "cut to a length, with ... for what is left out") { value, arguments, _ in
      let text = try value.scalarText()
      let length = try arguments.size(0)
      if text.count <= length { return .string(text) }
      return .string(length < 4 ? String(text.prefix(length)) : text.prefix(length - 3) + "...")
    },
    FilterOperation("startsWith", "prefix", "whether it starts with a text") { value, arguments, _ in
      .bool(try value.scalarText().hasPrefix(arguments.text(0)))
    },
    FilterOperation("endsWith", "suffix", "whether it ends with a text") { value, arguments, _ in
      .bool(try value.scalarText().hasSuffix(arguments.text(0)))
    },
    substring("substringBefore", "what stands before the first separator") { text, at in text[..<at.lowerBound] },
    substring("substringBeforeLast", "what stands before the last separator", last: true) { text, at in
      text[..<at.lowerBound]
    },
    substring("substringAfter", "what stands after the first separator", missing: "") { text, at in
      text[at.upperBound...]
    },
    substring("substringAfterLast", "what stands after the last separator", last: true, missing: "") { text, at in
      text[at.upperBound...]
    },
    FilterOperation("replace", "replace_pairs; regexp", "with every key of a map replaced by its value", replace),
    FilterOperation(
      "split", "delimiter; limit", "the parts between the places where a regular expression matches", split),
    FilterOperation("format", "…", "a format as of printf (%s %d %f %x) filled with the arguments") {
      value, arguments, _ in
      .string(try Printf.format(value.scalarText(), arguments.values.map { $0 ?? .null }))
    },
    FilterOperation("indent", "amount; prefix", "with every line but the first indented") { value, arguments, _ in
      .string(try indented(value, arguments))
    },
    FilterOperation("nindent", "amount; prefix", "on a new line, with every line indented") { value, arguments, _ in
      let prefix = try indentation(arguments)
      return .string("\n" + prefix + (try indented(value, arguments)))
    },
    FilterOperation("escapeChar", "type", "with quotes escaped: 'single', 'double' or 'shell'", escapeChar),
    FilterOperation("regexMatch", "regex", "whether a regular expression is found in it", acceptsNull: true) {
      value, arguments, _ in
      if value.isNull { return false }
      return .bool(try value.scalarText().firstMatch(of: regex(arguments.text(0))) != nil)
    },
    FilterOperation(
      "regexReplace", "regex replacement", "with what a regular expression finds replaced; $1 is its group 1"
    ) {
      value, arguments, _ in
      .string(try regexReplace(value.scalarText(), arguments.text(0), arguments.text(1)))
    },
    FilterOperation(
      "regexExtract", "regex; group", "the first match of a regular expression, or one of its groups", regexExtract),
  ]

  private static func text(
    _ name: String, _ summary: String, _ change: @escaping @Sendable (String) throws -> String
  ) -> FilterOperation {
    FilterOperation(name, "", summary) { value, _, _ in .string(try change(value.scalarText())) }
  }

  /// `missing` is the result where there is no separator; nil is the whole text, as Apache's StringUtils has it.
  private static func substring(
    _ name: String, _ summary: String, last: Bool = false, missing: String? = nil,
    _ cut: @escaping @Sendable (String, Range<String.Index>) -> Substring
  ) -> FilterOperation {
    FilterOperation(name, "separator", summary) { value, arguments, _ in
      let text = try value.scalarText()
      let separator = try arguments.text(0)
      let places = separator.isEmpty ? [] : text.ranges(of: separator)
      guard let place = last ? places.last : places.first else { return .string(missing ?? text) }
      return .string(String(cut(text, place)))
    }
  }

  static func replacing(_ text: String, _ old: String, _ new: String) -> String {
    old.isEmpty ? text : text.replacing(old, with: new)
  }

  private static func trimmed(_ text: Substring) -> String {
    var text = text.drop(while: \.isWhitespace)
    while text.last?.isWhitespace == true { text.removeLast() }
    return String(text)
  }

  @Sendable private static func title(_ text: String) -> String {
    var startsWord = true
    var result = ""
    for character in text {
      result += startsWord ? character.uppercased() : String(character)
      startsWord = character.isWhitespace
    }
    return result
  }

  @Sendable private static func escapeHTML(_ text: String) -> String {
    [("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("\"", "&quot;"), ("'", "&#39;")]
      .reduce(text) { replacing($0, $1.0, $1.1) }
  }

  // MARK: Slugs

  /// Each letter with each common accent. A key equals a text's character whether that is composed or not, so the
  /// standard library's canonical equivalence stands in for a decomposition, which it does not offer.
  private static let unaccented: [Character: String] = {
    var table: [Character: String] = [
      "ß": "ss", "ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i",
    ]
    let accents: [Unicode.Scalar] = [
      "\u{300}", "\u{301}", "\u{302}", "\u{303}", "\u{304}", "\u{306}", "\u{307}", "\u{308}", "\u{30A}", "\u{30B}",
      "\u{30C}", "\u{31B}", "\u{323}", "\u{326}", "\u{327}", "\u{328}",
    ]
    for letter in "abcdefghijklmnopqrstuvwxyz" {
      for accent in accents {
        var text = String(letter)
        text.unicodeScalars.append(accent)
        table[Character(text)] = String(letter)
      }
    }
    return table
  }()

  @Sendable private static func slug(_ text: String) -> String {
    var result = ""
    for character in text.lowercased() {
      let plain = unaccented[character] ?? String(character)
      if plain.utf8.allSatisfy({ $0.isDigit || (0x61...0x7A).contains($0) }) {
        result += plain
      } else if character.isWhitespace || "-_./\\:,;".contains(character), !result.isEmpty, result.last != "-" {
        result += "-"
      }
    }
    while result.last == "-" { result.removeLast() }
    return result
  }

  // MARK: Indents and escapes

  private static func indentation(_ arguments: Arguments) throws -> String {
    String(repeating: try arguments.optionalText(1) ?? " ", count: try arguments.size(0))
  }

  private static func indented(_ value: Value, _ arguments: Arguments) throws -> String {
    let prefix = try indentation(arguments)
    return value.text.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\n" + prefix)
  }

  @Sendable private static func escapeChar(_ value: Value, _ arguments: Arguments, _: Evaluator) throws -> Value {
    let text = try value.scalarText()
    let type = try arguments.text(0)
    return switch type {
    case "single": .string(replacing(text, "'", "\\'"))
    case "double": .string(replacing(text, "\"", "\\\""))
    case "shell": .string(replacing(text, "'", "'\\''"))
    default: throw Problem("the type '\(type)' is unknown", hint: "Types are single, double and shell")
    }
  }

  // MARK: Replacing and regular expressions

  /// Swift's own regular expressions: Perl's syntax like Java's, and in the standard library.
  static func regex(_ pattern: String) throws -> Regex<AnyRegexOutput> {
    do {
      return try Regex(pattern).matchingSemantics(.unicodeScalar)
    } catch {
      throw Problem("the regular expression is not valid: \(error)")
    }
  }

  static func matchesWhole(_ value: Value, _ pattern: Value) throws -> Bool {
    try value.scalarText().wholeMatch(of: regex(pattern.scalarText())) != nil
  }

  @Sendable private static func replace(_ value: Value, _ arguments: Arguments, _: Evaluator) throws -> Value {
    let isRegex = try arguments.bool(1, default: false)
    let pairs = try arguments.value(0).entries()
    return .string(
      try pairs.reduce(try value.scalarText()) { text, pair in
        let new = try pair.value.scalarText()
        return isRegex ? try regexReplace(text, pair.key, new) : replacing(text, pair.key, new)
      })
  }

  private static func regexReplace(_ text: String, _ pattern: String, _ replacement: String) throws -> String {
    let matches = text.matches(of: try regex(pattern))
    var result = ""
    var end = text.startIndex
    for match in matches {
      result += text[end..<match.range.lowerBound]
      result += try expand(replacement, match)
      end = match.range.upperBound
    }
    return result + text[end...]
  }

  /// Java's replacement texts: `$1` is a group, `\` takes the next character as it is.
  private static func expand(_ replacement: String, _ match: Regex<AnyRegexOutput>.Match) throws -> String {
    var result = ""
    var rest = replacement[...]
    while let character = rest.popFirst() {
      if character == "\\", let next = rest.popFirst() {
        result.append(next)
      } else if character == "$", let digit = rest.first?.wholeNumberValue {
        rest.removeFirst()
        guard digit < match.output.count else { throw Problem("the regular expression has no group \(digit)") }
        result += match.output[digit].substring ?? ""
      } else {
        result.append(character)
      }
    }
    return result
  }

  @Sendable private static func regexExtract(_ value: Value, _ arguments: Arguments, _: Evaluator) throws -> Value {
    let group = try arguments.optionalInt(1) ?? 0
    let text = try value.scalarText()
    guard let match = text.firstMatch(of: try regex(arguments.text(0))) else { return .null }
    guard match.output.indices.contains(Int(group)) else {
      throw Problem("the regular expression has no group \(group)")
    }
    return match.output[Int(group)].substring.map { .string(String($0)) } ?? .null
  }

  /// Java's rule: a limit above 0 is the most parts; without one, empty parts at the end are dropped; below 0 they
  /// stay.
  @Sendable private static func split(_ value: Value, _ arguments: Arguments, _: Evaluator) throws -> Value {
    let text = try value.scalarText()
    let limit = try arguments.optionalInt(1) ?? 0
    var parts: [String] = []
    var end = text.startIndex
    for match in text.matches(of: try regex(arguments.text(0))) {
      if limit > 0, parts.count == limit - 1 { break }
      if match.range.isEmpty, match.range.lowerBound == text.startIndex || match.range.lowerBound == text.endIndex {
        continue
      }
      parts.append(String(text[end..<match.range.lowerBound]))
      end = match.range.upperBound
    }
    parts.append(String(text[end...]))
    if limit == 0 { while parts.count > 1, parts.last?.isEmpty == true { parts.removeLast() } }
    return .list(parts.map { .string($0) })
  }
}
