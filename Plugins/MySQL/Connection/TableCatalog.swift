internal import Expression
internal import Records
internal import SQL

/// Reads what the server knows about a table. SHOW instead of information_schema, because it knows temporary tables.
enum TableCatalog {
  static func read(_ table: TableName, _ session: NativeConnection) throws(DatabaseError) -> TableInfo {
    let quoted = table.parts.map(Literal.name).joined(separator: ".")
    let rows = try session.texts("SHOW FULL COLUMNS FROM \(quoted)")
    let definition = try definition(quoted, session)
    // The default's column alone does not tell a default of NULL from none.
    let columns = rows.compactMap { column($0, definition) }
    return TableInfo(name: table, columns: columns, isTransactional: isTransactional(definition))
  }

  /// The table of the same database whose name is nearest.
  static func near(_ table: TableName, _ session: NativeConnection) -> String? {
    let place = table.schema.map { " FROM \(Literal.name($0))" } ?? ""
    let names = try? session.texts("SHOW TABLES\(place)").compactMap { $0.first ?? nil }
    return names.flatMap { nearest(table.name, in: $0) }
  }

  /// Nil when there is no such procedure, or none that the user may see.
  static func arguments(of procedure: TableName, _ session: NativeConnection) throws(DatabaseError) -> [ColumnInfo]? {
    let schema = procedure.schema.map(Literal.text) ?? "DATABASE()"
    let rows = try session.texts(
      """
      SELECT DTD_IDENTIFIER, CHARACTER_SET_NAME FROM information_schema.PARAMETERS WHERE SPECIFIC_SCHEMA = \(schema) \
      AND SPECIFIC_NAME = \(Literal.text(procedure.name)) AND ROUTINE_TYPE = 'PROCEDURE' AND ORDINAL_POSITION > 0 \
      ORDER BY ORDINAL_POSITION
      """)
    let types = rows.compactMap { $0.first ?? nil }
    let targets = types.map { DatabaseType($0).target(isBinary: binary($0)) }
    return types.isEmpty ? nil : targets.enumerated().map { ColumnInfo("argument \($0.offset + 1)", $0.element) }
  }

  /// Field, Type, Collation, Null, Key, Default, Extra.
  private static func column(_ row: [String?], _ definition: String) -> ColumnInfo? {
    guard row.count > 6, let name = row[0], var type = row[1] else { return nil }
    // MariaDB's JSON is a LONGTEXT that is checked.
    if definition.contains("CHECK (json_valid(\(Literal.name(name))))") { type = "json" }
    let isNullable = row[3] == "YES"
    let extra = (row[6] ?? "").uppercased()
    var target = DatabaseType(type).target(isBinary: row[2] == nil && binary(type))
    target.hasMachineNumbers = row[1] == "json"
    var source = ColumnInfo.Source.given
    if extra.contains("AUTO_INCREMENT") { source = .identity }
    if extra.contains("STORED GENERATED") || extra.contains("VIRTUAL GENERATED") || extra.contains("PERSISTENT") {
      source = .computed
    }
    return ColumnInfo(
      name, target, isNullable: isNullable, source: source, hasDefault: row[5] != nil || isNullable)
  }

  /// Types without a collation that the protocol takes as bytes; inet and the like are text.
  private static func binary(_ type: String) -> Bool {
    type.lowercased().contains("blob") || type.lowercased().contains("binary")
  }

  /// How the table was made; empty without the right to see it.
  private static func definition(_ quoted: String, _ session: NativeConnection) throws(DatabaseError) -> String {
    do throws(DatabaseError) {
      let rows = try session.texts("SHOW CREATE TABLE \(quoted)")
      return rows.first.flatMap { $0.count > 1 ? $0[1] : nil } ?? ""
    } catch {
      if error.isConnectionLoss { throw error }
      return ""
    }
  }

  /// Where nothing is known the usual engine is assumed: a rollback that keeps rows is reported by itself.
  private static func isTransactional(_ definition: String) -> Bool {
    guard
      let engine = definition.ranges(of: " ENGINE=").last
        .map({ definition[$0.upperBound...].prefix { $0.isLetter }.lowercased() })
    else { return true }
    return !["myisam", "aria", "memory", "csv", "archive", "blackhole", "merge", "mrg"].contains(engine)
  }
}
