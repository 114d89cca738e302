internal import Records

/// Reads a statement from outside to inside: its clauses here, values and conditions in `StatementReader+Values`,
/// queries in `StatementReader+Queries`.
struct StatementReader {
  let text: TokenText
  /// By the positions of the placeholders.
  var uses: [Int: PlaceholderUse] = [:]
  var targets: [TableName] = []
  var isPlain = false
  /// Names that stand for the rows of a query inside of the statement.
  var derived: [Derived] = []
  /// What the columns of such rows go into.
  var flows: [ColumnFlow] = []
  /// Brackets whose query is read in its turn.
  var later: Set<Int> = []

  init(_ text: TokenText) { self.text = text }

  var dialect: Dialect { text.dialect }

  mutating func read() {
    let end = text.isSymbol(text.tokens.count - 1, ";") ? text.tokens.count - 1 : text.tokens.count
    statement(0..<end, TableScope())
    // What the rest of the statement does with a derived table's columns is known by now.
    var index = 0
    while index < derived.count {
      let next = derived[index]
      query(next.range, next.scope, into: sink(of: next))
      index += 1
    }
  }

  mutating func statement(_ range: Range<Int>, _ scope: TableScope) {
    switch text.word(range.lowerBound) {
    case "WITH": with(range, scope) { $0.statement($1, $2) }
    case "INSERT", "REPLACE": insert(range, scope)
    case "UPDATE": update(range, scope)
    case "DELETE": delete(range, scope)
    case "MERGE": merge(range, scope)
    case "CALL": call(range, scope)
    case "EXEC", "EXECUTE": execute(range, scope)
    default: query(range, scope, into: { _, _ in nil })
    }
  }

  /// `WITH a AS (…), b AS (…)` and what follows.
  mutating func with(_ range: Range<Int>, _ scope: TableScope, _ body: (inout Self, Range<Int>, TableScope) -> Void) {
    var at = range.lowerBound + (text.word(range.lowerBound + 1) == "RECURSIVE" ? 2 : 1)
    while let name = text.name(at) {
      at += 1
      let columns = text.inside(at).map(names)
      if let list = text.inside(at) { at = list.upperBound + 1 }
      while ["AS", "NOT", "MATERIALIZED"].contains(text.word(at)) { at += 1 }
      guard let inside = text.inside(at) else { return scan(range, scope) }
      if ["INSERT", "UPDATE", "DELETE", "MERGE"].contains(text.word(inside.lowerBound)) {
        statement(inside, scope)
      } else {
        derived.append(Derived(range: inside, scope: scope, names: [name], columns: columns))
      }
      commonTables.insert(name.lowercased().exact)
      at = inside.upperBound + 1
      guard text.isSymbol(at, ",") else { break }
      at += 1
    }
    body(&self, at..<range.upperBound, scope)
  }

  /// The names of a WITH, in lower case.
  var commonTables: Set<ExactText> = []

  func names(_ list: Range<Int>) -> [String] { text.split(list).compactMap { text.name($0.lowerBound) } }

  // MARK: INSERT

  private static let insertWords: Set = [
    "INSERT", "REPLACE", "LOW_PRIORITY", "HIGH_PRIORITY", "DELAYED", "IGNORE", "OR", "ROLLBACK", "ABORT", "FAIL",
    "INTO",
  ]

  private mutating func insert(_ range: Range<Int>, _ outer: TableScope) {
    var at = range.lowerBound
    while StatementReader.insertWords.contains(text.word(at)) { at += 1 }
    var isUsual = at == range.lowerBound + 2 && text.word(at - 2) == "INSERT"
    guard let table = text.table(&at) else { return scan(range, outer) }
    targets.append(table)
    var alias = table.name
    if text.word(at) == "AS", let name = text.name(at + 1) {
      isUsual = false
      alias = name
      at += 2
    }
    if text.word(at) == "PARTITION", let list = text.inside(at + 1) { at = list.upperBound + 1 }
    var columns: [ColumnReference]?
    if let list = text.inside(at), !StatementReader.startsQuery(text.word(list.lowerBound)) {
      columns = text.split(list).map { part in
        text.name(part.lowerBound).map { ColumnReference(tables: [table], name: .name($0)) }
          ?? ColumnReference(tables: [], name: .name(""))
      }
      at = list.upperBound + 1
    }
    if text.word(at) == "OVERRIDING" { at += 3 }
    let entries = [TableScope.Entry(alias: alias, table: table), TableScope.Entry(alias: "excluded", table: table)]
    let tail = insertTail(at..<range.upperBound)
    let into = Inputs(table: table, columns: columns)
    let isLone = insertBody(at..<tail, into, outer)
    isPlain = isUsual && isLone && tail == text.tokens.count - (range.upperBound < text.tokens.count ? 1 : 0)
    insertEnd(tail..<range.upperBound, outer.inside(entries), table)
  }

