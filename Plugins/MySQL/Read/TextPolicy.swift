internal import Records
internal import SQL

/// Makes sure that text columns are UTF-8. The server converts to UTF-8 and checks what it stores, so this finds
/// nothing unless a table was filled behind its back; the check costs little where text is ASCII.
struct TextPolicy {
  let policy: InvalidText

  func checked(_ batch: RecordBatch, _ textColumns: [Int], firstRow: Int64) throws -> RecordBatch {
    var columns = batch.columns
    for index in textColumns {
      guard let row = UTF8Check.firstInvalidRow(columns[index]) else { continue }
      if policy == .error {
        throw Failure(
          .data,
          "reading column '\(batch.schema.fields[index].name)' of row \(firstRow + Int64(row)): the text is not UTF-8",
          hint: "Set invalidText to replace or escape to read such rows")
      }
      columns[index] = repaired(columns[index])
    }
    return RecordBatch(schema: batch.schema, columns: columns, count: batch.count)
  }

  private func repaired(_ column: Column) -> Column {
    let view = ColumnView(column)
    let builder = ColumnBuilder(column.type)
    for row in 0..<view.count {
      if view.isNull(row) {
        builder.appendNull()
      } else if UTF8Text.isValid(view.bytes(row)) {
        builder.append(bytes: view.bytes(row))
      } else {
        builder.append(text: TextRepair.repaired(view.bytes(row), policy) ?? "")
      }
    }
    return builder.finish()
  }
}
