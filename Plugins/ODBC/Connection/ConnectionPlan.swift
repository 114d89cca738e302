internal import Engine
internal import Records
internal import SQL

/// What to connect to and how: the connection string that the driver manager gets.
struct ConnectionPlan: Sendable {
  typealias Attribute = (name: String, value: String)

  /// In the order in which they are sent; of two with one name drivers take the first.
  let attributes: [Attribute]
  let library: DriverLibrary
  let traits: DriverTraits
  /// For messages: never with what logs in.
  let server: String
  /// Whether it is said which database: a server's own choice may be one where nothing should be made.
  let hasDatabase: Bool
  var connectTimeout = Patience.connect
  /// Nil = as long as a call takes.
  var socketTimeout: Duration?

  init(_ settings: ConnectionSettings, _ options: ODBCOptions) throws {
    try self.init(
      settings.url.parameters.map { ($0.name, $0.value) }, user: settings.username, password: settings.password, options
    )
  }

  /// Actian's: a server is a "dynamic vnode", `@host,protocol,listen address`; see
  /// https://docs.actian.com/vector/6.2/Connectivity/Connection_String_Keywords.htm.
  init(vector settings: ConnectionSettings, _ options: VectorwiseOptions) throws {
    let url = settings.url
    let host = url.hosts.first
    guard let host, let database = url.database else {
      throw Failure(
        .configuration, "reading the url: it names no \(url.hosts.isEmpty ? "host" : "database")",
        hint: "Write \(Vectorwise.urlExample)")
    }
    let address = options.listenAddress ?? host.port.map { "\($0)" } ?? ConnectionPlan.listenAddress(host.instance)
    let attributes: [Attribute] = [
      ("Driver", options.driver), ("ServerType", "Ingres"), ("Server", "@\(host.name),tcp_ip,\(address)"),
      ("Database", database),
    ]
    // What the url says itself counts more.
    let given = url.parameters.map { ($0.name, $0.value) }
    let own = attributes.filter { attribute in !given.contains { $0.0.lowercased() == attribute.name.lowercased() } }
    try self.init(own + given, user: settings.username, password: settings.password, options.odbc)
  }

  /// The Java driver's `VW7` is the instance VW and its Data Access Server's number.
  private static func listenAddress(_ instance: String?) -> String {
    guard let instance, !instance.isEmpty else { return "VW" }
    let letters = instance.prefix { !$0.isNumber }
    return String(letters.isEmpty ? instance[...] : instance.dropLast(instance.last?.isNumber == true ? 1 : 0))
  }

  init(_ given: [Attribute], user: String?, password: String?, _ options: ODBCOptions) throws {
    var own = given.filter { !ConnectionPlan.isLogIn($0.name) }
    func value(_ names: String...) -> String? {
      names.lazy.compactMap { name in own.first { $0.name.lowercased() == name }?.value }.first
    }
    let (driver, source) = (value("driver"), value("dsn"))
    guard driver != nil || source != nil || value("filedsn") != nil else {
      throw Failure(
        .configuration, "reading the url: it names neither a driver nor a data source",
        hint: "Write Driver=…;Server=…;Database=…, or DSN=…")
    }
    library = DriverLibrary(driver: driver, source: source)
    traits = DriverTraits(library, texts: options.texts)
    own += traits.defaults.filter { standard in !own.contains { $0.name.lowercased() == standard.name.lowercased() } }
    if let user { own.append(("UID", user)) }
    if let password { own.append(("PWD", password)) }
    attributes = own
    server = ConnectionPlan.server(
      value("server", "servername", "host", "hostname", "address"), value("port"), value("database", "dbq"), library)
    hasDatabase = value("database", "dbq") != nil || library.sourceHas("Database")
    if let timeout = options.connectTimeout { connectTimeout = timeout }
    socketTimeout = options.socketTimeout
  }

  /// `db.example.com:5432`, else the data source, else the file.
  private static func server(
    _ host: String?, _ port: String?, _ database: String?, _ library: DriverLibrary
  ) -> String {
    // SQL Server's `tcp:db.example.com,1433`.
    let written = host?.replacing("tcp:", with: "").replacing(",", with: ":")
    if let written { return port.map { "\(written):\($0)" } ?? written }
    return library.source.map { "the data source '\($0)'" } ?? database.map { "'\($0)'" } ?? library.name
  }

  private static func isLogIn(_ name: String) -> Bool {
    ["uid", "user", "username", "user id", "pwd", "password"].contains(name.lowercased())
  }

  /// For messages about the log-in.
  var doing: String { "connecting to \(server) through '\(library.file)'" }

  var product: Product { Product(library.path ?? library.name) }

  /// With the password in it. FreeTDS leaves out braces only in front of a semicolon.
  var connectionString: String {
    attributes.map { "\($0.name)=\(ConnectionPlan.quoted($0.value));" }.joined()
  }

  /// In braces where it has characters that mean something.
  private static func quoted(_ value: String) -> String {
    let isPlain = value.unicodeScalars.allSatisfy { !"[]{}(),;?*=!@".unicodeScalars.contains($0) }
    if isPlain, value.first != " ", value.last != " " { return value }
    return "{" + value.split(separator: "}", omittingEmptySubsequences: false).joined(separator: "}}") + "}"
  }
}
