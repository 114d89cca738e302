internal import Records
internal import SQL

/// What the server or the client library said when something went wrong. `text` may hold values of rows.
struct DatabaseError: Error, Hashable {
  var number: Int
  var state: String
  var text: String
  /// Ferry itself cut the connection.
  var cut: Lifeline.Cut?
  /// For messages about the connection.
  var server: String?
  /// There was no connection yet.
  var isConnecting = false

  init(number: Int, state: String, text: String) {
    self.number = number
    self.state = state
    self.text = text
  }

  /// The connection is gone: nothing more can be sent, and the server rolls back what was open.
  var isConnectionLoss: Bool {
    if cut != nil { return true }
    return switch number {
    case 2006, 2013, 2055, 1053, 1152, 1158, 1159, 1160, 1161, 1927, 5013, 5014, 1077, 1079, 1080: true
    default: false
    }
  }
}

extension DatabaseError {
  /// The client library only finds the connection gone; the line knows whether, and why, Ferry cut it.
  func explained(by line: Lifeline, _ host: ConnectionPlan.Host) -> DatabaseError {
    var copy = self
    copy.server = host.description
    // What the server itself said before stays what it is: an interrupted statement, say.
    if number >= 2_000, number < 3_000 || number >= 5_000 { copy.cut = line.reason }
    return copy
  }
}

extension DatabaseError {
  /// What the server says of most statements that were cancelled, for the others.
  static let interrupted = DatabaseError(number: 1_317, state: "70100", text: "Query execution was interrupted")

  /// The failure to show: what was being done, what the server said without the values in it, what to do next.
  func failure(_ doing: String, on host: String? = nil) -> Failure {
    if let cut { return cut.failure(doing, server: server ?? host ?? "the server") }
    let shown = DatabaseError.withoutValues(text)
    let place = isConnectionLoss ? host.map { " (\($0))" } ?? "" : ""
    return Failure(
      category, "\(doing): \(explanation ?? shown)\(place) (error \(number))", hint: hint,
      code: state == "HY000" ? "\(number)" : state,
      sensitive: shown == text ? nil : text, retryIsSafe: retryIsSafe,
      outcome: isConnectionLoss ? .unknown : .undone)
  }

  /// The failure of a statement, with the place where the server found its syntax wrong: it names the line, and shows
  /// the text that begins at the place.
  func failure(_ doing: String, on host: String? = nil, of sql: String) -> Failure {
    var failure = failure(doing, on: host)
    guard number == 1_064, let near = text.range(of: " near '", backwards: false),
      let end = text.range(of: "' at line ", backwards: true), near.upperBound <= end.lowerBound,
      let line = Int(text[end.upperBound...]), line > 0
    else { return failure }
    let lines = sql.unicodeScalars.split(separator: "\n", maxSplits: line - 1, omittingEmptySubsequences: false)
    guard lines.count == line, let rest = lines.last.map({ sql[$0.startIndex...] }) else { return failure }
    // At the end of the text it shows nothing.
    let shown = text[near.upperBound..<end.lowerBound]
    let start = shown.isEmpty ? sql.endIndex : rest.firstRange(of: shown)?.lowerBound
    failure.position = start.map { sql.unicodeScalars.distance(from: sql.startIndex, to: $0) }
    return failure
  }

  /// By MySQL's and MariaDB's error numbers; by the SQLSTATE where a number is not named here.
  var category: Failure.Category {
    switch number {
    case 1_044, 1_045, 1_129, 1_130, 1_142, 1_143, 1_227, 1_251, 1_370, 1_396, 1_698, 1_820, 1_862, 3_118, 3_159, 4_151,
      5_010:
      .auth
    case 1_022, 1_048, 1_062, 1_136, 1_153, 1_169, 1_216, 1_217, 1_264, 1_265, 1_292, 1_364, 1_365, 1_366, 1_406, 1_411,
      1_416, 1_451, 1_452, 1_557, 1_586, 1_644, 1_690, 2_020, 3_140, 3_141, 3_156, 3_819, 3_988, 4_025, 4_078:
      .data
    case 1_317: .cancelled
    case 1_205, 1_213, 1_020, 1_180, 1_637, 1_927, 1_969, 3_024, 2_002, 2_003, 2_006, 2_013, 1_053, 1_159, 1_161, 3_572:
      .transient
    case 1_021, 1_037, 1_038, 1_040, 1_041, 1_114, 1_203, 1_206, 1_226, 3, 28, 20, 1_026: .quota
    case 2_005, 2_026, 2_059, 2_061, 2_007, 2_012, Int(LocalInfile.refused): .configuration
    case 1_046, 1_049, 1_051, 1_054, 1_064, 1_109, 1_146, 1_149, 1_305: .schema
    default: SQLState.category(state)
    }
  }

