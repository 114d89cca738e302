internal import Records

/// A DATE, DATETIME or TIMESTAMP as the binary protocol carries it: a length byte and up to 11 bytes, cut off where the
/// rest is zero.
struct WireMoment {
  var year = 0
  var month = 0
  var day = 0
  var second = 0
  var microsecond = 0

  /// Nil when the packet ends inside of it.
  @inline(__always)
  init?(_ cursor: inout WireCursor) {
    let length = cursor.length()
    guard length >= 0 else { return nil }
    let at = unsafe cursor.at
    if length >= 4 {
      year = unsafe Int(at.loadUnaligned(as: UInt16.self))
      month = unsafe Int(at.load(fromByteOffset: 2, as: UInt8.self))
      day = unsafe Int(at.load(fromByteOffset: 3, as: UInt8.self))
    }
    if length >= 7 {
      second =
        unsafe Int(at.load(fromByteOffset: 4, as: UInt8.self)) * 3_600 + Int(at.load(fromByteOffset: 5, as: UInt8.self))
        * 60
        + Int(at.load(fromByteOffset: 6, as: UInt8.self))
    }
    if length >= 11 { microsecond = unsafe Int(at.loadUnaligned(fromByteOffset: 7, as: UInt32.self)) }
    unsafe cursor.at += length
  }

  /// Dates that no calendar has: a zero month or day, and what ALLOW_INVALID_DATES lets in.
  var fault: ValueFault {
    if month == 0 || day == 0 { return .zeroDate }
    return day > 28 && !Calendar.isValid(year: year, month: month, day: day) ? .invalidDate : .none
  }

  var days: Int { Calendar.days(year: year, month: month, day: day) }

  var microseconds: Int64 { (Int64(days) * 86_400 + Int64(second)) * 1_000_000 + Int64(microsecond) }

  /// As the server writes it; the time only with a fraction given.
  func text(fraction: Int?) -> String {
    let date = "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))"
    guard let fraction else { return date }
    let time = "\(padded(second / 3_600, 2)):\(padded(second / 60 % 60, 2)):\(padded(second % 60, 2))"
    return "\(date) \(time)\(fractionText(microsecond, fraction))"
  }
}

/// A TIME as the binary protocol carries it: up to ±838:59:59.999999.
struct WireDuration {
  var microseconds: Int64 = 0

  static let day: Int64 = 86_400_000_000

  init?(_ cursor: inout WireCursor) {
    let length = cursor.length()
    guard length >= 0 else { return nil }
    let at = unsafe cursor.at
    if length >= 8 {
      let days = unsafe Int64(at.loadUnaligned(fromByteOffset: 1, as: UInt32.self))
      let hours = unsafe days * 24 + Int64(at.load(fromByteOffset: 5, as: UInt8.self))
      let minutes = unsafe hours * 60 + Int64(at.load(fromByteOffset: 6, as: UInt8.self))
      microseconds = unsafe (minutes * 60 + Int64(at.load(fromByteOffset: 7, as: UInt8.self))) * 1_000_000
      if length >= 12 { unsafe microseconds += Int64(at.loadUnaligned(fromByteOffset: 8, as: UInt32.self)) }
      if unsafe at.load(as: UInt8.self) != 0 { microseconds = -microseconds }
    }
    unsafe cursor.at += length
  }

  func text(fraction: Int) -> String {
    let magnitude = Int(microseconds.magnitude)
    let seconds = magnitude / 1_000_000
    let clock = "\(padded(seconds / 3_600, 2)):\(padded(seconds / 60 % 60, 2)):\(padded(seconds % 60, 2))"
    return (microseconds < 0 ? "-" : "") + clock + fractionText(magnitude % 1_000_000, fraction)
  }
}

private func padded(_ value: Int, _ digits: Int) -> String {
  let text = String(value)
  return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
}

private func fractionText(_ microsecond: Int, _ digits: Int) -> String {
  digits <= 0 ? "" : "." + String(padded(microsecond, 6).prefix(digits))
}
