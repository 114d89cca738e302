extension ValueText {
  /// The wall clock, then how far it is ahead of UTC: `2026-11-21T10:00:00.123456700+05:30`. The offset is written also
  /// where it is zero, its hours with as many digits as they need.
  public static func append(
    _ value: OffsetTimestamp, unit: TimeUnit, separator: UInt8 = UInt8(ascii: "T"), to out: inout ByteBuffer
  ) {
    if value.instant == .max || value.instant == .min {
      out.append(value.instant == .max ? "infinity" : "-infinity")
      // Only files of others have an offset there.
      return value.minutes == 0 ? () : append(offset: value.minutes, to: &out)
    }
    let moment = Calendar.moment(value.instant, perSecond: unit.perSecond, ahead: Int(value.minutes) * 60)
    append(moment.date, to: &out)
    out.append(byte: separator)
    appendClock(moment.secondOfDay, moment.fraction, unit, to: &out)
    append(offset: value.minutes, to: &out)
  }

  /// `+05:30`.
  public static func append(offset minutes: Int16, to out: inout ByteBuffer) {
    out.append(byte: minutes < 0 ? UInt8(ascii: "-") : UInt8(ascii: "+"))
    let (hours, rest) = UInt64(minutes.magnitude).quotientAndRemainder(dividingBy: 60)
    Digits.appendPadded(hours, hours < 100 ? 2 : 3, to: &out)
    out.append(byte: UInt8(ascii: ":"))
    Digits.appendPadded(rest, 2, to: &out)
  }
}

extension ValueParse {
  /// A date, `T` or a space, a time, and the offset of its clock: `Z`, `±HH`, `±HHMM`, `±HH:MM`. As for an instant, a
  /// text without a zone is read as UTC and a date alone is its midnight. An offset with seconds has digits that the
  /// type does not keep.
  public static func offsetTimestamp(_ text: Text, unit: TimeUnit, into value: inout OffsetTimestamp) -> ParseResult {
    var cursor = Cursor(text)
    var days = 0
    var result = date(&cursor, into: &days)
    if result != .ok { return infinity(text, into: &value) }
    var seconds = 0
    var fraction: Int64 = 0
    var offset = 0
    var zone = ParseResult.ok
    if cursor.left > 3, cursor.current | 0x20 == UInt8(ascii: "t") || cursor.current == 0x20 {
      cursor.at += 1
      result = clock(&cursor, unit, &seconds, &fraction)
      if result == .malformed { return result }
      if cursor.left > 0, !standsBeforeBC(cursor) { zone = zoneMinutes(&cursor, &offset) }
    }
    if zone == .malformed || cursor.left > 0 && !takesBC(&cursor, &days) { return .malformed }
    if result != .ok || zone != .ok { return result == .ok ? zone : result }
    guard let minutes = Int16(exactly: offset),
      let stamp = Calendar.timestamp(
        days: days, secondOfDay: seconds - offset * 60, fraction: fraction, perSecond: unit.perSecond),
      stamp != .max, stamp != .min
    else { return .outOfRange }
    value = OffsetTimestamp(instant: stamp, minutes: minutes)
    return .ok
  }

  private static func infinity(_ text: Text, into value: inout OffsetTimestamp) -> ParseResult {
    if text.isEmpty { return .malformed }
    var cursor = Cursor(text)
    cursor.at = min(text.count, text[0] == UInt8(ascii: "-") ? 9 : 8)
    let word = text.extracting(first: cursor.at)
    var found = OffsetTimestamp(instant: 0, minutes: 0)
    guard infinity(word, into: &found.instant) == .ok else { return .malformed }
    var offset = 0
    if cursor.left > 0 {
      let result = zoneMinutes(&cursor, &offset)
      if result != .ok || cursor.left > 0 { return result == .ok ? .malformed : result }
    }
    guard let minutes = Int16(exactly: offset) else { return .outOfRange }
    found.minutes = minutes
    value = found
    return .ok
  }

  /// The offset east of Greenwich. Hours may have three digits where a colon follows: Arrow's offsets reach to ±546:07.
  private static func zoneMinutes(_ cursor: inout Cursor, _ minutes: inout Int) -> ParseResult {
    _ = cursor.skip(0x20)
    if cursor.skip(UInt8(ascii: "Z")) || cursor.skip(UInt8(ascii: "z")) { return .ok }
    let isNegative = cursor.current == UInt8(ascii: "-")
    guard isNegative || cursor.current == UInt8(ascii: "+") else { return .malformed }
    cursor.at += 1
    guard var hours = cursor.two() else { return .malformed }
    if cursor.left > 1, cursor.current &- 48 < 10, cursor.text[cursor.at + 1] == UInt8(ascii: ":") {
      hours = hours * 10 + Int(cursor.current &- 48)
      cursor.at += 1
    }
    var rest = 0
    var seconds = 0
    if cursor.skip(UInt8(ascii: ":")) || cursor.current &- 48 < 10 {
      guard let two = cursor.two(), two < 60 else { return .malformed }
      rest = two
      if cursor.skip(UInt8(ascii: ":")) {
        guard let two = cursor.two(), two < 60 else { return .malformed }
        seconds = two
      }
    }
    minutes = (hours * 60 + rest) * (isNegative ? -1 : 1)
    return seconds == 0 ? .ok : .losesDigits
  }
}
