public import Records

/// What `JSONReader` understands.
public struct JSONReadOptions: Sendable {
  /// How the rows lie in the file.
  public enum Layout: Sendable, Hashable {
    /// One value a line.
    case lines
    /// An array of rows, one document, or documents one behind the other, over any number of lines.
    case documents
    /// `documents` when the first value is an array or does not end with its line, else `lines`.
    case automatic
  }

  /// What happens where a row does not fit the schema.
  public enum Misfit: Sendable, Hashable {
    /// The reader stops, and the input is read again with a wider schema: for files (see `WholeFile.load`).
    case readAgain
    /// The schema grows: the row begins the next batch, under a wider one. For what can be read once only.
    case widen
    /// The row is bad.
    case refuse
  }

  public enum DuplicateKeys: String, Sendable, CaseIterable {
    /// A row with a key twice is bad.
    case error = "ERROR"
    /// The last member of a name counts.
    case last = "LAST"
  }

  public enum InvalidText: String, Sendable, CaseIterable {
    /// A row with a lone surrogate (`"\ud800"`) is bad.
    case error = "ERROR"
    /// A lone surrogate becomes U+FFFD.
    case replace = "REPLACE"
  }

  public var layout = Layout.automatic
  public var charset = "UTF-8"
  /// So many levels of nested objects become columns, named `outer.inner`.
  public var flatten = 0
  public var duplicateKeys = DuplicateKeys.error
  public var invalidText = InvalidText.error
  /// Levels of nesting a row may have.
  public var maxDepth = 512
  /// In bytes.
  public var maxRowSize = 64 << 20
  /// Types of columns by name; the others are inferred. A declared column that no row has is NULL.
  public var columns: [ExactText: DataType] = [:]
  public var misfit = Misfit.readAgain
  /// With `refuse`: members that the schema does not have make no row bad.
  public var leavesOutOtherMembers = false
  public var bytes = BytesText.base64
  /// How many columns are converted at a time.
  public var threads = 1
  /// How many bytes are read at a time.
  public var readSize = 1 << 20

  public init() {}
}

/// What `JSONWriter` can be told.
public struct JSONWriteOptions: Sendable {
  /// One object a line; else an array of objects, or the bare object when there is just one row.
  public var newLine = true
  public var charset = "UTF-8"
  public var bytes = BytesText.base64
  /// Instants are shown in it.
  public var timeZone = "UTC"

  public init() {}
}
