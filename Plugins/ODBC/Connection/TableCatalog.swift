internal import Expression
internal import Records
internal import SQL

/// Asks for a table's columns in the one way that every driver has: a query that gives none of its rows.
struct TableCatalog {
  private let connection: NativeConnection
  private let dialect: Dialect

  init(_ connection: NativeConnection, _ dialect: Dialect) {
    self.connection = connection
    self.dialect = dialect
  }

  func table(_ name: TableName) throws(DatabaseError) -> TableInfo {
    let sql = "SELECT * FROM \(dialect.quote(name)) WHERE 1 = 0"
    let native = connection
    let fields = try native.call { () throws(DatabaseError) in
      let statement = try StatementHandle(native)
      try statement.execute(sql)
      defer { statement.close() }
      return try statement.fields()
    }
    let details = try details(of: name)
    return TableInfo(name: name, columns: fields.map { column($0, details[$0.name]) })
  }

  /// What only the database's own catalog knows of a column.
  private struct Detail {
    /// The type's real name.
    var type: String
    var source: ColumnInfo.Source
    var hasDefault: Bool
    var codePage: String?
  }

  private func details(of name: TableName) throws(DatabaseError) -> [String: Detail] {
    guard let sql = connection.product.columnDetails(TableCatalog.literal(dialect.quote(name))) else { return [:] }
    let rows = try connection.texts(sql, columns: 5)
    var details: [String: Detail] = [:]
    for row in rows {
      details[row[0] ?? ""] = Detail(
        type: row[1] ?? "", source: TableCatalog.source(row[2] ?? ""), hasDefault: row[3] == "1",
        codePage: row[4])
    }
    return details
  }

  private static func source(_ text: String) -> ColumnInfo.Source {
    switch text {
    case "identity": .identity
    case "always": .identityAlways
    case "computed": .computed
    default: .given
    }
  }

  /// As SQL Server calls it.
  private static let utf8 = "65001"

  static func literal(_ text: String) -> String {
    "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''") + "'"
  }

  private func column(_ field: ResultField, _ detail: Detail?) -> ColumnInfo {
    var type = detail.map { field.type.named($0.type) } ?? field.type
    type.isUTF8 = detail?.codePage == TableCatalog.utf8
    let source = detail?.source ?? (field.isIdentity ? .identity : .given)
    return ColumnInfo(
      field.name, type.target, isNullable: field.isNullable, source: source,
      hasDefault: detail?.hasDefault ?? false || field.isNullable || source == .identity, facts: DriverFacts(type))
  }

  /// The names of tables of this database, for a hint.
  func near(_ table: TableName) throws(DatabaseError) -> String? {
    let native = connection
    let names = try native.call { () throws(DatabaseError) in
      let statement = try StatementHandle(native)
      defer { statement.close() }
      return try statement.tables()
    }
    return nearest(table.name, in: names)
  }
}
