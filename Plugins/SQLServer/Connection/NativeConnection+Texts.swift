internal import Records

extension NativeConnection {
  /// Small results as text, for what the driver itself wants to know.
  func texts(_ sql: String) throws(DatabaseError) -> [[String?]] {
    try send(sql)
    var rows: [[String?]] = []
    while let answer = try nextAnswer() {
      guard case .rows(let columns) = answer else { continue }
      while try nextRow() {
        rows.append(columns.indices.map { text(Int32($0 + 1), columns[$0].type) })
      }
    }
    return rows
  }

  /// A text, or a number as text; nil for NULL.
  private func text(_ column: Int32, _ type: DatabaseType) -> String? {
    guard let value = value(column) else { return nil }
    switch (type.form, value.count) {
    case (.bit, 1), (.tinyint, 1): return "\(value[0])"
    case (.smallint, 2): return "\(value.little(at: 0, as: Int16.self))"
    case (.int, 4): return "\(value.little(at: 0, as: Int32.self))"
    case (.bigint, 8): return "\(value.little(at: 0, as: Int64.self))"
    default: return value.string
    }
  }
}
