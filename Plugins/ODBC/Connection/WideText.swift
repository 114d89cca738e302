internal import Records

/// Texts as the wide functions of ODBC take them: UTF-16, with a zero at the end.
enum WideText {
  static func units(_ text: String) -> [UInt16] { Array(text.utf16) + [0] }

  static func string(_ units: some Sequence<UInt16>) -> String { String(decoding: Array(units), as: UTF16.self) }

  /// A text in room for so many units, of which `length` are used.
  static func string(_ units: [UInt16], _ length: Int) -> String {
    string(units.prefix(min(max(length, 0), units.count)).prefix { $0 != 0 })
  }

  /// Appends UTF-16 as UTF-8.
  /// - Returns: whether all of it is whole; half of a surrogate pair stands there as three bytes of its own, which are
  ///   no valid UTF-8.
  @inline(__always)
  static func append(_ units: Span<UInt16>, to out: inout OutputSpan<UInt8>) -> Bool {
    var isWhole = true
    var at = 0
    while at < units.count {
      let unit = units[at]
      at += 1
      if unit < 0x80 {
        out.append(UInt8(truncatingIfNeeded: unit))
      } else {
        isWhole = appendLong(unit, units, &at, to: &out) && isWhole
      }
    }
    return isWhole
  }

  private static func appendLong(
    _ unit: UInt16, _ units: Span<UInt16>, _ at: inout Int, to out: inout OutputSpan<UInt8>
  ) -> Bool {
    var scalar = UInt32(unit)
    var isWhole = true
    if unit & 0xF800 == 0xD800 {
      if unit < 0xDC00, at < units.count, units[at] & 0xFC00 == 0xDC00 {
        scalar = 0x10000 + (scalar - 0xD800) << 10 + (UInt32(units[at]) - 0xDC00)
        at += 1
      } else {
        isWhole = false
      }
    }
    append(scalar, to: &out)
    return isWhole
  }

  private static func append(_ scalar: UInt32, to out: inout OutputSpan<UInt8>) {
    func part(_ shift: UInt32) -> UInt8 { UInt8(truncatingIfNeeded: scalar >> shift & 0x3F) | 0x80 }
    if scalar < 0x800 {
      out.append(UInt8(truncatingIfNeeded: scalar >> 6) | 0xC0)
    } else if scalar < 0x10000 {
      out.append(UInt8(truncatingIfNeeded: scalar >> 12) | 0xE0)
      out.append(part(6))
    } else {
      out.append(UInt8(truncatingIfNeeded: scalar >> 18) | 0xF0)
      out.append(part(12))
      out.append(part(6))
    }
    out.append(part(0))
  }

  /// How many units a valid UTF-8 text takes.
  static func count(_ text: Span<UInt8>) -> Int {
    var count = 0
    for index in text.indices { count += text[index] & 0xC0 == 0x80 ? 0 : text[index] >= 0xF0 ? 2 : 1 }
    return count
  }

  /// Appends valid UTF-8 as UTF-16.
  static func append(_ text: Span<UInt8>, to out: inout OutputSpan<UInt8>) {
    var at = 0
    while at < text.count {
      let first = text[at]
      if first < 0x80 {
        out.append(little: UInt16(first))
        at += 1
        continue
      }
      let length = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4
      var scalar = UInt32(first) & (0x7F >> UInt32(length))
      for offset in 1..<length { scalar = scalar << 6 | UInt32(text[at + offset] & 0x3F) }
      at += length
      if scalar < 0x10000 {
        out.append(little: UInt16(truncatingIfNeeded: scalar))
      } else {
        out.append(little: UInt16(truncatingIfNeeded: 0xD800 + (scalar - 0x10000) >> 10))
        out.append(little: UInt16(truncatingIfNeeded: 0xDC00 + (scalar - 0x10000) & 0x3FF))
      }
    }
  }
}
