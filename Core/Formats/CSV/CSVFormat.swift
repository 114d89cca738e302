internal import Records

/// What stands between the fields and rows of CSV and around fields, as UTF-8.
final class CSVFormat {
  let separator: [UInt8]
  /// Empty: there are no quotes.
  let quote: [UInt8]
  /// Empty: CR, LF and CRLF end a row.
  let lineEnd: [UInt8]
  /// What finds them.
  let scan: ScanFormat

  init(separator: String, quote: String, lineEnd: String?) throws {
    try CSVFormat.check(separator, quote, lineEnd)
    self.separator = Array(separator.utf8)
    self.quote = Array(quote.utf8)
    self.lineEnd = Array((lineEnd ?? "").utf8)
    scan = ScanFormat(separator: self.separator, quote: self.quote, lineEnd: self.lineEnd)
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

  /// The first byte, 0 where there is no quote.
  var quoteByte: UInt8 { quote.first ?? 0 }

  /// Whether a text that lies between separators would not come back as it is.
  @inline(__always)
  func needsQuotes(_ text: Span<UInt8>, isUsual: Bool) -> Bool {
    scan.isSpecial(text, isUsual: isUsual)
  }

  /// The place behind a line end.
  @inline(__always)
  func behindLineEnd(_ text: Span<UInt8>, _ end: Int) -> Int {
    CSVFormat.behindLineEnd(text, end, lineEnd.count)
  }

  /// - Parameter length: the line end's, 0 for CR, LF and CRLF.
  @inline(__always)
  static func behindLineEnd(_ text: Span<UInt8>, _ end: Int, _ length: Int) -> Int {
    if length > 0 { return end + length }
    return text[end] == 0x0D && text[end + 1] == 0x0A ? end + 2 : end + 1
  }

  /// Leaves out the line at the window's start, whatever quotes and however many bytes it has.
  func dropLine(_ window: ByteWindow) throws {
    while true {
      let count = window.count
      let end = scan.lineEnd(window.padded, count)
      // One more byte tells a CR from a CRLF.
      if end + 1 < count || (end < count && (window.isComplete || !lineEnd.isEmpty)) {
        return window.consume(behindLineEnd(window.padded, end))
      }
      // The start of a line end may be there already.
      if end == count { window.consume(max(0, count - max(lineEnd.count - 1, 0))) }
      if try !window.fill() { return window.consume(window.count) }
    }
  }
}
