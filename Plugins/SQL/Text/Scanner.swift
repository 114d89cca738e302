/// A piece of SQL text. All pieces one behind the other are the text again.
struct SQLToken: Hashable {
  enum Kind: Hashable {
    case space
    case comment
    /// `'…'`, `E'…'` (without the E), `$tag$…$tag$`, and `"…"` where that is a string.
    case string
    case quotedName
    /// A keyword, a name, a number.
    case word
    /// `:name`
    case named
    /// `?`
    case question
    /// Anything else: one byte, or `::`, `:=`, `??`.
    case symbol
  }

  var kind: Kind
  /// In bytes of the text.
  var range: Range<Int>

  var isBlank: Bool { kind == .space || kind == .comment }
}

/// Takes SQL text apart by a dialect's rules, so that nothing is looked for inside of strings, names and comments.
/// A quote without an end runs to the end of the text: the server will say what is wrong with it.
struct SQLScanner {
  let text: [UInt8]
  let dialect: Dialect
  private var at = 0

  init(_ sql: String, _ dialect: Dialect) {
    text = Array(sql.utf8)
    self.dialect = dialect
  }

  static func tokens(_ sql: String, _ dialect: Dialect) -> [SQLToken] {
    var scanner = SQLScanner(sql, dialect)
    var tokens: [SQLToken] = []
    while let token = scanner.next(after: tokens.last) { tokens.append(token) }
    return tokens
  }

  /// The words of a statement in capitals, without quoted names, strings and comments.
  static func words(_ sql: String, _ dialect: Dialect) -> [String] {
    let text = Array(sql.utf8)
    return tokens(sql, dialect).filter { $0.kind == .word }
      .map { String(decoding: text[$0.range], as: UTF8.self).uppercased() }
  }

  /// The first word in capitals, behind blanks, comments and brackets; empty where there is none.
  static func firstWord(_ sql: String, _ dialect: Dialect) -> String {
    var scanner = SQLScanner(sql, dialect)
    var last: SQLToken?
    while let token = scanner.next(after: last) {
      if token.kind == .word { return String(decoding: scanner.text[token.range], as: UTF8.self).uppercased() }
      guard token.isBlank || token.kind == .symbol else { return "" }
      last = token
    }
    return ""
  }

  private func byte(_ offset: Int) -> UInt8 { at + offset < text.count ? text[at + offset] : 0 }

  private mutating func next(after last: SQLToken?) -> SQLToken? {
    guard at < text.count else { return nil }
    let start = at
    let kind = kind(after: last)
    at = max(at, start + 1)
    return SQLToken(kind: kind, range: start..<at)
  }

  /// Moves behind the token that starts here.
  private mutating func kind(after last: SQLToken?) -> SQLToken.Kind {
    let first = text[at]
    switch first {
    case 9, 10, 11, 12, 13, 32:
      while at < text.count, text[at] == 32 || (9...13).contains(text[at]) { at += 1 }
      return .space
    case UInt8(ascii: "-") where byte(1) == first && (!dialect.dashesNeedSpace || byte(2) <= 32):
      return lineComment()
    case UInt8(ascii: "#") where dialect.hashComments:
      return lineComment()
    case UInt8(ascii: "/") where byte(1) == UInt8(ascii: "*"):
      return blockComment()
    case UInt8(ascii: "'"):
      quoted(first, escapes: dialect.backslashEscapes || isEscapeString(last))
      return .string
    case UInt8(ascii: "\"") where dialect.doubleQuotedStrings:
      quoted(first, escapes: dialect.backslashEscapes)
      return .string
    case UInt8(ascii: "$") where dialect.dollarQuotes:
      return dollar()
    case UInt8(ascii: ":"):
      return colon(after: last)
    case UInt8(ascii: "?"):
      let isDoubled = byte(1) == first
      at += isDoubled ? 2 : 1
      return isDoubled ? .symbol : .question
    default: break
    }
    if let quotes = dialect.identifierQuotes.first(where: { $0.open == first }) {
      quoted(quotes.close, escapes: false)
      return .quotedName
    }
    if isNameByte(first) {
      while at < text.count, isNameByte(text[at]) || text[at] == UInt8(ascii: "$") { at += 1 }
      return .word
    }
    at += 1
    return .symbol
  }

  static func isWordByte(_ byte: UInt8) -> Bool {
    byte >= 0x80 || byte == UInt8(ascii: "_") || byte &- 48 < 10 || (byte | 0x20) &- 97 < 26
  }

