internal import Expression
public import Records

/// A pattern of Java's `DateTimeFormatter` (`yyyy-MM-dd'T'HH:mm:ss.SSS[XXX]`), compiled to write dates and times
/// without allocation. A part in brackets is written only where the value has all of its fields, so a zone only for
/// instants.
public struct TextPattern: Sendable {
  private enum Step: Sendable, Hashable {
    case literal([UInt8])
    case field(UInt8, Int)
  }

  /// What a type has.
  struct Fields: OptionSet {
    let rawValue: UInt8
    static let date = Fields(rawValue: 1)
    static let time = Fields(rawValue: 2)
    static let zone = Fields(rawValue: 4)
  }

  private let steps: [Step]
  private let zone: ZoneRules?

  /// - Parameters:
  ///   - zone: an IANA name or an offset; instants are shown in it.
  ///   - property: what the pattern came from, for messages.
  public init(_ pattern: String, for type: DataType, zone: String, property: String) throws {
    var available: Fields = []
    switch type {
    case .date: available = .date
    case .time: available = .time
    case .timestamp(_, let zoned): available = zoned ? [.date, .time, .zone] : [.date, .time]
    case .offsetTimestamp: available = [.date, .time, .zone]
    default: break
    }
    if available.contains(.zone) {
      guard let rules = ZoneRules(zone) else {
        throw Failure(
          .configuration, "the time zone '\(zone)' is not known",
          hint: "Write an IANA name such as Europe/Paris, or an offset such as +02:00")
      }
      self.zone = rules.isUTC ? nil : rules
    } else {
      self.zone = nil
    }
    func wrong(_ what: String) -> Failure {
      Failure(
        .configuration, "'\(property)' is '\(pattern)': \(what)",
        hint: "It is a pattern as Java's DateTimeFormatter has them")
    }
    let parts: [DatePatternPart]
    do throws(DatePatternPart.Problem) {
      parts = try DatePatternPart.parse(pattern, hasOptionals: true)
    } catch {
      throw wrong(error.reason)
    }
    steps = try TextPattern.steps(parts, available, isOptional: false, wrong) ?? []
  }

  /// Nil when the (optional) part needs a field that the type does not have.
  private static func steps(
    _ parts: [DatePatternPart], _ available: Fields, isOptional: Bool, _ wrong: (String) -> Failure
  ) throws -> [Step]? {
    var steps: [Step] = []
    var isComplete = true
    for part in parts {
      switch part {
      case .literal(let text): steps.append(.literal(Array(text.utf8)))
      case .optional(let inner): steps += try self.steps(inner, available, isOptional: true, wrong) ?? []
      case .field(let letter, let count):
        let name = Character(Unicode.Scalar(letter))
        guard let needed = needs(name) else { throw wrong("the letter '\(name)' is not understood") }
        if !available.contains(needed) {
          if !isOptional { throw wrong("a value of this type has nothing for '\(name)'") }
          isComplete = false
        }
        steps.append(.field(letter, count))
      }
    }
    return isComplete ? steps : nil
  }

  private static func needs(_ letter: Character) -> Fields? {
    switch letter {
    case "y", "u", "M", "L", "d", "D", "E": .date
    case "H", "h", "m", "s", "S", "n", "a": .time
    case "X", "x", "Z": .zone
    default: nil
    }
  }

  // MARK: writing

  public func append(date days: Int32, to out: inout ByteBuffer) {
    if days == .max || days == .min { return ValueText.append(date: days, to: &out) }
    append(Calendar.date(days: Int(days)), 0, 0, 0, to: &out)
  }

  public func append(time value: Int64, unit: TimeUnit, to out: inout ByteBuffer) {
    let (seconds, fraction) = Calendar.floorDivide(value, unit.perSecond)
    append(Calendar.Date(year: 1970, month: 1, day: 1), Int(seconds), nanoseconds(fraction, unit), 0, to: &out)
  }

  public func append(timestamp value: Int64, unit: TimeUnit, to out: inout ByteBuffer) {
    if value == .max || value == .min { return ValueText.append(timestamp: value, unit: unit, zoned: false, to: &out) }
    let (seconds, fraction) = Calendar.floorDivide(value, unit.perSecond)
    let offset = zone?.offset(at: seconds) ?? 0
    let (day, second) = Calendar.floorDivide(seconds + offset, Int64(Calendar.secondsPerDay))
    append(Calendar.date(days: Int(day)), Int(second), nanoseconds(fraction, unit), Int(offset), to: &out)
  }

