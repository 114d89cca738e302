/// Reads the text of single values: strict, without allocation, and without a guess. Every text that `ValueText` writes
/// is read back as the same value.
public enum ValueParse {
  public typealias Text = Span<UInt8>

  /// `true`, `false`, `t`, `f`, `yes`, `no`, `y`, `n`, `on`, `off`, `1`, `0`, in any case.
  public static func bool(_ text: Text, into value: inout Bool) -> ParseResult {
    if isWord(text, "true") || isWord(text, "t") || isWord(text, "1") || isWord(text, "yes") || isWord(text, "y")
      || isWord(text, "on")
    {
      value = true
      return .ok
    }
    if isWord(text, "false") || isWord(text, "f") || isWord(text, "0") || isWord(text, "no") || isWord(text, "n")
      || isWord(text, "off")
    {
      value = false
      return .ok
    }
    return .malformed
  }

  /// Compares with a lower-case ASCII word, without regard to case.
  @inline(__always)
  static func isWord(_ text: Text, _ word: StaticString) -> Bool {
    guard text.count == word.utf8CodeUnitCount else { return false }
    for index in text.indices {
      let byte = text[index]
      let lower = byte &- UInt8(ascii: "A") < 26 ? byte | 0x20 : byte
      if unsafe lower != word.utf8Start[index] { return false }
    }
    return true
  }

  /// An integer of a narrower type than 64 bits.
  @inline(__always)
  static func integer<T: FixedWidthInteger>(_ text: Text, into value: inout T) -> ParseResult {
    var wide: Int64 = 0
    let result = Digits.parse(text, into: &wide)
    if result != .ok { return result }
    guard let narrow = T(exactly: wide) else { return .outOfRange }
    value = narrow
    return .ok
  }

  /// 16 bytes, in their order in memory, from 32 hexadecimal digits: with the usual four dashes or with none, braces
  /// around them or not.
  public static func uuid(_ text: Text, into value: inout UInt128) -> ParseResult {
    var text = text
    if text.count >= 34, text[0] == UInt8(ascii: "{"), text[text.count - 1] == UInt8(ascii: "}") {
      text = text.extracting(1..<text.count - 1)
    }
    let count = text.count
    guard count == 36 || count == 32 else { return .malformed }
    var at = 0
    var bytes: UInt128 = 0
    for index in 0..<16 {
      if count == 36, index == 4 || index == 6 || index == 8 || index == 10 {
        if text[at] != UInt8(ascii: "-") { return .malformed }
        at += 1
      }
      guard let high = HexText.value(text[at]), let low = HexText.value(text[at + 1]) else { return .malformed }
      bytes = bytes << 8 | UInt128(high << 4 | low)
      at += 2
    }
    value = bytes.bigEndian
    return .ok
  }

  /// Pairs of hexadecimal digits, `\x` or `0x` in front or not; `out` has room for half of the text.
  static func hex(_ text: Text, to out: inout OutputSpan<UInt8>) -> ParseResult {
    var text = text
    if text.count >= 2, text[1] | 0x20 == UInt8(ascii: "x"),
      text[0] == UInt8(ascii: "\\") || text[0] == UInt8(ascii: "0")
    {
      text = text.extracting(droppingFirst: 2)
    }
    if text.count % 2 != 0 { return .malformed }
    for index in 0..<text.count / 2 {
      guard let high = HexText.value(text[index * 2]), let low = HexText.value(text[index * 2 + 1]) else {
        return .malformed
      }
      out.append(high << 4 | low)
    }
    return .ok
  }
}
