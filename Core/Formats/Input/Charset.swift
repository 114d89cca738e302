internal import Glibc
package import Records

/// Decodes another character set to UTF-8 through iconv. A byte that means nothing in the character set becomes 0xFF,
/// which no UTF-8 text has: the reader that checks its rows finds it there and treats the row as bad.
@safe final class CharsetInput: ByteInput {
  let name: String
  let size: Int64? = nil
  /// What the text's places are in the input.
  let units: SourceUnits
  /// Bytes of a mark in front of the text.
  let markCount: Int
  private let input: any ByteInput
  private let converter: iconv_t
  /// What is still to be decoded: the bytes from `position` on.
  private var pending: [UInt8] = []
  private var position = 0
  private var isComplete = false
  private var isFlushed = false
  /// What is decoded: the bytes from `given` up to `available`.
  private var decoded = [UInt8](repeating: 0, count: 4 * CharsetInput.pieceSize)
  private var given = 0
  private var available = 0

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
    guard let converter = unsafe iconv_open("UTF-8", charset), Int(bitPattern: converter) != -1 else {
      throw Charset.unknown(charset)
    }
    unsafe self.converter = unsafe converter
    units = unsafe Charset.units(charset, converter)
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

  deinit { unsafe iconv_close(converter) }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    while given == available {
      if pending.count - position < 16 { try refill() }
      if pending.count == position && isFlushed { return 0 }
      given = 0
      available = decode()
    }
    let count = min(buffer.count, available - given)
    unsafe buffer.copyBytes(from: decoded[given..<given + count])
    given += count
    return count
  }

  private func refill() throws {
    if isComplete { return }
    pending.removeFirst(position)
    position = 0
    let old = pending.count
    pending.append(contentsOf: repeatElement(0, count: CharsetInput.pieceSize))
    let count = try unsafe pending.withUnsafeMutableBytes { bytes in
      try unsafe input.readFully(into: UnsafeMutableRawBufferPointer(rebasing: bytes[old...]))
    }
    pending.removeLast(CharsetInput.pieceSize - count)
    isComplete = count < CharsetInput.pieceSize
  }

  private func decode() -> Int {
    unsafe decoded.withUnsafeMutableBytes { room in
      guard let target = room.baseAddress else { return 0 }
      return unsafe pending.count == position ? flush(to: target, room.count) : convert(to: target, room.count)
    }
  }

  /// Some converters hold a character back that the next one may be a part of.
  private func flush(to target: UnsafeMutableRawPointer, _ room: Int) -> Int {
    isFlushed = true
    var out: UnsafeMutablePointer<CChar>? = unsafe target.assumingMemoryBound(to: CChar.self)
    var outLeft = room
    _ = unsafe iconv(converter, nil, nil, &out, &outLeft)
    return room - outLeft
  }

  private func convert(to target: UnsafeMutableRawPointer, _ room: Int) -> Int {
    var out: UnsafeMutablePointer<CChar>? = unsafe target.assumingMemoryBound(to: CChar.self)
    var outLeft = room
    unsafe pending.withUnsafeMutableBytes { bytes in
      guard let base = bytes.baseAddress else { return }
      while outLeft > 0 {
        var source: UnsafeMutablePointer<CChar>? = unsafe (base + position).assumingMemoryBound(to: CChar.self)
        var left = bytes.count - position
        let status = unsafe iconv(converter, &source, &left, &out, &outLeft)
        let code = errno
        position = bytes.count - left
        if status != -1 || left == 0 { return }
        if code == E2BIG || (code == EINVAL && !isComplete) { return }
        if outLeft == 0 { return }
        // A unit without a meaning, or the half of a character at the end.
        unsafe out?.pointee = CChar(bitPattern: 0xFF)
        unsafe out = unsafe out.map { unsafe $0 + 1 }
        outLeft -= 1
        position = min(position + units.width, bytes.count)
        if position == bytes.count { return }
      }
    }
    return room - outLeft
  }
}

/// Encodes UTF-8 to another character set on its way to an output.
@safe final class CharsetOutput: ByteOutput {
  let name: String
  private let output: any ByteOutput
  private let converter: iconv_t
  private let charset: String
  private var rest: [UInt8] = []

  static func encode(_ output: any ByteOutput, charset: String) throws -> any ByteOutput {
    let name = charset.uppercased()
    return name == "UTF-8" || name == "UTF8" ? output : try CharsetOutput(output, charset: name)
  }

