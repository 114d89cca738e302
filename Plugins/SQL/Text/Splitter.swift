/// Splits SQL text into its statements.
enum SQLSplitter {
  /// The statements without their `;`, trimmed; those of only comments are left out. `BEGIN … END` bodies of CREATE
  /// PROCEDURE and the like, and compound statements that start with BEGIN, stay whole.
  static func statements(_ sql: String, _ dialect: Dialect) -> [String] {
    let bytes = Array(sql.utf8)
    let tokens = SQLScanner.tokens(sql, dialect)
    var statements: [String] = []
    var first = 0
    while first < tokens.count {
      let end = end(of: tokens[first...], bytes, dialect)
      let part = tokens[first..<end]
      if part.contains(where: { !$0.isBlank }), let from = part.first?.range, let to = part.last?.range {
        statements.append(trimmed(bytes[from.lowerBound..<to.upperBound]))
      }
      first = end + 1
    }
    return statements
  }

  private static func trimmed(_ bytes: ArraySlice<UInt8>) -> String {
    var bytes = bytes
    while let last = bytes.last, last <= 32 { bytes.removeLast() }
    while let first = bytes.first, first <= 32 { bytes.removeFirst() }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The index of the `;` that ends the statement, or of the end of the text.
  private static func end(of tokens: ArraySlice<SQLToken>, _ bytes: [UInt8], _ dialect: Dialect) -> Int {
    let hasBody = dialect.bodies && hasBody(tokens, bytes)
    var depth = 0
    var index = tokens.startIndex
    while index < tokens.endIndex {
      let token = tokens[index]
      if token.kind == .symbol, bytes[token.range.lowerBound] == UInt8(ascii: ";"), depth == 0 { return index }
      if hasBody, token.kind == .word {
        switch word(token, bytes) {
        case "BEGIN", "CASE": depth += 1
        case "END":
          let next = tokens[(index + 1)...].firstIndex { !$0.isBlank }
          switch next.map({ word(tokens[$0], bytes) }) {
          // What these close was not counted when it opened.
          case "IF", "LOOP", "WHILE", "REPEAT", "FOR": index = next ?? index
          case "CASE":
            depth = max(0, depth - 1)
            index = next ?? index
          default: depth = max(0, depth - 1)
          }
        default: break
        }
      }
      index += 1
    }
    return tokens.endIndex
  }

  static func word(_ token: SQLToken, _ bytes: [UInt8]) -> String {
    token.kind == .word ? String(decoding: bytes[token.range], as: UTF8.self).uppercased() : ""
  }

  private static func hasBody(_ tokens: ArraySlice<SQLToken>, _ bytes: [UInt8]) -> Bool {
    let words = tokens.lazy.filter { !$0.isBlank }.prefix(16).map { word($0, bytes) }
    let head = Array(words)
    switch head.first {
    case "CREATE", "ALTER":
      let kinds: Set = ["PROCEDURE", "FUNCTION", "TRIGGER", "EVENT", "PACKAGE"]
      let others: Set = ["TABLE", "VIEW", "INDEX", "SCHEMA", "DATABASE", "AS", "SELECT"]
      return head.first { kinds.contains($0) || others.contains($0) }.map(kinds.contains) ?? false
    case "BEGIN":
      // A transaction's start is a statement of its own: BEGIN; BEGIN TRANSACTION; BEGIN IMMEDIATE …
      let starts: Set = [
        "", "TRANSACTION", "TRAN", "WORK", "DEFERRED", "IMMEDIATE", "EXCLUSIVE", "CONCURRENT", "ISOLATION", "READ",
        "DEFERRABLE",
      ]
      guard head.count > 1 else { return false }
      return head[1] == "NOT" ? head.count > 2 && head[2] == "ATOMIC" : !starts.contains(head[1])
    default: return false
    }
  }
}
