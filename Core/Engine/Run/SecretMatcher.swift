internal import Records

/// Finds many texts in another one, in one pass over its bytes: rows that are fetched go through it.
struct SecretMatcher: Sendable {
  /// What is not taken for a secret.
  enum Spared { case nothing, words }

  /// A secret with fewer bytes could be any word: it counts where it stands as a word of its own.
  static let shortest = 8

  private struct Pattern: Sendable {
    var bytes: [UInt8]
    var isWord: Bool
  }

  /// Texts by their first two bytes, the longest first.
  private var patterns: [Int: [Pattern]] = [:]
  /// One bit for each two bytes that a text may begin with.
  private var beginnings: [UInt64] = []
  /// Whether some text that is no mere word could be a number.
  private(set) var hasLongNumbers = false

  init(_ texts: Set<ExactText>) {
    if texts.isEmpty { return }
    beginnings = [UInt64](repeating: 0, count: 1_024)
    for text in texts.map(\.string).sorted(by: { $0.utf8.count > $1.utf8.count }) {
      let pattern = Pattern(bytes: Array(text.utf8), isWord: text.utf8.count < SecretMatcher.shortest)
      if !pattern.isWord, pattern.bytes.allSatisfy(SecretMatcher.isOfNumber) { hasLongNumbers = true }
      // A text of one byte begins with it and any other.
      let seconds = pattern.bytes.count > 1 ? Int(pattern.bytes[1])...Int(pattern.bytes[1]) : 0...255
      for second in seconds {
        let pair = Int(pattern.bytes[0]) << 8 | second
        beginnings[pair >> 6] |= 1 << UInt64(pair & 63)
        patterns[pair, default: []].append(pattern)
      }
    }
  }

  /// Where the texts stand, in order; what overlaps is one place.
  func ranges(in text: String, sparing spared: Spared) -> [Range<Int>] {
    if beginnings.isEmpty { return [] }
    var text = text
    return text.withUTF8 { unsafe ranges(in: $0, spared) }
  }

  private func ranges(in text: UnsafeBufferPointer<UInt8>, _ spared: Spared) -> [Range<Int>] {
    var found: [Range<Int>] = []
    for start in 0..<text.count {
      let second = unsafe start + 1 < text.count ? Int(text[start + 1]) : 0
      let pair = unsafe Int(text[start]) << 8 | second
      guard beginnings[pair >> 6] & (1 << UInt64(pair & 63)) != 0,
        let end = unsafe end(of: patterns[pair] ?? [], from: start, in: text, spared)
      else { continue }
      if let last = found.last, start < last.upperBound {
        found[found.count - 1] = last.lowerBound..<max(end, last.upperBound)
      } else {
        found.append(start..<end)
      }
    }
    return found
  }

  private func end(
    of patterns: [Pattern], from start: Int, in text: UnsafeBufferPointer<UInt8>, _ spared: Spared
  ) -> Int? {
    for pattern in patterns {
      let end = start + pattern.bytes.count
      guard end <= text.count, unsafe text[start..<end].elementsEqual(pattern.bytes) else { continue }
      if !pattern.isWord { return end }
      if spared == .nothing, unsafe isWord(start..<end, in: text) { return end }
    }
    return nil
  }

  /// Whether nothing of the same word stands before or behind. What begins with a sign, such as `!`, needs no space.
  private func isWord(_ range: Range<Int>, in text: UnsafeBufferPointer<UInt8>) -> Bool {
    if range.count == text.count { return true }
    let isSign = unsafe !text[range].contains(where: SecretMatcher.isOfWord)
    if isSign && range.count < 3 { return false }
    let opens =
      unsafe range.lowerBound == 0 || !SecretMatcher.isOfWord(text[range.lowerBound])
      || !SecretMatcher.isOfWord(text[range.lowerBound - 1]) || isBehindEscape(range.lowerBound, text)
    let closes =
      unsafe range.upperBound == text.count || !SecretMatcher.isOfWord(text[range.upperBound - 1])
      || !SecretMatcher.isOfWord(text[range.upperBound])
    return opens && closes
  }

  /// `%3D` of a URL and `\n` of JSON end in a letter that is none of the word behind them.
  private func isBehindEscape(_ place: Int, _ text: UnsafeBufferPointer<UInt8>) -> Bool {
    if place >= 2, unsafe text[place - 2] == UInt8(ascii: "\\") { return true }
    return unsafe place >= 3 && text[place - 3] == UInt8(ascii: "%")
  }

  private static func isOfWord(_ byte: UInt8) -> Bool {
    byte | 32 >= UInt8(ascii: "a") && byte | 32 <= UInt8(ascii: "z") || byte &- 48 < 10 || byte == UInt8(ascii: "_")
  }

  private static func isOfNumber(_ byte: UInt8) -> Bool { byte &- 48 < 10 || "+-.eE".utf8.contains(byte) }
}
