/// JSON strings and the check whether some bytes are JSON, after RFC 8259.
public enum JSONText {
  /// Appends a quoted string; bytes must be UTF-8. Only what must be escaped is.
  public static func append(string bytes: UnsafeRawBufferPointer, to out: inout TextBuffer) {
    let room = unsafe out.reserve(bytes.count + 2)
    unsafe room[0] = UInt8(ascii: "\"")
    out.advance(1)
    var start = 0
    for at in 0..<bytes.count {
      let byte = unsafe bytes[at]
      if byte >= 0x20 && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\") { continue }
      if at > start { unsafe out.append(bytes: UnsafeRawBufferPointer(rebasing: bytes[start..<at])) }
      appendEscape(byte, to: &out)
      start = at + 1
    }
    if bytes.count > start { unsafe out.append(bytes: UnsafeRawBufferPointer(rebasing: bytes[start...])) }
    out.append(byte: UInt8(ascii: "\""))
  }

  private static func appendEscape(_ byte: UInt8, to out: inout TextBuffer) {
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
      unsafe out.append(byte: ValueText.hexDigits.utf8Start[Int(byte >> 4)])
      unsafe out.append(byte: ValueText.hexDigits.utf8Start[Int(byte & 15)])
    }
  }

  /// Appends a quoted text.
  public static func append(text: String, to out: inout TextBuffer) {
    var text = text
    text.withUTF8 { unsafe append(string: UnsafeRawBufferPointer($0), to: &out) }
  }

  /// Whether the bytes are exactly one JSON value with valid UTF-8 strings, nested at most `depth` deep.
  public static func isValid(_ bytes: UnsafeRawBufferPointer, depth: Int = 512) -> Bool {
    var scanner = unsafe JSONScanner(bytes, depth: depth)
    scanner.skipSpace()
    guard scanner.skipValue() else { return false }
    scanner.skipSpace()
    return unsafe scanner.isAtEnd && UTF8Text.isValid(bytes)
  }
}

/// Walks over JSON text; each `skip…` moves behind what it names and says whether it was there.
@safe public struct JSONScanner {
  let text: UnsafeRawBufferPointer
  public internal(set) var at = 0
  let maxDepth: Int

  public init(_ text: UnsafeRawBufferPointer, depth: Int = 512) {
    unsafe self.text = unsafe text
    maxDepth = depth
  }

  public var isAtEnd: Bool { unsafe at == text.count }
  /// 0 at the end.
  public var current: UInt8 { unsafe at < text.count ? text[at] : 0 }

  public mutating func skipSpace() {
    while unsafe at < text.count,
      unsafe text[at] == 0x20 || (text[at] >= 0x09 && text[at] <= 0x0D && text[at] != 0x0B && text[at] != 0x0C)
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
    guard unsafe at + length <= text.count else { return false }
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
    while unsafe at < text.count, unsafe text[at] &- 48 < 10 { at += 1 }
    return at > start
  }

  public mutating func skipString() -> Bool {
    guard skip(UInt8(ascii: "\"")) else { return false }
    while unsafe at < text.count {
      let byte = unsafe text[at]
      at += 1
      if byte == UInt8(ascii: "\"") { return true }
      if byte < 0x20 { return false }
      if byte == UInt8(ascii: "\\") && !skipEscape() { return false }
    }
    return false
  }

  private mutating func skipEscape() -> Bool {
    guard unsafe at < text.count else { return false }
    let kind = unsafe text[at]
    at += 1
    switch kind {
    case UInt8(ascii: "u"):
      guard unsafe at + 4 <= text.count else { return false }
      for index in 0..<4 where unsafe HexText.value(text[at + index]) == nil { return false }
      at += 4
      return true
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
      UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
      return true
    default: return false
    }
  }
}

/// Hexadecimal digits.
enum HexText {
  @inline(__always)
  static func value(_ digit: UInt8) -> UInt8? {
    if digit &- 48 < 10 { return digit &- 48 }
    let letter = (digit | 0x20) &- UInt8(ascii: "a")
    return letter < 6 ? letter + 10 : nil
  }
}

/// The check for well-formed UTF-8 (Unicode, table 3-7): no overlong forms, no surrogates, nothing past U+10FFFF.
public enum UTF8Text {
  public static func isValid(_ bytes: UnsafeRawBufferPointer) -> Bool { unsafe firstInvalid(bytes) == nil }

