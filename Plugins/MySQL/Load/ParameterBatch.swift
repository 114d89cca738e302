internal import Expression
internal import Records
internal import SQL

/// The values of a statement's placeholders as a batch of one row, so that they take the same road as records.
enum ParameterBatch {
  static func make(_ values: [Value]) throws -> RecordBatch {
    let columns = try values.enumerated().map { index, value in
      let column = value.asColumn
      guard let target = DatabaseType.natural(column.type) else { return column }
      return try Coercion(from: column.type, to: target, name: "parameter \(index + 1)").apply(column, firstRow: 1)
    }
    let fields = columns.enumerated().map { Field("parameter \($0.offset + 1)", $0.element.type) }
    return RecordBatch(schema: Schema(fields), columns: columns, count: 1)
  }
}
