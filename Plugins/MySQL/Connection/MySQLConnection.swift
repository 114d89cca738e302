internal import Engine
internal import Expression
internal import Records
internal import SQL

/// A connection as the SQL tasks want it.
final class MySQLConnection: UnnamedTransactions {
  let session: NativeConnection
  let dialect: Dialect
  private let plan: ConnectionPlan
  private let options: ReadOptions
  private let maxPacket: Int
  /// The sql_mode of statements; loads add `NO_AUTO_VALUE_ON_ZERO`.
  private let mode: String
  private var keepsZeros = false
  /// Nil when a statement may have changed it.
  private var zone: SessionZone? = .utc

  /// How values are read.
  struct ReadOptions {
    var zeroDates = ZeroDates.error
    var timeAs = TimeAs.interval
    var zone = SessionZone.utc
  }

  /// Takes a fresh session and sets it up: strict, in UTC, patient with a slow reader.
  init(_ session: NativeConnection, _ plan: ConnectionPlan, _ options: ReadOptions) throws {
    self.session = session
    self.plan = plan
    self.options = options
    do throws(DatabaseError) {
      try session.run(MySQLConnection.setup)
      if let variables = plan.sessionVariables {
        try session.run("SET \(variables)")
        zone = nil
      }
      let row = try session.texts("SELECT @@session.sql_mode, @@max_allowed_packet").first ?? []
      mode = (row.first ?? nil) ?? ""
      maxPacket =
        row.count > 1 ? row[1].flatMap { Int($0) } ?? MySQLConnection.defaultPacket : MySQLConnection.defaultPacket
    } catch {
      throw error.failure("preparing the session")
    }
    dialect = MySQLConnection.dialect(mode)
  }

  /// 1 MiB: the least that any server has by default.
  private static let defaultPacket = 1 << 20

  /// STRICT_ALL_TABLES: a value that does not fit is an error in every engine, never a warning. UTC: TIMESTAMP columns
  /// are instants. The time-outs (in seconds) are those with which the server gives up on a client that is busy with
  /// the other end of a road.
  private static let setup = """
    SET SESSION sql_mode = CONCAT(@@SESSION.sql_mode, IF(@@SESSION.sql_mode = '', '', ','), 'STRICT_ALL_TABLES'), \
    SESSION time_zone = '+00:00', SESSION net_write_timeout = 3600, SESSION net_read_timeout = 3600
    """

  static func dialect(_ mode: String) -> Dialect {
    let modes = mode.uppercased().split(separator: ",")
    var dialect = Dialect()
    let isANSI = modes.contains("ANSI_QUOTES") || modes.contains("ANSI")
    dialect.identifierQuotes = isANSI ? [.backtick, .double] : [.backtick]
    dialect.doubleQuotedStrings = !isANSI
    dialect.backslashEscapes = !modes.contains("NO_BACKSLASH_ESCAPES")
    dialect.hashComments = true
    dialect.definitionsCommit = true
    dialect.dashesNeedSpace = true
    return dialect
  }

  var canceller: @Sendable () -> Void {
    let interrupter = session.interrupter
    return { interrupter.interrupt() }
  }

  // MARK: transactions

  func begin() throws {
    try run("START TRANSACTION", "starting a transaction")
  }

  /// Only errors by which the server rolls back say that nothing is committed.
  func commit() throws {
    do throws(DatabaseError) { try session.run("COMMIT") } catch {
      var failure = error.failure("committing")
      if !error.retryIsSafe { failure.outcome = .unknown }
      throw failure
    }
  }

  func rollback() throws {
    guard !session.isLost else { return }
    let limit = session.line.limit(Patience.rollback, .ending(Patience.rollback))
    defer { session.line.lift(limit) }
    do throws(DatabaseError) {
      // A result that was left half-way has to be read to its end before the server listens again.
      while session.isReading, try session.skipRow() {}
      try session.run("ROLLBACK")
    } catch {
      if error.isConnectionLoss { return }
      throw error.failure("rolling back")
    }
    if session.warningCount > 0 {
      throw Failure(
        .data,
        "rolling back: the server keeps changes of tables whose engine has no transactions (MyISAM and the like)",
        hint: "Use InnoDB tables, or remove the loaded rows by hand", outcome: .partial)
    }
  }

