/// How bytes are written as text.
public enum BytesText: String, Sendable, CaseIterable {
  /// RFC 4648, with padding.
  case base64
  /// Two lower-case digits a byte.
  case hex
}

/// The canonical text of single values, appended to a buffer. `ValueParse` reads all of it back.
public enum ValueText {
  /// The text of one value; empty for NULL. For messages and outputs, not for a loop.
  public static func string(of column: Column, at row: Int) -> String {
    var out = ByteBuffer()
    TextFormatter(column).append(row, to: &out)
    return out.string
  }

  public static func append(_ value: Bool, to out: inout ByteBuffer) { out.append(value ? "true" : "false") }

  /// The shortest text that reads back as the same number; `NaN`, `Infinity`, `-Infinity`.
  public static func append(_ value: Double, to out: inout ByteBuffer) {
    if value.isFinite { return out.append(text: value.description) }
    appendNonFinite(isNaN: value.isNaN, isNegative: value < 0, to: &out)
  }

  public static func append(_ value: Float, to out: inout ByteBuffer) {
    if value.isFinite { return out.append(text: value.description) }
    appendNonFinite(isNaN: value.isNaN, isNegative: value < 0, to: &out)
  }

  private static func appendNonFinite(isNaN: Bool, isNegative: Bool, to out: inout ByteBuffer) {
    out.append(isNaN ? "NaN" : isNegative ? "-Infinity" : "Infinity")
  }

  // MARK: dates and times

  /// `2024-02-29`; years before 1 as ISO's astronomical ones with a sign (`-0043-03-15` is 44 BC), years past 9999 with
  /// as many digits as they need; `infinity`, `-infinity`.
  public static func append(date days: Int32, to out: inout ByteBuffer) {
    if days == .max { return out.append("infinity") }
    if days == .min { return out.append("-infinity") }
    append(Calendar.date(days: Int(days)), to: &out)
  }

  static func append(_ date: Calendar.Date, to out: inout ByteBuffer) {
    var room = unsafe out.reserve(32)
    let start = unsafe room
    if date.year < 0 {
      unsafe room[0] = UInt8(ascii: "-")
      unsafe room += 1
    }
    let year = UInt64(date.year.magnitude)
    let digits = max(4, Digits.count(year))
    unsafe Digits.writePadded(year, digits, to: room)
    unsafe room += digits
    unsafe room[0] = UInt8(ascii: "-")
    unsafe Digits.writePadded(UInt64(date.month), 2, to: room + 1)
    unsafe room[3] = UInt8(ascii: "-")
    unsafe Digits.writePadded(UInt64(date.day), 2, to: room + 4)
    unsafe out.advance(room - start + 6)
  }

  /// `HH:MM:SS[.ffffff]`, nine digits for nanoseconds; 24:00:00 is itself.
  public static func append(time value: Int64, unit: TimeUnit, to out: inout ByteBuffer) {
    if value < 0 { out.append(byte: UInt8(ascii: "-")) }
    let (seconds, fraction) = value.magnitude.quotientAndRemainder(dividingBy: UInt64(unit.perSecond))
    appendClock(Int(seconds), Int(fraction), unit, to: &out)
  }

  /// `2024-02-29T12:00:00[.ffffff][Z]`; `Z` for an instant. `separator` stands between date and time.
  public static func append(
    timestamp value: Int64, unit: TimeUnit, zoned: Bool, separator: UInt8 = UInt8(ascii: "T"), to out: inout ByteBuffer
  ) {
    if value == .max { return out.append("infinity") }
    if value == .min { return out.append("-infinity") }
    let moment = Calendar.moment(value, perSecond: unit.perSecond)
    append(moment.date, to: &out)
    out.append(byte: separator)
    appendClock(moment.secondOfDay, moment.fraction, unit, to: &out)
    if zoned { out.append(byte: UInt8(ascii: "Z")) }
  }

  static func appendClock(_ seconds: Int, _ fraction: Int, _ unit: TimeUnit, to out: inout ByteBuffer) {
    let hour = UInt64(seconds / 3_600)
    let digits = hour < 100 ? 2 : Digits.count(hour)
    let room = unsafe out.reserve(40)
    unsafe Digits.writePadded(hour, digits, to: room)
    unsafe room[digits] = UInt8(ascii: ":")
    unsafe Digits.writePadded(UInt64(seconds / 60 % 60), 2, to: room + digits + 1)
    unsafe room[digits + 3] = UInt8(ascii: ":")
    unsafe Digits.writePadded(UInt64(seconds % 60), 2, to: room + digits + 4)
    out.advance(digits + 6)
    if fraction == 0 { return }
    out.append(byte: UInt8(ascii: "."))
    Digits.appendPadded(UInt64(fraction), unit == .microseconds ? 6 : 9, to: &out)
  }

  /// ISO 8601 with a sign at each part that needs one: `P1Y2M3DT4H5M6.789S`, `P-3D`, `PT0S`.
  public static func append(_ value: Interval, to out: inout ByteBuffer) {
    out.append(byte: UInt8(ascii: "P"))
    appendPart(Int64(value.months / 12), "Y", to: &out)
    appendPart(Int64(value.months % 12), "M", to: &out)
    appendPart(Int64(value.days), "D", to: &out)
    if value.nanoseconds == 0 {
      if value.months == 0 && value.days == 0 { out.append("T0S") }
      return
    }
    out.append(byte: UInt8(ascii: "T"))
    let perSecond = TimeUnit.nanoseconds.perSecond
    appendPart(value.nanoseconds / (3_600 * perSecond), "H", to: &out)
    appendPart(value.nanoseconds / (60 * perSecond) % 60, "M", to: &out)
    let seconds = value.nanoseconds % (60 * perSecond)
    if seconds == 0 { return }
    DecimalText.append(Int128(seconds), scale: 9, to: &out)
    var length = out.count
    while out[length - 1] == 48 { length -= 1 }
    if out[length - 1] == UInt8(ascii: ".") { length -= 1 }
    out.truncate(to: length)
    out.append(byte: UInt8(ascii: "S"))
  }

  private static func appendPart(_ value: Int64, _ unit: StaticString, to out: inout ByteBuffer) {
    if value == 0 { return }
    Digits.append(value, to: &out)
    out.append(unit)
  }

  // MARK: bytes

  /// 16 bytes as `8-4-4-4-12` lower-case hexadecimal digits.
  public static func append(uuid bytes: Span<UInt8>, to out: inout ByteBuffer) {
    out.append(upTo: 36) {
      for index in 0..<16 {
        if index == 4 || index == 6 || index == 8 || index == 10 { $0.append(UInt8(ascii: "-")) }
        $0.append(HexText.digit(bytes[index] >> 4))
        $0.append(HexText.digit(bytes[index] & 15))
      }
    }
  }

  /// Two lower-case hexadecimal digits a byte.
  public static func append(hex bytes: Span<UInt8>, to out: inout ByteBuffer) {
    out.append(upTo: bytes.count * 2) {
      for index in bytes.indices {
        $0.append(HexText.digit(bytes[index] >> 4))
        $0.append(HexText.digit(bytes[index] & 15))
      }
    }
  }
}
