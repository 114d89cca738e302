internal import Records

/// To and from timestamps with offset.
enum OffsetSteps {
  /// The instants, without their offsets.
  static func instants(_ column: Column, _ type: DataType) throws -> Column {
    try ColumnMap.fixed(column, type, from: OffsetTimestamp.self, zero: Int64(0)) { value, out in
      out = value.instant
      return .none
    }
  }

  /// Microseconds ↔ nanoseconds.
  static func rescale(_ column: Column, _ type: DataType) throws -> Column {
    guard case .offsetTimestamp(let from) = column.type, case .offsetTimestamp(let to) = type else { return column }
    return try ColumnMap.fixed(column, type, from: OffsetTimestamp.self, zero: zero) { value, out in
      out = value
      if TimeSteps.isInfinite(value.instant) { return .none }
      return TimeSteps.change(value.instant, from: from, to: to, &out.instant)
    }
  }

  /// Wall clocks and dates become instants by `zone` first, and their offset is the one that the zone has then.
  static func withOffset(_ column: Column, _ type: DataType, _ first: CoercionStep, _ zone: Zone?) throws -> Column {
    guard case .offsetTimestamp(let unit) = type else { return column }
    let instants = try first.apply(column, .timestamp(unit, zoned: true))
    return try ColumnMap.fixed(instants, type, from: Int64.self, zero: zero) { instant, out in
      attach(instant, unit, zone, &out)
    }
  }

  /// An instant with the offset of a zone; that of old local times has seconds, which the type does not keep.
  @inline(__always)
  static func attach(_ instant: Int64, _ unit: TimeUnit, _ zone: Zone?, _ out: inout OffsetTimestamp) -> CoercionFault {
    out.instant = instant
    guard let zone, !zone.isUTC, !TimeSteps.isInfinite(instant) else { return .none }
    let seconds = zone.offset(at: Calendar.floorDivide(instant, unit.perSecond).quotient)
    out.minutes = Int16(truncatingIfNeeded: seconds / 60)
    return seconds % 60 == 0 ? .none : .losesDigits
  }

  /// A text with an offset keeps it, one without is a wall clock in `zone`.
  static func parse(_ column: Column, _ unit: TimeUnit, _ zone: Zone) throws -> Column {
    let builder = ColumnBuilder(.offsetTimestamp(unit), rows: max(column.count, 1))
    let view = ColumnView(column)
    for row in 0..<view.count {
      if view.isNull(row) {
        builder.appendNull()
        continue
      }
      var value = zero
      var result = wall(view.bytes(row), unit, zone, &value)
      if result == .malformed {
        result = CoercionFault(ValueParse.offsetTimestamp(view.bytes(row), unit: unit, into: &value))
      }
      if result != .none { throw BadValue(row: row, fault: result) }
      builder.append(value)
    }
    return builder.finish()
  }

  private static func wall(
    _ text: Span<UInt8>, _ unit: TimeUnit, _ zone: Zone, _ out: inout OffsetTimestamp
  ) -> CoercionFault {
    var instant: Int64 = 0
    let result = ValueParse.timestamp(text, unit: unit, zoned: false, into: &instant)
    if result != .ok { return CoercionFault(result) }
    let fault = zone.move(&instant, isInstant: false, unit)
    return fault == .none ? attach(instant, unit, zone, &out) : fault
  }

  private static var zero: OffsetTimestamp { OffsetTimestamp(instant: 0, minutes: 0) }
}
