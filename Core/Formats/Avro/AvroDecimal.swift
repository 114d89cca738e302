internal import Records

/// Decimals as Avro has them: the unscaled integer, big-endian two's complement, as long as it likes.
enum AvroDecimal {
  /// False when it takes more than 128 bits.
  @inline(__always)
  static func read(_ bytes: Span<UInt8>, _ value: inout Int128) -> Bool {
    if bytes.isEmpty {
      value = 0
      return true
    }
    if bytes.count <= 8 {
      value = Int128(short(bytes) &>> Int64(64 - bytes.count * 8))
      return true
    }
    return readLong(bytes, &value)
  }

  /// Up to 8 bytes at the upper end of a word, by loads that overlap: none behind them is read.
  @inline(__always)
  private static func short(_ bytes: Span<UInt8>) -> Int64 {
    let count = bytes.count
    var word: UInt64
    if count >= 4 {
      let head = unsafe bytes.bytes.unsafeLoadUnaligned(as: UInt32.self)
      word = UInt64(UInt32(bigEndian: head)) << 32
      let tail = unsafe UInt32(bigEndian: bytes.bytes.unsafeLoadUnaligned(fromByteOffset: count - 4, as: UInt32.self))
      word |= UInt64(tail) &<< UInt64((8 - count) * 8)
    } else {
      word = UInt64(bytes[0]) << 56
      word |= UInt64(bytes[count >> 1]) &<< UInt64(56 - (count >> 1) * 8)
      word |= UInt64(bytes[count - 1]) &<< UInt64(64 - count * 8)
    }
    return Int64(bitPattern: word)
  }

  @inline(never)
  private static func readLong(_ bytes: Span<UInt8>, _ value: inout Int128) -> Bool {
    let sign: UInt8 = bytes[0] & 0x80 == 0 ? 0 : 0xFF
    let extra = max(0, bytes.count - 16)
    for index in 0..<extra where bytes[index] != sign { return false }
    if extra > 0, (bytes[extra] ^ sign) & 0x80 != 0 { return false }
    var bits: UInt128 = sign == 0 ? 0 : .max
    for index in extra..<bytes.count { bits = bits << 8 | UInt128(bytes[index]) }
    value = Int128(truncatingIfNeeded: bits)
    return true
  }

  /// False when it takes more than 256 bits.
  static func read(_ bytes: Span<UInt8>, _ value: inout Int256) -> Bool {
    let sign: UInt8 = bytes.isEmpty || bytes[0] & 0x80 == 0 ? 0 : 0xFF
    let extra = max(0, bytes.count - 32)
    for index in 0..<extra where bytes[index] != sign { return false }
    if extra > 0, (bytes[extra] ^ sign) & 0x80 != 0 { return false }
    let fill: UInt64 = sign == 0 ? 0 : .max
    var words = (fill, fill, fill, fill)
    func push(_ byte: UInt8) {
      words.3 = words.3 << 8 | words.2 >> 56
      words.2 = words.2 << 8 | words.1 >> 56
      words.1 = words.1 << 8 | words.0 >> 56
      words.0 = words.0 << 8 | UInt64(byte)
    }
    for index in extra..<bytes.count { push(bytes[index]) }
    value = Int256(words.0, words.1, words.2, words.3)
    return true
  }

  /// Bytes of the longest decimal that is read: 10,000 digits.
  static let maxBytes = 4_160

  /// Appends the digits; false, and nothing, for a number that is too long.
  static func append(_ bytes: Span<UInt8>, scale: Int, to out: inout ByteBuffer) -> Bool {
    var value = Int256.zero
    if read(bytes, &value), value.fits(digits: 76) {
      DecimalText.append(value, scale: scale, to: &out)
      return true
    }
    guard bytes.count <= maxBytes else { return false }
    appendLong(bytes, scale, to: &out)
    return true
  }

  private static func appendLong(_ bytes: Span<UInt8>, _ scale: Int, to out: inout ByteBuffer) {
    var magnitude = bytes.array
    if bytes[0] & 0x80 != 0 {
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
