package import Records

extension ColumnInfo {
  /// Refuses NULL in a column that takes none, on a road where nobody else would name the row.
  package func refuseNulls(in values: Column, firstRow: Int64, _ doing: String) throws {
    guard !isNullable, values.nullCount > 0 else { return }
    let view = ColumnView(values)
    for row in 0..<values.count where view.isNull(row) {
      throw Failure(
        .data, "\(doing), row \(firstRow + Int64(row)), column '\(name)': NULL in a column that is NOT NULL",
        code: "23502")
    }
  }
}
