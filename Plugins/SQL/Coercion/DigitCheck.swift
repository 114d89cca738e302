internal import Records

extension DigitLimit {
  /// Whether a number keeps all of its digits.
  func takes(_ text: Span<UInt8>) -> Bool {
    var (first, last, digits, point) = (Int?.none, 0, 0, Int?.none)
    for index in text.indices {
      let byte = text[index]
      if byte == UInt8(ascii: ".") {
        point = digits
      } else if byte &- 48 < 10 {
        digits += 1
        if byte != 48 {
          first = first ?? digits
          last = digits
        }
      } else if byte | 0x20 == UInt8(ascii: "e") {
        // Only JSON writes exponents; the text that comes back would be another one.
        return false
      }
    }
    guard let first else { return true }
    // Zeros behind the last digit count in front of the point only.
    let places = point ?? digits
    if let fraction, last - places > fraction { return false }
    if let total, max(last, places) - min(first - 1, places) > total { return false }
    return significant.map { last - first < $0 || last <= places && DigitLimit.isMachineInteger(text) } ?? true
  }

  /// Of a text without digits behind the point but zeros.
  private static func isMachineInteger(_ text: Span<UInt8>) -> Bool {
    var value: Int64 = 0
    return Digits.parse(text.extracting(first: text.firstIndex(of: UInt8(ascii: ".")) ?? text.count), into: &value)
      == .ok
  }
}
