internal import Glibc
internal import Records

/// One conversion between character sets of the C library.
@safe final class Iconv {
  private let converter: iconv_t

  /// Nil where one of the character sets is not known.
  init?(to target: String, from source: String) {
    guard let converter = unsafe iconv_open(target, source), Int(bitPattern: converter) != -1 else { return nil }
    unsafe self.converter = unsafe converter
  }

  deinit { unsafe iconv_close(converter) }

  /// Goes back to the state in which a text starts.
  func reset() { unsafe iconv(converter, nil, nil, nil, nil) }

  /// Converts as much as there is room for and has a meaning.
  /// - Returns: 0 when all was converted, else why not as an `errno`; how many bytes were read.
  func convert(_ text: Span<UInt8>, into room: inout OutputSpan<UInt8>) -> (code: Int32, read: Int) {
    if text.isEmpty { return (0, 0) }
    return unsafe text.withUnsafeBytes { text in
      // iconv does not change what it reads.
      var from = unsafe text.baseAddress.map { unsafe UnsafeMutableRawPointer(mutating: $0) }?
        .assumingMemoryBound(to: CChar.self)
      var left = text.count
      let code = unsafe write(into: &room) { unsafe iconv(converter, &from, &left, $0, $1) }
      return (code, text.count - left)
    }
  }

  /// Some converters hold a character back that the next one may be a part of, and some texts end with a state.
  func flush(into room: inout OutputSpan<UInt8>) {
    _ = unsafe write(into: &room) { unsafe iconv(converter, nil, nil, $0, $1) }
  }

  private func write(
    into room: inout OutputSpan<UInt8>,
    _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>, UnsafeMutablePointer<Int>) -> Int
  ) -> Int32 {
    unsafe room.withUnsafeMutableBufferPointer { memory, used in
      var to = unsafe memory.baseAddress.map { unsafe UnsafeMutableRawPointer($0 + used) }?
        .assumingMemoryBound(to: CChar.self)
      var left = memory.count - used
      let isDone = unsafe body(&to, &left) != -1
      let code = errno
      used = memory.count - left
      return isDone ? 0 : code
    }
  }
}
