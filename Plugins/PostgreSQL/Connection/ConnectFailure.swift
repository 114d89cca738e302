internal import Records
internal import SQL

/// Why a connection did not come about.
enum ConnectFailure {
  /// - Parameter message: libpq's, in verbose form, where the server's own words carry an SQLSTATE:
  ///   `connection to server at "db" (10.0.0.1), port 5432 failed: FATAL:  28P01: password authentication failed …`.
  static func failure(_ message: String) -> Failure {
    // Where TLS is only preferred, libpq tries twice and is told the same twice.
    var lines: [String] = []
    for line in message.split(separator: "\n").map({ String($0).trimmed })
    where !line.hasPrefix("LOCATION:") && !lines.contains(line) { lines.append(line) }
    let text = "connecting to PostgreSQL: \(lines.joined(separator: "; "))"
    if let code = sqlState(message) { return refused(by: code, text) }
    let lower = message.lowercased()
    if lower.contains("could not translate host name") {
      return Failure(
        .configuration, text, hint: "Check the host in the url, and the name service", code: "08001", retryIsSafe: true)
    }
    if lower.contains("ssl") || lower.contains("certificate") {
      return Failure(
        .configuration, text,
        hint: lower.contains("certificate verify failed") || lower.contains("root certificate")
          ? "Give the certificate of the authority that signed the server's in 'sslRootCert', as PEM text"
          : "Check ssl, sslMode and the certificates against what the server offers",
        code: "08001")
    }
    if lower.contains("no password supplied") {
      return Failure(.auth, text, hint: "Set 'password'", code: "28P01")
    }
    return Failure(
      .transient, text, hint: "Check host and port in the url, and that the server runs and accepts connections",
      code: "08001", retryIsSafe: true)
  }

  private static func refused(by code: String, _ text: String) -> Failure {
    let hint: String? =
      switch code {
      case "28P01", "28000": "Check username and password, and the server's pg_hba.conf"
      case "3D000": "Check the database's name at the end of the url"
      case "53300": "Wait until connections are free, or raise the server's max_connections"
      default: nil
      }
    // Nothing has been done yet, whatever the reason.
    return Failure(SQLState.category(code, else: .configuration), text, hint: hint, code: code, retryIsSafe: true)
  }

  /// The five characters after `FATAL:  ` (or its translation).
  private static func sqlState(_ message: String) -> String? {
    for line in message.split(separator: "\n") {
      for word in line.split(separator: " ") where word.last == ":" && word.utf8.count == 6 {
        let code = word.dropLast()
        if code.utf8.allSatisfy({ (48...57).contains($0) || (65...90).contains($0) }), code.contains(where: \.isNumber)
        {
          return String(code)
        }
      }
    }
    return nil
  }
}
