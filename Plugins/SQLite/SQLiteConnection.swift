internal import Engine
internal import Expression
internal import Records
internal import SQL

/// An open SQLite database.
final class SQLiteConnection: SQLConnection {
  let dialect = SQLite.dialect
  private let handle: SQLiteHandle
  private let options: SQLiteOptions
  let canceller: @Sendable () -> Void

  init(_ url: SQLiteURL, _ options: SQLiteOptions) throws {
    handle = try SQLiteHandle(url)
    self.options = options
    let interrupter = handle.interrupter
    canceller = { interrupter.interrupt() }
  }

  func close() { handle.close() }

  func query(_ sql: String, _ parameters: [Value], _ options: QueryOptions) throws -> SQLResult {
    let statement = try handle.prepare(sql)
    try statement.bind(parameters)
    if statement.columnCount > 0 {
      return .rows(try SQLiteRows(statement, options, promote: self.options.promote))
    }
    let before = handle.totalChanges
    while try statement.step() {}
    let word = dialect.verb(of: sql)
    let counts = ["INSERT", "UPDATE", "DELETE", "REPLACE", "WITH"].contains(word) || word.isEmpty
    return .updated(counts ? (handle.totalChanges == before ? 0 : handle.changes) : nil)
  }

  // MARK: transactions

  /// IMMEDIATE takes the write lock now, where waiting for it is possible; later it would only fail.
  func begin() throws { try execute(handle.isReadOnly ? "BEGIN" : "BEGIN IMMEDIATE") }
  func commit() throws { try execute("COMMIT") }
  func rollback() throws { if handle.isInTransaction { try execute("ROLLBACK") } }

  // MARK: tables

  func describe(_ table: TableName) throws -> TableInfo {
    let schema = table.schema.map { dialect.quote($0) + "." } ?? ""
    let statement = try handle.prepare("PRAGMA \(schema)table_xinfo(\(dialect.quote(table.name)))")
    let rows = try SQLiteRows(statement, QueryOptions(), promote: false)
    var columns: [(info: ColumnInfo, key: Int64)] = []
    while let batch = try rows.next() {
      for row in 0..<batch.count { columns.append(column(RowValues(batch).map(at: row))) }
    }
    guard !columns.isEmpty else { throw try missing(table) }
    // INTEGER PRIMARY KEY is the row's number.
    let keys = columns.indices.filter { columns[$0].key > 0 }
    if keys.count == 1, columns[keys[0]].info.target.nativeType.uppercased() == "INTEGER" {
      columns[keys[0]].info.source = .identity
    }
    return TableInfo(name: table, columns: columns.map(\.info))
  }

  private func column(_ row: ValueMap) -> (ColumnInfo, Int64) {
    let declared = DeclaredType(row["type"]?.string ?? "")
    let hidden = row["hidden"]?.int ?? 0
    let info = ColumnInfo(
      row["name"]?.string ?? "", declared.target, isNullable: row["notnull"]?.int != 1,
      source: hidden == 2 || hidden == 3 ? .computed : .given, hasDefault: row["dflt_value"]?.isNull == false)
    return (info, row["pk"]?.int ?? 0)
  }

  private func missing(_ table: TableName) throws -> Failure {
    let statement = try handle.prepare("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")
    let rows = try SQLiteRows(statement, QueryOptions(), promote: false)
    var names: [String] = []
    while let batch = try rows.next() {
      names += (0..<batch.count).compactMap { batch.columns[0].value(at: $0).string }
    }
    let near = nearest(table.name, in: names).map { "Did you mean '\($0)'?" }
    return Failure(.schema, "there is no table '\(table)'", hint: near)
  }

  // MARK: loading

  func bulkLoad(into table: TableInfo, _ columns: [ColumnInfo]) throws -> (any BulkLoad)? {
    let names = columns.map { dialect.quote($0.name) }.joined(separator: ", ")
    let marks = Array(repeating: "?", count: columns.count).joined(separator: ", ")
    let statement = try handle.prepare("INSERT INTO \(dialect.quote(table.name)) (\(names)) VALUES (\(marks))")
    return SQLiteLoad(statement, columns)
  }

  func prepare(_ sql: String, _ parameters: [StatementParameter]) throws -> any SQLStatement {
    SQLiteStatement(try handle.prepare(sql), parameters)
  }

  // MARK: files

  func outputs(_ context: TaskContext) throws -> ValueMap {
    guard options.outputDbFile else { return [:] }
    let path = try "\(context.workingDirectory())/ferry-output.sqlite"
    try execute("VACUUM INTO '\(path.replacing("'", with: "''"))'")
    let output = try context.create("database.sqlite")
    try SQLiteFiles.copy(from: FileInput(path: path), to: output)
    return ["databaseUri": .string(output.uri)]
  }
}
