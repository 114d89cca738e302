/// JSON strings and the check whether some bytes are JSON, after RFC 8259.
public enum JSONText {
  /// Appends a quoted string; bytes must be UTF-8. Only what must be escaped is.
  public static func append(string bytes: Span<UInt8>, to out: inout ByteBuffer) {
    out.reserveCapacity(bytes.count + 2)
    out.append(byte: UInt8(ascii: "\""))
    var start = 0
    for at in bytes.indices {
      let byte = bytes[at]
      if byte >= 0x20 && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\") { continue }
      if at > start { out.append(bytes.extracting(start..<at)) }
      appendEscape(byte, to: &out)
      start = at + 1
    }
    if bytes.count > start { out.append(bytes.extracting(droppingFirst: start)) }
    out.append(byte: UInt8(ascii: "\""))
  }

  private static func appendEscape(_ byte: UInt8, to out: inout ByteBuffer) {
    switch byte {
    case UInt8(ascii: "\""): out.append("\\\"")
    case UInt8(ascii: "\\"): out.append("\\\\")
    case 0x08: out.append("\\b")
    case 0x09: out.append("\\t")
    case 0x0A: out.append("\\n")
    case 0x0C: out.append("\\f")
    case 0x0D: out.append("\\r")
    default:
      out.append("\\u00")
      out.append(byte: HexText.digit(byte >> 4))
      out.append(byte: HexText.digit(byte & 15))
    }
  }

  /// Appends a quoted text.
  public static func append(text: String, to out: inout ByteBuffer) {
    append(string: text.utf8.span, to: &out)
  }

  /// Whether the bytes are exactly one JSON value with valid UTF-8 strings, nested at most `depth` deep.
  public static func isValid(_ bytes: Span<UInt8>, depth: Int = 512) -> Bool {
    var scanner = JSONScanner(bytes, depth: depth)
    scanner.skipSpace()
    guard scanner.skipValue() else { return false }
    scanner.skipSpace()
    return scanner.isAtEnd && UTF8Text.isValid(bytes)
  }
}

/// Walks over JSON text; each `skip…` moves behind what it names and says whether it was there.
public struct JSONScanner: ~Escapable {
  let text: Span<UInt8>
  public internal(set) var at = 0
  let maxDepth: Int

  @_lifetime(copy text)
  public init(_ text: Span<UInt8>, depth: Int = 512) {
    self.text = text
    maxDepth = depth
  }

  public var isAtEnd: Bool { at == text.count }
  /// 0 at the end.
  public var current: UInt8 { at < text.count ? text[at] : 0 }

  public mutating func skipSpace() {
    while at < text.count,
      text[at] == 0x20 || (text[at] >= 0x09 && text[at] <= 0x0D && text[at] != 0x0B && text[at] != 0x0C)
    {
      at += 1
    }
  }

  public mutating func skip(_ byte: UInt8) -> Bool {
    guard current == byte, !isAtEnd else { return false }
    at += 1
    return true
  }

  /// Skips a whole value, however deep, without recursion.
  public mutating func skipValue() -> Bool {
    // One entry a level: whether it is an object.
    var levels: [Bool] = []
    while true {
      if current == UInt8(ascii: "{") || current == UInt8(ascii: "[") {
        let isObject = current == UInt8(ascii: "{")
        at += 1
        skipSpace()
        if skip(isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) {
          if closeLevels(&levels) == nil { return false }
          if levels.isEmpty { return true }
          continue
        }
        if levels.count == maxDepth { return false }
        levels.append(isObject)
        if isObject && !skipKey() { return false }
        continue
      }
      guard skipScalar() else { return false }
      guard closeLevels(&levels) != nil else { return false }
      if levels.isEmpty { return true }
    }
  }

