package import Expression
package import Records

/// BigQuery's `TableSchema` (`{"fields": [{"name", "type", "mode", "fields", …}]}`) ↔ the schema of a record file. What
/// a type becomes stands in `docs/schema-mappings.md`, which is made from this code.
package enum BigQuerySchema {
  /// The columns of a table. What a type says beyond the column's type stands in the field's `sourceType` as GoogleSQL
  /// writes it, `STRUCT<name STRING, tags ARRAY<STRING>>`, and `value` gives it back.
  /// - Throws: `Failure(.schema)` for a type that is not known, and for what is no `TableSchema`.
  package static func schema(_ value: Value) throws -> Schema {
    guard let fields = (value.map?["fields"] ?? value).list else {
      throw failure("reading", "it has no 'fields'")
    }
    if fields.count > Limits.columns { throw Limits.tooManyColumns("BigQuery schema") }
    return Schema(
      try fields.map { value in
        let column = try BigQueryColumn(value, depth: 1)
        return Field(
          column.name, column.dataType, nullable: column.mode == .nullable, sourceType: column.sourceType)
      })
  }

  /// The table that takes rows of a schema without a loss.
  /// - Throws: `Failure(.schema)` for a column that BigQuery has no type or no name for.
  package static func value(_ schema: Schema) throws -> Value {
    var names: Set<ExactText> = []
    let fields = try schema.fields.map { field in
      try BigQueryName.check(field.name)
      guard names.insert(ExactText(field.name.lowercased())).inserted else {
        throw failure(
          "writing", "there are two columns '\(field.name)', and BigQuery does not tell upper from lower case",
          hint: "Give one of them another name in the query that reads it")
      }
      return try column(for: field).value
    }
    return ["fields": .list(fields)]
  }

  private static func column(for field: Field) throws -> BigQueryColumn {
    if var own = field.sourceType.flatMap({ BigQueryTypeText.read($0) }), own.dataType == field.type {
      own.name = field.name
      if own.mode != .repeated { own.mode = field.nullable ? .nullable : .required }
      return own
    }
    guard let column = BigQueryColumn(field.name, field.type, nullable: field.nullable) else {
      throw failure(
        "writing", "BigQuery has no type for column '\(field.name)' (\(field.type.name))",
        hint: "Cast it to text in the query that reads it. A BIGNUMERIC has 38 digits in front of its point and 38 "
          + "behind it")
    }
    return column
  }

  static func failure(_ doing: String, _ what: String, hint: String? = nil) -> Failure {
    Failure(.schema, "\(doing) a BigQuery schema: \(what)", hint: hint)
  }
}

/// What BigQuery takes as the name of a column.
enum BigQueryName {
  /// https://cloud.google.com/bigquery/docs/schemas#flexible-column-names
  static func check(_ name: String) throws {
    let isLegal =
      !name.isEmpty && name.unicodeScalars.count <= 300 && !name.contains { "!\"$()*,./;?@[\\]^`{}~".contains($0) }
      && name.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }
    guard !isLegal else { return }
    throw BigQuerySchema.failure(
      "writing", "'\(name)' cannot be the name of a column",
      hint: "Names have 1 to 300 letters, digits, '_', '-', space and the like, none of !\"$()*,./;?@[\\]^`{}~")
  }
}
