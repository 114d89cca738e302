internal import Records

/// A text made from the user's piece by piece, which knows where each of its pieces stood.
struct TextEdits {
  private let original: [UInt8]
  private var made: [UInt8] = []
  /// Pieces that differ: where they end in the made text and in the original.
  private var ends: [(made: Int, original: Int)] = []

  init(_ text: String) { original = Array(text.utf8) }

  func text(_ range: Range<Int>) -> String { String(decoding: original[range], as: UTF8.self) }
  /// All that was kept or put in place so far; of an untouched text the text.
  var result: String { String(decoding: made, as: UTF8.self) }

  mutating func keep(_ range: Range<Int>) { made += original[range] }

  mutating func replace(_ range: Range<Int>, by text: String) {
    made += text.utf8
    ends.append((made.count, range.upperBound))
  }

  /// The byte of the original that the Unicode scalar `scalar` of the made text comes from; inside of a replaced piece,
  /// its end.
  func origin(ofScalar scalar: Int) -> Int {
    let byte = TextEdits.byte(ofScalar: scalar, in: made.isEmpty ? original : made)
    guard let last = ends.last(where: { $0.made <= byte }) else { return min(byte, original.count) }
    return min(last.original + byte - last.made, original.count)
  }

  private static func byte(ofScalar scalar: Int, in text: [UInt8]) -> Int {
    var left = scalar
    return text.firstIndex { byte in
      if byte & 0xC0 == 0x80 { return false }
      left -= 1
      return left < 0
    } ?? text.count
  }
}

/// A place in a text as a person looks for it.
struct TextPlace: Hashable {
  /// From 1.
  var line: Int
  /// In Unicode scalars, from 1.
  var column: Int
  /// The line itself, or what stands around the place in a long one.
  var shown: String

  init(_ text: String, byte: Int) {
    let bytes = Array(text.utf8)
    let end = min(byte, bytes.count)
    let start = bytes[..<end].lastIndex(of: 10).map { $0 + 1 } ?? 0
    line = bytes[..<start].count { $0 == 10 } + 1
    column = bytes[start..<end].count { $0 & 0xC0 != 0x80 } + 1
    let rest = bytes[end...].firstIndex { $0 == 10 || $0 == 13 } ?? bytes.count
    let from = max(start, end - TextPlace.before)
    let to = min(rest, end + TextPlace.behind)
    shown = String(decoding: bytes[from..<to], as: UTF8.self).trimmed
    if from > start { shown = "…" + shown }
    if to < rest { shown += "…" }
  }

  /// So much of a long line is shown, in bytes.
  private static let before = 60
  private static let behind = 60
}

extension Failure {
  /// The failure with the place in the user's text, where the database names one.
  /// - Parameters:
  ///   - edits: how the statement became what was sent.
  ///   - statement: the statement as it stands in `text`.
  func located(_ edits: TextEdits, _ statement: String, in text: String) -> Failure {
    guard let position else { return self }
    let start = text.firstRange(of: statement).map { text.utf8.distance(from: text.startIndex, to: $0.lowerBound) }
    let place = TextPlace(start == nil ? statement : text, byte: (start ?? 0) + edits.origin(ofScalar: position))
    var copy = self
    copy.position = nil
    copy.message += ", line \(place.line), column \(place.column): \(place.shown)"
    return copy
  }
}
