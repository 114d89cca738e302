/// Dates, times, timestamps and intervals from ISO 8601 text.
extension ValueParse {
  /// A cursor over bytes that is passed `inout` on the stack.
  struct Cursor: ~Escapable {
    let text: Text
    var at = 0

    @_lifetime(copy text)
    init(_ text: Text) { self.text = text }

    @inline(__always) var count: Int { text.count }

    @inline(__always) var left: Int { count - at }
    /// 0 at the end.
    @inline(__always) var current: UInt8 { at < count ? text[at] : 0 }

    @inline(__always)
    mutating func skip(_ byte: UInt8) -> Bool {
      guard at < count, text[at] == byte else { return false }
      at += 1
      return true
    }

    /// Exactly two digits.
    @inline(__always)
    mutating func two() -> Int? {
      guard left >= 2 else { return nil }
      let tens = text[at] &- 48
      let ones = text[at + 1] &- 48
      guard tens < 10, ones < 10 else { return nil }
      at += 2
      return Int(tens) * 10 + Int(ones)
    }

    /// `minimum`…`maximum` digits.
    @inline(__always)
    mutating func digits(_ minimum: Int, _ maximum: Int) -> Int? {
      let start = at
      var value = 0
      while at < count, text[at] &- 48 < 10 {
        if at - start == maximum { return nil }
        value = value * 10 + Int(text[at] &- 48)
        at += 1
      }
      return at - start >= minimum ? value : nil
    }
  }

  /// `[±]YYYY-MM-DD`, more digits in the year allowed, ` BC` behind it counted as PostgreSQL does, or `[-]infinity`.
  public static func date(_ text: Text, into value: inout Int32) -> ParseResult {
    var cursor = Cursor(text)
    var days = 0
    let result = date(&cursor, into: &days)
    if result == .ok && cursor.left == 0 || result == .ok && takesBC(&cursor, &days) {
      // The extremes mean ±infinity.
      guard let narrow = Int32(exactly: days), narrow != .max, narrow != .min else { return .outOfRange }
      value = narrow
      return .ok
    }
    if infinity(text, into: &value) == .ok { return .ok }
    return result == .ok ? .malformed : result
  }

  @inline(__always)
  static func date(_ cursor: inout Cursor, into days: inout Int) -> ParseResult {
    let isNegative = cursor.current == UInt8(ascii: "-")
    if isNegative || cursor.current == UInt8(ascii: "+") { cursor.at += 1 }
    guard let digits = cursor.digits(4, 9), cursor.skip(UInt8(ascii: "-")), let month = cursor.two(),
      cursor.skip(UInt8(ascii: "-")), let day = cursor.two()
    else { return .malformed }
    let year = isNegative ? -digits : digits
    guard Calendar.isValid(year: year, month: month, day: day) else { return .malformed }
    days = Calendar.days(year: year, month: month, day: day)
    return .ok
  }

  /// The year 44 BC is the astronomical year -43.
  static func takesBC(_ cursor: inout Cursor, _ days: inout Int) -> Bool {
    guard cursor.left == 3, cursor.skip(0x20), cursor.current | 0x20 == UInt8(ascii: "b"),
      cursor.text[cursor.at + 1] | 0x20 == UInt8(ascii: "c")
    else { return false }
    let date = Calendar.date(days: days)
    let year = 1 - date.year
    guard date.year > 0, Calendar.isValid(year: year, month: date.month, day: date.day) else { return false }
    cursor.at += 2
    days = Calendar.days(year: year, month: date.month, day: date.day)
    return true
  }

  /// `HH:MM[:SS[.f…]]`, up to 24:00:00; digits behind the unit's last must be zeros.
  public static func time(_ text: Text, unit: TimeUnit, into value: inout Int64) -> ParseResult {
    var cursor = Cursor(text)
    var seconds = 0
    var fraction: Int64 = 0
    let result = clock(&cursor, unit, &seconds, &fraction)
    if result != .ok { return result }
    if cursor.left > 0 { return .malformed }
    value = Int64(seconds) * unit.perSecond + fraction
    return .ok
  }

  @inline(__always)
  static func clock(
    _ cursor: inout Cursor, _ unit: TimeUnit, _ seconds: inout Int, _ fraction: inout Int64
  ) -> ParseResult {
    guard let hour = cursor.two(), cursor.skip(UInt8(ascii: ":")), let minute = cursor.two() else { return .malformed }
    var second = 0
    var losesDigits = false
    fraction = 0
    if cursor.skip(UInt8(ascii: ":")) {
      guard let two = cursor.two() else { return .malformed }
      second = two
      if cursor.current == UInt8(ascii: ".") || cursor.current == UInt8(ascii: ",") {
        cursor.at += 1
        guard let loses = self.fraction(&cursor, unit, &fraction) else { return .malformed }
        losesDigits = loses
      }
    }
    guard minute < 60, second < 60, hour < 24 || (hour == 24 && minute == 0 && second == 0 && fraction == 0) else {
      return .malformed
    }
    seconds = hour * 3_600 + minute * 60 + second
    return losesDigits ? .losesDigits : .ok
  }

  /// The digits behind a point in units; true when there are more non-zero digits than the unit keeps.
  @inline(__always)
  private static func fraction(_ cursor: inout Cursor, _ unit: TimeUnit, _ value: inout Int64) -> Bool? {
    let kept = unit == .microseconds ? 6 : 9
    let start = cursor.at
    var loses = false
    while cursor.at < cursor.count, cursor.text[cursor.at] &- 48 < 10 {
      let digit = cursor.text[cursor.at] &- 48
      if cursor.at - start < kept { value = value * 10 + Int64(digit) } else if digit != 0 { loses = true }
      cursor.at += 1
    }
    let digits = cursor.at - start
    if digits == 0 { return nil }
    if digits < kept { value *= Int64(DecimalText.powers64[kept - digits]) }
    return loses
  }

