internal import Records
internal import SQL

/// Takes text over from a database that does not check it: one in SQL_ASCII.
final class TextCheck {
  private let policy: InvalidText

  init(_ policy: InvalidText) { self.policy = policy }

  func append(_ bytes: Span<UInt8>, to builder: ColumnBuilder) -> RowDecoder.Fault {
    if UTF8Text.isValid(bytes) {
      builder.append(bytes: bytes)
      return .none
    }
    guard let repaired = TextRepair.repaired(bytes, policy) else { return .encoding }
    builder.append(text: repaired)
    return .none
  }
}
