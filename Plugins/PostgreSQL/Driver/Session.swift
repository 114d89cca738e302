internal import Expression
internal import Records
internal import SQL

/// One session with a server, as the database tasks use it.
final class Session: SQLConnection {
  let connection: ServerConnection
  let catalog: TypeCatalog
  let dialect = PostgreSQL.dialect
  let canceller: @Sendable () -> Void
  private var rows: ResultRows?
  private var load: CopyLoad?
  private var statements = 0

  init(_ connection: ServerConnection) {
    self.connection = connection
    catalog = TypeCatalog(connection)
    let cancel = connection.makeCanceller()
    canceller = { cancel() }
  }

  deinit { close() }

  func close() {
    rows?.close()
    load?.abort()
    connection.close()
  }

  // MARK: statements

  func query(_ sql: String, _ parameters: [Value], _ options: QueryOptions) throws -> SQLResult {
    finishRows()
    let doing = "running the statement"
    let shape = try connection.prepare(sql, doing)
    guard shape.parameters.count == parameters.count else {
      throw Failure(
        .schema,
        "\(doing): it has \(shape.parameters.count) placeholders, but \(parameters.count) values are given for them")
    }
    try catalog.load(shape.parameters)
    let texts = zip(parameters, shape.parameters).map { Session.text($0, catalog.type($1)) }
    if shape.columns.isEmpty {
      try connection.startPrepared(texts, binary: false, rowByRow: false, doing)
      return .updated(try connection.lastResult(doing)?.changedRows)
    }
    return .rows(try startRows(sql, shape, texts, options, doing))
  }

  private func startRows(
    _ sql: String, _ shape: ServerConnection.Shape, _ texts: [String?], _ options: QueryOptions, _ doing: String
  ) throws -> ResultRows {
    let plan = try ResultPlan(
      sql, shape.columns, catalog, connection, hasParameters: !texts.isEmpty, firstRowOnly: options.firstRowOnly)
    if plan.road == .copy {
      do { try connection.startCopyOut("COPY (\(plan.sql)\n) TO STDOUT (FORMAT binary)", doing) } catch {
        throw error.withoutPosition
      }
    } else {
      // What the plan asked the server meanwhile has taken the unnamed statement's place.
      _ = try connection.prepare(plan.sql, doing)
      try connection.startPrepared(texts, binary: plan.road == .rows, rowByRow: true, doing)
    }
    let rows = ResultRows(plan, connection, doing, options)
    self.rows = rows
    return rows
  }

  func finishRows() {
    rows?.close()
    rows = nil
  }

  /// A value as the text that the type's input function takes.
  static func text(_ value: Value, _ type: ServerType) -> String? {
    switch (value, type.form) {
    case (.null, _): nil
    case (.list(let items), .array(let element)):
      "{" + items.map { arrayItem($0, element) }.joined(separator: ",") + "}"
    case (.string(let text), _): text
    case (.bool, .int16), (.bool, .int32), (.bool, .int64), (.bool, .numeric): value == .bool(true) ? "1" : "0"
    default: value.text
    }
  }

  private static func arrayItem(_ value: Value, _ element: ServerType) -> String {
    if case .list(let items) = value { return "{" + items.map { arrayItem($0, element) }.joined(separator: ",") + "}" }
    guard let text = text(value, element) else { return "NULL" }
    return "\"" + String(text.flatMap { $0 == "\"" || $0 == "\\" ? "\\\($0)" : String($0) }) + "\""
  }

  // MARK: transactions

  func begin() throws {
    finishRows()
    try connection.execute("BEGIN", "starting a transaction")
  }

  func commit() throws {
    finishRows()
    let doing = "committing the transaction"
    let result = try connection.execute("COMMIT", doing)
    // An aborted transaction is rolled back by COMMIT, without an error.
    if result?.commandTag == "ROLLBACK" {
      throw Failure(.data, "\(doing): the server rolled it back, as a statement in it had failed", code: "25P02")
    }
  }

  func rollback() throws {
    load?.abort()
    load = nil
    rows?.close()
    rows = nil
    guard !connection.isBroken, connection.isInTransaction else { return }
    _ = try connection.line.within(Patience.rollback) {
      try connection.execute("ROLLBACK", "rolling the transaction back")
    }
  }

  // MARK: loads

  func describe(_ table: TableName) throws -> TableInfo {
    finishRows()
    return try TableCatalog(connection, catalog).table(table).info
  }

  func bulkLoad(into table: TableInfo, _ columns: [ColumnInfo]) throws -> (any BulkLoad)? {
    finishRows()
    guard !columns.isEmpty else { return nil }
    let found = try TableCatalog(connection, catalog).table(table.name)
    guard found.takesCopy else { return nil }
    let targets = try columns.map { column in
      guard let target = found.columns.first(where: { $0.info.name == column.name })?.target else {
        throw Failure(.schema, "loading table '\(table.name)': it has no column '\(column.name)'")
      }
      return target
    }
    let load = CopyLoad(found, columns.map(\.target), targets, connection)
    self.load = load
    return load
  }

  func prepare(_ sql: String) throws -> any SQLStatement {
    finishRows()
    statements += 1
    let name = "ferry_\(statements)"
    let shape = try connection.prepare(StatementText(sql).sql, name: name, "preparing the statement")
    try catalog.load(shape.parameters)
    return PreparedStatement(name, shape.parameters.map(catalog.type), connection)
  }
}

extension Error {
  /// Of a statement that was put into another one, the server names places in that one.
  fileprivate var withoutPosition: any Error {
    guard var failure = self as? Failure else { return self }
    failure.position = nil
    return failure
  }
}
