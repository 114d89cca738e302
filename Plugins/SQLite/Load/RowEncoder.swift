internal import CSQLite
internal import Records
internal import SQL

/// Binds rows of a batch and steps the statement for each. Texts and bytes are bound where they lie: the batch outlives
/// the step.
final class RowEncoder {
  private let statement: NativeStatement

  init(_ statement: NativeStatement) { self.statement = statement }

  func reset() {
    statement.reset()
    unsafe sqlite3_clear_bindings(statement.pointer)
  }

  /// Rows changed.
  func run(_ batch: RecordBatch, _ firstRow: Int64, _ targets: [LoadTarget?]) throws -> Int64 {
    guard batch.columns.count == statement.parameterCount else {
      let count = statement.parameterCount
      throw Failure(.schema, "the statement has \(count) placeholders for \(batch.columns.count) columns")
    }
    let cells = try batch.columns.enumerated().map { index, column in
      try Cell(column, batch.schema.fields[index].name, index < targets.count ? targets[index] : nil, firstRow)
    }
    defer { reset() }
    return try withExtendedLifetime(batch) { try run(cells, batch.count, firstRow) }
  }

  private func run(_ cells: [Cell], _ rows: Int, _ firstRow: Int64) throws -> Int64 {
    let pointer = unsafe statement.pointer
    let isReadOnly = statement.isReadOnly
    var changes: Int64 = 0
    try unsafe cells.withUnsafeBufferPointer { cells in
      for row in 0..<rows {
        for index in 0..<cells.count {
          let status = unsafe cells[index].bind(pointer, Int32(index + 1), row)
          if status != SQLITE_OK { throw failure(status, firstRow + Int64(row)) }
        }
        var status = unsafe sqlite3_step(pointer)
        while status == SQLITE_ROW { status = unsafe sqlite3_step(pointer) }
        if status != SQLITE_DONE { throw failure(status, firstRow + Int64(row)) }
        if !isReadOnly { changes += statement.database.changes }
        unsafe sqlite3_reset(pointer)
      }
    }
    return changes
  }

  private func failure(_ status: Int32, _ row: Int64) -> Failure {
    let failure = statement.database.failure(status)
    return failure.category == .cancelled ? failure : failure.whileDoing("row \(row)")
  }
}

/// How the values of one column are bound, and where they lie.
@safe private struct Cell {
  enum Kind {
    case bool, int8, int16, int32, int64, uint8, uint16, uint32, float32, float64
    case text, bytes
    /// Texts that were made for the whole column.
    case made
    /// Decimals of a column that makes numbers of texts: whole ones are bound as integers.
    case number
  }

  let kind: Kind
  private let values: UnsafeRawPointer
  private let offsets: UnsafePointer<Int32>?
  private let column: Column
  private let hasNulls: Bool
  private let made: MadeTexts?

  init(_ column: Column, _ name: String, _ target: LoadTarget?, _ firstRow: Int64) throws {
    var column = column
    let affinity = target.map { DatabaseType($0.nativeType).affinity }
    if column.type == .uint64 {
      // SQLite's integers are signed: a larger one is an error, not a rounded float.
      column = try Coercion(from: .uint64, to: LoadTarget(.int64, nativeType: "INTEGER"), name: name)
        .apply(column, firstRow: firstRow)
    }
    let kind = Cell.kind(column.type, affinity)
    if kind == .float32 || kind == .float64 { try Cell.refuseNaN(column, name, firstRow) }
    made = kind == .made || kind == .number ? MadeTexts(column) : nil
    if kind == .number || (column.type == .json && affinity == .numeric) {
      try Cell.refuseRounding(column, made, name, firstRow)
    }
    self.kind = kind
    self.column = column
    hasNulls = column.nullCount > 0
    unsafe offsets = unsafe column.offsetValues.baseAddress
    if case .fixed(let width) = column.type.layout {
      unsafe values = unsafe column.values.start + column.offset * width
    } else {
      unsafe values = unsafe column.values.start
    }
  }

