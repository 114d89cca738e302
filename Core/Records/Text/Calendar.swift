/// The proleptic Gregorian calendar with astronomical years (0 = 1 BC), as ISO 8601 and every database here count.
/// The arithmetic runs over eras of 400 years that start on the 1st of March, so that the leap day is a year's last.
public enum Calendar {
  public struct Date: Hashable, Sendable {
    public var year: Int
    /// 1…12.
    public var month: Int
    /// 1…31.
    public var day: Int

    public init(year: Int, month: Int, day: Int) {
      self.year = year
      self.month = month
      self.day = day
    }
  }

  /// A wall clock: a date, the second of the day (0…86,399) and the rest in the unit of the timestamp.
  public struct Moment: Hashable, Sendable {
    public var date: Date
    public var secondOfDay: Int
    public var fraction: Int
  }

  public static let secondsPerDay = 86_400

  /// Days since 1970-01-01. The fields must be valid (see `isValid`); any year within ±10^15 works.
  public static func days(year: Int, month: Int, day: Int) -> Int {
    let y = month <= 2 ? year - 1 : year
    let era = (y >= 0 ? y : y - 399) / 400
    let yearOfEra = y - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * 146_097 + dayOfEra - 719_468
  }

  /// The date of a day since 1970-01-01.
  public static func date(days: Int) -> Date {
    let shifted = days + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = UInt32(truncatingIfNeeded: shifted - era * 146_097)
    let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let month = Int(shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9)
    let day = Int(dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    return Date(year: Int(yearOfEra) + era * 400 + (month <= 2 ? 1 : 0), month: month, day: day)
  }

  /// The wall clock of a timestamp in units of 1/`perSecond` since 1970-01-01T00:00:00, on a clock that is so many
  /// seconds ahead of it.
  public static func moment(_ timestamp: Int64, perSecond: Int64, ahead: Int = 0) -> Moment {
    let (seconds, fraction) = floorDivide(timestamp, perSecond)
    let (day, second) = floorDivide(seconds + Int64(ahead), Int64(secondsPerDay))
    return Moment(date: date(days: Int(day)), secondOfDay: Int(second), fraction: Int(fraction))
  }

  /// The timestamp of a wall clock; nil where it does not fit 64 bits.
  public static func timestamp(days: Int, secondOfDay: Int, fraction: Int64, perSecond: Int64) -> Int64? {
    let (atDay, dayOverflow) = Int64(days).multipliedReportingOverflow(by: Int64(secondsPerDay))
    let (seconds, secondOverflow) = atDay.addingReportingOverflow(Int64(secondOfDay))
    if dayOverflow || secondOverflow { return nil }
    // Multiplying the second after would overflow for the first second of the range: its fraction pulls it back.
    if seconds < 0 && fraction > 0 {
      let (units, overflow) = (seconds + 1).multipliedReportingOverflow(by: perSecond)
      let (result, carry) = units.subtractingReportingOverflow(perSecond - fraction)
      return overflow || carry ? nil : result
    }
    let (units, overflow) = seconds.multipliedReportingOverflow(by: perSecond)
    let (result, carry) = units.addingReportingOverflow(fraction)
    return overflow || carry ? nil : result
  }

  public static func isLeap(_ year: Int) -> Bool { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }

  /// Days of a month, 1…12.
  public static func length(ofMonth month: Int, year: Int) -> Int {
    if month == 2 { return isLeap(year) ? 29 : 28 }
    return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31
  }

  public static func isValid(year: Int, month: Int, day: Int) -> Bool {
    month >= 1 && month <= 12 && day >= 1 && (day <= 28 || day <= length(ofMonth: month, year: year))
  }

  /// The quotient rounded down and its remainder, never negative for a positive divisor.
  @inlinable
  public static func floorDivide(_ value: Int64, _ divisor: Int64) -> (quotient: Int64, remainder: Int64) {
    let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
  }
}
