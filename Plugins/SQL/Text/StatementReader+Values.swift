/// Assignments, values and conditions: here the placeholders stand.
extension StatementReader {
  /// `c = value, (a, b) = (value, value)`
  mutating func assignments(_ range: Range<Int>, _ scope: TableScope, _ tables: [TableName]) {
    for part in text.split(range) {
      var at = part.lowerBound
      if let list = text.inside(at), text.isSymbol(list.upperBound + 1, "=") {
        let columns = names(list).map { ColumnReference(tables: tables, name: .name($0)) }
        row(list.upperBound + 2..<part.upperBound, scope, Inputs(columns: columns).sink)
      } else if let parts = text.names(&at), text.isSymbol(at, "=") {
        let column =
          parts.count == 1 ? ColumnReference(tables: tables, name: .name(parts[0])) : scope.column(parts, dialect)
        value(at + 1..<part.upperBound, scope, into: column.map { .stored($0) })
      } else {
        scan(part, scope)
      }
    }
  }

  /// `(value, value)`, `ROW(value, value)`, `(SELECT …)`
  private mutating func row(_ range: Range<Int>, _ scope: TableScope, _ sink: @escaping Sink) {
    let start = range.lowerBound + (text.word(range.lowerBound) == "ROW" ? 1 : 0)
    guard let inside = text.inside(start) else { return scan(range, scope) }
    if StatementReader.startsQuery(text.word(inside.lowerBound)) { return query(inside, scope, into: sink) }
    for (index, item) in text.split(inside).enumerated() { value(item, scope, into: sink(index, nil)) }
  }

  /// - Parameter use: what the value is there for, nil when nobody knows.
  mutating func value(_ range: Range<Int>, _ scope: TableScope, into use: PlaceholderUse?) {
    let range = text.bare(range)
    let first = range.lowerBound
    var end = first
    if range.count == 1, text.isQuestion(first) {
      uses[first] = use ?? .part(nil)
    } else if StatementReader.startsQuery(text.word(first)) {
      query(range, scope, into: { _, _ in use })
    } else if let parts = text.names(&end), end == range.upperBound, let name = parts.last, let use {
      flows.append(ColumnFlow(table: parts.dropLast().last, column: name, use: use))
    } else if let (mark, type) = wholeCast(range) {
      uses[mark] = .cast(type, use?.storedColumn)
    } else if let column = use?.storedColumn, let isSum = terms(range) {
      for at in range where text.isQuestion(at) { uses[at] = .term(column, isSum: isSum) }
    } else {
      let column = use?.storedColumn
      scan(range, scope, as: isRounding(range) ? column.map { .rounded($0) } ?? .part(nil) : .part(column))
    }
  }

  private static let choices: Set = ["COALESCE", "IFNULL", "NVL", "GREATEST", "LEAST"]
  private static let operators: Set = [
    "CASE", "WHEN", "AND", "OR", "XOR", "NOT", "IS", "IN", "BETWEEN", "LIKE", "DIV", "MOD", "INTERVAL", "COLLATE", "AT",
    "DISTINCT", "DATE", "TIME", "TIMESTAMP", "SELECT",
  ]

  /// Whether the value is made of sums and of choices between values: then nothing that goes into it is finer than what
  /// comes out. Nil for any other expression.
  private func terms(_ range: Range<Int>) -> Bool? {
    var isSum = false
    for at in range {
      switch text.kind(at) {
      case .question, .quotedName: break
      case .word:
        let isFunction = text.isSymbol(at + 1, "(")
        let allowed =
          isFunction
          ? StatementReader.choices.contains(text.word(at)) : !StatementReader.operators.contains(text.word(at))
        if !allowed { return nil }
      case .symbol where text.isSymbol(at, among: ["+", "-"]): isSum = true
      case .symbol where text.isSymbol(at, among: ["(", ")", ",", "."]): break
      default: return nil
      }
    }
    return isSum
  }

  private static let rounding: Set = ["CAST", "CONVERT", "ROUND", "FLOOR", "CEIL", "CEILING", "TRUNC", "TRUNCATE"]

  /// Whether the statement says itself how the value of the whole expression is cut.
  private func isRounding(_ range: Range<Int>) -> Bool {
    let first = range.lowerBound
    guard let end = (text.inside(first) ?? text.inside(first + 1))?.upperBound else { return false }
    if text.isCastMark(end + 1) { return (end + 2..<range.upperBound).allSatisfy(isType) }
    return end == range.upperBound - 1 && StatementReader.rounding.contains(text.word(first))
  }

