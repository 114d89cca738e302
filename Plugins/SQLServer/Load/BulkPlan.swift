internal import Records
internal import SQL

/// Whether and how a table takes the bulk road: where it would not mean the same as INSERT, or the library cannot do
/// it, there is none.
struct BulkPlan {
  /// The places of the columns in the table, from 1.
  let places: [Int]
  /// What stands behind WITH in INSERT BULK.
  let hints: String
  let keepsIdentity: Bool

  init?(_ table: TableInfo, _ columns: [ColumnInfo], _ options: SQLServerOptions) {
    guard let facts = table.facts?.of(TableCatalog.Facts.self), facts.isTable, facts.showsAll, !columns.isEmpty else {
      return nil
    }
    // The library puts names between brackets as they are.
    guard table.columns.allSatisfy({ !$0.name.contains("]") }), columns.allSatisfy(BulkPlan.isPossible) else {
      return nil
    }
    let given = Set(columns.map(\.name))
    guard given.count == columns.count else { return nil }
    let others = table.columns.filter { !given.contains($0.name) && $0.source == .given }
    // It describes every column, and sends NULL for those that are not given: which the library does not survive where
    // a column of a fixed width takes none, and which is no default with KEEP_NULLS.
    guard others.allSatisfy({ $0.isNullable && BulkPlan.isPossible($0) }) else { return nil }
    let keepsNulls = options.keepNulls && columns.contains { $0.sqlServer?.hasOwnDefault == true }
    if keepsNulls, others.contains(where: { $0.sqlServer?.hasOwnDefault == true }) { return nil }
    let places = columns.map { column in table.columns.firstIndex { $0.name == column.name } }
    self.places = places.compactMap { $0.map { $0 + 1 } }
    keepsIdentity = columns.contains { $0.takesIdentity }
    var hints: [String] = []
    if options.tabLock { hints.append("TABLOCK") }
    if options.checkConstraints { hints.append("CHECK_CONSTRAINTS") }
    if options.fireTriggers, facts.hasTriggers { hints.append("FIRE_TRIGGERS") }
    if keepsNulls { hints.append("KEEP_NULLS") }
    self.hints = hints.joined(separator: ", ")
    guard self.places.count == columns.count else { return nil }
  }

  private static func isPossible(_ column: ColumnInfo) -> Bool {
    guard let type = column.sqlServer?.type else { return false }
    switch type.form {
    case .parsed, .userDefined, .variant, .rowversion: return false
    case .narrow:
      return !type.isForeign && (type.codePage == CodePage.utf8 || (try? CodePage.of(type.codePage)) != nil)
    default: return true
    }
  }
}
