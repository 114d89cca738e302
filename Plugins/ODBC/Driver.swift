public import Engine
internal import Records
public import SQL

/// Every database that has an ODBC driver, through unixODBC.
public enum ODBC: SQLDriver {
  public static let name = "odbc"
  public static let aliases: [String] = []
  public static let title = "ODBC"
  public static let urlPrefixes = ["jdbc:odbc:", "odbc:", "Driver=", "DRIVER=", "driver=", "DSN=", "dsn="]
  public static let urlExample = "Driver=PostgreSQL Unicode;Server=db.example.com;Port=5432;Database=shop"
  public static let urlForm = JDBCURL.Form.connectionString
  public static let port: Int? = nil
  public static let urlDefault: String? = nil
  public static let clocksAreInstants = false
  public static let outputs: [TaskOutput] = []

  /// What a connection says of itself counts; this is for texts before there is one.
  public static var dialect: Dialect {
    var dialect = Dialect()
    dialect.identifierQuotes = [.double, .backtick]
    return dialect
  }

  public static func connect(
    _ settings: ConnectionSettings, _ options: ODBCOptions, _ context: TaskContext
  ) throws -> any SQLConnection {
    try ODBCConnector.open(ConnectionPlan(settings, options), options, context)
  }
}

/// Actian Vector, which was called Vectorwise, through Actian's ODBC driver.
public enum Vectorwise: SQLDriver {
  public static let name = "vectorwise"
  public static let aliases = ["actianvector"]
  public static let title = "Actian Vector"
  public static let urlPrefixes = ["jdbc:ingres://", "jdbc:actian://", "jdbc:vectorwise://"]
  public static let urlExample = "jdbc:ingres://localhost:VW7/shop"
  public static let urlForm = JDBCURL.Form.instances
  /// Where a server listens follows from its instance's name.
  public static let port: Int? = nil
  public static let urlDefault: String? = nil
  public static let clocksAreInstants = false
  public static let outputs: [TaskOutput] = []
  public static var dialect: Dialect { Product.ingres.dialect ?? Dialect() }

  public static func connect(
    _ settings: ConnectionSettings, _ options: VectorwiseOptions, _ context: TaskContext
  ) throws -> any SQLConnection {
    let connection = try ODBCConnector.open(ConnectionPlan(vector: settings, options), options.odbc, context)
    connection.bulkFolder = options.bulkFolder
    return connection
  }
}

/// What the tasks for Actian Vector take beside the shared properties.
public struct VectorwiseOptions: Declaring, Decodable {
  @Property(
    "Actian's ODBC driver: its entry in odbcinst.ini, or the path of its library.", .example("Ingres VW")
  ) var driver = "Ingres"
  @Property(
    """
    Where the server's Communications Server listens, where that is not the instance of the url's port: the Java \
    driver speaks to another one, the Data Access Server, whose VW7 is VW here.
    """, .example("VW")) var listenAddress: String?
  @Property(
    """
    Loads of whole rows go by COPY … VWLOAD: through a file of CSV in this folder, which Ferry writes to and the \
    server reads, under the same absolute path. Without it, rows go as parameters.
    """, .example("/data/exchange")) var bulkFolder: String?
  @PropertyGroup var odbc = ODBCOptions()

  public init() {}
}

/// How texts go to a driver and come from it.
public enum TextForm: String, PropertyChoice {
  /// UTF-16: every driver with functions for wide characters.
  case wide = "WIDE"
  /// UTF-8.
  case narrow = "NARROW"
}

/// What the tasks for ODBC take beside the shared properties.
public struct ODBCOptions: Declaring, Decodable {
  @Property("How long connecting may take.", .example("PT10S")) var connectTimeout: Duration?
  @Property("How long the driver may be silent before the connection is given up. As long as it likes when missing.")
  var socketTimeout: Duration?
  @Property(
    """
    How texts go to the driver: WIDE (UTF-16) or NARROW (UTF-8, for drivers without wide functions whose own character \
    set is set to UTF-8). What is known to be right for the driver when missing, else WIDE.
    """) var texts: TextForm?
  @Property(
    """
    Sends many rows in one call of the driver (arrays of parameters). What the driver then says of each row is \
    checked; one that does not keep its word gets the rows one by one.
    """) var parameterArrays = true

  public init() {}
}
