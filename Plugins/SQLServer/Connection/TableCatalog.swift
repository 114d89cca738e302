internal import Expression
internal import Records
internal import SQL

/// What the server's catalog says about tables.
struct TableCatalog {
  /// Of a table.
  struct Facts: Hashable, Sendable {
    var hasTriggers: Bool
    /// A view, or one of another server.
    var isTable: Bool
  }

  private let connection: NativeConnection
  private let dialect: Dialect
  private let unit: TimeUnit
  /// Whether identity columns take the values that they are given.
  private let keepsIdentity: Bool

  init(_ connection: NativeConnection, _ dialect: Dialect, _ unit: TimeUnit, keepsIdentity: Bool) {
    self.connection = connection
    self.dialect = dialect
    self.unit = unit
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
      SELECT c.name, CASE WHEN c.system_type_id = 240 THEN 'udt' ELSE TYPE_NAME(c.system_type_id) END, c.max_length, \
      c.precision, c.scale, c.is_nullable, c.is_identity, c.is_computed, c.default_object_id, \
      COLLATIONPROPERTY(c.collation_name, 'CodePage'), c.generated_always_type \
      FROM \(catalog)sys.columns c WHERE c.object_id = \(object) ORDER BY c.column_id
      """)
    if rows.isEmpty { return nil }
    let columns = rows.map(column)
    let more =
      try connection.texts(
        """
        SELECT (SELECT COUNT(*) FROM \(catalog)sys.triggers t WHERE t.parent_id = o.object_id AND t.is_disabled = 0), \
        o.type FROM \(catalog)sys.objects o WHERE o.object_id = \(object)
        """
      ).first ?? []
    let facts = Facts(
      hasTriggers: more.first.map { $0 != "0" } ?? true,
      isTable: more.count > 1 && more[1]?.hasPrefix("U") == true)
    return TableInfo(name: name, columns: columns, facts: DriverFacts(facts))
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
    let type = DatabaseType(
      catalog: (row[1] ?? "").lowercased(), bytes: number(2), precision: number(3), scale: number(4),
      codePage: codePage ?? CodePage.usual)
    var source = ColumnInfo.Source.given
    if number(6) != 0 { source = keepsIdentity ? .identity : .identityAlways }
    if number(7) != 0 || number(10) != 0 || type.form == .rowversion { source = .computed }
    let isNullable = number(5) != 0
    return ColumnInfo(
      row[0] ?? "", type.target(unit), isNullable: isNullable, source: source,
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
