internal import Engine
internal import Expression
internal import Records
internal import SQL

/// A connection as the SQL tasks want it.
final class ODBCConnection: UnnamedTransactions {
  let native: NativeConnection
  let dialect: Dialect
  /// Whether many sets of parameters go in one call.
  private(set) var usesArrays: Bool
  private let log: (LogLevel, String) -> Void
  private var isInTransaction = false
  /// Nothing has been done in the transaction yet.
  var isUntouched = false
  /// Where the files of Vector's bulk road lie; nil for parameters only.
  var bulkFolder: String?

  /// Takes a fresh connection and sets it up.
  init(_ native: NativeConnection, _ options: ODBCOptions, log: @escaping (LogLevel, String) -> Void) throws {
    self.native = native
    self.log = log
    dialect = native.facts.dialect
    usesArrays = options.parameterArrays
    if let warning = native.traits.warning { log(.warn, warning) }
    do throws(DatabaseError) {
      for sql in native.product.setup { _ = try run(sql) }
    } catch {
      throw error.failure("preparing the session")
    }
  }

  var canceller: @Sendable () -> Void {
    let interrupter = native.interrupter
    return { interrupter.interrupt() }
  }

  func close() { native.close() }

  // MARK: transactions

  func begin() throws {
    do throws(DatabaseError) { try native.begin() } catch { throw error.failure("starting a transaction") }
    isInTransaction = true
    isUntouched = true
  }

  func commit() throws {
    do throws(DatabaseError) { try native.end(commits: true) } catch {
      var failure = error.failure("committing")
      failure.outcome = error.isRefusal ? .undone : .unknown
      throw failure
    }
    isInTransaction = false
  }

  func rollback() throws {
    guard !native.isLost, isInTransaction else { return }
    native.interrupter.reset()
    let limit = native.line.limit(Patience.rollback, .ending(Patience.rollback))
    defer { native.line.lift(limit) }
    do throws(DatabaseError) { try native.end(commits: false) } catch {
      if error.isConnectionLoss { return }
      throw error.failure("rolling back")
    }
    isInTransaction = false
  }

  /// A driver was found to take no arrays, or not to keep its word: where nothing else is in the transaction, it is
  /// begun anew, and from now on rows go one by one.
  func restart(after problem: ParameterSets.Problem) throws -> Bool {
    let why: String
    switch problem {
    case .mismatch(let mismatch): why = mismatch.told
    case .database(let error, _, _) where error.state == "HYC00" || error.state == "IM001": why = error.text
    case .database: return false
    }
    guard isInTransaction, isUntouched else { return false }
    log(.warn, "the driver does not load rows by the array (\(why)): they go one by one, which is slower")
    usesArrays = false
    try rollback()
    try begin()
    return true
  }

  var tokenTable: TokenTable? {
    guard var table = native.product.tokenTable else { return nil }
    table.isUsual = native.hasDatabase && table.isUsual
    return table
  }

  func breakOff(session number: String) throws {}

  @discardableResult
  func runOwn(_ sql: String) throws -> Int64 {
    isUntouched = false
    do throws(DatabaseError) { return try run(sql) ?? 0 } catch {
      throw error.failure("running a statement of its own")
    }
  }

  /// Rows changed, where the driver knows.
  func run(_ sql: String) throws(DatabaseError) -> Int64? {
    let native = native
    return try native.call { () throws(DatabaseError) in
      let statement = try StatementHandle(native)
      try statement.execute(sql)
      var changed = statement.columnCount == 0 ? statement.rowCount : nil
      while try statement.nextResult() { changed = statement.rowCount ?? changed }
      statement.close()
      return changed
    }
  }

  // MARK: statements

  func query(_ sql: String, _ parameters: [Value], _ options: QueryOptions) throws -> SQLResult {
    native.interrupter.reset()
    isUntouched = false
    let written = sql
    let sql = dialect.bare(sql)
    guard !dialect.words(of: sql).isEmpty else { throw Failure(.configuration, "the statement is empty") }
    do throws(DatabaseError) {
      let statement = try start(sql, parameters)
      let native = native
      let fields = try native.call { () throws(DatabaseError) -> [ResultField] in
        while true {
          let fields = try statement.fields()
          if !fields.isEmpty { return fields }
          let changed = statement.rowCount
          if try !statement.nextResult() {
            statement.lastCount = changed
            return []
          }
        }
      }
      if fields.isEmpty {
        if native.interrupter.wasUsed { throw DatabaseError.interrupted }
        return .updated(statement.lastCount)
      }
      return .rows(try ODBCRows(statement, fields, options))
    } catch {
      throw error.failure("running the statement", of: written)
    }
  }

