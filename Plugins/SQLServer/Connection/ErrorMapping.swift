internal import Records
internal import SQL

/// What the server or the library said when something went wrong. `text` may hold values of rows.
struct DatabaseError: Error, Hashable, Sendable {
  /// The server's number, or the library's from 20000 to 29999 where `severity` is its own scale.
  var number: Int
  var state: Int
  /// The server's class: 11 to 16 are the user's to correct, from 20 on the connection ends.
  var severity: Int
  var text: String
  /// Of the batch or the procedure, from 1.
  var line = 0
  var procedure: String?
  /// Ferry itself cut the connection.
  var cut: Lifeline.Cut?
  /// For messages about the connection.
  var server: String?
  /// Set while there is no session yet.
  var connecting: LogInAdvice?
  var isConnecting: Bool { connecting != nil }
  /// There is no connection any more, whatever was said first.
  var hasLostConnection = false

  /// Whether the server said it, not the library. User-defined messages begin at 50000.
  var isServers: Bool { !(20_000..<30_000).contains(number) || severity > 10 }

  /// The connection is gone: nothing more can be sent, and the server rolls back what was open.
  var isConnectionLoss: Bool {
    if cut != nil || hasLostConnection { return true }
    return switch number {
    // SYBEREAD, SYBEWRIT, SYBESEOF, SYBETIME, SYBEDDNE, SYBESOCK, SYBECONN, SYBEBTOK, SYBETDSVER.
    case 20_004, 20_006, 20_017, 20_003, 20_047, 20_008, 20_009, 20_020: true
    default: severity >= 20
    }
  }

  /// What the server says of statements that were cancelled, for those that end without a word.
  static let interrupted = DatabaseError(number: 3_617, state: 1, severity: 16, text: "the statement was interrupted")
}

extension DatabaseError {
  /// The library only finds the connection gone; the line knows whether, and why, Ferry cut it.
  func explained(by line: Lifeline, _ host: ConnectionPlan.Host) -> DatabaseError {
    var copy = self
    copy.server = host.description
    if !isServers { copy.cut = line.reason }
    return copy
  }

  /// The failure to show: what was being done, what the server said without the values in it, what to do next.
  func failure(_ doing: String) -> Failure {
    if let cut { return cut.failure(doing, server: server ?? "the server") }
    let shown = DatabaseError.withoutValues(text)
    var place = isConnectionLoss ? server.map { " (\($0))" } ?? "" : ""
    if let procedure { place += " in '\(procedure)', line \(line)" }
    return Failure(
      category, "\(doing): \(explanation ?? shown)\(place) (error \(number))", hint: hint,
      code: sqlState ?? "\(number)", sensitive: shown == text ? nil : text, retryIsSafe: retryIsSafe,
      outcome: isConnectionLoss && !isConnecting ? .unknown : .undone)
  }

  /// The failure of a statement, with the place where the server found its syntax wrong: it names line and word.
  /// - Parameter firstLine: of the statement within what was sent.
  func failure(_ doing: String, of sql: String, firstLine: Int = 1) -> Failure {
    var failure = failure(doing)
    guard number == 102 || number == 156 || number == 170, line >= firstLine else { return failure }
    let words = text.split(separator: "'", omittingEmptySubsequences: false)
    guard words.count > 2 else { return failure }
    let lines = sql.split(separator: "\n", omittingEmptySubsequences: false)
    guard line - firstLine < lines.count else { return failure }
    let found = lines[line - firstLine].ranges(of: words[1]).last
    failure.position = found.map { sql.unicodeScalars.distance(from: sql.startIndex, to: $0.lowerBound) }
    return failure
  }

