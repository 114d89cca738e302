import Records
import Testing

@testable import Formats

/// Values of columns in other character sets.
struct CharsetDecoderTests {
  private func decode(_ decoder: CharsetDecoder, _ bytes: [UInt8]) -> (text: String, missing: Int) {
    var out = ByteBuffer()
    let missing = decoder.append(bytes.span, to: &out) { byte, out in
      out.append(text: "<\(String(byte, radix: 16))>")
    }
    return (out.string, missing)
  }

  static let values: [(String, [UInt8], String, Int)] = [
    ("WINDOWS-1252", [0x80, 0x61, 0xFC], "€aü", 0), ("WINDOWS-1252", [0x61, 0x81, 0x8D], "a<81><8d>", 2),
    ("ISO-8859-15", [0xA4, 0xE9], "€é", 0), ("latin1", Array("plain".utf8), "plain", 0), ("KOI8-R", [0xC1], "а", 0),
    ("GBK", [0xC4, 0xE3, 0x61], "你a", 0), ("GBK", [0x61, 0xFF, 0x62], "a<ff>b", 1), ("GBK", [0x61, 0xC4], "a<c4>", 1),
    ("BIG5-HKSCS", [0x88, 0x62, 0x61], "Ê̄a", 0), ("BIG5-HKSCS", [0x88, 0x66], "Ê", 0),
    ("EUC-JP", [0xA4, 0xA2], "あ", 0), ("CP932", [0x82, 0xA0, 0x5C], "あ\\", 0),
    ("ISO-2022-JP", [0x1B, 0x24, 0x42, 0x24, 0x22], "あ", 0),
    ("UTF-16LE", [0x61, 0, 0x3D, 0xD8, 0, 0xDE], "a😀", 0), ("UTF-16BE", [0, 0x61, 0xD8, 0, 0, 0x62], "a<d8><0>b", 2),
    ("UTF-16BE", [0, 0x61, 0x62], "a<62>", 1), ("UTF-8", Array("ü".utf8) + [0xFF], "ü<ff>", 1), ("CP850", [], "", 0),
  ]

  @Test(arguments: values.indices) func aValueIsDecodedByItself(index: Int) throws {
    let (charset, bytes, text, missing) = Self.values[index]
    let decoder = try CharsetDecoder(charset)
    for _ in 0..<2 {
      let decoded = decode(decoder, bytes)
      #expect(Array(decoded.text.utf8) == Array(text.utf8) && decoded.missing == missing, "\(charset): \(decoded)")
      // What one value leaves open is not the next one's.
      #expect(
        decode(decoder, [UInt8]("UTF-16LE" == charset ? [0x62, 0] : "UTF-16BE" == charset ? [0, 0x62] : [0x62])).text
          == "b")
    }
  }

  /// The same as all of a file at once.
  @Test(arguments: ["ISO-8859-2", "WINDOWS-1251", "KOI8-U", "CP437", "GB18030", "SJIS", "EUC-KR"])
  func allBytesAreWhatTheyAreInAFile(charset: String) throws {
    let decoder = try CharsetDecoder(charset)
    let bytes = [0x00, 0x41, 0x81, 0xB0, 0xC4, 0xFE].flatMap { high in
      (UInt8.min...UInt8.max).flatMap { low in [high, low, 0x20] as [UInt8] }
    }
    let input = try CharsetInput.decode(MemoryInput(bytes), charset: charset)
    var room = [UInt8](repeating: 0, count: 8 * bytes.count)
    let count = try input.readFully(into: &room)
    var out = ByteBuffer()
    _ = decoder.append(bytes.span, to: &out) { _, out in out.append(byte: 0xFF) }
    #expect(out.array == Array(room[..<count]))
  }

  @Test func longValuesGoThroughInPieces() throws {
    let decoder = try CharsetDecoder("GBK")
    let bytes = (0..<10_000).flatMap { _ in [0xC4, 0xE3] as [UInt8] }
    #expect(decode(decoder, bytes).text == String(repeating: "你", count: 10_000))
  }

  @Test func anUnknownCharacterSetIsAFailure() {
    let failure = #expect(throws: Failure.self) { try CharsetDecoder("no-such-set") }
    #expect(failure?.category == .configuration)
  }
}
