/// A regular expression in Java's syntax, which Kestra's flows are written in, as PCRE2 reads it. They differ in
/// classes within classes (`[a-z&&[^aeiou]]`), in `\p{Lower}` and its like, in `\u0041` and in the flag `u`.
struct JavaPattern {
  private let bytes: [UInt8]
  private var position = 0
  private var depth = 0

  static func translated(_ pattern: String) throws -> [UInt8] {
    var reader = JavaPattern(bytes: Array(pattern.utf8))
    return try reader.whole()
  }

  private init(bytes: [UInt8]) { self.bytes = bytes }

  private mutating func whole() throws -> [UInt8] {
    var output: [UInt8] = []
    while let byte = peek {
      switch byte {
      case UInt8(ascii: "\\"): output += try escape(inClass: false)
      case UInt8(ascii: "["): output += try characterClass()
      case UInt8(ascii: "(") where starts("(?"): output += group()
      default:
        output.append(byte)
        position += 1
      }
    }
    return output
  }

  private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

  private func starts(_ text: String) -> Bool { bytes[position...].starts(with: text.utf8) }

  /// `(?iu)`: without regard to case PCRE2 knows all letters anyway.
  private mutating func group() -> [UInt8] {
    position += 2
    let flags = bytes[position...].prefix { "idmsuxU-".utf8.contains($0) }
    guard !flags.isEmpty, let end = bytes[(position + flags.count)...].first, end == UInt8(ascii: ")") || end == 0x3A
    else { return Array("(?".utf8) }
    position += flags.count
    return Array("(?".utf8) + flags.filter { $0 != UInt8(ascii: "u") && $0 != UInt8(ascii: "d") }
  }

  // MARK: Escapes

  private mutating func escape(inClass: Bool) throws -> [UInt8] {
    guard position + 1 < bytes.count else {
      position += 1
      return [UInt8(ascii: "\\")]
    }
    let letter = bytes[position + 1]
    switch letter {
    case UInt8(ascii: "u"):
      if let code = unicode() { return Array("\\x{\(String(code, radix: 16))}".utf8) }
    case UInt8(ascii: "p"), UInt8(ascii: "P"):
      if let property = property(isNegated: letter == UInt8(ascii: "P"), inClass: inClass) { return property }
    case UInt8(ascii: "Q"): return quoted()
    default: break
    }
    position += 2
    return [UInt8(ascii: "\\"), letter]
  }

  /// Everything up to `\E` stands for itself.
  private mutating func quoted() -> [UInt8] {
    position += 2
    let start = position
    while position < bytes.count, !starts("\\E") { position += 1 }
    let text = bytes[start..<position]
    position = min(position + 2, bytes.count)
    return text.flatMap { $0.isNameStart && $0 < 0x80 || $0.isDigit || $0 >= 0x80 ? [$0] : [UInt8(ascii: "\\"), $0] }
  }

  /// `\u0041`, or the two halves of a character beyond U+FFFF; moves on only when it is one.
  private mutating func unicode() -> UInt32? {
    func code(_ at: Int) -> UInt32? {
      guard at + 6 <= bytes.count, bytes[at...].starts(with: "\\u".utf8) else { return nil }
      let digits = bytes[(at + 2)..<(at + 6)]
      return digits.allSatisfy(\.isHexDigit) ? UInt32(String(decoding: digits, as: UTF8.self), radix: 16) : nil
    }
    guard let first = code(position) else { return nil }
    position += 6
    if (0xD800..<0xDC00).contains(first), let second = code(position), (0xDC00..<0xE000).contains(second) {
      position += 6
      return 0x10000 + (first - 0xD800) << 10 + (second - 0xDC00)
    }
    return first
  }

  /// Java's names of sets of ASCII, by POSIX's.
  private static let posix: [String: String] = [
    "Lower": "lower", "Upper": "upper", "Alpha": "alpha", "Digit": "digit", "Alnum": "alnum", "Punct": "punct",
    "Graph": "graph", "Print": "print", "Blank": "blank", "Cntrl": "cntrl", "XDigit": "xdigit", "Space": "space",
    "ASCII": "ascii",
  ]
  /// Java's names of Unicode's properties, by the categories that PCRE2 knows.
  private static let categories: [String: String] = [
    "IsAlphabetic": "L", "IsLetter": "L", "IsLowercase": "Ll", "IsUppercase": "Lu", "IsDigit": "Nd",
    "IsPunctuation": "P", "IsWhite_Space": "Xps", "javaLowerCase": "Ll", "javaUpperCase": "Lu", "javaLetter": "L",
    "javaDigit": "Nd", "javaLetterOrDigit": "Xan", "javaWhitespace": "Xps",
  ]

