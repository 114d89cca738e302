public import Engine
internal import Expression
internal import Records
public import SQL

/// PostgreSQL, and servers that speak its protocol, through libpq.
public enum PostgreSQL: SQLDriver {
  public static let name = "postgresql"
  public static let aliases = ["postgres"]
  public static let title = "PostgreSQL"
  public static let urlPrefixes = ["jdbc:postgresql:", "postgresql:", "postgres:"]
  public static let urlExample = "jdbc:postgresql://db.example.com:5432/shop"

  public static let urlForm = JDBCURL.Form.serversOrName
  public static let port: Int? = 5_432
  public static let urlDefault: String? = nil
  public static let clocksAreInstants = false
  public static let outputs: [TaskOutput] = []

  public static let dialect: Dialect = {
    var dialect = Dialect()
    dialect.placeholder = .dollar
    dialect.escapeStrings = true
    dialect.dollarQuotes = true
    dialect.nestedComments = true
    dialect.folding = .lower
    return dialect
  }()

  /// TLS. The certificates and the key are PEM texts, not paths.
  public struct Options: Declaring, Decodable {
    @Property("Whether to use TLS. Without `sslMode` the server's certificate is verified.") public var ssl = false
    @Property("How much of the server's certificate is checked.") public var sslMode: SSLMode?
    @Property("The certificates of authorities to trust, as PEM text.") public var sslRootCert: String?
    @Property("The client's certificate, as PEM text.") public var sslCert: String?
    @Property("The client's private key, as PEM text.", .secret) public var sslKey: String?
    @Property("The password that the client's private key is encrypted with.", .secret)
    public var sslKeyPassword: String?

    public init() {}
  }

  public enum SSLMode: String, PropertyChoice {
    case disable = "DISABLE"
    case allow = "ALLOW"
    case prefer = "PREFER"
    case require = "REQUIRE"
    case verifyCA = "VERIFY_CA"
    case verifyFull = "VERIFY_FULL"

    /// As libpq spells it.
    var libpqName: String { String(rawValue.lowercased().map { $0 == "_" ? "-" : $0 }) }
  }

  public static func connect(
    _ settings: ConnectionSettings, _ options: Options, _ context: TaskContext
  ) throws -> any SQLConnection {
    try PostgreSQLConnection(open(settings, options, context))
  }

  /// - Parameter silence: seconds that the server may be silent, over what the url says.
  /// - Returns: a connection whose session speaks UTF-8 and gives texts in forms that no setting of the server changes.
  static func open(
    _ settings: ConnectionSettings, _ options: Options, _ context: TaskContext, silence: Int? = nil
  ) throws -> NativeConnection {
    let plan = try ConnectionPlan(settings, options, context)
    let start = ContinuousClock.now
    let targets = try plan.targets(context)
    let left = plan.connectTimeout - (.now - start)
    return try ConnectAttempts.first(of: targets, within: left, plan.keepAlive, context) { parameters, line in
      let connection = try NativeConnection(
        parameters, silence: silence.map { .seconds($0) } ?? plan.socketTimeout, line: line)
      do { try prepare(connection, plan, context) } catch {
        connection.close()
        throw error
      }
      return connection
    }
  }

  private static func prepare(_ connection: NativeConnection, _ plan: ConnectionPlan, _ context: TaskContext) throws {
    connection.onNotice = { notice in
      let level: LogLevel =
        switch notice.severity {
        case "WARNING": .warn
        case "DEBUG", "LOG": .debug
        default: .info
        }
      context.log(level, "PostgreSQL: \(notice.message)")
    }
    do {
      connection.books = try prepare(connection, plan.sessionSQL)
      try limitStatements(connection, context)
    } catch let failure as Failure { throw failure.undone }
    // Such a database holds bytes of any encoding, and would refuse to send those that are not UTF-8: `invalidText`
    // decides about them here.
    if connection.setting("server_encoding") == "SQL_ASCII" {
      try connection.execute("SET client_encoding = SQL_ASCII", "preparing the session")
    }
  }

  /// So that nothing runs on for ever when this process is killed: the server looks every few seconds whether anybody
  /// is still there, where it can, and ends statements itself some time after the task's time-out. What an
  /// administrator has set lower stays.
  private static func limitStatements(_ connection: NativeConnection, _ context: TaskContext) throws {
    var settings = [(name: "client_connection_check_interval", value: 10_000)]
    if let limit = Patience.statement(context) { settings.append(("statement_timeout", limit)) }
    let list = settings.map { "('\($0.name)', \($0.value))" }.joined(separator: ", ")
    // Both are in milliseconds; servers that lack one, or cannot do it, go without.
    let sql = """
      SELECT pg_catalog.set_config(s.name, w.value::text, false) FROM pg_catalog.pg_settings s
      JOIN (VALUES \(list)) AS w (name, value) ON w.name = s.name
      WHERE s.setting = '0' OR s.name = 'statement_timeout' AND s.setting::bigint > w.value
      """
    do { try connection.execute(sql, "preparing the session") } catch { if connection.isBroken { throw error } }
  }

  /// Sets the session up, and finds out in the same round trip what the server can tell about transactions.
  private static func prepare(_ connection: NativeConnection, _ sql: String) throws
    -> TransactionBooks
  {
    let doing = "preparing the session"
    do {
      guard let names = try connection.execute("\(sql); \(TransactionBooks.probe)", doing) else {
        return .init()
      }
      return TransactionBooks(Set((0..<names.rowCount).compactMap { names.text($0, 0) }))
    } catch let failure as Failure where failure.outcome == .undone {
      // A server that only speaks like PostgreSQL; or it is the settings, which are told as they are.
      try connection.execute(sql, doing)
      return TransactionBooks()
    }
  }
}