  // MARK: CAST

  /// A placeholder, and the type that the whole expression casts it to.
  private func wholeCast(_ range: Range<Int>) -> (Int, CastType)? {
    let first = range.lowerBound
    if text.isQuestion(first), let type = cast(first),
      range.dropFirst(2).allSatisfy({ !text.isCastMark($0) && isType($0) })
    {
      return (first, type)
    }
    guard let inside = text.inside(first + 1), inside.upperBound == range.upperBound - 1 else { return nil }
    for place in [inside.lowerBound, inside.upperBound - 1] where text.isQuestion(place) {
      if let type = cast(place) { return (place, type) }
    }
    return nil
  }

  private func isType(_ at: Int) -> Bool {
    text.kind(at) == .word || text.kind(at) == .quotedName || text.isSymbol(at, among: ["(", ")", ",", "[", "]", "."])
  }

  /// The type that a placeholder is cast to directly.
  private func cast(_ at: Int) -> CastType? {
    if text.isCastMark(at + 1) {
      var end = at + 2
      _ = text.names(&end)
      if let list = text.inside(end) { end = list.upperBound + 1 }
      return type(at + 2..<end)
    }
    guard text.isSymbol(at - 1, "("), let end = text.partner(at - 1) else { return converted(at) }
    switch text.word(at - 2) {
    case "CAST" where text.word(at + 1) == "AS": return type(at + 2..<end)
    case "CONVERT" where text.isSymbol(at + 1, ","): return type(at + 2..<end)
    default: return nil
    }
  }

  /// `CONVERT(type, ?)`, as SQL Server writes it; with a style behind it is about how the text is written.
  private func converted(_ at: Int) -> CastType? {
    guard text.isSymbol(at - 1, ","), text.isSymbol(at + 1, ")"), let open = text.enclosing(at),
      text.word(open - 1) == "CONVERT"
    else { return nil }
    return type(open + 1..<at - 1)
  }

  private func type(_ range: Range<Int>) -> CastType? {
    range.isEmpty ? nil : CastType(text: text.string(range), hasLimit: range.contains { text.isSymbol($0, "(") })
  }

  // MARK: conditions

  /// Every placeholder in the range, whatever it stands in.
  /// - Parameter use: what those are there for that stand in expressions.
  mutating func scan(_ range: Range<Int>, _ scope: TableScope, as use: PlaceholderUse = .part(nil)) {
    var at = range.lowerBound
    while at < range.upperBound {
      if let inside = text.inside(at), StatementReader.startsQuery(text.word(inside.lowerBound)) {
        if !later.contains(at) { query(inside, scope, into: { _, _ in nil }) }
        at = inside.upperBound
      } else if later.contains(at), let end = text.partner(at) {
        at = end
      } else if text.isQuestion(at) {
        uses[at] = cast(at).map { .cast($0, nil) } ?? compared(at, scope).map { .compared($0) } ?? use
      } else if text.isSymbol(at, "=") {
        join(at, scope)
      }
      at += 1
    }
  }

  /// `t.id = s.id`: what the one is compared with, so is the other.
  private mutating func join(_ at: Int, _ scope: TableScope) {
    var end = at + 1
    guard let left = parts(endingAt: at - 1), let right = text.names(&end), isEnd(end) else { return }
    for (from, to) in [(left, right), (right, left)] {
      guard let name = from.last, let column = scope.column(to, dialect) else { continue }
      flows.append(ColumnFlow(table: from.dropLast().last, column: name, use: .compared(column)))
    }
  }

  private static let ends: Set = [
    "AND", "OR", "XOR", "THEN", "ELSE", "END", "WHEN", "GROUP", "ORDER", "HAVING", "LIMIT", "OFFSET", "FETCH",
    "RETURNING",
    "ON", "WHERE", "JOIN", "LEFT", "RIGHT", "INNER", "CROSS", "FULL", "NATURAL", "STRAIGHT_JOIN", "UNION", "EXCEPT",
    "INTERSECT", "FOR", "WINDOW", "DO", "SET", "FROM",
  ]
  private static let starts: Set = ["WHERE", "AND", "OR", "XOR", "NOT", "ON", "HAVING", "WHEN", "SELECT", "RETURNING"]

