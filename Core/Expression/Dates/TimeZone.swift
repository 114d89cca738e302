internal import Glibc

/// A time zone: a fixed offset, or the rules of an IANA name as the system's zone files give them. Reading those files
/// (TZif, RFC 8536) is the only I/O of this module.
struct TimeZone {
  let name: String
  private let transitions: [(at: Int64, rule: Rule)]
  private let first: Rule
  private let afterwards: PosixZone?

  struct Rule {
    let offset: Int64
    let abbreviation: String
  }

  init(_ name: String) throws {
    self.name = name
    if let offset = Self.fixedOffset(name) {
      transitions = []
      first = Rule(offset: offset, abbreviation: offset == 0 ? "UTC" : ZoneText.offset(offset, "XXX"))
      afterwards = nil
      return
    }
    guard let file = Self.read(name), let parsed = TZif(file) else {
      throw Problem(
        "unknown time zone '\(name)'", hint: "Write an IANA name such as Europe/Paris, or an offset such as +02:00")
    }
    (transitions, first, afterwards) = (parsed.transitions, parsed.first, PosixZone(parsed.footer))
  }

  /// `Z`, `UTC`, `GMT`, `+02:00`, `+0200`, `+02`, `UTC+2`.
  private static func fixedOffset(_ name: String) -> Int64? {
    var text = name[...]
    for prefix in ["UTC", "GMT", "UT"] where text.hasPrefix(prefix) {
      text = text.dropFirst(prefix.count)
      break
    }
    if text.isEmpty || text == "Z" { return name.isEmpty ? nil : 0 }
    guard let sign = text.first, sign == "+" || sign == "-" else { return nil }
    let digits = text.dropFirst().filter { $0 != ":" }
    guard digits.utf8.allSatisfy(\.isDigit), let number = Int64(digits) else { return nil }
    let (hours, minutes) = digits.count <= 2 ? (number, 0) : (number / 100, number % 100)
    guard digits.count <= 4, hours <= 18, minutes < 60 else { return nil }
    return (sign == "-" ? -1 : 1) * (hours * 3600 + minutes * 60)
  }

  private static func read(_ name: String) -> [UInt8]? {
    let isSafe = name.utf8.allSatisfy { $0.isNameStart && $0 < 0x80 || $0.isDigit || "/+-".utf8.contains($0) }
    guard isSafe, name.utf8.first != UInt8(ascii: "/"), let file = unsafe fopen("/usr/share/zoneinfo/\(name)", "rb")
    else {
      return nil
    }
    defer { unsafe fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 65536)
    let count = unsafe fread(&bytes, 1, bytes.count, file)
    return count == 0 ? nil : Array(bytes[..<count])
  }

  func rule(at seconds: Int64) -> Rule {
    guard let last = transitions.last, seconds >= transitions[0].at else {
      return transitions.isEmpty ? afterwards?.rule(at: seconds) ?? first : first
    }
    if seconds >= last.at, let afterwards { return afterwards.rule(at: seconds) }
    var (low, high) = (0, transitions.count)
    while high - low > 1 {
      let middle = (low + high) / 2
      if transitions[middle].at <= seconds { low = middle } else { high = middle }
    }
    return transitions[low].rule
  }

  /// The instant that a wall clock shows. As in Java: of two, the earlier one; within a gap, later by the gap's length.
  func moment(_ wall: WallClock) -> Moment {
    let local = wall.seconds
    let before = rule(at: local - 86400).offset
    let after = rule(at: local + 86400).offset
    let isBefore = rule(at: local - before).offset == before
    let isAfter = rule(at: local - after).offset == after
    return Moment(seconds: local - (isBefore || !isAfter ? before : after), nanos: wall.nanos)
  }

  func wallClock(_ moment: Moment) -> WallClock { WallClock(moment, offset: rule(at: moment.seconds).offset) }
}

/// The 64-bit part of a TZif file.
private struct TZif {
  var transitions: [(at: Int64, rule: TimeZone.Rule)] = []
  var first = TimeZone.Rule(offset: 0, abbreviation: "UTC")
  var footer = ""

