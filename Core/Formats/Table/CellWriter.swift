internal import CScan
internal import Records

/// Timestamps as Kestra writes them, without losing what it cuts off.
enum TimeTexts {
  /// `2024-02-29T12:00:00.000[Z]`: milliseconds, more digits where the value has them.
  static func append(timestamp value: Int64, unit: TimeUnit, zoned: Bool, to out: inout TextBuffer) {
    let start = out.count
    ValueText.append(timestamp: value, unit: unit, zoned: false, to: &out)
    if value == .max || value == .min { return }
    let (_, fraction) = Calendar.floorDivide(value, unit.perSecond)
    if fraction == 0 {
      out.append(".000")
    } else {
      trim(unit == .microseconds ? 6 : 9, start, &out)
    }
    if zoned { out.append(byte: UInt8(ascii: "Z")) }
  }

  /// The same with its own offset, `Z` in Greenwich.
  static func append(_ value: OffsetTimestamp, unit: TimeUnit, to out: inout TextBuffer) {
    if value.minutes == 0 { return append(timestamp: value.instant, unit: unit, zoned: true, to: &out) }
    let (wall, overflow) = value.instant.addingReportingOverflow(Int64(value.minutes) * 60 * unit.perSecond)
    let isExtreme = wall == .max || wall == .min || value.instant == .max || value.instant == .min
    if overflow || isExtreme { return ValueText.append(value, unit: unit, to: &out) }
    append(timestamp: wall, unit: unit, zoned: false, to: &out)
    ValueText.append(offset: value.minutes, to: &out)
  }

  /// Cuts a fraction of 6 or 9 digits back to the thousands it needs.
  private static func trim(_ digits: Int, _ start: Int, _ out: inout TextBuffer) {
    var left = digits
    while left > 3, unsafe out.bytes[out.count - 1] == 48, unsafe out.bytes[out.count - 2] == 48,
      unsafe out.bytes[out.count - 3] == 48
    {
      out.truncate(to: out.count - 3)
      left -= 3
    }
  }
}

extension TextFormatter {
  /// Appends the texts of some rows, `null` in place of NULL, with dates and times by a pattern where there is one.
  func append(
    _ rows: Range<Int>, pattern: TextPattern?, isISO: Bool, to out: inout TextBuffer, ends: UnsafeMutablePointer<Int32>,
    null: [UInt8]
  ) {
    if column.nullCount == 0 && pattern == nil && !isISO { return unsafe append(rows: rows, to: &out, ends: ends) }
    var index = 0
    for row in rows {
      if isNull(row) {
        unsafe null.withUnsafeBytes { unsafe out.append(bytes: $0) }
      } else if let pattern {
        append(row, pattern, to: &out)
      } else if isISO, case .timestamp(let unit, let zoned) = column.type {
        unsafe TimeTexts.append(timestamp: column.fixed(Int64.self)[row], unit: unit, zoned: zoned, to: &out)
      } else if isISO, case .offsetTimestamp(let unit) = column.type {
        unsafe TimeTexts.append(column.fixed(OffsetTimestamp.self)[row], unit: unit, to: &out)
      } else {
        append(row, to: &out)
      }
      unsafe ends[index] = Int32(truncatingIfNeeded: out.count)
      index += 1
    }
  }

  private func append(_ row: Int, _ pattern: TextPattern, to out: inout TextBuffer) {
    switch column.type {
    case .date: unsafe pattern.append(date: column.fixed(Int32.self)[row], to: &out)
    case .time(let unit): unsafe pattern.append(time: column.fixed(Int64.self)[row], unit: unit, to: &out)
    case .timestamp(let unit, _): unsafe pattern.append(timestamp: column.fixed(Int64.self)[row], unit: unit, to: &out)
    case .offsetTimestamp(let unit):
      unsafe pattern.append(column.fixed(OffsetTimestamp.self)[row], unit: unit, to: &out)
    default: append(row, to: &out)
    }
  }
}
