/// Where the secret parts of a text stand: ranges of its UTF-8, ascending, none of them touching another.
public struct Marks: Hashable, Sendable {
  public private(set) var ranges: [Range<Int>] = []

  public static let none = Marks()

  private init() {}

  /// In any order; what overlaps or touches is one range.
  public init(_ ranges: [Range<Int>]) {
    for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) { add(range) }
  }

  /// All of a text.
  public init(whole text: String) { add(0..<text.utf8.count) }

  public var isEmpty: Bool { ranges.isEmpty }

  /// Adds a range that begins behind the beginnings of all others.
  mutating func add(_ range: Range<Int>) {
    if range.isEmpty { return }
    guard let last = ranges.last, range.lowerBound <= last.upperBound else {
      ranges.append(range)
      return
    }
    ranges[ranges.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
  }

  /// Adds the marks of a text that was put behind one of `offset` bytes.
  mutating func add(_ other: Marks, at offset: Int) {
    for range in other.ranges { add(range.lowerBound + offset..<range.upperBound + offset) }
  }

  /// Those of a part of the text, counted from its beginning.
  func cut(to part: Range<Int>) -> Marks {
    if isEmpty { return self }
    var marks = Marks()
    for range in ranges where range.overlaps(part) {
      let inside = range.clamped(to: part)
      marks.add(inside.lowerBound - part.lowerBound..<inside.upperBound - part.lowerBound)
    }
    return marks
  }

  /// Whether a part of the text is secret in part. A place between two bytes is when both are.
  func overlaps(_ part: Range<Int>) -> Bool {
    ranges.contains { range in
      part.isEmpty
        ? range.lowerBound < part.lowerBound && part.lowerBound < range.upperBound : range.overlaps(part)
    }
  }

  /// Whether all of a part is secret.
  public func covers(_ part: Range<Int>) -> Bool {
    ranges.contains { $0.lowerBound <= part.lowerBound && part.upperBound <= $0.upperBound }
  }

  /// Both together, of the same text.
  public func union(_ other: Marks) -> Marks { Marks(ranges + other.ranges) }
}
