internal import Engine
internal import Records
internal import SQL

/// Where and how to connect: what the URL, the connection properties and the options say together.
struct ConnectionPlan: Sendable {
  struct Host: Sendable, Hashable {
    /// Nil for a socket file.
    var name: String?
    /// What the name was found to stand for; nil where the library has to look it up for the certificate's sake.
    var address: String?
    var port = ConnectionPlan.defaultPort
    /// The path of a socket file.
    var socket: String?

    func at(_ address: String) -> Host {
      var copy = self
      copy.address = address
      return copy
    }

    /// Whether bytes to this host never leave the machine.
    var isLocal: Bool {
      guard let name else { return true }
      return name.lowercased() == "localhost" || name == "::1" || name.hasPrefix("127.")
    }

    /// For messages.
    var description: String { socket ?? "\(name.map { $0.contains(":") ? "[\($0)]" : $0 } ?? ""):\(port)" }
  }

  enum TLS: Sendable, Hashable {
    case disabled
    /// TLS where the server has it. Not tried first on the same machine, where there is nobody to hide from.
    case preferred
    case required
    /// With a certificate that is valid for the host's name.
    case verified
  }

  static let defaultPort = 3_306

  var hosts: [Host] = []
  var user: String?
  var password: String?
  var database: String?
  var tls = TLS.preferred
  /// Paths of PEM files.
  var rootCertificate: String?
  var certificate: String?
  var key: String?
  var keyPassword: String?
  var connectTimeout = Patience.connect
  var connectSeconds: UInt32 { UInt32(clamping: connectTimeout.components.seconds + 1) }
  /// In seconds; 0 = as long as a statement takes. A peer that is gone is noticed by `keepAlive` either way.
  var socketTimeout: UInt32 = 0
  var keepAlive: KeepAlive? = KeepAlive()
  /// An UPDATE counts the rows it found, as JDBC drivers do, not only those that it changed.
  var countsFoundRows = true
  var allowsMultipleStatements = false
  /// See `logIns(to:)`.
  var allowsClearPassword = false
  var allowsPublicKeyRetrieval = false
  var zeroDates: ZeroDates?
  /// Assignments for the session: `a=1, b='x'`.
  var sessionVariables: String?
  /// Where the client library finds its authentication plugins; nil for its own place.
  var pluginDirectory: String?
  /// Parameters of the URL that mean nothing here.
  var ignored: [String] = []

  init(_ settings: ConnectionSettings) throws {
    let url = settings.url
    user = settings.username
    password = settings.password
    database = url.database
    for parameter in url.parameters { try apply(parameter.name, parameter.value) }
    if hosts.isEmpty {
      hosts = url.hosts.map { Host(name: $0.name, port: $0.port ?? ConnectionPlan.defaultPort) }
      if hosts.isEmpty { hosts = [Host(name: "localhost")] }
    }
  }

  // MARK: parameters of the URL

  private mutating func apply(_ name: String, _ value: String) throws {
    switch name.lowercased() {
    case "user", "username", "password": break
    case "usessl", "requiressl", "verifyservercertificate", "sslmode", "trustservercertificate", "serversslcert":
      try applyTLS(name, value)
    case "connecttimeout", "sockettimeout", "tcpkeepalive", "tcpkeepidle", "tcpkeepinterval", "tcpkeepcount":
      try applyTime(name, value)
    case "allowpublickeyretrieval": allowsPublicKeyRetrieval = try ConnectionPlan.flag(name, value)
    case "allowmultiqueries": allowsMultipleStatements = try ConnectionPlan.flag(name, value)
    case "useaffectedrows": countsFoundRows = try !ConnectionPlan.flag(name, value)
    case "localsocket", "unixsocket", "socket": hosts = [Host(name: nil, socket: value)]
    case "zerodatetimebehavior": zeroDates = try ConnectionPlan.zeroDates(value)
    case "sessionvariables": sessionVariables = value
    case let other where ConnectionPlan.withoutMeaning.contains(other): break
    default: ignored.append(name)
    }
  }

  private mutating func applyTime(_ name: String, _ value: String) throws {
    switch name.lowercased() {
    case "connecttimeout":
      let milliseconds = try ConnectionPlan.number(name, value, "milliseconds")
      // As in JDBC 0 is no limit of the user's.
      if milliseconds > 0 { connectTimeout = .milliseconds(Int64(milliseconds)) }
    case "sockettimeout":
      // JDBC gives milliseconds; the client library takes whole seconds.
      socketTimeout = (try ConnectionPlan.number(name, value, "milliseconds") + 999) / 1_000
    case "tcpkeepalive": if try !ConnectionPlan.flag(name, value) { keepAlive = nil }
    case "tcpkeepidle": keepAlive?.idle = Int32(clamping: max(1, try ConnectionPlan.number(name, value, "seconds")))
    case "tcpkeepinterval":
      keepAlive?.interval = Int32(clamping: max(1, try ConnectionPlan.number(name, value, "seconds")))
    default: keepAlive?.count = Int32(clamping: max(1, try ConnectionPlan.number(name, value, "probes")))
    }
  }

