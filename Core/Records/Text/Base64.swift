/// Base64 of RFC 4648.
public enum Base64 {
  private static let digits: [UInt8] = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  /// What is taken for Base64.
  public enum Rules: Sendable {
    /// A value of a record: with its padding, also in the URL-safe alphabet, and only one text for the same bytes.
    case record
    /// What people and tools write: padding may be missing.
    case loose
  }

  /// Appends the text of some bytes, with padding.
  public static func append(_ bytes: Span<UInt8>, to out: inout ByteBuffer) {
    let digits = digits.span
    out.append(upTo: (bytes.count + 2) / 3 * 4) { room in
      var at = 0
      while at < bytes.count {
        let left = bytes.count - at
        let high = UInt32(bytes[at]) << 16 | (left > 1 ? UInt32(bytes[at + 1]) << 8 : 0)
        let group = high | (left > 2 ? UInt32(bytes[at + 2]) : 0)
        room.append(digits[Int(group >> 18)])
        room.append(digits[Int(group >> 12 & 63)])
        room.append(left > 1 ? digits[Int(group >> 6 & 63)] : UInt8(ascii: "="))
        room.append(left > 2 ? digits[Int(group & 63)] : UInt8(ascii: "="))
        at += 3
      }
    }
  }

  /// Appends the bytes of a text to room for three quarters of it; false for a text that is none.
  public static func decode(_ text: Span<UInt8>, _ rules: Rules, to out: inout OutputSpan<UInt8>) -> Bool {
    if rules == .record && text.count % 4 != 0 { return false }
    let paddingStart = rules == .record ? max(0, text.count - 2) : 0
    var count = text.count
    while count > paddingStart, text[count - 1] == UInt8(ascii: "=") { count -= 1 }
    if count % 4 == 1 { return false }
    var bits: UInt32 = 0
    var held: UInt32 = 0
    for index in 0..<count {
      guard let six = value(text[index], rules) else { return false }
      bits = bits << 6 | UInt32(six)
      held += 6
      if held >= 8 {
        held -= 8
        out.append(UInt8(truncatingIfNeeded: bits >> held))
      }
    }
    // Bits that no byte takes must be zero, else two texts would mean the same bytes.
    return rules == .loose || bits & (1 << held - 1) == 0
  }

  @inline(__always)
  private static func value(_ byte: UInt8, _ rules: Rules) -> UInt8? {
    switch byte {
    case 0x41...0x5A: byte - 0x41
    case 0x61...0x7A: byte - 0x61 + 26
    case 0x30...0x39: byte - 0x30 + 52
    case UInt8(ascii: "+"): 62
    case UInt8(ascii: "/"): 63
    case UInt8(ascii: "-") where rules == .record: 62
    case UInt8(ascii: "_") where rules == .record: 63
    default: nil
    }
  }

  // MARK: a few bytes

  public static func encoded(_ bytes: [UInt8]) -> String {
    var out = ByteBuffer(capacity: (bytes.count + 2) / 3 * 4)
    append(bytes.span, to: &out)
    return out.string
  }

  /// Nil for a text that is none; padding may be missing.
  public static func decoded(_ text: String) -> [UInt8]? {
    let text = text.utf8
    var out = ByteBuffer(capacity: text.count)
    let isBase64 = out.append(upTo: text.count) { decode(text.span, .loose, to: &$0) }
    return isBase64 ? out.array : nil
  }
}
