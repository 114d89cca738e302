internal import Expression
internal import Records
internal import SQL

/// What the server's catalog says about tables.
struct TableCatalog {
  /// Of a table.
  struct Facts: Hashable, Sendable {
    var hasTriggers: Bool
    /// CHECK or FOREIGN KEY, which a bulk load looks at only when it is told to.
    var hasConstraints: Bool
    /// A view, or one of another server.
    var isTable: Bool
    /// `SELECT *`, by which the library counts columns, gives all of them: not where some are hidden or a column set
    /// stands for them.
    var showsAll: Bool
  }

  private let connection: NativeConnection
  private let dialect: Dialect
  /// Whether identity columns take the values that they are given.
  private let keepsIdentity: Bool

  init(_ connection: NativeConnection, _ dialect: Dialect, keepsIdentity: Bool) {
    self.connection = connection
    self.dialect = dialect
    self.keepsIdentity = keepsIdentity
  }

  /// Nil when there is none, or none that the user may see.
  func table(_ name: TableName) throws(DatabaseError) -> TableInfo? {
    guard name.parts.count <= 3 else { return nil }
    let place = name.name.hasPrefix("#") ? TableName(["tempdb", "", name.name]) : name
    let quoted = place.parts.map { $0.isEmpty ? "" : dialect.quote($0) }.joined(separator: ".")
    let catalog = place.catalog.map { dialect.quote($0) + "." } ?? ""
    let object = "OBJECT_ID(\(TableCatalog.text(quoted)))"
    let rows = try connection.texts(
      """
      SELECT c.name, TYPE_NAME(CASE WHEN c.system_type_id = 240 THEN c.user_type_id ELSE c.system_type_id END), \
      c.max_length, \
      c.precision, c.scale, c.is_nullable, c.is_identity, c.is_computed, c.default_object_id, \
      CONVERT(int, COLLATIONPROPERTY(c.collation_name, 'CodePage')), c.generated_always_type, \
      \(TableCatalog.codePage), CONVERT(int, c.is_hidden) + c.is_column_set \
      FROM \(catalog)sys.columns c WHERE c.object_id = \(object) ORDER BY c.column_id
      """)
    if rows.isEmpty { return nil }
    let columns = rows.map(column)
    let more =
      try connection.texts(
        """
        SELECT (SELECT COUNT(*) FROM \(catalog)sys.triggers t WHERE t.parent_id = o.object_id AND t.is_disabled = 0), \
        o.type, \
        (SELECT COUNT(*) FROM \(catalog)sys.check_constraints c WHERE c.parent_object_id = o.object_id) \
        + (SELECT COUNT(*) FROM \(catalog)sys.foreign_keys k WHERE k.parent_object_id = o.object_id) \
        FROM \(catalog)sys.objects o WHERE o.object_id = \(object)
        """
      ).first ?? []
    let facts = Facts(
      hasTriggers: more.first.map { $0 != "0" } ?? true, hasConstraints: more.last.map { $0 != "0" } ?? true,
      isTable: more.count > 1 && more[1]?.hasPrefix("U") == true, showsAll: rows.allSatisfy { $0.last == "0" })
    return TableInfo(name: name, columns: columns, facts: DriverFacts(facts))
  }

  /// Of the database that the session is in. What the server calls properties are variants.
  private static let codePage = """
    CONVERT(int, COLLATIONPROPERTY(CONVERT(nvarchar(128), DATABASEPROPERTYEX(DB_NAME(), 'Collation')), 'CodePage'))
    """

  func codePage() throws(DatabaseError) -> Int {
    let rows = try connection.texts("SELECT \(TableCatalog.codePage)")
    return rows.first?.first?.flatMap { Int($0) } ?? CodePage.usual
  }

  /// Nil when there is no such procedure, or none that the user may see.
  func arguments(of procedure: TableName) throws(DatabaseError) -> [ColumnInfo]? {
    guard procedure.parts.count <= 3 else { return nil }
    let catalog = procedure.catalog.map { dialect.quote($0) + "." } ?? ""
    let rows = try connection.texts(
      """
      SELECT p.name, CASE WHEN p.system_type_id = 240 THEN 'udt' ELSE TYPE_NAME(p.system_type_id) END, p.max_length, \
      p.precision, p.scale, 1, 0, 0, 0, \(TableCatalog.codePage), 0 \
      FROM \(catalog)sys.parameters p WHERE p.object_id = OBJECT_ID(\(TableCatalog.text(dialect.quote(procedure)))) \
      AND p.parameter_id > 0 ORDER BY p.parameter_id
      """)
    return rows.isEmpty ? nil : rows.map(column)
  }

  /// The table of the same database whose name is nearest.
  func near(_ table: TableName) throws(DatabaseError) -> String? {
    let catalog = table.catalog.map { dialect.quote($0) + "." } ?? ""
    let rows = try? connection.texts("SELECT name FROM \(catalog)sys.objects WHERE type IN ('U', 'V')")
    return nearest(table.name, in: (rows ?? []).compactMap { $0.first ?? nil })
  }

  private func column(_ row: [String?]) -> ColumnInfo {
    func number(_ index: Int) -> Int { index < row.count ? row[index].flatMap { Int($0) } ?? 0 : 0 }
    let codePage = row.count > 9 ? row[9].flatMap { Int($0) } : nil
    var type = DatabaseType(
      catalog: (row[1] ?? "").lowercased(), bytes: number(2), precision: number(3), scale: number(4),
      codePage: codePage ?? CodePage.usual)
    type.isForeign = type.form == .narrow && number(11) != type.codePage
    var source = ColumnInfo.Source.given
    if number(6) != 0 { source = keepsIdentity ? .identity : .identityAlways }
    if number(7) != 0 || number(10) != 0 || type.form == .rowversion { source = .computed }
    let isNullable = number(5) != 0
    return ColumnInfo(
      row[0] ?? "", type.target, isNullable: isNullable, source: source,
      hasDefault: number(8) != 0 || isNullable,
      facts: DriverFacts(ColumnFacts(type: type, hasOwnDefault: number(8) != 0)))
  }

  /// A text as a literal.
  static func text(_ value: String) -> String {
    "N'" + value.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''") + "'"
  }
}

/// What only this driver knows of a column.
struct ColumnFacts: Hashable, Sendable {
  var type: DatabaseType
  /// It has a default that is not NULL.
  var hasOwnDefault: Bool
}

extension ColumnInfo {
  var sqlServer: ColumnFacts? { facts?.of(ColumnFacts.self) }

  /// It counts by itself, and takes the value that it is given now.
  var takesIdentity: Bool { source == .identity }
}
