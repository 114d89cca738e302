/// Hexadecimal digits.
public enum HexText {
  /// Of a number below 16, in lower case.
  @inline(__always)
  static func digit(_ value: UInt8) -> UInt8 { value < 10 ? 48 + value : 87 + value }

  /// Of a number below 16, in upper case.
  static func capital(_ value: UInt8) -> UInt8 { value < 10 ? 48 + value : 55 + value }

  /// Two lower-case digits a byte.
  public static func encoded(_ bytes: [UInt8]) -> String {
    var out = ByteBuffer(capacity: bytes.count * 2)
    ValueText.append(hex: bytes.span, to: &out)
    return out.string
  }

  @inline(__always)
  static func value(_ digit: UInt8) -> UInt8? {
    if digit &- 48 < 10 { return digit &- 48 }
    let letter = (digit | 0x20) &- UInt8(ascii: "a")
    return letter < 6 ? letter + 10 : nil
  }
}
