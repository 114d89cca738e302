internal import Records

/// Where and why bytes are no JSON value: for messages, once a row was refused. It names the kinds of characters, never
/// a value.
struct JSONFault: Error, Equatable {
  let at: Int
  let reason: String
  /// The bytes end before the value does.
  var isOpen = false

  /// Nil where nothing is found.
  static func find(_ bytes: Span<UInt8>) -> JSONFault? {
    var walk = JSONWalk(bytes)
    do {
      try walk.document()
      return nil
    } catch {
      return error
    }
  }
}

/// Walks over one value, however deep, without recursion.
private struct JSONWalk: ~Escapable {
  private struct Level {
    let isObject: Bool
    let start: Int

    var end: UInt8 { UInt8(ascii: isObject ? "}" : "]") }
  }

  private let text: Span<UInt8>
  private var at = 0
  private var levels: [Level] = []

  @_lifetime(copy text)
  init(_ text: Span<UInt8>) { self.text = text }

  mutating func document() throws(JSONFault) {
    repeat {
      skipSpace()
      if try open() { continue }
      while try !isNext() { if levels.isEmpty { break } }
    } while !levels.isEmpty
    skipSpace()
    if current != nil { throw fault("\(shown) stands behind its end") }
  }

  private var current: UInt8? { at < text.count ? text[at] : nil }

  private func fault(_ reason: String, at place: Int? = nil, isOpen: Bool = false) -> JSONFault {
    JSONFault(at: place ?? at, reason: reason, isOpen: isOpen)
  }

  /// The character that is there, in words that give no value away.
  private var shown: String {
    switch current {
    case nil: "the end"
    case UInt8(ascii: "'")?: "a single quote"
    case let byte? where byte &- 48 < 10: "a digit"
    case let byte? where (byte | 0x20) &- 97 < 26: "a letter"
    case let byte? where byte < 0x20 || byte == 0x7F: "a control character"
    case let byte? where byte < 0x7F: "'\(Character(Unicode.Scalar(byte)))'"
    default: "a character"
    }
  }

  private mutating func skipSpace() {
    while let byte = current, JSONRowFinder.isSpace(byte) { at += 1 }
  }

  /// Goes into an object or array, up to its first value, or over a scalar or what is empty: false then.
  private mutating func open() throws(JSONFault) -> Bool {
    guard current == UInt8(ascii: "{") || current == UInt8(ascii: "[") else {
      try scalar()
      return false
    }
    let level = Level(isObject: current == UInt8(ascii: "{"), start: at)
    at += 1
    skipSpace()
    if current == level.end {
      at += 1
      return false
    }
    levels.append(level)
    if level.isObject { try key() }
    return true
  }

  /// Behind a value: whether another one of the same object or array follows. Closes one of them where it ends.
  private mutating func isNext() throws(JSONFault) -> Bool {
    guard let level = levels.last else { return false }
    skipSpace()
    switch current {
    case nil: throw fault("\(level.isObject ? "an object" : "an array") is not closed", at: level.start, isOpen: true)
    case level.end?:
      at += 1
      levels.removeLast()
      return false
    case UInt8(ascii: ",")?:
      let comma = at
      at += 1
      skipSpace()
      if current == level.end { throw fault("a comma stands in front of \(shown)", at: comma) }
      if level.isObject { try key() }
      return true
    default: throw fault("\(shown) stands where ',' or '\(level.isObject ? "}" : "]")' is expected")
    }
  }

  private mutating func key() throws(JSONFault) {
    if current == nil, let level = levels.last { throw fault("an object is not closed", at: level.start, isOpen: true) }
    guard current == UInt8(ascii: "\"") else { throw fault("\(shown) stands where a key in quotes is expected") }
    try string()
    skipSpace()
    guard current == UInt8(ascii: ":") else {
      throw fault("\(shown) stands where ':' is expected", isOpen: current == nil)
    }
    at += 1
  }

  // MARK: scalars

  private mutating func scalar() throws(JSONFault) {
    switch current {
    case UInt8(ascii: "\"")?: try string()
    case UInt8(ascii: "-")?: try number()
    case let byte? where byte &- 48 < 10: try number()
    case let byte? where (byte | 0x20) &- 97 < 26: try word()
    default: throw fault("\(shown) stands where a value is expected", isOpen: current == nil)
    }
  }

  private mutating func word() throws(JSONFault) {
    let start = at
    while let byte = current, (byte | 0x20) &- 97 < 26 || byte &- 48 < 10 || byte == 0x5F { at += 1 }
    let word = text.extracting(start..<at)
    let isKnown = ["true", "false", "null"].contains { word.isExactly($0.utf8.span) }
    if !isKnown { throw fault("a word stands there that is not true, false or null", at: start) }
  }

  private mutating func number() throws(JSONFault) {
    let start = at
    if current == UInt8(ascii: "-") { at += 1 }
    let isZero = current == UInt8(ascii: "0")
    let whole = digits()
    if whole == 0 { throw fault("no digit stands behind the sign of a number", at: start) }
    if isZero, whole > 1 { throw fault("a number begins with 0", at: start) }
    if current == UInt8(ascii: ".") {
      at += 1
      if digits() == 0 { throw fault("no digit stands behind the point of a number", at: start) }
    }
    guard let mark = current, mark | 0x20 == UInt8(ascii: "e") else { return }
    at += 1
    if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { at += 1 }
    if digits() == 0 { throw fault("no digit stands in the exponent of a number", at: start) }
  }

  private mutating func digits() -> Int {
    let start = at
    while let byte = current, byte &- 48 < 10 { at += 1 }
    return at - start
  }

  private mutating func string() throws(JSONFault) {
    let start = at
    at += 1
    while let byte = current {
      if byte == UInt8(ascii: "\"") {
        at += 1
        return
      }
      if byte < 0x20 { throw fault("a control character stands in a text") }
      at += byte == UInt8(ascii: "\\") ? 2 : 1
    }
    throw fault("a text in quotes is not closed", at: start, isOpen: true)
  }
}
