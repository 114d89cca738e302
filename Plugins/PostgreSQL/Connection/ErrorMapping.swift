internal import Records
internal import SQL

/// An error or a notice as the server sent it.
struct DatabaseError: Sendable, Hashable {
  var sqlState: String
  var message: String
  var detail: String?
  var hint: String?
  var context: String?
  var schema: String?
  var table: String?
  var column: String?
  var constraint: String?
  var severity: String
  /// Of the character in the statement, from 1.
  var position: Int?

  /// In a transaction that is given up.
  static let transactionIsAborted = "25P02"

  /// Where a COPY was when it failed: the line, from 1, and the column where the server names one.
  struct CopyPosition: Hashable {
    var line: Int64
    var column: String?
  }

  /// - Parameter table: the table's name without its schema, which is how the server puts it in the context.
  ///
  /// The words of the line are in the server's language: only the name, the numbers and the commas are relied on.
  func copyPosition(in table: String) -> CopyPosition? {
    guard let context, let start = context.firstRange(of: "COPY \(table), ") else { return nil }
    let line = context[start.upperBound...].prefix { $0 != "\n" }
    let digits = line.drop { !$0.isASCII || !$0.isNumber }.prefix { $0.isASCII && $0.isNumber }
    guard let number = Int64(digits) else { return nil }
    let rest = line[digits.endIndex...]
    guard rest.hasPrefix(", ") else { return CopyPosition(line: number) }
    let words = rest.dropFirst(2).split(separator: " ", maxSplits: 1)
    guard words.count == 2 else { return CopyPosition(line: number) }
    let column = words[1].prefix { $0 != ":" }
    return CopyPosition(line: number, column: String(column))
  }

  /// The failure to throw.
  /// - Parameters:
  ///   - doing: what was being done, to what; the message starts with it.
  ///   - row: the number of the input row that caused it, where it is known.
  ///   - column: the column that caused it, where the server does not name it itself.
  func failure(_ doing: String, row: Int64? = nil, column named: String? = nil) -> Failure {
    var place = ""
    if let row { place += " row \(row)" }
    if let name = column ?? named ?? keyColumns { place += "\(place.isEmpty ? " " : ", ")column '\(name)'" }
    // 22023 is about settings.
    let holdsValues = sqlState.hasPrefix("22") && sqlState != "22023"
    var text =
      "\(doing)\(place.isEmpty ? "" : ":\(place)"): \(holdsValues ? DatabaseError.withoutValues(message) : message)"
    if let table, !message.contains(table) { text += " (table '\(table)')" }
    var failure = Failure(
      SQLState.category(sqlState), text, hint: advice, code: sqlState.isEmpty ? nil : sqlState,
      sensitive: values,
      retryIsSafe: SQLState.retryIsSafe(sqlState), outcome: endsSession ? .unknown : .undone)
    failure.position = position.map { $0 - 1 }
    return failure
  }

  /// `Key (a, b)=(1, 2) is not present in table "parent".`: the names, without the values.
  private var keyColumns: String? {
    guard sqlState.hasPrefix("23"), let detail, let start = detail.firstRange(of: " ("),
      let end = detail.firstRange(of: ")=("), start.upperBound < end.lowerBound
    else { return nil }
    return String(detail[start.upperBound..<end.lowerBound])
  }

  /// The server ends the session without an answer to what it was asked.
  private var endsSession: Bool { severity == "FATAL" || severity == "PANIC" }

  /// What the server says that may quote rows: the detail, the context, and the message of a data exception.
  private var values: String? {
    let parts = [sqlState.hasPrefix("22") && sqlState != "22023" ? message : nil, detail, context].compactMap { $0 }
    return parts.isEmpty ? nil : parts.joined(separator: "; ")
  }

  /// A data exception's message quotes the value, `invalid input syntax for type integer: "abc"`, beside names, which
  /// stay: `missing data for column "b"`. Values hold quotes of their own, so that all up to the last one is cut.
  static func withoutValues(_ message: String) -> String {
    let text = withoutBytes(message)
    var from = text.startIndex
    while let open = text[from...].firstIndex(of: "\"") {
      guard isName(text[..<open]), let close = text[text.index(after: open)...].firstIndex(of: "\"") else {
        guard let last = text.lastIndex(of: "\""), last > open else { return text }
        return text[..<open] + "(a value)" + text[text.index(after: last)...]
      }
      from = text.index(after: close)
    }
    return text
  }

  /// Whether what follows these words in quotes is a name.
  private static func isName(_ words: Substring) -> Bool {
    let names = ["column ", "parameter ", "encoding ", "constraint ", "relation ", "domain ", "type "]
    return names.contains { words.hasSuffix($0) }
  }

  /// `character with byte sequence 0xf0 0x9f in encoding`
  private static func withoutBytes(_ message: String) -> String {
    guard let start = message.firstRange(of: "0x") else { return message }
    let isByte = { (text: Substring) in text.hasPrefix("0x") && text.dropFirst(2).allSatisfy(\.isHexDigit) }
    let words = message[start.lowerBound...].split(separator: " ", omittingEmptySubsequences: false)
    let rest = words.drop { isByte($0) }
    return message[..<start.lowerBound] + (rest.count < words.count ? "(bytes)" : "")
      + rest.map { " " + $0 }.joined()
  }

  private var advice: String? {
    switch sqlState {
    case "28P01", "28000": "Check the user name and the password"
    case "42501": "Grant the user the permission, or use another user"
    case "53100": "Free some disk space on the server and run it again"
    case "53300": "Wait until connections are free, or raise the server's max_connections"
    case "40P01", "40001", "55P03": "Run it again: it stood in the way of another transaction"
    case "57014", "23505", "23503", "23502", "23514": nil
    case "22001": "Widen the column or shorten the values"
    default: hint
    }
  }
}
