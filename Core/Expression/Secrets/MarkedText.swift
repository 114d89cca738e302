internal import Records

/// A text of which parts may be secret. What is cut out of it and put together with others keeps its marks.
public struct MarkedText: Hashable, Sendable {
  /// What stands for a secret part where it is shown.
  public static let mask = "******"

  public private(set) var text: String
  public private(set) var marks: Marks

  public init(_ text: String = "", _ marks: Marks = .none) {
    self.text = text
    self.marks = marks
  }

  /// A text that is secret as a whole.
  public init(secret text: String) { self.init(text, Marks(whole: text)) }

  public var isSecret: Bool { !marks.isEmpty }

  /// The text with a mask in place of each secret part.
  public var masked: String {
    if marks.isEmpty { return text }
    let bytes = Array(text.utf8)
    var output: [UInt8] = []
    var end = 0
    for range in marks.ranges {
      output += bytes[end..<range.lowerBound]
      output += MarkedText.mask.utf8
      end = range.upperBound
    }
    return String(decoding: output + bytes[end...], as: UTF8.self)
  }

  /// The secret parts themselves.
  public var secrets: [String] {
    if marks.isEmpty { return [] }
    let bytes = Array(text.utf8)
    return marks.ranges.map { String(decoding: bytes[$0], as: UTF8.self) }
  }

  public mutating func append(_ other: MarkedText) {
    if other.isSecret { marks.add(other.marks, at: text.utf8.count) }
    text += other.text
  }

  mutating func append(_ piece: String, secret: Bool = false) {
    if secret { marks.add(text.utf8.count..<text.utf8.count + piece.utf8.count) }
    text += piece
  }

  public static func + (a: MarkedText, b: MarkedText) -> MarkedText {
    var sum = a
    sum.append(b)
    return sum
  }

  static func + (a: String, b: MarkedText) -> MarkedText { MarkedText(a) + b }
  static func + (a: MarkedText, b: String) -> MarkedText { a + MarkedText(b) }

  // MARK: parts

  /// A part of `text`.
  func cut(_ part: Substring) -> MarkedText {
    if marks.isEmpty { return MarkedText(String(part)) }
    let start = text.utf8.distance(from: text.startIndex, to: part.startIndex)
    return MarkedText(String(part), marks.cut(to: start..<start + part.utf8.count))
  }

  /// The part between two offsets of the UTF-8.
  func cut(_ part: Range<Int>) -> MarkedText {
    let start = text.utf8.index(text.startIndex, offsetBy: part.lowerBound)
    let end = text.utf8.index(start, offsetBy: part.count)
    return MarkedText(String(decoding: text.utf8[start..<end], as: UTF8.self), marks.cut(to: part))
  }

  /// The text in parts that are secret or not as a whole.
  var pieces: [MarkedText] {
    var pieces: [MarkedText] = []
    var end = 0
    for range in marks.ranges + [text.utf8.count..<text.utf8.count] {
      if end < range.lowerBound { pieces.append(cut(end..<range.lowerBound)) }
      if !range.isEmpty { pieces.append(cut(range)) }
      end = range.upperBound
    }
    return pieces
  }

  /// Each letter, and whether it is secret.
  var letters: [(letter: Character, isSecret: Bool)] {
    var end = 0
    return text.map { letter in
      let start = end
      end += letter.utf8.count
      return (letter, marks.overlaps(start..<end))
    }
  }

  // MARK: changes

  /// The text changed. Where the parts changed each for itself make up the same, the marks stay with them; else all of
  /// the result is secret.
  func mapped(_ change: (String) throws -> String) rethrows -> MarkedText {
    let whole = try change(text)
    if marks.isEmpty { return MarkedText(whole) }
    var sum = MarkedText()
    for piece in pieces {
      guard let changed = try? change(piece.text) else { return MarkedText(secret: whole) }
      sum.append(changed, secret: piece.isSecret)
    }
    return sum.text.isExactly(whole) ? sum : MarkedText(secret: whole)
  }

  /// The same with a mark on each part that `ranges` finds in it.
  public func marked(at ranges: [Range<Int>]) -> MarkedText {
    ranges.isEmpty ? self : MarkedText(text, marks.union(Marks(ranges)))
  }
}

/// Bytes of a text that is being made, with its marks.
struct MarkedBytes {
  private(set) var bytes: [UInt8] = []
  private(set) var marks = Marks.none

  /// Must be whole code points in the end.
  var text: MarkedText { MarkedText(String(decoding: bytes, as: UTF8.self), marks) }

  mutating func append(_ piece: some Sequence<UInt8>, secret: Bool = false) {
    let start = bytes.count
    bytes += piece
    if secret { marks.add(start..<bytes.count) }
  }

  mutating func append(_ byte: UInt8, secret: Bool) {
    if secret { marks.add(bytes.count..<bytes.count + 1) }
    bytes.append(byte)
  }

  /// Marks what was appended since there were `start` bytes.
  mutating func mark(from start: Int) { marks.add(start..<bytes.count) }

  /// A part of the bytes of a text with these marks.
  mutating func append(_ source: [UInt8], _ part: Range<Int>, _ sourceMarks: Marks) {
    if !sourceMarks.isEmpty { marks.add(sourceMarks.cut(to: part), at: bytes.count) }
    bytes += source[part]
  }
}
