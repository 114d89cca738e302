internal import Records

/// Queries: SELECT and VALUES, and the tables that they name.
extension StatementReader {
  /// - Parameter sink: what the columns of the result are there for.
  mutating func query(_ range: Range<Int>, _ scope: TableScope, into sink: @escaping Sink) {
    let range = text.bare(range)
    if text.word(range.lowerBound) == "WITH" {
      return with(range, scope) { $0.query($1, $2, into: sink) }
    }
    var start = range.lowerBound
    while start < range.upperBound {
      let end = text.first(["UNION", "EXCEPT", "INTERSECT", "MINUS"], in: start..<range.upperBound)
      branch(text.bare(start..<end), scope, into: sink)
      start = end + 1
      while ["ALL", "DISTINCT"].contains(text.word(start)) { start += 1 }
    }
  }

  private mutating func branch(_ range: Range<Int>, _ scope: TableScope, into sink: @escaping Sink) {
    switch text.word(range.lowerBound) {
    case "SELECT": select(range, scope, into: sink)
    case "VALUES": _ = values(range, scope, sink)
    default: scan(range, scope)
    }
  }

  private static let selectWords: Set = [
    "ALL", "DISTINCT", "DISTINCTROW", "STRAIGHT_JOIN", "HIGH_PRIORITY", "SQL_NO_CACHE", "SQL_CALC_FOUND_ROWS",
  ]
  private static let clauses = [
    "WHERE", "GROUP", "HAVING", "WINDOW", "ORDER", "LIMIT", "OFFSET", "FETCH", "FOR", "INTO", "LOCK", "RETURNING",
  ]

  private mutating func select(_ range: Range<Int>, _ outer: TableScope, into sink: @escaping Sink) {
    var start = range.lowerBound + 1
    while StatementReader.selectWords.contains(text.word(start)) { start += 1 }
    let from = text.first(StatementReader.clauses + ["FROM"], in: start..<range.upperBound)
    var entries: [TableScope.Entry] = []
    if text.word(from) == "FROM", from < range.upperBound {
      let end = text.first(StatementReader.clauses, in: from + 1..<range.upperBound)
      entries = self.from(from + 1..<end, outer)
    }
    let scope = outer.inside(entries)
    let items = text.split(start..<from)
    if items.count == 1, items[0].count == 1, text.isSymbol(start, "*"), entries.count == 1,
      let index = entries[0].derived
    {
      derived[index].whole = sink
    }
    // Behind a star nobody knows the place of a column.
    var isPlaced = true
    for (index, item) in items.enumerated() {
      if text.isSymbol(item.upperBound - 1, "*"), item.count == 1 || text.isSymbol(item.upperBound - 2, ".") {
        isPlaced = false
      } else {
        let (part, name) = alias(item)
        value(part, scope, into: isPlaced ? sink(index, name) : nil)
      }
    }
    scan(from..<range.upperBound, scope)
  }

  /// `value AS name`, `value name`.
  private func alias(_ item: Range<Int>) -> (Range<Int>, String?) {
    let last = item.upperBound - 1
    if item.count > 2, text.word(last - 1) == "AS" { return (item.lowerBound..<last - 1, text.name(last)) }
    if item.count > 1, text.isQuestion(last - 1) || text.isSymbol(last - 1, ")"), let name = text.name(last) {
      return (item.lowerBound..<last, name)
    }
    return (item, text.name(last))
  }

  /// What a derived table's columns are there for, as far as the statement around it was read.
  func sink(of table: Derived) -> Sink {
    let flows = flows
    let dialect = dialect
    return { index, name in
      if let whole = table.whole { return whole(index, name) }
      let columns = table.columns ?? []
      let name = columns.indices.contains(index) ? columns[index] : name ?? "column\(index + 1)"
      return flows.first { flow in
        let isHere = flow.table.map { used in table.names.contains { dialect.sameName($0, used) } } ?? true
        return isHere && dialect.sameName(flow.column, name)
      }?.use
    }
  }

  // MARK: FROM

  /// The tables between commas and JOINs.
  mutating func from(_ range: Range<Int>, _ outer: TableScope) -> [TableScope.Entry] {
    var entries: [TableScope.Entry] = []
    var at = range.lowerBound
    while at < range.upperBound {
      entries += source(&at, outer)
      while at < range.upperBound, !text.isSymbol(at, ","), !["JOIN", "STRAIGHT_JOIN"].contains(text.word(at)) {
        at = text.isSymbol(at, "(") ? (text.partner(at) ?? at) + 1 : at + 1
      }
      at += 1
    }
    return entries
  }

  private mutating func source(_ at: inout Int, _ outer: TableScope) -> [TableScope.Entry] {
    while ["ONLY", "LATERAL"].contains(text.word(at)) { at += 1 }
    if let inside = text.inside(at) {
      let open = at
      at = inside.upperBound + 1
      if StatementReader.startsQuery(text.word(inside.lowerBound)) || text.isSymbol(inside.lowerBound, "(") {
        return [derivedTable(inside, open, &at, outer)]
      }
      _ = tableAlias(&at)
      return from(inside, outer)
    }
    guard let table = text.table(&at) else {
      at += 1
      return []
    }
    if let arguments = text.inside(at) {
      at = arguments.upperBound + 1
      return [TableScope.Entry(alias: tableAlias(&at)?.name ?? table.name, table: nil)]
    }
    let alias = tableAlias(&at)?.name ?? table.name
    guard table.parts.count == 1, commonTables.contains(table.name.lowercased().exact) else {
      return [TableScope.Entry(alias: alias, table: table)]
    }
    let index = derived.lastIndex { query in query.names.contains { dialect.sameName($0, table.name) } }
    if let index { derived[index].names.append(alias) }
    return [TableScope.Entry(alias: alias, table: nil, derived: index)]
  }

  private mutating func derivedTable(
    _ range: Range<Int>, _ open: Int, _ at: inout Int, _ outer: TableScope
  ) -> TableScope.Entry {
    let alias = tableAlias(&at)
    later.insert(open)
    derived.append(Derived(range: range, scope: outer, names: [alias?.name ?? ""], columns: alias?.columns))
    return TableScope.Entry(alias: alias?.name ?? "", table: nil, derived: derived.count - 1)
  }

  private static let noAlias: Set = [
    "JOIN", "LEFT", "RIGHT", "INNER", "CROSS", "FULL", "NATURAL", "OUTER", "STRAIGHT_JOIN", "ON", "USING", "WHERE",
    "SET",
    "GROUP", "ORDER", "HAVING", "LIMIT", "OFFSET", "FETCH", "FOR", "UNION", "EXCEPT", "INTERSECT", "WINDOW",
    "RETURNING",
    "PARTITION", "FORCE", "USE", "IGNORE", "INDEXED", "NOT", "TABLESAMPLE", "WHEN", "LOCK",
  ]

  /// `[AS] name [(columns)]`
  private func tableAlias(_ at: inout Int) -> (name: String, columns: [String]?)? {
    if text.word(at) == "AS" { at += 1 }
    guard let name = text.name(at), !StatementReader.noAlias.contains(text.word(at)) else { return nil }
    at += 1
    guard let list = text.inside(at) else { return (name, nil) }
    at = list.upperBound + 1
    return (name, names(list))
  }
}
