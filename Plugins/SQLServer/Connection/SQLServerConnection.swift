internal import Engine
internal import Expression
internal import Records
internal import SQL

/// A connection as the SQL tasks want it.
final class SQLServerConnection: UnnamedTransactions {
  let native: NativeConnection
  let dialect = SQLServer.dialect
  let options: SQLServerOptions
  private let plan: ConnectionPlan
  /// The table whose identity column takes values now; a session has one at most.
  private var openIdentity: String?
  let counts = RowCounts()

  /// Takes a fresh session and sets it up.
  init(_ native: NativeConnection, _ plan: ConnectionPlan, _ options: SQLServerOptions) throws {
    self.native = native
    self.plan = plan
    self.options = options
    do throws(DatabaseError) {
      try native.run(SQLServerConnection.setup)
      if let limit = plan.lockTimeout { try native.run("SET LOCK_TIMEOUT \(limit)") }
    } catch {
      throw error.failure("preparing the session")
    }
  }

  /// What every other client sets: without these a value that does not fit is cut without a word. XACT_ABORT stays off,
  /// so that a statement that is interrupted leaves the transaction as it is.
  private static let setup = """
    SET QUOTED_IDENTIFIER ON SET ANSI_NULLS ON SET ANSI_NULL_DFLT_ON ON SET ANSI_PADDING ON SET ANSI_WARNINGS ON \
    SET CONCAT_NULL_YIELDS_NULL ON SET ARITHABORT ON SET NUMERIC_ROUNDABORT OFF SET TEXTSIZE 2147483647 \
    SET XACT_ABORT OFF SET IMPLICIT_TRANSACTIONS OFF
    """

  var unit: TimeUnit { plan.timestampUnit == .nanoseconds ? .nanoseconds : .microseconds }

  var canceller: @Sendable () -> Void {
    let interrupter = native.interrupter
    return { interrupter.interrupt() }
  }

  func close() { native.close() }

  // MARK: transactions

  func begin() throws { try run("BEGIN TRANSACTION", "starting a transaction") }

  /// A transaction that the server has doomed or ended is not there to be committed; what follows it would be
  /// committed by itself.
  func commit() throws {
    do throws(DatabaseError) {
      let state = try native.texts("SELECT XACT_STATE()").first?.first ?? nil
      guard state == "1" else { throw DatabaseError.noTransaction(isDoomed: state == "-1") }
    } catch {
      throw error.failure("committing")
    }
    do throws(DatabaseError) { try native.run("COMMIT TRANSACTION") } catch {
      var failure = error.failure("committing")
      if !error.retryIsSafe { failure.outcome = .unknown }
      throw failure
    }
  }

  func rollback() throws {
    guard !native.isLost else { return }
    let limit = native.line.limit(Patience.rollback, .ending(Patience.rollback))
    defer { native.line.lift(limit) }
    counts.forget()
    do throws(DatabaseError) { try native.run("IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION") } catch {
      if error.isConnectionLoss { return }
      throw error.failure("rolling back")
    }
  }

  var tokenTable: TokenTable? {
    guard plan.database != nil else { return nil }
    var table = TokenTable(
      create: """
        IF OBJECT_ID(N'ferry_commits') IS NULL CREATE TABLE ferry_commits \
        (token varchar(64) NOT NULL PRIMARY KEY, committed bigint NOT NULL)
        """, patience: "SET LOCK_TIMEOUT 2000", isUsual: true)
    table.hasTop = true
    table.session = session
    return table
  }

  /// The session's number, which is given again once it is gone, and since when it has it.
  private lazy var session: String? = {
    let rows = try? native.texts("SELECT @@SPID, \(SessionNumber.since) FROM \(SessionNumber.table) = @@SPID")
    guard let row = rows?.first, row.count == 2, let number = row[0], let since = row[1] else { return nil }
    return SessionNumber(number: number, since: since).text
  }()

  func breakOff(session text: String) throws {
    guard let session = SessionNumber(text) else { return }
    let doing = "ending session \(session.number)"
    do throws(DatabaseError) {
      let rows = try native.texts(
        "SELECT \(SessionNumber.since) FROM \(SessionNumber.table) = \(session.number)")
      guard let since = rows.first?.first else {
        throw DatabaseError(
          number: 297, state: 1, severity: 16, text: "it has ended, or this login may not see it")
      }
      if since == session.since { try native.run("KILL \(session.number)") }
    } catch {
      throw error.failure(doing)
    }
  }

  @discardableResult
  func runOwn(_ sql: String) throws -> Int64 {
    do throws(DatabaseError) { return try native.run(sql) } catch {
      throw error.failure("running a statement of its own")
    }
  }

