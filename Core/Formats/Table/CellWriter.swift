internal import CScan
internal import Records

/// Timestamps as Kestra writes them, without losing what it cuts off.
enum TimeTexts {
  /// `2024-02-29T12:00:00.000[Z]`: milliseconds, more digits where the value has them.
  static func append(timestamp value: Int64, unit: TimeUnit, zoned: Bool, to out: inout ByteBuffer) {
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
  static func append(_ value: OffsetTimestamp, unit: TimeUnit, to out: inout ByteBuffer) {
    if value.minutes == 0 { return append(timestamp: value.instant, unit: unit, zoned: true, to: &out) }
    let (wall, overflow) = value.instant.addingReportingOverflow(Int64(value.minutes) * 60 * unit.perSecond)
    let isExtreme = wall == .max || wall == .min || value.instant == .max || value.instant == .min
    if overflow || isExtreme { return ValueText.append(value, unit: unit, to: &out) }
    append(timestamp: wall, unit: unit, zoned: false, to: &out)
    ValueText.append(offset: value.minutes, to: &out)
  }

  /// Cuts a fraction of 6 or 9 digits back to the thousands it needs.
  private static func trim(_ digits: Int, _ start: Int, _ out: inout ByteBuffer) {
    var left = digits
    while left > 3, out[out.count - 1] == 48, out[out.count - 2] == 48,
      out[out.count - 3] == 48
    {
      out.truncate(to: out.count - 3)
      left -= 3
    }
  }
}

extension TextFormatter {
  /// Appends the texts of some rows, `null` in place of NULL, with dates and times by a pattern where there is one.
  func append(
    _ rows: Range<Int>, pattern: TextPattern?, isISO: Bool, to out: inout ByteBuffer, ends: inout MutableSpan<Int32>,
    null: [UInt8]
  ) {
    if column.nullCount == 0 && pattern == nil && !isISO { return append(rows: rows, to: &out, ends: &ends) }
    var index = 0
    for row in rows {
      if isNull(row) {
        out.append(null)
      } else if let pattern {
        append(row, pattern, to: &out)
      } else if isISO, case .timestamp(let unit, let zoned) = column.type {
        TimeTexts.append(timestamp: view.value(row, as: Int64.self), unit: unit, zoned: zoned, to: &out)
      } else if isISO, case .offsetTimestamp(let unit) = column.type {
        TimeTexts.append(view.value(row, as: OffsetTimestamp.self), unit: unit, to: &out)
      } else {
        append(row, to: &out)
      }
      ends[index] = Int32(truncatingIfNeeded: out.count)
      index += 1
    }
  }

  private func append(_ row: Int, _ pattern: TextPattern, to out: inout ByteBuffer) {
    switch column.type {
    case .date: pattern.append(date: view.value(row, as: Int32.self), to: &out)
    case .time(let unit): pattern.append(time: view.value(row, as: Int64.self), unit: unit, to: &out)
    case .timestamp(let unit, _): pattern.append(timestamp: view.value(row, as: Int64.self), unit: unit, to: &out)
    case .offsetTimestamp(let unit):
      pattern.append(view.value(row, as: OffsetTimestamp.self), unit: unit, to: &out)
    default: append(row, to: &out)
    }
  }
}
