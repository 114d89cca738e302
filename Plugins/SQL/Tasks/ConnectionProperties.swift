public import Engine
internal import Expression
internal import Records

/// Where the database is and who asks: shared by all SQL tasks.
public struct ConnectionProperties: Declaring, Decodable {
  @Property("JDBC URL of the database.") var url: String
  @Property("User name; one inside of the URL counts when this is missing.") var username: String?
  @Property("Password; one inside of the URL counts when this is missing.", .secret) var password: String?
  @Property(
    "Zone between wall clocks and instants, an IANA name. The engine's zone when missing.", .example("Europe/Paris")
  ) var timeZoneId: String?
  @Property("Whether connections are kept for other tasks.", .unused("a task opens one of its own"))
  var connectionPooling = true
  @Property("How many connections are kept.", .unused("a task opens one of its own")) var connectionPoolSize = 10

  public init() {}

  init<D: SQLDriver>(for driver: D.Type) {
    guard let url = D.urlDefault else { return }
    _url = Property(wrappedValue: url, "JDBC URL of the database; a database in memory, empty at first, when missing.")
  }

  /// What is wrong with a url that stands in the flow itself.
  static func problems<D: SQLDriver>(
    of literals: ValueMap, for driver: D.Type
  ) -> [(property: String, message: String)] {
    guard let url = literals["url"]?.string?.trimmed, !D.urlPrefixes.contains(where: url.hasPrefix) else { return [] }
    let prefixes = D.urlPrefixes.joined(separator: " or ")
    return [("url", "this is not a url of \(D.title): expected \(prefixes)…. Write it as \(D.urlExample)")]
  }

  package func settings<D: SQLDriver>(for driver: D.Type, _ context: TaskContext) throws -> ConnectionSettings {
    let text = url.trimmed
    for secret in URLSecrets.find(in: text) { context.hide(secret) }
    guard !text.isEmpty else {
      throw Failure(.configuration, "the url is empty", hint: "Write it as \(D.urlExample)")
    }
    guard D.urlPrefixes.contains(where: text.hasPrefix) else {
      let prefixes = D.urlPrefixes.joined(separator: " or ")
      // Only the scheme is shown: the rest may hold a password.
      let scheme = text.split(separator: "/", maxSplits: 1).first.map { $0.prefix(40) } ?? ""
      let vendor = scheme.split(separator: ":").prefix(2).joined(separator: ":")
      let found = scheme.hasPrefix("jdbc:") ? "it starts with '\(vendor):'" : "it does not start with 'jdbc:'"
      throw Failure(
        .configuration, "the url is not one of \(D.title): expected \(prefixes)…, but \(found)",
        hint: "Write it as \(D.urlExample)")
    }
    if let timeZoneId { _ = try Zone(timeZoneId) }
    return ConnectionSettings(
      url: text, username: username, password: password, timeZone: timeZoneId ?? context.timeZone)
  }
}

extension String {
  /// Without white space at both ends.
  var trimmed: String {
    var text = self[...]
    while text.last?.isWhitespace == true { text.removeLast() }
    while text.first?.isWhitespace == true { text.removeFirst() }
    return String(text)
  }
}

/// One connection for the length of a task.
enum Session {
  /// Connects, runs `body` with cancellation reaching the server, adds what the connection puts out, and closes.
  static func run<D: SQLDriver>(
    _ driver: D.Type, _ properties: ConnectionProperties, _ options: D.Options, _ context: TaskContext,
    _ body: (any SQLConnection) throws -> ValueMap
  ) throws -> ValueMap {
    try context.checkCancelled()
    let settings = try properties.settings(for: driver, context)
    let connection = try D.connect(settings, options, context)
    defer { connection.close() }
    return try context.onCancel(connection.canceller) {
      do {
        var outputs = try body(connection)
        for (name, value) in try connection.outputs(context) { outputs[name] = value }
        return outputs
      } catch {
        // The driver reports the interrupted call in its own words; the reason is the engine's.
        try context.checkCancelled()
        throw error
      }
    }
  }

  /// Runs `body` in a transaction: committed when it returns, rolled back when it throws.
  static func transaction<T>(_ connection: any SQLConnection, _ body: () throws -> T) throws -> T {
    try connection.begin()
    do {
      let result = try body()
      try connection.commit()
      return result
    } catch {
      try? connection.rollback()
      throw error
    }
  }
}

extension Failure {
  /// The failure as the flow wants to see it: row values only where it says `logValues: true`.
  func showing(values: Bool) -> Failure {
    guard values, let sensitive else { return self }
    var copy = self
    copy.message += " — \(sensitive)"
    return copy
  }
}