  var tokenTable: TokenTable? {
    guard plan.database != nil else { return nil }
    return TokenTable(
      create: """
        CREATE TABLE IF NOT EXISTS ferry_commits (token VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL \
        PRIMARY KEY, committed BIGINT NOT NULL) ENGINE = InnoDB
        """,
      patience: "SET SESSION innodb_lock_wait_timeout = 2", isUsual: true,
      session: "\(session.thread)")
  }

  /// Only a session of the same user: the number may belong to another one by now.
  func breakOff(session number: String) throws {
    guard UInt64(number) != nil else { return }
    let own = "SELECT 1 FROM information_schema.processlist WHERE id = \(number)"
    let user = " AND user = substring_index(user(), '@', 1)"
    do throws(DatabaseError) {
      if try session.texts(own + user).isEmpty { return }
      try session.run("KILL \(number)")
    } catch { throw error.failure("ending the session of the transaction") }
  }

  @discardableResult
  func runOwn(_ sql: String) throws -> Int64 {
    do throws(DatabaseError) { return Int64(clamping: try session.run(sql)) } catch {
      throw error.failure("running a statement of its own")
    }
  }

  private func run(_ sql: String, _ doing: String) throws {
    do throws(DatabaseError) { try session.run(sql) } catch { throw error.failure(doing) }
  }

  // MARK: statements

  func query(_ sql: String, _ parameters: [Value], _ options: QueryOptions) throws -> SQLResult {
    let policy = TextPolicy(policy: options.invalidText)
    try keepZeros(false)
    session.interrupter.reset()
    do {
      let zone = try sessionZone()
      defer { if SessionZone.mayChange(sql, dialect) { self.zone = nil } }
      let statement: NativeConnection.Prepared
      do throws(DatabaseError) { statement = try session.prepare(sql) } catch {
        guard error.needsText, parameters.isEmpty else { throw error }
        return try textQuery(sql, policy)
      }
      guard statement.parameterCount == parameters.count else {
        throw Failure(
          .configuration,
          "the statement has \(statement.parameterCount) placeholders, but \(parameters.count) values are given")
      }
      try execute(statement, parameters)
      var options = self.options
      options.zone = zone
      return try result(try session.answer(to: statement), statement, of: sql) { [options] in
        RowDecoder($0, options, textPolicy: policy)
      }
    } catch let error as DatabaseError {
      throw error.failure("running the statement", on: plan.hosts.first?.description, of: sql)
    }
  }

  private func execute(_ statement: NativeConnection.Prepared, _ parameters: [Value]) throws {
    let batch = try ParameterBatch.make(parameters)
    var packet = ByteBuffer()
    PacketBuilder.execute(statement.id, try RowEncoder.encode(batch), 0..<1, into: &packet)
    try session.send(.execute, packet.span)
  }

  /// LOAD DATA, and what old servers cannot prepare.
  private func textQuery(_ sql: String, _ policy: TextPolicy) throws -> SQLResult {
    try session.send(sql)
    return try result(try session.answer(), nil, of: sql) { TextRowDecoder($0, textPolicy: policy) }
  }

  private func result(
    _ answer: NativeConnection.Answer, _ statement: NativeConnection.Prepared?, of sql: String,
    _ decoder: @escaping ([WireField]) -> any PacketDecoder
  ) throws -> SQLResult {
    let words = dialect.words(of: sql)
    let source = MySQLRows.Source(
      session: session, statement: statement, doing: "reading the result",
      mayStopEarly: words.first == "SELECT" && !words.contains("INTO"), decoder: decoder)
    var answer = answer
    while true {
      switch answer {
      case .rows(let fields):
        return .rows(MySQLRows(source, fields))
      case .done(let affected):
        let warnings = session.warningCount
        guard let next = try session.nextAnswer() else {
          // LOAD DATA, LOAD XML.
          if words.first == "LOAD", warnings > 0 { try checkLoad() }
          return .updated(affected == UInt64.max ? nil : Int64(clamping: affected))
        }
        answer = next
      }
    }
  }

