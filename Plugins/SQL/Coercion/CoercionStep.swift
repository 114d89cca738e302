internal import Records

/// One way from a column to a column of another type. Chosen once; `apply` holds the switch, the loops are behind it.
indirect enum CoercionStep: Sendable {
  /// The same memory under another type.
  case same
  case integers, boolToInteger, integerToBool, integerToFloat, floatToInteger, integerToDecimal, decimalToInteger
  case decimals
  case floats(round: Bool)
  case decimalToFloat(round: Bool)
  case numericToFloat(round: Bool)
  case dateToTimestamp(Zone?)
  case timestampToDate(Zone?)
  case timestamps(Zone?)
  case times, timeToInterval, intervalToTime
  /// Between timestamps with offset of two units.
  case offsets
  /// The instant of a timestamp with offset, and from there to another type.
  case instant(of: Element)
  /// An instant, once the value is one, with the offset that clocks of the zone have then; without a zone with none.
  case withOffset(of: CoercionStep, Zone?)
  case uuidToBytes, bytesToUUID
  /// Bytes that have to be UTF-8.
  case utf8
  /// Text that has to be JSON.
  case json
  case format, formatJSON, parse
  /// From text with a zone or without one to a timestamp.
  case parseTimestamp(Zone)
  /// Through the shortest exact text: between kinds of numbers that are rarely loaded into each other.
  case viaText
  case list(Element)

  struct Element: Sendable {
    var step: CoercionStep
    var type: DataType
  }

  /// Throws `BadValue`.
  func apply(_ column: Column, _ type: DataType) throws -> Column {
    if column.nullCount == column.count, column.type != type { return ColumnMap.nulls(column.count, type) }
    switch self {
    case .same: return column.type == type ? column : ColumnMap.retyped(column, type)
    case .integers: return try NumberSteps.integers(column, type)
    case .boolToInteger: return try NumberSteps.boolToInteger(column, type)
    case .integerToBool: return try NumberSteps.integerToBool(column)
    case .integerToFloat: return try NumberSteps.integerToFloat(column, type)
    case .floatToInteger: return try NumberSteps.floatToInteger(column, type)
    case .floats(let round): return try NumberSteps.floats(column, type, round)
    case .integerToDecimal: return try DecimalSteps.fromInteger(column, type)
    case .decimalToInteger: return try DecimalSteps.toInteger(column, type)
    case .decimals: return try DecimalSteps.rescale(column, type)
    case .decimalToFloat(let round): return try DecimalSteps.toFloat(column, type, round)
    case .numericToFloat(let round): return try DecimalSteps.numericToFloat(column, type, round)
    case .dateToTimestamp(let zone): return try TimeSteps.dateToTimestamp(column, type, zone)
    case .timestampToDate(let zone): return try TimeSteps.timestampToDate(column, zone)
    case .timestamps(let zone): return try TimeSteps.timestamps(column, type, zone)
    case .times: return try TimeSteps.times(column, type)
    case .timeToInterval: return try TimeSteps.timeToInterval(column)
    case .intervalToTime: return try TimeSteps.intervalToTime(column, type)
    case .offsets: return try OffsetSteps.rescale(column, type)
    case .instant(let rest): return try rest.step.apply(OffsetSteps.instants(column, rest.type), type)
    case .withOffset(let first, let zone): return try OffsetSteps.withOffset(column, type, first, zone)
    case .uuidToBytes: return TextSteps.uuidToBytes(column)
    case .bytesToUUID: return try TextSteps.bytesToUUID(column)
    case .utf8: return try TextSteps.utf8(column)
    case .json: return try TextSteps.json(column)
    case .format: return TextSteps.format(column)
    case .formatJSON: return TextSteps.formatJSON(column)
    case .parse: return try TextSteps.parse(column, type)
    case .parseTimestamp(let zone): return try TextSteps.parseTimestamp(column, type, zone)
    case .viaText: return try TextSteps.parse(TextSteps.format(column), type)
    case .list(let element): return try list(column, type, element)
    }
  }

  private func list(_ column: Column, _ type: DataType, _ element: Element) throws -> Column {
    let offsets = ColumnView(column).offsets
    let first = Int(offsets[0])
    let last = Int(offsets[column.count])
    do {
      // Elements keep their places, so the offsets stay true: only the child is another one.
      let child = try element.step.apply(column.children[0].slice(0, last), element.type)
      return Column(
        type: type, count: column.count, offset: column.offset, nullCount: column.nullCount, validity: column.validity,
        values: column.values, offsets: column.offsets, children: [child])
    } catch let bad as BadValue {
      let place = max(bad.row, first)
      let row = (0..<column.count).first { Int(offsets[$0 + 1]) > place } ?? 0
      throw BadValue(row: row, fault: bad.fault)
    }
  }
}

/// Loops over fixed-width columns, specialised for each pair of types by the compiler.
enum ColumnMap {
  /// Converts every value that is not NULL. `convert` is inlined into the loop.
  @inline(__always)
  static func fixed<S: BitwiseCopyable, T: BitwiseCopyable>(
    _ column: Column, _ type: DataType, from _: S.Type, zero: T, _ convert: (S, inout T) -> CoercionFault
  ) throws -> Column {
    let view = ColumnView(column)
    let values = view.values(as: S.self)
    return try Column(type, nullsOf: column, zero: zero) { (out: inout OutputSpan<T>) throws(BadValue) in
      for row in values.indices {
        var value = zero
        if !view.isNull(row) {
          let fault = convert(values[row], &value)
          if fault != .none { throw BadValue(row: row, fault: fault) }
        }
        out.append(value)
      }
    }
  }

  /// The same buffers under another type of the same layout.
  static func retyped(_ column: Column, _ type: DataType) -> Column {
    Column(
      type: type, count: column.count, offset: column.offset, nullCount: column.nullCount, validity: column.validity,
      values: column.values, offsets: column.offsets, children: column.children)
  }

  static func nulls(_ count: Int, _ type: DataType) -> Column {
    let builder = ColumnBuilder(type, rows: max(count, 1))
    for _ in 0..<count { builder.appendNull() }
    return builder.finish()
  }
}
