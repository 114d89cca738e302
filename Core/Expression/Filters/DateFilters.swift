/// Filters on dates. A date is a text in ISO 8601 (or in `existingFormat`) or, as in Kestra, an integer of seconds
/// since 1970; a result is a text in `timeZone`, which is the flow's when left out.
enum DateFilters {
  static let all: [FilterOperation] = [
    FilterOperation("date", ";format timeZone existingFormat locale", "a date written by a pattern, in a time zone") {
      value, arguments, evaluator in
      let zone = try zone(arguments.optionalText(1), evaluator)
      return try format(moment(value, zone, arguments.optionalText(2)), arguments, evaluator)
    },
    FilterOperation(
      "dateAdd", "amount unit; format timeZone existingFormat locale",
      "a date that is later by an amount of DAYS, HOURS …", dateAdd),
    timestamp("timestamp", "the seconds since 1970 of a date") { $0.seconds },
    timestamp("timestampMilli", "the milliseconds since 1970 of a date") { try scaled($0, 1000) },
    timestamp("timestampMicro", "the microseconds since 1970 of a date") { try scaled($0, 1_000_000) },
    timestamp("timestampNano", "the nanoseconds since 1970 of a date") { try scaled($0, 1_000_000_000) },
  ]

  private static func timestamp(
    _ name: String, _ summary: String, _ count: @escaping @Sendable (Moment) throws -> Int64
  ) -> FilterOperation {
    FilterOperation(name, ";timeZone existingFormat", summary) { value, arguments, evaluator in
      let zone = try zone(arguments.optionalText(0), evaluator)
      return .int(try count(moment(value, zone, arguments.optionalText(1))))
    }
  }

  private static func scaled(_ moment: Moment, _ perSecond: Int64) throws -> Int64 {
    let (whole, overflow) = moment.seconds.multipliedReportingOverflow(by: perSecond)
    let (result, beyond) = whole.addingReportingOverflow(moment.nanos / (1_000_000_000 / perSecond))
    if overflow || beyond { throw Problem("the date is beyond what 64 bits count") }
    return result
  }

  private static func zone(_ name: String?, _ evaluator: Evaluator) throws -> TimeZone {
    try TimeZone(name ?? evaluator.scope.timeZone)
  }

  private static func moment(_ value: Value, _ zone: TimeZone, _ format: String?) throws -> Moment {
    switch value {
    case .int(let seconds):
      // The years -9999 to 9999: beyond them the calendar's arithmetic is not meant to hold.
      guard seconds.magnitude < 377_705_116_800 else { throw Problem("the seconds are beyond the year 9999") }
      return Moment(seconds: seconds)
    case .string(let text):
      return if let format { try DatePattern(format).parse(text, in: zone) } else { try DateReader.iso(text, in: zone) }
    default: throw Problem("expected a date as a string or integer, found \(value.typePhrase)")
    }
  }

  /// The arguments are `date`'s: format, timeZone, existingFormat, locale.
  static func format(_ moment: Moment, _ arguments: Arguments, from first: Int = 0, _ evaluator: Evaluator) throws
    -> Value
  {
    if let locale = try arguments.optionalText(first + 3), !locale.lowercased().hasPrefix("en") {
      throw Problem("the locale '\(locale)' is not available, only English is")
    }
    let pattern = try DatePattern(arguments.optionalText(first) ?? DatePattern.iso)
    return .string(pattern.format(moment, in: try zone(arguments.optionalText(first + 1), evaluator)))
  }

  /// How many seconds a unit of fixed length has, by its name in Java's ChronoUnit.
  private static let lengths: [String: Int64] = ["SECONDS": 1, "MINUTES": 60, "HOURS": 3600, "HALF_DAYS": 43200]
  private static let nanos: [String: Int64] = ["NANOS": 1, "MICROS": 1000, "MILLIS": 1_000_000]
  private static let days: [String: Int64] = ["DAYS": 1, "WEEKS": 7]
  private static let months: [String: Int64] = [
    "MONTHS": 1, "YEARS": 12, "DECADES": 120, "CENTURIES": 1200, "MILLENNIA": 12000,
  ]

  @Sendable private static func dateAdd(_ value: Value, _ arguments: Arguments, _ evaluator: Evaluator) throws -> Value
  {
    let zone = try zone(arguments.optionalText(3), evaluator)
    let start = try moment(value, zone, arguments.optionalText(4))
    let sum = try adding(arguments.int(0), arguments.text(1).uppercased(), to: start, zone)
    return try format(sum, arguments, from: 2, evaluator)
  }

  private static func adding(_ amount: Int64, _ unit: String, to start: Moment, _ zone: TimeZone) throws -> Moment {
    // 10^14 seconds are three million years: nothing overflows below it, and what is beyond year 9999 is refused.
    guard amount.magnitude < 100_000_000_000_000 || nanos[unit] != nil else { throw Problem("the amount is too large") }
    var sum = start
    if let length = lengths[unit] {
      sum.seconds += amount * length
    } else if let length = nanos[unit] {
      let perSecond = 1_000_000_000 / length
      sum.seconds += Moment.floorDivide(amount, perSecond)
      sum.nanos += (amount - Moment.floorDivide(amount, perSecond) * perSecond) * length
      sum.seconds += sum.nanos / 1_000_000_000
      sum.nanos %= 1_000_000_000
    } else if let count = days[unit] {
      sum = zone.moment(zone.wallClock(start).adding(days: amount * count))
    } else if let count = months[unit] {
      guard amount.magnitude < 100_000 else { throw Problem("the amount is too large") }
      sum = zone.moment(zone.wallClock(start).adding(months: amount * count))
    } else {
      let known = [lengths, nanos, days, months].flatMap(\.keys).sorted()
      throw Problem(
        "unknown unit '\(unit)'", hint: suggestion(for: unit, in: known) ?? "Units are \(known.joined(separator: ", "))"
      )
    }
    guard sum.seconds.magnitude < 377_705_116_800 else { throw Problem("the result is beyond the year 9999") }
    return sum
  }
}