  /// Runs a statement with its values; a query in steps, where its driver does not come in steps by itself.
  private func start(_ sql: String, _ parameters: [Value]) throws(DatabaseError) -> StatementHandle {
    guard native.traits.needsSteps, SteppedQuery.takes(sql, dialect) else { return try start(sql, parameters, nil) }
    let declaration = SteppedQuery.declaration(sql)
    if isInTransaction { return try start(declaration, parameters, SteppedQuery(ownsTransaction: false)) }
    try native.begin()
    do throws(DatabaseError) {
      return try start(declaration, parameters, SteppedQuery(ownsTransaction: true))
    } catch {
      // What went wrong is said; a connection that cannot roll back is lost.
      do throws(DatabaseError) { if !native.isLost { try native.end(commits: false) } } catch {}
      throw error
    }
  }

  private func start(
    _ sql: String, _ parameters: [Value], _ steps: SteppedQuery?
  ) throws(DatabaseError) -> StatementHandle {
    let native = native
    let arguments = parameters.map(\.asColumn)
    return try native.call { () throws(DatabaseError) in
      let statement = try StatementHandle(native)
      if arguments.isEmpty {
        try statement.execute(sql)
        if let steps { try statement.begin(steps) }
        return statement
      }
      try statement.prepare(sql)
      var arrays: [BoundColumn] = []
      for (index, column) in arguments.enumerated() {
        let encoder = RowEncoder(column, for: nil, native)
        let width = encoder.width(0..<1)
        let array = encoder.array(1, width: width)
        encoder.fill(array, 0..<1)
        try statement.bind(array, parameter: index + 1, as: encoder.type(width))
        arrays.append(array)
      }
      try statement.execute()
      if let steps { try statement.begin(steps) }
      return statement
    }
  }

  func prepare(_ sql: String, _ parameters: [StatementParameter]) throws -> any SQLStatement {
    for parameter in parameters { try parameter.refuseRounding(roundsDecimals: true) }
    do throws(DatabaseError) {
      return try ODBCStatement(self, sql, parameters, isInsert: false)
    } catch {
      throw error.failure("preparing the statement", of: sql)
    }
  }

  // MARK: tables

  func describe(_ table: TableName) throws -> TableInfo {
    let catalog = TableCatalog(native, dialect)
    let isGuarded = isInTransaction && native.product.abortsTransactions
    do throws(DatabaseError) {
      if isGuarded { _ = try run("SAVEPOINT ferry_describe") }
      return try catalog.table(table)
    } catch {
      let failure = error.failure("reading the columns of table '\(table)'")
      if isGuarded { _ = try? run("ROLLBACK TO SAVEPOINT ferry_describe") }
      guard failure.category == .schema else { throw failure }
      let near = try? catalog.near(table)
      throw Failure(
        .schema, "there is no table '\(table)': \(failure.message)",
        hint: (near ?? nil).map { "Did you mean '\($0)'?" } ?? failure.hint, code: failure.code)
    }
  }

  func outputs(_ context: TaskContext) throws -> ValueMap { [:] }

  func arguments(of procedure: TableName) throws -> [ColumnInfo]? { nil }

  func bulkLoad(into table: TableInfo, _ columns: [ColumnInfo]) throws -> (any BulkLoad)? {
    if let bulkFolder {
      guard let obstacle = VectorLoad.obstacle(table, columns, native.facts) else {
        return try VectorLoad(self, table, columns, folder: bulkFolder)
      }
      log(.warn, "'bulkFolder' does not help here, rows go as parameters: \(obstacle)")
      self.bulkFolder = nil
    }
    do throws(DatabaseError) { return try ODBCLoad(self, table, columns) } catch {
      throw error.failure("loading table '\(table.name)'")
    }
  }
}
