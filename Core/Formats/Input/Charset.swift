internal import Glibc
package import Records

/// Decodes another character set to UTF-8 through iconv. A byte that means nothing in the character set becomes 0xFF,
/// which no UTF-8 text has: the reader that checks its rows finds it there and treats the row as bad.
final class CharsetInput: ByteInput {
  let name: String
  let size: Int64? = nil
  /// What the text's places are in the input.
  let units: SourceUnits
  /// Bytes of a mark in front of the text.
  let markCount: Int
  private let input: any ByteInput
  private let converter: Iconv
  /// What is still to be decoded: the bytes from `position` on.
  private var pending = ByteBuffer()
  private var position = 0
  private var isComplete = false
  private var isFlushed = false
  /// What is decoded: the bytes from `given` on.
  private var decoded = ByteBuffer()
  private var given = 0

  /// Pieces of one size are decoded into room of one size, however the bytes come in: what some of iconv's converters
  /// make of bytes without a meaning depends on where it was called.
  private static let pieceSize = 1 << 16

  /// The input itself when it is UTF-8 already. A byte order mark of UTF-16 or UTF-32 goes before a `charset` of UTF-8,
  /// in which no text begins so.
  static func decode(_ input: any ByteInput, charset: String) throws -> any ByteInput {
    let name = charset.uppercased()
    guard name == "UTF-8" || name == "UTF8" else { return try CharsetInput(input, charset: name) }
    let peeked = PeekedInput(input)
    let head = try peeked.peek(4)
    guard let marked = Charset.marked(head) else { return peeked }
    return try CharsetInput(peeked, charset: marked)
  }

  private init(_ input: any ByteInput, charset: String) throws {
    name = input.name
    guard let converter = Iconv(to: "UTF-8", from: charset) else { throw Charset.unknown(charset) }
    self.converter = converter
    units = Charset.units(charset, converter)
    // These two look for a mark themselves, and leave it out.
    if charset == "UTF-16" || charset == "UTF-32" {
      let peeked = PeekedInput(input)
      let isMarked = try Charset.marked(peeked.peek(4)) != nil
      markCount = isMarked ? units.width : 0
      self.input = peeked
    } else {
      markCount = 0
      self.input = input
    }
  }

  func read(into room: inout OutputSpan<UInt8>) throws -> Int {
    while given == decoded.count {
      if pending.count - position < 16 { try refill() }
      if pending.count == position && isFlushed { return 0 }
      given = 0
      decode(into: &decoded)
    }
    let count = min(room.freeCapacity, decoded.count - given)
    room.append(decoded.span.extracting(given..<given + count))
    given += count
    return count
  }

  private func refill() throws {
    if isComplete { return }
    pending.removeFirst(position)
    position = 0
    let count = try pending.append(upTo: CharsetInput.pieceSize) { try input.readFully(into: &$0) }
    isComplete = count < CharsetInput.pieceSize
  }

  private func decode(into decoded: inout ByteBuffer) {
    decoded.removeAll()
    decoded.append(upTo: 4 * CharsetInput.pieceSize) { room in
      if pending.count == position {
        isFlushed = true
        converter.flush(into: &room)
      } else {
        position += convert(pending.span.extracting(droppingFirst: position), into: &room)
      }
    }
  }

  /// Returns how many bytes are done with.
  private func convert(_ text: Span<UInt8>, into room: inout OutputSpan<UInt8>) -> Int {
    var done = 0
    while !room.isFull {
      let (code, read) = converter.convert(text.extracting(droppingFirst: done), into: &room)
      done += read
      if code == 0 || done == text.count { break }
      if code == E2BIG || (code == EINVAL && !isComplete) || room.isFull { break }
      // A unit without a meaning, or the half of a character at the end.
      room.append(0xFF)
      done = min(done + units.width, text.count)
      if done == text.count { break }
    }
    return done
  }
}

/// Encodes UTF-8 to another character set on its way to an output.
final class CharsetOutput: ByteOutput {
  let name: String
  private let output: any ByteOutput
  private let converter: Iconv
  private let charset: String
  private var rest = ByteBuffer()
  /// Bytes that are written at a time.
  private static let pieceSize = 1 << 16

  static func encode(_ output: any ByteOutput, charset: String) throws -> any ByteOutput {
    let name = charset.uppercased()
    return name == "UTF-8" || name == "UTF8" ? output : try CharsetOutput(output, charset: name)
  }

