/// What is known of a statement by reading it: which columns its placeholders go into or are compared with, and whether
/// the bulk road means the same. What the reader does not understand is `part` of an expression nobody knows.
struct StatementShape {
  /// One for each `?`, in order.
  var uses: [PlaceholderUse] = []
  /// The tables that the statement changes.
  var targets: [TableName] = []
  /// Nothing but `INSERT INTO t [(columns)] VALUES (?, …)`.
  var isPlain = false

  init(_ sql: String, _ dialect: Dialect) {
    guard let text = TokenText(sql, dialect) else {
      uses = SQLScanner.tokens(sql, dialect).filter { $0.kind == .question }.map { _ in .part(nil) }
      return
    }
    var reader = StatementReader(text)
    reader.read()
    uses = text.all.filter(text.isQuestion).map { reader.uses[$0] ?? .part(nil) }
    targets = reader.targets
    isPlain = reader.isPlain
  }

  /// The name of the property `table`: parts with or without quotes, `shop.orders` or `"my shop"."orders"`.
  static func table(_ name: String, _ dialect: Dialect) -> TableName? {
    guard let text = TokenText(name, dialect) else { return nil }
    var at = 0
    guard let table = text.table(&at), at == text.tokens.count else { return nil }
    return table
  }
}

/// What a `?` is there for.
enum PlaceholderUse: Hashable {
  /// It is the whole value of a column: `SET c = ?`, a value of an INSERT.
  case stored(ColumnReference)
  /// `c = ?`, `c IN (?, ?)`, `c BETWEEN ? AND ?`.
  case compared(ColumnReference)
  /// A term of a sum, or an argument of COALESCE and the like, whose result a column takes.
  case term(ColumnReference, isSum: Bool)
  /// `CAST(? AS type)`, `?::type`, and the column that takes the result as it is.
  case cast(CastType, ColumnReference?)
  /// In any other expression, and the column that takes what it comes to.
  case part(ColumnReference?)
  /// The same, where the whole expression is a CAST or a function that rounds.
  case rounded(ColumnReference)
  /// `CALL p(?)`, `EXEC p @a = ?`: the procedure, and the argument's number or name.
  case argument(TableName, ColumnReference.Name)
}

extension PlaceholderUse {
  /// The column that takes the value.
  var storedColumn: ColumnReference? {
    if case .stored(let column) = self { return column }
    return nil
  }
}

/// The type of a CAST, as it is written.
struct CastType: Hashable {
  /// `numeric(10,2)`
  var text: String
  /// It says how many digits or characters it keeps: the flow itself asks for rounding or cutting.
  var hasLimit: Bool
}

/// A column that a statement names.
struct ColumnReference: Hashable {
  enum Name: Hashable {
    case name(String)
    /// In the order of the table's columns, from 0.
    case position(Int)
  }

  /// The tables that it can be a column of, those of the innermost query first.
  var tables: [TableName]
  var name: Name
}

/// The tables that names can refer to at some place of a statement.
struct TableScope {
  struct Entry {
    /// By which columns name it.
    var alias: String
    /// Nil for a derived table.
    var table: TableName?
    /// Its place among the reader's derived tables.
    var derived: Int?
  }

  var entries: [Entry] = []
  /// Those of the queries around.
  var outer: [Entry] = []

  func inside(_ entries: [Entry]) -> TableScope { TableScope(entries: entries, outer: self.entries + outer) }

  /// - Parameter parts: `[[schema.]table.]column`.
  func column(_ parts: [String], _ dialect: Dialect) -> ColumnReference? {
    guard let name = parts.last else { return nil }
    let all = entries + outer
    guard parts.count > 1 else {
      let tables = all.compactMap(\.table)
      return tables.isEmpty ? nil : ColumnReference(tables: tables, name: .name(name))
    }
    let entry = all.first { dialect.sameName($0.alias, parts[parts.count - 2]) }
    return entry?.table.map { ColumnReference(tables: [$0], name: .name(name)) }
  }
}