  /// Whether an operand ends before this position.
  private func isEnd(_ at: Int) -> Bool {
    at >= text.tokens.count || text.isSymbol(at, among: [")", ",", ";"]) || StatementReader.ends.contains(text.word(at))
  }

  /// Whether an operand starts behind this position.
  private func isStart(_ at: Int) -> Bool {
    at < 0 || text.isSymbol(at, among: ["(", ","]) || StatementReader.starts.contains(text.word(at))
  }

  /// A column's name that is a whole operand.
  private func parts(endingAt last: Int) -> [String]? {
    let isKeyword = StatementReader.ends.contains(text.word(last)) && !text.isSymbol(last - 1, ".")
    guard text.name(last) != nil, !isKeyword else { return nil }
    var start = last
    while text.isSymbol(start - 1, "."), text.name(start - 2) != nil { start -= 2 }
    guard isStart(start - 1) else { return nil }
    return text.names(&start)
  }

  private func column(endingAt last: Int, _ scope: TableScope) -> ColumnReference? {
    parts(endingAt: last).flatMap { scope.column($0, dialect) }
  }

  /// The column that the placeholder is compared with.
  private func compared(_ at: Int, _ scope: TableScope) -> ColumnReference? {
    if isEnd(at + 1), let start = comparison(endingAt: at - 1) {
      return column(endingAt: start - 1, scope)
    }
    if text.word(at - 1) == "BETWEEN", text.word(at + 1) == "AND" { return column(endingAt: negated(at - 2), scope) }
    if text.word(at - 1) == "AND", text.word(at - 3) == "BETWEEN", isEnd(at + 1) {
      return column(endingAt: negated(at - 4), scope)
    }
    return listed(at, scope) ?? reversed(at, scope)
  }

  /// In front of a NOT.
  private func negated(_ at: Int) -> Int { text.word(at) == "NOT" ? at - 1 : at }

  /// Where the operator starts that ends here.
  private func comparison(endingAt last: Int) -> Int? {
    var start = last
    while text.isSymbol(start, among: ["<", ">", "=", "!"]) { start -= 1 }
    if start < last { return start + 1 }
    if text.word(last) == "IS" { return last }
    if text.word(last) == "NOT", text.word(last - 1) == "IS" { return last - 1 }
    guard text.word(last) == "FROM", text.word(last - 1) == "DISTINCT" else { return nil }
    let not = negated(last - 2)
    return text.word(not) == "IS" ? not : nil
  }

  /// `? = c`
  private func reversed(_ at: Int, _ scope: TableScope) -> ColumnReference? {
    var end = at + 1
    while text.isSymbol(end, among: ["<", ">", "=", "!"]) { end += 1 }
    guard end > at + 1, isStart(at - 1), let parts = text.names(&end), isEnd(end) else { return nil }
    return scope.column(parts, dialect)
  }

  /// `c IN (?, ?)`, `(a, b) = (?, ?)`, `(a, b) IN ((?, ?), (?, ?))`
  private func listed(_ at: Int, _ scope: TableScope) -> ColumnReference? {
    guard text.isSymbol(at - 1, among: ["(", ","]), isEnd(at + 1), let open = text.enclosing(at) else { return nil }
    if text.word(open - 1) == "IN" { return column(endingAt: negated(open - 2), scope) }
    if let start = comparison(endingAt: open - 1) { return column(at, of: open, asRowAt: start - 1, scope) }
    guard let outer = text.enclosing(open), text.isSymbol(open - 1, among: ["(", ","]), text.word(outer - 1) == "IN"
    else {
      return nil
    }
    return column(at, of: open, asRowAt: negated(outer - 2), scope)
  }

  /// The column in the row that ends here which stands where the placeholder stands in its own row.
  private func column(_ at: Int, of row: Int, asRowAt end: Int, _ scope: TableScope) -> ColumnReference? {
    guard text.isSymbol(end, ")"), let open = text.partner(end), let list = text.inside(open) else { return nil }
    let index = (row..<at).count { text.isSymbol($0, ",") && text.enclosing($0) == row }
    let items = text.split(list)
    guard items.indices.contains(index) else { return nil }
    return column(endingAt: items[index].upperBound - 1, scope)
  }
}
