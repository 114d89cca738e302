internal import Records

/// Between dates, times, timestamps and intervals. ±infinity stays itself; whether the target takes it is a limit.
enum TimeSteps {
  private static func unit(_ type: DataType) -> (unit: TimeUnit, zoned: Bool) {
    switch type {
    case .timestamp(let unit, let zoned): (unit, zoned)
    case .time(let unit): (unit, false)
    default: (.microseconds, false)
    }
  }

  @inline(__always)
  static func isInfinite(_ value: Int64) -> Bool { value == .max || value == .min }

  /// Microseconds ↔ nanoseconds, exactly.
  @inline(__always)
  static func change(_ value: Int64, from: TimeUnit, to: TimeUnit, _ out: inout Int64) -> CoercionFault {
    out = value
    if from == to { return .none }
    if to == .nanoseconds {
      let (result, overflow) = value.multipliedReportingOverflow(by: 1_000)
      out = result
      return overflow || isInfinite(result) ? .outOfRange : .none
    }
    let (quotient, remainder) = value.quotientAndRemainder(dividingBy: 1_000)
    out = quotient
    return remainder == 0 ? .none : .losesDigits
  }

  static func dateToTimestamp(_ column: Column, _ type: DataType, _ zone: Zone?) throws -> Column {
    let (unit, _) = unit(type)
    return try ColumnMap.fixed(column, type, from: Int32.self, zero: Int64(0)) { days, out in
      if days == .max || days == .min {
        out = days == .max ? .max : .min
        return .none
      }
      var seconds = Int64(days) * 86_400
      if let zone {
        guard let instant = zone.instant(wall: seconds) else { return .inGap }
        seconds = instant
      }
      let (result, overflow) = seconds.multipliedReportingOverflow(by: unit.perSecond)
      out = result
      return overflow ? .outOfRange : .none
    }
  }

  static func timestampToDate(_ column: Column, _ zone: Zone?) throws -> Column {
    let perSecond = unit(column.type).unit.perSecond
    return try ColumnMap.fixed(column, .date, from: Int64.self, zero: Int32(0)) { value, out in
      if isInfinite(value) {
        out = value == .max ? .max : .min
        return .none
      }
      let (instant, fraction) = Calendar.floorDivide(value, perSecond)
      let wall = zone.map { instant + $0.offset(at: instant) } ?? instant
      let (days, second) = Calendar.floorDivide(wall, 86_400)
      if second != 0 || fraction != 0 { return .notMidnight }
      guard let narrow = Int32(exactly: days), narrow != .max, narrow != .min else { return .outOfRange }
      out = narrow
      return .none
    }
  }

  static func timestamps(_ column: Column, _ type: DataType, _ zone: Zone?) throws -> Column {
    let (from, isInstant) = unit(column.type)
    let (to, _) = unit(type)
    guard let zone, !zone.isUTC else {
      if from == to { return ColumnMap.retyped(column, type) }
      return try ColumnMap.fixed(column, type, from: Int64.self, zero: Int64(0)) { value, out in
        out = value
        return isInfinite(value) ? .none : change(value, from: from, to: to, &out)
      }
    }
    return try ColumnMap.fixed(column, type, from: Int64.self, zero: Int64(0)) { value, out in
      out = value
      if isInfinite(value) { return .none }
      let (seconds, fraction) = Calendar.floorDivide(value, from.perSecond)
      let shifted = isInstant ? seconds + zone.offset(at: seconds) : zone.instant(wall: seconds)
      guard let moved = shifted else { return .inGap }
      let (units, overflow) = moved.multipliedReportingOverflow(by: from.perSecond)
      let (sum, carry) = units.addingReportingOverflow(fraction)
      return overflow || carry ? .outOfRange : change(sum, from: from, to: to, &out)
    }
  }

  static func times(_ column: Column, _ type: DataType) throws -> Column {
    let (from, _) = unit(column.type)
    let (to, _) = unit(type)
    return try ColumnMap.fixed(column, type, from: Int64.self, zero: Int64(0)) { change($0, from: from, to: to, &$1) }
  }

  static func timeToInterval(_ column: Column) throws -> Column {
    let (from, _) = unit(column.type)
    let zero = Interval(months: 0, days: 0, nanoseconds: 0)
    return try ColumnMap.fixed(column, .interval, from: Int64.self, zero: zero) { value, out in
      change(value, from: from, to: .nanoseconds, &out.nanoseconds)
    }
  }

  static func intervalToTime(_ column: Column, _ type: DataType) throws -> Column {
    let (to, _) = unit(type)
    return try ColumnMap.fixed(column, type, from: Interval.self, zero: Int64(0)) { value, out in
      if value.months != 0 || value.days != 0 { return .hasDays }
      return change(value.nanoseconds, from: .nanoseconds, to: to, &out)
    }
  }
}
