internal import Expression

/// Passwords that stand inside of URLs: `scheme://user:PASSWORD@host` and `?password=PASSWORD`.
package enum URLSecrets {
  /// Where they stand in a text, as offsets of its UTF-8.
  static func ranges(in text: String) -> [Range<Int>] {
    let bytes = Array(text.utf8)
    guard bytes.contains(UInt8(ascii: ":")) || bytes.contains(UInt8(ascii: ";")) else { return [] }
    return (userInfo(bytes) + parameters(bytes)).filter { !$0.isEmpty && !isTemplate(bytes[$0]) }
  }

  /// The passwords of a text, as they stand there and with their escapes undone.
  package static func find(in text: String) -> [String] {
    let bytes = Array(text.utf8)
    return ranges(in: text).flatMap { range -> [String] in
      let found = String(decoding: bytes[range], as: UTF8.self)
      let plain = String(decoding: unescaped(bytes[range]), as: UTF8.self)
      return plain == found ? [found] : [found, plain]
    }
  }

  /// The value with the passwords inside of its URLs marked. A template has none yet.
  static func marked(_ value: Value) -> Value {
    guard isIn(value) else { return value }
    return value.mapTexts { text in isURL(text.text) ? text.marked(at: ranges(in: text.text)) : text }
  }

  private static func isIn(_ value: Value) -> Bool {
    switch value {
    case .string(let text): isURL(text) && !ranges(in: text).isEmpty
    case .secret: value.string.map { isURL($0) && !ranges(in: $0).isEmpty } ?? false
    case .list(let values): values.contains(where: isIn)
    case .map(let map): map.contains { isIn($0.value) }
    default: false
    }
  }

  private static func isURL(_ text: String) -> Bool {
    text.utf8.count <= longestURL && (text.contains("://") || isConnectionString(text)) && !text.isTemplate
  }

  /// ODBC's: `Driver=…;UID=…;PWD=…`.
  private static func isConnectionString(_ text: String) -> Bool {
    guard text.contains(";") else { return false }
    let lower = text.lowercased()
    return lower.contains("driver=") || lower.contains("dsn=")
  }

  /// What is longer is a document, not a URL.
  private static let longestURL = 8_192

  /// Between `//user:` and the last `@` before the host ends.
  private static func userInfo(_ text: [UInt8]) -> [Range<Int>] {
    var found: [Range<Int>] = []
    var place = 0
    while let start = text[place...].firstRange(of: Array("://".utf8)) {
      let end = text[start.upperBound...].firstIndex(where: isEnd) ?? text.count
      place = start.upperBound
      let authority = text[start.upperBound..<end]
      // A password may hold a '/' that nobody has escaped; the last '@' of the word ends it all the same.
      let host = authority.firstIndex(of: UInt8(ascii: "?")) ?? end
      guard let at = authority[..<host].lastIndex(of: UInt8(ascii: "@")),
        let colon = authority[..<at].firstIndex(of: UInt8(ascii: ":")),
        !authority[..<colon].contains(UInt8(ascii: "/"))
      else { continue }
      found.append(colon + 1..<at)
      place = at
    }
    return found
  }

  private static let names = ["password", "passwd", "pwd", "secret", "apikey", "api_key", "access_token"]
  /// Of parameters such as `allowPassword`.
  private static let switches = ["true", "false", "yes", "no", "on", "off", "0", "1"]

  private static func parameters(_ text: [UInt8]) -> [Range<Int>] {
    var found: [Range<Int>] = []
    for place in text.indices where text[place] == UInt8(ascii: "=") {
      let name = text[..<place].reversed().prefix { isName($0) }.reversed().map { $0 | 32 }
      let before = place - name.count - 1
      guard before >= 0, "?&;".utf8.contains(text[before]),
        names.contains(where: { String(decoding: name, as: UTF8.self).hasSuffix($0) })
      else { continue }
      let value = text[(place + 1)..<(end(of: text, place + 1))]
      if !switches.contains(String(decoding: value, as: UTF8.self)) { found.append(value.indices) }
    }
    return found
  }

  /// Where a value ends: in braces everything belongs to it up to the closing one, of which two stand for one.
  private static func end(of text: [UInt8], _ start: Int) -> Int {
    let plain = text[start...].firstIndex { isEnd($0) || $0 == UInt8(ascii: "&") || $0 == UInt8(ascii: ";") }
    guard start < text.count, text[start] == UInt8(ascii: "{") else { return plain ?? text.count }
    var place = start + 1
    while let brace = text[place...].firstIndex(of: UInt8(ascii: "}")) {
      guard brace + 1 < text.count, text[brace + 1] == UInt8(ascii: "}") else { return brace + 1 }
      place = brace + 2
    }
    return plain ?? text.count
  }

  private static func isName(_ byte: UInt8) -> Bool {
    byte | 32 >= UInt8(ascii: "a") && byte | 32 <= UInt8(ascii: "z") || byte &- 48 < 10 || byte == UInt8(ascii: "_")
  }

  /// What ends a URL in a text.
  private static func isEnd(_ byte: UInt8) -> Bool { byte <= 32 || "\"'<>`".utf8.contains(byte) }

  /// What an expression gives is known when it has been rendered.
  private static func isTemplate(_ text: ArraySlice<UInt8>) -> Bool {
    if text.firstRange(of: Array("{{".utf8)) != nil { return true }
    // In braces two of the closing ones stand for one.
    return text.first != UInt8(ascii: "{") && text.firstRange(of: Array("}}".utf8)) != nil
  }

  private static func unescaped(_ text: ArraySlice<UInt8>) -> [UInt8] {
    var bytes: [UInt8] = []
    var place = text.startIndex
    while place < text.endIndex {
      if text[place] == UInt8(ascii: "%"), place + 2 < text.endIndex,
        let byte = UInt8(String(decoding: text[(place + 1)...(place + 2)], as: UTF8.self), radix: 16)
      {
        bytes.append(byte)
        place += 3
      } else {
        bytes.append(text[place])
        place += 1
      }
    }
    return bytes
  }
}