  /// After a value: takes commas and closing brackets. Nil when the text goes on wrongly.
  private mutating func closeLevels(_ levels: inout [Bool]) -> Bool? {
    while let isObject = levels.last {
      skipSpace()
      if skip(UInt8(ascii: ",")) {
        skipSpace()
        return !isObject || skipKey() ? true : nil
      }
      guard skip(isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) else { return nil }
      levels.removeLast()
    }
    return true
  }

  private mutating func skipKey() -> Bool {
    guard skipString() else { return false }
    skipSpace()
    guard skip(UInt8(ascii: ":")) else { return false }
    skipSpace()
    return true
  }

  mutating func skipScalar() -> Bool {
    switch current {
    case UInt8(ascii: "\""): skipString()
    case UInt8(ascii: "t"): skipWord("true")
    case UInt8(ascii: "f"): skipWord("false")
    case UInt8(ascii: "n"): skipWord("null")
    default: skipNumber()
    }
  }

  private mutating func skipWord(_ word: StaticString) -> Bool {
    let length = word.utf8CodeUnitCount
    guard at + length <= text.count else { return false }
    for index in 0..<length where unsafe text[at + index] != word.utf8Start[index] { return false }
    at += length
    return true
  }

  private mutating func skipNumber() -> Bool {
    _ = skip(UInt8(ascii: "-"))
    if !skip(UInt8(ascii: "0")) && !skipDigits() { return false }
    if skip(UInt8(ascii: ".")) && !skipDigits() { return false }
    if current | 0x20 == UInt8(ascii: "e") {
      at += 1
      if !skip(UInt8(ascii: "-")) { _ = skip(UInt8(ascii: "+")) }
      return skipDigits()
    }
    return true
  }

  private mutating func skipDigits() -> Bool {
    let start = at
    while at < text.count, text[at] &- 48 < 10 { at += 1 }
    return at > start
  }

  public mutating func skipString() -> Bool {
    guard skip(UInt8(ascii: "\"")) else { return false }
    while at < text.count {
      let byte = text[at]
      at += 1
      if byte == UInt8(ascii: "\"") { return true }
      if byte < 0x20 { return false }
      if byte == UInt8(ascii: "\\") && !skipEscape() { return false }
    }
    return false
  }

  private mutating func skipEscape() -> Bool {
    guard at < text.count else { return false }
    let kind = text[at]
    at += 1
    switch kind {
    case UInt8(ascii: "u"):
      guard at + 4 <= text.count else { return false }
      for index in 0..<4 where HexText.value(text[at + index]) == nil { return false }
      at += 4
      return true
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
      UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
      return true
    default: return false
    }
  }
}

/// The check for well-formed UTF-8 (Unicode, table 3-7): no overlong forms, no surrogates, nothing past U+10FFFF.
public enum UTF8Text {
  public static func isValid(_ bytes: Span<UInt8>) -> Bool { firstInvalid(bytes) == nil }

  /// The position of the first byte of the first ill-formed sequence.
  public static func firstInvalid(_ text: Span<UInt8>) -> Int? {
    let count = text.count
    var at = 0
    while at < count {
      if at + 8 <= count, text.eight(at: at) & 0x8080_8080_8080_8080 == 0 {
        at += 8
        continue
      }
      let length = sequence(text, at)
      if length == 0 { return at }
      at += length
    }
    return nil
  }

  /// The length of the sequence that starts at a place, 0 when it is ill-formed.
  @inline(__always)
  private static func sequence(_ text: Span<UInt8>, _ at: Int) -> Int {
    let left = text.count - at
    let lead = text[at]
    if lead < 0x80 { return 1 }
    if lead < 0xC2 { return 0 }
    if lead < 0xE0 { return left >= 2 && text[at + 1] & 0xC0 == 0x80 ? 2 : 0 }
    guard left >= 3 else { return 0 }
    let (second, third) = (text[at + 1], text[at + 2])
    guard second & 0xC0 == 0x80, third & 0xC0 == 0x80 else { return 0 }
    if lead < 0xF0 { return lead == 0xE0 && second < 0xA0 || lead == 0xED && second >= 0xA0 ? 0 : 3 }
    guard lead <= 0xF4, left >= 4, text[at + 3] & 0xC0 == 0x80 else { return 0 }
    return lead == 0xF0 && second < 0x90 || lead == 0xF4 && second >= 0x90 ? 0 : 4
  }
}

