internal import Records

/// From, to and between exact decimals. Up to 38 digits in 128 bits, wider ones in 256 bits.
enum DecimalSteps {
  private static func shape(_ type: DataType) -> (precision: Int, scale: Int) {
    if case .decimal(let precision, let scale) = type { return (precision, scale) }
    return (38, 0)
  }

  static func fromInteger(_ column: Column, _ type: DataType) throws -> Column {
    if column.type == .uint64 { return try fromInteger(column, type, UInt64.self) }
    let wide = column.type == .int64 ? column : try NumberSteps.integers(column, .int64)
    return try fromInteger(wide, type, Int64.self)
  }

  private static func fromInteger<S: FixedWidthInteger & BitwiseCopyable>(
    _ column: Column, _ type: DataType, _: S.Type
  ) throws -> Column {
    let (precision, scale) = shape(type)
    guard precision <= 38, scale >= 0 else {
      let narrow = DataType.decimal(precision: 20, scale: 0)
      return try rescale(fromInteger(column, narrow, S.self), type)
    }
    let factor = DecimalText.power(scale)
    let bound = DecimalText.power(max(0, precision - scale))
    return try ColumnMap.fixed(column, type, from: S.self, zero: Int128(0)) { value, out in
      let wide = Int128(value)
      if wide >= bound || wide <= -bound { return .outOfRange }
      out = wide * factor
      return .none
    }
  }

  static func toInteger(_ column: Column, _ type: DataType) throws -> Column {
    let (precision, scale) = shape(column.type)
    guard let range = type.integerRange else { return column }
    if precision > 38 || scale < 0 {
      let whole = DataType.decimal(precision: 38, scale: 0)
      return try toInteger(rescale(column, whole), type)
    }
    let factor = DecimalText.power(scale)
    @inline(__always)
    func whole(_ value: Int128, _ out: inout Int128) -> CoercionFault {
      let (quotient, remainder) = value.quotientAndRemainder(dividingBy: factor)
      if remainder != 0 { return .notWhole }
      out = quotient
      return range.contains(quotient) ? .none : .outOfRange
    }
    if type == .uint64 {
      return try ColumnMap.fixed(column, type, from: Int128.self, zero: UInt64(0)) { value, out in
        var wide: Int128 = 0
        let fault = whole(value, &wide)
        out = UInt64(truncatingIfNeeded: wide)
        return fault
      }
    }
    let integers = try ColumnMap.fixed(column, .int64, from: Int128.self, zero: Int64(0)) { value, out in
      var wide: Int128 = 0
      let fault = whole(value, &wide)
      out = Int64(truncatingIfNeeded: wide)
      return fault
    }
    return type == .int64 ? integers : try NumberSteps.integers(integers, type)
  }

  /// Another precision and scale: digits behind the point are only dropped where they are zeros.
  static func rescale(_ column: Column, _ type: DataType) throws -> Column {
    let (precision, scale) = shape(column.type)
    let (newPrecision, newScale) = shape(type)
    if precision > 38 || newPrecision > 38 { return try rescaleWide(column, type) }
    if scale == newScale, newPrecision >= precision { return ColumnMap.retyped(column, type) }
    let bound = DecimalText.power(newPrecision)
    if newScale >= scale {
      let factor = DecimalText.power(newScale - scale)
      return try ColumnMap.fixed(column, type, from: Int128.self, zero: Int128(0)) { value, out in
        let (result, overflow) = value.multipliedReportingOverflow(by: factor)
        out = result
        return overflow || result >= bound || result <= -bound ? .outOfRange : .none
      }
    }
    let factor = DecimalText.power(scale - newScale)
    return try ColumnMap.fixed(column, type, from: Int128.self, zero: Int128(0)) { value, out in
      let (result, remainder) = value.quotientAndRemainder(dividingBy: factor)
      out = result
      if remainder != 0 { return .losesDigits }
      return result >= bound || result <= -bound ? .outOfRange : .none
    }
  }

  private static func rescaleWide(_ column: Column, _ type: DataType) throws -> Column {
    let (precision, scale) = shape(column.type)
    let (newPrecision, newScale) = shape(type)
    @inline(__always)
    func move(_ value: Int256, _ out: inout Int256) -> CoercionFault {
      if newScale >= scale {
        guard let result = value.multiplied(byPowerOfTen: newScale - scale) else { return .outOfRange }
        out = result
      } else {
        guard let result = value.dividedExactly(byPowerOfTen: scale - newScale) else { return .losesDigits }
        out = result
      }
      return out.fits(digits: newPrecision) ? .none : .outOfRange
    }
    let wide =
      precision > 38
      ? column
      : try ColumnMap.fixed(
        column, .decimal(precision: 76, scale: scale), from: Int128.self, zero: Int256.zero
      ) { value, out in
        out = Int256(value)
        return .none
      }
    if newPrecision > 38 { return try ColumnMap.fixed(wide, type, from: Int256.self, zero: Int256.zero, move) }
    return try ColumnMap.fixed(wide, type, from: Int256.self, zero: Int128(0)) { value, out in
      var moved = Int256.zero
      let fault = move(value, &moved)
      guard fault == .none, let narrow = moved.narrowed else { return fault == .none ? .outOfRange : fault }
      out = narrow
      return .none
    }
  }

