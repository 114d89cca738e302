/// A word of an expression with its place in the source.
struct Token: Equatable {
  enum Kind: Equatable {
    case name(String)
    case string(String)
    /// A double-quoted string with `#{…}`: its pieces, where an expression is the range of its bytes in the source.
    case interpolated([Piece])
    case number(Value)
    case symbol(String)
    case end
  }
  enum Piece: Equatable {
    case text(String)
    case code(Range<Int>)
  }
  let kind: Kind
  let offset: Int
}

/// Splits the inside of one tag into tokens.
struct Lexer {
  private let bytes: [UInt8]
  private var position: Int
  private let limit: Int
  private static let symbols = [
    "???", "??", "==", "!=", "<=", ">=", "..", "&&", "||", "+", "-", "*", "/", "%", "~", "|", "(", ")", "[", "]", "{",
    "}",
    ",", ":", "?", ".", "<", ">", "=", "!",
  ].map { Array($0.utf8) }

  /// Reads from `range` of the source.
  init(_ bytes: [UInt8], range: Range<Int>) {
    self.bytes = bytes
    position = range.lowerBound
    limit = range.upperBound
  }

  /// All tokens up to the end of the range.
  mutating func tokens() throws(ExpressionError) -> [Token] {
    var tokens: [Token] = []
    while let token = try next(after: tokens.last) { tokens.append(token) }
    return tokens + [Token(kind: .end, offset: limit)]
  }

  /// The tokens up to a closing delimiter (`}}` or `%}`, perhaps with `-` before it) that is in no bracket and no
  /// string, and where that ends; nil when the source ends first.
  mutating func tokens(until close: String) throws(ExpressionError) -> (tokens: [Token], end: Int, trims: Bool)? {
    let close = Array(close.utf8)
    var tokens: [Token] = []
    var braces = 0
    while true {
      skipSpace()
      if position >= limit { return nil }
      let trims = bytes[position] == UInt8(ascii: "-") && starts(with: close, at: position + 1)
      if braces == 0, trims || starts(with: close, at: position) {
        tokens.append(Token(kind: .end, offset: position))
        return (tokens, position + close.count + (trims ? 1 : 0), trims)
      }
      guard let token = try next(after: tokens.last) else { return nil }
      if token.kind == .symbol("{") { braces += 1 }
      if token.kind == .symbol("}") { braces -= 1 }
      tokens.append(token)
    }
  }

  private func starts(with text: [UInt8], at place: Int) -> Bool {
    place + text.count <= limit && bytes[place..<place + text.count].elementsEqual(text)
  }

  private mutating func skipSpace() {
    while position < limit, bytes[position].isSpace { position += 1 }
  }

  private mutating func next(after previous: Token?) throws(ExpressionError) -> Token? {
    skipSpace()
    guard position < limit else { return nil }
    let start = position
    let byte = bytes[position]
    if byte.isNameStart {
      while position < limit, bytes[position].isNameStart || bytes[position].isDigit { position += 1 }
      return Token(kind: .name(text(start..<position)), offset: start)
    }
    if byte.isDigit { return Token(kind: .number(number(isIndex: previous?.kind == .symbol("."))), offset: start) }
    if byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"") { return try string() }
    for symbol in Self.symbols where starts(with: symbol, at: position) {
      position += symbol.count
      return Token(kind: .symbol(text(start..<position)), offset: start)
    }
    throw ExpressionError("unexpected character '\(character(at: position))'", offset: position)
  }

  private func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

  private func character(at place: Int) -> Character {
    text(place..<min(place + 16, limit)).first ?? " "
  }

  /// Digits, then a fraction and an exponent; after a dot (`list.0.1`) digits only.
  private mutating func number(isIndex: Bool) -> Value {
    let start = position
    func digits() { while position < limit, bytes[position].isDigit { position += 1 } }
    digits()
    if !isIndex {
      if position + 1 < limit, bytes[position] == UInt8(ascii: "."), bytes[position + 1].isDigit {
        position += 1
        digits()
      }
      if position < limit, bytes[position] | 0x20 == UInt8(ascii: "e") {
        let signed = position + 1 < limit && (bytes[position + 1] == 0x2B || bytes[position + 1] == 0x2D)
        let first = position + (signed ? 2 : 1)
        if first < limit, bytes[first].isDigit {
          position = first
          digits()
        }
      }
      if position < limit, bytes[position] == UInt8(ascii: "L") {  // Java's long suffix, which Pebble allows
        position += 1
        return Value.number(text(start..<position - 1))
      }
    }
    return Value.number(text(start..<position))
  }

  private mutating func string() throws(ExpressionError) -> Token {
    let start = position
    let quote = bytes[position]
    var pieces: [Token.Piece] = []
    var current: [UInt8] = []
    position += 1
    while position < limit, bytes[position] != quote {
      if bytes[position] == UInt8(ascii: "\\"), position + 1 < limit {
        try escape(into: &current)
      } else if quote == UInt8(ascii: "\""), starts(with: Array("#{".utf8), at: position) {
        pieces.append(.text(String(decoding: current, as: UTF8.self)))
        current = []
        pieces.append(.code(try interpolation()))
      } else {
        current.append(bytes[position])
        position += 1
      }
    }
    guard position < limit else { throw ExpressionError("this string is not closed", offset: start) }
    position += 1
    let rest = String(decoding: current, as: UTF8.self)
    if pieces.isEmpty { return Token(kind: .string(rest), offset: start) }
    return Token(kind: .interpolated(pieces + [.text(rest)]), offset: start)
  }

  /// `#{ code }` within a string: the range of the code.
  private mutating func interpolation() throws(ExpressionError) -> Range<Int> {
    let start = position
    position += 2
    let first = position
    // It may hold texts and maps with braces of their own, and texts in the same quotes.
    var inside = Lexer(bytes, range: first..<limit)
    guard let (_, end, trims) = try inside.tokens(until: "}") else {
      throw ExpressionError("'#{' is not closed", offset: start)
    }
    position = end
    return first..<end - (trims ? 2 : 1)
  }

  /// An unknown escape stays as it is written, so that '\d+' is a regular expression.
  private mutating func escape(into text: inout [UInt8]) throws(ExpressionError) {
    let start = position
    let letter = bytes[position + 1]
    position += 2
    switch letter {
    case UInt8(ascii: "n"): text.append(10)
    case UInt8(ascii: "t"): text.append(9)
    case UInt8(ascii: "r"): text.append(13)
    case UInt8(ascii: "\\"), UInt8(ascii: "'"), UInt8(ascii: "\""): text.append(letter)
    case UInt8(ascii: "u"):
      let digits = position + 4 <= limit ? String(decoding: bytes[position..<position + 4], as: UTF8.self) : ""
      guard digits.utf8.allSatisfy(\.isHexDigit), let code = UInt32(digits, radix: 16),
        let scalar = Unicode.Scalar(code)
      else { throw ExpressionError("'\\u' is not followed by the four hex digits of a character", offset: start) }
      text.append(contentsOf: String(Character(scalar)).utf8)
      position += 4
    default: text.append(contentsOf: [UInt8(ascii: "\\"), letter])
    }
  }
}

extension UInt8 {
  var isSpace: Bool { self == 32 || (9...13).contains(self) }
  var isDigit: Bool { (0x30...0x39).contains(self) }
  var isHexDigit: Bool { isDigit || (0x61...0x66).contains(self | 0x20) }
  /// Letters, `_`, `$` and every byte of a character outside ASCII.
  var isNameStart: Bool { (0x61...0x7A).contains(self | 0x20) || self == 0x5F || self == 0x24 || self >= 0x80 }
}