  private func isNameByte(_ byte: UInt8) -> Bool {
    let isSign = byte == UInt8(ascii: "@") || byte == UInt8(ascii: "#")
    return SQLScanner.isWordByte(byte) || isSign && dialect.signedNames
  }

  private mutating func lineComment() -> SQLToken.Kind {
    while at < text.count, text[at] != 10 { at += 1 }
    return .comment
  }

  private mutating func blockComment() -> SQLToken.Kind {
    var depth = 0
    while at < text.count {
      if text[at] == UInt8(ascii: "/"), byte(1) == UInt8(ascii: "*"), dialect.nestedComments || depth == 0 {
        depth += 1
        at += 2
      } else if text[at] == UInt8(ascii: "*"), byte(1) == UInt8(ascii: "/") {
        depth -= 1
        at += 2
        if depth == 0 { break }
      } else {
        at += 1
      }
    }
    at = min(at, text.count)
    return .comment
  }

  /// Behind the closing quote; a doubled one is part of the text.
  private mutating func quoted(_ close: UInt8, escapes: Bool) {
    at += 1
    while at < text.count {
      if escapes, text[at] == UInt8(ascii: "\\") {
        at += 2
      } else if text[at] != close {
        at += 1
      } else if byte(1) == close {
        at += 2
      } else {
        at += 1
        return
      }
    }
    at = text.count
  }

  /// Whether an `E` stands directly in front of the quote here.
  private func isEscapeString(_ last: SQLToken?) -> Bool {
    guard dialect.escapeStrings, let last, last.kind == .word, last.range.count == 1 else { return false }
    return text[last.range.lowerBound] | 0x20 == UInt8(ascii: "e")
  }

  /// `$$…$$` or `$tag$…$tag$`; else a parameter such as `$1`.
  private mutating func dollar() -> SQLToken.Kind {
    var end = at + 1
    while end < text.count, SQLScanner.isWordByte(text[end]) { end += 1 }
    let isTag = end < text.count && text[end] == UInt8(ascii: "$") && (end == at + 1 || byte(1) &- 48 >= 10)
    guard isTag else {
      defer { at = end }
      return end == at + 1 ? .symbol : .word
    }
    let tag = text[at...end]
    at = end + 1
    while at < text.count {
      if text[at] == UInt8(ascii: "$"), text[at...].starts(with: tag) {
        at += tag.count
        return .string
      }
      at += 1
    }
    return .string
  }

  /// A name follows directly, and no word, `]` or `)` stands directly in front (an array slice `a[1:n]`).
  private mutating func colon(after last: SQLToken?) -> SQLToken.Kind {
    if byte(1) == UInt8(ascii: ":") || byte(1) == UInt8(ascii: "=") {
      at += 2
      return .symbol
    }
    let isName = SQLScanner.isWordByte(byte(1)) && byte(1) &- 48 >= 10
    let isSlice = last.map { $0.kind == .word || $0.kind == .quotedName } ?? false
    at += 1
    guard isName, !isSlice else { return .symbol }
    while at < text.count, SQLScanner.isWordByte(text[at]) { at += 1 }
    return .named
  }
}

extension Dialect {
  /// The words of a statement in capitals, without quoted names, strings and comments: for drivers.
  package func words(of sql: String) -> [String] { SQLScanner.words(sql, self) }
}

extension Dialect {
  /// What a statement does: its first word in capitals, behind blanks, comments and brackets.
  public func verb(of sql: String) -> String { SQLScanner.firstWord(sql, self) }
}

extension Dialect {
  /// A statement with its placeholders, `@p1`, `@p2` or `?`, taken apart: texts, and the numbers of placeholders
  /// between them. For drivers that write others in their place.
  package func pieces(of sql: String) -> [StatementPiece] {
    let bytes = Array(sql.utf8)
    var pieces: [StatementPiece] = []
    var questions = 0
    for token in SQLScanner.tokens(sql, self) {
      let text = String(decoding: bytes[token.range], as: UTF8.self)
      if token.kind == .word, text.hasPrefix("@p"), let number = Int(text.dropFirst(2)) {
        pieces.append(.placeholder(number))
      } else if token.kind == .question, placeholder == .question {
        questions += 1
        pieces.append(.placeholder(questions))
      } else {
        pieces.append(.text(text))
      }
    }
    return pieces
  }
}

/// Of a statement.
package enum StatementPiece: Sendable, Hashable {
  case text(String)
  /// Counted from 1.
  case placeholder(Int)
}
