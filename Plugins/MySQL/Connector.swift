internal import Engine
internal import Glibc
internal import Records
internal import SQL

/// Opens connections: tries the hosts in turn, and TLS as the mode says.
enum Connector {
  static func connect(
    _ settings: ConnectionSettings, _ options: MySQLOptions, _ context: TaskContext
  ) throws -> any SQLConnection {
    var endpoint = try Endpoint(settings)
    for name in endpoint.ignored {
      context.log(.info, "the url's parameter '\(name)' has no meaning here and is ignored")
    }
    try apply(options, to: &endpoint, context)
    let infile = LocalInfile(allowed: try options.inputFile.map { try materialise($0, context) })
    let read = MySQLConnection.ReadOptions(
      zeroDates: options.zeroDates ?? endpoint.zeroDates ?? .error, timeAs: options.timeAs)
    return try open(endpoint, infile, read, context)
  }

  // MARK: properties

  private static func apply(_ options: MySQLOptions, to endpoint: inout Endpoint, _ context: TaskContext) throws {
    if options.ssl, endpoint.tls == .preferred || endpoint.tls == .disabled { endpoint.tls = .required }
    if let mode = options.sslMode { endpoint.tls = try Endpoint.mode(mode) }
    if let pem = options.sslRootCert { endpoint.rootCertificate = try file("root.pem", pem, context) }
    if let pem = options.sslCert { endpoint.certificate = try file("client.pem", pem, context) }
    if let pem = options.sslKey { endpoint.key = try file("client.key", pem, context) }
    endpoint.keyPassword = options.sslKeyPassword
    endpoint.allowsClearPassword = options.allowClearPassword
    if endpoint.rootCertificate != nil, endpoint.tls == .preferred { endpoint.tls = .verified }
  }

  /// The client library takes certificates and keys as files only.
  private static func file(_ name: String, _ text: String, _ context: TaskContext) throws -> String {
    let path = try context.workingDirectory() + "/" + name
    let descriptor = unsafe Glibc.open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw FileError.failure("writing the certificate '\(name)'", errno) }
    defer { Glibc.close(descriptor) }
    var text = text
    let written = text.withUTF8 { unsafe write(descriptor, $0.baseAddress, $0.count) == $0.count }
    guard written else { throw FileError.failure("writing the certificate '\(name)'", errno) }
    return path
  }

  /// Copies the input file to where LOAD DATA LOCAL may read it.
  private static func materialise(_ reference: StorageReference, _ context: TaskContext) throws -> String {
    let path = try context.workingDirectory() + "/inputFile"
    let input = try context.open(reference)
    let output = try FileOutput(path: path)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 64)
    defer { unsafe buffer.deallocate() }
    while true {
      let count = try unsafe input.read(into: buffer)
      if count == 0 { break }
      try unsafe output.write(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
      try context.checkCancelled()
    }
    try output.commit()
    return path
  }

  // MARK: hosts

  private static func open(
    _ endpoint: Endpoint, _ infile: LocalInfile, _ read: MySQLConnection.ReadOptions, _ context: TaskContext
  ) throws -> MySQLConnection {
    let start = ContinuousClock.now
    let targets = try targets(endpoint, context)
    let left = endpoint.connectTimeout - (.now - start)
    return try ConnectAttempts.first(of: targets, within: left, endpoint.keepAlive, context) { host, line in
      let session: Session
      do throws(ServerError) { session = try open(endpoint, host, infile, line) } catch {
        throw error.failure("connecting to \(host.description)")
      }
      do {
        let connection = try MySQLConnection(session, endpoint, read)
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
  private static func limitStatements(_ milliseconds: Int, _ session: Session) throws {
    let name = session.isMariaDB ? "max_statement_time" : "max_execution_time"
    let value = session.isMariaDB ? (milliseconds + 999) / 1_000 : milliseconds
    let lower = "IF(@@\(name) = 0 OR @@\(name) > \(value), \(value), @@\(name))"
    do throws(ServerError) {
      // MySQL takes the variable's own type only.
      try session.run("SET SESSION \(name) = \(session.isMariaDB ? lower : "CAST(\(lower) AS UNSIGNED)")")
    } catch {
      // Servers that lack it go without.
      if error.isConnectionLoss { throw error.failure("preparing the session") }
    }
  }

  /// The hosts with their addresses. Where a certificate is checked against the host's name the library needs the name,
  /// and looks it up again.
  private static func targets(_ endpoint: Endpoint, _ context: TaskContext) throws -> [Endpoint.Host] {
    var problem: (any Error)?
    var targets: [Endpoint.Host] = []
    for host in endpoint.hosts {
      guard let name = host.name else {
        targets.append(host)
        continue
      }
      do {
        let addresses = try HostLookup.addresses(
          of: name, atMost: endpoint.connectTimeout / endpoint.hosts.count, check: { try context.checkCancelled() })
        targets += endpoint.tls == .verified ? [host] : addresses.map { host.at($0) }
      } catch {
        try context.checkCancelled()
        problem = problem ?? error
      }
    }
    if targets.isEmpty, let problem { throw problem }
    return targets
  }

  private static func open(
    _ endpoint: Endpoint, _ host: Endpoint.Host, _ infile: LocalInfile, _ line: Lifeline
  ) throws(ServerError) -> Session {
    guard endpoint.tls == .preferred else { return try Session(endpoint, host: host, infile: infile, line: line) }
    var first = endpoint
    var second = endpoint
    first.tls = host.isLocal ? .disabled : .required
    second.tls = host.isLocal ? .required : .disabled
    do throws(ServerError) { return try Session(first, host: host, infile: infile, line: line) } catch {
      let isWorthTrying = host.isLocal ? error.mayWantTLS && host.socket == nil : error.isWithoutTLS
      guard isWorthTrying else { throw error }
      do throws(ServerError) { return try Session(second, host: host, infile: infile, line: line) } catch let again {
        // The first answer is about what the user asked for, unless the second got further.
        throw host.isLocal && again.number == 2_026 ? error : again
      }
    }
  }
}

extension ServerError {
  /// The user or the server insists on TLS, which some servers say as "access denied".
  fileprivate var mayWantTLS: Bool {
    number == 1_045 || number == 3_159 || number == 1_251 || number == 2_061 || number == 2_059
  }

  /// The server does not speak TLS at all; a handshake that went wrong is not a reason to go without.
  fileprivate var isWithoutTLS: Bool { number == 2_026 && text.lowercased().contains("support") }
}
