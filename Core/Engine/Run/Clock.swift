internal import Glibc
internal import Records
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
    let (days, rest) = Calendar.floorDivide(microseconds, 86_400_000_000)
    let date = Calendar.date(days: Int(days))
    let milliseconds = rest / 1_000
    let seconds = milliseconds / 1_000
    let day = "\(date.year)-\(padded(Int64(date.month)))-\(padded(Int64(date.day)))"
    let time = "\(padded(seconds / 3_600)):\(padded(seconds / 60 % 60)):\(padded(seconds % 60))"
    return "\(day)T\(time).\(padded(milliseconds % 1_000, 3))Z"
  }
}

private func padded(_ number: Int64, _ width: Int = 2) -> String {
  let text = String(number)
  return String(repeating: "0", count: max(0, width - text.count)) + text
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
