internal import Records
internal import SQL

/// What a driver, its server or the driver manager said when something went wrong. `text` may hold values of rows.
struct DatabaseError: Error, Hashable, Sendable {
  /// The SQLSTATE.
  var state: String
  /// The server's own number.
  var number: Int
  var text: String
  /// Of the rows that were sent or fetched at once, from 1, where the driver says which.
  var row: Int?
  /// Ferry itself gave the connection up.
  var cut: Lifeline.Cut?
  /// For messages about the connection.
  var server: String?
  var isConnecting = false
  /// The text may hold values, whatever the state says.
  var isAboutRows = false
  /// Who spoke, as far as its numbers have a known meaning.
  var product = Product.other

  /// The connection is gone: nothing more can be sent, and the server rolls back what was open.
  var isConnectionLoss: Bool {
    if cut != nil { return true }
    if state.hasPrefix("08") || state.hasPrefix("57P0") { return true }
    return switch product {
    case .mysql: [2_006, 2_013, 2_055, 1_927, 1_053, 4_031].contains(number)
    case .sqlServer:
      [10_053, 10_054, 20_003, 20_004, 20_006, 20_017, 20_047].contains(number)
        || state == "HY000" && DatabaseError.brokenStreams.contains { text.contains($0) }
    default: false
    }
  }

  /// Microsoft's driver can do nothing more with a connection on which it was sent what it does not understand.
  private static let brokenStreams = ["Protocol error in TDS stream", "Unknown token received from SQL Server"]

  /// A server has looked at it and refused it, a COMMIT included: it has not been done.
  var isRefusal: Bool {
    !isConnectionLoss && ["22", "23", "40", "44", "P0"].contains(String(state.prefix(2))) && state != "40003"
  }

  static let interrupted = DatabaseError(state: "HY008", number: 0, text: "the statement was cancelled")
}

extension DatabaseError {
  /// The failure to show: what was being done, what was said without the values in it, what to do next.
  func failure(_ doing: String) -> Failure {
    if let cut { return cut.failure(doing, server: server ?? "the server") }
    let shown = holdsValues ? DatabaseError.withoutValues(text) : text
    let place = isConnectionLoss && !isConnecting ? server.map { " (\($0))" } ?? "" : ""
    let native = number > 0 && product != .postgresql ? " (error \(number))" : ""
    return Failure(
      category, "\(doing): \(shown)\(place)\(native)", hint: hint, code: code,
      sensitive: shown == text ? nil : text, retryIsSafe: retryIsSafe,
      outcome: isConnectionLoss && !isConnecting ? .unknown : .undone)
  }

  /// The failure of a statement, with the place where the server found it wrong, where its words show it.
  func failure(_ doing: String, of sql: String) -> Failure {
    var failure = failure(doing)
    guard failure.category == .schema, state.hasPrefix("42") || state.hasPrefix("37") || state == "HY000" else {
      return failure
    }
    failure.position = DatabaseError.place(of: text, in: sql)
    return failure
  }

  /// The server's code where it says more than the driver's.
  private var code: String {
    switch (product, number) {
    case (.mysql, 1_213): "40001"
    case (.sqlServer, 1_205): "40001"
    case (.sqlServer, 2_627), (.sqlServer, 2_601): "23505"
    case (.sqlServer, 547): "23503"
    case (.sqlServer, 515): "23502"
    case (.sqlite, 19): "23000"
    case _ where isConnectionLoss && !isConnecting && !state.hasPrefix("08") && !state.hasPrefix("57P"): "08S01"
    case (.sqlServer, 18_456): "28000"
    case _ where refusal == .unreachable: "08001"
    default: state == "HY000" && number > 0 ? "\(number)" : state
    }
  }

  var category: Failure.Category {
    if let known = product.category(of: number, state) { return known }
    if isConnectionLoss && !isConnecting { return .transient }
    if isConnecting, state.hasPrefix("08"), saysWhatIsWrong { return .configuration }
    switch state {
    case "IM002", "IM003", "IM012", "IM014": return .configuration
    case "01000" where isConnecting: return .configuration
    case "HY008", "S1008": return .cancelled
    case "HYT00", "HYT01", "S1T00": return .transient
    case "HY001", "HY013", "HY014": return .quota
    case "HYC00", "IM001", "HY106", "07006", "07002", "07001": return .schema
    case "HY000" where isConnecting: return .transient
    default: return SQLState.category(state)
    }
  }

