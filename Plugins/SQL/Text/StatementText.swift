/// What must be known of a statement before it can stand inside of another one.
package struct StatementText {
  /// Without the semicolon and the comments at its end.
  package let sql: String
  /// The first word, in capitals; of what is inside the brackets, when it starts with some.
  package let verb: String
  /// It changes rows inside of a WITH.
  private let changesInWith: Bool

  /// It gives rows and changes none: it can stand where a table can.
  package var isSelect: Bool { ["SELECT", "VALUES", "TABLE"].contains(verb) || verb == "WITH" && !changesInWith }
  /// It can stand inside of a WITH.
  package var isChange: Bool { ["INSERT", "UPDATE", "DELETE"].contains(verb) }

  package init(_ text: String, _ dialect: Dialect) {
    let bytes = Array(text.utf8)
    let last = SQLScanner.tokens(text, dialect).last { token in
      !token.isBlank && !(token.kind == .symbol && bytes[token.range.lowerBound] == UInt8(ascii: ";"))
    }
    sql = String(decoding: bytes[..<(last?.range.upperBound ?? 0)], as: UTF8.self)
    verb = dialect.verb(of: text)
    let changes: Set = ["INSERT", "UPDATE", "DELETE", "MERGE"]
    changesInWith = verb == "WITH" && dialect.words(of: text).contains(where: changes.contains)
  }
}

extension Dialect {
  /// A statement without the comments in front of it and behind it, in which drivers look for more statements, and into
  /// which they would write what they put behind it.
  package func bare(_ text: String) -> String {
    let bytes = Array(text.utf8)
    let first = SQLScanner.tokens(text, self).first { !$0.isBlank }?.range.lowerBound ?? bytes.count
    return StatementText(String(decoding: bytes[first...], as: UTF8.self), self).sql
  }

  /// Whether a text holds one statement only.
  package func isOne(_ text: String) -> Bool { SQLSplitter.statements(text, self).count == 1 }
}
