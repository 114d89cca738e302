internal import Glibc
public import Records

/// Decodes the values of a column from a character set to UTF-8, each by itself: what a database gives of a column in
/// its own character set. Used from one thread at a time.
public final class CharsetDecoder {
  private let converter: Iconv
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
    guard let converter = Iconv(to: "UTF-8", from: charset) else { throw Charset.unknown(charset) }
    self.converter = converter
    units = Charset.units(charset, converter)
    let characters = (UInt8.min...UInt8.max).map { CharsetDecoder.character($0, converter) }
    isASCII = units.width == 1 && (0..<0x80).allSatisfy { characters[$0] == 1 << 24 | UInt32($0) }
    table = units == .characters ? characters : []
  }

  /// What a byte is, where that takes three bytes or less: the length above, the first byte below.
  private static func character(_ byte: UInt8, _ converter: Iconv) -> UInt32 {
    converter.reset()
    var out = ByteBuffer(capacity: 64)
    let (code, read) = out.append(upTo: 64) { converter.convert([byte].span, into: &$0) }
    guard code == 0, read == 1, 1...3 ~= out.count else { return 0 }
    return (0..<out.count).reduce(UInt32(out.count) << 24) { $0 | UInt32(out[$1]) << UInt32(8 * $1) }
  }

  /// Appends a text's UTF-8.
  /// - Parameter unmapped: writes what stands for a byte that means nothing in the character set.
  /// - Returns: how many such bytes the text has.
  public func append(
    _ text: Span<UInt8>, to out: inout ByteBuffer, unmapped: (UInt8, inout ByteBuffer) -> Void
  ) -> Int {
    if isASCII, Scan.isASCII(text) {
      out.append(text)
      return 0
    }
    return table.isEmpty ? convert(text, &out, unmapped) : look(text, &out, unmapped)
  }

  private func look(
    _ text: Span<UInt8>, _ out: inout ByteBuffer, _ unmapped: (UInt8, inout ByteBuffer) -> Void
  ) -> Int {
    var missing = 0
    for position in 0..<text.count {
      let byte = text[position]
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
    _ text: Span<UInt8>, _ out: inout ByteBuffer, _ unmapped: (UInt8, inout ByteBuffer) -> Void
  ) -> Int {
    converter.reset()
    var position = 0
    var missing = 0
    while position < text.count {
      let rest = text.extracting(droppingFirst: position)
      let before = out.count
      let (code, read) = out.append(upTo: min(max(rest.count * 4, 64), CharsetDecoder.room)) {
        converter.convert(rest, into: &$0)
      }
      position += read
      if position == text.count { break }
      if code == E2BIG, read > 0 || out.count > before { continue }
      // A unit without a meaning, or the half of a character at the end.
      let end = min(position + units.width, text.count)
      for index in position..<end { unmapped(text[index], &out) }
      missing += end - position
      position = end
    }
    // Some converters hold a character back that the next one may be a part of.
    out.append(upTo: 64) { converter.flush(into: &$0) }
    return missing
  }
}