  init?(_ bytes: [UInt8]) {
    guard bytes.starts(with: "TZif".utf8), bytes.count >= 44, bytes[4] >= UInt8(ascii: "2") else { return nil }
    func number(_ at: Int, _ size: Int) -> Int64? {
      guard at >= 0, at + size <= bytes.count else { return nil }
      let bits = bytes[at..<at + size].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      return size == 4 ? Int64(Int32(truncatingIfNeeded: bits)) : Int64(bitPattern: bits)
    }
    func counts(_ header: Int) -> [Int]? {
      let counts = (0..<6).compactMap { number(header + 20 + $0 * 4, 4) }.map(Int.init)
      return counts.count == 6 && counts.allSatisfy { (0...100_000).contains($0) } ? counts : nil
    }
    // Counts: UT/local, standard/wall, leap seconds, transitions, types, letters.
    guard let old = counts(0) else { return nil }
    let header = 44 + old[3] * 5 + old[4] * 6 + old[5] + old[2] * 8 + old[1] + old[0]
    guard let now = counts(header) else { return nil }
    let times = header + 44
    let indices = times + now[3] * 8
    let types = indices + now[3]
    let letters = types + now[4] * 6
    let end = letters + now[5] + now[2] * 12 + now[1] + now[0]
    guard end < bytes.count, now[4] > 0 else { return nil }
    var rules: [TimeZone.Rule] = []
    for index in 0..<now[4] {
      guard let offset = number(types + index * 6, 4) else { return nil }
      let name = bytes.dropFirst(letters + Int(bytes[types + index * 6 + 5])).prefix { $0 != 0 }
      rules.append(TimeZone.Rule(offset: offset, abbreviation: String(decoding: name, as: UTF8.self)))
    }
    first = rules[0]
    for index in 0..<now[3] {
      guard let at = number(times + index * 8, 8), Int(bytes[indices + index]) < rules.count else { return nil }
      transitions.append((at, rules[Int(bytes[indices + index])]))
    }
    footer = String(decoding: bytes[(end + 1)...].prefix { $0 != 10 }, as: UTF8.self)
  }
}

/// The rule for all years after the last transition: `CET-1CEST,M3.5.0,M10.5.0/3` (POSIX TZ, with the M form of dates
/// only, the one that zone files use but for a handful of zones).
private struct PosixZone {
  private var standard = TimeZone.Rule(offset: 0, abbreviation: "UTC")
  private var summer: TimeZone.Rule?
  private var changes: [Change] = []

  private struct Change {
    var month: Int64 = 0
    var week: Int64 = 0
    var weekday: Int64 = 0
    var second: Int64 = 7200
  }

  init?(_ text: String) {
    var rest = text[...]
    guard let name = Self.name(&rest), let offset = Self.time(&rest) else { return nil }
    standard = TimeZone.Rule(offset: -offset, abbreviation: name)
    if rest.isEmpty { return }
    guard let summerName = Self.name(&rest) else { return nil }
    let summerOffset = rest.first == "," ? offset - 3600 : Self.time(&rest) ?? offset - 3600
    summer = TimeZone.Rule(offset: -summerOffset, abbreviation: summerName)
    for part in rest.split(separator: ",") {
      guard let change = Self.change(part) else { return nil }
      changes.append(change)
    }
    if changes.count != 2 { return nil }
  }

  private static func name(_ rest: inout Substring) -> String? {
    let isQuoted = rest.first == "<"
    if isQuoted { rest.removeFirst() }
    let name = rest.prefix { isQuoted ? $0 != ">" : $0.isLetter }
    rest.removeFirst(min(rest.count, name.count + (isQuoted ? 1 : 0)))
    return name.isEmpty ? nil : String(name)
  }

  /// `[+-]hh[:mm[:ss]]` in seconds.
  private static func time(_ rest: inout Substring) -> Int64? {
    let text = rest.prefix { "+-:".contains($0) || $0.isNumber }
    rest.removeFirst(text.count)
    let isNegative = text.first == "-"
    let parts = text.drop { "+-".contains($0) }.split(separator: ":").map { Int64($0) }
    guard let hours = parts.first, let hours else { return nil }
    let minutes = parts.count > 1 ? parts[1] ?? 0 : 0
    let seconds = parts.count > 2 ? parts[2] ?? 0 : 0
    return (isNegative ? -1 : 1) * (hours * 3600 + minutes * 60 + seconds)
  }

  private static func change(_ text: Substring) -> Change? {
    let parts = text.split(separator: "/")
    guard let date = parts.first, date.hasPrefix("M") else { return nil }
    let numbers = date.dropFirst().split(separator: ".").compactMap { Int64($0) }
    guard numbers.count == 3 else { return nil }
    var change = Change(month: numbers[0], week: numbers[1], weekday: numbers[2])
    if parts.count > 1 {
      var time = parts[1]
      change.second = Self.time(&time) ?? 7200
    }
    return change
  }

  func rule(at seconds: Int64) -> TimeZone.Rule {
    guard let summer, changes.count == 2 else { return standard }
    let year = WallClock(Moment(seconds: seconds), offset: standard.offset).year
    let start = second(changes[0], year) - standard.offset
    let end = second(changes[1], year) - summer.offset
    let isSummer = start < end ? start <= seconds && seconds < end : !(end <= seconds && seconds < start)
    return isSummer ? summer : standard
  }

  /// When a change happens in a year, on the wall clock before it: week 5 is the last one of the month.
  private func second(_ change: Change, _ year: Int64) -> Int64 {
    let first = WallClock(year: year, month: change.month, day: 1)
    var day = 1 + ((change.weekday - first.weekday % 7) + 7) % 7 + (change.week - 1) * 7
    if day > WallClock.length(ofMonth: change.month, year) { day -= 7 }
    return WallClock.days(year, change.month, day) * 86400 + change.second
  }
}
