internal import Expression
internal import Records

/// A JDBC URL of the usual form: `jdbc:vendor://[user[:password]@]host[:port][,host[:port]…]/database?key=value&…`.
public struct JDBCURL: Sendable, Hashable {
  public struct Host: Sendable, Hashable {
    public var name: String
    public var port: Int?
  }

  public var user: String?
  public var password: String?
  /// In the order in which they are to be tried; empty when the URL names none.
  public var hosts: [Host]
  public var database: String?
  /// Percent escapes decoded, in order; names as written.
  public var parameters: [(name: String, value: String)] = []

  public static func == (a: JDBCURL, b: JDBCURL) -> Bool {
    a.user == b.user && a.password == b.password && a.hosts == b.hosts && a.database == b.database
      && a.parameters.elementsEqual(b.parameters, by: ==)
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(hosts)
    hasher.combine(database)
  }

  /// The last value of a parameter; upper and lower case do not matter.
  public subscript(name: String) -> String? {
    parameters.last { $0.name.lowercased() == name.lowercased() }?.value
  }

  /// - Parameter text: the whole URL; the caller has checked its prefix up to `//`.
  /// - Throws: `Failure(.configuration)` that never shows the URL, which may hold a password.
  public init(_ text: String) throws {
    guard let slashes = text.firstRange(of: "//") else {
      throw JDBCURL.malformed("it has no '//' before the host")
    }
    var rest = text[slashes.upperBound...]
    if let question = rest.firstIndex(of: "?") {
      parameters = try JDBCURL.parameters(rest[rest.index(after: question)...])
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
      password = parts.count > 1 ? try JDBCURL.decode(parts[1]) : nil
      rest = rest[rest.index(after: at)...]
    }
    hosts = try rest.split(separator: ",").map(JDBCURL.host)
  }

  private static func host(_ text: Substring) throws -> Host {
    if text.first == "[" {
      guard let end = text.firstIndex(of: "]") else { throw malformed("an IPv6 address lacks its ']'") }
      let name = String(text[text.index(after: text.startIndex)..<end])
      return Host(name: name, port: try port(text[text.index(after: end)...].drop { $0 == ":" }))
    }
    guard let colon = text.lastIndex(of: ":") else { return Host(name: String(text), port: nil) }
    return Host(name: String(text[..<colon]), port: try port(text[text.index(after: colon)...]))
  }

  private static func port(_ text: Substring) throws -> Int? {
    if text.isEmpty { return nil }
    guard let port = Int(text), (1...65_535).contains(port) else {
      throw malformed("the port is not a number from 1 to 65535")
    }
    return port
  }

  private static func parameters(_ text: Substring) throws -> [(name: String, value: String)] {
    try text.split(separator: "&").map { pair in
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      return (try decode(parts[0]), parts.count > 1 ? try decode(parts[1]) : "")
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

  private static func malformed(_ why: String) -> Failure {
    Failure(.configuration, "reading the url: \(why)", hint: "Write it as jdbc:vendor://host:port/database")
  }
}
