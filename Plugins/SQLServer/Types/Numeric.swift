internal import Records

/// A decimal as the library has it (DBNUMERIC): precision, scale, sign, and the digits as a number, its highest byte
/// first, as wide as the precision needs.
enum Numeric {
  static let size = 35

  /// Bytes of a number by its digits, the sign's among them.
  private static let widths: [Int] = [
    1, 2, 2, 3, 3, 4, 4, 4, 5, 5, 6, 6, 6, 7, 7, 8, 8, 9, 9, 9, 10, 10, 11, 11, 11, 12, 12, 13, 13, 14, 14, 14, 15, 15,
    16, 16, 16, 17, 17,
  ]

  static func append(
    _ magnitude: UInt128, isNegative: Bool, precision: Int, scale: Int, to out: inout ByteBuffer
  ) {
    out.append(byte: UInt8(precision))
    out.append(byte: UInt8(scale))
    out.append(byte: isNegative ? 1 : 0)
    let count = widths[precision] - 1
    for place in 0..<count {
      out.append(byte: UInt8(truncatingIfNeeded: magnitude >> UInt128(8 * (count - 1 - place))))
    }
    out.append(repeating: 0, count: size - 3 - count)
  }

  /// Nil where the bytes are no decimal.
  static func value(_ bytes: Span<UInt8>) -> Int128? {
    guard bytes.count >= 3, bytes[0] <= 38 else { return nil }
    let count = widths[Int(bytes[0])] - 1
    guard bytes.count >= 3 + count else { return nil }
    var magnitude: Int128 = 0
    for place in 0..<count { magnitude = magnitude << 8 | Int128(bytes[3 + place]) }
    return bytes[2] == 0 ? magnitude : -magnitude
  }
}

/// The 1/300 seconds of a datetime.
enum Ticks {
  /// As the server shows them: rounded to milliseconds.
  @inline(__always)
  static func milliseconds(_ ticks: Int64) -> Int64 { (ticks * 10 + 1) / 3 }
}