  /// On its own clock, whatever the zone.
  public func append(_ value: OffsetTimestamp, unit: TimeUnit, to out: inout ByteBuffer) {
    if value.instant == .max || value.instant == .min { return ValueText.append(value, unit: unit, to: &out) }
    let offset = Int(value.minutes) * 60
    let moment = Calendar.moment(value.instant, perSecond: unit.perSecond, ahead: offset)
    append(moment.date, moment.secondOfDay, nanoseconds(Int64(moment.fraction), unit), offset, to: &out)
  }

  private func nanoseconds(_ fraction: Int64, _ unit: TimeUnit) -> Int {
    Int(unit == .microseconds ? fraction * 1_000 : fraction)
  }

  private func append(
    _ date: Calendar.Date, _ second: Int, _ nanoseconds: Int, _ offset: Int, to out: inout ByteBuffer
  ) {
    for step in steps {
      switch step {
      case .literal(let bytes): out.append(bytes)
      case .field(let letter, let count):
        switch letter {
        case UInt8(ascii: "y"), UInt8(ascii: "u"): appendYear(date.year, count, to: &out)
        case UInt8(ascii: "M"), UInt8(ascii: "L"):
          if count < 3 {
            number(date.month, count, to: &out)
          } else {
            name(Names.months[date.month - 1], count, to: &out)
          }
        case UInt8(ascii: "d"): number(date.day, count, to: &out)
        case UInt8(ascii: "D"):
          let first = Calendar.days(year: date.year, month: 1, day: 1)
          number(Calendar.days(year: date.year, month: date.month, day: date.day) - first + 1, count, to: &out)
        case UInt8(ascii: "E"):
          let days = Calendar.days(year: date.year, month: date.month, day: date.day)
          name(Names.weekdays[((days + 3) % 7 + 7) % 7], count, to: &out)
        case UInt8(ascii: "H"): number(second / 3_600, count, to: &out)
        case UInt8(ascii: "h"): number((second / 3_600 + 11) % 12 + 1, count, to: &out)
        case UInt8(ascii: "m"): number(second / 60 % 60, count, to: &out)
        case UInt8(ascii: "s"): number(second % 60, count, to: &out)
        case UInt8(ascii: "a"): out.append(second < 43_200 ? "AM" : "PM")
        case UInt8(ascii: "n"): number(nanoseconds, count, to: &out)
        case UInt8(ascii: "S"): appendFraction(nanoseconds, count, to: &out)
        default: appendOffset(offset, letter, count, to: &out)
        }
      }
    }
  }

  private func number(_ value: Int, _ count: Int, to out: inout ByteBuffer) {
    Digits.appendPadded(UInt64(value), max(count, Digits.count(UInt64(value))), to: &out)
  }

  private func appendYear(_ year: Int, _ count: Int, to out: inout ByteBuffer) {
    if count == 2 { return Digits.appendPadded(UInt64(((year % 100) + 100) % 100), 2, to: &out) }
    if year < 0 { out.append(byte: UInt8(ascii: "-")) }
    number(abs(year), count, to: &out)
  }

  private func name(_ name: StaticString, _ count: Int, to out: inout ByteBuffer) {
    let start = out.count
    out.append(name)
    if count != 4 { out.truncate(to: min(out.count, start + 3)) }
  }

  private func appendFraction(_ nanoseconds: Int, _ count: Int, to out: inout ByteBuffer) {
    var value = UInt64(nanoseconds)
    for _ in 0..<max(0, 9 - count) { value /= 10 }
    Digits.appendPadded(value, min(count, 9), to: &out)
    for _ in 9..<max(9, count) { out.append(byte: 48) }
  }

  private func appendOffset(_ offset: Int, _ letter: UInt8, _ count: Int, to out: inout ByteBuffer) {
    if letter == UInt8(ascii: "X") && offset == 0 { return out.append(byte: UInt8(ascii: "Z")) }
    out.append(byte: UInt8(ascii: offset < 0 ? "-" : "+"))
    let minutes = abs(offset) / 60
    Digits.appendPadded(UInt64(minutes / 60), 2, to: &out)
    if letter != UInt8(ascii: "Z") && count == 1 && minutes % 60 == 0 { return }
    if letter == UInt8(ascii: "Z") ? count == 5 : count == 3 || count == 5 { out.append(byte: UInt8(ascii: ":")) }
    Digits.appendPadded(UInt64(minutes % 60), 2, to: &out)
  }

  private enum Names {
    static let months: [StaticString] = [
      "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
      "December",
    ]
    static let weekdays: [StaticString] = [
      "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday",
    ]
  }
}
