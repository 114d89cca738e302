internal import Glibc
// Release builds see the members of `timespec` in the module that the standard library's overlay brings.
internal import SwiftOverlayShims

extension Instant {
  public static func now() -> Instant {
    var time = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &time)
    return Instant(time)
  }

  init(_ time: timespec) {
    self.init(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000)
  }

  /// `2026-11-21T10:00:00.123Z`.
  public var iso8601: String {
    let seconds = microseconds.flooredDivision(by: 1_000_000)
    let days = seconds.flooredDivision(by: 86_400)
    let (year, month, day) = Instant.civil(days)
    let rest = seconds - days * 86_400
    let milliseconds = (microseconds - seconds * 1_000_000) / 1_000
    return "\(year)-\(padded(month))-\(padded(day))T"
      + "\(padded(rest / 3_600)):\(padded(rest / 60 % 60)):\(padded(rest % 60)).\(padded(milliseconds, 3))Z"
  }

  /// The Gregorian date of a day since 1970-01-01, after Howard Hinnant's "chrono-Compatible Low-Level Date
  /// Algorithms".
  private static func civil(_ days: Int64) -> (Int64, Int64, Int64) {
    let shifted = days + 719_468
    let era = shifted.flooredDivision(by: 146_097)
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
  }
}

private func padded(_ number: Int64, _ width: Int = 2) -> String {
  let text = String(number)
  return String(repeating: "0", count: max(0, width - text.count)) + text
}

extension Int64 {
  fileprivate func flooredDivision(by divisor: Int64) -> Int64 {
    let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? quotient - 1 : quotient
  }
}

/// Identifiers of executions and task runs: 20 characters that sort by time and are safe in paths.
enum Identifier {
  static func make() -> String {
    let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz")
    var bits = UInt128(Instant.now().microseconds) << 48 | UInt128(UInt64.random(in: 0..<(1 << 48)))
    var characters: [Character] = []
    for _ in 0..<20 {
      characters.append(alphabet[Int(bits & 31)])
      bits >>= 5
    }
    return String(characters.reversed())
  }
}
