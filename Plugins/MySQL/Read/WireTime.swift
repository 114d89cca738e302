internal import Records

/// A DATE, DATETIME or TIMESTAMP as the binary protocol carries it: a length byte and up to 11 bytes, cut off where the
/// rest is zero.
struct WireMoment {
  var year = 0
  var month = 0
  var day = 0
  var second = 0
  var microsecond = 0

  /// Nil when the packet ends inside of it, or it has a length that no server sends.
  @inline(__always)
  init?(_ cursor: inout WireCursor) {
    let length = cursor.length()
    guard length == 0 || length == 4 || length == 7 || length == 11 else { return nil }
    let at = unsafe cursor.at
    if length >= 4 {
      year = unsafe Int(at.loadUnaligned(as: UInt16.self))
      month = unsafe Int(at.load(fromByteOffset: 2, as: UInt8.self))
      day = unsafe Int(at.load(fromByteOffset: 3, as: UInt8.self))
    }
    if length >= 7 {
      guard let clock = unsafe WireClock(at + 4) else { return nil }
      second = clock.seconds
    }
    if length >= 11 { microsecond = unsafe Int(at.loadUnaligned(fromByteOffset: 7, as: UInt32.self)) }
    guard month <= 12, day <= 31, year <= 9_999, microsecond < 1_000_000 else { return nil }
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

  /// Nil when the packet ends inside of it, or it is nothing that a server sends.
  init?(_ cursor: inout WireCursor) {
    let length = cursor.length()
    guard length == 0 || length == 8 || length == 12 else { return nil }
    let at = unsafe cursor.at
    if length >= 8 {
      let days = unsafe Int64(at.loadUnaligned(fromByteOffset: 1, as: UInt32.self))
      let fraction = unsafe length < 12 ? 0 : Int64(at.loadUnaligned(fromByteOffset: 8, as: UInt32.self))
      guard let clock = unsafe WireClock(at + 5), days <= WireDuration.mostDays, fraction < 1_000_000 else {
        return nil
      }
      microseconds = days * WireDuration.day + Int64(clock.seconds) * 1_000_000 + fraction
      if unsafe at.load(as: UInt8.self) != 0 { microseconds = -microseconds }
    }
    unsafe cursor.at += length
  }

  /// Far more than 838 hours, and few enough for 64 bits of nanoseconds.
  private static let mostDays: Int64 = 10_000

  func text(fraction: Int) -> String {
    let magnitude = Int(microseconds.magnitude)
    let seconds = magnitude / 1_000_000
    let clock = "\(padded(seconds / 3_600, 2)):\(padded(seconds / 60 % 60, 2)):\(padded(seconds % 60, 2))"
    return (microseconds < 0 ? "-" : "") + clock + fractionText(magnitude % 1_000_000, fraction)
  }
}

/// Three bytes: hours, minutes and seconds.
private struct WireClock {
  var seconds: Int

  @inline(__always)
  init?(_ at: UnsafeRawPointer) {
    let hour = unsafe Int(at.load(as: UInt8.self))
    let minute = unsafe Int(at.load(fromByteOffset: 1, as: UInt8.self))
    let second = unsafe Int(at.load(fromByteOffset: 2, as: UInt8.self))
    guard hour < 24, minute < 60, second < 60 else { return nil }
    seconds = hour * 3_600 + minute * 60 + second
  }
}

private func padded(_ value: Int, _ digits: Int) -> String {
  let text = String(value)
  return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
}

private func fractionText(_ microsecond: Int, _ digits: Int) -> String {
  digits <= 0 ? "" : "." + String(padded(microsecond, 6).prefix(digits))
}
