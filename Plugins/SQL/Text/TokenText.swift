/// A statement as its tokens without blanks, with what readers of statements ask of them. Positions are indices of
/// tokens; one outside of the statement is none of what is asked for.
struct TokenText {
  let bytes: [UInt8]
  let dialect: Dialect
  let tokens: [SQLToken]
  /// The other one of each pair of brackets.
  private let partners: [Int: Int]
  /// The bracket around each token, -1 outside of all.
  private let parents: [Int]

  /// Nil when the brackets of the text do not fit together.
  init?(_ sql: String, _ dialect: Dialect) {
    bytes = Array(sql.utf8)
    self.dialect = dialect
    tokens = SQLScanner.tokens(sql, dialect).filter { !$0.isBlank }
    var open: [Int] = []
    var partners: [Int: Int] = [:]
    var parents: [Int] = []
    for (index, token) in tokens.enumerated() {
      parents.append(open.last ?? -1)
      switch token.kind == .symbol ? bytes[token.range.lowerBound] : 0 {
      case UInt8(ascii: "("): open.append(index)
      case UInt8(ascii: ")"):
        guard let start = open.popLast() else { return nil }
        partners[start] = index
        partners[index] = start
        parents[index] = open.last ?? -1
      default: break
      }
    }
    guard open.isEmpty else { return nil }
    self.partners = partners
    self.parents = parents
  }

  var all: Range<Int> { 0..<tokens.count }

  private func token(_ at: Int) -> SQLToken? { tokens.indices.contains(at) ? tokens[at] : nil }

  func kind(_ at: Int) -> SQLToken.Kind? { token(at)?.kind }
  func isQuestion(_ at: Int) -> Bool { kind(at) == .question }

  /// In capitals; empty for everything but unquoted words.
  func word(_ at: Int) -> String { token(at).map { SQLSplitter.word($0, bytes) } ?? "" }

  /// As it is written.
  func string(_ range: Range<Int>) -> String {
    guard let first = token(range.lowerBound), let last = token(range.upperBound - 1), !range.isEmpty else { return "" }
    return String(decoding: bytes[first.range.lowerBound..<last.range.upperBound], as: UTF8.self)
  }

  func isSymbol(_ at: Int, _ symbol: Unicode.Scalar) -> Bool {
    guard let token = token(at), token.kind == .symbol, token.range.count == 1 else { return false }
    return bytes[token.range.lowerBound] == UInt8(ascii: symbol)
  }

  func isSymbol(_ at: Int, among symbols: Set<Unicode.Scalar>) -> Bool { symbols.contains { isSymbol(at, $0) } }

  /// `::`
  func isCastMark(_ at: Int) -> Bool {
    guard let token = token(at), token.kind == .symbol, token.range.count == 2 else { return false }
    return bytes[token.range.lowerBound] == UInt8(ascii: ":") && bytes[token.range.upperBound - 1] == UInt8(ascii: ":")
  }

  func partner(_ at: Int) -> Int? { partners[at] }

  /// The bracket pair that opens here, without the brackets.
  func inside(_ at: Int) -> Range<Int>? {
    guard isSymbol(at, "("), let end = partners[at] else { return nil }
    return at + 1..<end
  }

  /// The opening bracket around a position.
  func enclosing(_ at: Int) -> Int? {
    parents.indices.contains(at) && parents[at] >= 0 ? parents[at] : nil
  }

  // MARK: names

  /// A name without its quotes, folded by the dialect where it has none; nil for numbers and everything else.
  func name(_ at: Int) -> String? {
    guard let token = token(at) else { return nil }
    let text = bytes[token.range]
    switch token.kind {
    case .word:
      guard let first = text.first, first &- 48 >= 10 else { return nil }
      let name = String(decoding: text, as: UTF8.self)
      return dialect.folding == .lower ? name.lowercased() : name
    case .quotedName where text.count >= 2:
      return text.last.map { TokenText.unquoted(text.dropFirst().dropLast(), $0) }
    default: return nil
    }
  }

  /// `a.b.c`, moving behind it.
  func names(_ at: inout Int) -> [String]? {
    guard let first = name(at) else { return nil }
    var parts = [first]
    at += 1
    while isSymbol(at, "."), let next = name(at + 1) {
      parts.append(next)
      at += 2
    }
    return parts
  }

  func table(_ at: inout Int) -> TableName? {
    guard let parts = names(&at), parts.count <= 3 else { return nil }
    return TableName(parts)
  }

  /// A quoted name without its quotes; doubled closing quotes stand for one.
  private static func unquoted(_ text: ArraySlice<UInt8>, _ close: UInt8) -> String {
    var out: [UInt8] = []
    var wasClose = false
    for byte in text {
      if byte == close, wasClose {
        wasClose = false
        continue
      }
      wasClose = byte == close
      out.append(byte)
    }
    return String(decoding: out, as: UTF8.self)
  }

  // MARK: parts of a range

  /// The first of these words outside of brackets that is not a part of a name, else the end.
  func first(_ words: [String], in range: Range<Int>) -> Int {
    var at = range.lowerBound
    while at < range.upperBound {
      if let end = partners[at], isSymbol(at, "(") {
        at = end
      } else if kind(at) == .word, words.contains(word(at)), !isSymbol(at - 1, "."),
        !(word(at) == "FROM" && word(at - 1) == "DISTINCT")
      {
        return at
      }
      at += 1
    }
    return range.upperBound
  }

  /// The parts between commas outside of brackets.
  func split(_ range: Range<Int>) -> [Range<Int>] {
    var parts: [Range<Int>] = []
    var (at, start) = (range.lowerBound, range.lowerBound)
    while at < range.upperBound {
      if isSymbol(at, "("), let end = partners[at] {
        at = end
      } else if isSymbol(at, ",") {
        parts.append(start..<at)
        start = at + 1
      }
      at += 1
    }
    return start < range.upperBound || !parts.isEmpty ? parts + [start..<range.upperBound] : []
  }

  /// Without brackets around the whole.
  func bare(_ range: Range<Int>) -> Range<Int> {
    var range = range
    while let inside = inside(range.lowerBound), inside.upperBound == range.upperBound - 1 { range = inside }
    return range
  }
}
