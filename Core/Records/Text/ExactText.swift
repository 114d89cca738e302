internal import Glibc

/// A text as a key of a dictionary or an element of a set: two are the same when their bytes are.
///
/// Swift takes texts for the same that Unicode calls canonically equivalent: é as one code point and as two, K and the
/// sign for Kelvin. Databases, files and Kestra compare what is there. So do we, wherever a name, a key or a value of
/// data is compared or looked up: with this type, or with `isExactly`.
public struct ExactText: Hashable, Comparable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
  public let string: String

  public init(_ string: String) { self.string = string }
  public init(stringLiteral value: String) { string = value }

  public var description: String { string }

  public static func == (a: ExactText, b: ExactText) -> Bool { a.string.isExactly(b.string) }
  public static func < (a: ExactText, b: ExactText) -> Bool { a.string.precedesExactly(b.string) }

  public func hash(into hasher: inout Hasher) {
    let bytes = string.utf8.span
    var place = 0
    while place + 8 <= bytes.count {
      hasher.combine(bytes.eight(at: place))
      place += 8
    }
    while place < bytes.count {
      hasher.combine(bytes[place])
      place += 1
    }
    // So that two texts behind each other are not one.
    hasher.combine(UInt8(0xFF))
  }
}

extension StringProtocol {
  /// Whether the texts are the same, byte for byte.
  @inlinable
  public func isExactly(_ other: some StringProtocol) -> Bool { utf8.elementsEqual(other.utf8) }

  /// The order of the bytes, which is that of the code points.
  public func precedesExactly(_ other: some StringProtocol) -> Bool { utf8.lexicographicallyPrecedes(other.utf8) }

  /// Whether the other text's bytes stand somewhere in this one's.
  public func containsExactly(_ other: some StringProtocol) -> Bool {
    let (mine, wanted) = (Array(utf8), Array(other.utf8))
    guard let first = wanted.first else { return true }
    var start = 0
    while let next = mine[start...].firstIndex(of: first), next + wanted.count <= mine.count {
      if mine[next...].starts(with: wanted) { return true }
      start = next + 1
    }
    return false
  }
}

extension String {
  /// This text as a key.
  public var exact: ExactText { ExactText(self) }

  /// The same for whole texts, at the speed of memory.
  public func isExactly(_ other: String) -> Bool {
    let mine = self.utf8
    let others = other.utf8
    guard mine.count == others.count else { return false }
    let isSame: Bool?? = unsafe mine.withContiguousStorageIfAvailable { mine in
      unsafe others.withContiguousStorageIfAvailable { others in
        guard let start = mine.baseAddress, let other = others.baseAddress else { return true }
        return unsafe memcmp(start, other, mine.count) == 0
      }
    }
    return (isSame ?? nil) ?? mine.elementsEqual(others)
  }
}

extension Sequence where Element: StringProtocol {
  /// Whether one of the texts is this one, byte for byte.
  public func containsExactly(_ text: some StringProtocol) -> Bool { contains { $0.isExactly(text) } }
}

extension Collection where Element: StringProtocol {
  /// Where the first text stands that is this one, byte for byte.
  public func firstIndex(ofExactly text: some StringProtocol) -> Index? { firstIndex { $0.isExactly(text) } }
}
