internal import Records

/// The members of an ENUM or a SET column. A server takes a text for a member that its collation calls equal, and a
/// number, also one with blanks or a sign, for a position: either would be stored as another text.
public struct TextMembers: Sendable, Hashable {
  private let texts: [[UInt8]]
  private let isSet: Bool

  /// - Parameter isSet: whether a list of them, with commas between, is a value too.
  public init(_ members: [String], isSet: Bool) {
    texts = members.map { Array($0.utf8) }
    self.isSet = isSet
  }

  func contains(_ text: Span<UInt8>) -> Bool {
    if isSet, text.isEmpty { return true }
    var rest = text
    while isSet, let comma = rest.firstIndex(of: UInt8(ascii: ",")) {
      guard isMember(rest.extracting(first: comma)) else { return false }
      rest = rest.extracting(droppingFirst: comma + 1)
    }
    return isMember(rest)
  }

  private func isMember(_ text: Span<UInt8>) -> Bool { texts.contains { text.isExactly($0) } }
}
