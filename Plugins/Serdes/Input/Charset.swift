internal import Glibc
internal import Records

/// Decodes another character set to UTF-8 through iconv. A byte that means nothing in the character set becomes 0xFF,
/// which no UTF-8 text has: the reader that checks its rows finds it there and treats the row as bad.
@safe final class CharsetInput: ByteInput {
  let name: String
  let size: Int64? = nil
  private let input: any ByteInput
  private let converter: iconv_t
  private var pending: [UInt8] = []
  private var position = 0
  private var isComplete = false

  /// The input itself when it is UTF-8 already. A byte order mark of UTF-16 or UTF-32 goes before a `charset` of UTF-8,
  /// in which no text begins so.
  static func decode(_ input: any ByteInput, charset: String) throws -> any ByteInput {
    let name = charset.uppercased()
    guard name == "UTF-8" || name == "UTF8" else { return try CharsetInput(input, charset: name) }
    let peeked = PeekedInput(input)
    let head = try peeked.peek(4)
    if head == [0xFF, 0xFE, 0, 0] || head == [0, 0, 0xFE, 0xFF] { return try CharsetInput(peeked, charset: "UTF-32") }
    if head.starts(with: [0xFF, 0xFE]) || head.starts(with: [0xFE, 0xFF]) {
      return try CharsetInput(peeked, charset: "UTF-16")
    }
    return peeked
  }

  private init(_ input: any ByteInput, charset: String) throws {
    name = input.name
    self.input = input
    guard let converter = unsafe iconv_open("UTF-8", charset), Int(bitPattern: converter) != -1 else {
      throw Charset.unknown(charset)
    }
    unsafe self.converter = unsafe converter
  }

  deinit { unsafe iconv_close(converter) }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    guard let target = buffer.baseAddress, buffer.count > 0 else { return 0 }
    // A character takes up to four bytes: a smaller buffer is served from a larger one.
    if buffer.count < 16 { return try unsafe readSmall(into: buffer) }
    while true {
      if pending.count - position < 16 { try refill() }
      if pending.count == position { return 0 }
      let written = unsafe convert(to: target, buffer.count)
      if written > 0 { return written }
    }
  }

  private var small: [UInt8] = []

  private func readSmall(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    if small.isEmpty {
      var room = [UInt8](repeating: 0, count: 64)
      let count = try unsafe room.withUnsafeMutableBytes { try unsafe read(into: $0) }
      small = Array(room[..<count])
    }
    let count = min(buffer.count, small.count)
    unsafe buffer.copyBytes(from: small[..<count])
    small.removeFirst(count)
    return count
  }

  private func refill() throws {
    if isComplete { return }
    pending.removeFirst(position)
    position = 0
    let old = pending.count
    pending.append(contentsOf: repeatElement(0, count: 1 << 16))
    let count = try unsafe pending.withUnsafeMutableBytes { bytes in
      try unsafe input.read(into: UnsafeMutableRawBufferPointer(rebasing: bytes[old...]))
    }
    pending.removeLast((1 << 16) - count)
    if count == 0 { isComplete = true }
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
        // One byte without a meaning, or the half of a character at the end.
        unsafe out?.pointee = CChar(bitPattern: 0xFF)
        unsafe out = unsafe out.map { unsafe $0 + 1 }
        outLeft -= 1
        position += 1
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

  func write(_ bytes: UnsafeRawBufferPointer) throws {
    unsafe rest.append(contentsOf: bytes)
    try convert()
  }

  func commit() throws {
    guard rest.isEmpty else { throw Failure(.data, "writing '\(name)': the text ends within a character") }
    try output.commit()
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

enum Charset {
  static func unknown(_ charset: String) -> Failure {
    Failure(
      .configuration, "the character set '\(charset)' is not known",
      hint: "Examples: UTF-8, UTF-16, ISO-8859-15, WINDOWS-1252")
  }
}
