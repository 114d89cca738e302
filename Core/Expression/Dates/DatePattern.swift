internal import Records

/// A pattern of Java's DateTimeFormatter, such as `yyyy-MM-dd'T'HH:mm:ss.SSSXXX`, in English.
struct DatePattern {
  private let parts: [DatePatternPart]

  static let iso = "yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX"
  /// Kestra's names of patterns.
  private static let named = [
    "iso": iso, "iso_milli": "yyyy-MM-dd'T'HH:mm:ss.SSSXXX", "iso_sec": "yyyy-MM-dd'T'HH:mm:ssXXX",
    "sql": "yyyy-MM-dd HH:mm:ss.SSSSSS", "sql_milli": "yyyy-MM-dd HH:mm:ss.SSS", "sql_sec": "yyyy-MM-dd HH:mm:ss",
    "sql_seq": "yyyy-MM-dd HH:mm:ss", "iso_date_time": "yyyy-MM-dd'T'HH:mm:ss.SSSSSSSSSXXX'['VV']'",
    "iso_zoned_date_time": "yyyy-MM-dd'T'HH:mm:ss.SSSSSSSSSXXX'['VV']'", "iso_date": "yyyy-MM-ddXXX",
    "iso_time": "HH:mm:ss.SSSSSSSSSXXX", "iso_local_date": "yyyy-MM-dd",
    "iso_local_date_time": "yyyy-MM-dd'T'HH:mm:ss.SSSSSSSSS", "iso_local_time": "HH:mm:ss.SSSSSSSSS",
    "iso_offset_time": "HH:mm:ss.SSSSSSSSSXXX", "iso_ordinal_date": "yyyy-DDDXXX", "iso_week_date": "YYYY-'W'ww-eXXX",
    "rfc_1123_date_time": "EEE, d MMM yyyy HH:mm:ss \(rfcOffset)",
  ]
  /// The offset as RFC 1123 has it, for which Java has no letter: GMT, or +0200.
  static let rfcOffset = "\u{1}"
  static let letters = "yuMLdDEeaHhKkmsSAnNXxZzVQqwY"
  static let months = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
  ]
  static let weekdays = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]

  init(_ pattern: String) throws {
    do throws(DatePatternPart.Problem) {
      parts = try DatePatternPart.parse(Self.named[pattern] ?? pattern, hasOptionals: false)
    } catch {
      throw Problem("\(error.reason) in the date pattern")
    }
    for case .field(let letter, _) in parts where !Self.letters.utf8.contains(letter) {
      throw Problem(
        "the letter '\(Character(Unicode.Scalar(letter)))' in a date pattern is not understood",
        hint: "Put text in single quotes; letters are \(Self.letters)")
    }
  }

  // MARK: Writing

  func format(_ moment: Moment, in zone: TimeZone) -> String {
    let rule = zone.rule(at: moment.seconds)
    let wall = WallClock(moment, offset: rule.offset)
    return parts.map { part in
      switch part {
      case .literal(Self.rfcOffset): rule.offset == 0 ? "GMT" : ZoneText.offset(rule.offset, "xx")
      case .literal(let text): text
      case .field(let letter, let count): Self.text(Character(Unicode.Scalar(letter)), count, wall, rule, zone)
      // Brackets stand for themselves.
      case .optional: ""
      }
    }.joined()
  }

  private static func text(
    _ letter: Character, _ count: Int, _ wall: WallClock, _ rule: TimeZone.Rule, _ zone: TimeZone
  ) -> String {
    switch letter {
    case "y", "u": year(wall.year, count)
    case "Y": year(wall.isoWeek.year, count)
    case "M", "L": name(months[Int(wall.month - 1)], wall.month, count)
    case "d": padded(wall.day, count)
    case "D": padded(wall.dayOfYear, count)
    case "E": count < 4 ? String(weekdays[Int(wall.weekday - 1)].prefix(3)) : weekdays[Int(wall.weekday - 1)]
    case "e": name(weekdays[Int(wall.weekday - 1)], wall.weekday, count)
    case "a": wall.hour < 12 ? "AM" : "PM"
    case "H": padded(wall.hour, count)
    case "h": padded((wall.hour + 11) % 12 + 1, count)
    case "K": padded(wall.hour % 12, count)
    case "k": padded(wall.hour == 0 ? 24 : wall.hour, count)
    case "m": padded(wall.minute, count)
    case "s": padded(wall.second, count)
    case "S": fraction(wall.nanos, count)
    case "n": padded(wall.nanos, count)
    case "A": padded(wall.secondOfDay * 1000 + wall.nanos / 1_000_000, count)
    case "N": padded(wall.secondOfDay * 1_000_000_000 + wall.nanos, count)
    case "Q", "q": count < 3 ? padded((wall.month + 2) / 3, count) : "Q\((wall.month + 2) / 3)"
    case "w": padded(wall.isoWeek.week, count)
    case "z": rule.abbreviation
    case "V": zone.name
    case "Z":
      count == 4 ? "GMT" + ZoneText.offset(rule.offset, "xxx") : ZoneText.offset(rule.offset, count == 5 ? "XXX" : "xx")
    default: ZoneText.offset(rule.offset, String(repeating: letter, count: count))
    }
  }

  private static func padded(_ number: Int64, _ count: Int) -> String {
    let digits = String(abs(number))
    return (number < 0 ? "-" : "") + String(repeating: "0", count: max(0, count - digits.count)) + digits
  }

  private static func year(_ year: Int64, _ count: Int) -> String {
    count == 2 ? padded((year % 100 + 100) % 100, 2) : padded(year, count)
  }

  private static func name(_ name: String, _ number: Int64, _ count: Int) -> String {
    switch count {
    case 1, 2: padded(number, count)
    case 3: String(name.prefix(3))
    default: name
    }
  }

  private static func fraction(_ nanos: Int64, _ count: Int) -> String {
    let digits = padded(nanos, 9)
    return count <= 9 ? String(digits.prefix(count)) : digits + String(repeating: "0", count: count - 9)
  }

  // MARK: Reading

  /// The instant that a text in this pattern names; `zone` counts where the text names none.
  func parse(_ text: String, in zone: TimeZone) throws -> Moment {
    var reader = DateReader(text)
    for part in parts {
      switch part {
      case .literal(Self.rfcOffset): try reader.rfcOffset()
      case .literal(let literal): try reader.literal(literal)
      case .field(let letter, let count): try reader.field(Character(Unicode.Scalar(letter)), count)
      case .optional: break
      }
    }
    return try reader.moment(in: zone)
  }
}

enum ZoneText {
  /// An offset as Java's X and x letters write it: with two letters `+0200`, with three `+02:00`; `X` writes zero as Z.
  static func offset(_ seconds: Int64, _ form: String) -> String {
    if seconds == 0, form.hasPrefix("X") { return "Z" }
    func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : String(number) }
    let (hours, minutes) = (abs(seconds) / 3600, abs(seconds) / 60 % 60)
    let sign = seconds < 0 ? "-" : "+"
    if form.count == 1, minutes == 0 { return sign + two(hours) }
    return sign + two(hours) + (form.count % 2 == 1 && form.count > 1 ? ":" : "") + two(minutes)
  }
}
