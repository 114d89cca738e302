public import Engine
internal import Records
internal import SQL

/// The format of a file that PostgreSQL itself reads or writes.
public enum CopyFormat: String, PropertyChoice {
  case text = "TEXT"
  case csv = "CSV"
  case binary = "BINARY"
}

/// The options of COPY, named as Kestra names them. Every value is quoted before it gets into the statement.
public struct CopyOptions: Declaring, Decodable {
  @Property("The table, 'name' or 'schema.name'; names that need quotes are written with them.") var table: String?
  @Property("The columns, all when missing.") var columns: [String]?
  @Property("The format of the file.") var format = CopyFormat.text
  @Property("Copies the rows' OIDs: servers since PostgreSQL 12 have none.") var oids = false
  @Property("Writes rows as frozen, into a table made in the same transaction.") var freeze = false
  @Property("The character between values: a tab in TEXT, a comma in CSV.") var delimiter: String?
  @Property("The text that stands for NULL: '\\N' in TEXT, an empty value without quotes in CSV.") var nullString:
    String?
  @Property("Whether the first line holds the columns' names.") var header = false
  @Property("The quoting character of CSV.") var quote: String?
  @Property("The character in front of a quote inside of a value of CSV.") var escape: String?
  @Property("Columns whose values are always quoted, '*' for all.") var forceQuote: [String]?
  @Property("Columns in which an empty value is never NULL.") var forceNotNull: [String]?
  @Property("Columns in which a quoted null string is NULL as well.") var forceNull: [String]?
  @Property("The encoding of the file, as PostgreSQL calls it; UTF8 when missing.") var encoding: String?
  @Property("Seconds that the server may be silent.", .range(0...1_000_000)) var socketTimeout: Int?

  public init() {}

  /// ` WITH (FORMAT csv, …)`
  var clause: String {
    var parts = ["FORMAT \(format.rawValue.lowercased())"]
    func add(_ name: String, _ value: String?) {
      if let value { parts.append("\(name) \(NativeConnection.literal(value))") }
    }
    func add(_ name: String, _ columns: [String]?) {
      guard let columns, !columns.isEmpty else { return }
      let list = columns == ["*"] ? "*" : "(\(columns.map(PostgreSQL.dialect.quote).joined(separator: ", ")))"
      parts.append("\(name) \(list)")
    }
    if oids { parts.append("OIDS") }
    if freeze { parts.append("FREEZE") }
    add("DELIMITER", delimiter)
    add("NULL", nullString)
    if header { parts.append("HEADER") }
    add("QUOTE", quote)
    add("ESCAPE", escape)
    add("FORCE_QUOTE", forceQuote)
    add("FORCE_NOT_NULL", forceNotNull)
    add("FORCE_NULL", forceNull)
    add("ENCODING", encoding)
    return " WITH (\(parts.joined(separator: ", ")))"
  }

  var columnList: String {
    guard let columns, !columns.isEmpty else { return "" }
    return " (\(columns.map(PostgreSQL.dialect.quote).joined(separator: ", ")))"
  }

  /// The table as the server knows it: as written, else folded as the server folds names without quotes.
  static func resolve(_ text: String, _ session: PostgreSQLConnection) throws -> TableName {
    let (parts, isQuoted) = CopyOptions.parts(text)
    let exact = TableName(parts)
    let folded = TableName(parts.map { $0.lowercased() })
    do { return try session.describe(exact).name } catch let failure as Failure where failure.category == .schema {
      if isQuoted || exact == folded { throw failure }
      return try session.describe(folded).name
    }
  }

  /// The parts of a name, without their quotes.
  static func parts(_ text: String) -> (parts: [String], isQuoted: Bool) {
    var parts = [""]
    var inQuotes = false
    var isQuoted = false
    var last: Character?
    for character in text.trimmed {
      switch character {
      case "\"":
        // A doubled quote inside of quotes is one.
        if !inQuotes, last == "\"", isQuoted { parts[parts.count - 1].append("\"") }
        inQuotes.toggle()
        isQuoted = true
      case "." where !inQuotes: parts.append("")
      default: parts[parts.count - 1].append(character)
      }
      last = character
    }
    return (parts, isQuoted)
  }
}
