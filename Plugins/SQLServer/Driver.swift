public import Engine
internal import Records
public import SQL

/// Microsoft SQL Server over FreeTDS.
public enum SQLServer: SQLDriver {
  public static let name = "sqlserver"
  public static let aliases: [String] = []
  public static let title = "SQL Server"
  public static let urlPrefixes = ["jdbc:sqlserver://", "sqlserver://"]
  public static let urlExample = "jdbc:sqlserver://localhost:1433;databaseName=shop"
  public static let urlForm = JDBCURL.Form.properties
  public static let port: Int? = ConnectionPlan.defaultPort
  public static let urlDefault: String? = nil
  public static let clocksAreInstants = false
  public static let clocksAreZoned = true
  public static let outputs: [TaskOutput] = []

  public static var dialect: Dialect {
    var dialect = Dialect()
    dialect.placeholder = .at
    dialect.identifierQuotes = [.brackets, .double]
    dialect.nestedComments = true
    dialect.signedNames = true
    dialect.savepoints = .transactSQL
    return dialect
  }

  public static func connect(
    _ settings: ConnectionSettings, _ options: SQLServerOptions, _ context: TaskContext
  ) throws -> any SQLConnection {
    try SQLServerConnector.connect(settings, options, context)
  }
}

/// How far the connection is encrypted.
public enum Encrypt: String, PropertyChoice {
  case `true` = "TRUE"
  case `false` = "FALSE"
  case strict = "STRICT"
  case optional = "OPTIONAL"
}

/// How a datetime2 or a datetimeoffset is read: its 100 ns as nanoseconds, which end in the year 2262, or as
/// microseconds, where the last digit must be zero.
public enum TimestampUnit: String, PropertyChoice {
  case nanoseconds
  case microseconds
}

/// What SQL Server's tasks take beside the shared properties.
public struct SQLServerOptions: Declaring, Decodable {
  @Property(
    """
    TRUE, also where nothing is said: everything is encrypted, and the server's certificate is checked. FALSE and \
    OPTIONAL: only the log-in is encrypted, unless the server wants more, and nobody looks at the certificate. STRICT \
    (TDS 8) is not possible. A value in the url counts more than this.
    """, .example("TRUE")) var encrypt: Encrypt?
  @Property("Takes any certificate of the server.") var trustServerCertificate: Bool?
  @Property("The name in the server's certificate. It has to be the host's in the url: no other one can be checked.")
  var hostNameInCertificate: String?
  @Property("Certificates that may have signed the server's one, as PEM text; else the system's.")
  var sslRootCert: String?
  @Property("A file of such certificates, in PEM form. A Java key store (JKS, PKCS#12) cannot be read.")
  var trustStore: String?
  @Property("Accepted, and not needed: a PEM file has no password.", .secret) var trustStorePassword: String?
  @Property(
    """
    How time, datetime2 and datetimeoffset with 7 digits are read: nanoseconds keep every digit, from 1677 to 2262; \
    microseconds hold every year, and a seventh digit that is not 0 is an error. Loads take both.
    """) var timestampUnit = TimestampUnit.nanoseconds
  @Property("Bulk loads lock the whole table (TABLOCK), which is faster where nobody else uses it.") var tabLock = false
  @Property(
    """
    Bulk loads check CHECK and FOREIGN KEY constraints, as INSERT does. With false the server takes rows that break \
    them, and trusts these constraints no longer.
    """) var checkConstraints = true
  @Property("Bulk loads run the table's triggers, as INSERT does.") var fireTriggers = true
  @Property(
    "A NULL in the input is stored as NULL, as INSERT does; else a bulk load takes the column's default for it.")
  var keepNulls = true
  @Property(
    """
    So many rows of a bulk load the server confirms at a time, all in one transaction: an error is found the earlier. \
    Without it, all at once.
    """, .range(1...100_000_000)) var bulkBatchSize: Int?
  @Property(
    """
    Counts the table's rows before and behind a bulk load, and fails when they are not as many more. With 'commit: \
    chunk' it counts again when as many rows have come as there were.
    """) var confirmCount = true
  @Property("Stores the values of the input in identity columns, instead of counting.") var keepIdentity = false

  public init() {}
}
