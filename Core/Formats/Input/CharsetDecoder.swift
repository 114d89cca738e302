internal import Glibc
public import Records

/// Decodes the values of a column from a character set to UTF-8, each by itself: what a database gives of a column in
/// its own character set. Used from one thread at a time.
@safe public final class CharsetDecoder {
  private let converter: iconv_t
  private let units: SourceUnits
  /// Bytes below 0x80 are what they are in ASCII.
  private let isASCII: Bool
  /// For character sets of one byte a character: what each byte is, its length in the upper byte, 0 for none.
  private let table: [UInt32]
  /// Bytes of text that are made at a time.
  private static let room = 1 << 16

  /// Throws where iconv does not know the character set.
  public init(_ charset: String) throws {
    let charset = charset.uppercased()
    guard let converter = unsafe iconv_open("UTF-8", charset), Int(bitPattern: converter) != -1 else {
      throw Charset.unknown(charset)
    }
    unsafe self.converter = unsafe converter
    units = unsafe Charset.units(charset, converter)
    let characters = (UInt8.min...UInt8.max).map { unsafe CharsetDecoder.character($0, converter) }
    isASCII = units.width == 1 && (0..<0x80).allSatisfy { characters[$0] == 1 << 24 | UInt32($0) }
    table = units == .characters ? characters : []
  }

  deinit { unsafe iconv_close(converter) }

  /// What a byte is, where that takes three bytes or less: the length above, the first byte below.
  private static func character(_ byte: UInt8, _ converter: iconv_t) -> UInt32 {
    unsafe iconv(converter, nil, nil, nil, nil)
    var out = ByteBuffer(capacity: 64)
    let (code, read) = unsafe withUnsafeBytes(of: byte) { unsafe convert($0, converter, to: &out) }
    guard code == 0, read == 1, 1...3 ~= out.count else { return 0 }
    return (0..<out.count).reduce(UInt32(out.count) << 24) { $0 | UInt32(out[$1]) << UInt32(8 * $1) }
  }

  /// Appends a text's UTF-8.
  /// - Parameter unmapped: writes what stands for a byte that means nothing in the character set.
  /// - Returns: how many such bytes the text has.
  public func append(
    _ text: UnsafeRawBufferPointer, to out: inout ByteBuffer, unmapped: (UInt8, inout ByteBuffer) -> Void
  ) -> Int {
    if isASCII, unsafe text.allSatisfy({ $0 < 0x80 }) {
      unsafe out.append(bytes: text)
      return 0
    }
    return table.isEmpty ? unsafe convert(text, &out, unmapped) : unsafe look(text, &out, unmapped)
  }

  private func look(
    _ text: UnsafeRawBufferPointer, _ out: inout ByteBuffer, _ unmapped: (UInt8, inout ByteBuffer) -> Void
  ) -> Int {
    var missing = 0
    for position in 0..<text.count {
      let byte = unsafe text[position]
      var character = table[Int(byte)]
      if character == 0 {
        missing += 1
        unmapped(byte, &out)
        continue
      }
      for _ in 0..<character >> 24 {
        out.append(byte: UInt8(truncatingIfNeeded: character))
        character >>= 8
      }
    }
    return missing
  }

  private func convert(
    _ text: UnsafeRawBufferPointer, _ out: inout ByteBuffer, _ unmapped: (UInt8, inout ByteBuffer) -> Void
  ) -> Int {
    unsafe iconv(converter, nil, nil, nil, nil)
    var position = 0
    var missing = 0
    while position < text.count {
      let rest = unsafe UnsafeRawBufferPointer(rebasing: text[position...])
      let before = out.count
      let (code, read) = unsafe CharsetDecoder.convert(rest, converter, to: &out)
      position += read
      if position == text.count { break }
      if code == E2BIG, read > 0 || out.count > before { continue }
      // A unit without a meaning, or the half of a character at the end.
      let end = min(position + units.width, text.count)
      for index in position..<end { unsafe unmapped(text[index], &out) }
      missing += end - position
      position = end
    }
    // Some converters hold a character back that the next one may be a part of.
    _ = unsafe CharsetDecoder.convert(UnsafeRawBufferPointer(start: nil, count: 0), converter, to: &out)
    return missing
  }

  /// Converts as much as there is room for and has a meaning; without bytes, what is held back.
  private static func convert(
    _ text: UnsafeRawBufferPointer, _ converter: iconv_t, to out: inout ByteBuffer
  ) -> (code: Int32, read: Int) {
    let size = min(max(text.count * 4, 64), room)
    var to: UnsafeMutablePointer<CChar>? = unsafe UnsafeMutableRawPointer(out.reserve(size))
      .assumingMemoryBound(to: CChar.self)
    // iconv does not change what it reads.
    var from = unsafe text.baseAddress.map { unsafe UnsafeMutableRawPointer(mutating: $0) }?
      .assumingMemoryBound(to: CChar.self)
    var (left, roomLeft) = (text.count, size)
    let isDone =
      unsafe (text.isEmpty
      ? iconv(converter, nil, nil, &to, &roomLeft) : iconv(converter, &from, &left, &to, &roomLeft)) != -1
    let code = errno
    out.advance(size - roomLeft)
    return (isDone ? 0 : code, text.count - left)
  }
}
