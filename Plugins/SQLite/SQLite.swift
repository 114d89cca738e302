public import Engine
internal import Records
public import SQL

/// SQLite over the system's library.
public let sqlitePlugin = Plugin(
  "sqlite", "SQLite databases: files, and in memory.",
  tasks: [SQLQuery<SQLite>.self, SQLQueries<SQLite>.self, SQLBatch<SQLite>.self, SQLTrigger<SQLite>.self])

public enum SQLite: SQLDriver {
  public static let name = "sqlite"
  public static let title = "SQLite"
  public static let urlPrefixes = ["jdbc:sqlite:"]
  public static let urlExample = "jdbc:sqlite:/data/shop.db"
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
    var url = try SQLiteURL(settings.url)
    if let file = options.sqliteFile {
      url.path = try SQLiteFiles.copy(file, as: url.fileName, context)
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

/// `jdbc:sqlite:/path/file.db?busy_timeout=5000`, `jdbc:sqlite::memory:`, `jdbc:sqlite:`.
struct SQLiteURL {
  var path: String
  var isReadOnly = false
  /// In milliseconds.
  var busyTimeout: Int32 = 15_000
  var pragmas: [(name: String, value: String)] = []

  private static let known = [
    "foreign_keys", "journal_mode", "synchronous", "cache_size", "temp_store", "locking_mode",
  ]

  init(_ url: String) throws {
    let rest = url.dropFirst("jdbc:sqlite:".count)
    let parts = rest.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    let name = String(parts.first ?? "")
    path = name.isEmpty ? ":memory:" : name
    guard parts.count > 1 else { return }
    for pair in parts[1].split(separator: "&") {
      let sides = pair.split(separator: "=", maxSplits: 1).map(String.init)
      try set(sides[0], sides.count > 1 ? sides[1] : "")
    }
  }

  private mutating func set(_ name: String, _ value: String) throws {
    let isWord =
      !value.isEmpty
      && value.utf8.allSatisfy { $0 == 45 || $0 == 95 || $0 &- 48 < 10 || ($0 | 32) &- 97 < 26 }
    switch name.lowercased() {
    case "busy_timeout": busyTimeout = Int32(value) ?? busyTimeout
    case "mode", "open_mode": isReadOnly = value == "ro" || value == "1"
    case let pragma where SQLiteURL.known.contains(pragma) && isWord: pragmas.append((pragma, value))
    default:
      throw Failure(
        .configuration, "the url sets '\(name)', which is not a parameter of SQLite's or has no plain value",
        hint: "Known are busy_timeout, mode, \(SQLiteURL.known.joined(separator: ", "))")
    }
  }

  /// The last part of the path, for a copy of the database.
  var fileName: String {
    let name = path.split(separator: "/").last.map(String.init) ?? ""
    return name.isEmpty || name.hasPrefix(":") || name.hasPrefix(".") ? "database.sqlite" : name
  }
}

/// Database files between internal storage and the task's folder.
enum SQLiteFiles {
  static func copy(_ reference: StorageReference, as name: String, _ context: TaskContext) throws -> String {
    let path = try "\(context.workingDirectory())/\(name)"
    try copy(from: context.open(reference), to: FileOutput(path: path))
    return path
  }

  static func copy(from input: any ByteInput, to output: any ByteOutput) throws {
    let block = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
    defer { unsafe block.deallocate() }
    while true {
      let count = try unsafe input.read(into: block)
      if count == 0 { break }
      try unsafe output.write(UnsafeRawBufferPointer(rebasing: block[..<count]))
    }
    try output.commit()
  }
}