  /// `…; truncated value: 'abc'.`, `The duplicate key value is (1, x).`, `converting the varchar value 'abc' to …`.
  static func withoutValues(_ text: String) -> String {
    var text = text
    for (start, end) in [("Truncated value: '", "'"), ("key value is (", ")"), (" value '", "' to data type")] {
      guard let from = text.firstRange(of: start) else { continue }
      let rest = text[from.upperBound...]
      // Values hold quotes and brackets of their own: up to the last one.
      guard let to = rest.ranges(of: end).last else { continue }
      let open = String(start.dropLast(start.hasSuffix("'") || start.hasSuffix("(") ? 1 : 0))
      text =
        text[..<from.lowerBound] + open + "(a value)"
        + rest[to.lowerBound...].dropFirst(end.first == "'" || end == ")" ? 1 : 0)
    }
    return text
  }

  /// The SQLSTATE that other databases use for the same.
  private var sqlState: String? {
    switch number {
    case 2_627, 2_601: "23505"
    case 515: "23502"
    case 547: "23503"
    case 1_205: "40001"
    case 3_960, 3_961: "40001"
    case 1_222: "55P03"
    case 208: "42S02"
    case 207: "42S22"
    case 102, 105, 156, 319: "42000"
    case 2_628, 8_152: "22001"
    case 220, 8_115, 232, 1_007: "22003"
    case 241, 242, 245, 8_114, 8_169, 295, 296: "22018"
    case 8_134: "22012"
    case 18_456, 18_452, 4_060, 18_470, 18_486, 18_487, 18_488: "28000"
    case 3_617: "57014"
    case 229, 230, 262, 297, 300: "42501"
    case 20_009, 20_002, 20_008: "08001"
    default: isConnectionLoss ? "08006" : nil
    }
  }

  var category: Failure.Category {
    switch number {
    case 18_456, 18_452, 18_470, 18_486, 18_487, 18_488, 229, 230, 262, 297, 300, 15_247, 916: .auth
    case 4_060, 40_615: .configuration
    case 1_205, 1_222, 3_960, 3_961, 3_966, 601, 708, 8_645, 8_651, 10_928, 10_929, 40_197, 40_501, 40_613, 49_918,
      49_919, 49_920, 233, 10_053, 10_054, 10_060, 121, 64, 20_009, 20_002, 20_008:
      .transient
    case 1_101, 1_105, 9_002, 701, 17_300, 17_809, 40_544: .quota
    case 3_617: .cancelled
    case 515, 547, 2_601, 2_627, 2_628, 8_152, 220, 232, 241, 242, 245, 295, 296, 511, 517, 535, 1_007, 6_522, 8_023,
      8_114, 8_115, 8_134, 8_169, 9_400...9_499, 13_608...13_612, 50_000...Int.max, 4_815, 4_816, 4_863, 7_339, 13_535:
      .data
    default: isConnectionLoss ? .transient : .schema
    }
  }

  /// Whether a statement that ended so can be run again as it is: the server did nothing.
  var retryIsSafe: Bool {
    isConnecting || [1_205, 1_222, 3_960, 3_961, 40_501, 49_918, 49_919, 49_920].contains(number)
  }

  private var explanation: String? {
    guard isConnecting, !isServers else { return nil }
    let reason = number == 20_009 ? "it cannot be reached" : "the log-in, or the encryption in front of it, failed"
    return "\(reason) (\(LogInAdvice.withoutSection(text.split(separator: "\n").first.map(String.init) ?? text)))"
  }

  private var hint: String? {
    switch number {
    case 18_456, 18_452: "Check the user name and the password"
    case 4_060: "Check 'databaseName' in the url, and that the user may use that database"
    case 20_009: connecting?.unreachable
    case 20_002: connecting?.refused
    case 1_205, 3_960: "Run it again: it stood in the way of another transaction"
    case 1_222: "Run it again, or raise 'lockTimeout' in the url"
    case 544: "Set keepIdentity: true to store the values of the input, or leave the column out"
    case 2_628, 8_152: "Widen the column or shorten the values"
    case 229, 230, 262: "Grant the user the permission, or use another user"
    case 1_105, 9_002, 1_101: "Free some space on the server and run it again"
    default: isServers ? nil : connecting?.refused
    }
  }
}
