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

  public static let port: Int? = 5_432

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
    try Session(open(settings, options, context))
  }

  /// - Parameter silence: seconds that the server may be silent, over what the url says.
  /// - Returns: a connection whose session speaks UTF-8 and gives texts in forms that no setting of the server changes.
  static func open(
    _ settings: ConnectionSettings, _ options: Options, _ context: TaskContext, silence: Int? = nil
  ) throws -> ServerConnection {
    let plan = try ConnectionPlan(settings, options, context)
    let connection = try ServerConnection(
      plan.parameters, timeout: plan.connectTimeout, silence: silence.map { .seconds($0) } ?? plan.socketTimeout,
      isCancelled: { try context.checkCancelled() })
    connection.onNotice = { notice in
      let level: LogLevel =
        switch notice.severity {
        case "WARNING": .warn
        case "DEBUG", "LOG": .debug
        default: .info
        }
      context.log(level, "PostgreSQL: \(notice.message)")
    }
    do { connection.books = try prepare(connection, plan.sessionSQL) } catch let failure as Failure {
      throw failure.undone
    }
    // Such a database holds bytes of any encoding, and would refuse to send those that are not UTF-8: `invalidText`
    // decides about them here.
    if connection.setting("server_encoding") == "SQL_ASCII" {
      try connection.execute("SET client_encoding = SQL_ASCII", "preparing the session")
    }
    return connection
  }

  /// Sets the session up, and finds out in the same round trip what the server can tell about transactions.
  private static func prepare(_ connection: ServerConnection, _ sql: String) throws
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
