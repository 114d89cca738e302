internal import Records

/// All results of one statement, one behind the other: a procedure may give several.
final class JoinedRows: SQLRows {
  let schema: Schema
  private var current: any SQLRows
  private let sameColumns: Bool

  /// - Parameter sameColumns: whether a result with other columns than the first one is an error.
  init(_ first: any SQLRows, sameColumns: Bool) {
    schema = first.schema
    current = first
    self.sameColumns = sameColumns
  }

  func next() throws -> RecordBatch? {
    while true {
      if let batch = try current.next() { return batch }
      guard let following = try current.nextResult() else { return nil }
      current = following
      if sameColumns { try check(following.schema) }
    }
  }

  private func check(_ other: Schema) throws {
    func columns(_ schema: Schema) -> [String] { schema.fields.map { "\($0.name) \($0.type.name)" } }
    guard columns(other) != columns(schema) else { return }
    throw Failure(
      .schema,
      "the statement gives results with different columns: (\(columns(schema).joined(separator: ", "))) and "
        + "(\(columns(other).joined(separator: ", ")))",
      hint: "Use Queries, which stores each of them by itself")
  }

  func close() { current.close() }
}
