internal import Records

extension ColumnCodec {
  @inline(__always)
  func append(_ cursor: inout WireCursor, to builder: ColumnBuilder) -> ValueFault {
    switch self {
    case .fixed1: return ColumnCodec.fixed(UInt8.self, &cursor, builder)
    case .fixed2: return ColumnCodec.fixed(UInt16.self, &cursor, builder)
    case .fixed4: return ColumnCodec.fixed(UInt32.self, &cursor, builder)
    case .fixed8: return ColumnCodec.fixed(UInt64.self, &cursor, builder)
    case .variable:
      guard let bytes = cursor.value() else { return .cutShort }
      guard bytes.count <= ColumnCodec.longest else { return .tooLong }
      builder.append(bytes: bytes)
      return .none
    case .decimal128(let precision, let scale): return ColumnCodec.decimal128(precision, scale, &cursor, builder)
    case .decimal256(let precision, let scale): return ColumnCodec.decimal256(precision, scale, &cursor, builder)
    case .date(let zeroIsNull): return ColumnCodec.date(zeroIsNull, &cursor, builder)
    case .datetime(let zeroIsNull): return ColumnCodec.datetime(zeroIsNull, &cursor, builder)
    default: return rare(&cursor, builder)
    }
  }

  /// What Arrow's 32-bit offsets can carry beside a batch's other rows.
  private static let longest = 1 << 30

  @inline(__always)
  private static func fixed<T: FixedWidthInteger & BitwiseCopyable>(
    _: T.Type, _ cursor: inout WireCursor, _ builder: ColumnBuilder
  ) -> ValueFault {
    guard cursor.left >= MemoryLayout<T>.size else { return .cutShort }
    builder.append(cursor.take(T.self))
    return .none
  }

  private static func decimal128(
    _ precision: Int, _ scale: Int, _ cursor: inout WireCursor, _ builder: ColumnBuilder
  ) -> ValueFault {
    guard let text = cursor.value() else { return .cutShort }
    var value: Int128 = 0
    guard DecimalText.parse128(text, precision: precision, scale: scale, into: &value) == .ok else {
      return .malformed
    }
    builder.append(value)
    return .none
  }

  private static func decimal256(
    _ precision: Int, _ scale: Int, _ cursor: inout WireCursor, _ builder: ColumnBuilder
  ) -> ValueFault {
    guard let text = cursor.value() else { return .cutShort }
    var value = Int256.zero
    guard DecimalText.parse256(text, precision: precision, scale: scale, into: &value) == .ok else {
      return .malformed
    }
    builder.append(value)
    return .none
  }

  private static func date(_ zeroIsNull: Bool, _ cursor: inout WireCursor, _ builder: ColumnBuilder) -> ValueFault {
    moment(zeroIsNull, &cursor, builder) { Int32(truncatingIfNeeded: $0.days) }
  }

  private static func datetime(_ zeroIsNull: Bool, _ cursor: inout WireCursor, _ builder: ColumnBuilder) -> ValueFault {
    moment(zeroIsNull, &cursor, builder) { $0.microseconds }
  }

  @inline(__always)
  private static func moment<T: BitwiseCopyable>(
    _ zeroIsNull: Bool, _ cursor: inout WireCursor, _ builder: ColumnBuilder, _ value: (WireMoment) -> T
  ) -> ValueFault {
    guard let moment = WireMoment(&cursor) else { return .malformed }
    let fault = moment.fault
    if fault != .none {
      guard zeroIsNull else { return fault }
      builder.appendNull()
      return .none
    }
    builder.append(value(moment))
    return .none
  }

  private func rare(_ cursor: inout WireCursor, _ builder: ColumnBuilder) -> ValueFault {
    switch self {
    case .bit, .uuid: return packed(&cursor, builder)
    case .time, .interval, .timeText: return duration(&cursor, builder)
    case .shifted(let zeroIsNull, let offset):
      return ColumnCodec.moment(zeroIsNull, &cursor, builder) { $0.microseconds - offset }
    case .ambiguous: return .zone
    case .dateText, .datetimeText:
      guard let moment = WireMoment(&cursor) else { return .malformed }
      var fraction: Int?
      if case .datetimeText(let digits) = self { fraction = digits }
      builder.append(text: moment.text(fraction: fraction))
      return .none
    default: return .malformed
    }
  }

  private func packed(_ cursor: inout WireCursor, _ builder: ColumnBuilder) -> ValueFault {
    guard let bytes = cursor.value() else { return .cutShort }
    if self == .bit {
      guard bytes.count <= 8 else { return .malformed }
      var bits: UInt64 = 0
      for index in bytes.indices { bits = bits << 8 | UInt64(bytes[index]) }
      builder.append(bits)
      return .none
    }
    return ValueParser(.uuid).append(bytes, to: builder) == .ok ? .none : .malformed
  }

  private func duration(_ cursor: inout WireCursor, _ builder: ColumnBuilder) -> ValueFault {
    guard let duration = WireDuration(&cursor) else { return .malformed }
    switch self {
    case .interval:
      builder.append(Interval(months: 0, days: 0, nanoseconds: duration.microseconds * 1_000))
    case .time:
      guard (0...WireDuration.day).contains(duration.microseconds) else { return .outOfDay }
      builder.append(duration.microseconds)
    case .timeText(let fraction): builder.append(text: duration.text(fraction: fraction))
    default: return .malformed
    }
    return .none
  }
}
