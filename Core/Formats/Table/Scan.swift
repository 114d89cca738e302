internal import CScan
internal import Glibc
internal import Records

/// The byte loops in C, over spans.
///
/// Some read whole vectors: a text and how many of its bytes count, behind which `slack` more are there.
enum Scan {
  static let slack = 64

  @inline(__always)
  fileprivate static func check(_ text: Span<UInt8>, _ count: Int) {
    precondition(count >= 0 && count &+ slack <= text.count, "too few bytes behind a text")
  }

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

  /// How many line ends there are among the first bytes: LF, or CR without LF behind it.
  static func lineCount(_ text: Span<UInt8>, _ count: Int) -> Int {
    check(text, count)
    return unsafe text.withUnsafeBufferPointer { unsafe scan_count_lines($0.baseAddress, count) }
  }

  /// How often `part` stands among the first bytes.
  static func count(of part: [UInt8], _ text: Span<UInt8>, _ count: Int) -> Int {
    check(text, count)
    return unsafe text.withUnsafeBufferPointer { unsafe scan_count_text($0.baseAddress, count, part, part.count) }
  }

  /// Walks on from `start` to the end of the JSON value that the state is in; returns the place behind it, or
  /// `count` + 1 when the bytes end first.
  static func jsonValueEnd(
    _ text: Span<UInt8>, from start: Int, _ count: Int, _ state: inout scan_json_state
  ) -> Int {
    check(text, count)
    precondition(start >= 0 && start <= count, "a start outside of the text")
    return unsafe text.withUnsafeBufferPointer { unsafe scan_json_value($0.baseAddress, start, count, &state) }
  }
}

/// What separates the fields and rows of CSV, for the loops in C.
@safe final class ScanFormat {
  /// The texts one behind the other, which `format` points into.
  private let bytes: UnsafeMutablePointer<UInt8>
  private let format: UnsafeMutablePointer<scan_format>
  private let separator: UInt8
  /// 0 where there is no quote.
  private let quote: UInt8
  /// Single bytes and usual line ends: what the scan of 64 bytes at a time knows.
  private let isSimple: Bool

  /// - Parameters:
  ///   - quote: empty: there are no quotes.
  ///   - lineEnd: empty: CR, LF and CRLF end a row.
  init(separator: [UInt8], quote: [UInt8], lineEnd: [UInt8]) {
    let all = separator + quote + lineEnd
    unsafe bytes = .allocate(capacity: all.count + 1)
    for index in all.indices { unsafe (bytes + index).initialize(to: all[index]) }
    unsafe format = .allocate(capacity: 1)
    unsafe format.initialize(
      to: scan_format(
        separator: bytes, quote: bytes + separator.count, line_end: bytes + separator.count + quote.count,
        separator_length: separator.count, quote_length: quote.count, line_end_length: lineEnd.count))
    self.separator = separator[0]
    self.quote = quote.first ?? 0
    isSimple = separator.count == 1 && quote.count <= 1 && lineEnd.isEmpty
  }

  deinit {
    unsafe format.deallocate()
    unsafe bytes.deallocate()
  }

  /// Whether a text has something in it that means something in CSV.
  /// - Parameter isUsual: separator and quote are single bytes.
  @inline(__always)
  func isSpecial(_ text: Span<UInt8>, isUsual: Bool) -> Bool {
    unsafe text.withUnsafeBufferPointer {
      if isUsual {
        return unsafe scan_find_special($0.baseAddress, $0.count, separator, quote == 0 ? separator : quote) < $0.count
      }
      return unsafe scan_find_format($0.baseAddress, $0.count, format) < $0.count
    }
  }

  /// Finds whole rows among the first bytes, up to one with a quote where RFC 4180 has none.
  /// - Returns: how many, and how many bytes were looked at.
  func findRows(_ text: Span<UInt8>, _ count: Int, _ places: inout CSVPlaces) -> (rows: Int, scanned: Int) {
    Scan.check(text, count)
    places.makeRoom(count)
    return findRows(text, count, &places.positions, &places.rowEnds)
  }

  private func findRows(
    _ text: Span<UInt8>, _ count: Int, _ positions: inout ZeroedArray<UInt32>, _ rowEnds: inout ZeroedArray<UInt32>
  ) -> (rows: Int, scanned: Int) {
    var positions = positions.mutableSpan
    var rowEnds = rowEnds.mutableSpan
    let result = unsafe text.withUnsafeBufferPointer { text in
      unsafe positions.withUnsafeMutableBufferPointer { positions in
        unsafe rowEnds.withUnsafeMutableBufferPointer { rowEnds in
          isSimple
            ? unsafe scan_csv(text.baseAddress, count, separator, quote, positions.baseAddress, rowEnds.baseAddress)
            : unsafe scan_rows(text.baseAddress, count, format, positions.baseAddress, rowEnds.baseAddress)
        }
      }
    }
    return (result.rows, result.scanned)
  }

  /// How the walk over one row has ended.
  struct Row {
    var status: scan_row_status
    /// Separators, its line end among them.
    var separators = 0
    /// Where its line end is; the end of the bytes when there is none.
    var end = 0
  }

  /// Walks one row from the start byte by byte.
  func walkRow(_ text: Span<UInt8>, _ count: Int, _ places: inout CSVPlaces) -> Row {
    Scan.check(text, count)
    places.makeRoom(count)
    var row = Row(status: scan_row_ok)
    var positions = places.positions.mutableSpan
    row.status = unsafe text.withUnsafeBufferPointer { text in
      unsafe positions.withUnsafeMutableBufferPointer {
        unsafe scan_row(text.baseAddress, 0, count, format, $0.baseAddress, &row.separators, &row.end)
      }
    }
    return row
  }

  /// The place of the first line end among the first bytes, quoted or not; `count` when there is none.
  func lineEnd(_ text: Span<UInt8>, _ count: Int) -> Int {
    Scan.check(text, count)
    return unsafe text.withUnsafeBufferPointer { unsafe scan_find_line_end($0.baseAddress, count, format) }
  }
}