  private static func kind(_ type: DataType, _ affinity: DatabaseType.Affinity?) -> Kind {
    switch type {
    case .bool: .bool
    case .int8: .int8
    case .int16: .int16
    case .int32: .int32
    case .int64, .uint64: .int64
    case .uint8: .uint8
    case .uint16: .uint16
    case .uint32: .uint32
    case .float32: .float32
    case .float64: .float64
    case .text, .json: .text
    case .bytes: .bytes
    case .decimal, .numeric:
      affinity == .numeric || affinity == .integer || affinity == .real ? .number : .made
    default: .made
    }
  }

  @inline(__always)
  func bind(_ statement: OpaquePointer, _ index: Int32, _ row: Int) -> Int32 {
    if hasNulls, column.isNull(row) { return unsafe sqlite3_bind_null(statement, index) }
    switch kind {
    case .int64: return unsafe sqlite3_bind_int64(statement, index, load(row, Int64.self))
    case .int32: return unsafe sqlite3_bind_int64(statement, index, Int64(load(row, Int32.self)))
    case .text:
      guard let offsets = unsafe offsets else { return SQLITE_MISUSE }
      let start = unsafe Int(offsets[row])
      return unsafe Cell.text(statement, index, values + start, Int(offsets[row + 1]) - start)
    case .float64: return unsafe sqlite3_bind_double(statement, index, load(row, Double.self))
    case .made:
      guard let made else { return SQLITE_MISUSE }
      return unsafe Cell.text(statement, index, made.start(row), made.length(row))
    case .number:
      guard let made else { return SQLITE_MISUSE }
      if let whole = made.whole(row) { return unsafe sqlite3_bind_int64(statement, index, whole) }
      return unsafe Cell.text(statement, index, made.start(row), made.length(row))
    case .bytes:
      guard let offsets = unsafe offsets else { return SQLITE_MISUSE }
      let start = unsafe Int(offsets[row])
      return unsafe sqlite3_bind_blob64(statement, index, values + start, UInt64(Int(offsets[row + 1]) - start), nil)
    case .bool: return unsafe sqlite3_bind_int64(statement, index, column.bool(row) ? 1 : 0)
    case .int8: return unsafe sqlite3_bind_int64(statement, index, Int64(load(row, Int8.self)))
    case .int16: return unsafe sqlite3_bind_int64(statement, index, Int64(load(row, Int16.self)))
    case .uint8: return unsafe sqlite3_bind_int64(statement, index, Int64(load(row, UInt8.self)))
    case .uint16: return unsafe sqlite3_bind_int64(statement, index, Int64(load(row, UInt16.self)))
    case .uint32: return unsafe sqlite3_bind_int64(statement, index, Int64(load(row, UInt32.self)))
    case .float32: return unsafe sqlite3_bind_double(statement, index, Double(load(row, Float.self)))
    }
  }

  @inline(__always)
  private func load<T: BitwiseCopyable>(_ row: Int, _: T.Type) -> T {
    unsafe values.assumingMemoryBound(to: T.self)[row]
  }

  /// A nil destructor is SQLITE_STATIC: the memory stays as it is until the step is over.
  @inline(__always)
  private static func text(
    _ statement: OpaquePointer, _ index: Int32, _ start: UnsafeRawPointer, _ count: Int
  ) -> Int32 {
    unsafe sqlite3_bind_text64(
      statement, index, start.assumingMemoryBound(to: CChar.self), UInt64(count), nil, UInt8(SQLITE_UTF8))
  }

  // MARK: what SQLite would change silently

