import Records
import Testing

/// Base64, percent coding, patterns of dates, bytes as spans: each stands once, for all who need it.
struct EncodingTests {
  @Test(arguments: [
    ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
    ("foobar", "Zm9vYmFy"), ("\u{3FF}\u{3FF}?", "z7/Pvz8="),
  ])
  func `Base64 goes both ways`(_ text: String, _ encoded: String) {
    #expect(Base64.encoded(Array(text.utf8)) == encoded)
    #expect(Base64.decoded(encoded) == Array(text.utf8))
    #expect(Base64.decoded(encoded.filter { $0 != "=" }) == Array(text.utf8))
    #expect(EncodingTests.record(encoded) == Array(text.utf8))
  }

  @Test func `Base64 of any length comes back`() {
    for count in 0..<50 {
      let bytes = (0..<count).map { _ in UInt8.random(in: 0...255) }
      #expect(Base64.decoded(Base64.encoded(bytes)) == bytes && EncodingTests.record(Base64.encoded(bytes)) == bytes)
    }
  }

  @Test(arguments: ["Zg", "Zg=", "Zh==", "Z===", "====", "Zm9v!", "Zm 9", "Zg==Zg==", "é000"])
  func `a record takes only one text for the same bytes`(_ text: String) {
    #expect(EncodingTests.record(text) == nil)
  }

  @Test func `only a record takes the URL-safe alphabet`() {
    #expect(EncodingTests.record("z7_Pvz8-") == EncodingTests.record("z7/Pvz8+"))
    #expect(Base64.decoded("z7_Pvz8-") == nil && Base64.decoded("Z") == nil && Base64.decoded("Zh") == [0x66])
  }

  static func record(_ text: String) -> [UInt8]? {
    var out = ByteBuffer()
    let isBase64 = out.append(upTo: text.utf8.count) { Base64.decode(text.utf8.span, .record, to: &$0) }
    return isBase64 ? out.array : nil
  }

  @Test func `percent coding goes both ways`() {
    let text = "a-b._~/ ü%+"
    let encoded = PercentEncoding.encoded(text, keeping: PercentEncoding.isUnreserved)
    #expect(encoded == "a-b._~%2F%20%C3%BC%25%2B")
    #expect(PercentEncoding.decoded(encoded) == Array(text.utf8))
    #expect(PercentEncoding.encoded("a b") { $0 != 0x20 } == "a%20b")
    #expect(PercentEncoding.decoded("a+b%2b", plusIsSpace: true) == Array("a b+".utf8))
    for broken in ["%", "%2", "a%2", "%+1", "%g0", "%2%41"] { #expect(PercentEncoding.decoded(broken) == nil) }
    #expect(HexText.encoded([0x00, 0x9F, 0xFF]) == "009fff")
  }

  @Test func `a pattern of dates is taken apart`() throws {
    let parts = try DatePatternPart.parse("yyyy-MM'T'HH[:ss['o''clock']]''X", hasOptionals: true)
    #expect(
      parts == [
        .field(0x79, 4), .literal("-"), .field(0x4D, 2), .literal("T"), .field(0x48, 2),
        .optional([.literal(":"), .field(0x73, 2), .optional([.literal("o'clock")])]), .literal("'"), .field(0x58, 1),
      ])
    #expect(try DatePatternPart.parse("[d]", hasOptionals: false) == [.literal("["), .field(0x64, 1), .literal("]")])
  }

  @Test(arguments: [("yy'", "a quote is not closed"), ("[yy", "a '[' is not closed"), ("yy]", "a ']' closes nothing")])
  func `a broken pattern says what is wrong`(_ pattern: String, _ reason: String) {
    let error = #expect(throws: DatePatternPart.Problem.self) {
      try DatePatternPart.parse(pattern, hasOptionals: true)
    }
    #expect(error?.reason == reason)
  }

  @Test func `spans of bytes answer what arrays do`() {
    let bytes = Array("héllo".utf8)
    let span = bytes.span
    let ends = (span.first, span.last, span.string, span.array)
    #expect(ends == (0x68, 0x6F, "héllo", bytes))
    let (place, none, starts, isSame) = (
      span.firstIndex(of: 0x6C), span.contains(0x7A), span.starts(with: [0x68, 0xC3]), span.isExactly(bytes)
    )
    #expect(place == 3 && !none && starts && isSame)
    let empty: [UInt8] = []
    let (first, isPrefix) = (empty.span.first, empty.span.starts(with: [1]))
    #expect(first == nil && !isPrefix)
    let eight = Array("12345678".utf8).span.eight(at: 0)
    #expect(eight == 0x3837_3635_3433_3231)
  }
}
