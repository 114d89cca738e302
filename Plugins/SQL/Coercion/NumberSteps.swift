internal import Records

/// Between booleans, integers and floats.
enum NumberSteps {
  static func integers(_ column: Column, _ type: DataType) throws -> Column {
    switch column.type {
    case .int8: try integers(column, type, Int8.self)
    case .int16: try integers(column, type, Int16.self)
    case .int32: try integers(column, type, Int32.self)
    case .uint8: try integers(column, type, UInt8.self)
    case .uint16: try integers(column, type, UInt16.self)
    case .uint32: try integers(column, type, UInt32.self)
    case .uint64: try integers(column, type, UInt64.self)
    default: try integers(column, type, Int64.self)
    }
  }

  private static func integers<S: FixedWidthInteger & BitwiseCopyable>(
    _ column: Column, _ type: DataType, _: S.Type
  ) throws -> Column {
    switch type {
    case .int8: try narrow(column, type, S.self, Int8.self)
    case .int16: try narrow(column, type, S.self, Int16.self)
    case .int32: try narrow(column, type, S.self, Int32.self)
    case .uint8: try narrow(column, type, S.self, UInt8.self)
    case .uint16: try narrow(column, type, S.self, UInt16.self)
    case .uint32: try narrow(column, type, S.self, UInt32.self)
    case .uint64: try narrow(column, type, S.self, UInt64.self)
    default: try narrow(column, type, S.self, Int64.self)
    }
  }

  private static func narrow<S: FixedWidthInteger & BitwiseCopyable, T: FixedWidthInteger & BitwiseCopyable>(
    _ column: Column, _ type: DataType, _: S.Type, _: T.Type
  ) throws -> Column {
    try ColumnMap.fixed(column, type, from: S.self, zero: T(0)) { value, out in
      out = T(truncatingIfNeeded: value)
      return S(truncatingIfNeeded: out) == value && (out < 0) == (value < 0) ? .none : .outOfRange
    }
  }

  static func boolToInteger(_ column: Column, _ type: DataType) throws -> Column {
    let bytes = ColumnBuilder(.uint8, rows: max(column.count, 1))
    let view = ColumnView(column)
    for row in 0..<view.count {
      if view.isNull(row) { bytes.appendNull() } else { bytes.append(UInt8(view.bool(row) ? 1 : 0)) }
    }
    let column = bytes.finish()
    return type == .uint8 ? column : try integers(column, type)
  }

  static func integerToBool(_ column: Column) throws -> Column {
    let wide = column.type == .int64 ? column : try integers(column, .int64)
    let view = ColumnView(wide)
    let values = view.values(as: Int64.self)
    let builder = ColumnBuilder(.bool, rows: max(column.count, 1))
    for row in values.indices {
      if view.isNull(row) {
        builder.appendNull()
      } else if values[row] == 0 || values[row] == 1 {
        builder.append(bool: values[row] == 1)
      } else {
        throw BadValue(row: row, fault: .notBoolean)
      }
    }
    return builder.finish()
  }

  static func integerToFloat(_ column: Column, _ type: DataType) throws -> Column {
    if column.type == .uint64 { return try toFloat(column, type, UInt64.self) }
    let wide = column.type == .int64 ? column : try integers(column, .int64)
    return try toFloat(wide, type, Int64.self)
  }

  private static func toFloat<S: FixedWidthInteger & BitwiseCopyable>(
    _ column: Column, _ type: DataType, _: S.Type
  ) throws -> Column {
    if type == .float32 {
      return try ColumnMap.fixed(column, type, from: S.self, zero: Float(0)) { value, out in
        out = Float(value)
        return Float(exactly: value) == nil ? .losesDigits : .none
      }
    }
    return try ColumnMap.fixed(column, type, from: S.self, zero: 0.0) { value, out in
      out = Double(value)
      return Double(exactly: value) == nil ? .losesDigits : .none
    }
  }

  static func floatToInteger(_ column: Column, _ type: DataType) throws -> Column {
    let wide = column.type == .float64 ? column : try floats(column, .float64, false)
    if type == .uint64 {
      return try ColumnMap.fixed(wide, type, from: Double.self, zero: UInt64(0)) { value, out in
        guard let whole = UInt64(exactly: value) else { return fault(value) }
        out = whole
        return .none
      }
    }
    let whole = try ColumnMap.fixed(wide, .int64, from: Double.self, zero: Int64(0)) { value, out in
      guard let whole = Int64(exactly: value) else { return fault(value) }
      out = whole
      return .none
    }
    return type == .int64 ? whole : try integers(whole, type)
  }

  private static func fault(_ value: Double) -> CoercionFault {
    !value.isFinite ? .notFinite : value == value.rounded(.towardZero) ? .outOfRange : .notWhole
  }

  /// A narrower float has to give the same shortest decimal text: 0.1 stays 0.1.
  static func floats(_ column: Column, _ type: DataType, _ round: Bool) throws -> Column {
    if type == .float64 {
      return try ColumnMap.fixed(column, type, from: Float.self, zero: 0.0) { value, out in
        out = Double(value)
        return .none
      }
    }
    return try ColumnMap.fixed(column, type, from: Double.self, zero: Float(0)) { value, out in
      out = Float(value)
      if Double(out) == value || value.isNaN { return .none }
      if out.isInfinite { return .outOfRange }
      return round || Double(out.description) == value ? .none : .losesDigits
    }
  }
}
