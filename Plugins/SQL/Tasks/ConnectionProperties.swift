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
    let settings = try ConnectionSettings(
      for: D.self, url: text, username: username, password: password, timeZone: timeZoneId ?? context.timeZone)
    // Whatever the driver: none has to think of it.
    for secret in settings.url.secrets { context.hide(secret) }
    return settings
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
    _ body: (OpenDatabase) throws -> ValueMap
  ) throws -> ValueMap {
    try context.checkCancelled()
    let settings = try properties.settings(for: driver, context)
    let connection = try connect { try D.connect(settings, options, context) }
    defer { connection.close() }
    let database = OpenDatabase(connection, place: D.place(of: properties.url)) {
      try D.connect(settings, options, $0)
    }
    return try context.onCancel(connection.canceller) {
      do {
        var outputs = try body(database)
        for (name, value) in try connection.outputs(context) { outputs[name] = value }
        return outputs
      } catch { throw context.reason(for: error) }
    }
  }

  /// The same for statements that the user wrote: what they leave for good is kept track of.
  /// - Parameter sql: all of them; whether they change something decides what is prepared for their commit.
  static func run<D: SQLDriver>(
    _ driver: D.Type, _ properties: ConnectionProperties, _ options: D.Options,
    _ commits: CommitProperties,
    _ sql: [String?], _ context: TaskContext, _ body: (any StatementSession) throws -> ValueMap
  ) throws -> ValueMap {
    try run(driver, properties, options, context) { database in
      let commits = CommitGuard(database, commits, context)
      let connection = WatchedConnection(database, commits, context)
      do {
        if let outputs = try connection.settle() { return outputs }
        let dialect = database.connection.dialect
        let statements = sql.compactMap { $0 }.flatMap { SQLSplitter.statements($0, dialect) }
        try commits.prepare(
          changes: statements.contains { StatementEffect($0, dialect).changesData })
        return try body(connection)
      } catch { throw connection.judged(error) }
    }
  }

  /// Runs `body` in a transaction: committed when it returns, rolled back when it throws.
  static func transaction(_ connection: any StatementSession, _ body: () throws -> ValueMap) throws
    -> ValueMap
  {
    try connection.begin()
    do {
      let outputs = try body()
      if let watched = connection as? WatchedConnection {
        try watched.commit(putting: outputs)
      } else {
        try connection.commit()
      }
      return outputs
    } catch {
      try? connection.rollback()
      throw error
    }
  }

  /// Before there is a connection nothing can have been done.
  private static func connect(_ body: () throws -> any SQLConnection) throws -> any SQLConnection {
    do { return try body() } catch var failure as Failure {
      failure.outcome = .undone
      throw failure
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
