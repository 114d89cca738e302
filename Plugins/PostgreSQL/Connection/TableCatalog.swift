internal import Expression
internal import Records
internal import SQL

/// What the server's catalog says about tables.
struct TableCatalog {
  /// Of a table.
  struct Facts: Hashable {
    /// COPY into it means the same as INSERT: no rules, no row security, no trigger that runs once a statement, not a
    /// view.
    var takesCopy: Bool
  }

  private let connection: NativeConnection
  private let catalog: TypeCatalog
  private let doing = "asking PostgreSQL for the table"

  init(_ connection: NativeConnection, _ catalog: TypeCatalog) {
    self.connection = connection
    self.catalog = catalog
  }

  func table(_ name: TableName) throws -> TableInfo {
    if let other = name.catalog, other != connection.database {
      throw Failure(
        .schema, "table '\(name)' is in the database '\(other)', the connection in '\(connection.database)'",
        hint: "Name that database in the url", code: "0A000")
    }
    let quoted = PostgreSQL.dialect.quote(TableName(name.parts.suffix(2)))
    guard let found = try connection.execute(TableCatalog.tableQuery, [quoted], doing), found.rowCount == 1,
      let oid = found.text(0, 0)
    else { throw try missing(name) }
    let columns = try columns(oid)
    let resolved = TableName([found.text(0, 1) ?? "", found.text(0, 2) ?? ""])
    return TableInfo(
      name: resolved, columns: columns, facts: DriverFacts(Facts(takesCopy: found.text(0, 3) == "t")))
  }

  private static let tableQuery = """
    SELECT c.oid, n.nspname, c.relname,
      c.relkind IN ('r', 'p', 'f') AND NOT pg_catalog.row_security_active(c.oid)
        AND NOT EXISTS (SELECT FROM pg_catalog.pg_rewrite r WHERE r.ev_class = c.oid AND r.ev_type = '3')
        AND NOT EXISTS (SELECT FROM pg_catalog.pg_trigger t
          WHERE t.tgrelid = c.oid AND NOT t.tgisinternal AND t.tgtype::int & 5 = 4)
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.oid = pg_catalog.to_regclass($1)
    """

  private func columns(_ oid: String) throws -> [ColumnInfo] {
    let query = """
      SELECT a.attname, a.atttypid, a.atttypmod, a.attnotnull, a.attidentity, a.attgenerated, a.attndims,
        pg_catalog.pg_get_expr(d.adbin, d.adrelid), pg_catalog.format_type(a.atttypid, a.atttypmod)
      FROM pg_catalog.pg_attribute a
      LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
      WHERE a.attrelid = \(oid) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
      """
    guard let rows = try connection.execute(query, doing) else { return [] }
    let oids = (0..<rows.rowCount).map { rows.text($0, 1).flatMap { UInt32($0) } ?? 0 }
    try catalog.load(oids)
    return try oids.enumerated().map { try column(rows, $0, catalog.type($1)) }
  }

  private func column(_ rows: ServerResult, _ row: Int, _ type: DatabaseType) throws -> ColumnInfo {
    func text(_ column: Int) -> String { rows.text(row, column) ?? "" }
    var target = RowEncoder.Target(name: text(0), type: type, modifier: Int32(text(2)) ?? -1)
    if target.modifier < 0 { target.modifier = type.domainModifier }
    target.depth = max(1, Int(text(6)) ?? 1)
    if type.form == .money { target.moneyScale = try catalog.moneyScale() }
    let isCounted = text(4) == "d" || text(7).hasPrefix("nextval(")
    let source: ColumnInfo.Source =
      !text(5).isEmpty ? .computed : text(4) == "a" ? .identityAlways : isCounted ? .identity : .given
    return ColumnInfo(
      target.name, TableCatalog.load(target, named: text(8)), isNullable: text(3) == "f", source: source,
      hasDefault: rows.text(row, 7) != nil || !text(4).isEmpty, facts: DriverFacts(target))
  }

  /// What Batch has to coerce to.
  static func load(_ target: RowEncoder.Target, named name: String) -> LoadTarget {
    var load = LoadTarget(target.dataType, nativeType: name, takesNUL: false)
    load.takesInfiniteDates = true
    load.takesNonFinite = true
    switch (target.type.form, target.type.oid) {
    case (.text, 1042) where target.modifier > 4, (.text, 1043) where target.modifier > 4:
      load.length = .characters(Int(target.modifier) - 4)
    case (.text, 19): load.length = .bytes(63)
    case (.bytes, _): load.takesNUL = true
    case (.numeric, _): load.takesNonFinite = load.type == .numeric
    case (.array, _): load.takesAnyDepth = true
    default: break
    }
    setSteps(of: &load, target.type.form, target.modifier)
    return load
  }

  /// What the server would round without a word.
  private static func setSteps(of load: inout LoadTarget, _ form: DatabaseType.Form, _ modifier: Int32) {
    switch form {
    case .array(let element): setSteps(of: &load, element.form, modifier)
    case .time, .timestamp: load.step = step(modifier)
    // Microseconds, of what comes in nanoseconds.
    case .interval: load.step = 1_000 * (modifier < 0 || modifier & 0xFFFF > 6 ? 1 : step(modifier & 0xFFFF))
    case .numeric where modifier >= 4 && DatabaseType.decimal(modifier) == nil:
      load.digits = DigitLimit(fraction: Int((((modifier - 4) & 0x7FF) ^ 1024) - 1024))
    default: break
    }
  }

  /// In microseconds, of a precision.
  private static func step(_ precision: Int32) -> Int64 {
    guard (0..<6).contains(precision) else { return 1 }
    return (0..<(6 - precision)).reduce(1) { step, _ in step * 10 }
  }

  // MARK: a table that is not there

  private func missing(_ name: TableName) throws -> Failure {
    let query = """
      SELECT n.nspname, c.relname, pg_catalog.pg_table_is_visible(c.oid)
      FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind IN ('r', 'p', 'f', 'v') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
      LIMIT 10000
      """
    var names: [String] = []
    if let rows = try connection.execute(query, doing) {
      for row in 0..<rows.rowCount {
        let (schema, table) = (rows.text(row, 0) ?? "", rows.text(row, 1) ?? "")
        if name.schema == nil, rows.text(row, 2) == "t" { names.append(table) }
        names.append("\(schema).\(table)")
        // The right table in another schema is nearer than any misspelling.
        if table == name.name { return missing(name, near: "\(schema).\(table)") }
      }
    }
    return missing(name, near: nearest("\(name)", in: names))
  }

  private func missing(_ name: TableName, near: String?) -> Failure {
    Failure(
      .schema, "table '\(name)' does not exist in this database", hint: near.map { "Did you mean '\($0)'?" },
      code: "42P01")
  }
}
