internal import Records

/// Reads dates and times by a pattern of Java's `DateTimeFormatter` such as `yyyy-MM-dd'T'HH:mm[:ss][.SSSSSS][XXX]`.
/// Parts in brackets may be absent; a fraction may have fewer digits than its pattern.
struct AvroPattern: Sendable {
  /// What a text had.
  struct Fields {
    var year = 1970
    var month = 1
    var day = 1
    var hour = 0
    var minute = 0
    var second = 0
    var nanosecond: Int64 = 0
    /// Seconds east of Greenwich.
    var offset: Int?
    var hasDate = false
    var hasTime = false

    var days: Int { Calendar.days(year: year, month: month, day: day) }
    var nanosecondOfDay: Int64 { Int64(hour * 3_600 + minute * 60 + second) * 1_000_000_000 + nanosecond }
    fileprivate var isValid: Bool {
      (!hasDate || Calendar.isValid(year: year, month: month, day: day)) && hour < 24 && minute < 60 && second < 60
    }
  }

  private let steps: [DatePatternPart]

  /// - Parameter property: what the pattern came from, for messages.
  init(_ pattern: String, property: String) throws {
    func wrong(_ reason: String) -> Failure {
      Failure(
        .configuration, "'\(property)' is '\(pattern)': \(reason)",
        hint: "It is a pattern as Java's DateTimeFormatter has them")
    }
    do throws(DatePatternPart.Problem) {
      steps = try DatePatternPart.parse(pattern, hasOptionals: true)
    } catch {
      throw wrong(error.reason)
    }
    if let unknown = AvroPattern.unknown(steps) { throw wrong("'\(unknown)' cannot be read") }
  }

  /// The first field that cannot be read.
  private static func unknown(_ steps: [DatePatternPart]) -> String? {
    for step in steps {
      switch step {
      case .literal: continue
      case .optional(let inner): if let unknown = unknown(inner) { return unknown }
      case .field(let letter, let count):
        if "yuMdHmsSXxZn".utf8.contains(letter), letter != UInt8(ascii: "M") || count <= 2 { continue }
        return String(repeating: Character(Unicode.Scalar(letter)), count: count)
      }
    }
    return nil
  }

  // MARK: reading

  /// Nil when the text is not as the pattern says, or no date or time that exists.
  func read(_ text: String) -> Fields? {
    let bytes = Array(text.utf8)
    var fields = Fields()
    var at = 0
    guard AvroPattern.read(steps, bytes, &at, &fields), at == bytes.count, fields.isValid else { return nil }
    return fields
  }

  private static func read(_ steps: [DatePatternPart], _ text: [UInt8], _ at: inout Int, _ fields: inout Fields) -> Bool
  {
    for (index, step) in steps.enumerated() {
      switch step {
      case .literal(let literal):
        guard text[at...].starts(with: literal.utf8) else { return false }
        at += literal.utf8.count
      case .optional(let inner):
        let saved = (at, fields)
        if !read(inner, text, &at, &fields) { (at, fields) = saved }
      case .field(let letter, let count):
        // Digits that the next field needs are not this one's: yyyyMMdd.
        var isFollowed = false
        if index + 1 < steps.count, case .field = steps[index + 1] { isFollowed = true }
        guard field(letter, count, isFollowed, text, &at, &fields) else { return false }
      }
    }
    return true
  }

  private static func field(
    _ letter: UInt8, _ count: Int, _ isFollowed: Bool, _ text: [UInt8], _ at: inout Int, _ fields: inout Fields
  ) -> Bool {
    if letter | 0x20 == UInt8(ascii: "x") || letter == UInt8(ascii: "Z") { return zone(text, &at, &fields) }
    let isFraction = letter == UInt8(ascii: "S")
    let most =
      isFollowed ? count : letter | 0x20 == UInt8(ascii: "y") || letter == UInt8(ascii: "u") ? 9 : max(count, 2)
    let start = at
    var number = 0
    while at < text.count, at - start < (isFraction ? 9 : most), text[at] &- 48 < 10 {
      number = number * 10 + Int(text[at] &- 48)
      at += 1
    }
    let digits = at - start
    guard digits > 0, isFraction || digits >= min(count, 4) else { return false }
    switch letter {
    case UInt8(ascii: "y"), UInt8(ascii: "u"): fields.year = count == 2 ? 2_000 + number : number
    case UInt8(ascii: "M"): fields.month = number
    case UInt8(ascii: "d"): fields.day = number
    case UInt8(ascii: "H"): fields.hour = number
    case UInt8(ascii: "m"): fields.minute = number
    case UInt8(ascii: "s"): fields.second = number
    default:
      var fraction = Int64(number)
      for _ in digits..<9 { fraction *= 10 }
      fields.nanosecond = fraction
    }
    if "yuMd".utf8.contains(letter) { fields.hasDate = true } else { fields.hasTime = true }
    return true
  }

  private static func zone(_ text: [UInt8], _ at: inout Int, _ fields: inout Fields) -> Bool {
    guard at < text.count else { return false }
    if text[at] | 0x20 == UInt8(ascii: "z") {
      fields.offset = 0
      at += 1
      return true
    }
    let sign = text[at] == UInt8(ascii: "+") ? 1 : text[at] == UInt8(ascii: "-") ? -1 : 0
    guard sign != 0 else { return false }
    at += 1
    var parts: [Int] = []
    while parts.count < 3, at + 2 <= text.count, text[at] &- 48 < 10, text[at + 1] &- 48 < 10 {
      parts.append(Int(text[at] &- 48) * 10 + Int(text[at + 1] &- 48))
      at += 2
      if at < text.count, text[at] == UInt8(ascii: ":") { at += 1 }
    }
    guard let hours = parts.first, hours <= 18 else { return false }
    let minutes = parts.count > 1 ? parts[1] : 0
    let seconds = parts.count > 2 ? parts[2] : 0
    fields.offset = sign * (hours * 3_600 + minutes * 60 + seconds)
    return true
  }
}
