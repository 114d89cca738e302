/// Base64 (RFC 4648) of a few bytes; rows have an encoder of their own.
public enum Base64 {
  private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  public static func encoded(_ bytes: [UInt8]) -> String {
    var output: [UInt8] = []
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let group = bytes[start..<min(start + 3, bytes.count)]
      let bits = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
      for place in 0..<4 {
        output.append(place <= group.count ? alphabet[bits >> (18 - 6 * place) & 63] : UInt8(ascii: "="))
      }
    }
    return String(decoding: output, as: UTF8.self)
  }

  /// Nil for a text that is none; padding may be missing.
  public static func decoded(_ text: String) -> [UInt8]? {
    var digits = Array(text.utf8)
    while digits.last == UInt8(ascii: "=") { digits.removeLast() }
    var output: [UInt8] = []
    var bits = 0
    var count = 0
    for digit in digits {
      guard let value = alphabet.firstIndex(of: digit) else { return nil }
      bits = (bits << 6 | value) & 0xFFFF
      count += 6
      if count >= 8 {
        count -= 8
        output.append(UInt8(truncatingIfNeeded: bits >> count))
      }
    }
    return digits.count % 4 == 1 ? nil : output
  }
}

/// `%HH` in URLs.
public enum PercentEncoding {
  /// The bytes that a text stands for; nil where a `%` is not followed by two hexadecimal digits.
  /// - Parameter plusIsSpace: as in forms and queries.
  public static func decoded(_ text: some StringProtocol, plusIsSpace: Bool = false) -> [UInt8]? {
    var output: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        output.append(plusIsSpace && byte == UInt8(ascii: "+") ? 32 : byte)
        continue
      }
      let digits = rest.prefix(2)
      // A number may have a sign, an escape not.
      guard digits.count == 2, digits.allSatisfy(\.isHexDigit),
        let code = UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
      else { return nil }
      output.append(code)
      rest = rest.dropFirst(2)
    }
    return output
  }
}