  /// To the nearest float, when the float's shortest text has the decimal's digits, so that the way back gives the same
  /// decimal. 15 digits always do for a double.
  static func toFloat(_ column: Column, _ type: DataType, _ round: Bool) throws -> Column {
    let (precision, scale) = shape(column.type)
    if precision > 38 || !(0...22).contains(scale) { return try toFloatByText(column, type, round) }
    let divisor = Double(DecimalText.power(scale))
    // Up to 2^53 both the integer and the power are exact, so that the division is rounded once, to the nearest.
    let exact = Int128(1) << 53
    let certain = DecimalText.power(type == .float32 ? 6 : 15)
    let isQuick = isWithin(column, certain)
    // A float32 must not be rounded twice, unless the double is exact.
    guard isQuick, certain < exact, type == .float64 || scale == 0 else {
      return try toFloatByText(column, type, round)
    }
    if type == .float32 {
      return try ColumnMap.fixed(column, type, from: Int128.self, zero: Float(0)) { value, out in
        out = Float(Int64(truncatingIfNeeded: value))
        return .none
      }
    }
    return try ColumnMap.fixed(column, type, from: Int128.self, zero: 0.0) { value, out in
      out = Double(Int64(truncatingIfNeeded: value)) / divisor
      return .none
    }
  }

  /// What lies behind a NULL counts, too: then the long way gives the same.
  private static func isWithin(_ column: Column, _ bound: Int128) -> Bool {
    let values = ColumnView(column).values(as: Int128.self)
    for row in values.indices where values[row] >= bound || values[row] <= -bound { return false }
    return true
  }

  /// As `toFloat`, from the text of a number without a declared precision.
  static func numericToFloat(_ column: Column, _ type: DataType, _ round: Bool) throws -> Column {
    let bad = round ? nil : type == .float32 ? firstOfMoreDigits32(column) : firstOfMoreDigits64(column)
    // A text in front of it that is out of range is the one to name.
    let floats = try TextSteps.parse(bad.map { column.slice(0, $0) } ?? column, type)
    if let bad { throw BadValue(row: bad, fault: .losesDigits) }
    return floats
  }

  private static func firstOfMoreDigits64(_ column: Column) -> Int? {
    firstOfMoreDigits(column, certain: 15) { text, out in
      var value = 0.0
      guard ValueParse.float64(text, into: &value) == .ok, value.isFinite else { return false }
      ValueText.append(value, to: &out)
      return true
    }
  }

  private static func firstOfMoreDigits32(_ column: Column) -> Int? {
    firstOfMoreDigits(column, certain: 6) { text, out in
      var value = Float(0)
      guard ValueParse.float32(text, into: &value) == .ok, value.isFinite else { return false }
      ValueText.append(value, to: &out)
      return true
    }
  }

  /// The first row whose number has other digits than the shortest text of the nearest float, which `shortest` writes
  /// where there is one. Plain numbers of `certain` digits always have the same.
  private static func firstOfMoreDigits(
    _ column: Column, certain: Int, _ shortest: (Span<UInt8>, inout ByteBuffer) -> Bool
  ) -> Int? {
    let view = ColumnView(column)
    var text = ByteBuffer()
    for row in 0..<view.count where !view.isNull(row) {
      let number = view.bytes(row)
      if DecimalText.isShort(number, digits: certain) { continue }
      text.removeAll()
      if shortest(number, &text), !DecimalText.isSameNumber(text.span, number) { return row }
    }
    return nil
  }

  private static func toFloatByText(_ column: Column, _ type: DataType, _ round: Bool) throws -> Column {
    let floats = try TextSteps.parse(TextSteps.format(column), type)
    if round { return floats }
    let builder = ColumnBuilder(column.type, rows: max(column.count, 1))
    let (end, _) = ValueParser(column.type).append(TextSteps.format(floats), from: 0, to: builder)
    let back = builder.finish()
    let changed =
      shape(column.type).precision > 38
      ? firstChange(column, back, Int256.self) : firstChange(column, back, Int128.self)
    if let row = changed ?? (end < column.count ? end : nil) { throw BadValue(row: row, fault: .losesDigits) }
    return floats
  }

  /// The first row in which two columns differ, as far as the second one goes.
  private static func firstChange<T: BitwiseCopyable & Equatable>(_ a: Column, _ b: Column, _: T.Type) -> Int? {
    let view = ColumnView(a)
    let before = view.values(as: T.self)
    let after = ColumnView(b).values(as: T.self)
    for row in after.indices where before[row] != after[row] && !view.isNull(row) { return row }
    return nil
  }
}
