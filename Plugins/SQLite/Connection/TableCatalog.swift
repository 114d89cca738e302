internal import Engine
internal import Expression
internal import Records
internal import SQL

/// What SQLite knows about its tables.
struct TableCatalog {
  private let native: NativeConnection
  private let dialect: Dialect

  init(_ native: NativeConnection, _ dialect: Dialect) {
    self.native = native
    self.dialect = dialect
  }

  func table(_ table: TableName) throws -> TableInfo {
    let schema = table.schema.map { dialect.quote($0) + "." } ?? ""
    let statement = try native.prepare("PRAGMA \(schema)table_xinfo(\(dialect.quote(table.name)))")
    let rows = try SQLiteRows(statement, QueryOptions(), promote: false)
    var columns: [(info: ColumnInfo, key: Int64)] = []
    while let batch = try rows.next() {
      for row in 0..<batch.count { columns.append(column(RowValues(batch).map(at: row))) }
    }
    guard !columns.isEmpty else { throw try missing(table) }
    // INTEGER PRIMARY KEY is the row's number.
    let keys = columns.indices.filter { columns[$0].key > 0 }
    if keys.count == 1, columns[keys[0]].info.facts?.of(DatabaseType.self)?.name.uppercased() == "INTEGER" {
      columns[keys[0]].info.source = .identity
    }
    return TableInfo(name: table, columns: columns.map(\.info))
  }

  private func column(_ row: ValueMap) -> (ColumnInfo, Int64) {
    let declared = DatabaseType(row["type"]?.string ?? "")
    let hidden = row["hidden"]?.int ?? 0
    let info = ColumnInfo(
      row["name"]?.string ?? "", declared.target, isNullable: row["notnull"]?.int != 1,
      source: hidden == 2 || hidden == 3 ? .computed : .given, hasDefault: row["dflt_value"]?.isNull == false,
      facts: DriverFacts(declared))
    return (info, row["pk"]?.int ?? 0)
  }

  private func missing(_ table: TableName) throws -> Failure {
    let statement = try native.prepare("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")
    let rows = try SQLiteRows(statement, QueryOptions(), promote: false)
    var names: [String] = []
    while let batch = try rows.next() {
      names += (0..<batch.count).compactMap { batch.columns[0].value(at: $0).string }
    }
    let near = nearest(table.name, in: names).map { "Did you mean '\($0)'?" }
    return Failure(.schema, "there is no table '\(table)'", hint: near)
  }
}