  /// LOAD DATA LOCAL turns bad values into warnings, whatever the sql_mode: here they are errors again.
  private func checkLoad() throws {
    let warnings = try session.texts("SHOW WARNINGS LIMIT 1")
    guard let first = warnings.first, first.count > 2, first[0] != "Note", let text = first[2] else { return }
    let count = try session.texts("SELECT @@warning_count").first?.first ?? nil
    let shown = DatabaseError.withoutValues(text)
    throw Failure(
      .data,
      "running the statement: the server changed or skipped values (\(count ?? "1") warnings, the first: \(shown))",
      hint: "Correct the file, or load it with Batch", code: first[1] ?? nil, sensitive: text)
  }

  func prepare(_ sql: String, _ parameters: [StatementParameter]) throws -> any SQLStatement {
    for parameter in parameters { try parameter.refuseRounding(roundsDecimals: false) }
    try keepZeros(true)
    try loadInUTC()
    do throws(DatabaseError) {
      let statement = try session.prepare(sql)
      return MySQLStatement(self, sql, statement, parameters)
    } catch {
      throw error.failure("preparing the statement", of: sql)
    }
  }

  /// How rows of parameters are sent for a statement.
  func sender(
    _ sql: String, _ statement: NativeConnection.Prepared, _ mode: RowSender.Mode,
    canTrace: Bool, mayChange: Bool = false, doing: String
  ) -> RowSender {
    RowSender(
      session, sql: sql, statement: statement, mode: mode, maxPacket: maxPacket,
      canTrace: canTrace, isCall: dialect.verb(of: sql) == "CALL", mayChange: mayChange, doing: doing)
  }

  /// A loaded 0 stays 0 in an AUTO_INCREMENT column, instead of becoming the next number. Statements of the user keep
  /// the server's rule.
  private func keepZeros(_ wanted: Bool) throws {
    guard wanted != keepsZeros else { return }
    keepsZeros = wanted
    let more = mode.isEmpty ? "NO_AUTO_VALUE_ON_ZERO" : "\(mode),NO_AUTO_VALUE_ON_ZERO"
    try run("SET SESSION sql_mode = '\(wanted ? more : mode)'", "preparing the session")
  }

  // MARK: the zone

  private func sessionZone() throws(DatabaseError) -> SessionZone {
    if let zone { return zone }
    let names = "SELECT IF(@@session.time_zone = 'SYSTEM', @@system_time_zone, @@session.time_zone)"
    let found = SessionZone((try session.texts(names).first?.first ?? nil) ?? "")
    zone = found
    return found
  }

  /// Loads send instants in UTC, whatever zone the url sets for the session.
  private func loadInUTC() throws {
    guard zone != .utc else { return }
    try run("SET SESSION time_zone = '+00:00'", "preparing the session")
    zone = .utc
  }

  // MARK: tables

  func describe(_ table: TableName) throws -> TableInfo {
    do throws(DatabaseError) { return try TableCatalog.read(table, session) } catch {
      var failure = error.failure("reading the columns of table '\(table)'")
      if error.number == 1_146, let near = TableCatalog.near(table, session) {
        failure.hint = "Did you mean '\(near)'?"
      }
      throw failure
    }
  }

  func outputs(_ context: TaskContext) throws -> ValueMap { [:] }

  func arguments(of procedure: TableName) throws -> [ColumnInfo]? {
    do throws(DatabaseError) { return try TableCatalog.arguments(of: procedure, session) } catch {
      throw error.failure("reading the arguments of '\(procedure)'")
    }
  }

  func bulkLoad(into table: TableInfo, _ columns: [ColumnInfo]) throws -> (any BulkLoad)? {
    guard !columns.isEmpty else { return nil }
    try keepZeros(true)
    try loadInUTC()
    let names = columns.map { Literal.name($0.name) }.joined(separator: ",")
    let prefix = "INSERT INTO \(dialect.quote(table.name)) (\(names)) VALUES "
    let group = "(" + repeatElement("?", count: columns.count).joined(separator: ",") + ")"
    do throws(DatabaseError) {
      let statement = try session.prepare(prefix + group)
      return MySQLLoad(self, table, columns, statement, prefix: prefix, group: group)
    } catch {
      throw error.failure("loading table '\(table.name)'")
    }
  }

  func close() { session.close() }
}

extension DatabaseError {
  /// The server cannot prepare this statement, or has no room for another one; as text it can.
  fileprivate var needsText: Bool { number == 1_295 || number == 1_461 || number == 1_615 }
}
