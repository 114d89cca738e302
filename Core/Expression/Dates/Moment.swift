/// An instant: seconds since 1970-01-01 UTC and nanoseconds of that second.
struct Moment: Equatable {
  var seconds: Int64
  var nanos: Int64

  init(seconds: Int64, nanos: Int64 = 0) {
    self.seconds = seconds
    self.nanos = nanos
  }

  init(microseconds: Int64) {
    seconds = Self.floorDivide(microseconds, 1_000_000)
    nanos = (microseconds - seconds * 1_000_000) * 1000
  }

  static func floorDivide(_ a: Int64, _ b: Int64) -> Int64 { a / b - (a % b < 0 ? 1 : 0) }
}

/// A date and time as a calendar and a wall clock show it (proleptic Gregorian, years -9999 to 9999).
struct WallClock {
  var year: Int64
  var month: Int64
  var day: Int64
  var secondOfDay: Int64 = 0
  var nanos: Int64 = 0

  var hour: Int64 { secondOfDay / 3600 }
  var minute: Int64 { secondOfDay / 60 % 60 }
  var second: Int64 { secondOfDay % 60 }

  init(year: Int64, month: Int64, day: Int64, secondOfDay: Int64 = 0, nanos: Int64 = 0) {
    self.year = year
    self.month = month
    self.day = day
    self.secondOfDay = secondOfDay
    self.nanos = nanos
  }

  /// The wall clock where it is `offset` seconds later than in UTC.
  init(_ moment: Moment, offset: Int64) {
    let local = moment.seconds + offset
    let days = Moment.floorDivide(local, 86400)
    (year, month, day) = Self.civil(days)
    secondOfDay = local - days * 86400
    nanos = moment.nanos
  }

  static func civil(_ days: Int64) -> (year: Int64, month: Int64, day: Int64) {
    // Years that begin in March, counted in cycles of 400 years, make leap days fall at the end.
    let shifted = days + 719_468
    let era = Moment.floorDivide(shifted, 146_097)
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
  }

  /// Days since 1970-01-01.
  static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
    let year = month <= 2 ? year - 1 : year
    let era = Moment.floorDivide(year, 400)
    let yearOfEra = year - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }

  static func isLeap(_ year: Int64) -> Bool { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }

  static func length(ofMonth month: Int64, _ year: Int64) -> Int64 {
    switch month {
    case 2: isLeap(year) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  var days: Int64 { Self.days(year, month, day) }
  /// Seconds since 1970-01-01 on this wall clock.
  var seconds: Int64 { days * 86400 + secondOfDay }
  /// 1 is Monday, 7 Sunday.
  var weekday: Int64 { ((days + 3) % 7 + 7) % 7 + 1 }
  var dayOfYear: Int64 { days - Self.days(year, 1, 1) + 1 }

  /// ISO 8601: week 1 has the year's first Thursday.
  var isoWeek: (year: Int64, week: Int64) {
    let thursday = Self.civil(days - weekday + 4).year
    let start = Self.days(thursday, 1, 1)
    return (thursday, (days - weekday + 4 - start) / 7 + 1)
  }

  /// A day that the month does not have becomes its last one, as in Java.
  func adding(months: Int64) -> WallClock {
    let total = year * 12 + month - 1 + months
    let newYear = Moment.floorDivide(total, 12)
    let newMonth = total - newYear * 12 + 1
    var copy = self
    copy.year = newYear
    copy.month = newMonth
    copy.day = min(day, Self.length(ofMonth: newMonth, newYear))
    return copy
  }

  func adding(days count: Int64) -> WallClock {
    var copy = self
    (copy.year, copy.month, copy.day) = Self.civil(days + count)
    return copy
  }
}
