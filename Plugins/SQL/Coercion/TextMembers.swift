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

  func contains(_ text: UnsafeRawBufferPointer) -> Bool {
    guard isSet else { return isMember(text[...]) }
    if text.isEmpty { return true }
    let parts = text.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
    return parts.allSatisfy(isMember)
  }

  private func isMember(_ text: Slice<UnsafeRawBufferPointer>) -> Bool {
    texts.contains { $0.count == text.count && $0.elementsEqual(text) }
  }
}