  /// SQLite stores NaN as NULL.
  private static func refuseNaN(_ column: Column, _ name: String, _ firstRow: Int64) throws {
    let bad = withExtendedLifetime(column) { () -> Int? in
      if column.type == .float32 {
        let values = unsafe column.fixed(Float.self)
        return (0..<column.count).first { unsafe values[$0].isNaN && !column.isNull($0) }
      }
      let values = unsafe column.fixed(Double.self)
      return (0..<column.count).first { unsafe values[$0].isNaN && !column.isNull($0) }
    }
    guard let bad else { return }
    throw Failure(
      .data, "row \(firstRow + Int64(bad)), column '\(name)': SQLite stores NaN as NULL",
      hint: "Make it NULL in the query that reads it", code: "22003")
  }

  /// A numeric column keeps 15 digits of a text that looks like a number.
  private static func refuseRounding(_ column: Column, _ made: MadeTexts?, _ name: String, _ firstRow: Int64) throws {
    let texts = made ?? MadeTexts(column)
    for row in 0..<column.count where !column.isNull(row) {
      guard !texts.survives(row) else { continue }
      throw Failure(
        .data, "row \(firstRow + Int64(row)), column '\(name)': SQLite would round the number to 15 digits",
        hint: "Declare the column as TEXT to keep every digit", code: "22003",
        sensitive: "'\(name)' is \(texts.string(row))")
    }
  }
}

/// The canonical texts of a column's values, one behind the other.
@safe private final class MadeTexts {
  private var buffer: TextBuffer
  private let ends: UnsafeMutablePointer<Int32>
  private let base: UnsafeRawPointer

  init(_ column: Column) {
    buffer = TextBuffer(capacity: max(column.count * 16, 64))
    unsafe ends = UnsafeMutablePointer<Int32>.allocate(capacity: column.count + 1)
    unsafe ends[0] = 0
    // A space, as SQLite's own date functions write it.
    let formatter = TextFormatter(column, separator: UInt8(ascii: " "))
    if column.count > 0 { unsafe formatter.append(rows: 0..<column.count, to: &buffer, ends: ends + 1) }
    unsafe base = unsafe UnsafeRawPointer(buffer.bytes.baseAddress ?? UnsafeRawPointer(ends))
  }

  deinit { unsafe ends.deallocate() }

  @inline(__always) func start(_ row: Int) -> UnsafeRawPointer { unsafe base + Int(ends[row]) }
  @inline(__always) func length(_ row: Int) -> Int { unsafe Int(ends[row + 1] - ends[row]) }
  private func text(_ row: Int) -> UnsafeRawBufferPointer {
    unsafe UnsafeRawBufferPointer(start: start(row), count: length(row))
  }

  func string(_ row: Int) -> String { unsafe String(decoding: text(row), as: UTF8.self) }

  /// The value where it is a whole number of 64 bits.
  func whole(_ row: Int) -> Int64? {
    let text = unsafe text(row)
    var end = text.count
    if unsafe text.contains(UInt8(ascii: ".")) {
      while end > 0, unsafe text[end - 1] == UInt8(ascii: "0") { end -= 1 }
      if end > 0, unsafe text[end - 1] == UInt8(ascii: ".") { end -= 1 }
    }
    var value: Int64 = 0
    return unsafe Digits.parse(UnsafeRawBufferPointer(rebasing: text[..<end]), into: &value) == .ok ? value : nil
  }

  /// Whether a numeric column gives the same number back.
  func survives(_ row: Int) -> Bool {
    let text = unsafe text(row)
    guard let first = unsafe text.first, first == UInt8(ascii: "-") || first &- 48 < 10 else { return true }
    if unsafe text.contains(where: { $0 | 0x20 == UInt8(ascii: "e") }) { return false }
    var digits = 0
    var zeros = 0
    for position in 0..<text.count {
      let byte = unsafe text[position]
      guard byte &- 48 < 10 else { continue }
      if byte == 48 {
        if digits > 0 { zeros += 1 }
      } else {
        digits += zeros + 1
        zeros = 0
      }
    }
    return digits <= 15 || whole(row) != nil
  }
}
