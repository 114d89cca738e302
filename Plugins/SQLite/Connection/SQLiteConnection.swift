internal import Engine
internal import Expression
internal import Records
internal import SQL

/// An open SQLite database.
final class SQLiteConnection: UnnamedTransactions {
  let dialect = SQLite.dialect
  private let native: NativeConnection
  private let options: SQLiteOptions
  let canceller: @Sendable () -> Void

  init(_ url: ConnectionPlan, _ options: SQLiteOptions) throws {
    native = try NativeConnection(url)
    self.options = options
    let interrupter = native.interrupter
    canceller = { interrupter.interrupt() }
  }

  func close() { native.close() }

  func query(_ sql: String, _ parameters: [Value], _ options: QueryOptions) throws -> SQLResult {
    let statement = try native.prepare(sql)
    try statement.bind(parameters)
    if statement.columnCount > 0 {
      return .rows(try SQLiteRows(statement, options, promote: self.options.promote))
    }
    let before = native.totalChanges
    while try statement.step() {}
    let word = dialect.verb(of: sql)
    let counts = ["INSERT", "UPDATE", "DELETE", "REPLACE", "WITH"].contains(word) || word.isEmpty
    return .updated(counts ? (native.totalChanges == before ? 0 : native.changes) : nil)
  }

  // MARK: transactions

  /// IMMEDIATE takes the write lock now, where waiting for it is possible; later it would only fail.
  func begin() throws { try execute(native.isReadOnly ? "BEGIN" : "BEGIN IMMEDIATE") }
  func commit() throws { try execute("COMMIT") }
  func rollback() throws { if native.isInTransaction { try execute("ROLLBACK") } }

  /// The file is all there is: no session of it outlives its process.
  let tokenTable: TokenTable? = .standard
  func breakOff(session: String) throws {}
  func runOwn(_ sql: String) throws -> Int64 { try execute(sql) ?? 0 }

  // MARK: tables

  func arguments(of procedure: TableName) throws -> [ColumnInfo]? { nil }

  func describe(_ table: TableName) throws -> TableInfo { try TableCatalog(native, dialect).table(table) }

  // MARK: loading

  func bulkLoad(into table: TableInfo, _ columns: [ColumnInfo]) throws -> (any BulkLoad)? {
    let names = columns.map { dialect.quote($0.name) }.joined(separator: ", ")
    let marks = Array(repeating: "?", count: columns.count).joined(separator: ", ")
    let statement = try native.prepare("INSERT INTO \(dialect.quote(table.name)) (\(names)) VALUES (\(marks))")
    return SQLiteLoad(statement, columns)
  }

  func prepare(_ sql: String, _ parameters: [StatementParameter]) throws -> any SQLStatement {
    SQLiteStatement(try native.prepare(sql), parameters)
  }

  // MARK: files

  func outputs(_ context: TaskContext) throws -> ValueMap {
    guard options.outputDbFile else { return [:] }
    let path = try "\(context.workingDirectory())/ferry-output.sqlite"
    try execute("VACUUM INTO '\(path.replacing("'", with: "''"))'")
    let output = try context.create("database.sqlite")
    try context.copy(from: FileInput(path: path), to: output)
    try output.commit()
    return ["databaseUri": .string(output.uri)]
  }
}
