internal import Records

/// URIs inside of messages.
enum URIPlaces {
  /// Whether a place of a text lies inside of one of these URIs.
  static func contains(_ range: Range<Int>, _ text: String, _ uris: Set<ExactText>) -> Bool {
    if uris.isEmpty { return false }
    let bytes = Array(text.utf8)
    return isInsideOfWord(range, bytes, uris) || isInsideOfFile(range, bytes, uris)
  }

  /// A URI is a word; a bracket or full stop beside it belongs to the sentence.
  private static func isInsideOfWord(_ range: Range<Int>, _ text: [UInt8], _ uris: Set<ExactText>) -> Bool {
    var start = text[..<range.lowerBound].lastIndex(where: isEnd).map { $0 + 1 } ?? 0
    var end = text[range.upperBound...].firstIndex(where: isEnd) ?? text.count
    while start < range.lowerBound, "([".utf8.contains(text[start]) { start += 1 }
    while true {
      if has(text[start..<end], uris) { return true }
      guard end > range.upperBound, ".,:;)]".utf8.contains(text[end - 1]) else { return false }
      end -= 1
    }
  }

  private static let scheme = Array("ferry:///".utf8)

  /// The name of a file of the engine's may stand inside of another word.
  private static func isInsideOfFile(_ range: Range<Int>, _ text: [UInt8], _ uris: Set<ExactText>) -> Bool {
    var start = range.lowerBound
    while start > 0, isOfFile(text[start - 1]) { start -= 1 }
    while start <= range.lowerBound {
      if text[start...].starts(with: scheme) {
        var end = start + scheme.count
        while end < text.count, isOfFile(text[end]) { end += 1 }
        while end >= range.upperBound, end > start {
          if has(text[start..<end], uris) { return true }
          guard ".:".utf8.contains(text[end - 1]) else { break }
          end -= 1
        }
      }
      start += 1
    }
    return false
  }

  private static func has(_ text: ArraySlice<UInt8>, _ uris: Set<ExactText>) -> Bool {
    uris.contains(ExactText(String(decoding: text, as: UTF8.self)))
  }

  private static func isEnd(_ byte: UInt8) -> Bool { byte <= 32 || "\"'<>`".utf8.contains(byte) }

  private static func isOfFile(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), 0x30...0x39, 0x80...: true
    default: "-._~%/:".utf8.contains(byte)
    }
  }
}
