/// Reads the text of single values: strict, without allocation, and without a guess. Every text that `ValueText` writes
/// is read back as the same value.
public enum ValueParse {
  public typealias Text = UnsafeRawBufferPointer

  @inline(__always)
  static func bytes(_ text: Text) -> UnsafePointer<UInt8>? {
    unsafe text.baseAddress?.assumingMemoryBound(to: UInt8.self)
  }

  /// `true`, `false`, `t`, `f`, `yes`, `no`, `y`, `n`, `on`, `off`, `1`, `0`, in any case.
  public static func bool(_ text: Text, into value: inout Bool) -> ParseResult {
    if unsafe isWord(text, "true") || isWord(text, "t") || isWord(text, "1") || isWord(text, "yes") || isWord(text, "y")
      || isWord(text, "on")
    {
      value = true
      return .ok
    }
    if unsafe isWord(text, "false") || isWord(text, "f") || isWord(text, "0") || isWord(text, "no") || isWord(text, "n")
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
    for index in 0..<text.count {
      let byte = unsafe text[index]
      let lower = byte &- UInt8(ascii: "A") < 26 ? byte | 0x20 : byte
      if unsafe lower != word.utf8Start[index] { return false }
    }
    return true
  }

  /// An integer of a narrower type than 64 bits.
  @inline(__always)
  static func integer<T: FixedWidthInteger>(_ text: Text, into value: inout T) -> ParseResult {
    var wide: Int64 = 0
    let result = unsafe Digits.parse(text, into: &wide)
    if result != .ok { return result }
    guard let narrow = T(exactly: wide) else { return .outOfRange }
    value = narrow
    return .ok
  }

  /// 16 bytes from 32 hexadecimal digits: with the usual four dashes or with none, braces around them or not.
  public static func uuid(_ text: Text, into out: UnsafeMutablePointer<UInt8>) -> ParseResult {
    guard var base = unsafe bytes(text) else { return .malformed }
    var count = text.count
    if count >= 34, unsafe base[0] == UInt8(ascii: "{"), unsafe base[count - 1] == UInt8(ascii: "}") {
      unsafe base += 1
      count -= 2
    }
    guard count == 36 || count == 32 else { return .malformed }
    var at = 0
    for index in 0..<16 {
      if count == 36, index == 4 || index == 6 || index == 8 || index == 10 {
        if unsafe base[at] != UInt8(ascii: "-") { return .malformed }
        at += 1
      }
      guard let high = unsafe HexText.value(base[at]), let low = unsafe HexText.value(base[at + 1]) else {
        return .malformed
      }
      unsafe out[index] = high << 4 | low
      at += 2
    }
    return .ok
  }

  /// Pairs of hexadecimal digits, `\x` or `0x` in front or not; `out` has room for half of the text.
  static func hex(_ text: Text, to out: UnsafeMutablePointer<UInt8>) -> Int? {
    guard var base = unsafe bytes(text) else { return 0 }
    var count = text.count
    if count >= 2, unsafe base[1] | 0x20 == UInt8(ascii: "x"),
      unsafe base[0] == UInt8(ascii: "\\") || base[0] == UInt8(ascii: "0")
    {
      unsafe base += 2
      count -= 2
    }
    if count % 2 != 0 { return nil }
    for index in 0..<count / 2 {
      guard let high = unsafe HexText.value(base[index * 2]), let low = unsafe HexText.value(base[index * 2 + 1]) else {
        return nil
      }
      unsafe out[index] = high << 4 | low
    }
    return count / 2
  }

  /// RFC 4648 with its padding, also in the URL-safe alphabet; `out` has room for three quarters of the text.
  static func base64(_ text: Text, to out: UnsafeMutablePointer<UInt8>) -> Int? {
    guard let base = unsafe bytes(text), text.count > 0 else { return 0 }
    if text.count % 4 != 0 { return nil }
    var count = text.count
    while count > text.count - 2, unsafe base[count - 1] == UInt8(ascii: "=") { count -= 1 }
    var bits: UInt32 = 0
    var held = 0
    var length = 0
    for index in 0..<count {
      guard let six = unsafe base64Value(base[index]) else { return nil }
      bits = bits << 6 | UInt32(six)
      held += 6
      if held >= 8 {
        held -= 8
        unsafe out[length] = UInt8(truncatingIfNeeded: bits >> UInt32(held))
        length += 1
      }
    }
    // Bits that no byte takes must be zero, else two texts would mean the same bytes.
    return bits & (1 << UInt32(held) - 1) == 0 ? length : nil
  }

  @inline(__always)
  private static func base64Value(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x41...0x5A: byte - 0x41
    case 0x61...0x7A: byte - 0x61 + 26
    case 0x30...0x39: byte - 0x30 + 52
    case UInt8(ascii: "+"), UInt8(ascii: "-"): 62
    case UInt8(ascii: "/"), UInt8(ascii: "_"): 63
    default: nil
    }
  }
}
