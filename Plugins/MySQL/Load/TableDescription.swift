internal import Records
internal import SQL

/// Reads what the server knows about a table. SHOW instead of information_schema, because it knows temporary tables.
enum TableDescription {
  static func read(_ table: TableName, _ session: Session) throws(ServerError) -> TableInfo {
    let quoted = table.parts.map(Literal.name).joined(separator: ".")
    let rows = try session.texts("SHOW FULL COLUMNS FROM \(quoted)")
    // The default's column alone does not tell a default of NULL from none.
    let columns = rows.compactMap(column)
    return TableInfo(name: table, columns: columns, isTransactional: try isTransactional(quoted, session))
  }

  /// Field, Type, Collation, Null, Key, Default, Extra.
  private static func column(_ row: [String?]) -> ColumnInfo? {
    guard row.count > 6, let name = row[0], let type = row[1] else { return nil }
    let isNullable = row[3] == "YES"
    let extra = (row[6] ?? "").uppercased()
    let target = ColumnType(type).target(isBinary: row[2] == nil && binary(type))
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

  private static func isTransactional(_ quoted: String, _ session: Session) throws(ServerError) -> Bool {
    let text: String
    do throws(ServerError) {
      let rows = try session.texts("SHOW CREATE TABLE \(quoted)")
      text = rows.first.flatMap { $0.count > 1 ? $0[1] : nil } ?? ""
    } catch {
      // Without the right to see it, the usual engine is assumed: a rollback that keeps rows is reported by itself.
      if error.isConnectionLoss { throw error }
      return true
    }
    guard
      let engine = text.ranges(of: " ENGINE=").last.map({ text[$0.upperBound...].prefix { $0.isLetter }.lowercased() })
    else { return true }
    return !["myisam", "aria", "memory", "csv", "archive", "blackhole", "merge", "mrg"].contains(engine)
  }
}