  /// A date, `T` or a space, a time, and for an instant a zone: `Z`, `±HH`, `±HHMM`, `±HH:MM[:SS]`. An instant without
  /// a zone is read as UTC; a wall clock with one is malformed. A date alone is its midnight.
  public static func timestamp(_ text: Text, unit: TimeUnit, zoned: Bool, into value: inout Int64) -> ParseResult {
    var cursor = Cursor(text)
    var days = 0
    var result = date(&cursor, into: &days)
    if result != .ok { return infinity(text, into: &value) }
    var seconds = 0
    var fraction: Int64 = 0
    if cursor.left > 3, cursor.current | 0x20 == UInt8(ascii: "t") || cursor.current == 0x20 {
      cursor.at += 1
      result = clock(&cursor, unit, &seconds, &fraction)
      if result == .malformed { return result }
      if zoned, cursor.left > 0, !standsBeforeBC(cursor) {
        guard let offset = zone(&cursor) else { return .malformed }
        seconds -= offset
      }
    }
    if cursor.left > 0 && !takesBC(&cursor, &days) { return .malformed }
    if result != .ok { return result }
    guard
      let stamp = Calendar.timestamp(days: days, secondOfDay: seconds, fraction: fraction, perSecond: unit.perSecond),
      stamp != .max, stamp != .min
    else { return .outOfRange }
    value = stamp
    return .ok
  }

  /// Whether all that is left is ` BC`, in place of a zone.
  @inline(__always)
  static func standsBeforeBC(_ cursor: Cursor) -> Bool {
    cursor.left == 3 && cursor.text[cursor.at + 1] | 0x20 == UInt8(ascii: "b")
  }

  static func infinity<T: FixedWidthInteger>(_ text: Text, into value: inout T) -> ParseResult {
    if isWord(text, "infinity") {
      value = .max
      return .ok
    }
    if isWord(text, "-infinity") {
      value = .min
      return .ok
    }
    return .malformed
  }

  /// The offset east of Greenwich in seconds.
  static func zone(_ cursor: inout Cursor) -> Int? {
    _ = cursor.skip(0x20)
    if cursor.current | 0x20 == UInt8(ascii: "z") {
      cursor.at += 1
      return 0
    }
    let isNegative = cursor.current == UInt8(ascii: "-")
    guard isNegative || cursor.current == UInt8(ascii: "+") else { return nil }
    cursor.at += 1
    guard let hours = cursor.two(), hours < 24 else { return nil }
    var minutes = 0
    var seconds = 0
    if cursor.skip(UInt8(ascii: ":")) || cursor.current &- 48 < 10 {
      guard let two = cursor.two(), two < 60 else { return nil }
      minutes = two
      if cursor.skip(UInt8(ascii: ":")) {
        guard let two = cursor.two(), two < 60 else { return nil }
        seconds = two
      }
    }
    let offset = hours * 3_600 + minutes * 60 + seconds
    return isNegative ? -offset : offset
  }

  /// ISO 8601: `PnYnMnWnDTnHnMn.nS`, each part with its own sign, a sign in front for all of them.
  public static func interval(_ text: Text, into value: inout Interval) -> ParseResult {
    var cursor = Cursor(text)
    let isNegative = cursor.skip(UInt8(ascii: "-"))
    if !isNegative { _ = cursor.skip(UInt8(ascii: "+")) }
    guard cursor.skip(UInt8(ascii: "P")) else { return .malformed }
    var months: Int128 = 0
    var days: Int128 = 0
    var nanoseconds: Int128 = 0
    var isTime = false
    var parts = 0
    var losesDigits = false
    while cursor.left > 0 {
      if !isTime, cursor.skip(UInt8(ascii: "T")) {
        isTime = true
        if cursor.left == 0 { return .malformed }
        continue
      }
      // The number in nanoseconds of its unit.
      var number: Int128 = 0
      let start = cursor.at
      while cursor.left > 0, cursor.current < 0x40 { cursor.at += 1 }
      let result = DecimalText.parse128(
        text.extracting(start..<cursor.at), precision: 28, scale: 9, into: &number)
      if result == .losesDigits { losesDigits = true } else if result != .ok { return result }
      let whole = number / 1_000_000_000
      let hasFraction = number % 1_000_000_000 != 0
      switch (isTime, cursor.current) {
      case (false, UInt8(ascii: "Y")): months += whole * 12
      case (false, UInt8(ascii: "M")): months += whole
      case (false, UInt8(ascii: "W")): days += whole * 7
      case (false, UInt8(ascii: "D")): days += whole
      case (true, UInt8(ascii: "H")): nanoseconds += whole * 3_600_000_000_000
      case (true, UInt8(ascii: "M")): nanoseconds += whole * 60_000_000_000
      case (true, UInt8(ascii: "S")): nanoseconds += number
      default: return .malformed
      }
      if hasFraction && cursor.current != UInt8(ascii: "S") { return .malformed }
      cursor.at += 1
      parts += 1
    }
    if parts == 0 { return .malformed }
    if losesDigits { return .losesDigits }
    let sign: Int128 = isNegative ? -1 : 1
    guard let m = Int32(exactly: sign * months), let d = Int32(exactly: sign * days),
      let n = Int64(exactly: sign * nanoseconds)
    else { return .outOfRange }
    value = Interval(months: m, days: d, nanoseconds: n)
    return .ok
  }
}
