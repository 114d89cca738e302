internal import Expression
internal import Records

/// A JDBC URL taken apart.
public struct JDBCURL: Sendable, Hashable {
  /// How a database writes its URLs.
  public enum Form: Sendable, Hashable {
    /// `jdbc:vendor://[user[:password]@]host[:port][,host[:port]…]/database?key=value&…`, with percent escapes.
    case servers
    /// The same, or `jdbc:vendor:database` for one on this machine.
    case serversOrName
    /// `jdbc:vendor://host\instance:port;key=value;…`, values with a `;` in braces: SQL Server.
    case properties
    /// `key=value;key={va;lue}`, with or without `jdbc:odbc:` in front, or the name of a data source: ODBC.
    case connectionString
    /// `jdbc:vendor://host:II7/database;key=value;…`: the port may be an instance's name and number: Ingres, Vector.
    case instances
    /// `jdbc:vendor:path?key=value&…`: the path is the database.
    case file
  }

  public struct Host: Sendable, Hashable {
    public var name: String
    public var port: Int?
    /// One of several servers on the host, which goes by a name instead of a port.
    public var instance: String?
  }

  /// One that was there, as it is meant.
  public struct Parameter: Sendable, Hashable {
    public var name: String
    public var value: String
  }

  public internal(set) var user: String?
  public internal(set) var password: String?
  /// In the order in which they are to be tried; empty when the URL names none.
  public internal(set) var hosts: [Host] = []
  public internal(set) var database: String?
  /// In order, escapes undone, names as written.
  public internal(set) var parameters: [Parameter] = []
  /// Passwords as they stand in the text, where escapes make them look otherwise.
  var writtenSecrets: [String] = []

  /// The last value of a parameter; upper and lower case do not matter.
  public subscript(name: String) -> String? {
    parameters.last { $0.name.lowercased() == name.lowercased() }?.value
  }

  /// What nobody may see, as it is meant and as it is written.
  var secrets: [String] {
    let values = parameters.filter { JDBCURL.isSecret($0.name) }.map(\.value)
    return ([password].compactMap { $0 } + values + writtenSecrets).filter { !$0.isEmpty }
  }

  /// `password`, `sslPassword`, `pwd`, `clientSecret`, `accessToken` …
  static func isSecret(_ name: String) -> Bool {
    let name = name.lowercased()
    return ["password", "passwd", "pwd", "secret", "accesstoken", "access_token"].contains { name.hasSuffix($0) }
  }

  /// - Throws: `Failure(.configuration)` that never shows the URL, which may hold a password.
  public init(_ text: String, _ form: Form = .servers) throws {
    switch form {
    case .servers: try readServers(text, mayLackThem: false)
    case .serversOrName: try readServers(text, mayLackThem: true)
    case .properties: try readProperties(text)
    case .connectionString: try readConnectionString(text)
    case .instances: try readInstances(text)
    case .file: try readFile(text)
    }
  }

  // MARK: servers

  private mutating func readServers(_ text: String, mayLackThem: Bool) throws {
    guard let slashes = text.firstRange(of: "//") else {
      guard mayLackThem else { throw JDBCURL.malformed("it has no '//' before the host") }
      return try readName(text)
    }
    var rest = text[slashes.upperBound...]
    if let question = rest.firstIndex(of: "?") {
      try readParameters(rest[rest.index(after: question)...])
      rest = rest[..<question]
    }
    if let slash = rest.firstIndex(of: "/") {
      let name = rest[rest.index(after: slash)...]
      database = name.isEmpty ? nil : try JDBCURL.decode(name)
      rest = rest[..<slash]
    }
    if let at = rest.lastIndex(of: "@") {
      let parts = rest[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      user = try JDBCURL.decode(parts[0])
      if parts.count > 1 {
        password = try JDBCURL.decode(parts[1])
        writtenSecrets.append(String(parts[1]))
      }
      rest = rest[rest.index(after: at)...]
    }
    hosts = try rest.split(separator: ",").map(JDBCURL.host)
  }

  /// `jdbc:postgresql:shop?ssl=true`, and `jdbc:postgresql:/` for whatever is the default.
  private mutating func readName(_ text: String) throws {
    var rest = text[...]
    if let question = rest.firstIndex(of: "?") {
      try readParameters(rest[rest.index(after: question)...])
      rest = rest[..<question]
    }
    guard let colon = rest.lastIndex(of: ":") else { throw JDBCURL.malformed("it names no database") }
    let name = rest[rest.index(after: colon)...]
    hosts = [Host(name: "localhost")]
    database = name.isEmpty || name == "/" ? nil : try JDBCURL.decode(name)
  }

  static func host(_ text: Substring) throws -> Host {
    if text.first == "[" {
      guard let end = text.firstIndex(of: "]") else { throw malformed("an IPv6 address lacks its ']'") }
      let name = String(text[text.index(after: text.startIndex)..<end])
      return Host(name: name, port: try port(text[text.index(after: end)...].drop { $0 == ":" }))
    }
    guard let colon = text.lastIndex(of: ":") else { return Host(name: String(text)) }
    return Host(name: String(text[..<colon]), port: try port(text[text.index(after: colon)...]))
  }

  static func port(_ text: Substring) throws -> Int? {
    if text.isEmpty { return nil }
    guard let port = Int(text), (1...65_535).contains(port) else {
      throw malformed("the port is not a number from 1 to 65535")
    }
    return port
  }

  private mutating func readParameters(_ text: Substring) throws {
    for pair in text.split(separator: "&") {
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let name = try JDBCURL.decode(parts[0])
      parameters.append(Parameter(name: name, value: parts.count > 1 ? try JDBCURL.decode(parts[1]) : ""))
      if JDBCURL.isSecret(name), parts.count > 1 { writtenSecrets.append(String(parts[1])) }
    }
  }

  /// Resolves `%HH`.
  static func decode(_ text: Substring) throws -> String {
    guard let bytes = PercentEncoding.decoded(text) else {
      throw malformed("a '%' is not followed by two hexadecimal digits")
    }
    guard let decoded = String(validating: bytes, as: UTF8.self) else { throw malformed("it is not UTF-8") }
    return decoded
  }

  // MARK: a file

  private mutating func readFile(_ text: String) throws {
    let rest = text.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false).dropFirst(2).first ?? ""
    let parts = rest.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    database = parts.first.flatMap { $0.isEmpty ? nil : String($0) }
    for pair in parts.dropFirst().first?.split(separator: "&") ?? [] {
      let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      parameters.append(Parameter(name: sides[0], value: sides.count > 1 ? sides[1] : ""))
    }
  }

  static func malformed(_ why: String, hint: String = "Write it as jdbc:vendor://host:port/database") -> Failure {
    Failure(.configuration, "reading the url: \(why)", hint: hint)
  }
}