  /// The position of the first byte of the first ill-formed sequence.
  public static func firstInvalid(_ bytes: UnsafeRawBufferPointer) -> Int? {
    guard let base = bytes.baseAddress else { return nil }
    let count = bytes.count
    var at = 0
    while at < count {
      if at + 8 <= count, unsafe base.loadUnaligned(fromByteOffset: at, as: UInt64.self) & 0x8080_8080_8080_8080 == 0 {
        at += 8
        continue
      }
      let length = unsafe sequence(base + at, count - at)
      if length == 0 { return at }
      at += length
    }
    return nil
  }

  /// The length of the sequence that starts here, 0 when it is ill-formed.
  @inline(__always)
  private static func sequence(_ base: UnsafeRawPointer, _ left: Int) -> Int {
    let b = unsafe base.assumingMemoryBound(to: UInt8.self)
    let lead = unsafe b[0]
    if lead < 0x80 { return 1 }
    if lead < 0xC2 { return 0 }
    if lead < 0xE0 { return unsafe left >= 2 && b[1] & 0xC0 == 0x80 ? 2 : 0 }
    if lead < 0xF0 {
      guard left >= 3, unsafe b[1] & 0xC0 == 0x80, unsafe b[2] & 0xC0 == 0x80 else { return 0 }
      if unsafe lead == 0xE0 && b[1] < 0xA0 || lead == 0xED && b[1] >= 0xA0 { return 0 }
      return 3
    }
    guard lead <= 0xF4, left >= 4, unsafe b[1] & 0xC0 == 0x80, unsafe b[2] & 0xC0 == 0x80, unsafe b[3] & 0xC0 == 0x80
    else { return 0 }
    if unsafe lead == 0xF0 && b[1] < 0x90 || lead == 0xF4 && b[1] >= 0x90 { return 0 }
    return 4
  }
}

extension JSONText {
  /// Appends what the inside of a JSON string means, as UTF-8; false for a lone surrogate that is not to be replaced.
  public static func unescape(
    _ text: UnsafeRawBufferPointer, to out: inout TextBuffer, replacingSurrogates: Bool = false
  ) -> Bool {
    var at = 0
    while at < text.count {
      let byte = unsafe text[at]
      at += 1
      guard byte == UInt8(ascii: "\\"), at < text.count else {
        out.append(byte: byte)
        continue
      }
      let kind = unsafe text[at]
      at += 1
      switch kind {
      case UInt8(ascii: "b"): out.append(byte: 0x08)
      case UInt8(ascii: "f"): out.append(byte: 0x0C)
      case UInt8(ascii: "n"): out.append(byte: 0x0A)
      case UInt8(ascii: "r"): out.append(byte: 0x0D)
      case UInt8(ascii: "t"): out.append(byte: 0x09)
      case UInt8(ascii: "u"):
        let digits = at
        if let scalar = unsafe scalar(text, &at) {
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

  private static func unit(_ text: UnsafeRawBufferPointer, _ at: inout Int) -> UInt32? {
    guard at + 4 <= text.count else { return nil }
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let digit = unsafe HexText.value(text[at]) else { return nil }
      value = value << 4 | UInt32(digit)
      at += 1
    }
    return value
  }

  private static func scalar(_ text: UnsafeRawBufferPointer, _ at: inout Int) -> UInt32? {
    guard let first = unsafe unit(text, &at) else { return nil }
    guard first >= 0xD800, first < 0xE000 else { return first }
    guard first < 0xDC00, at + 6 <= text.count, unsafe text[at] == UInt8(ascii: "\\"),
      unsafe text[at + 1] == UInt8(ascii: "u")
    else {
      return nil
    }
    at += 2
    guard let second = unsafe unit(text, &at), second >= 0xDC00, second < 0xE000 else { return nil }
    return 0x10000 + (first - 0xD800) << 10 + (second - 0xDC00)
  }

  private static func append(_ scalar: UInt32, to out: inout TextBuffer) {
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
  public static func append(json text: UnsafeRawBufferPointer, replacingSurrogatesTo out: inout TextBuffer) {
    var at = 0
    while at < text.count {
      let start = at
      at += 1
      if unsafe text[start] == UInt8(ascii: "\\"), at < text.count {
        let kind = unsafe text[at]
        at += 1
        if kind == UInt8(ascii: "u"), unsafe scalar(text, &at) == nil {
          out.append("\\ufffd")
          at = min(start + 6, text.count)
          continue
        }
      }
      unsafe out.append(bytes: UnsafeRawBufferPointer(rebasing: text[start..<at]))
    }
  }
}
