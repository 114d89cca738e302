internal import CSQLite
internal import Records
internal import SQL

/// What a column must be for all of its values to fit: looks at every value once.
final class TypeProbe {
  private let column: Int32
  private let declared: DataType?
  private let loose = LooseColumn(keepsValues: false)
  private let reader: RowDecoder?
  private var fits = true

  init(_ column: Int32, _ declared: DataType?) {
    self.column = column
    self.declared = declared
    reader = declared.map { RowDecoder(column, $0, "", .replace, mixes: false) }
  }

  var type: DataType { fits ? declared ?? loose.type : loose.type }

  func look(_ statement: NativeStatement) {
    _ = loose.append(statement, column)
    guard fits, let reader else { return }
    if reader.append(statement) < 0 { fits = false }
    // Only the last value is kept.
    _ = try? reader.finish()
  }
}

/// Values of any storage class, in the order in which they came.
final class LooseColumn {
  private let keepsValues: Bool
  private var tags: [Int32] = []
  /// Integers, the bits of floats, and where texts and blobs end in `bytes`.
  private var words: [UInt64] = []
  private var bytes = ByteBuffer()
  private var seen: Set<Int32> = []
  private var isExactInFloat = true

  init(keepsValues: Bool = true) { self.keepsValues = keepsValues }

  func append(_ statement: NativeStatement, _ column: Int32) -> Int {
    let tag = statement.storageClass(column)
    if tag != SQLITE_NULL { seen.insert(tag) }
    if tag == SQLITE_INTEGER, isExactInFloat {
      isExactInFloat = Double(exactly: statement.integer(column)) != nil
    }
    guard keepsValues else { return 0 }
    tags.append(tag)
    switch tag {
    case SQLITE_INTEGER: words.append(UInt64(bitPattern: statement.integer(column)))
    case SQLITE_FLOAT: words.append(statement.double(column).bitPattern)
    case SQLITE_TEXT, SQLITE_BLOB:
      let value = statement.bytes(column)
      bytes.append(value)
      words.append(UInt64(bytes.count))
      return value.count + 9
    default: words.append(0)
    }
    return 9
  }

  /// The narrowest type that all values fit.
  var type: DataType {
    if seen.contains(SQLITE_BLOB) { return .bytes }
    if seen.contains(SQLITE_TEXT) { return .text }
    if seen.contains(SQLITE_FLOAT) { return seen.contains(SQLITE_INTEGER) && !isExactInFloat ? .numeric : .float64 }
    return seen.contains(SQLITE_INTEGER) ? .int64 : .text
  }

  /// Hands all values over, and keeps none.
  /// - Returns: the index of the first text that is not valid, nil when all went well.
  func move(to builder: ColumnBuilder, _ type: DataType, _ appendText: (Span<UInt8>) -> Int) -> Int? {
    var bytes = ByteBuffer()
    swap(&bytes, &self.bytes)
    var start = 0
    var scratch = ByteBuffer()
    for (index, tag) in tags.enumerated() {
      let word = words[index]
      switch (tag, type) {
      case (SQLITE_NULL, _): builder.appendNull()
      case (SQLITE_INTEGER, .int64): builder.append(Int64(bitPattern: word))
      case (SQLITE_INTEGER, .float64): builder.append(Double(Int64(bitPattern: word)))
      case (SQLITE_FLOAT, .float64): builder.append(Double(bitPattern: word))
      case (SQLITE_INTEGER, _), (SQLITE_FLOAT, _):
        scratch.removeAll()
        if tag == SQLITE_INTEGER {
          Digits.append(Int64(bitPattern: word), to: &scratch)
        } else {
          ValueText.append(Double(bitPattern: word), to: &scratch)
        }
        if ValueParser(type == .bytes ? .text : type).append(scratch.span, to: builder) != .ok { return index }
      default:
        let text = bytes.span.extracting(start..<Int(word))
        start = Int(word)
        if type == .bytes { builder.append(bytes: text) } else if appendText(text) < 0 { return index }
      }
    }
    return nil
  }
}
