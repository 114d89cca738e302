internal import Records

/// SQL Server's form: `jdbc:sqlserver://host\instance:port;key=value;key={va;lue}`. It knows no percent escapes.
extension JDBCURL {
  mutating func readProperties(_ text: String) throws {
    guard let slashes = text.firstRange(of: "//") else {
      throw JDBCURL.wrong("it has no '//' before the host")
    }
    var rest = text[slashes.upperBound...]
    let server = rest.prefix { $0 != ";" }
    rest = rest[server.endIndex...]
    try readList(&rest)
    try setServer(server)
    database = self["databaseName"] ?? self["database"]
    user = self["user"] ?? self["userName"]
    password = self["password"]
  }

  /// ODBC's form: the properties alone. `jdbc:odbc:name` is the data source of that name.
  mutating func readConnectionString(_ text: String) throws {
    var rest = text[...]
    for prefix in ["jdbc:", "odbc:"] where rest.lowercased().hasPrefix(prefix) { rest = rest.dropFirst(prefix.count) }
    if rest.contains("=") { try readList(&rest) } else { parameters = [Parameter(name: "DSN", value: String(rest))] }
    database = self["database"] ?? self["dbq"]
    user = self["uid"] ?? self["user"] ?? self["username"]
    password = self["pwd"] ?? self["password"]
  }

  /// Ingres' form. What has no number for a port has the name of the instance.
  mutating func readInstances(_ text: String) throws {
    guard let slashes = text.firstRange(of: "//") else { throw JDBCURL.wrong("it has no '//' before the host") }
    var rest = text[slashes.upperBound...]
    let server = rest.prefix { $0 != ";" && $0 != "?" && $0 != "/" }
    rest = rest[server.endIndex...].dropFirst()
    if text[server.endIndex...].first == "/" {
      let name = rest.prefix { $0 != ";" && $0 != "?" }
      database = name.isEmpty ? nil : String(name)
      rest = rest[name.endIndex...].dropFirst()
    }
    try readList(&rest)
    user = self["uid"] ?? self["user"]
    password = self["pwd"] ?? self["password"]
    let parts = server.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard let name = parts.first, !name.isEmpty else { throw JDBCURL.wrong("it names no host") }
    var host = Host(name: String(name))
    if parts.count > 1, let port = Int(parts[1]) {
      host.port = port
    } else if parts.count > 1 {
      host.instance = String(parts[1])
    }
    hosts = [host]
  }

  private mutating func readList(_ rest: inout Substring) throws {
    while let property = try JDBCURL.property(&rest) {
      parameters.append(Parameter(name: property.name, value: property.value))
      if JDBCURL.isSecret(property.name) { writtenSecrets.append(property.written) }
    }
  }

  /// What stands in front of the properties counts more than they.
  private mutating func setServer(_ text: Substring) throws {
    var host = Host(name: self["serverName"] ?? self["server"] ?? "")
    if !text.isEmpty {
      let name = text.prefix { $0 != "\\" }
      // `host\instance:port`, `host:port`, `[::1]:port`.
      let behind = text[name.endIndex...].dropFirst()
      host = try JDBCURL.host(name)
      let parts = behind.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      if let instance = parts.first, !instance.isEmpty { host.instance = String(instance) }
      if parts.count > 1 { host.port = try JDBCURL.port(parts[1]) }
    } else if let slash = host.name.firstIndex(of: "\\") {
      host.instance = String(host.name[host.name.index(after: slash)...])
      host.name = String(host.name[..<slash])
    }
    if let port = self["portNumber"] ?? self["port"], host.port == nil { host.port = try JDBCURL.port(port[...]) }
    host.instance = host.instance ?? self["instanceName"]
    hosts = host.name.isEmpty ? [] : [host]
  }

  private typealias Property = (name: String, value: String, written: String)

  /// The next one, moving behind it; nil at the end.
  private static func property(_ rest: inout Substring) throws -> Property? {
    rest = rest.drop { $0 == ";" || $0 == " " }
    guard !rest.isEmpty else { return nil }
    let name = rest.prefix { $0 != "=" && $0 != ";" }
    rest = rest[name.endIndex...]
    guard rest.first == "=" else { throw wrong("a property has no '='") }
    rest = rest.dropFirst()
    let trimmed = String(name).trimmed
    if rest.first == "{" {
      let (value, written) = try braced(&rest)
      return (trimmed, value, written)
    }
    let value = rest.prefix { $0 != ";" }
    rest = rest[value.endIndex...]
    return (trimmed, String(value), String(value))
  }

  /// `{…}`, in which `}}` stands for one `}`.
  private static func braced(_ rest: inout Substring) throws -> (value: String, written: String) {
    let start = rest.index(after: rest.startIndex)
    var value = ""
    var at = start
    while at < rest.endIndex {
      let next = rest.index(after: at)
      if rest[at] == "}" {
        let isDoubled = next < rest.endIndex && rest[next] == "}"
        guard isDoubled else {
          let written = String(rest[start..<at])
          rest = rest[next...]
          guard rest.isEmpty || rest.first == ";" else { throw wrong("a ';' is missing behind a '}'") }
          return (value, written)
        }
        at = next
      }
      value.append(rest[at])
      at = rest.index(after: at)
    }
    throw wrong("a '{' has no '}'")
  }

  private static func wrong(_ why: String) -> Failure {
    malformed(why, hint: "Write it as jdbc:sqlserver://host:port;databaseName=shop, values with a ';' in braces")
  }
}
