internal import Engine
internal import Records
internal import SQL

/// Opens connections: tries the hosts in turn, and TLS as the mode says.
enum Connector {
  static func connect(
    _ settings: ConnectionSettings, _ options: MySQLOptions, _ context: TaskContext
  ) throws -> any SQLConnection {
    var plan = try ConnectionPlan(settings)
    for name in plan.ignored {
      context.log(.info, "the url's parameter '\(name)' has no meaning here and is ignored")
    }
    try apply(options, to: &plan, context)
    let infile = LocalInfile(allowed: try options.inputFile.map { try context.copy($0, as: "inputFile") })
    let read = MySQLConnection.ReadOptions(
      zeroDates: options.zeroDates ?? plan.zeroDates ?? .error, timeAs: options.timeAs)
    return try open(plan, infile, read, context)
  }

  // MARK: properties

  private static func apply(_ options: MySQLOptions, to plan: inout ConnectionPlan, _ context: TaskContext) throws {
    if options.ssl, plan.tls == .preferred || plan.tls == .disabled { plan.tls = .required }
    if let mode = options.sslMode { plan.tls = try ConnectionPlan.mode(mode) }
    if let pem = options.sslRootCert { plan.rootCertificate = try context.certificateFile("root.pem", pem) }
    if let pem = options.sslCert { plan.certificate = try context.certificateFile("client.pem", pem) }
    if let pem = options.sslKey { plan.key = try context.certificateFile("client.key", pem) }
    plan.keyPassword = options.sslKeyPassword
    plan.allowsClearPassword = options.allowClearPassword
    if plan.rootCertificate != nil, plan.tls == .preferred { plan.tls = .verified }
  }

  // MARK: hosts

  private static func open(
    _ plan: ConnectionPlan, _ infile: LocalInfile, _ read: MySQLConnection.ReadOptions, _ context: TaskContext
  ) throws -> MySQLConnection {
    let start = ContinuousClock.now
    let targets = try targets(plan, context)
    let left = plan.connectTimeout - (.now - start)
    return try ConnectAttempts.first(of: targets, within: left, plan.keepAlive, context) { host, line in
      let session: NativeConnection
      do throws(DatabaseError) { session = try open(plan, host, infile, line) } catch {
        throw error.failure("connecting to \(host.description)")
      }
      do {
        let connection = try MySQLConnection(session, plan, read)
        if let limit = Patience.statement(context) { try limitStatements(limit, session) }
        return connection
      } catch {
        session.close()
        throw error
      }
    }
  }

  /// So that nothing runs on for ever when this process is killed: the server ends statements itself some time after
  /// the task's time-out (MySQL: those that only read). What an administrator has set lower stays.
  private static func limitStatements(_ milliseconds: Int, _ session: NativeConnection) throws {
    let name = session.isMariaDB ? "max_statement_time" : "max_execution_time"
    let value = session.isMariaDB ? (milliseconds + 999) / 1_000 : milliseconds
    let lower = "IF(@@\(name) = 0 OR @@\(name) > \(value), \(value), @@\(name))"
    do throws(DatabaseError) {
      // MySQL takes the variable's own type only.
      try session.run("SET SESSION \(name) = \(session.isMariaDB ? lower : "CAST(\(lower) AS UNSIGNED)")")
    } catch {
      // Servers that lack it go without.
      if error.isConnectionLoss { throw error.failure("preparing the session") }
    }
  }

  /// The hosts with their addresses. Where a certificate is checked against the host's name the library needs the name,
  /// and looks it up again.
  private static func targets(_ plan: ConnectionPlan, _ context: TaskContext) throws -> [ConnectionPlan.Host] {
    var problem: (any Error)?
    var targets: [ConnectionPlan.Host] = []
    for host in plan.hosts {
      guard let name = host.name else {
        targets.append(host)
        continue
      }
      do {
        let addresses = try HostLookup.addresses(
          of: name, atMost: plan.connectTimeout / plan.hosts.count, check: { try context.checkCancelled() })
        targets += plan.tls == .verified ? [host] : addresses.map { host.at($0) }
      } catch {
        try context.checkCancelled()
        problem = problem ?? error
      }
    }
    if targets.isEmpty, let problem { throw problem }
    return targets
  }

  private static func open(
    _ plan: ConnectionPlan, _ host: ConnectionPlan.Host, _ infile: LocalInfile, _ line: Lifeline
  ) throws(DatabaseError) -> NativeConnection {
    guard plan.tls == .preferred else { return try NativeConnection(plan, host: host, infile: infile, line: line) }
    var first = plan
    var second = plan
    first.tls = host.isLocal ? .disabled : .required
    second.tls = host.isLocal ? .required : .disabled
    do throws(DatabaseError) { return try NativeConnection(first, host: host, infile: infile, line: line) } catch {
      let isWorthTrying = host.isLocal ? error.mayWantTLS && host.socket == nil : error.isWithoutTLS
      guard isWorthTrying else { throw error }
      do throws(DatabaseError) { return try NativeConnection(second, host: host, infile: infile, line: line) } catch let
        again
      {
        // The first answer is about what the user asked for, unless the second got further.
        throw host.isLocal && again.number == 2_026 ? error : again
      }
    }
  }
}

extension DatabaseError {
  /// The user or the server insists on TLS, which some servers say as "access denied".
  fileprivate var mayWantTLS: Bool {
    number == 1_045 || number == 3_159 || number == 1_251 || number == 2_061 || number == 2_059
  }

  /// The server does not speak TLS at all; a handshake that went wrong is not a reason to go without.
  fileprivate var isWithoutTLS: Bool { number == 2_026 && text.lowercased().contains("support") }
}