  func run(_ sql: String, _ doing: String) throws {
    do throws(DatabaseError) { try native.run(sql) } catch { throw error.failure(doing) }
  }

  // MARK: statements

  func query(_ sql: String, _ parameters: [Value], _ options: QueryOptions) throws -> SQLResult {
    native.interrupter.reset()
    // It may change any table that a load has counted.
    counts.forget()
    do {
      if parameters.isEmpty {
        try native.send(sql)
      } else {
        try native.send(ValueArguments.call(sql, parameters))
      }
      let source = SQLServerRows.Source(
        connection: native, unit: unit, invalidText: options.invalidText, firstRowOnly: options.firstRowOnly,
        mayStopEarly: isPlainSelect(sql))
      return try result(source)
    } catch let error as DatabaseError {
      throw error.failure("running the statement", of: sql)
    }
  }

  private func isPlainSelect(_ sql: String) -> Bool {
    let words = dialect.words(of: sql)
    return words.first == "SELECT" && !words.contains("INTO")
  }

  private func result(_ source: SQLServerRows.Source) throws -> SQLResult {
    var changed: Int64?
    while let answer = try native.nextAnswer() {
      switch answer {
      case .rows(let columns): return .rows(try SQLServerRows(source, columns))
      case .done(let count): changed = count ?? changed
      }
    }
    if native.interrupter.wasUsed { throw DatabaseError.interrupted }
    return .updated(changed)
  }

  func prepare(_ sql: String, _ parameters: [StatementParameter]) throws -> any SQLStatement {
    guard parameters.count <= SQLServerStatement.mostParameters else {
      throw Failure(
        .schema,
        "preparing the statement: the statement has \(parameters.count) placeholders, and SQL Server takes "
          + "\(SQLServerStatement.mostParameters)", hint: "Name fewer columns")
    }
    for parameter in parameters { try parameter.refuseRounding(roundsDecimals: true, roundsTimes: true) }
    if options.keepIdentity,
      let table = parameters.lazy.compactMap({ $0.column?.takesIdentity ?? false ? $0.table : nil }).first
    {
      try openIdentity(of: table)
    }
    let described: [DatabaseType?]
    let codePage: Int
    do throws(DatabaseError) {
      described = try ParameterDescription.of(sql, parameters.count, native)
      codePage = try parameters.contains { $0.role.isCast } ? catalog.codePage() : CodePage.usual
    } catch {
      throw error.failure("preparing the statement", of: sql)
    }
    return SQLServerStatement(self, sql, parameters, described, codePage: codePage)
  }

  /// Values for identity columns are taken for one table at a time.
  func openIdentity(of table: TableName) throws {
    let name = dialect.quote(table)
    guard openIdentity != name else { return }
    if let openIdentity { try run("SET IDENTITY_INSERT \(openIdentity) OFF", "preparing the session") }
    try run("SET IDENTITY_INSERT \(name) ON", "loading table '\(table)'")
    openIdentity = name
  }

  // MARK: tables

  private var catalog: TableCatalog { TableCatalog(native, dialect, keepsIdentity: options.keepIdentity) }

  func describe(_ table: TableName) throws -> TableInfo {
    var near: String?
    do throws(DatabaseError) {
      if let found = try catalog.table(table) { return found }
      near = try catalog.near(table)
    } catch {
      throw error.failure("reading the columns of table '\(table)'")
    }
    throw Failure(
      .schema, "there is no table '\(table)'", hint: near.map { "Did you mean '\($0)'?" }, code: "42S02")
  }

  func outputs(_ context: TaskContext) throws -> ValueMap { [:] }

  func arguments(of procedure: TableName) throws -> [ColumnInfo]? {
    do throws(DatabaseError) {
      return try catalog.arguments(of: procedure)
    } catch {
      throw error.failure("reading the parameters of procedure '\(procedure)'")
    }
  }

  func bulkLoad(into table: TableInfo, _ columns: [ColumnInfo]) throws -> (any BulkLoad)? {
    guard let plan = BulkPlan(table, columns, options) else { return nil }
    return try SQLServerLoad(self, table, columns, plan)
  }
}

extension StatementParameter.Role {
  fileprivate var isCast: Bool {
    if case .cast = self { return true }
    return false
  }
}

extension DatabaseError {
  fileprivate static func noTransaction(isDoomed: Bool) -> DatabaseError {
    DatabaseError(
      number: isDoomed ? 3_930 : 3_902, state: 1, severity: 16,
      text: isDoomed
        ? "the server has given the transaction up because of an earlier error"
        : "the transaction has been ended by a statement inside of it")
  }
}
