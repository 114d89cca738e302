package import Records

/// Rows as canonical text, NULL as "∅", to compare whole tables at a glance.
package func texts(_ source: any RecordSource) throws -> [[String]] {
  var rows: [[String]] = []
  while let batch = try source.next() {
    for row in 0..<batch.count {
      rows.append(batch.columns.map { $0.isNull(row) ? "∅" : ValueText.string(of: $0, at: row) })
    }
  }
  return rows
}
