internal import Records

/// To and from text.
enum TextSteps {
  /// The canonical text of each value (`ValueText`); bytes would be hexadecimal, but the matrix never asks for them.
  static func format(_ column: Column) -> Column { column.texts(bytes: .hex) }

  static func formatJSON(_ column: Column) -> Column { column.jsonTexts() }

  /// The strict parser of the target type, and the few texts beside it that mean the same value.
  static func parse(_ column: Column, _ type: DataType) throws -> Column {
    let isNumeric = column.type == .numeric
    let parser = ValueParser(type, bytes: .hex)
    let whole = ValueParser(.decimal(precision: 38, scale: 0))
    let builder = ColumnBuilder(type, rows: max(column.count, 1))
    let scratch = ColumnBuilder(.decimal(precision: 38, scale: 0), rows: 1)
    let view = ColumnView(column)
    var start = 0
    while true {
      let (row, found) = parser.append(column, from: start, to: builder)
      if row == column.count { return builder.finish() }
      var fault = CoercionFault(found)
      if fault == .malformed, type == .date { fault = midnight(view.bytes(row), builder) }
      if fault == .malformed, isNumeric {
        // 12.00 is a whole number.
        fault = type.isInteger ? integer(view.bytes(row), whole, scratch, builder) : .notFinite
      }
      if fault != .none { throw BadValue(row: row, fault: fault) }
      start = row + 1
    }
  }

  private static func integer(
    _ text: Span<UInt8>, _ parser: ValueParser, _ scratch: ColumnBuilder, _ out: ColumnBuilder
  ) -> CoercionFault {
    let result = parser.append(text, to: scratch)
    if result == .losesDigits { return .notWhole }
    if result != .ok { return result == .malformed ? .notFinite : .outOfRange }
    do {
      let value = try DecimalSteps.toInteger(scratch.finish(), out.type)
      out.append(value)
      return .none
    } catch {
      return (error as? BadValue)?.fault ?? .outOfRange
    }
  }

  /// A timestamp's text that is midnight is a date.
  private static func midnight(_ text: Span<UInt8>, _ builder: ColumnBuilder) -> CoercionFault {
    var value: Int64 = 0
    let result = ValueParse.timestamp(text, unit: .microseconds, zoned: false, into: &value)
    if result != .ok { return CoercionFault(result) }
    let (days, rest) = Calendar.floorDivide(value, 86_400_000_000)
    if rest != 0 { return .notMidnight }
    guard let narrow = Int32(exactly: days) else { return .outOfRange }
    builder.append(narrow)
    return .none
  }

  /// A text with a zone is an instant, one without is a wall clock in `zone`.
  static func parseTimestamp(_ column: Column, _ type: DataType, _ zone: Zone) throws -> Column {
    if case .offsetTimestamp(let unit) = type { return try OffsetSteps.parse(column, unit, zone) }
    guard case .timestamp(let unit, let wantsInstant) = type else { return try parse(column, type) }
    let builder = ColumnBuilder(type, rows: max(column.count, 1))
    let view = ColumnView(column)
    for row in 0..<view.count {
      if view.isNull(row) {
        builder.appendNull()
        continue
      }
      var value: Int64 = 0
      var isInstant = false
      var result = ValueParse.timestamp(view.bytes(row), unit: unit, zoned: false, into: &value)
      if result == .malformed {
        isInstant = true
        result = ValueParse.timestamp(view.bytes(row), unit: unit, zoned: true, into: &value)
      }
      var fault = CoercionFault(result)
      if fault == .none, isInstant != wantsInstant { fault = zone.move(&value, isInstant: isInstant, unit) }
      if fault != .none { throw BadValue(row: row, fault: fault) }
      builder.append(value)
    }
    return builder.finish()
  }

  static func utf8(_ column: Column) throws -> Column {
    let view = ColumnView(column)
    for row in 0..<view.count where !view.isNull(row) {
      if !UTF8Text.isValid(view.bytes(row)) { throw BadValue(row: row, fault: .notUTF8) }
    }
    return ColumnMap.retyped(column, .text)
  }

  static func json(_ column: Column) throws -> Column {
    let view = ColumnView(column)
    for row in 0..<view.count where !view.isNull(row) {
      if !JSONText.isValid(view.bytes(row)) { throw BadValue(row: row, fault: .malformed) }
    }
    return ColumnMap.retyped(column, .json)
  }

  static func uuidToBytes(_ column: Column) -> Column {
    let builder = ColumnBuilder(.bytes, rows: max(column.count, 1))
    let view = ColumnView(column)
    for row in 0..<view.count {
      if view.isNull(row) {
        builder.appendNull()
      } else {
        builder.append(bytes: view.bytes(row))
      }
    }
    return builder.finish()
  }

  static func bytesToUUID(_ column: Column) throws -> Column {
    let builder = ColumnBuilder(.uuid, rows: max(column.count, 1))
    let view = ColumnView(column)
    for row in 0..<view.count {
      let bytes = view.bytes(row)
      if view.isNull(row) {
        builder.appendNull()
      } else if bytes.count == 16 {
        builder.append(bytes.little(at: 0, as: UInt128.self))
      } else {
        throw BadValue(row: row, fault: .wrongLength)
      }
    }
    return builder.finish()
  }
}