  private init(_ output: any ByteOutput, charset: String) throws {
    name = output.name
    self.output = output
    self.charset = charset
    guard let converter = Iconv(to: charset, from: "UTF-8") else { throw Charset.unknown(charset) }
    self.converter = converter
  }

  func write(_ bytes: Span<UInt8>) throws {
    rest.append(bytes)
    try convert(&rest)
  }

  func commit() throws {
    guard rest.isEmpty else { throw Failure(.data, "writing '\(name)': the text ends within a character") }
    // Back to the state in which a text starts: some character sets have others.
    var end = ByteBuffer()
    end.append(upTo: 64) { converter.flush(into: &$0) }
    try output.write(end.span)
    try output.commit()
  }

  private func convert(_ text: inout ByteBuffer) throws {
    var room = ByteBuffer(capacity: CharsetOutput.pieceSize)
    var position = 0
    while position < text.count {
      room.removeAll()
      let (code, read) = room.append(upTo: CharsetOutput.pieceSize) {
        converter.convert(text.span.extracting(droppingFirst: position), into: &$0)
      }
      position += read
      try output.write(room.span)
      if code == EINVAL { break }
      if code == EILSEQ {
        throw Failure(
          .data, "writing '\(name)': a text has a character that \(charset) does not have",
          hint: "Choose another 'charset', UTF-8 has every character")
      }
    }
    text.removeFirst(position)
  }
}

/// How places in text that was decoded to UTF-8 are counted in its source.
enum SourceUnits {
  /// As they are; also for character sets whose characters have no fixed number of bytes.
  case bytes
  /// One byte a character.
  case characters
  case utf16, utf32

  /// Of the smallest part of a character, in bytes.
  var width: Int {
    switch self {
    case .bytes, .characters: 1
    case .utf16: 2
    case .utf32: 4
    }
  }

  /// How many bytes of the source the text comes from.
  func count(_ text: Span<UInt8>) -> Int {
    if self == .bytes { return text.count }
    var units = 0
    for index in text.indices {
      let byte = text[index]
      if byte & 0xC0 != 0x80 { units += 1 }
      // Four bytes of UTF-8 are a pair of surrogates; 0xFF stands for what is no character.
      if self == .utf16 && byte >= 0xF0 && byte < 0xF8 { units += 1 }
    }
    return units * width
  }
}

package enum Charset {
  /// The character set that a mark tells at the start of a file.
  static func marked(_ head: [UInt8]) -> String? {
    if head == [0xFF, 0xFE, 0, 0] || head == [0, 0, 0xFE, 0xFF] { return "UTF-32" }
    return head.starts(with: [0xFF, 0xFE]) || head.starts(with: [0xFE, 0xFF]) ? "UTF-16" : nil
  }

  static func units(_ charset: String, _ converter: Iconv) -> SourceUnits {
    let name = charset.filter { $0 != "-" && $0 != "_" }
    if name.hasPrefix("UTF16") || name.hasPrefix("UCS2") { return .utf16 }
    if name.hasPrefix("UTF32") || name.hasPrefix("UCS4") { return .utf32 }
    defer { converter.reset() }
    for byte in UInt8.min...UInt8.max where !isCharacter(byte, converter) { return .bytes }
    return .characters
  }

  /// Whether a byte is a character, or none, whatever follows it.
  private static func isCharacter(_ byte: UInt8, _ converter: Iconv) -> Bool {
    converter.reset()
    var out = ByteBuffer(capacity: 64)
    let (code, read) = out.append(upTo: 16) { converter.convert([byte].span, into: &$0) }
    if code != 0 { return code == EILSEQ }
    let start = out.span.first ?? 0
    return read == 1 && out.count == (start < 0x80 ? 1 : start < 0xE0 ? 2 : start < 0xF0 ? 3 : 4)
  }

  /// Whether iconv reads and writes it.
  package static func isKnown(_ charset: String) -> Bool { Iconv(to: "UTF-8", from: charset) != nil }

  package static func unknown(_ charset: String) -> Failure {
    Failure(
      .configuration, "the character set '\(charset)' is not known",
      hint: "Examples: UTF-8, UTF-16, ISO-8859-15, WINDOWS-1252")
  }
}
