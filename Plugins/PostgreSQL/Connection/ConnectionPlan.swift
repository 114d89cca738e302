internal import Engine
internal import Glibc
internal import Records
internal import SQL

/// What to connect to and how: the url, the properties, and Ferry's own defaults, in libpq's words.
struct ConnectionPlan {
  private(set) var parameters: [(name: String, value: String)] = []
  private(set) var connectTimeout = Patience.connect
  private(set) var socketTimeout: Duration?
  private(set) var keepAlive: KeepAlive? = KeepAlive()
  private var schema: String?
  private var isReadOnly = false
  private let timeZone: String

  init(_ settings: ConnectionSettings, _ options: PostgreSQL.Options, _ context: TaskContext) throws {
    timeZone = settings.timeZone
    let url = settings.url
    set(
      "host", url.hosts.isEmpty ? "localhost" : url.hosts.map { ConnectionPlan.decoded($0.name) }.joined(separator: ",")
    )
    set("port", url.hosts.isEmpty ? "5432" : url.hosts.map { "\($0.port ?? 5_432)" }.joined(separator: ","))
    set("user", settings.username)
    set("password", settings.password)
    for (name, value) in [("client_encoding", "UTF8"), ("application_name", "ferry"), ("gssencmode", "disable")] {
      set(name, value)
    }
    for parameter in url.parameters { try take(parameter.name, parameter.value, context) }
    if let database = url.database { set("dbname", database) }
    try setTLS(options, context)
  }

  /// The statements that every session starts with. Values come out of the server in ISO forms whatever it is set to;
  /// the order of day and month in what users write stays as the server has it.
  var sessionSQL: String {
    var sql =
      "SET DateStyle = ISO; SET IntervalStyle = postgres; SET bytea_output = hex; SET extra_float_digits = 1; "
      + "SET TIME ZONE \(ConnectionPlan.zone(timeZone))"
    if let schema { sql += "; SELECT pg_catalog.set_config('search_path', \(NativeConnection.literal(schema)), false)" }
    if isReadOnly { sql += "; SET default_transaction_read_only = on" }
    return sql
  }

  /// An IANA name, or an offset: `+02:00`, `GMT+2`. As a name the server would take an offset with its sign reversed.
  static func zone(_ name: String) -> String {
    var offset = name[...]
    for prefix in ["GMT", "UTC", "UT"] where offset.hasPrefix(prefix) && offset.utf8.count > prefix.utf8.count {
      offset = offset.dropFirst(prefix.utf8.count)
    }
    guard let sign = offset.first, sign == "+" || sign == "-" else {
      return NativeConnection.literal(name == "Z" ? "UTC" : name)
    }
    let parts = offset.dropFirst().split(separator: ":").map { Int($0) }
    guard (1...2).contains(parts.count), let hours = parts[0], let minutes = parts.count > 1 ? parts[1] : 0,
      (0...18).contains(hours), (0...59).contains(minutes)
    else { return NativeConnection.literal(name) }
    return "INTERVAL '\(sign)\(hours):\(minutes < 10 ? "0" : "")\(minutes)' HOUR TO MINUTE"
  }

  private mutating func set(_ name: String, _ value: String?) {
    guard let value else { return }
    parameters.removeAll { $0.name == name }
    parameters.append((name, value))
  }

  /// A unix socket's folder is escaped inside of a URL: `postgres://%2Fvar%2Frun%2Fpostgresql/shop`.
  private static func decoded(_ host: String) -> String {
    guard host.contains("%2F") || host.contains("%2f") else { return host }
    return host.replacing("%2F", with: "/").replacing("%2f", with: "/")
  }

  // MARK: the url's parameters

  private mutating func take(_ name: String, _ value: String, _ context: TaskContext) throws {
    switch name.lowercased() {
    // The kit has taken these.
    case "user", "username", "password": break
    case "host": set("host", value)
    case "port": set("port", value)
    case "applicationname": set("application_name", value)
    case "currentschema": schema = value
    case let time where ConnectionPlan.times.contains(time): try takeTime(time, value)
    case "readonly": isReadOnly = value.lowercased() == "true"
    case "ssl": if value.isEmpty || value.lowercased() == "true" { setIfMissing("sslmode", "verify-full") }
    case "sslfactory": if value.hasSuffix("NonValidatingFactory") { set("sslmode", "require") }
    case "sslpassword": set("sslpassword", value)
    case "targetservertype": set("target_session_attrs", ConnectionPlan.sessionKinds[value.lowercased()])
    case "gssencmode": set("gssencmode", value)
    case "channelbinding": set("channel_binding", value)
    case "requireauth", "require_auth": try requireAuthentication(value)
    case let known where ConnectionPlan.native.contains(known): set(known, value)
    default:
      if !ConnectionPlan.meaningless.contains(name.lowercased()) {
        context.log(.info, "PostgreSQL: the url's parameter '\(name)' has no meaning here and is ignored")
      }
    }
  }

