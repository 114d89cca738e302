/// Filters on texts.
enum TextFilters {
  static let all: [FilterOperation] = [
    text("lower", "in lower case") { $0.lowercased() },
    text("upper", "in upper case") { $0.uppercased() },
    FilterOperation("capitalize", "", "with a capital first letter", marks: .kept) { value, _, _ in
      let text = try value.scalarMarked()
      return Value(text.cut(text.text.prefix(1)).mapped { $0.uppercased() } + text.cut(text.text.dropFirst()))
    },
    FilterOperation("title", "", "with a capital first letter of each word", marks: .kept) { value, _, evaluator in
      Value(try title(value.scalarMarked(), evaluator.meter))
    },
    FilterOperation("trim", "", "without white space at both ends", marks: .kept) { value, _, _ in
      let text = try value.scalarMarked()
      return Value(text.cut(trimmed(text.text[...])))
    },
    FilterOperation("slugify", "", "in lower-case letters, digits and dashes, for names and URLs", marks: .kept) {
      value, _, evaluator in
      Value(try slug(value.scalarMarked(), evaluator.meter))
    },
    text("escape", "with the characters special to HTML as entities", escapeHTML),
    FilterOperation("sh", "", "quoted as one word of a POSIX shell", marks: .kept) { value, _, _ in
      Value("'" + (try value.scalarMarked().mapped { replacing($0, "'", "'\\''") }) + "'")
    },
    FilterOperation("string", "", "as a text", marks: .kept) { value, _, evaluator in
      Value(try value.markedText(evaluator.meter))
    },
    FilterOperation("raw", "", "unchanged; Ferry escapes nothing by itself", marks: .kept) { value, _, _ in value },
    FilterOperation("abbreviate", "length", "cut to a length, with ... for what is left out", marks: .kept) {
      value, arguments, _ in
      let text = try value.scalarMarked()
      let length = try arguments.size(0)
      if text.text.count <= length { return Value(text) }
      return Value(
        length < 4 ? text.cut(text.text.prefix(length)) : text.cut(text.text.prefix(length - 3)) + "...")
    },
    FilterOperation("startsWith", "prefix", "whether it starts with a text", marks: .dropped) { value, arguments, _ in
      .bool(try value.scalarText().hasPrefix(arguments.text(0)))
    },
    FilterOperation("endsWith", "suffix", "whether it ends with a text", marks: .dropped) { value, arguments, _ in
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
    FilterOperation("format", "…", "a format as of printf (%s %d %f %x) filled with the arguments", marks: .kept) {
      value, arguments, evaluator in
      Value(try Printf.format(value.scalarMarked(), arguments.values.map { $0 ?? .null }, evaluator.meter))
    },
    FilterOperation("indent", "amount; prefix", "with every line but the first indented", marks: .kept) {
      value, arguments, evaluator in
      Value(try indented(value, arguments, evaluator.meter, onNewLine: false))
    },
    FilterOperation("nindent", "amount; prefix", "on a new line, with every line indented", marks: .kept) {
      value, arguments, evaluator in
      Value(try indented(value, arguments, evaluator.meter, onNewLine: true))
    },
    FilterOperation(
      "escapeChar", "type", "with quotes escaped: 'single', 'double' or 'shell'", marks: .kept, escapeChar),
  ]

  private static func text(
    _ name: String, _ summary: String, _ change: @escaping @Sendable (String) throws -> String
  ) -> FilterOperation {
    FilterOperation(name, "", summary, marks: .kept) { value, _, _ in Value(try value.scalarMarked().mapped(change)) }
  }

  /// `missing` is the result where there is no separator; nil is the whole text, as Apache's StringUtils has it.
  private static func substring(
    _ name: String, _ summary: String, last: Bool = false, missing: String? = nil,
    _ cut: @escaping @Sendable (String, Range<String.Index>) -> Substring
  ) -> FilterOperation {
    FilterOperation(name, "separator", summary, marks: .kept) { value, arguments, _ in
      let marked = try value.scalarMarked()
      let text = marked.text
      let separator = try arguments.text(0)
      let places = separator.isEmpty ? [] : text.ranges(of: separator)
      guard let place = last ? places.last : places.first else { return missing.map { .string($0) } ?? Value(marked) }
      return Value(marked.cut(cut(text, place)))
    }
  }

  static func replacing(_ text: String, _ old: String, _ new: String) -> String {
    old.isEmpty ? text : text.replacing(old, with: new)
  }

  private static func trimmed(_ text: Substring) -> Substring {
    var text = text.drop(while: \.isWhitespace)
    while text.last?.isWhitespace == true { text.removeLast() }
    return text
  }

  private static func title(_ text: MarkedText, _ meter: Meter) throws -> MarkedText {
    var startsWord = true
    var result = MarkedText()
    for (letter, isSecret) in text.letters {
      try meter.step()
      result.append(startsWord ? letter.uppercased() : String(letter), secret: isSecret)
      startsWord = letter.isWhitespace
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

  private static func slug(_ text: MarkedText, _ meter: Meter) throws -> MarkedText {
    var result = MarkedText()
    for (character, isSecret) in text.mapped({ $0.lowercased() }).letters {
      try meter.step()
      let plain = unaccented[character] ?? String(character)
      if plain.utf8.allSatisfy({ $0.isDigit || (0x61...0x7A).contains($0) }) {
        result.append(plain, secret: isSecret)
      } else if character.isWhitespace || "-_./\\:,;".contains(character), !result.text.isEmpty,
        result.text.last != "-"
      {
        result.append("-", secret: isSecret)
      }
    }
    var kept = result.text[...]
    while kept.last == "-" { kept.removeLast() }
    return result.cut(kept)
  }

  // MARK: Indents and escapes

  private static func indentation(_ arguments: Arguments) throws -> MarkedText {
    let unit = try arguments.optionalMarkedText(1) ?? MarkedText(" ")
    let text = String(repeating: unit.text, count: try arguments.size(0))
    return unit.isSecret ? MarkedText(secret: text) : MarkedText(text)
  }

  /// As in Kestra: the lines end as the text's do, and a text of nothing has no lines.
  private static func indented(
    _ value: Value, _ arguments: Arguments, _ meter: Meter, onNewLine: Bool
  ) throws -> MarkedText {
    let text = try value.markedText(meter)
    let prefix = try indentation(arguments)
    if text.text.isEmpty { return text }
    let lineEnd = ["\r\n", "\n\r", "\n", "\r"].first { Bytes.contains(text.text, $0) } ?? "\n"
    let lines = try Bytes.split(text, at: lineEnd, meter)
    var result = MeteredText(meter)
    for (index, line) in lines.enumerated() {
      if index > 0 || onNewLine {
        try result.append(lineEnd)
        try result.append(prefix)
      }
      try result.append(line)
    }
    return result.marked
  }

  @Sendable private static func escapeChar(_ value: Value, _ arguments: Arguments, _: Evaluator) throws -> Value {
    let text = try value.scalarMarked()
    let type = try arguments.text(0)
    return switch type {
    case "single": Value(text.mapped { replacing($0, "'", "\\'") })
    case "double": Value(text.mapped { replacing($0, "\"", "\\\"") })
    case "shell": Value(text.mapped { replacing($0, "'", "'\\''") })
    default: throw Problem("the type '\(type)' is unknown", hint: "Types are single, double and shell")
    }
  }
}
