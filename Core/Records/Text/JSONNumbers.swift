/// The numbers inside of a JSON text.
public enum JSONNumbers {
  /// Whether every number is an integer of 64 bits, with or without a sign, or one whose digits a double keeps: what a
  /// database can store that parses JSON into such numbers. Only for valid JSON.
  public static func fitMachineNumbers(_ text: Span<UInt8>) -> Bool {
    var at = 0
    while at < text.count {
      let byte = text[at]
      if byte == UInt8(ascii: "\"") {
        at = behindString(text, at)
      } else if byte == UInt8(ascii: "-") || byte &- 48 < 10 {
        let end = (at..<text.count).first { !isNumberByte(text[$0]) } ?? text.count
        guard fits(text.extracting(at..<end)) else { return false }
        at = end
      } else {
        at += 1
      }
    }
    return true
  }

  private static func behindString(_ text: Span<UInt8>, _ start: Int) -> Int {
    var at = start + 1
    while at < text.count, text[at] != UInt8(ascii: "\"") {
      at += text[at] == UInt8(ascii: "\\") ? 2 : 1
    }
    return at + 1
  }

  private static func isNumberByte(_ byte: UInt8) -> Bool {
    byte &- 48 < 10 || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+") || byte == UInt8(ascii: ".")
      || byte | 0x20 == UInt8(ascii: "e")
  }

  private static func fits(_ number: Span<UInt8>) -> Bool {
    if DecimalText.isShort(number, digits: 15) { return true }
    var integer: Int64 = 0
    if ValueParse.integer(number, into: &integer) == .ok { return true }
    var natural: UInt64 = 0
    if Digits.parse(number, into: &natural) == .ok { return true }
    var value = 0.0
    guard ValueParse.float64(number, into: &value) == .ok, value.isFinite else { return false }
    var text = ByteBuffer()
    ValueText.append(value, to: &text)
    return DecimalText.isSameNumber(text.span, number)
  }
}
