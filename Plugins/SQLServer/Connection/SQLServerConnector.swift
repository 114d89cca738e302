internal import Engine
internal import Records
internal import SQL

/// Opens connections.
enum SQLServerConnector {
  static func connect(
    _ settings: ConnectionSettings, _ options: SQLServerOptions, _ context: TaskContext
  ) throws -> any SQLConnection {
    var plan = try ConnectionPlan(settings, options)
    for name in plan.ignored {
      context.log(.info, "the url's parameter '\(name)' has no meaning here and is ignored")
    }
    if plan.rootCertificate == nil {
      plan.rootCertificate =
        try options.sslRootCert.map { try context.certificateFile("root.pem", $0) }
        ?? options.trustStore
    }
    if plan.checksCertificate {
      try checkCertificateName(plan)
      try plan.rootCertificate.map(checkTrustStore)
    }
    let start = ContinuousClock.now
    let targets = try targets(plan, context)
    let left = plan.connectTimeout - (.now - start)
    return try ConnectAttempts.first(of: targets, within: left, plan.keepAlive, context) { host, line in
      let native = try NativeConnection(plan, host: host, line: line) { context.log(.info, $0) }
      do { return try SQLServerConnection(native, plan, options) } catch {
        native.close()
        throw error
      }
    }
  }

  /// FreeTDS checks the name that it connects to, and no other one.
  private static func checkCertificateName(_ plan: ConnectionPlan) throws {
    guard let name = plan.certificateName else { return }
    guard name.lowercased() != plan.host.name.lowercased() else { return }
    throw Failure(
      .configuration,
      "connecting to \(plan.host.description): hostNameInCertificate is '\(name)', but FreeTDS checks the host's name",
      hint: "Connect by that name, for example through a line in /etc/hosts, or set trustServerCertificate=true")
  }

  /// A file that the library cannot read trusts nobody, and it does not say why.
  private static func checkTrustStore(_ path: String) throws {
    let file = try FileInput(path: path)
    guard let text = try? String.contents(of: file), text.contains("-----BEGIN ") else {
      throw Failure(
        .configuration, "reading the trust store '\(path)': it holds no certificate in PEM form",
        hint: "Export a Java key store: keytool -exportcert -rfc -keystore FILE -alias NAME > certificates.pem")
    }
  }

  /// The host's addresses. Where the certificate is checked against the host's name the library needs the name, and
  /// looks it up again.
  private static func targets(_ plan: ConnectionPlan, _ context: TaskContext) throws -> [ConnectionPlan.Host] {
    let addresses = try HostLookup.addresses(
      of: plan.host.name, atMost: plan.connectTimeout, check: { try context.checkCancelled() })
    guard !plan.checksCertificate else { return [plan.host] }
    return addresses.map { address in
      var host = plan.host
      host.address = address
      return host
    }
  }
}
