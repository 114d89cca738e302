/// What is known of an INSERT … VALUES (…) by reading it: enough to know which column each placeholder fills, and
/// whether the bulk road means the same.
struct InsertShape: Hashable {
  /// Unquoted parts are folded by the dialect.
  var table: TableName
  /// The named columns, nil when the statement names none: then they are the table's columns in their order.
  var columns: [String]?
  /// For each `?`: the index of the value that it is, nil when it is a part of an expression.
  var placeholders: [Int?]
  /// Nothing but `INSERT INTO t [(columns)] VALUES (?, …)`.
  var isPlain: Bool

  /// Nil for every other kind of statement.
  init?(_ sql: String, _ dialect: Dialect) {
    var reader = Reader(sql, dialect)
    var isPlain = reader.takes("INSERT")
    if !isPlain, !reader.takes("REPLACE") { return nil }
    while !reader.takes("INTO") {
      // INSERT IGNORE INTO, INSERT OR REPLACE INTO.
      guard reader.takesWord() else { return nil }
      isPlain = false
    }
    guard let table = reader.table(), let columns = reader.columns() else { return nil }
    guard reader.takes("VALUES"), let items = reader.values() else { return nil }
    self.table = table
    self.columns = columns.isEmpty ? nil : columns
    placeholders = items.placeholders
    _ = reader.takes(symbol: ";")
    self.isPlain = isPlain && reader.isAtEnd && items.isPlain
    if !columns.isEmpty, items.count != columns.count { return nil }
    // A second row, or a placeholder behind the values: no longer one column for each.
    if reader.restHasPlaceholders { placeholders += Array(repeating: nil, count: reader.restPlaceholders) }
  }

  private struct Reader {
    let bytes: [UInt8]
    let dialect: Dialect
    let tokens: [SQLToken]
    var at = 0

    init(_ sql: String, _ dialect: Dialect) {
      bytes = Array(sql.utf8)
      self.dialect = dialect
      tokens = SQLScanner.tokens(sql, dialect).filter { !$0.isBlank }
    }

    var isAtEnd: Bool { at == tokens.count }
    var restPlaceholders: Int { tokens[at...].count { $0.kind == .question } }
    var restHasPlaceholders: Bool { restPlaceholders > 0 }

    mutating func takes(_ keyword: String) -> Bool {
      guard at < tokens.count, SQLSplitter.word(tokens[at], bytes) == keyword else { return false }
      at += 1
      return true
    }

    mutating func takesWord() -> Bool {
      guard at < tokens.count, tokens[at].kind == .word else { return false }
      at += 1
      return true
    }

    mutating func takes(symbol: Unicode.Scalar) -> Bool {
      guard at < tokens.count, tokens[at].kind == .symbol, tokens[at].range.count == 1,
        bytes[tokens[at].range.lowerBound] == UInt8(ascii: symbol)
      else { return false }
      at += 1
      return true
    }

    mutating func name() -> String? {
      guard at < tokens.count else { return nil }
      let token = tokens[at]
      let text = bytes[token.range]
      switch token.kind {
      case .word:
        at += 1
        let name = String(decoding: text, as: UTF8.self)
        return dialect.folding == .lower ? name.lowercased() : name
      case .quotedName where text.count >= 2:
        at += 1
        guard let close = text.last else { return nil }
        return InsertShape.unquoted(text.dropFirst().dropLast(), close)
      default: return nil
      }
    }

    mutating func table() -> TableName? {
      guard let first = name() else { return nil }
      var parts = [first]
      while takes(symbol: ".") {
        guard let next = name() else { return nil }
        parts.append(next)
      }
      return parts.count <= 3 ? TableName(parts) : nil
    }

    /// Empty when there is no list; nil when it is not one of names.
    mutating func columns() -> [String]? {
      guard takes(symbol: "(") else { return [] }
      var names: [String] = []
      repeat {
        guard let name = name() else { return nil }
        names.append(name)
      } while takes(symbol: ",")
      return takes(symbol: ")") ? names : nil
    }

    /// `(value, …)`: how many values, which of them each placeholder is, and whether all are placeholders.
    mutating func values() -> (count: Int, placeholders: [Int?], isPlain: Bool)? {
      guard takes(symbol: "(") else { return nil }
      var placeholders: [Int?] = []
      var isPlain = true
      var index = 0
      var depth = 0
      var start = at
      while at < tokens.count {
        let token = tokens[at]
        let symbol = token.kind == .symbol ? bytes[token.range.lowerBound] : 0
        if symbol == UInt8(ascii: "(") { depth += 1 }
        let ends = depth == 0 && (symbol == UInt8(ascii: ",") || symbol == UInt8(ascii: ")"))
        if symbol == UInt8(ascii: ")") { depth -= 1 }
        if ends {
          let item = tokens[start..<at]
          let isAlone = item.count == 1 && item.first?.kind == .question
          isPlain = isPlain && isAlone
          placeholders += item.filter { $0.kind == .question }.map { _ in isAlone ? index : nil }
          index += 1
          start = at + 1
        }
        at += 1
        if depth < 0 { return (index, placeholders, isPlain) }
      }
      return nil
    }
  }

  /// A quoted name without its quotes; doubled closing quotes stand for one.
  static func unquoted(_ text: ArraySlice<UInt8>, _ close: UInt8) -> String {
    var out: [UInt8] = []
    var wasClose = false
    for byte in text {
      if byte == close, wasClose {
        wasClose = false
        continue
      }
      wasClose = byte == close
      out.append(byte)
    }
    return String(decoding: out, as: UTF8.self)
  }

  /// The name of the property `table`: parts with or without quotes, `shop.orders` or `"my shop"."orders"`.
  static func table(_ text: String, _ dialect: Dialect) -> TableName? {
    var reader = Reader(text, dialect)
    guard let table = reader.table(), reader.isAtEnd else { return nil }
    return table
  }
}
