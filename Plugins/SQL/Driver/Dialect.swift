/// How SQL text is written for one database: enough to find strings, names, comments, placeholders and the ends of
/// statements in it, and to write names. A plain value, so that a session can differ from its database's default.
public struct Dialect: Sendable, Hashable {
  public enum Placeholder: Sendable, Hashable {
    /// `?`
    case question
    /// `$1`, `$2`
    case dollar
    /// `@p1`, `@p2`
    case at

    /// Whether one placeholder may stand several times for the same value.
    var isNumbered: Bool { self != .question }
  }

  /// A pair around identifiers; the closing one is doubled inside.
  public struct Quotes: Sendable, Hashable {
    public var open: UInt8
    public var close: UInt8

    public static let double = Quotes(open: UInt8(ascii: "\""), close: UInt8(ascii: "\""))
    public static let backtick = Quotes(open: UInt8(ascii: "`"), close: UInt8(ascii: "`"))
    public static let brackets = Quotes(open: UInt8(ascii: "["), close: UInt8(ascii: "]"))
  }

  /// How a part of a transaction can be taken back.
  public enum Savepoints: Sendable, Hashable {
    /// `SAVEPOINT s`, `ROLLBACK TO SAVEPOINT s`, `RELEASE SAVEPOINT s`
    case standard
    /// `SAVE TRANSACTION s`, `ROLLBACK TRANSACTION s`, and nothing to forget one: SQL Server.
    case transactSQL
  }

  public enum Folding: Sendable, Hashable {
    /// Unquoted names are folded and then compared exactly: PostgreSQL.
    case lower
    /// Names are compared without case: SQLite, MySQL's columns, SQL Server by default.
    case ignored
  }

  public var placeholder = Placeholder.question
  /// The first pair is what Ferry writes; all are understood.
  public var identifierQuotes: [Quotes] = [.double]
  /// `"…"` is a string: MySQL without ANSI_QUOTES.
  public var doubleQuotedStrings = false
  /// `\'` inside of `'…'`: MySQL without NO_BACKSLASH_ESCAPES.
  public var backslashEscapes = false
  /// `E'…'` with backslash escapes: PostgreSQL.
  public var escapeStrings = false
  /// `$tag$ … $tag$`: PostgreSQL.
  public var dollarQuotes = false
  /// `/* /* */ */`: PostgreSQL, SQL Server.
  public var nestedComments = false
  /// `# …`: MySQL.
  public var hashComments = false
  /// `--` starts a comment only before white space: MySQL.
  public var dashesNeedSpace = false
  /// `@name` and `#name` are names: SQL Server.
  public var signedNames = false
  /// `BEGIN … END` bodies of CREATE PROCEDURE, FUNCTION, TRIGGER and the like belong to one statement.
  public var bodies = true
  /// CREATE, ALTER, TRUNCATE … commit the open transaction before they do anything: MySQL, MariaDB.
  public var definitionsCommit = false
  /// An INSERT without a list of columns gives no values for computed ones: SQLite.
  public var skipsComputed = false
  public var savepoints = Savepoints.standard
  /// How unquoted names of columns and tables compare.
  public var folding = Folding.ignored

  public init() {}

  /// A name as an identifier, whatever characters it has. U+0000 cannot be part of one; drivers refuse it.
  public func quote(_ name: String) -> String {
    let quotes = identifierQuotes.first ?? .double
    let close = Character(Unicode.Scalar(quotes.close))
    var text = String(Character(Unicode.Scalar(quotes.open)))
    for character in name.unicodeScalars {
      text.unicodeScalars.append(character)
      if character == Unicode.Scalar(quotes.close) { text.append(close) }
    }
    text.append(close)
    return text
  }

  public func quote(_ table: TableName) -> String { table.parts.map(quote).joined(separator: ".") }

  func savepoint(_ name: String) -> String {
    savepoints == .standard ? "SAVEPOINT \(name)" : "SAVE TRANSACTION \(name)"
  }

  func rollback(to savepoint: String) -> String {
    savepoints == .standard ? "ROLLBACK TO SAVEPOINT \(savepoint)" : "ROLLBACK TRANSACTION \(savepoint)"
  }

  /// Nil where a savepoint goes with its transaction only.
  func release(_ savepoint: String) -> String? { savepoints == .standard ? "RELEASE SAVEPOINT \(savepoint)" : nil }

  /// The placeholder number `index`, from 1.
  public func placeholder(_ index: Int) -> String {
    switch placeholder {
    case .question: "?"
    case .dollar: "$\(index)"
    case .at: "@p\(index)"
    }
  }

  /// Whether two unquoted or quoted names mean the same column, as far as the dialect alone can tell.
  public func sameName(_ a: String, _ b: String) -> Bool {
    folding == .ignored ? a.lowercased() == b.lowercased() : a == b
  }
}
