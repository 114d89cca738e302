internal import Records
internal import SQL

/// Binds rows of a batch and steps the statement for each. Texts and bytes are bound where they lie: the columns
/// outlive the step.
final class RowEncoder {
  private let statement: NativeStatement
  private let affinities: [DatabaseType.Affinity?]

  /// - Parameter affinities: of the columns that the placeholders go to; nil for those that go nowhere in particular.
  init(_ statement: NativeStatement, _ affinities: [DatabaseType.Affinity?]) {
    self.statement = statement
    self.affinities = affinities
  }

  func reset() { statement.forget() }

  /// Rows changed.
  func run(_ batch: RecordBatch, _ firstRow: Int64) throws -> Int64 {
    guard batch.columns.count == statement.parameterCount else {
      let count = statement.parameterCount
      throw Failure(.schema, "the statement has \(count) placeholders for \(batch.columns.count) columns")
    }
    let cells = try batch.columns.enumerated().map { index, column in
      try Cell(column, batch.schema.fields[index].name, affinities[index], firstRow)
    }
    defer { reset() }
    return try run(cells.map(\.form), ColumnViews(cells.map(\.column)), batch.count, firstRow)
  }

  private func run(_ forms: [Cell.Form], _ views: ColumnViews, _ rows: Int, _ firstRow: Int64) throws -> Int64 {
    let isReadOnly = statement.isReadOnly
    var changes: Int64 = 0
    for row in 0..<rows {
      for index in views.indices {
        let view = views[index]
        let isBound =
          view.isNull(row)
          ? statement.bindNull(Int32(index + 1)) : forms[index].bind(view, row, statement, Int32(index + 1))
        if !isBound { throw failure(firstRow + Int64(row)) }
      }
      if !statement.stepToEnd() { throw failure(firstRow + Int64(row)) }
      if !isReadOnly { changes += statement.database.changes }
      statement.reset()
    }
    return changes
  }

  private func failure(_ row: Int64) -> Failure {
    let failure = statement.database.failure
    return failure.category == .cancelled ? failure : failure.whileDoing("row \(row)")
  }
}

/// How the values of one column are bound, and the column that they lie in.
private struct Cell {
  enum Form {
    case bool, int8, int16, int32, int64, uint8, uint16, uint32, float32, float64
    case text, bytes
    /// Texts of decimals for a column that makes numbers of texts: whole ones are bound as integers.
    case number
  }

  let form: Form
  let column: Column

  init(_ column: Column, _ name: String, _ affinity: DatabaseType.Affinity?, _ firstRow: Int64) throws {
    form = Form(column.type, affinity)
    switch column.type {
    case .uint64:
      // SQLite's integers are signed: a larger one is an error, not a rounded float.
      self.column = try Coercion(from: .uint64, to: LoadTarget(.int64, nativeType: "INTEGER"), name: name)
        .apply(column, firstRow: firstRow)
    // A space, as SQLite's own date functions write it.
    case let type where type.isTextual || type == .bytes || form != .text && form != .number: self.column = column
    default: self.column = column.texts(separator: UInt8(ascii: " "))
    }
  }
}

extension Cell.Form {
  fileprivate init(_ type: DataType, _ affinity: DatabaseType.Affinity?) {
    self =
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
      case .bytes: .bytes
      case .decimal, .numeric:
        affinity == .numeric || affinity == .integer || affinity == .real ? .number : .text
      default: .text
      }
  }

  /// False when SQLite refuses.
  @inline(__always)
  fileprivate func bind(_ view: ColumnView, _ row: Int, _ statement: NativeStatement, _ index: Int32) -> Bool {
    switch self {
    case .int64: statement.bind(view.value(row, as: Int64.self), index)
    case .int32: statement.bind(Int64(view.value(row, as: Int32.self)), index)
    case .text: statement.bind(text: view.bytes(row), index)
    case .float64: statement.bind(view.value(row, as: Double.self), index)
    case .number:
      if let whole = NumberText.whole(view.bytes(row)) {
        statement.bind(whole, index)
      } else {
        statement.bind(text: view.bytes(row), index)
      }
    case .bytes: statement.bind(bytes: view.bytes(row), index)
    case .bool: statement.bind(Int64(view.bool(row) ? 1 : 0), index)
    case .int8: statement.bind(Int64(view.value(row, as: Int8.self)), index)
    case .int16: statement.bind(Int64(view.value(row, as: Int16.self)), index)
    case .uint8: statement.bind(Int64(view.value(row, as: UInt8.self)), index)
    case .uint16: statement.bind(Int64(view.value(row, as: UInt16.self)), index)
    case .uint32: statement.bind(Int64(view.value(row, as: UInt32.self)), index)
    case .float32: statement.bind(Double(view.value(row, as: Float.self)), index)
    }
  }
}

/// What SQLite makes of the text of a number in a numeric column.
private enum NumberText {
  /// The value where it is a whole number of 64 bits.
  static func whole(_ text: Span<UInt8>) -> Int64? {
    var (value, at) = (Int64(0), 0)
    let isNegative = text.count > 0 && text[0] == UInt8(ascii: "-")
    if isNegative { at = 1 }
    guard at < text.count, text[at] != UInt8(ascii: ".") else { return nil }
    while at < text.count, text[at] != UInt8(ascii: ".") {
      guard text[at] &- 48 < 10 else { return nil }
      let (tens, overflow) = value.multipliedReportingOverflow(by: 10)
      let digit = Int64(text[at] &- 48)
      let (sum, carry) = isNegative ? tens.subtractingReportingOverflow(digit) : tens.addingReportingOverflow(digit)
      if overflow || carry { return nil }
      value = sum
      at += 1
    }
    at += 1
    while at < text.count {
      guard text[at] == UInt8(ascii: "0") else { return nil }
      at += 1
    }
    return value
  }
}
