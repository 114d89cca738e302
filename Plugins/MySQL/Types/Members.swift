/// The members of an ENUM or a SET column. The server takes a text for a member that its collation calls equal, and a
/// number, also one with blanks or a sign, for a position: either would be stored as another text.
struct Members: Sendable, Hashable {
  private let texts: [[UInt8]]
  private let isSet: Bool

  init(_ members: [String], isSet: Bool) {
    texts = members.map { Array($0.utf8) }
    self.isSet = isSet
  }

  /// Whether the text is a member, or a list of members where the column is a SET.
  func contains(_ text: UnsafeRawBufferPointer) -> Bool {
    guard isSet else { return unsafe isMember(text[...]) }
    if unsafe text.isEmpty { return true }
    let parts = unsafe text.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
    return unsafe parts.allSatisfy(isMember)
  }

  private func isMember(_ text: Slice<UnsafeRawBufferPointer>) -> Bool {
    texts.contains { unsafe $0.count == text.count && $0.elementsEqual(text) }
  }
}
