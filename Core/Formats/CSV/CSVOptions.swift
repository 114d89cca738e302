public import Records

/// How the columns of a text file get their types.
public enum ColumnTypes: Sendable, Hashable {
  /// All columns are text.
  case text
  /// The narrowest type that gives every text of a column back without losing a digit.
  case infer
  /// Columns by name; those that are not named are text.
  case declared([ExactText: DataType])
}

/// What `CSVReader` understands. The defaults are RFC 4180 in UTF-8 with a header.
public struct CSVReadOptions: Sendable {
  public enum EmptyHeader: String, Sendable, CaseIterable {
    /// Trailing columns without a name are left out; others are named `col_<n>`.
    case drop = "DROP"
    /// Columns without a name are named `col_<n>`, counted from 1.
    case rename = "RENAME"
  }

  /// The first row names the columns. Otherwise they are `col1`, `col2`, …
  public var header = true
  public var fieldSeparator = ","
  /// One character; empty: no quotes at all.
  public var textDelimiter = "\""
  /// What ends a row; nil: CR, LF and CRLF.
  public var lineDelimiter: String?
  public var skipEmptyRows = false
  /// Rows behind the header that are left out.
  public var skipRows = 0
  /// Lines in front of the header that are left out.
  public var skipLines = 0
  public var charset = "UTF-8"
  public var onEmptyHeader = EmptyHeader.drop
  /// In bytes.
  public var maxFieldSize = 16 << 20
  /// In bytes; what bounds memory. Positions within a row take 32 bits.
  public var maxRowSize = 64 << 20
  public var allowExtraCharsAfterClosingQuote = false
  /// Rows with too few fields get NULL for the missing ones instead of being bad.
  public var fillMissing = false
  /// Unquoted fields with one of these texts are NULL.
  public var nullValues = ["\\N"]
  public var types = ColumnTypes.text
  public var bytes = BytesText.base64
  /// How many columns are converted at a time.
  public var threads = 1
  /// How many bytes are read at a time.
  public var readSize = 1 << 20

  public init() {}
}

/// What `CSVWriter` can be told. The defaults are RFC 4180 in UTF-8 with a header, LF at the end of lines.
public struct CSVWriteOptions: Sendable {
  public enum QuoteMode: String, Sendable, CaseIterable {
    /// Every field, NULL excepted.
    case always = "ALWAYS"
    /// Fields that could not be read back without.
    case required = "REQUIRED"
    /// Every field that is not a number or a boolean, NULL excepted.
    case nonNumeric = "NON_NUMERIC"
  }

  public var header = true
  public var fieldSeparator = ","
  /// One character; empty: no quotes at all, and a text that needs them is an error.
  public var textDelimiter = "\""
  public var lineDelimiter = "\n"
  public var quoteMode = QuoteMode.required
  public var charset = "UTF-8"
  /// Written for NULL, without quotes. A text that is the same is quoted.
  public var nullValue = ""
  public var bytes = BytesText.base64
  /// Patterns of Java's DateTimeFormatter; nil: ISO 8601 with every digit the value has.
  public var dateFormat: String?
  public var timeFormat: String?
  public var dateTimeFormat: String?
  /// Instants are shown in it.
  public var timeZone = "UTC"

  public init() {}
}