  private init(_ output: any ByteOutput, charset: String) throws {
    name = output.name
    self.output = output
    self.charset = charset
    guard let converter = unsafe iconv_open(charset, "UTF-8"), Int(bitPattern: converter) != -1 else {
      throw Charset.unknown(charset)
    }
    unsafe self.converter = unsafe converter
  }

  deinit { unsafe iconv_close(converter) }

  func write(_ bytes: Span<UInt8>) throws {
    rest += bytes.array
    try convert()
  }

  func commit() throws {
    guard rest.isEmpty else { throw Failure(.data, "writing '\(name)': the text ends within a character") }
    try finish()
    try output.commit()
  }

  /// Goes back to the state in which a text starts: some character sets have others.
  private func finish() throws {
    var room = [CChar](repeating: 0, count: 64)
    let count = unsafe room.withUnsafeMutableBufferPointer { target in
      var out = target.baseAddress
      var outLeft = target.count
      _ = unsafe iconv(converter, nil, nil, &out, &outLeft)
      return target.count - outLeft
    }
    try unsafe room.withUnsafeBytes { try unsafe output.write(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
  }

  private func convert() throws {
    var room = [CChar](repeating: 0, count: 1 << 16)
    var position = 0
    while position < rest.count {
      var written = 0
      let code: Int32 = unsafe rest.withUnsafeMutableBytes { bytes in
        unsafe room.withUnsafeMutableBufferPointer { target in
          var source = unsafe bytes.baseAddress.map { unsafe ($0 + position).assumingMemoryBound(to: CChar.self) }
          var left = bytes.count - position
          var out = target.baseAddress
          var outLeft = target.count
          let status = unsafe iconv(converter, &source, &left, &out, &outLeft)
          let code = errno
          position = bytes.count - left
          written = target.count - outLeft
          return status == -1 ? code : 0
        }
      }
      try unsafe room.withUnsafeBytes { try unsafe output.write(UnsafeRawBufferPointer(rebasing: $0[..<written])) }
      if code == EINVAL { break }
      if code == EILSEQ {
        throw Failure(
          .data, "writing '\(name)': a text has a character that \(charset) does not have",
          hint: "Choose another 'charset', UTF-8 has every character")
      }
    }
    rest.removeFirst(position)
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
  func count(_ text: UnsafePointer<UInt8>, _ count: Int) -> Int {
    if self == .bytes { return count }
    var units = 0
    for index in 0..<count {
      let byte = unsafe text[index]
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

  static func units(_ charset: String, _ converter: iconv_t) -> SourceUnits {
    let name = charset.filter { $0 != "-" && $0 != "_" }
    if name.hasPrefix("UTF16") || name.hasPrefix("UCS2") { return .utf16 }
    if name.hasPrefix("UTF32") || name.hasPrefix("UCS4") { return .utf32 }
    defer { unsafe iconv(converter, nil, nil, nil, nil) }
    for byte in UInt8.min...UInt8.max where unsafe !isCharacter(byte, converter) { return .bytes }
    return .characters
  }

  /// Whether a byte is a character, or none, whatever follows it.
  private static func isCharacter(_ byte: UInt8, _ converter: iconv_t) -> Bool {
    unsafe iconv(converter, nil, nil, nil, nil)
    var byte = CChar(bitPattern: byte)
    var room: (Int64, Int64) = (0, 0)
    return unsafe withUnsafeMutableBytes(of: &room) { room in
      unsafe withUnsafeMutablePointer(to: &byte) { source in
        var source: UnsafeMutablePointer<CChar>? = unsafe source
        var out = unsafe room.baseAddress?.assumingMemoryBound(to: CChar.self)
        var left = 1
        var outLeft = room.count
        if unsafe iconv(converter, &source, &left, &out, &outLeft) == -1 { return errno == EILSEQ }
        let start = unsafe room[0]
        let length = start < 0x80 ? 1 : start < 0xE0 ? 2 : start < 0xF0 ? 3 : 4
        return left == 0 && room.count - outLeft == length
      }
    }
  }

  /// Whether iconv reads and writes it.
  package static func isKnown(_ charset: String) -> Bool {
    guard let converter = unsafe iconv_open("UTF-8", charset), Int(bitPattern: converter) != -1 else { return false }
    unsafe iconv_close(converter)
    return true
  }

  package static func unknown(_ charset: String) -> Failure {
    Failure(
      .configuration, "the character set '\(charset)' is not known",
      hint: "Examples: UTF-8, UTF-16, ISO-8859-15, WINDOWS-1252")
  }
}
