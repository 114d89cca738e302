internal import Records

/// What Avro writes beside plain bytes.
extension ByteBuffer {
  /// A length and the bytes.
  mutating func append(counted bytes: Span<UInt8>) {
    append(zigzag: Int64(bytes.count))
    append(bytes)
  }

  mutating func append(counted text: String) { append(counted: text.utf8.span) }
}

/// A number in big-endian two's complement, in as few bytes as it takes.
enum AvroBigEndian {
  /// How many bytes a number takes: 1…16.
  @inline(__always)
  static func size(_ value: Int128) -> Int { (136 - (value < 0 ? ~value : value).leadingZeroBitCount) / 8 }

  /// Appends the last `size` bytes; the sign fills those in front of the 16th.
  @inline(__always)
  static func append(_ value: Int128, size: Int, to out: inout OutputSpan<UInt8>) {
    let kept = min(size, 16)
    out.append(repeating: value < 0 ? 0xFF : 0, count: size - kept)
    var rest = UInt128(truncatingIfNeeded: value) &<< UInt128(128 - kept * 8)
    for _ in 0..<kept {
      out.append(UInt8(truncatingIfNeeded: rest &>> 120))
      rest &<<= 8
    }
  }
}
