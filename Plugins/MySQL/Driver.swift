public import Engine
internal import Glibc
internal import Records
public import SQL

/// MySQL 8 and 9, and servers that speak like it.
public enum MySQL: SQLDriver {
  public static let name = "mysql"
  public static let aliases: [String] = []
  public static let title = "MySQL"
  public static let urlPrefixes = ["jdbc:mysql://", "mysql://", "jdbc:mariadb://", "mariadb://"]
  public static let urlExample = "jdbc:mysql://localhost:3306/shop"
  public static let urlForm = JDBCURL.Form.servers
  public static let port: Int? = ConnectionPlan.defaultPort
  public static let urlDefault: String? = nil
  public static let clocksAreInstants = false
  public static let outputs: [TaskOutput] = []
  public static var dialect: Dialect { MySQLConnection.dialect("") }

  public static func connect(
    _ settings: ConnectionSettings, _ options: MySQLOptions, _ context: TaskContext
  ) throws -> any SQLConnection {
    try Connector.connect(settings, options, context)
  }
}

/// MariaDB 10.6 and later. The same driver under Kestra's other name.
public enum MariaDB: SQLDriver {
  public static let name = "mariadb"
  public static let aliases: [String] = []
  public static let title = "MariaDB"
  public static let urlPrefixes = ["jdbc:mariadb://", "mariadb://", "jdbc:mysql://", "mysql://"]
  public static let urlExample = "jdbc:mariadb://localhost:3306/shop"
  public static let urlForm = MySQL.urlForm
  public static let port = MySQL.port
  public static let urlDefault = MySQL.urlDefault
  public static let clocksAreInstants = MySQL.clocksAreInstants
  public static let outputs = MySQL.outputs
  public static var dialect: Dialect { MySQLConnection.dialect("") }

  public static func connect(
    _ settings: ConnectionSettings, _ options: MySQLOptions, _ context: TaskContext
  ) throws -> any SQLConnection {
    try Connector.connect(settings, options, context)
  }
}

/// What the tasks for MySQL and MariaDB take beside the shared properties.
public struct MySQLOptions: Declaring, Decodable {
  @Property(
    "What becomes of dates such as 0000-00-00: error, null, or text (date and timestamp columns are read as text)."
  ) var zeroDates: ZeroDates?
  @Property(
    """
    How TIME columns are read: as interval (MySQL's TIME is a duration of up to 838:59:59), as time of day (a value \
    outside of a day is an error), or as text.
    """) var timeAs = TimeAs.interval
  @Property("Uses TLS: the same as sslMode: REQUIRED.") var ssl = false
  @Property(
    """
    DISABLED, PREFERRED, REQUIRED (TLS, any certificate), VERIFY_CA or VERIFY_IDENTITY (a certificate that the given \
    roots or the system's signed for the host; both check the same).
    """, .example("VERIFY_IDENTITY")) var sslMode: String?
  @Property("Certificates that may have signed the server's one, as PEM text.") var sslRootCert: String?
  @Property("The client's certificate, as PEM text.") var sslCert: String?
  @Property("The key of the client's certificate, as PEM text.", .secret) var sslKey: String?
  @Property("The password of the key.", .secret) var sslKeyPassword: String?
  @Property(
    """
    Gives the server the password as it is when it asks for that (PAM, LDAP): only within TLS with a verified \
    certificate, or on this machine.
    """) var allowClearPassword = false
  @Property("The only file that LOAD DATA LOCAL INFILE may read; {{ inputFile }} is its path in the SQL.", .localFile)
  var inputFile: StorageReference?

  public init() {}
}
