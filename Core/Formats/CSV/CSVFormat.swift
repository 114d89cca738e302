internal import CScan
internal import Records

/// What stands between the fields and rows of CSV and around fields, as UTF-8.
@safe final class CSVFormat {
  let separator: [UInt8]
  /// Empty: there are no quotes.
  let quote: [UInt8]
  /// Empty: CR, LF and CRLF end a row.
  let lineEnd: [UInt8]
  /// The same for C.
  let separators: UnsafeMutablePointer<scan_format>
  private let bytes: UnsafeMutablePointer<UInt8>

  init(separator: String, quote: String, lineEnd: String?) throws {
    try CSVFormat.check(separator, quote, lineEnd)
    self.separator = Array(separator.utf8)
    self.quote = Array(quote.utf8)
    self.lineEnd = Array((lineEnd ?? "").utf8)
    let all = self.separator + self.quote + self.lineEnd
    unsafe bytes = .allocate(capacity: all.count + 1)
    unsafe bytes.initialize(to: 0)
    for index in all.indices { unsafe (bytes + index).initialize(to: all[index]) }
    unsafe separators = .allocate(capacity: 1)
    unsafe separators.initialize(
      to: scan_format(
        separator: bytes, quote: bytes + self.separator.count,
        line_end: bytes + self.separator.count + self.quote.count, separator_length: self.separator.count,
        quote_length: self.quote.count, line_end_length: self.lineEnd.count))
  }

  /// Each of them is told from the others by its first bytes.
  private static func check(_ separator: String, _ quote: String, _ lineEnd: String?) throws {
    guard quote.unicodeScalars.count <= 1, quote != "\0" else {
      throw Failure(.configuration, "'textDelimiter' is '\(quote)': expected one character, or none for no quotes")
    }
    var texts = [("fieldSeparator", separator), ("textDelimiter", quote)].filter {
      $0.0 == "fieldSeparator" || $0.1 != ""
    }
    texts += lineEnd.map { [("lineDelimiter", $0)] } ?? [("a line end", "\r"), ("a line end", "\n")]
    for (name, text) in texts {
      guard !text.isEmpty, text.utf8.count <= maxLength else {
        throw Failure(.configuration, "'\(name)' is '\(text)': expected 1 to \(maxLength) bytes")
      }
      for (other, start) in texts where other != name && text.utf8.starts(with: start.utf8) {
        throw Failure(.configuration, "'\(name)' is '\(text)', which begins with \(other)")
      }
    }
  }

  /// What ends the last row has its place behind the input.
  private static let maxLength = 64

  deinit {
    unsafe separators.deallocate()
    unsafe bytes.deallocate()
  }

  /// Single bytes and usual line ends: what the scan of 64 bytes at a time knows.
  private var isSimple: Bool { separator.count == 1 && quote.count <= 1 && lineEnd.isEmpty }
  /// The first byte, 0 where there is no quote.
  var quoteByte: UInt8 { quote.first ?? 0 }

  /// Whether a text that lies between separators would not come back as it is.
  @inline(__always)
  func needsQuotes(_ text: Span<UInt8>, isUsual: Bool) -> Bool {
    unsafe text.withUnsafeBufferPointer {
      if isUsual {
        let quote = quote.first ?? separator[0]
        return unsafe scan_find_special($0.baseAddress, $0.count, separator[0], quote) < $0.count
      }
      return unsafe scan_find_format($0.baseAddress, $0.count, separators) < $0.count
    }
  }

  /// Finds whole rows up to one with a quote where RFC 4180 has none.
  func scan(
    _ base: UnsafePointer<UInt8>, _ count: Int, _ positions: UnsafeMutablePointer<UInt32>,
    _ rowEnds: UnsafeMutablePointer<UInt32>
  ) -> scan_result {
    if isSimple { return unsafe scan_csv(base, count, separator[0], quoteByte, positions, rowEnds) }
    return unsafe scan_rows(base, count, separators, positions, rowEnds)
  }

  /// The place of the first line end, `count` when there is none.
  func lineEnd(_ base: UnsafePointer<UInt8>, _ count: Int) -> Int {
    unsafe scan_find_line_end(base, count, separators)
  }

  /// The place behind a line end.
  @inline(__always)
  func behindLineEnd(_ base: UnsafePointer<UInt8>, _ end: Int) -> Int {
    unsafe CSVFormat.behindLineEnd(base, end, lineEnd.count)
  }

  /// - Parameter length: the line end's, 0 for CR, LF and CRLF.
  @inline(__always)
  static func behindLineEnd(_ base: UnsafePointer<UInt8>, _ end: Int, _ length: Int) -> Int {
    if length > 0 { return end + length }
    return unsafe base[end] == 0x0D && base[end + 1] == 0x0A ? end + 2 : end + 1
  }

  /// Leaves out the line at the window's start, whatever quotes and however many bytes it has.
  func dropLine(_ window: ByteWindow) throws {
    while true {
      let count = window.count
      let end = unsafe lineEnd(window.base, count)
      // One more byte tells a CR from a CRLF.
      if end + 1 < count || (end < count && (window.isComplete || !lineEnd.isEmpty)) {
        return unsafe window.consume(behindLineEnd(window.base, end))
      }
      // The start of a line end may be there already.
      if end == count { window.consume(max(0, count - max(lineEnd.count - 1, 0))) }
      if try !window.fill() { return window.consume(window.count) }
    }
  }
}