  private mutating func applyTLS(_ name: String, _ value: String) throws {
    switch name.lowercased() {
    case "sslmode": tls = try ConnectionPlan.mode(value)
    case "usessl":
      if try !ConnectionPlan.flag(name, value) { tls = .disabled } else if tls == .disabled { tls = .preferred }
    case "requiressl": if try ConnectionPlan.flag(name, value) { tls = .required }
    case "verifyservercertificate": if try ConnectionPlan.flag(name, value) { tls = .verified }
    case "trustservercertificate": if try ConnectionPlan.flag(name, value) { tls = .required }
    default: rootCertificate = value
    }
  }

  /// MySQL's and MariaDB's names of the modes. The client library checks a certificate together with the host's name or
  /// not at all: "verify-ca" is checked as strictly as "verify-identity".
  static func mode(_ name: String) throws -> TLS {
    switch name.lowercased().filter({ $0 != "_" && $0 != "-" }) {
    case "disabled", "disable", "0", "false": .disabled
    case "preferred", "prefer", "allow": .preferred
    case "required", "require", "trust", "1", "true": .required
    case "verifyca", "verifyidentity", "verifyfull": .verified
    default:
      throw Failure(
        .configuration, "reading the url: sslMode '\(name)' is not known",
        hint: "Known are DISABLED, PREFERRED, REQUIRED, VERIFY_CA and VERIFY_IDENTITY")
    }
  }

  private static func zeroDates(_ value: String) throws -> ZeroDates {
    switch value.lowercased().filter({ $0 != "_" }) {
    case "converttonull": .null
    case "exception": .error
    default:
      throw Failure(
        .configuration, "reading the url: zeroDateTimeBehavior '\(value)' would change values",
        hint: "Use CONVERT_TO_NULL or EXCEPTION, or the property 'zeroDates'")
    }
  }

  private static func number(_ name: String, _ value: String, _ unit: String) throws -> UInt32 {
    guard let number = UInt32(value), number <= 1 << 31 else {
      throw Failure(.configuration, "reading the url: \(name) is not a number of \(unit)")
    }
    return number
  }

  private static func flag(_ name: String, _ value: String) throws -> Bool {
    switch value.lowercased() {
    case "true", "1", "yes", "on", "": true
    case "false", "0", "no", "off": false
    default: throw Failure(.configuration, "reading the url: \(name) is neither true nor false")
    }
  }

  /// JDBC parameters whose effect Ferry has always or never needs, and those about zones: the session's zone is UTC.
  private static let withoutMeaning: Set<String> = [
    "autoreconnect", "cacheprepstmts", "cachecallablestmts", "characterencoding",
    "connectioncollation", "connectiontimezone", "defaultfetchsize", "elidesetautocommits", "failoverreadonly",
    "forceconnectiontimezonetosession", "generatesimpleparametermetadata", "maintaintimestats", "maxreconnects",
    "nullcatalogmeanscurrent", "preparestmtcachesize", "prepstmtcachesize", "prepstmtcachesqllimit",
    "rewritebatchedstatements", "servertimezone", "tcpnodelay", "timezone", "tinyint1isbit",
    "transformedbitisboolean", "usebulkstmts", "usecompression", "usecursorfetch", "usejdbccomplianttimezoneshift",
    "uselegacydatetimecode", "uselocalsessionstate", "useserverprepstmts", "useunicode", "yearisdatetype",
    "allowloadlocalinfile", "allowloadlocalinfileinpath",
  ]
}

/// What becomes of MySQL's dates without a month or a day: `0000-00-00`, `2020-00-00`.
enum ZeroDates: String, PropertyChoice {
  /// The read fails and names row and column.
  case error
  /// They become NULL.
  case null
  /// Columns of dates and timestamps are read as text.
  case text
}

/// How a TIME column is read: MySQL's TIME is a duration of up to ±838:59:59.999999.
enum TimeAs: String, PropertyChoice {
  /// Nothing is out of range.
  case interval
  /// A time of day; a value below 00:00 or above 24:00 is a data error.
  case time
  case text
}
