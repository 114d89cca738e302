internal import CODBC
internal import Records

/// ODBC's structures: dates and timestamps.
enum StructValues {
  static func appendDates(_ column: BoundColumn, _ rows: Int, to builder: ColumnBuilder) throws(RowDecoder.Stop) -> Int
  {
    let lengths = column.indicators
    let bytes = column.values(as: UInt8.self)
    for row in 0..<rows {
      if lengths[row] == SQLLEN(SQL_NULL_DATA) {
        builder.appendNull()
      } else if let days = days(bytes, at: row * column.width) {
        builder.append(days)
      } else {
        throw RowDecoder.Stop(fault: .malformed, row: row)
      }
    }
    return rows * 4
  }

  /// Year, month, day: three numbers of 16 bits, of which only the year has a sign.
  @inline(__always)
  static func days(_ bytes: Span<UInt8>, at place: Int) -> Int32? {
    let year = Int(bytes.little(at: place, as: Int16.self))
    let month = Int(bytes.little(at: place + 2, as: UInt16.self))
    let day = Int(bytes.little(at: place + 4, as: UInt16.self))
    guard Calendar.isValid(year: year, month: month, day: day) else { return nil }
    return Int32(truncatingIfNeeded: Calendar.days(year: year, month: month, day: day))
  }

  static func appendTimestamps(
    _ column: BoundColumn, _ rows: Int, _ unit: TimeUnit, to builder: ColumnBuilder
  ) throws(RowDecoder.Stop) -> Int {
    let lengths = column.indicators
    let bytes = column.values(as: UInt8.self)
    for row in 0..<rows {
      if lengths[row] == SQLLEN(SQL_NULL_DATA) {
        builder.appendNull()
        continue
      }
      var fault: RowDecoder.Fault?
      let stamp = timestamp(bytes, at: row * column.width, unit, &fault)
      if let fault { throw RowDecoder.Stop(fault: fault, row: row) }
      builder.append(stamp)
    }
    return rows * 8
  }

  /// Behind the date hour, minute, second, and nanoseconds in 32 bits.
  @inline(__always)
  static func timestamp(
    _ bytes: Span<UInt8>, at place: Int, _ unit: TimeUnit, _ fault: inout RowDecoder.Fault?
  ) -> Int64 {
    let hour = Int(bytes.little(at: place + 6, as: UInt16.self))
    let minute = Int(bytes.little(at: place + 8, as: UInt16.self))
    let second = Int(bytes.little(at: place + 10, as: UInt16.self))
    let nanoseconds = Int64(bytes.little(at: place + 12, as: UInt32.self))
    guard let days = days(bytes, at: place), hour < 24, minute < 60, second < 60, nanoseconds < 1_000_000_000 else {
      fault = .malformed
      return 0
    }
    let fraction = unit == .nanoseconds ? nanoseconds : nanoseconds / 1_000
    if unit == .microseconds, nanoseconds % 1_000 != 0 { fault = .finer }
    let stamp = Calendar.timestamp(
      days: Int(days), secondOfDay: hour * 3_600 + minute * 60 + second, fraction: fraction, perSecond: unit.perSecond)
    if stamp == nil { fault = .outOfRange }
    return stamp ?? 0
  }
}
