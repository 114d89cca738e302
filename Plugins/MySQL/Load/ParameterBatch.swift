internal import Expression
internal import Records
internal import SQL

/// The values of a statement's placeholders as a batch of one row, so that they take the same road as records.
enum ParameterBatch {
  static func make(_ values: [Value]) throws -> RecordBatch {
    let columns = try values.enumerated().map { index, value in
      let column = column(value)
      guard let target = DatabaseType.natural(column.type) else { return column }
      return try Coercion(from: column.type, to: target, name: "parameter \(index + 1)").apply(column, firstRow: 1)
    }
    let fields = columns.enumerated().map { Field("parameter \($0.offset + 1)", $0.element.type) }
    return RecordBatch(schema: Schema(fields), columns: columns, count: 1)
  }

  private static func column(_ value: Value) -> Column {
    switch value {
    case .null: one(.text) { $0.appendNull() }
    case .bool(let flag): one(.bool) { $0.append(bool: flag) }
    case .int(let number): one(.int64) { $0.append(number) }
    case .double(let number): one(.float64) { $0.append(number) }
    case .decimal(let digits): one(.numeric) { $0.append(text: digits) }
    case .string(let text): one(.text) { $0.append(text: text) }
    case .secret(let secret): column(secret.value)
    case .list, .map: one(.json) { $0.append(text: value.json()) }
    }
  }

  private static func one(_ type: DataType, _ append: (ColumnBuilder) -> Void) -> Column {
    let builder = ColumnBuilder(type, rows: 1)
    append(builder)
    return builder.finish()
  }
}