extension JSONText {
  /// Appends what the inside of a JSON string means, as UTF-8; false for a lone surrogate that is not to be replaced.
  public static func unescape(
    _ text: Span<UInt8>, to out: inout ByteBuffer, replacingSurrogates: Bool = false
  ) -> Bool {
    var at = 0
    while at < text.count {
      let byte = text[at]
      at += 1
      guard byte == UInt8(ascii: "\\"), at < text.count else {
        out.append(byte: byte)
        continue
      }
      let kind = text[at]
      at += 1
      switch kind {
      case UInt8(ascii: "b"): out.append(byte: 0x08)
      case UInt8(ascii: "f"): out.append(byte: 0x0C)
      case UInt8(ascii: "n"): out.append(byte: 0x0A)
      case UInt8(ascii: "r"): out.append(byte: 0x0D)
      case UInt8(ascii: "t"): out.append(byte: 0x09)
      case UInt8(ascii: "u"):
        let digits = at
        if let scalar = scalar(text, &at) {
          append(scalar, to: &out)
        } else {
          guard replacingSurrogates else { return false }
          append(0xFFFD, to: &out)
          at = min(digits + 4, text.count)
        }
      default: out.append(byte: kind)
      }
    }
    return true
  }

  private static func unit(_ text: Span<UInt8>, _ at: inout Int) -> UInt32? {
    guard at + 4 <= text.count else { return nil }
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let digit = HexText.value(text[at]) else { return nil }
      value = value << 4 | UInt32(digit)
      at += 1
    }
    return value
  }

  private static func scalar(_ text: Span<UInt8>, _ at: inout Int) -> UInt32? {
    guard let first = unit(text, &at) else { return nil }
    guard first >= 0xD800, first < 0xE000 else { return first }
    guard first < 0xDC00, at + 6 <= text.count, text[at] == UInt8(ascii: "\\"),
      text[at + 1] == UInt8(ascii: "u")
    else {
      return nil
    }
    at += 2
    guard let second = unit(text, &at), second >= 0xDC00, second < 0xE000 else { return nil }
    return 0x10000 + (first - 0xD800) << 10 + (second - 0xDC00)
  }

  private static func append(_ scalar: UInt32, to out: inout ByteBuffer) {
    if scalar < 0x80 { return out.append(byte: UInt8(scalar)) }
    if scalar < 0x800 {
      out.append(byte: UInt8(0xC0 | scalar >> 6))
    } else {
      if scalar < 0x10000 {
        out.append(byte: UInt8(0xE0 | scalar >> 12))
      } else {
        out.append(byte: UInt8(0xF0 | scalar >> 18))
        out.append(byte: UInt8(0x80 | scalar >> 12 & 0x3F))
      }
      out.append(byte: UInt8(0x80 | scalar >> 6 & 0x3F))
    }
    out.append(byte: UInt8(0x80 | scalar & 0x3F))
  }
}

extension JSONText {
  /// Appends valid JSON text with `\\ufffd` in place of each half of a surrogate pair.
  public static func append(json text: Span<UInt8>, replacingSurrogatesTo out: inout ByteBuffer) {
    var at = 0
    while at < text.count {
      let start = at
      at += 1
      if text[start] == UInt8(ascii: "\\"), at < text.count {
        let kind = text[at]
        at += 1
        if kind == UInt8(ascii: "u"), scalar(text, &at) == nil {
          out.append("\\ufffd")
          at = min(start + 6, text.count)
          continue
        }
      }
      out.append(text.extracting(start..<at))
    }
  }
}
