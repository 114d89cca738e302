internal import CSQLite
internal import Records
internal import SQL

/// The rows of a running statement.
final class SQLiteRows: SQLRows {
  private(set) var schema = Schema([])
  private var statement: SQLiteStatementHandle?
  private var cells: [CellReader]
  /// The rows that were read to find the types.
  private var first: RecordBatch?
  private let onlyFirst: Bool
  private var row: Int64 = 0
  private var isAtEnd = false

  init(_ statement: SQLiteStatementHandle, _ options: QueryOptions, promote: Bool) throws {
    self.statement = statement
    onlyFirst = options.firstRowOnly
    let count = statement.columnCount
    let declared = (0..<count).map { DeclaredType(statement.declaredType($0)) }
    let names = (0..<count).map(statement.columnName)
    var types = declared.map(\.type)
    if promote {
      guard statement.isReadOnly else {
        throw Failure(
          .configuration, "'promote' reads the result twice, which only works for a statement that changes nothing")
      }
      types = try SQLiteRows.scan(statement, types)
      statement.reset()
    }
    cells = (0..<count).map { index in
      let mixes = types[index] != declared[index].type || types[index] == nil
      return CellReader(Int32(index), types[index], names[index], options.invalidText, mixes: mixes)
    }
    let limit = options.firstRowOnly ? 1 : Limits.batchRows
    let batch = try SQLiteRows.read(statement, &cells, limit, &row, &isAtEnd)
    // With the first rows in memory, the columns without a declared type have one.
    let fields = (0..<count).map { index in
      Field(names[index], cells[index].type, sourceType: declared[index].name.isEmpty ? nil : declared[index].name)
    }
    schema = Schema(fields)
    if let batch { first = RecordBatch(schema: schema, columns: batch.columns, count: batch.count) }
    if isAtEnd || onlyFirst { close() }
  }

  func close() { statement = nil }

  func next() throws -> RecordBatch? {
    if let batch = first {
      first = nil
      return batch
    }
    guard let statement else { return nil }
    let read = try SQLiteRows.read(statement, &cells, Limits.batchRows, &row, &isAtEnd)
    if isAtEnd { close() }
    guard let read else { return nil }
    return RecordBatch(schema: schema, columns: read.columns, count: read.count)
  }

  private static func read(
    _ statement: SQLiteStatementHandle, _ cells: inout [CellReader], _ limit: Int, _ row: inout Int64,
    _ isAtEnd: inout Bool
  ) throws -> (columns: [Column], count: Int)? {
    let pointer = unsafe statement.pointer
    var rows = 0
    var bytes = 0
    while rows < limit, bytes < Limits.batchBytes {
      let status = unsafe sqlite3_step(pointer)
      if status == SQLITE_DONE {
        // Another step would run the statement anew.
        isAtEnd = true
        break
      }
      if status != SQLITE_ROW { throw statement.database.failure(status) }
      row += 1
      for cell in cells {
        let result = unsafe cell.append(pointer)
        if result < 0 { throw unsafe cell.failure(pointer, row) }
        bytes += result
      }
      rows += 1
    }
    if rows == 0, row > 0 { return nil }
    let columns = try cells.map { try $0.finish() }
    return rows == 0 ? nil : (columns, rows)
  }

  /// A type for each column that all of its values fit.
  private static func scan(_ statement: SQLiteStatementHandle, _ types: [DataType?]) throws -> [DataType?] {
    let probes = types.enumerated().map { TypeProbe(Int32($0.offset), $0.element) }
    while try statement.step() {
      for probe in probes { unsafe probe.look(statement.pointer) }
    }
    return probes.map(\.type)
  }
}

/// Reads the values of one column into a builder of its type. A column whose type is not known yet keeps what it reads
/// in `loose`, and takes a type when the first rows are finished.
private final class CellReader {
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
  private var scratch = TextBuffer()