  /// The first three are JDBC's, the others libpq's. libpq would only set them for TCP: here the line that the
  /// connection hangs on does, and it also sees what TCP alone does not.
  private static let times: Set = [
    "connecttimeout", "sockettimeout", "tcpkeepalive", "connect_timeout", "logintimeout", "keepalives",
    "keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout",
  ]

  private mutating func takeTime(_ name: String, _ value: String) throws {
    if name == "tcpkeepalive" || name == "keepalives" {
      if value.lowercased() == "false" || value == "0" { keepAlive = nil }
      return
    }
    // 0 is the default of whatever it is.
    let number = try number(name, value)
    guard number > 0 else { return }
    switch name {
    case "sockettimeout": socketTimeout = .seconds(number)
    case "keepalives_idle": keepAlive?.idle = Int32(clamping: number)
    case "keepalives_interval": keepAlive?.interval = Int32(clamping: number)
    case "keepalives_count": keepAlive?.count = Int32(clamping: number)
    case "tcp_user_timeout": keepAlive?.unacknowledged = .milliseconds(number)
    default: connectTimeout = .seconds(number)
    }
  }

  private mutating func requireAuthentication(_ kinds: String) throws {
    guard NativeConnection.libraryVersion >= 160_000 else {
      throw Failure(
        .configuration,
        "reading the url: require_auth needs libpq 16, this is libpq \(NativeConnection.libraryVersion / 10_000)",
        hint: "channelBinding=require with TLS takes no other log-in than SCRAM's")
    }
    set("require_auth", kinds)
  }

  private mutating func setIfMissing(_ name: String, _ value: String) {
    if !parameters.contains(where: { $0.name == name }) { set(name, value) }
  }

  private func number(_ name: String, _ value: String) throws -> Int {
    guard let number = Int(value), (0...Int(Int32.max)).contains(number) else {
      throw Failure(.configuration, "reading the url: '\(name)' is not a number")
    }
    return number
  }

  private static let sessionKinds = [
    "any": "any", "primary": "read-write", "master": "read-write", "secondary": "standby", "slave": "standby",
    "prefersecondary": "prefer-standby", "preferslave": "prefer-standby", "preferprimary": "any",
  ]
  /// libpq's own parameters that a url may set.
  private static let native: Set = [
    "sslmode", "sslrootcert", "sslcert", "sslkey", "sslcrl", "sslsni", "ssl_min_protocol_version",
    "ssl_max_protocol_version", "application_name", "fallback_application_name", "options", "hostaddr",
    "target_session_attrs", "channel_binding", "krbsrvname", "requirepeer", "dbname",
  ]
  /// The JDBC driver's parameters about things that Ferry does on its own, better left without a word.
  private static let meaningless: Set = [
    "client_encoding", "preparethreshold", "defaultrowfetchsize", "rewritebatchedinserts", "binarytransfer",
    "stringtype", "prefer_query_mode", "preferquerymode", "adaptivefetch", "loggerlevel", "autosave",
    "cleanupsavepoints", "assumeminserverversion", "allowencodingchanges", "logunclosedconnections",
    "disablecolumnsanitiser", "sslfactoryarg", "canceltimeout", "cancelsignaltimeout",
  ]

  // MARK: TLS

  private mutating func setTLS(_ options: PostgreSQL.Options, _ context: TaskContext) throws {
    if options.ssl { setIfMissing("sslmode", "verify-full") }
    if let mode = options.sslMode { set("sslmode", mode.libpqName) }
    set("sslrootcert", try options.sslRootCert.map { try context.certificateFile("root.crt", $0) })
    set("sslcert", try options.sslCert.map { try context.certificateFile("client.crt", $0) })
    set("sslkey", try options.sslKey.map { try context.certificateFile("client.key", $0) })
    set("sslpassword", options.sslKeyPassword)
    trustTheMachine()
  }

  /// Without authorities of the flow's or the user's own those count that the machine trusts. libpq has a word for them
  /// from version 16 on; before, their file has to be named.
  private mutating func trustTheMachine() {
    guard parameters.contains(where: { $0.name == "sslmode" && $0.value.hasPrefix("verify") }) else { return }
    let home = unsafe getenv("HOME").map { unsafe String(cString: $0) } ?? ""
    if unsafe access("\(home)/.postgresql/root.crt", R_OK) == 0 { return }
    let bundles = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"]
    if let bundle = bundles.first(where: { unsafe access($0, R_OK) == 0 }) { setIfMissing("sslrootcert", bundle) }
  }
}
