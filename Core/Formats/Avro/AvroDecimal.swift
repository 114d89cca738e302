internal import Glibc
internal import Records

/// Decimals as Avro has them: the unscaled integer, big-endian two's complement, as long as it likes.
enum AvroDecimal {
  /// False when it takes more than 128 bits.
  @inline(__always)
  static func read(_ bytes: UnsafeRawBufferPointer, _ value: inout Int128) -> Bool {
    guard let base = bytes.baseAddress, bytes.count > 0 else {
      value = 0
      return true
    }
    // Up to 8 bytes by one load: those behind the number are readable and shifted out.
    if bytes.count <= 8 {
      let word = unsafe Int64(bigEndian: base.loadUnaligned(as: Int64.self))
      value = Int128(word &>> Int64(64 - bytes.count * 8))
      return true
    }
    return unsafe readLong(bytes, &value)
  }

  @inline(never)
  private static func readLong(_ bytes: UnsafeRawBufferPointer, _ value: inout Int128) -> Bool {
    let sign: UInt8 = unsafe bytes[0] & 0x80 == 0 ? 0 : 0xFF
    let extra = max(0, bytes.count - 16)
    for index in 0..<extra where unsafe bytes[index] != sign { return false }
    if extra > 0, unsafe (bytes[extra] ^ sign) & 0x80 != 0 { return false }
    var bits: UInt128 = sign == 0 ? 0 : .max
    for index in extra..<bytes.count { bits = unsafe bits << 8 | UInt128(bytes[index]) }
    value = Int128(truncatingIfNeeded: bits)
    return true
  }

  /// False when it takes more than 256 bits.
  static func read(_ bytes: UnsafeRawBufferPointer, _ value: inout Int256) -> Bool {
    let sign: UInt8 = unsafe bytes.isEmpty || bytes[0] & 0x80 == 0 ? 0 : 0xFF
    let extra = max(0, bytes.count - 32)
    for index in 0..<extra where unsafe bytes[index] != sign { return false }
    if extra > 0, unsafe (bytes[extra] ^ sign) & 0x80 != 0 { return false }
    let fill: UInt64 = sign == 0 ? 0 : .max
    var words = (fill, fill, fill, fill)
    func push(_ byte: UInt8) {
      words.3 = words.3 << 8 | words.2 >> 56
      words.2 = words.2 << 8 | words.1 >> 56
      words.1 = words.1 << 8 | words.0 >> 56
      words.0 = words.0 << 8 | UInt64(byte)
    }
    for index in extra..<bytes.count { unsafe push(bytes[index]) }
    value = Int256(words.0, words.1, words.2, words.3)
    return true
  }

  /// Bytes of the longest decimal that is read: 10,000 digits.
  static let maxBytes = 4_160

  /// Appends the digits; false, and nothing, for a number that is too long.
  static func append(_ bytes: UnsafeRawBufferPointer, scale: Int, to out: inout TextBuffer) -> Bool {
    var value = Int256.zero
    if unsafe read(bytes, &value), value.fits(digits: 76) {
      DecimalText.append(value, scale: scale, to: &out)
      return true
    }
    guard bytes.count <= maxBytes else { return false }
    unsafe appendLong(bytes, scale, to: &out)
    return true
  }

  private static func appendLong(_ bytes: UnsafeRawBufferPointer, _ scale: Int, to out: inout TextBuffer) {
    var magnitude = unsafe Array(bytes)
    if unsafe bytes[0] & 0x80 != 0 {
      out.append(byte: UInt8(ascii: "-"))
      negate(&magnitude)
    }
    var digits: [UInt8] = []
    while let first = magnitude.firstIndex(where: { $0 != 0 }) {
      magnitude.removeFirst(first)
      var rest = 0
      for index in magnitude.indices {
        let part = rest << 8 | Int(magnitude[index])
        magnitude[index] = UInt8(part / 10)
        rest = part % 10
      }
      digits.append(48 + UInt8(rest))
    }
    while digits.count <= scale { digits.append(48) }
    for (index, digit) in digits.reversed().enumerated() {
      if scale > 0, index == digits.count - scale { out.append(byte: UInt8(ascii: ".")) }
      out.append(byte: digit)
    }
  }

  static func negate(_ bytes: inout [UInt8]) {
    var carry = true
    for index in bytes.indices.reversed() {
      bytes[index] = ~bytes[index]
      if carry { (bytes[index], carry) = bytes[index].addingReportingOverflow(1) }
    }
  }
}