  static func startsQuery(_ word: String) -> Bool { ["SELECT", "WITH", "VALUES", "TABLE"].contains(word) }

  /// Where ON CONFLICT, ON DUPLICATE KEY or RETURNING starts.
  private func insertTail(_ range: Range<Int>) -> Int {
    var at = range.lowerBound
    while at < range.upperBound {
      at = text.first(["ON", "RETURNING"], in: at..<range.upperBound)
      if text.word(at) == "RETURNING" || ["CONFLICT", "DUPLICATE"].contains(text.word(at + 1)) { return at }
      at += 1
    }
    return range.upperBound
  }

  /// - Returns: whether it is one row of nothing but placeholders.
  private mutating func insertBody(_ range: Range<Int>, _ into: Inputs, _ outer: TableScope) -> Bool {
    switch text.word(range.lowerBound) {
    case "VALUES", "VALUE":
      let rows = values(range, outer, into.sink)
      guard rows.count == 1, rows[0].upperBound + 1 == range.upperBound else { return false }
      let items = text.split(rows[0])
      return items.count == into.columns?.count ?? items.count
        && items.allSatisfy { $0.count == 1 && text.isQuestion($0.lowerBound) }
    case "SET":
      guard let table = into.table else { return false }
      assignments(
        range.lowerBound + 1..<range.upperBound, outer.inside([TableScope.Entry(alias: table.name, table: table)]),
        [table])
      return false
    default:
      query(range, outer, into: into.sink)
      return false
    }
  }

  /// The rows of `VALUES (…), (…)`, each value into its column.
  mutating func values(_ range: Range<Int>, _ scope: TableScope, _ sink: @escaping Sink) -> [Range<Int>] {
    var at = range.lowerBound + 1
    var rows: [Range<Int>] = []
    while at < range.upperBound {
      if text.word(at) == "ROW" { at += 1 }
      guard let row = text.inside(at) else { break }
      for (index, item) in text.split(row).enumerated() { value(item, scope, into: sink(index, nil)) }
      rows.append(row)
      at = row.upperBound + 1
      guard text.isSymbol(at, ",") else { break }
      at += 1
    }
    return rows
  }

  /// `ON CONFLICT (…) WHERE … DO UPDATE SET … WHERE …`, `ON DUPLICATE KEY UPDATE …`, `RETURNING …`.
  private mutating func insertEnd(_ range: Range<Int>, _ scope: TableScope, _ table: TableName) {
    var rest = range
    while true {
      let update = text.first(["UPDATE"], in: rest)
      let from = update + (text.word(update + 1) == "SET" ? 2 : 1)
      let end = text.first(["WHERE", "RETURNING", "ON"], in: min(from, range.upperBound)..<range.upperBound)
      scan(rest.lowerBound..<min(update, rest.upperBound), scope)
      guard update < rest.upperBound else { return }
      assignments(from..<end, scope, [table])
      rest = end..<range.upperBound
    }
  }

  // MARK: UPDATE, DELETE

  private mutating func update(_ range: Range<Int>, _ outer: TableScope) {
    let set = text.first(["SET"], in: range)
    guard set < range.upperBound else { return scan(range, outer) }
    var start = range.lowerBound + 1
    while ["ONLY", "LOW_PRIORITY", "IGNORE", "OR", "ROLLBACK", "ABORT", "FAIL", "REPLACE"].contains(text.word(start)) {
      start += 1
    }
    let changed = from(start..<set, outer)
    targets += changed.compactMap(\.table)
    let end = text.first(["FROM", "WHERE", "ORDER", "LIMIT", "RETURNING"], in: set + 1..<range.upperBound)
    var scope = outer.inside(changed)
    let others = fromClause(end..<range.upperBound)
    if let others { scope.entries += from(others, outer) }
    assignments(set + 1..<end, scope, changed.compactMap(\.table))
    scan(start..<set, scope)
    scan(end..<range.upperBound, scope)
  }

  /// What stands behind a FROM or USING that starts here.
  private func fromClause(_ range: Range<Int>) -> Range<Int>? {
    guard ["FROM", "USING"].contains(text.word(range.lowerBound)) else { return nil }
    let start = range.lowerBound + 1
    return start..<text.first(["WHERE", "ORDER", "LIMIT", "RETURNING", "USING", "SET"], in: start..<range.upperBound)
  }

