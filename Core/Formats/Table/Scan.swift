internal import CScan
internal import Glibc

/// The byte loops in C, over spans.
enum Scan {
  /// Whether JSON has nothing to escape in a text: no control character, quote, backslash.
  static func isFreeOfEscapes(_ text: Span<UInt8>) -> Bool {
    unsafe text.withUnsafeBufferPointer { unsafe scan_find_escape($0.baseAddress, $0.count) == $0.count }
  }

  /// Whether a byte is not in a text; it may say no where a line end is.
  static func isFree(of byte: UInt8, _ text: Span<UInt8>) -> Bool {
    unsafe text.withUnsafeBufferPointer {
      unsafe scan_find_special($0.baseAddress, $0.count, byte, byte) == $0.count
    }
  }

  static func firstIndex(of byte: UInt8, _ text: Span<UInt8>) -> Int? {
    unsafe text.withUnsafeBytes { text in
      guard let start = text.baseAddress, let found = unsafe memchr(start, Int32(byte), text.count) else { return nil }
      return unsafe UnsafeRawPointer(found) - start
    }
  }

  static func isASCII(_ text: Span<UInt8>) -> Bool {
    unsafe text.withUnsafeBufferPointer { unsafe scan_is_ascii($0.baseAddress, $0.count) != 0 }
  }
}
