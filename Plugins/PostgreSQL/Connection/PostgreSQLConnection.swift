internal import Engine
internal import Expression
internal import Records
internal import SQL

/// One session with a server, as the database tasks use it.
final class PostgreSQLConnection: SQLConnection {
  let connection: NativeConnection
  let catalog: TypeCatalog
  let dialect = PostgreSQL.dialect
  let canceller: @Sendable () -> Void
  private var rows: PostgreSQLRows?
  private var load: PostgreSQLLoad?
  private var statements = 0

  init(_ connection: NativeConnection) {
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
    let texts = zip(parameters, shape.parameters).map { PostgreSQLConnection.text($0, catalog.type($1)) }
    if shape.columns.isEmpty {
      try connection.startPrepared(texts, binary: false, rowByRow: false, doing)
      return .updated(try connection.lastResult(doing)?.changedRows)
    }
    return .rows(try startRows(sql, shape, texts, options, doing))
  }

  private func startRows(
    _ sql: String, _ shape: NativeConnection.Shape, _ texts: [String?], _ options: QueryOptions, _ doing: String
  ) throws -> PostgreSQLRows {
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
    let rows = PostgreSQLRows(plan, connection, doing, options)
    self.rows = rows
    return rows
  }

  func finishRows() {
    rows?.close()
    rows = nil
  }

  /// A value as the text that the type's input function takes.
  static func text(_ value: Value, _ type: DatabaseType) -> String? {
    switch (value, type.form) {
    case (.null, _): nil
    case (.list(let items), .array(let element)):
      "{" + items.map { arrayItem($0, element) }.joined(separator: ",") + "}"
    case (.string(let text), _): text
    case (.bool, .int16), (.bool, .int32), (.bool, .int64), (.bool, .numeric): value == .bool(true) ? "1" : "0"
    default: value.text
    }
  }

  private static func arrayItem(_ value: Value, _ element: DatabaseType) -> String {
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
    return try TableCatalog(connection, catalog).table(table)
  }

  func arguments(of procedure: TableName) throws -> [ColumnInfo]? { nil }

  func outputs(_ context: TaskContext) throws -> ValueMap { [:] }

  func bulkLoad(into table: TableInfo, _ columns: [ColumnInfo]) throws -> (any BulkLoad)? {
    finishRows()
    guard !columns.isEmpty, table.facts?.of(TableCatalog.Facts.self)?.takesCopy == true else { return nil }
    let targets = columns.compactMap { $0.facts?.of(RowEncoder.Target.self) }
    guard targets.count == columns.count else { return nil }
    let load = PostgreSQLLoad(table, columns, targets, connection)
    self.load = load
    return load
  }

  func prepare(_ sql: String, _ parameters: [StatementParameter]) throws -> any SQLStatement {
    finishRows()
    for parameter in parameters { try parameter.refuseRounding(roundsDecimals: true) }
    let types = ParameterTypes(parameters, catalog)
    let text = StatementText(sql, dialect).sql
    var prepared = try prepare(text, types)
    if let natural = types.natural(prepared.shape.parameters),
      case .success(let better) = try attempt({ try prepare(text, natural) })
    {
      try connection.execute("DEALLOCATE \(dialect.quote(prepared.name))", "closing the statement")
      prepared = better
    }
    return PostgreSQLStatement(prepared.name, try types.takers(prepared.shape.parameters), connection)
  }

  private typealias Prepared = (name: String, shape: NativeConnection.Shape)

  /// With the first of the possible types that the server can do the statement with. What it says of the types that it
  /// infers itself is what the user has to know.
  private func prepare(_ sql: String, _ types: ParameterTypes) throws -> Prepared {
    let inferred = types.known(terms: false)
    let others = types.alternatives
    if others.before == nil, others.behind == nil { return try prepare(sql, inferred) }
    var reason: Failure?
    for list in [others.before, inferred, others.behind] {
      guard let list else { continue }
      switch try attempt({ try prepare(sql, list) }) {
      case .success(let prepared): return prepared
      case .failure(let failure): if list == inferred { reason = failure }
      }
    }
    throw reason ?? Failure(.bug, "the statement could not be prepared")
  }

  private func prepare(_ sql: String, _ types: [UInt32]) throws -> Prepared {
    statements += 1
    let name = "ferry_\(statements)"
    let shape = try connection.prepare(sql, name: name, types: types, "preparing the statement")
    try catalog.load(shape.parameters)
    return (name, shape)
  }

  /// What the server refuses does not end an open transaction.
  private func attempt(_ body: () throws -> Prepared) throws -> Result<Prepared, Failure> {
    let isOpen = connection.isInTransaction
    if isOpen { try connection.execute("SAVEPOINT ferry_types", "preparing the statement") }
    do {
      let prepared = try body()
      if isOpen { try connection.execute("RELEASE SAVEPOINT ferry_types", "preparing the statement") }
      return .success(prepared)
    } catch let failure as Failure where !connection.isBroken {
      if isOpen { try connection.execute("ROLLBACK TO SAVEPOINT ferry_types", "preparing the statement") }
      return .failure(failure)
    }
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