  /// The server has done nothing that is still there: it refused, or it rolled the transaction back itself.
  var retryIsSafe: Bool {
    switch number {
    case 1_205, 1_213, 1_040, 1_203, 1_226, 2_002, 2_003, 1_020, 3_572: true
    default: SQLState.retryIsSafe(state)
    }
  }

  /// Where the server's own text is no help.
  private var explanation: String? {
    switch number {
    case 1_040, 1_203: "the server has no connection left (\(text))"
    case 1_205: "another transaction held a lock for longer than innodb_lock_wait_timeout"
    case 1_213: "the server ended the transaction to resolve a deadlock"
    case 1_317: "the statement was cancelled on the server"
    case 1_153, 2_020: "a packet is larger than the server's max_allowed_packet"
    case 2_006, 2_013, 2_055, 5_013, 5_014:
      isConnecting
        ? "the other side ended the connection before the login" : "the connection to the server was lost\(detail)"
    case 5_010: "the server asks for a kind of log-in that would hand it the password"
    case 1_927, 1_053, 1_077, 1_079, 1_080: "the server ended the connection"
    default: nil
    }
  }

  /// The library's reason in brackets, where it gives one.
  private var detail: String {
    guard let open = text.lastIndex(of: "("), text.hasSuffix(")") else { return "" }
    return " \(text[open...])"
  }

  private var hint: String? {
    switch number {
    case 1_045, 1_698: "Check username and password, and from which hosts the user may connect"
    case 1_040, 1_203: "Raise the server's max_connections or run fewer tasks at once"
    case 1_153, 2_020: "Raise max_allowed_packet on the server above the size of the largest row"
    case 1_205, 1_213: "Run it again; give the task a 'retry'"
    case 1_021, 1_114: "Free some disk space on the server"
    case 1_049: "Check the database in the url"
    case 1_146: "Check the name and the database; names are case-sensitive on most servers"
    case 2_006, 2_013, 2_055, 5_013, 5_014:
      isConnecting ? "Check that host and port are those of the database" : "Look into the server's log"
    case 2_002, 2_003: "Check host and port in the url, and that the server is up"
    case 2_005: "Check the host in the url"
    case 2_026: "Check sslMode and sslRootCert against the server's certificate"
    case 2_059: "The server asks for an authentication plugin that the client library does not have"
    case 3_159: "Set sslMode to REQUIRED"
    case 5_010:
      """
      Use TLS (sslMode: REQUIRED), or allowPublicKeyRetrieval=true in the url where the network is trusted. For PAM \
      and LDAP set allowClearPassword and sslMode: VERIFY_IDENTITY
      """
    default: nil
    }
  }

  /// The server's text without values of rows, and without its row number, which counts within one packet.
  static func withoutValues(_ text: String) -> String {
    var shown = text
    // Duplicate entry 'VALUE' for key 'NAME'
    shown.cut(from: "Duplicate entry '", to: "' for key ", as: "duplicate entry for key ")
    // Incorrect integer value: 'VALUE' for column `db`.`t`.`c`
    shown.cut(from: " value: '", to: "' for column ", as: " value for column ")
    shown.cut(from: " value: '", to: nil, as: " value")
    shown.cut(from: "Invalid JSON text: \"", to: "\" at position", as: "invalid JSON text at position")
    shown.cut(from: " value is out of range in '", to: nil, as: " value is out of range")
    if let row = shown.range(of: " at row ", backwards: true), shown[row.upperBound...].allSatisfy(\.isNumber) {
      shown.removeSubrange(row.lowerBound...)
    }
    return shown
  }
}

extension String {
  /// Replaces everything from the first `start` to the last `end` behind it.
  fileprivate mutating func cut(from start: String, to end: String?, as replacement: String) {
    guard let first = range(of: start, backwards: false) else { return }
    guard let end else {
      replaceSubrange(first.lowerBound..., with: replacement)
      return
    }
    guard let last = range(of: end, backwards: true), last.lowerBound >= first.upperBound else { return }
    replaceSubrange(first.lowerBound..<last.upperBound, with: replacement)
  }

  fileprivate func range(of part: String, backwards: Bool) -> Range<String.Index>? {
    let found = ranges(of: part)
    return backwards ? found.last : found.first
  }
}