  private mutating func delete(_ range: Range<Int>, _ outer: TableScope) {
    let at = text.first(["FROM"], in: range)
    guard let tables = fromClause(at..<range.upperBound) else { return scan(range, outer) }
    var entries = from(tables, outer)
    targets += entries.prefix(1).compactMap(\.table)
    if let others = fromClause(tables.upperBound..<range.upperBound) { entries += from(others, outer) }
    scan(range, outer.inside(entries))
  }

  // MARK: MERGE, CALL

  private mutating func merge(_ range: Range<Int>, _ outer: TableScope) {
    let using = text.first(["USING"], in: range)
    let on = text.first(["ON"], in: using..<range.upperBound)
    let into = range.lowerBound + (text.word(range.lowerBound + 1) == "INTO" ? 2 : 1)
    guard into < using, using < on else { return scan(range, outer) }
    let changed = from(into..<using, outer)
    guard let table = changed.first?.table else { return scan(range, outer) }
    targets.append(table)
    let scope = outer.inside(changed + from(using + 1..<on, outer))
    var at = on
    while at < range.upperBound {
      let then = text.first(["THEN"], in: at..<range.upperBound)
      scan(at..<then, scope)
      at = text.first(["WHEN", "RETURNING"], in: min(then + 1, range.upperBound)..<range.upperBound)
      if then + 1 < at { mergeAction(then + 1..<at, scope, table) }
    }
  }

  private mutating func mergeAction(_ range: Range<Int>, _ scope: TableScope, _ table: TableName) {
    switch text.word(range.lowerBound) {
    case "UPDATE": assignments(min(range.lowerBound + 2, range.upperBound)..<range.upperBound, scope, [table])
    case "INSERT":
      let list = text.inside(range.lowerBound + 1)
      let columns = list.map { names($0).map { ColumnReference(tables: [table], name: .name($0)) } }
      let at = text.first(["VALUES"], in: range)
      _ = values(at..<range.upperBound, scope, Inputs(table: table, columns: columns).sink)
    default: scan(range, scope)
    }
  }

  private mutating func call(_ range: Range<Int>, _ scope: TableScope) {
    var at = range.lowerBound + 1
    guard let name = text.table(&at), let list = text.inside(at) else { return scan(range, scope) }
    for (index, item) in text.split(list).enumerated() {
      if item.count == 1, text.isQuestion(item.lowerBound) {
        uses[item.lowerBound] = .argument(name, .position(index))
      } else {
        scan(item, scope)
      }
    }
  }

  /// `EXEC p ?, @b = ?`: arguments without brackets, by their place or their name.
  private mutating func execute(_ range: Range<Int>, _ scope: TableScope) {
    var at = range.lowerBound + 1
    // `EXEC @status = p …`
    if text.isSymbol(at + 1, "=") { at += 2 }
    guard let name = text.table(&at), at <= range.upperBound else { return scan(range, scope) }
    for (index, item) in text.split(at..<range.upperBound).enumerated() where !item.isEmpty {
      if item.count == 1, text.isQuestion(item.lowerBound) {
        uses[item.lowerBound] = .argument(name, .position(index))
      } else if item.count == 3, text.isSymbol(item.lowerBound + 1, "="), text.isQuestion(item.lowerBound + 2),
        let label = text.name(item.lowerBound)
      {
        uses[item.lowerBound + 2] = .argument(name, .name(label))
      } else {
        scan(item, scope)
      }
    }
  }
}

/// What the columns of a query's rows are there for, by their place and their name.
typealias Sink = (_ index: Int, _ name: String?) -> PlaceholderUse?

/// The columns that the values of rows go into, by their place in the row.
struct Inputs {
  /// Whose columns they are in their order, when none are named.
  var table: TableName?
  var columns: [ColumnReference]?

  private func column(_ index: Int) -> ColumnReference? {
    if let columns { return columns.indices.contains(index) ? columns[index] : nil }
    return table.map { ColumnReference(tables: [$0], name: .position(index)) }
  }

  var sink: Sink { { index, _ in column(index).map { .stored($0) } } }
}

/// A query inside of a statement whose rows have a name.
struct Derived {
  var range: Range<Int>
  var scope: TableScope
  /// The name of a WITH and the aliases of its uses, or the alias of a derived table.
  var names: [String]
  /// `AS s (a, b)`
  var columns: [String]?
  /// What all its columns are there for: `SELECT * FROM (…) s`.
  var whole: Sink?
}

/// What a derived table's column is there for.
struct ColumnFlow {
  var table: String?
  var column: String
  var use: PlaceholderUse
}
