internal import Expression
internal import Records

/// Times that come round, as cron writes them.
struct Cron {
  /// The numbers that fit, as bits: seconds, minutes, hours, days, months, days of the week (0 is Sunday).
  private var fields: [UInt64]
  /// Where both the day and the day of the week are said, either will do.
  private let isEither: Bool

  private static let nicknames = [
    "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
  ]

  private static let names = ["second", "minute", "hour", "day", "month", "day of the week"]
  private static let ranges = [0...59, 0...59, 0...23, 1...31, 1...12, 0...7]
  private static let months = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
  private static let days = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]

  /// - Parameter withSeconds: whether there are six fields, the first of them seconds.
  init(_ text: String, withSeconds: Bool = false) throws {
    var parts = (Cron.nicknames[text] ?? text).split(separator: " ").map(String.init)
    let isNickname = Cron.nicknames[text] != nil
    if text.hasPrefix("@"), !isNickname {
      let hint = nearest(text, in: Cron.nicknames.keys).map { ". Did you mean '\($0)'?" } ?? ""
      throw PropertyMismatch("'\(text)' is no schedule\(hint)")
    }
    if !withSeconds || isNickname { parts.insert("0", at: 0) }
    guard parts.count == 6 else {
      let wanted = withSeconds ? "six fields (seconds first)" : "five fields"
      throw PropertyMismatch("expected \(wanted), found \(parts.count - (withSeconds ? 0 : 1))")
    }
    fields = try parts.enumerated().map { try Cron.field($1, $0) }
    // Sunday is 0 and 7.
    if fields[5] & 1 << 7 != 0 { fields[5] |= 1 }
    isEither = ![parts[3], parts[5]].contains { $0.hasPrefix("*") || $0 == "?" }
  }

  private static func field(_ text: String, _ index: Int) throws -> UInt64 {
    var bits: UInt64 = 0
    for item in text.split(separator: ",", omittingEmptySubsequences: false) {
      let parts = item.split(separator: "/", omittingEmptySubsequences: false)
      let step = parts.count == 2 ? Int(parts[1]) ?? 0 : 1
      guard parts.count <= 2, step > 0, let range = range(parts[0], index, hasStep: parts.count == 2) else {
        let known = ranges[index]
        throw PropertyMismatch(
          "'\(item)' is no \(names[index]): expected \(known.lowerBound) to \(known.upperBound), '*', a range such as "
            + "1-5, a step such as */5, or a list of them")
      }
      for number in stride(from: range.lowerBound, through: range.upperBound, by: step) { bits |= 1 << UInt64(number) }
    }
    return bits
  }

  private static func range(_ text: Substring, _ index: Int, hasStep: Bool) -> ClosedRange<Int>? {
    if text == "*" || (text == "?" && (index == 3 || index == 5)) { return ranges[index] }
    let ends = text.split(separator: "-", omittingEmptySubsequences: false).map { number($0, index) }
    guard ends.count <= 2, let first = ends.first ?? nil, let last = ends.last ?? nil, first <= last else { return nil }
    return first...(ends.count == 1 && hasStep ? ranges[index].upperBound : last)
  }

  private static func number(_ text: Substring, _ index: Int) -> Int? {
    if index == 4, let month = months.firstIndex(of: text.uppercased()) { return month + 1 }
    if index == 5, let day = days.firstIndex(of: text.uppercased()) { return day }
    guard text.utf8.allSatisfy({ (48...57).contains($0) }), let number = Int(text), ranges[index].contains(number)
    else { return nil }
    return number
  }

  private func fits(_ number: Int, _ index: Int) -> Bool { fields[index] & 1 << UInt64(number) != 0 }

  private func fits(_ date: Calendar.Date, weekday: Int) -> Bool {
    guard fits(date.month, 4) else { return false }
    let isDay = fits(date.day, 3)
    let isWeekday = fits(weekday, 5)
    return isEither ? isDay || isWeekday : isDay && isWeekday
  }

  /// Leap days come at least every eight years.
  private static let horizon = 366 * 8 + 1

  /// The first time behind another one. A time of day that clocks are put forward over does not come that day; of two
  /// that they show twice the first one counts.
  func next(after time: Instant, in zone: ZoneRules) -> Instant? {
    let second = Calendar.floorDivide(time.microseconds, 1_000_000).quotient
    let wall = second + zone.offset(at: second)
    let today = Int(Calendar.floorDivide(wall, 86_400).quotient)
    // The clock may have been put back since.
    for day in (today - 1)...(today + Cron.horizon) {
      // 1970-01-01 was a Thursday.
      guard fits(Calendar.date(days: day), weekday: ((day + 4) % 7 + 7) % 7) else { continue }
      if let found = first(of: day, after: second, zone) { return Instant(microseconds: found * 1_000_000) }
    }
    return nil
  }

  private func first(of day: Int, after second: Int64, _ zone: ZoneRules) -> Int64? {
    for hour in 0..<24 where fits(hour, 2) {
      for minute in 0..<60 where fits(minute, 1) {
        for part in 0..<60 where fits(part, 0) {
          let wall = Int64(day) * 86_400 + Int64(hour * 3_600 + minute * 60 + part)
          if let found = zone.instant(wall: wall), found > second { return found }
        }
      }
    }
    return nil
  }
}
