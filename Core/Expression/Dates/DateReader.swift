/// Reads the fields of a date one after the other. Its errors say what was expected and where, never the text itself.
struct DateReader {
  private let text: [Character]
  private var position = 0
  private var wall = WallClock(year: 1970, month: 1, day: 1)
  private var hour: Int64 = 0
  private var minute: Int64 = 0
  private var second: Int64 = 0
  private var isAfternoon: Bool?
  private var zone: TimeZone?

  init(_ text: String) { self.text = Array(text) }

  private func error(_ wanted: String) -> Problem {
    Problem(
      "the text is not a date: expected \(wanted) at character \(position + 1)",
      hint: "Dates are ISO 8601, or as the argument 'existingFormat' says")
  }

  // MARK: ISO 8601

  /// `2024-02-29`, with a time after T or a space, with a fraction, with an offset or `[zone]`.
  static func iso(_ text: String, in zone: TimeZone) throws -> Moment {
    var reader = DateReader(text)
    try reader.field("y", 4)
    try reader.literal("-")
    try reader.field("M", 2)
    try reader.literal("-")
    try reader.field("d", 2)
    if let next = reader.peek, next == "T" || next == "t" || next == " " {
      reader.position += 1
      try reader.isoTime()
    }
    return try reader.moment(in: zone)
  }

  private var peek: Character? { position < text.count ? text[position] : nil }

  private mutating func isoTime() throws {
    try field("H", 2)
    try literal(":")
    try field("m", 2)
    if peek == ":" {
      position += 1
      try field("s", 2)
      if peek == "." || peek == "," {
        position += 1
        let digits = text[position...].prefix { $0.isASCII && $0.isNumber }.count
        guard (1...9).contains(digits) else { throw error("1 to 9 digits of a fraction") }
        try field("S", digits)
      }
    }
    if peek == " " { position += 1 }
    if let next = peek, "Zz+-".contains(next) { try field("X", 3) }
    if peek == "[" {
      let name = text[(position + 1)...].prefix { $0 != "]" }
      position += name.count + 1
      try literal("]")
      zone = try TimeZone(String(name))
    }
  }

  // MARK: Fields

  mutating func literal(_ literal: String) throws {
    for character in literal {
      guard peek == character else { throw error("'\(character)'") }
      position += 1
    }
  }

  private mutating func number(_ least: Int, _ most: Int, _ range: ClosedRange<Int64>, _ what: String) throws -> Int64 {
    let digits = text[position...].prefix(most).prefix { $0.isASCII && $0.isNumber }
    guard digits.count >= least, let number = Int64(String(digits)), range.contains(number) else { throw error(what) }
    position += digits.count
    return number
  }

  private mutating func oneOf(_ names: [String], _ count: Int, _ what: String) throws -> Int64 {
    let rest = String(text[position...].prefix(12)).lowercased()
    for (index, name) in names.enumerated() {
      let name = (count < 4 ? String(name.prefix(3)) : name).lowercased()
      if rest.hasPrefix(name) {
        position += name.count
        return Int64(index + 1)
      }
    }
    throw error(what)
  }

  mutating func field(_ letter: Character, _ count: Int) throws {
    let most = count == 1 ? 2 : count
    switch letter {
    case "y", "u":
      let year = try number(count, count == 1 ? 4 : count, 0...9999, "a year of \(count) digits")
      wall.year = count == 2 ? 2000 + year : year
    case "M", "L":
      wall.month =
        count < 3
        ? try number(count, most, 1...12, "a month, 01 to 12") : try oneOf(DatePattern.months, count, "a month's name")
    case "d": wall.day = try number(count, most, 1...31, "a day, 01 to 31")
    case "E": _ = try oneOf(DatePattern.weekdays, count, "a day's name")
    case "H", "k": hour = try number(count, most, 0...24, "an hour") % 24
    case "h", "K": hour = try number(count, most, 0...12, "an hour") % 12
    case "m": minute = try number(count, most, 0...59, "a minute, 00 to 59")
    case "s": second = try number(count, most, 0...59, "a second, 00 to 59")
    case "S":
      let digits = try number(count, count, 0...999_999_999, "\(count) digits of a fraction")
      wall.nanos = (count..<max(count, 9)).reduce(digits) { value, _ in value * 10 }
    case "a": isAfternoon = try oneOf(["AM", "PM"], 4, "AM or PM") == 2
    case "X", "x", "Z": zone = try TimeZone(offset())
    case "V", "z":
      let name = text[position...].prefix { $0.isLetter || $0.isNumber || "/_+-:".contains($0) }
      position += name.count
      zone = try TimeZone(String(name))
    default: throw Problem("the letter '\(letter)' of a date pattern can be written but not read")
    }
  }

  mutating func rfcOffset() throws {
    let isGreenwich = text[position...].starts(with: "GMT")
    if isGreenwich { position += 3 }
    zone = try TimeZone(isGreenwich ? "GMT" : offset())
  }

  private mutating func offset() throws -> String {
    if let next = peek, "Zz".contains(next) {
      position += 1
      return "Z"
    }
    guard let sign = peek, "+-".contains(sign) else { throw error("an offset such as Z or +02:00") }
    var offset = String(sign)
    position += 1
    while let next = peek, next.isASCII && next.isNumber || next == ":", offset.count < 6 {
      offset.append(next)
      position += 1
    }
    return offset
  }

  func moment(in given: TimeZone) throws -> Moment {
    guard position == text.count else { throw error("the end") }
    guard wall.day <= WallClock.length(ofMonth: wall.month, wall.year) else {
      throw error("a day that this month has, before here,")
    }
    var wall = wall
    let hour = isAfternoon == true ? hour % 12 + 12 : hour
    wall.secondOfDay = hour * 3600 + minute * 60 + second
    return (zone ?? given).moment(wall)
  }
}
