internal import Records
internal import SQL

/// Whether and how a table takes the bulk road: where it would not mean the same as INSERT, or the library cannot do
/// it, there is none.
struct BulkPlan {
  /// The places of the columns in the table, from 1.
  let places: [Int]
  /// What stands behind WITH in INSERT BULK: one word, the library leaves out every further one.
  let hint: String
  /// The table is locked by a statement: the hint is another one.
  let locksTable: Bool
  /// The given columns, by their place, in which the server would take the default for a NULL that is to stay one:
  /// such rows go as INSERT.
  let nullsByInsert: [Int]
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
    // a column of a fixed width takes none.
    guard others.allSatisfy({ $0.isNullable && BulkPlan.isPossible($0) }) else { return nil }
    let places = columns.map { column in table.columns.firstIndex { $0.name == column.name } }
    self.places = places.compactMap { $0.map { $0 + 1 } }
    keepsIdentity = columns.contains { $0.takesIdentity }
    let checks = options.checkConstraints && facts.hasConstraints
    let fires = options.fireTriggers && facts.hasTriggers
    guard self.places.count == columns.count, !(checks && fires) else { return nil }
    let defaults = options.keepNulls ? columns.indices.filter { BulkPlan.hasDefault(columns[$0]) } : []
    // With KEEP_NULLS the columns that are not given would be NULL, too.
    let keepsNulls = !defaults.isEmpty && !checks && !fires && !others.contains(where: BulkPlan.hasDefault)
    nullsByInsert = keepsNulls ? [] : defaults
    let hint = checks ? "CHECK_CONSTRAINTS" : fires ? "FIRE_TRIGGERS" : keepsNulls ? "KEEP_NULLS" : nil
    self.hint = hint ?? (options.tabLock ? "TABLOCK" : "")
    locksTable = options.tabLock && hint != nil
  }

  private static func hasDefault(_ column: ColumnInfo) -> Bool { column.sqlServer?.hasOwnDefault == true }

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
