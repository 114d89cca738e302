/// Text for a person. What is put into it from outside (data, messages, names) is made harmless on the way in: a
/// control character is shown (`\u001B`) and not sent, so no value can move the cursor, rename the window or hide a
/// line. Only literals and `painted` bring their own.
struct TerminalText: ExpressibleByStringInterpolation, Sendable, Equatable {
  private(set) var text: String

  init(stringLiteral value: String) { text = value }
  init(stringInterpolation: StringInterpolation) { text = stringInterpolation.text }

  /// Text from outside, line breaks and tabs kept.
  init(_ outside: some CustomStringConvertible) { text = TerminalText.shown(outside.description) }

  /// Text from outside that has to stay on one line.
  init(line outside: some CustomStringConvertible) {
    text = TerminalText.shown(String(outside.description.map { $0.isNewline || $0 == "\t" ? " " : $0 }))
  }

  struct StringInterpolation: StringInterpolationProtocol {
    fileprivate var text = ""
    init(literalCapacity: Int, interpolationCount: Int) { text.reserveCapacity(literalCapacity) }
    mutating func appendLiteral(_ literal: String) { text += literal }
    mutating func appendInterpolation(_ part: TerminalText) { text += part.text }
    mutating func appendInterpolation(_ outside: some CustomStringConvertible) { text += shown(outside.description) }
    mutating func appendInterpolation(line outside: some CustomStringConvertible) {
      text += TerminalText(line: outside).text
    }
  }

  static func += (text: inout TerminalText, more: TerminalText) { text.text += more.text }
  static func + (a: TerminalText, b: TerminalText) -> TerminalText { "\(a)\(b)" }

  var isEmpty: Bool { text.isEmpty }

  var withoutTrailingSpace: TerminalText {
    var copy = self
    while copy.text.last == " " { copy.text.removeLast() }
    return copy
  }

  /// In a colour or another look, by its SGR code.
  func painted(_ code: Int) -> TerminalText { "\u{1B}[\(code)m\(self)\u{1B}[0m" }

  /// The columns that it takes on a terminal. An escape character can only be one of `painted`.
  var width: Int {
    var width = 0
    var isCode = false
    for character in text {
      if character == "\u{1B}" { isCode = true }
      if !isCode { width += TerminalText.width(character) }
      if isCode && character == "m" { isCode = false }
    }
    return width
  }

  /// The beginning of an unpainted text, with … where something is missing.
  func cut(to columns: Int) -> TerminalText {
    guard width > columns else { return self }
    var left = columns - 1
    var copy = self
    copy.text = String(
      text.prefix { character in
        left -= TerminalText.width(character)
        return left >= 0
      })
    return copy + (columns > 0 ? "…" : "")
  }

  /// East Asian wide characters and emoji take two columns, combining marks none.
  private static func width(_ character: Character) -> Int {
    switch character.unicodeScalars.first?.value ?? 0 {
    case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60,
      0xFFE0...0xFFE6, 0x1F300...0x1FAFF, 0x20000...0x3FFFD:
      2
    default: 1
    }
  }

  /// C0 (but for line break and tab), DEL, C1, and what turns the order of characters round.
  private static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x0A, 0x09: false
    case 0..<0x20, 0x7F...0x9F, 0x202A...0x202E, 0x2066...0x2069: true
    default: false
    }
  }

  private static func shown(_ text: String) -> String {
    // Nearly all texts have none: no look at their characters then.
    guard text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F || $0 == 0xC2 || $0 == 0xE2 }) else { return text }
    var shown = String.UnicodeScalarView()
    let scalars = Array(text.unicodeScalars)
    for (index, scalar) in scalars.enumerated() {
      if scalar == "\r" && index + 1 < scalars.count && scalars[index + 1] == "\n" { continue }
      guard isHidden(scalar) else {
        shown.append(scalar)
        continue
      }
      let digits = String(scalar.value, radix: 16, uppercase: true)
      shown.append(contentsOf: "\\u\(String(repeating: "0", count: 4 - digits.count))\(digits)".unicodeScalars)
    }
    return String(shown)
  }
}

extension Sequence where Element == TerminalText {
  func joined(_ separator: TerminalText = "") -> TerminalText {
    var text: TerminalText = ""
    for (index, part) in enumerated() { text += index > 0 ? separator + part : part }
    return text
  }
}
