public import Engine

/// One kind of database: an empty enum. `SQLQuery`, `SQLQueries`, `SQLBatch` and `SQLTrigger` are generic over it.
///
///     public enum SQLite: SQLDriver { … }
///     public let sqlitePlugin = Plugin("sqlite", "…", tasks: [SQLQuery<SQLite>.self, SQLBatch<SQLite>.self])
public protocol SQLDriver: Sendable {
  /// What this database's tasks take beside the shared properties (TLS, files …); an empty struct for nothing.
  associatedtype Options: Declaring & Decodable

  /// The part of the task types between `jdbc.` and `.Query`: `postgresql`.
  static var name: String { get }
  /// Other names for the same part: `["postgres"]`.
  static var aliases: [String] { get }
  /// The product's name in help and messages: `PostgreSQL`.
  static var title: String { get }
  /// What `url` may start with, the first one is shown in help: `["jdbc:postgresql:"]`.
  static var urlPrefixes: [String] { get }
  /// How the rest of them is written.
  static var urlForm: JDBCURL.Form { get }
  /// A complete `url` for help and examples.
  static var urlExample: String { get }
  /// Where its servers listen when a URL does not say; nil for a database without a server.
  static var port: Int? { get }
  /// The `url` where a task says none; nil where it must.
  static var urlDefault: String? { get }
  /// Whether Kestra takes its wall clocks for instants in the task's time zone.
  static var clocksAreInstants: Bool { get }
  /// Whether Kestra shows its wall clocks with the offset that the task's time zone has then. False where not declared.
  static var clocksAreZoned: Bool { get }
  /// How SQL text is written for this database, before a connection says otherwise.
  static var dialect: Dialect { get }

  /// What the connections of this database add to the outputs of every task: see `SQLConnection.outputs`.
  static var outputs: [TaskOutput] { get }

  /// Opens a connection. Blocks; ends early by itself when `context` is cancelled or its own connect time-out is over.
  static func connect(
    _ settings: ConnectionSettings, _ options: Options, _ context: TaskContext
  ) throws -> any SQLConnection
}

extension SQLDriver {
  public static var clocksAreZoned: Bool { false }

  /// The servers and the database of a URL, without user and password.
  package static func place(of url: String) -> String {
    let parsed = try? JDBCURL(url.trimmed, urlForm)
    if urlForm == .connectionString || urlForm == .instances {
      let shown = parsed?.parameters.filter { !JDBCURL.isSecret($0.name) && $0.name.lowercased() != "uid" } ?? []
      let hosts = parsed?.hosts.map { "\($0.name.lowercased()):\($0.instance ?? $0.port.map { "\($0)" } ?? "")/" } ?? []
      return "\(name):" + hosts.joined() + (parsed?.database ?? "") + ";"
        + shown.map { "\($0.name.lowercased())=\($0.value)" }.joined(separator: ";")
    }
    guard port != nil, let parsed else { return "\(name):\(url.trimmed)" }
    let hosts = parsed.hosts.map { "\($0.name.lowercased()):\($0.port ?? port ?? 0)" }.joined(
      separator: ",")
    return "\(name)://\(hosts)/\(parsed.database ?? "")"
  }

  /// The server that a URL leads to: `db:5432`, whatever the driver is called. Nil when there is none, or no single
  /// one.
  package static func server(of url: String) -> String? {
    guard let port, let hosts = try? JDBCURL(url.trimmed, urlForm).hosts, hosts.count == 1 else { return nil }
    return "\(hosts[0].name.lowercased()):\(hosts[0].port ?? port)"
  }
}

/// The shared connection properties, rendered and checked.
public struct ConnectionSettings: Sendable {
  /// The `url` taken apart.
  public var url: JDBCURL
  /// The properties', else the URL's.
  public var username: String?
  public var password: String?
  /// IANA name; a driver whose server converts by session zone sets it there.
  public var timeZone: String

  /// - Parameter url: known to start with one of the driver's prefixes.
  public init<D: SQLDriver>(
    for _: D.Type, url: String, username: String? = nil, password: String? = nil, timeZone: String = "UTC"
  ) throws {
    self.url = try JDBCURL(url, D.urlForm)
    self.username = username ?? self.url["user"] ?? self.url["username"] ?? self.url.user
    self.password = password ?? self.url["password"] ?? self.url.password
    self.timeZone = timeZone
  }
}

/// What to do with text from a database that is not valid in the encoding it declares.
public enum InvalidText: String, PropertyChoice {
  /// The read fails and names row and column.
  case error
  /// Each invalid sequence becomes U+FFFD.
  case replace
  /// Each invalid byte becomes `\xHH`.
  case escape
}
