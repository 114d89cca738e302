internal import CSQLite
internal import Records
internal import SQL

/// Reads the values of one column into a builder of its type. A column whose type is not known yet keeps what it reads
/// in `loose`, and takes a type when the first rows are finished.
final class RowDecoder {
  /// The types that most columns have, and the rest.
  private enum Kind: UInt8 {
    case int64, float64, text, bytes, other
  }

  private var kind: Kind
  /// Whether a text or bytes column also takes numbers, as their text: its type came from the values.
  private let mixes: Bool
  private let column: Int32
  private let name: String
  private let invalidText: InvalidText
  private(set) var type: DataType
  private var builder: ColumnBuilder?
  private var loose: LooseColumn?
  private var parser: ValueParser
  private var scratch = ByteBuffer()

  init(_ column: Int32, _ type: DataType?, _ name: String, _ invalidText: InvalidText, mixes: Bool) {
    self.column = column
    self.mixes = mixes
    kind = RowDecoder.kind(type ?? .text)
    self.name = name
    self.invalidText = invalidText
    self.type = type ?? .text
    parser = ValueParser(self.type, bytes: .hex)
    if let type { builder = ColumnBuilder(type) } else { loose = LooseColumn() }
  }

  private static func kind(_ type: DataType) -> Kind {
    switch type {
    case .int64: .int64
    case .float64: .float64
    case .text: .text
    case .bytes: .bytes
    default: .other
    }
  }

  /// Bytes the value takes, negative when it does not fit the type.
  @inline(__always)
  func append(_ statement: NativeStatement) -> Int {
    guard let builder else { return loose?.append(statement, column) ?? -1 }
    let found = statement.storageClass(column)
    switch (found, kind) {
    case (SQLITE_NULL, _):
      builder.appendNull()
      return 1
    case (SQLITE_INTEGER, .int64):
      builder.append(statement.integer(column))
      return 8
    case (SQLITE_FLOAT, .float64):
      builder.append(statement.double(column))
      return 8
    case (SQLITE_TEXT, .text):
      return appendText(statement.bytes(column), builder)
    case (SQLITE_BLOB, .bytes):
      let bytes = statement.bytes(column)
      guard builder.variableByteCount + bytes.count <= Int(Int32.max) else { return -1 }
      builder.append(bytes: bytes)
      return bytes.count + 4
    default: return appendOther(statement, found, builder, &scratch)
    }
  }

  private func appendText(_ text: Span<UInt8>, _ builder: ColumnBuilder) -> Int {
    guard builder.variableByteCount + text.count <= Int(Int32.max) else { return -1 }
    if UTF8Text.isValid(text) {
      builder.append(bytes: text)
      return text.count + 4
    }
    guard let repaired = TextRepair.repaired(text, invalidText) else { return -1 }
    builder.append(text: repaired)
    return repaired.utf8.count + 4
  }

  /// The storage classes that are not the type's own: what was declared says how to read them.
  private func appendOther(
    _ statement: NativeStatement, _ found: Int32, _ builder: ColumnBuilder, _ scratch: inout ByteBuffer
  ) -> Int {
    switch (found, type) {
    case (SQLITE_INTEGER, .bool):
      let value = statement.integer(column)
      guard value == 0 || value == 1 else { return -1 }
      builder.append(bool: value == 1)
      return 1
    case (SQLITE_INTEGER, .float64):
      guard let exact = Double(exactly: statement.integer(column)) else { return -1 }
      builder.append(exact)
      return 8
    case (SQLITE_INTEGER, .text), (SQLITE_INTEGER, .json), (SQLITE_INTEGER, .decimal), (SQLITE_INTEGER, .numeric):
      scratch.removeAll()
      Digits.append(statement.integer(column), to: &scratch)
    case (SQLITE_FLOAT, .text), (SQLITE_FLOAT, .json), (SQLITE_FLOAT, .decimal), (SQLITE_FLOAT, .numeric):
      let value = statement.double(column)
      scratch.removeAll()
      ValueText.append(value, to: &scratch)
    case (SQLITE_BLOB, .uuid):
      let bytes = statement.bytes(column)
      guard bytes.count == 16 else { return -1 }
      builder.append(bytes.little(at: 0, as: UInt128.self))
      return 16
    case (SQLITE_INTEGER, .bytes) where mixes, (SQLITE_FLOAT, .bytes) where mixes:
      scratch.removeAll()
      if found == SQLITE_INTEGER {
        Digits.append(statement.integer(column), to: &scratch)
      } else {
        ValueText.append(statement.double(column), to: &scratch)
      }
      builder.append(bytes: scratch.span)
      return scratch.count + 4
    case (SQLITE_TEXT, .bytes) where mixes:
      let bytes = statement.bytes(column)
      builder.append(bytes: bytes)
      return bytes.count + 4
    case (SQLITE_TEXT, .int64), (SQLITE_TEXT, .float64), (SQLITE_TEXT, .bytes): return -1
    case (SQLITE_TEXT, _):
      let text = statement.bytes(column)
      return parser.append(text, to: builder) == .ok ? text.count + 4 : -1
    default: return -1
    }
    let count = scratch.count
    return parser.append(scratch.span, to: builder) == .ok ? count + 4 : -1
  }

  func finish() throws -> Column {
    if let builder { return builder.finish() }
    guard let loose else { throw Failure(.bug, "a column of SQLite has neither a type nor values") }
    type = loose.type
    kind = RowDecoder.kind(type)
    parser = ValueParser(type, bytes: .hex)
    self.loose = nil
    let builder = ColumnBuilder(type)
    self.builder = builder
    let bad = loose.move(to: builder, type) { self.appendText($0, builder) }
    if let bad { throw misfit("text", Int64(bad + 1)) }
    return builder.finish()
  }

  func failure(_ statement: NativeStatement, _ row: Int64) -> Failure {
    let found =
      switch statement.storageClass(column) {
      case SQLITE_INTEGER: "integer"
      case SQLITE_FLOAT: "real"
      case SQLITE_TEXT: "text"
      default: "blob"
      }
    var failure = misfit(found, row)
    let value = statement.bytes(column).extracting(first: 200).string
    failure.sensitive = "'\(name)' is \(value)"
    return failure
  }

  private func misfit(_ found: String, _ row: Int64) -> Failure {
    if found == "text", type == .text {
      return Failure(
        .data, "row \(row), column '\(name)': the text is not valid UTF-8",
        hint: "Set 'invalidText' to replace or escape", code: "22021")
    }
    return Failure(
      .data, "row \(row), column '\(name)': the value (\(found)) does not fit the column's type \(type.name)",
      hint: "Cast it in the query, or set 'promote: true'", code: "22018")
  }
}
