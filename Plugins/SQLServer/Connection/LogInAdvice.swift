internal import Records

/// What to do next when a log-in fails. The library tells apart whether the server could be reached, and little else.
struct LogInAdvice: Hashable, Sendable {
  var unreachable: String
  /// The server was reached, and there is no session.
  var refused: String

  init(_ plan: ConnectionPlan, _ host: ConnectionPlan.Host) {
    unreachable =
      host.instance.map { instance in
        "Check the instance's name, and that SQL Server Browser answers on UDP port 1434 of '\(host.name)'; or give "
          + "the port in the url, which needs no '\(instance)'"
      } ?? "Check host and port in the url, and that the server runs and accepts connections"
    refused = LogInAdvice.refused(plan, host)
  }

  private static func refused(_ plan: ConnectionPlan, _ host: ConnectionPlan.Host) -> String {
    guard plan.encryptsAll else { return "Look into the server's log" }
    let plain = "a server without encryption needs encrypt=false"
    guard plan.checksCertificate else { return "Look into the server's log; \(plain)" }
    let issuer =
      plan.rootCertificate.map { "its issuer stand in '\($0)'" }
      ?? "its issuer be trusted by this machine or given in 'sslRootCert'"
    return
      "Check the server's certificate: it must be in date, its name be '\(host.name)', and \(issuer); or trust any "
      + "with trustServerCertificate=true; \(plain)"
  }

  /// The library names the section of its file, which means nothing to anybody.
  static func withoutSection(_ text: String) -> String { text.replacing(#/ \(ferry[0-9]+\)/#, with: "") }
}