  private var retryIsSafe: Bool {
    // Before there is a session nothing has been done.
    if SQLState.retryIsSafe(state) || isConnecting { return true }
    return switch product {
    case .mysql: [1_205, 1_213, 1_040].contains(number)
    case .sqlServer: [1_205, 1_222, 3_960].contains(number)
    default: false
    }
  }

  private var hint: String? {
    if let connectHint { return connectHint }
    return switch code {
    case "28000", "28P01": "Check the user name and the password"
    case "22001": "Widen the column or shorten the values"
    case "40001", "40P01": "Run it again: it stood in the way of another transaction"
    case "42501": "Grant the user the permission, or use another user"
    default: nil
    }
  }

  // MARK: values

  /// Errors about rows quote values; those about statements quote names.
  private var holdsValues: Bool {
    isAboutRows || category == .data || state.hasPrefix("22") || state.hasPrefix("23")
  }

  /// Whatever stands in quotes or as `=(…)` and is not said to be a name.
  static func withoutValues(_ text: String) -> String {
    var text = withoutDetail(text)
    for quote: Character in ["'", "\""] { text = withoutQuoted(text, quote) }
    return text
  }

  /// `DETAIL: Key (id)=(5) already exists.` quotes values without quotes, and so does `Failing row contains (…)`.
  private static func withoutDetail(_ text: String) -> String {
    var text = text
    for start in [")=(", " contains (", "key value is ("] {
      guard let from = text.firstRange(of: start), let to = text[from.upperBound...].lastIndex(of: ")") else {
        continue
      }
      text = text[..<from.upperBound] + "a value" + text[to...]
    }
    return text
  }

  private static let nouns = [
    "column ", "constraint ", "relation ", "table ", "index ", "key ", "object ", "type ", "domain ", "parameter ",
    "database ", "row for ", "encoding ", "function ",
  ]

  private static func withoutQuoted(_ text: String, _ quote: Character) -> String {
    var shown = ""
    var rest = text[...]
    while let open = rest.firstIndex(of: quote) {
      let words = rest[..<open]
      let inside = rest[rest.index(after: open)...]
      guard let close = inside.firstIndex(of: quote) else { break }
      let isName = nouns.contains { words.lowercased().hasSuffix($0) }
      shown += words
      // Values hold quotes of their own: what follows the last one is safe.
      let end = isName ? close : lastQuote(inside, quote, close)
      shown += isName ? "\(quote)\(inside[..<close])\(quote)" : "(a value)"
      rest = inside[inside.index(after: end)...]
    }
    return shown + rest
  }

  /// The end of a value: the last quote before the next one that opens a name, else the last of all.
  private static func lastQuote(_ text: Substring, _ quote: Character, _ first: String.Index) -> String.Index {
    var end = first
    var at = text.index(after: first)
    while let next = text[at...].firstIndex(of: quote) {
      if nouns.contains(where: { text[..<next].lowercased().hasSuffix($0) }) { return end }
      end = next
      at = text.index(after: next)
    }
    return end
  }

  // MARK: places

  /// Servers show the word that they stumble upon: `at or near "frm"`, `near 'frm …' at line 4`, `near 'frm'.`
  static func place(of text: String, in sql: String) -> Int? {
    guard let near = text.firstRange(of: "near ") else { return nil }
    let rest = text[near.upperBound...]
    guard let quote = rest.first, quote == "'" || quote == "\"" else { return nil }
    let inside = rest.dropFirst()
    let end = inside.firstRange(of: "' at line ")?.lowerBound ?? inside.firstIndex(of: quote)
    guard let end, let found = sql.ranges(of: inside[..<end]).last else { return nil }
    return sql.unicodeScalars.distance(from: sql.startIndex, to: found.lowerBound)
  }
}
