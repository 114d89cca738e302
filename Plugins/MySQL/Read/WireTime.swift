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
    let bytes = cursor.take(length)
    if length >= 4 {
      year = Int(bytes.little(at: 0, as: UInt16.self))
      month = Int(bytes[2])
      day = Int(bytes[3])
    }
    if length >= 7 {
      guard let clock = WireClock(bytes, at: 4) else { return nil }
      second = clock.seconds
    }
    if length >= 11 { microsecond = Int(bytes.little(at: 7, as: UInt32.self)) }
    guard month <= 12, day <= 31, year <= 9_999, microsecond < 1_000_000 else { return nil }
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
    let bytes = cursor.take(length)
    if length >= 8 {
      let days = Int64(bytes.little(at: 1, as: UInt32.self))
      let fraction = length < 12 ? 0 : Int64(bytes.little(at: 8, as: UInt32.self))
      guard let clock = WireClock(bytes, at: 5), days <= WireDuration.mostDays, fraction < 1_000_000 else {
        return nil
      }
      microseconds = days * WireDuration.day + Int64(clock.seconds) * 1_000_000 + fraction
      if bytes[0] != 0 { microseconds = -microseconds }
    }
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
  init?(_ bytes: Span<UInt8>, at place: Int) {
    let (hour, minute, second) = (Int(bytes[place]), Int(bytes[place + 1]), Int(bytes[place + 2]))
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
