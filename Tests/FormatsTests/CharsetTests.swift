import FerryTesting
import Formats
import Records
import Testing

/// Files in other character sets than UTF-8: their values, and the places of their bad rows.
struct CharsetTests {
  static func utf16(_ text: String, isLittle: Bool = true) -> [UInt8] {
    text.utf16.flatMap { isLittle ? [UInt8($0 & 255), UInt8($0 >> 8)] : [UInt8($0 >> 8), UInt8($0 & 255)] }
  }

  static func utf32(_ text: String) -> [UInt8] {
    text.unicodeScalars.flatMap { [UInt8($0.value & 255), UInt8($0.value >> 8 & 255), UInt8($0.value >> 16), 0] }
  }

  struct Item: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let charset: String
    let encode: @Sendable (String) -> [UInt8]
    var mark: [UInt8] = []
  }

  static let latin: @Sendable (String) -> [UInt8] = { $0.unicodeScalars.map { UInt8($0.value & 255) } }

  static let items = [
    Item(testDescription: "ISO-8859-1", charset: "iso-8859-1", encode: latin),
    Item(testDescription: "Windows-1252", charset: "WINDOWS-1252", encode: latin),
    Item(testDescription: "UTF-16 with a mark", charset: "UTF-16", encode: { utf16($0) }, mark: [0xFF, 0xFE]),
    Item(testDescription: "UTF-16 without", charset: "UTF-16", encode: { utf16($0) }),
    Item(testDescription: "UTF-16LE with a mark", charset: "UTF-16LE", encode: { utf16($0) }, mark: [0xFF, 0xFE]),
    Item(
      testDescription: "UTF-16BE", charset: "utf-16be", encode: { utf16($0, isLittle: false) }, mark: [0xFE, 0xFF]),
    Item(testDescription: "UTF-16 by its mark", charset: "UTF-8", encode: { utf16($0) }, mark: [0xFF, 0xFE]),
    Item(
      testDescription: "UTF-16, big-endian, by its mark", charset: "UTF-8", encode: { utf16($0, isLittle: false) },
      mark: [0xFE, 0xFF]),
    Item(testDescription: "UTF-32 by its mark", charset: "UTF-8", encode: { utf32($0) }, mark: [0xFF, 0xFE, 0, 0]),
    Item(testDescription: "UTF-8", charset: "utf8", encode: { Array($0.utf8) }, mark: [0xEF, 0xBB, 0xBF]),
  ]

  @Test(arguments: items, [1, 3, 64, 1 << 20])
  func `values and places of bad rows`(item: Item, readSize: Int) throws {
    let before = "é,b\nñ,ü\n\"ß\né\",x\n"
    let bytes = item.mark + item.encode(before + "short é\n3,4\n")
    let (rows, rejected, _) = try CSVReaderTests.rejecting(bytes, readSize: readSize) { $0.charset = item.charset }
    #expect(rows == [["ñ", "ü"], ["ß\né", "x"], ["3", "4"]])
    #expect(rejected.map { [$0[0], $0[1]] } == [["\(item.mark.count + item.encode(before).count)", "5"]])
    let rejectedJSON = RowsSink()
    var options = JSONReadOptions()
    (options.charset, options.readSize, options.layout) = (item.charset, readSize, .lines)
    let first = "{\"é\":\"ü\"}\n"
    let bad = BadRows(.reject, makeSink: { rejectedJSON })
    let reader = try JSONReader(BytesInput(item.mark + item.encode(first + "{\"é\":ü}\n" + first)), options, bad: bad)
    #expect(try texts(reader) == [["ü"], ["ü"]])
    try bad.finish()
    #expect(rejectedJSON.rows.map { $0[0] } == ["\(item.mark.count + item.encode(first).count)"])
  }

  @Test(arguments: [1, 2, 5, 1 << 20])
  func `a unit that is no character spoils its own row`(readSize: Int) throws {
    let start = CharsetTests.utf16("a,b\n😀,2\n")
    let bytes = start + [0x41, 0x00, 0x00, 0xD8] + CharsetTests.utf16(",x\n😀,4\n5,6")
    let (rows, rejected, _) = try CSVReaderTests.rejecting(bytes, readSize: readSize) { $0.charset = "UTF-16LE" }
    #expect(rows == [["😀", "2"], ["😀", "4"], ["5", "6"]])
    #expect(rejected.map { Array($0[0...2]) } == [["\(start.count)", "3", "it has bytes that are not UTF-16LE"]])
    // Half a unit at the end.
    let (cut, bad, _) = try CSVReaderTests.rejecting(bytes + [0x41], readSize: readSize) { $0.charset = "UTF-16LE" }
    #expect(cut == [["😀", "2"], ["😀", "4"]] && bad.count == 2)
  }

  @Test func `characters of several bytes are counted in UTF-8`() throws {
    let bytes: [UInt8] = [0x61, 0x0A, 0x93, 0xFA, 0x0A] + Array("x,y\n".utf8)
    let (rows, rejected, _) = try CSVReaderTests.rejecting(bytes, readSize: 64) { $0.charset = "SHIFT_JIS" }
    #expect(rows == [["日"]] && rejected.map { $0[0] } == ["6"])
  }

  /// In Big5-HKSCS a letter may be the first half of one with an accent: what comes next decides.
  @Test(arguments: [1, 64])
  func `the last character is not held back`(readSize: Int) throws {
    let (rows, _, _) = try CSVReaderTests.rejecting([0x61, 0x0A, 0x88, 0x66], readSize: readSize) {
      $0.charset = "BIG5-HKSCS"
    }
    #expect(rows == [["Ê"]])
  }

  @Test func `a text ends in the state in which it starts`() throws {
    let output = BytesOutput()
    var options = CSVWriteOptions()
    (options.charset, options.lineDelimiter) = ("ISO-2022-JP", "¶")
    let writer = try CSVWriter(output, schema: Schema([Field("a", .text)]), options)
    try writer.finish()
    #expect(output.bytes == [0x61, 0x1B, 0x24, 0x42, 0x22, 0x79, 0x1B, 0x28, 0x42])
  }
}