  private mutating func property(isNegated: Bool, inClass: Bool) -> [UInt8]? {
    guard position + 2 < bytes.count, bytes[position + 2] == UInt8(ascii: "{"),
      let end = bytes[position...].firstIndex(of: UInt8(ascii: "}"))
    else { return nil }
    var name = String(decoding: bytes[(position + 3)..<end], as: UTF8.self)
    for prefix in ["IsScript=", "script=", "sc=", "general_category=", "gc="] where name.hasPrefix(prefix) {
      name.removeFirst(prefix.count)
    }
    position = end + 1
    if let posix = Self.posix[name] {
      let set = "[:\(isNegated ? "^" : "")\(posix):]"
      return Array((inClass ? set : "[\(set)]").utf8)
    }
    // `\p{IsLatin}` is a script.
    let known = Self.categories[name] ?? (name.hasPrefix("Is") ? String(name.dropFirst(2)) : name)
    return Array("\\\(isNegated ? "P" : "p"){\(known)}".utf8)
  }

  // MARK: Classes

  /// What stands between two `&&` of a class: characters and ranges, and classes within it.
  private struct Operand {
    var plain: [UInt8] = []
    var inner: [[UInt8]] = []

    /// As a pattern for one character.
    var pattern: [UInt8] {
      let own = plain.isEmpty ? [] : [Array("[".utf8) + plain + "]".utf8]
      let all = own + inner
      return all.count == 1 ? all[0] : Array("(?:".utf8) + all.joined(separator: "|".utf8) + ")".utf8
    }
  }

  private mutating func characterClass() throws -> [UInt8] {
    depth += 1
    defer { depth -= 1 }
    guard depth < 50 else { throw Problem("the regular expression has too many classes within each other") }
    let start = position
    position += 1
    let isNegated = peek == UInt8(ascii: "^")
    if isNegated { position += 1 }
    var operands = [Operand()]
    // Right at the beginning it stands for itself.
    if peek == UInt8(ascii: "]") { take(into: &operands) }
    while let byte = peek, byte != UInt8(ascii: "]") {
      if starts("&&") {
        position += 2
        operands.append(Operand())
      } else if byte == UInt8(ascii: "["), let set = posixSet() {
        operands[operands.count - 1].plain += set
      } else if byte == UInt8(ascii: "[") {
        operands[operands.count - 1].inner.append(try characterClass())
      } else if byte == UInt8(ascii: "\\") {
        operands[operands.count - 1].plain += try escape(inClass: true)
      } else {
        take(into: &operands)
      }
    }
    guard peek != nil else {
      let offset = String(decoding: bytes[..<start], as: UTF8.self).count
      throw Problem("the regular expression is not valid at character \(offset + 1): the class is not closed with ']'")
    }
    position += 1
    return Self.pattern(operands, isNegated)
  }

  private mutating func take(into operands: inout [Operand]) {
    operands[operands.count - 1].plain.append(bytes[position])
    position += 1
  }

  /// `[:alpha:]`, which is POSIX's and not Java's, but means nothing else to anybody.
  private mutating func posixSet() -> [UInt8]? {
    guard starts("[:"), let end = bytes[position...].firstIndex(of: UInt8(ascii: "]")), bytes[end - 1] == 0x3A,
      end > position + 3
    else { return nil }
    defer { position = end + 1 }
    return Array(bytes[position...end])
  }

  private static func pattern(_ operands: [Operand], _ isNegated: Bool) -> [UInt8] {
    let operands = operands.filter { !$0.plain.isEmpty || !$0.inner.isEmpty }
    if operands.count == 1, operands[0].inner.isEmpty {
      return Array((isNegated ? "[^" : "[").utf8) + operands[0].plain + "]".utf8
    }
    var pattern = operands.last?.pattern ?? Array("[]".utf8)
    if operands.count > 1 {
      let conditions = operands.dropLast().flatMap { Array("(?=".utf8) + $0.pattern + ")".utf8 }
      pattern = Array("(?:".utf8) + conditions + pattern + ")".utf8
    }
    return isNegated ? Array("(?:(?!".utf8) + pattern + ")[\\s\\S])".utf8 : pattern
  }
}
