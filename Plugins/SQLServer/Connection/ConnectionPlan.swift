internal import Engine
internal import Records
internal import SQL

/// Where and how to connect: what the URL and the options say together. The URL's names are those of Microsoft's JDBC
/// driver: https://learn.microsoft.com/sql/connect/jdbc/setting-the-connection-properties.
struct ConnectionPlan: Sendable {
  struct Host: Sendable, Hashable {
    var name: String
    /// What the name was found to stand for; nil where the library has to look it up for the certificate's sake.
    var address: String?
    var port = ConnectionPlan.defaultPort
    /// A server that goes by a name instead of a port, to be asked for.
    var instance: String?

    /// For messages.
    var description: String {
      if let instance { return "\(name)\\\(instance)" }
      return "\(name.contains(":") ? "[\(name)]" : name):\(port)"
    }
  }

  static let defaultPort = 1_433

  var host: Host
  var user: String?
  var password: String?
  var database: String?
  var application = "ferry"
  var encryptsAll = true
  var trustsServer = false
  /// The name that the certificate has to have, where it is not the host's.
  var certificateName: String?
  /// The path of a PEM file; nil for what the machine trusts.
  var rootCertificate: String?
  var connectTimeout = Patience.connect
  /// Nil = as long as a statement takes. A peer that is gone is noticed by `keepAlive` either way.
  var socketTimeout: Duration?
  var keepAlive: KeepAlive? = KeepAlive()
  /// In milliseconds; nil for the server's own.
  var lockTimeout: Int?
  var isReadOnly = false
  /// Bytes; nil for the library's own.
  var packetSize: Int?
  var timestampUnit = TimestampUnit.nanoseconds
  /// Parameters of the URL that mean nothing here.
  var ignored: [String] = []

  init(_ settings: ConnectionSettings, _ options: SQLServerOptions) throws {
    let url = settings.url
    guard let first = url.hosts.first else {
      throw Failure(.configuration, "reading the url: it names no server", hint: "Write \(SQLServer.urlExample)")
    }
    host = Host(name: first.name, port: first.port ?? ConnectionPlan.defaultPort)
    // A port that is given needs nobody to be asked.
    if first.port == nil { host.instance = first.instance }
    (user, password, database) = (settings.username, settings.password, url.database)
    timestampUnit = options.timestampUnit
    if let encrypt = options.encrypt { try take(encrypt) }
    trustsServer = options.trustServerCertificate ?? false
    certificateName = options.hostNameInCertificate
    for parameter in url.parameters { try take(parameter.name, parameter.value) }
  }

  /// Where only the log-in is encrypted nobody looks at certificates, as with Microsoft's drivers.
  var checksCertificate: Bool { encryptsAll && !trustsServer }

  private mutating func take(_ encrypt: Encrypt) throws {
    switch encrypt {
    case .true: encryptsAll = true
    case .false, .optional: encryptsAll = false
    case .strict:
      throw Failure(
        .configuration,
        "connecting to \(host.description): FreeTDS cannot encrypt from the first byte (encrypt=strict)",
        hint: "Use encrypt=true, which encrypts the log-in and everything behind it")
    }
  }

  private mutating func take(_ name: String, _ value: String) throws {
    switch name.lowercased() {
    case "encrypt":
      let words: [String: Encrypt] = [
        "true": .true, "yes": .true, "mandatory": .true, "false": .false, "no": .false, "optional": .optional,
        "strict": .strict,
      ]
      guard let encrypt = words[value.lowercased()] else {
        throw Failure(
          .configuration, "reading the url: 'encrypt' is '\(value)'", hint: "It may be true, false, optional or strict")
      }
      try take(encrypt)
    case "trustservercertificate": trustsServer = value.lowercased() == "true" || value.lowercased() == "yes"
    case "hostnameincertificate": certificateName = value.isEmpty ? nil : value
    case "servercertificate", "truststore": rootCertificate = value
    case "logintimeout":
      let seconds = try ConnectionPlan.number(name, value)
      if seconds > 0 { connectTimeout = .seconds(seconds) }
    case "connecttimeout":
      let milliseconds = try ConnectionPlan.number(name, value)
      if milliseconds > 0 { connectTimeout = .milliseconds(milliseconds) }
    case "sockettimeout":
      let milliseconds = try ConnectionPlan.number(name, value)
      if milliseconds > 0 { socketTimeout = .milliseconds(milliseconds) }
    // Ferry's own, as for every other server.
    case "tcpkeepalive": if value.lowercased() == "false" { keepAlive = nil }
    case "tcpkeepidle": keepAlive?.idle = Int32(clamping: max(1, try ConnectionPlan.number(name, value)))
    case "tcpkeepinterval": keepAlive?.interval = Int32(clamping: max(1, try ConnectionPlan.number(name, value)))
    case "tcpkeepcount": keepAlive?.count = Int32(clamping: max(1, try ConnectionPlan.number(name, value)))
    case "locktimeout": lockTimeout = value == "-1" ? nil : try ConnectionPlan.number(name, value)
    case "packetsize": packetSize = value == "-1" ? nil : try ConnectionPlan.number(name, value)
    case "applicationname": application = value
    case "applicationintent": isReadOnly = value.lowercased() == "readonly"
    case "integratedsecurity", "authentication", "accesstoken":
      guard ["", "false", "sqlpassword", "notspecified"].contains(value.lowercased()) else {
        throw Failure(
          .configuration, "reading the url: '\(name)' is not supported", hint: "Log in with a user and a password")
      }
    case let known where ConnectionPlan.taken.contains(known): break
    default: ignored.append(name)
    }
  }

  private static func number(_ name: String, _ value: String) throws -> Int {
    guard let number = Int(value), (0...Int(Int32.max)).contains(number) else {
      throw Failure(.configuration, "reading the url: '\(name)' is not a number")
    }
    return number
  }

  /// What the kit has taken out of the url already.
  private static let taken: Set = [
    "user", "username", "password", "databasename", "database", "servername", "server", "port", "portnumber",
    "instancename",
  ]
}
