internal import Engine
internal import Records
internal import SQL

/// Log-ins that do not come about. Drivers say 08001 of most of them: their words tell which it is.
extension DatabaseError {
  /// SQL Server says of a wrong database both that it is, and that the log-in failed.
  var saysMoreThanRefused: Bool { product == .sqlServer && number == 4_060 }

  /// What was said while there was no session yet.
  func connecting(to server: String) -> DatabaseError {
    var error = self
    error.isConnecting = true
    error.server = server
    if product == .postgresql, let known = DatabaseError.words.first(where: { $0.matches(text) }) {
      error.state = known.state
    }
    return error
  }

  private struct Words {
    var words: [String]
    var state: String
    func matches(_ text: String) -> Bool { words.allSatisfy { text.contains($0) } }
  }

  /// psqlODBC passes on the server's words without its code.
  private static let words = [
    Words(words: ["password authentication failed"], state: "28P01"),
    Words(words: ["no password supplied"], state: "28P01"),
    Words(words: ["no pg_hba.conf entry"], state: "28000"),
    Words(words: ["role \"", "does not exist"], state: "28000"),
    Words(words: ["database \"", "does not exist"], state: "3D000"),
    Words(words: ["sorry, too many clients"], state: "53300"),
    Words(words: ["remaining connection slots"], state: "53300"),
  ]

  /// What it is about, where no code says it.
  var refusal: Refusal? {
    guard isConnecting else { return nil }
    return told ?? (category == .transient ? .unreachable : nil)
  }

  /// It is not by waiting that it gets better.
  var saysWhatIsWrong: Bool { told != nil }

  private var told: Refusal? {
    let lower = text.lowercased()
    if ["certificate", "ssl provider", "ssl error"].contains(where: { lower.contains($0) }) { return .encryption }
    return ["could not translate host name", "the host is not known"].contains { lower.contains($0) } ? .host : nil
  }

  enum Refusal {
    case encryption, host, unreachable
  }

  /// What to do next.
  var connectHint: String? {
    switch (refusal, product) {
    case (.encryption, .sqlServer):
      "Have the issuer of the server's certificate trusted by this machine, or trust any: TrustServerCertificate=yes"
    case (.encryption, .postgresql):
      "Give the certificate of the authority that signed the server's: pqopt={sslrootcert=…}; or see SSLmode"
    case (.encryption, _): "Check the driver's settings of TLS against what the server offers"
    case (.host, _): "Check the host in the url, and the name service"
    case (.unreachable, _): "Check host and port in the url, and that the server runs and accepts connections"
    case (nil, _):
      state == "3D000" || number == 4_060
        ? "Check 'Database' in the url, and that the user may use that database" : nil
    }
  }
}

extension ConnectionPlan {
  /// Microsoft's driver tries again until its time is over, and then does not say why: a host that nobody knows and a
  /// port that nobody listens at are found out before.
  func refuseUnreachable(_ check: () throws -> Void) throws {
    guard traits.hidesRefusals, let place = address else { return }
    let problem = try HostLookup.refusal(of: place.host, port: place.port, atMost: .seconds(2), check: check)
    guard let problem else { return }
    let error = DatabaseError(state: "08001", number: 0, text: problem, product: product)
    throw error.connecting(to: server).failure(doing)
  }

  /// `tcp:db.example.com,1433`; nil for an instance by its name, which another service knows the port of.
  private var address: (host: String, port: Int)? {
    guard var text = attributes.first(where: { ["server", "addr", "address"].contains($0.name.lowercased()) })?.value
    else { return nil }
    if text.lowercased().hasPrefix("tcp:") { text = String(text.dropFirst(4)) }
    let parts = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    guard let host = parts.first, !host.isEmpty, !host.contains(where: { ":\\()".contains($0) }) else { return nil }
    guard parts.count > 1 else { return (host, 1_433) }
    return Int(parts[1]).map { (host, $0) }
  }
}
