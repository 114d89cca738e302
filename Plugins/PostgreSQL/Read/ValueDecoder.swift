internal import Records

/// How to move the values of one column out of the server's binary form; chosen once.
struct ValueDecoder {
  enum Kind: UInt8 {
    case bool, int16, int32, int64, bits32, bits64
    case decimal128, decimal256, money, numeric
    case bytes, text, jsonb
    case date, time, timestamp, interval, uuid, void, array
  }

  let kind: Kind
  /// Digits behind the point, of a decimal.
  let scale: Int

  init(_ form: DatabaseType.Form, _ type: DataType) {
    var (kind, scale) = (ValueDecoder.kind(form), 0)
    if kind == .numeric, case .decimal(let precision, let digits) = type {
      kind = precision <= 38 ? .decimal128 : .decimal256
      scale = digits
    }
    self.kind = kind
    self.scale = scale
  }

  private static func kind(_ form: DatabaseType.Form) -> Kind {
    switch form {
    case .bool: .bool
    case .int16: .int16
    case .int32: .int32
    case .uint32, .float32: .bits32
    case .int64: .int64
    case .float64: .bits64
    case .numeric: .numeric
    case .text, .json, .opaque: .text
    case .jsonb: .jsonb
    case .bytes: .bytes
    case .date: .date
    case .time: .time
    case .timestamp: .timestamp
    case .interval: .interval
    case .uuid: .uuid
    case .money: .money
    case .void: .void
    case .array: .array
    }
  }

  /// Appends one value that is not NULL; an array is left to its own decoder.
  @inline(__always)
  func append(_ bytes: Span<UInt8>, _ check: TextCheck?, to builder: ColumnBuilder) -> RowDecoder.Fault {
    switch kind {
    case .int32:
      guard bytes.count == 4 else { return .length }
      builder.append(bytes.big(at: 0, as: Int32.self))
    case .bits32:
      guard bytes.count == 4 else { return .length }
      builder.append(bytes.big(at: 0, as: UInt32.self))
    case .int64, .bits64:
      guard bytes.count == 8 else { return .length }
      builder.append(bytes.big(at: 0, as: Int64.self))
    case .int16:
      guard bytes.count == 2 else { return .length }
      builder.append(bytes.big(at: 0, as: Int16.self))
    case .text:
      if let check { return check.append(bytes, to: builder) }
      builder.append(bytes: bytes)
    case .bytes: builder.append(bytes: bytes)
    case .decimal128: return NumericDecoder.decimal128(bytes, scale, builder)
    case .date:
      guard bytes.count == 4 else { return .length }
      return PostgresEpoch.appendDate(bytes.big(at: 0, as: Int32.self), to: builder)
    case .timestamp:
      guard bytes.count == 8 else { return .length }
      return PostgresEpoch.appendTimestamp(bytes.big(at: 0, as: Int64.self), to: builder)
    case .bool:
      guard bytes.count == 1 else { return .length }
      builder.append(bool: bytes[0] != 0)
    default: return appendRare(bytes, check, to: builder)
    }
    return .none
  }

  @inline(never)
  private func appendRare(_ bytes: Span<UInt8>, _ check: TextCheck?, to builder: ColumnBuilder) -> RowDecoder.Fault {
    switch kind {
    case .uuid:
      guard bytes.count == 16 else { return .length }
      builder.append(bytes.little(at: 0, as: UInt128.self))
    case .jsonb:
      guard bytes.first == 1 else { return .malformed }
      let text = bytes.extracting(droppingFirst: 1)
      if let check { return check.append(text, to: builder) }
      builder.append(bytes: text)
    case .numeric: return NumericDecoder.text(bytes, builder)
    case .decimal256: return NumericDecoder.decimal256(bytes, scale, builder)
    case .time:
      guard bytes.count == 8 else { return .length }
      let time = bytes.big(at: 0, as: Int64.self)
      guard (0...PostgresEpoch.day).contains(time) else { return .range }
      builder.append(time)
    case .money:
      guard bytes.count == 8 else { return .length }
      builder.append(Int128(bytes.big(at: 0, as: Int64.self)))
    case .interval:
      guard bytes.count == 16 else { return .length }
      return PostgresEpoch.appendInterval(bytes, to: builder)
    case .void: builder.appendNull()
    case .array: return .compound
    default: return .malformed
    }
    return .none
  }
}

/// The server counts days and microseconds from 2000-01-01, records from 1970-01-01.
enum PostgresEpoch {
  static let days: Int32 = 10_957
  static let microseconds: Int64 = 946_684_800_000_000
  /// In microseconds; `24:00:00` is a time.
  static let day: Int64 = 86_400_000_000

  @inline(__always)
  static func appendDate(_ value: Int32, to builder: ColumnBuilder) -> RowDecoder.Fault {
    if value == .max || value == .min {
      builder.append(value)
      return .none
    }
    let (days, overflow) = value.addingReportingOverflow(days)
    if overflow { return .range }
    builder.append(days)
    return .none
  }

  @inline(__always)
  static func appendTimestamp(_ value: Int64, to builder: ColumnBuilder) -> RowDecoder.Fault {
    if value == .max || value == .min {
      builder.append(value)
      return .none
    }
    // The server's range goes to the year 294276, 64-bit microseconds since 1970 end in 294247.
    let (instant, overflow) = value.addingReportingOverflow(microseconds)
    if overflow || instant == .max { return .range }
    builder.append(instant)
    return .none
  }

  /// Microseconds (64 bit), days, months; records hold nanoseconds.
  static func appendInterval(_ bytes: Span<UInt8>, to builder: ColumnBuilder) -> RowDecoder.Fault {
    let microseconds = bytes.big(at: 0, as: Int64.self)
    let days = bytes.big(at: 8, as: Int32.self)
    let months = bytes.big(at: 12, as: Int32.self)
    let (nanoseconds, overflow) = microseconds.multipliedReportingOverflow(by: 1_000)
    if overflow { return .range }
    builder.append(Interval(months: months, days: days, nanoseconds: nanoseconds))
    return .none
  }
}
