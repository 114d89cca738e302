extension Value {
  /// Reads one JSON document (RFC 8259). An integer beyond 64 bits and a fraction that no double writes back become
  /// `decimal`; of equal keys the last one counts. Throws `ExpressionError` whose offset is the byte in `text`.
  /// - Parameter refusingTwins: an object with a key twice is an error.
  public static func parseJSON(_ text: String, refusingTwins: Bool = false) throws -> Value {
    var reader = JSONReader(text, refusesTwins: refusingTwins)
    return try reader.document()
  }

  /// The same of a text that may be secret in part: so are then the values that the marked parts write.
  public static func parseJSON(_ text: MarkedText) throws -> Value {
    var reader = JSONReader(text.text, refusesTwins: false)
    reader.marks = text.marks
    return try reader.document()
  }
}

private struct JSONReader {
  /// Deeper documents are refused, because the reader recurses.
  private static let maxDepth = 500
  private let bytes: [UInt8]
  private var position = 0
  private let refusesTwins: Bool
  /// What of the text is secret.
  var marks = Marks.none
  /// What of the string that was read last is.
  private var found = Marks.none

  init(_ text: String, refusesTwins: Bool) {
    bytes = Array(text.utf8)
    self.refusesTwins = refusesTwins
  }

  mutating func document() throws(ExpressionError) -> Value {
    let value = try value(depth: 0)
    skipSpace()
    if position < bytes.count { throw error("expected the end") }
    return value
  }

  private func error(_ message: String) -> ExpressionError {
    ExpressionError("invalid JSON at byte \(position): \(message)", offset: position)
  }

  private mutating func skipSpace() {
    while position < bytes.count,
      bytes[position] == 32 || bytes[position] == 10 || bytes[position] == 13 || bytes[position] == 9
    {
      position += 1
    }
  }

  private mutating func take(_ byte: UInt8) -> Bool {
    skipSpace()
    guard position < bytes.count, bytes[position] == byte else { return false }
    position += 1
    return true
  }

  private mutating func value(depth: Int) throws(ExpressionError) -> Value {
    if depth > Self.maxDepth { throw error("more than \(Self.maxDepth) levels") }
    skipSpace()
    guard position < bytes.count else { throw error("expected a value, found the end") }
    switch bytes[position] {
    case UInt8(ascii: "{"): return try map(depth)
    case UInt8(ascii: "["): return try list(depth)
    case UInt8(ascii: "\""): return Value(MarkedText(try string(), found))
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    default:
      let start = position
      let number = try number()
      return marks.overlaps(start..<position) ? number.asSecret : number
    }
  }

  private mutating func word(_ word: String, _ value: Value) throws(ExpressionError) -> Value {
    guard bytes[position...].starts(with: word.utf8) else { throw error("expected a value") }
    position += word.utf8.count
    return value
  }

  private mutating func list(_ depth: Int) throws(ExpressionError) -> Value {
    position += 1
    var values: [Value] = []
    if take(UInt8(ascii: "]")) { return .list([]) }
    repeat { values.append(try value(depth: depth + 1)) } while take(UInt8(ascii: ","))
    guard take(UInt8(ascii: "]")) else { throw error("expected ',' or ']'") }
    return .list(values)
  }

  private mutating func map(_ depth: Int) throws(ExpressionError) -> Value {
    position += 1
    var map = ValueMap()
    if take(UInt8(ascii: "}")) { return .map(map) }
    repeat {
      skipSpace()
      guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else {
        throw error("expected a key in quotes")
      }
      let key = MarkedText(try string(), found)
      if refusesTwins, map[key.text] != nil { throw error("a key stands twice in an object") }
      guard take(UInt8(ascii: ":")) else { throw error("expected ':'") }
      let value = try value(depth: depth + 1)
      if key.isSecret { map.set(key, to: value) } else { map[key.text] = value }
    } while take(UInt8(ascii: ","))
    guard take(UInt8(ascii: "}")) else { throw error("expected ',' or '}'") }
    return .map(map)
  }

  private mutating func number() throws(ExpressionError) -> Value {
    let start = position
    if bytes[position] == UInt8(ascii: "-") { position += 1 }
    let whole = digits()
    guard whole > 0 else {
      position = start
      throw error("expected a value")
    }
    if whole > 1, bytes[position - whole] == UInt8(ascii: "0") { throw error("a number begins with 0") }
    if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
      position += 1
      if digits() == 0 { throw error("expected a digit after the point") }
    }
    if position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") {
      position += 1
      if position < bytes.count, bytes[position] == 0x2B || bytes[position] == 0x2D { position += 1 }
      if digits() == 0 { throw error("expected a digit of the exponent") }
    }
    let value = Value.number(String(decoding: bytes[start..<position], as: UTF8.self))
    if case .double(let number) = value, !number.isFinite { throw error("the number is too large") }
    return value
  }

  private mutating func digits() -> Int {
    let start = position
    while position < bytes.count, bytes[position].isDigit { position += 1 }
    return position - start
  }

  private mutating func string() throws(ExpressionError) -> String {
    position += 1
    var text: [UInt8] = []
    found = .none
    while position < bytes.count, bytes[position] != UInt8(ascii: "\"") {
      let byte = bytes[position]
      let start = (position, text.count)
      if byte < 32 { throw error("a control character in a string") }
      if byte == UInt8(ascii: "\\") {
        try escape(into: &text)
      } else {
        text.append(byte)
        position += 1
      }
      if !marks.isEmpty, marks.overlaps(start.0..<position) { found.add(start.1..<text.count) }
    }
    guard position < bytes.count else { throw error("the string is not closed") }
    position += 1
    return String(decoding: text, as: UTF8.self)
  }

  private mutating func escape(into text: inout [UInt8]) throws(ExpressionError) {
    position += 1
    guard position < bytes.count else { throw error("the string is not closed") }
    let letter = bytes[position]
    position += 1
    switch letter {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(letter)
    case UInt8(ascii: "b"): text.append(8)
    case UInt8(ascii: "f"): text.append(12)
    case UInt8(ascii: "n"): text.append(10)
    case UInt8(ascii: "r"): text.append(13)
    case UInt8(ascii: "t"): text.append(9)
    case UInt8(ascii: "u"): try unicode(into: &text)
    default: throw error("unknown escape")
    }
  }

  /// Four hex digits, and the second half of a surrogate pair; a lone half becomes U+FFFD.
  private mutating func unicode(into text: inout [UInt8]) throws(ExpressionError) {
    var code = try fourHexDigits()
    if (0xD800..<0xDC00).contains(code), bytes[position...].starts(with: "\\u".utf8) {
      let mark = position
      position += 2
      let low = try fourHexDigits()
      if (0xDC00..<0xE000).contains(low) {
        code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
      } else {
        position = mark
      }
    }
    text += Array(String(Character(Unicode.Scalar(code) ?? "\u{FFFD}")).utf8)
  }

  private mutating func fourHexDigits() throws(ExpressionError) -> UInt32 {
    let end = position + 4
    guard end <= bytes.count, bytes[position..<end].allSatisfy(\.isHexDigit),
      let code = UInt32(String(decoding: bytes[position..<end], as: UTF8.self), radix: 16)
    else { throw error("expected four hex digits") }
    position = end
    return code
  }
}
