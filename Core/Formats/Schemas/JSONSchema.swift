package import Expression
package import Records

/// JSON Schema ↔ the schema of a record file: drafts 4 to 2020-12, as Singer's taps and targets write them. What a
/// type becomes stands in `docs/schema-mappings.md`, which is made from this code.
package enum JSONSchema {
  /// The columns of objects that a schema describes. A property that may be missing or NULL is nullable.
  ///
  /// What says more than a column's type (nested objects, formats, enumerations) stands in the field's `sourceType`,
  /// and `value` gives it back.
  /// - Throws: `Failure(.schema)` where it does not describe objects, or refers to what is not in it.
  package static func schema(_ value: Value) throws -> Schema { try JSONSchemaReader(root: value).schema() }

  /// The schema of the objects that `JSONWriter` makes of rows.
  package static func value(_ schema: Schema) -> Value { JSONSchemaWriter.value(schema) }

  /// The keyword for types that JSON Schema has no word for; validators leave unknown keywords out of account.
  static let ferryType = "ferry.type"
  /// Schemas inside of schemas that are looked into: a reference that leads to itself ends here.
  static let depth = 100
  /// How often a schema is looked into for another one, in all.
  static let visits = 100_000
  /// Bytes of a definition that a field carries with it.
  static let definitionBytes = 64 << 10

  static func failure(_ what: String, _ hint: String? = nil) -> Failure {
    Failure(.schema, "reading a JSON Schema: \(what)", hint: hint)
  }
}
