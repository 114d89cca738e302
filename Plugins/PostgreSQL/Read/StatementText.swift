/// What must be known of a statement before it can stand inside of another one.
struct StatementText {
  /// Without the semicolon and the comments at its end.
  let sql: String
  /// The first word, in upper case; of what is inside the brackets, when it starts with some.
  let verb: String
  /// It changes rows inside of a WITH.
  let changesInWith: Bool

  /// Rows can be had from it by `COPY (…)` or `SELECT … FROM (…)`.
  var isSelect: Bool { ["SELECT", "VALUES", "TABLE"].contains(verb) || verb == "WITH" && !changesInWith }
  /// It can stand inside of a WITH.
  var isChange: Bool { ["INSERT", "UPDATE", "DELETE"].contains(verb) }

  init(_ text: String) {
    let bytes = Array(text.utf8)
    var at = 0
    var end = 0
    var words: [String] = []
    while at < bytes.count {
      let start = at
      at = StatementText.skip(bytes, at)
      let first = bytes[start]
      if StatementText.isBlank(bytes, start) || first == UInt8(ascii: ";") { continue }
      end = at
      if StatementText.isLetter(first), words.count < 1 || words[0] == "WITH" {
        words.append(String(decoding: bytes[start..<at], as: UTF8.self).uppercased())
      }
    }
    sql = String(decoding: bytes[..<end], as: UTF8.self)
    verb = words.first ?? ""
    changesInWith =
      verb == "WITH" && words.contains { ["INSERT", "UPDATE", "DELETE", "MERGE"].contains($0) }
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    (65...90).contains(byte) || (97...122).contains(byte) || byte == UInt8(ascii: "_") || byte >= 128
  }

  private static func isBlank(_ bytes: [UInt8], _ at: Int) -> Bool {
    let byte = bytes[at]
    let next = at + 1 < bytes.count ? bytes[at + 1] : 0
    return byte == 32 || (9...13).contains(byte) || byte == UInt8(ascii: "-") && next == UInt8(ascii: "-")
      || byte == UInt8(ascii: "/") && next == UInt8(ascii: "*")
  }

  /// The place behind the piece that starts here: a comment, a string, a name, a word, one character.
  private static func skip(_ bytes: [UInt8], _ start: Int) -> Int {
    let byte = bytes[start]
    let next = start + 1 < bytes.count ? bytes[start + 1] : 0
    switch byte {
    case UInt8(ascii: "-") where next == byte: return index(of: 10, bytes, start)
    case UInt8(ascii: "/") where next == UInt8(ascii: "*"): return comment(bytes, start)
    case UInt8(ascii: "'"), UInt8(ascii: "\""): return quoted(bytes, start, escapes: false)
    case UInt8(ascii: "E"), UInt8(ascii: "e"):
      if next == UInt8(ascii: "'") { return quoted(bytes, start + 1, escapes: true) }
    case UInt8(ascii: "$"): return dollar(bytes, start)
    default: break
    }
    guard isLetter(byte) else { return start + 1 }
    var at = start
    while at < bytes.count, isLetter(bytes[at]) || (48...57).contains(bytes[at]) || bytes[at] == UInt8(ascii: "$") {
      at += 1
    }
    return at
  }

  private static func index(of byte: UInt8, _ bytes: [UInt8], _ start: Int) -> Int {
    bytes[start...].firstIndex(of: byte) ?? bytes.count
  }

  private static func comment(_ bytes: [UInt8], _ start: Int) -> Int {
    var depth = 0
    var at = start
    while at + 1 < bytes.count {
      if bytes[at] == UInt8(ascii: "/") && bytes[at + 1] == UInt8(ascii: "*") {
        depth += 1
        at += 2
      } else if bytes[at] == UInt8(ascii: "*") && bytes[at + 1] == UInt8(ascii: "/") {
        depth -= 1
        at += 2
        if depth == 0 { return at }
      } else {
        at += 1
      }
    }
    return bytes.count
  }

  private static func quoted(_ bytes: [UInt8], _ start: Int, escapes: Bool) -> Int {
    var at = start + 1
    while at < bytes.count {
      if escapes, bytes[at] == UInt8(ascii: "\\") {
        at += 2
      } else if bytes[at] == bytes[start] {
        // A doubled quote starts the next piece, which is part of the same string: nothing is looked for in it either.
        return at + 1
      } else {
        at += 1
      }
    }
    return bytes.count
  }

  /// `$1` is a placeholder; `$tag$ … $tag$` is a string.
  private static func dollar(_ bytes: [UInt8], _ start: Int) -> Int {
    var at = start + 1
    while at < bytes.count, isLetter(bytes[at]) || at > start + 1 && (48...57).contains(bytes[at]) { at += 1 }
    guard at < bytes.count, bytes[at] == UInt8(ascii: "$") else { return start + 1 }
    let tag = Array(bytes[start...at])
    var end = at + 1
    while end + tag.count <= bytes.count {
      if bytes[end] == tag[0], bytes[end..<(end + tag.count)].elementsEqual(tag) { return end + tag.count }
      end += 1
    }
    return bytes.count
  }
}