  init(_ column: Int32, _ type: DataType?, _ name: String, _ invalidText: InvalidText, mixes: Bool) {
    self.column = column
    self.mixes = mixes
    kind = CellReader.kind(type ?? .text)
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
  func append(_ statement: OpaquePointer) -> Int {
    guard let builder else { return unsafe loose?.append(statement, column) ?? -1 }
    let found = unsafe sqlite3_column_type(statement, column)
    switch (found, kind) {
    case (SQLITE_NULL, _):
      builder.appendNull()
      return 1
    case (SQLITE_INTEGER, .int64):
      unsafe builder.append(sqlite3_column_int64(statement, column))
      return 8
    case (SQLITE_FLOAT, .float64):
      unsafe builder.append(sqlite3_column_double(statement, column))
      return 8
    case (SQLITE_TEXT, .text):
      return unsafe appendText(CellReader.bytes(statement, column), builder)
    case (SQLITE_BLOB, .bytes):
      let bytes = unsafe CellReader.bytes(statement, column)
      guard builder.variableByteCount + bytes.count <= Int(Int32.max) else { return -1 }
      unsafe builder.append(bytes: bytes)
      return bytes.count + 4
    default: return unsafe appendOther(statement, found, builder)
    }
  }

  static func bytes(_ statement: OpaquePointer, _ column: Int32) -> UnsafeRawBufferPointer {
    // The pointer before the count, as SQLite asks for.
    let start = unsafe sqlite3_column_blob(statement, column)
    return unsafe UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(statement, column)))
  }

  private func appendText(_ text: UnsafeRawBufferPointer, _ builder: ColumnBuilder) -> Int {
    guard builder.variableByteCount + text.count <= Int(Int32.max) else { return -1 }
    if unsafe UTF8Text.isValid(text) {
      unsafe builder.append(bytes: text)
      return text.count + 4
    }
    guard let repaired = unsafe TextRepair.repaired(text, invalidText) else { return -1 }
    builder.append(text: repaired)
    return repaired.utf8.count + 4
  }

  /// The storage classes that are not the type's own: what was declared says how to read them.
  private func appendOther(_ statement: OpaquePointer, _ found: Int32, _ builder: ColumnBuilder) -> Int {
    switch (found, type) {
    case (SQLITE_INTEGER, .bool):
      let value = unsafe sqlite3_column_int64(statement, column)
      guard value == 0 || value == 1 else { return -1 }
      builder.append(bool: value == 1)
      return 1
    case (SQLITE_INTEGER, .float64):
      guard let exact = unsafe Double(exactly: sqlite3_column_int64(statement, column)) else { return -1 }
      builder.append(exact)
      return 8
    case (SQLITE_INTEGER, .text), (SQLITE_INTEGER, .json), (SQLITE_INTEGER, .decimal), (SQLITE_INTEGER, .numeric):
      scratch.removeAll()
      unsafe Digits.append(sqlite3_column_int64(statement, column), to: &scratch)
    case (SQLITE_FLOAT, .text), (SQLITE_FLOAT, .json), (SQLITE_FLOAT, .decimal), (SQLITE_FLOAT, .numeric):
      let value = unsafe sqlite3_column_double(statement, column)
      scratch.removeAll()
      ValueText.append(value, to: &scratch)
    case (SQLITE_BLOB, .uuid):
      let bytes = unsafe CellReader.bytes(statement, column)
      guard bytes.count == 16 else { return -1 }
      unsafe builder.append(bytes.loadUnaligned(as: (UInt64, UInt64).self))
      return 16
    case (SQLITE_INTEGER, .bytes) where mixes, (SQLITE_FLOAT, .bytes) where mixes:
      scratch.removeAll()
      if found == SQLITE_INTEGER {
        unsafe Digits.append(sqlite3_column_int64(statement, column), to: &scratch)
      } else {
        unsafe ValueText.append(sqlite3_column_double(statement, column), to: &scratch)
      }
      unsafe builder.append(bytes: scratch.bytes)
      return scratch.count + 4
    case (SQLITE_TEXT, .bytes) where mixes:
      let bytes = unsafe CellReader.bytes(statement, column)
      unsafe builder.append(bytes: bytes)
      return bytes.count + 4
    case (SQLITE_TEXT, .int64), (SQLITE_TEXT, .float64), (SQLITE_TEXT, .bytes): return -1
    case (SQLITE_TEXT, _):
      let text = unsafe CellReader.bytes(statement, column)
      return unsafe parser.append(text, to: builder) == .ok ? text.count + 4 : -1
    default: return -1
    }
    let count = scratch.count
    return unsafe parser.append(scratch.bytes, to: builder) == .ok ? count + 4 : -1
  }

  func finish() throws -> Column {
    if let builder { return builder.finish() }
    guard let loose else { throw Failure(.bug, "a column of SQLite has neither a type nor values") }
    type = loose.type
    kind = CellReader.kind(type)
    parser = ValueParser(type, bytes: .hex)
    self.loose = nil
    let builder = ColumnBuilder(type)
    self.builder = builder
    let bad = unsafe loose.move(to: builder, type) { unsafe self.appendText($0, builder) }
    if let bad { throw misfit("text", Int64(bad + 1)) }
    return builder.finish()
  }

  func failure(_ statement: OpaquePointer, _ row: Int64) -> Failure {
    let found =
      switch unsafe sqlite3_column_type(statement, column) {
      case SQLITE_INTEGER: "integer"
      case SQLITE_FLOAT: "real"
      case SQLITE_TEXT: "text"
      default: "blob"
      }
    var failure = misfit(found, row)
    let value = unsafe String(decoding: CellReader.bytes(statement, column).prefix(200), as: UTF8.self)
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

/// What a column must be for all of its values to fit: looks at every value once.
private final class TypeProbe {
  private let column: Int32
  private let declared: DataType?
  private let loose = LooseColumn(keepsValues: false)
  private let reader: CellReader?
  private var fits = true

  init(_ column: Int32, _ declared: DataType?) {
    self.column = column
    self.declared = declared
    reader = declared.map { CellReader(column, $0, "", .replace, mixes: false) }
  }

  var type: DataType { fits ? declared ?? loose.type : loose.type }

  func look(_ statement: OpaquePointer) {
    _ = unsafe loose.append(statement, column)
    guard fits, let reader else { return }
    if unsafe reader.append(statement) < 0 { fits = false }
    // Only the last value is kept.
    _ = try? reader.finish()
  }
}

/// Values of any storage class, in the order in which they came.
private final class LooseColumn {
  private let keepsValues: Bool
  private var tags: [Int32] = []
  /// Integers, the bits of floats, and where texts and blobs end in `bytes`.
  private var words: [UInt64] = []
  private var bytes = TextBuffer()
  private var seen: Set<Int32> = []
  private var isExactInFloat = true

  init(keepsValues: Bool = true) { self.keepsValues = keepsValues }

  func append(_ statement: OpaquePointer, _ column: Int32) -> Int {
    let tag = unsafe sqlite3_column_type(statement, column)
    if tag != SQLITE_NULL { seen.insert(tag) }
    if tag == SQLITE_INTEGER, isExactInFloat {
      isExactInFloat = unsafe Double(exactly: sqlite3_column_int64(statement, column)) != nil
    }
    guard keepsValues else { return 0 }
    tags.append(tag)
    switch tag {
    case SQLITE_INTEGER: unsafe words.append(UInt64(bitPattern: sqlite3_column_int64(statement, column)))
    case SQLITE_FLOAT: unsafe words.append(sqlite3_column_double(statement, column).bitPattern)
    case SQLITE_TEXT, SQLITE_BLOB:
      unsafe bytes.append(bytes: CellReader.bytes(statement, column))
      words.append(UInt64(bytes.count))
      return unsafe Int(sqlite3_column_bytes(statement, column)) + 9
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

  /// The index of the first text that is not valid, nil when all went well.
  func move(to builder: ColumnBuilder, _ type: DataType, _ appendText: (UnsafeRawBufferPointer) -> Int) -> Int? {
    var start = 0
    var scratch = TextBuffer()
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
        if unsafe ValueParser(type == .bytes ? .text : type).append(scratch.bytes, to: builder) != .ok { return index }
      default:
        let text = unsafe UnsafeRawBufferPointer(rebasing: bytes.bytes[start..<Int(word)])
        start = Int(word)
        if type == .bytes { unsafe builder.append(bytes: text) } else if unsafe appendText(text) < 0 { return index }
      }
    }
    return nil
  }
}
