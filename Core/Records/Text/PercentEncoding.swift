/// `%HH` in URLs.
public enum PercentEncoding {
  /// The text with all bytes but some as `%HH`.
  /// - Parameter keeps: which bytes stay as they are.
  public static func encoded(_ text: String, keeping keeps: (UInt8) -> Bool) -> String {
    var out = ByteBuffer(capacity: text.utf8.count)
    for byte in text.utf8 {
      if keeps(byte) {
        out.append(byte: byte)
      } else {
        out.append(byte: UInt8(ascii: "%"))
        out.append(byte: HexText.capital(byte >> 4))
        out.append(byte: HexText.capital(byte & 15))
      }
    }
    return out.string
  }

  /// Letters, digits and `-._~`, which mean the same everywhere in a URL (RFC 3986).
  public static func isUnreserved(_ byte: UInt8) -> Bool {
    byte &- 48 < 10 || (byte | 0x20) &- 0x61 < 26 || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
      || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "~")
  }

  /// The bytes that a text stands for; nil where a `%` is not followed by two hexadecimal digits.
  /// - Parameter plusIsSpace: as in forms and queries.
  public static func decoded(_ text: some StringProtocol, plusIsSpace: Bool = false) -> [UInt8]? {
    let text = Array(text.utf8)
    var out: [UInt8] = []
    var at = 0
    while at < text.count {
      if text[at] != UInt8(ascii: "%") {
        out.append(plusIsSpace && text[at] == UInt8(ascii: "+") ? 0x20 : text[at])
        at += 1
        continue
      }
      guard at + 2 < text.count, let high = HexText.value(text[at + 1]), let low = HexText.value(text[at + 2]) else {
        return nil
      }
      out.append(high << 4 | low)
      at += 3
    }
    return out
  }
}
