/// Filters on texts.
enum TextFilters {
  static let all: [FilterOperation] = [
    text("lower", "in lower case") { $0.lowercased() },
    text("upper", "in upper case") { $0.uppercased() },
    text("capitalize", "with a capital first letter") { $0.prefix(1).uppercased() + $0.dropFirst() },
    FilterOperation("title", "", "with a capital first letter of each word") { value, _, evaluator in
      .string(try title(value.scalarText(), evaluator.meter))
    },
    text("trim", "without white space at both ends") { trimmed($0[...]) },
    FilterOperation("slugify", "", "in lower-case letters, digits and dashes, for names and URLs") {
      value, _, evaluator in
      .string(try slug(value.scalarText(), evaluator.meter))
    },
    text("escape", "with the characters special to HTML as entities", escapeHTML),
    text("sh", "quoted as one word of a POSIX shell") { "'" + replacing($0, "'", "'\\''") + "'" },
    FilterOperation("string", "", "as a text") { value, _, evaluator in .string(try value.text(evaluator.meter)) },
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
    FilterOperation("format", "…", "a format as of printf (%s %d %f %x) filled with the arguments") {
      value, arguments, evaluator in
      .string(try Printf.format(value.scalarText(), arguments.values.map { $0 ?? .null }, evaluator.meter))
    },
    FilterOperation("indent", "amount; prefix", "with every line but the first indented") {
      value, arguments, evaluator in
      .string(try indented(value, arguments, evaluator.meter, onNewLine: false))
    },
    FilterOperation("nindent", "amount; prefix", "on a new line, with every line indented") {
      value, arguments, evaluator in
      .string(try indented(value, arguments, evaluator.meter, onNewLine: true))
    },
    FilterOperation("escapeChar", "type", "with quotes escaped: 'single', 'double' or 'shell'", escapeChar),
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

  private static func title(_ text: String, _ meter: Meter) throws -> String {
    var startsWord = true
    var result = ""
    for character in text {
      try meter.step()
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

  private static func slug(_ text: String, _ meter: Meter) throws -> String {
    var result = ""
    for character in text.lowercased() {
      try meter.step()
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

  /// As in Kestra: the lines end as the text's do, and a text of nothing has no lines.
  private static func indented(
    _ value: Value, _ arguments: Arguments, _ meter: Meter, onNewLine: Bool
  ) throws -> String {
    let text = try value.text(meter)
    let prefix = try indentation(arguments)
    if text.isEmpty { return "" }
    let lineEnd = ["\r\n", "\n\r", "\n", "\r"].first { Bytes.contains(text, $0) } ?? "\n"
    let lines = try Bytes.split(text, at: lineEnd, meter)
    var result = MeteredText(meter)
    for (index, line) in lines.enumerated() {
      if index > 0 || onNewLine {
        try result.append(lineEnd)
        try result.append(prefix)
      }
      try result.append(line)
    }
    return result.text
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
}
