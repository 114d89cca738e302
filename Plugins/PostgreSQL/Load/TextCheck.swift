internal import Records
internal import SQL

/// Takes text over from a database that does not check it: one in SQL_ASCII.
final class TextCheck {
  private let policy: InvalidText

  init(_ policy: InvalidText) { self.policy = policy }

  func append(_ p: UnsafeRawPointer, _ length: Int, to builder: ColumnBuilder) -> RowDecoder.Fault {
    let bytes = unsafe UnsafeRawBufferPointer(start: p, count: length)
    if unsafe String(validating: bytes, as: UTF8.self) != nil {
      unsafe builder.append(bytes: bytes)
      return .none
    }
    guard let repaired = unsafe TextRepair.repaired(bytes, policy) else { return .encoding }
    builder.append(text: repaired)
    return .none
  }
}
