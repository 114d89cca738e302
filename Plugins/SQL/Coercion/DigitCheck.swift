internal import Records

extension DigitLimit {
  /// Whether a number, as text without an exponent, keeps all of its digits.
  package func takes(_ text: Span<UInt8>) -> Bool {
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
      }
    }
    guard let first else { return true }
    // Zeros behind the last digit count in front of the point only.
    let places = point ?? digits
    if let fraction, last - places > fraction { return false }
    return total.map { max(last, places) - min(first - 1, places) <= $0 } ?? true
  }
}
