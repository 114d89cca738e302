internal import Expression
internal import Records

/// Finds many texts in another one, in one pass over its bytes: rows that are shown go through it.
struct SecretMatcher: Sendable {
  private struct Pattern: Sendable {
    var bytes: [UInt8]
    /// What of it is secret.
    var marks: [Range<Int>]
    /// A number is found where it stands as one, not inside of a longer one.
    var isNumber: Bool
  }

  /// Texts by their first two bytes.
  private var patterns: [Int: [Pattern]] = [:]
  /// One bit for each two bytes that a text begins with.
  private var beginnings: [UInt64] = []

  /// A text of two bytes and more.
  mutating func insert(_ text: MarkedText) {
    let bytes = Array(text.text.utf8)
    guard bytes.count > 1 else { return }
    if beginnings.isEmpty { beginnings = [UInt64](repeating: 0, count: 1_024) }
    let pair = Int(bytes[0]) << 8 | Int(bytes[1])
    beginnings[pair >> 6] |= 1 << UInt64(pair & 63)
    let isNumber = bytes.allSatisfy(SecretMatcher.isDigit)
    patterns[pair, default: []].append(Pattern(bytes: bytes, marks: text.marks.ranges, isNumber: isNumber))
  }

  /// Where secrets stand.
  func ranges(in text: String) -> [Range<Int>] {
    beginnings.isEmpty ? [] : ranges(in: text.utf8.span)
  }

  private func ranges(in text: Span<UInt8>) -> [Range<Int>] {
    var found: [Range<Int>] = []
    for start in 0..<max(text.count - 1, 0) {
      let pair = Int(text[start]) << 8 | Int(text[start + 1])
      guard beginnings[pair >> 6] & (1 << UInt64(pair & 63)) != 0 else { continue }
      for pattern in patterns[pair] ?? [] where stands(pattern, at: start, in: text) {
        found += pattern.marks.map { $0.lowerBound + start..<$0.upperBound + start }
      }
    }
    return found
  }

  private func stands(_ pattern: Pattern, at start: Int, in text: Span<UInt8>) -> Bool {
    let end = start + pattern.bytes.count
    guard end <= text.count, text.extracting(start..<end).isExactly(pattern.bytes) else { return false }
    guard pattern.isNumber else { return true }
    let opens = start == 0 || !SecretMatcher.isDigit(text[start - 1])
    return opens && (end == text.count || !SecretMatcher.isDigit(text[end]))
  }

  private static func isDigit(_ byte: UInt8) -> Bool { byte &- 48 < 10 }
}
