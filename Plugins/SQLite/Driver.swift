public import Engine
internal import Records
public import SQL

/// SQLite over the system's library.
public enum SQLite: SQLDriver {
  public static let name = "sqlite"
  public static let title = "SQLite"
  public static let urlPrefixes = ["jdbc:sqlite:"]
  public static let urlExample = "jdbc:sqlite:/data/shop.db"
  public static let urlForm = JDBCURL.Form.file
  public static let aliases: [String] = []
  public static let port: Int? = nil
  public static let urlDefault: String? = "jdbc:sqlite:"
  public static let clocksAreInstants = true
  public static let outputs = [TaskOutput("databaseUri", .uri, "The database as a file (outputDbFile).")]

  public static var dialect: Dialect {
    var dialect = Dialect()
    dialect.identifierQuotes = [.double, .backtick, .brackets]
    dialect.skipsComputed = true
    return dialect
  }

  public static func connect(
    _ settings: ConnectionSettings, _ options: SQLiteOptions, _ context: TaskContext
  ) throws -> any SQLConnection {
    var url = try ConnectionPlan(settings.url)
    if let file = options.sqliteFile {
      url.path = try context.copy(file, as: url.fileName)
    }
    let connection = try SQLiteConnection(url, options)
    for (name, value) in url.pragmas { try connection.execute("PRAGMA \(name) = \(value)") }
    return connection
  }
}

/// What SQLite's tasks take beside the shared properties.
public struct SQLiteOptions: Declaring, Decodable {
  @Property("A database file of internal storage; the task works on a copy of it.") var sqliteFile: StorageReference?
  @Property("Puts the database out as the file 'databaseUri' when the task is done.") var outputDbFile = false
  @Property(
    """
    Reads a query's result once before it is fetched, to give every column a type that all of its values fit. Without \
    it a value that does not fit the column's declared type is an error.
    """) var promote = false

  public init() {}
}
