internal import Formats
internal import Records
internal import Synchronization

/// The characters of a collation's code page, in which char and varchar are stored. The server makes a question mark of
/// every other one, without an error: so they are looked for before.
final class CodePage: Sendable {
  static let usual = 1_252
  static let utf8 = 65_001
  /// What all code pages have in common.
  static let ascii = 20_127

  /// For messages.
  let name: String
  /// The code of each character of the basic plane, 0 for none; of two bytes the first one is the higher.
  private let codes: [UInt16]

  private static let known = Mutex<[Int: CodePage]>([:])

  static func of(_ number: Int) throws -> CodePage {
    if let page = known.withLock({ $0[number] }) { return page }
    let page = try CodePage(number)
    known.withLock { $0[number] = page }
    return page
  }

  private init(_ number: Int) throws {
    name = "code page \(number)"
    var codes = [UInt16](repeating: 0, count: 1 << 16)
    if number == CodePage.ascii {
      self.codes = codes
      return
    }
    let decoder = try CharsetDecoder("CP\(number)")
    var leads: [UInt8] = []
    for byte in UInt8(0x80)...UInt8(0xFF) {
      if let scalar = CodePage.character([byte], decoder) {
        codes[scalar] = UInt16(byte)
      } else if number == CodePage.usual {
        // What iconv has no meaning for, Windows takes for control characters.
        codes[Int(byte)] = UInt16(byte)
      } else {
        leads.append(byte)
      }
    }
    if [932, 936, 949, 950].contains(number) {
      for lead in leads {
        for trail in UInt8(0x40)...UInt8(0xFE) {
          guard let scalar = CodePage.character([lead, trail], decoder), codes[scalar] == 0 else { continue }
          codes[scalar] = UInt16(lead) << 8 | UInt16(trail)
        }
      }
    }
    self.codes = codes
  }

  /// The one character of the basic plane that these bytes are.
  private static func character(_ bytes: [UInt8], _ decoder: CharsetDecoder) -> Int? {
    var out = ByteBuffer(capacity: 16)
    let missing = decoder.append(bytes.span, to: &out) { _, _ in }
    let scalars = Array(out.string.unicodeScalars)
    guard missing == 0, scalars.count == 1, scalars[0].value < 1 << 16 else { return nil }
    return Int(scalars[0].value)
  }

  /// Appends a text in this code page.
  /// - Returns: the first character that it lacks.
  func append(_ text: Span<UInt8>, to out: inout ByteBuffer) -> UInt32? {
    var at = 0
    while at < text.count {
      let scalar = UTF16Text.next(text, &at)
      if scalar < 0x80 {
        out.append(byte: UInt8(truncatingIfNeeded: scalar))
        continue
      }
      guard scalar < 1 << 16, codes[Int(scalar)] != 0 else { return scalar }
      let code = codes[Int(scalar)]
      if code > 0xFF { out.append(byte: UInt8(truncatingIfNeeded: code >> 8)) }
      out.append(byte: UInt8(truncatingIfNeeded: code))
    }
    return nil
  }
}

/// UTF-8 as UTF-16, its lower byte first: what the server stores in nchar, nvarchar and ntext.
enum UTF16Text {
  static func append(_ text: Span<UInt8>, to out: inout ByteBuffer) {
    var at = 0
    while at < text.count {
      let scalar = next(text, &at)
      if scalar < 1 << 16 {
        out.append(little: UInt16(truncatingIfNeeded: scalar))
      } else {
        let rest = scalar - 1 << 16
        out.append(little: UInt16(truncatingIfNeeded: 0xD800 + (rest >> 10)))
        out.append(little: UInt16(truncatingIfNeeded: 0xDC00 + (rest & 0x3FF)))
      }
    }
  }

  /// The character that begins at a place of valid UTF-8, moving behind it.
  @inline(__always)
  static func next(_ text: Span<UInt8>, _ at: inout Int) -> UInt32 {
    let first = text[at]
    if first < 0x80 {
      at += 1
      return UInt32(first)
    }
    let count = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4
    var scalar = UInt32(first) & (0x7F >> UInt32(count))
    for offset in 1..<count { scalar = scalar << 6 | UInt32(text[at + offset] & 0x3F) }
    at += count
    return scalar
  }
}
