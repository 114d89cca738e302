internal import Records

/// The text of one field of one row.
struct FieldText: ~Escapable {
  enum Kind: UInt8 {
    /// NULL, or a JSON member that is not there.
    case null
    /// Without quotes: any CSV field, a JSON number or word.
    case bare
    /// It stood in quotes.
    case quoted
    /// A JSON object or array.
    case nested
  }

  let bytes: Span<UInt8>
  var kind: Kind

  @_lifetime(copy bytes)
  init(_ bytes: Span<UInt8>, _ kind: Kind) {
    self.bytes = bytes
    self.kind = kind
  }

  @inline(__always) var count: Int { bytes.count }
}

/// Well-formed rows that lie in memory, their fields found but not yet converted; good until more rows are looked for.
protocol FieldTable: ~Copyable, ~Escapable {
  /// Whether numbers, words, texts and nested values differ by how they are written, as in JSON.
  static var isTagged: Bool { get }
  /// In rows.
  var count: Int { get }
  /// Bytes of input behind these rows.
  var byteCount: Int { get }
  /// A field without quotes and escapes; valid until the next call.
  @_lifetime(&self)
  mutating func field(_ row: Int, _ column: Int) -> FieldText
  /// A field as it is in the input; valid until the next call.
  @_lifetime(&self)
  mutating func raw(_ row: Int, _ column: Int) -> FieldText
  /// The same rows for another thread: `field` uses memory of its own.
  @_lifetime(copy self)
  func copy() -> Self
  /// Some of the rows.
  @_lifetime(copy self)
  func slice(_ rows: Range<Int>) -> Self
}

/// How one column is read.
struct ColumnPlan {
  var type: DataType
  /// The type was found by looking at the data: a text that the type would not give back as it is does not fit.
  var isInferred: Bool
  var parser: ValueParser

  init(_ type: DataType, isInferred: Bool = false, bytes: BytesText = .base64) {
    self.type = type
    self.isInferred = isInferred
    parser = ValueParser(type, bytes: bytes)
  }
}

/// A field that is no value of its column's type.
struct FieldError {
  var row: Int
  var column: Int
  var result: ParseResult
}
