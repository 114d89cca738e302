internal import Expression
internal import Records

/// The mappings as a page: `docs/schema-mappings.md` is this text, and a test checks that it still is.
package enum SchemaMappingPage {
  /// Every kind of type, decimals where the systems differ.
  static let types: [DataType] = [
    .bool, .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64, .float32, .float64,
    .decimal(precision: 10, scale: 2), .decimal(precision: 38, scale: 9), .decimal(precision: 38, scale: 38),
    .decimal(precision: 76, scale: 38), .decimal(precision: 76, scale: 0), .numeric, .text, .bytes, .date,
    .time(.microseconds), .time(.nanoseconds), .timestamp(.microseconds, zoned: false),
    .timestamp(.nanoseconds, zoned: false), .timestamp(.microseconds, zoned: true),
    .timestamp(.nanoseconds, zoned: true), .offsetTimestamp(.microseconds), .offsetTimestamp(.nanoseconds), .interval,
    .uuid, .json, .list(.int64), .list(.json), .list(.list(.int64)),
  ]

  package static var page: String {
    """
    # Schema mappings

    What the columns of a record file become in other systems' schemas, and the other way round. `Core/Formats/Schemas`
    has one mapping for each; this page is written by `SchemaMappingPage` from their code, and a test keeps it current.

    | | |
    |---|---|
    | exact | the same type comes back |
    | marked | others see the standard type; Ferry's name of the type stands beside it as `ferry.type`, and comes back |
    | widened | every value fits, and comes back in a wider type |
    | checked | a value that does not fit is refused when it is written |
    | refused | an error that names the column |

    \(json)

    \(avro)

    \(bigQuery)

    """
  }

  // MARK: JSON Schema

  private static let json = """
    ## JSON Schema

    Drafts 4 to 2020-12, as Singer's taps write them: the schema of objects, whose properties are the columns, in their
    order. A property is NOT NULL where it is `required` and does not allow null. `$ref` within the schema, `allOf`,
    `anyOf` and `oneOf` are followed; choices with null are the other choice, choices of several texts text, of several
    numbers a number that holds them all, of different kinds json. What says more than the column's type (nested
    objects, formats without a type, enumerations, patterns) rides in the field's source type, and is written back.
    Refused are schemas that describe no objects, and references to other documents.

    | column | JSON Schema | |
    |---|---|---|
    \(rows(types) { [$0.name, code(Value.map(JSONSchemaWriter.plain($0)).json()), JSONSchema.fit($0).rawValue] })

    NaN and ±Infinity, which JSON numbers do not have, are texts in the rows, and a validator refuses them there.

    | JSON Schema | column |
    |---|---|
    \(rows(jsonExamples) { [code($0), column(json: $0)] })
    """

  private static let jsonExamples = [
    #"{"type": "integer"}"#, #"{"type": "integer", "minimum": 0, "maximum": 100}"#,
    #"{"type": "integer", "minimum": 0, "maximum": 4294967295}"#,
    #"{"type": "integer", "minimum": 0, "maximum": 100000000000000000000}"#, #"{"type": "number"}"#,
    #"{"type": "number", "multipleOf": 0.01}"#,
    #"{"type": "number", "multipleOf": 0.01, "exclusiveMinimum": -1000, "exclusiveMaximum": 1000}"#,
    #"{"type": ["null", "string"], "format": "singer.decimal"}"#,
    #"{"type": ["null", "string"], "format": "singer.decimal", "precision": 38, "scale": 9}"#,
    #"{"type": ["null", "integer", "number"]}"#, #"{"type": "string", "format": "date-time"}"#,
    #"{"type": "string", "format": "email"}"#, #"{"type": "string", "contentEncoding": "base64"}"#,
    #"{"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]}"#,
    #"{"anyOf": [{"type": "string", "format": "date-time"}, {"type": "string"}]}"#,
    #"{"enum": ["small", "large", null]}"#, #"{"type": ["string", "integer"]}"#,
    #"{"type": "array", "items": {"type": "string"}}"#, #"{"type": "array", "items": {"type": "object"}}"#,
    #"{"type": "object", "properties": {"a": {"type": "string"}}}"#, "{}",
  ]

  private static func column(json text: String) -> String {
    let object = "{\"properties\":{\"c\":\(text)},\"required\":[\"c\"]}"
    guard let field = try? JSONSchema.schema(Value.parseJSON(object)).fields.first else { return "refused" }
    return field.type.name + (field.nullable ? "" : ", NOT NULL")
  }

  // MARK: Avro

  private static let avro = """
    ## Avro

    A record's fields are the columns; a schema that is no record is one column, `value`. A union with null is the other
    type, nullable. `docs/files.md` says how values are read and written.

    | column | Avro | | comes back as |
    |---|---|---|---|
    \(rows(types) { [$0.name, AvroInference.type($0).map(code) ?? "", AvroSchema.fit($0).rawValue, avroBack($0)] })

    | Avro | column |
    |---|---|
    \(rows(avroExamples) { [code($0), (try? AvroSchema($0)).map { $0.columnType($0.root).name } ?? "refused"] })
    """

  private static let avroExamples = [
    #"{"type": "bytes", "logicalType": "decimal", "precision": 77}"#,
    #"{"type": "int", "logicalType": "time-millis"}"#, #"{"type": "long", "logicalType": "timestamp-millis"}"#,
    #"{"type": "long", "logicalType": "local-timestamp-nanos"}"#,
    #"{"type": "fixed", "name": "id", "size": 16, "logicalType": "uuid"}"#,
    #"{"type": "fixed", "name": "span", "size": 12, "logicalType": "duration"}"#,
    #"{"type": "enum", "name": "size", "symbols": ["S", "L"]}"#, #"["null", "long"]"#, #"["int", "long"]"#,
    #"["int", "string"]"#, #"{"type": "array", "items": "string"}"#,
    #"{"type": "array", "items": {"type": "array", "items": "string"}}"#, #"{"type": "map", "values": "int"}"#,
    #"{"type": "record", "name": "inner", "fields": []}"#, #"{"type": "long", "logicalType": "unknown"}"#,
  ]

  private static func avroBack(_ type: DataType) -> String {
    guard let schema = AvroInference.type(type).flatMap({ try? AvroSchema($0) }) else { return "" }
    return schema.columnType(schema.root).name
  }

  // MARK: BigQuery

  private static let bigQuery = """
    ## BigQuery

    `TableSchema` as the REST API has it. `REQUIRED` is NOT NULL. What a type says beyond the column's type rides in the
    field's source type as GoogleSQL writes it, and is written back: a table that is copied keeps its records. Types are
    known by both of their names (`INT64` and `INTEGER`), in any case.

    | column | BigQuery | | comes back as |
    |---|---|---|---|
    \(rows(types) { [$0.name, bigQueryText($0), BigQuerySchema.fit($0).rawValue, bigQueryBack($0)] })

    An array of BigQuery holds no NULL and is none itself. `numeric` is a BIGNUMERIC as long as its values fit. Dates
    reach from the year 1 to 9999, whatever the column's type holds. Names that BigQuery does not allow, and two that
    differ in case only, are refused.

    | BigQuery | column | source type |
    |---|---|---|
    \(rows(bigQueryExamples, bigQueryColumn))
    """

  private static func bigQueryText(_ type: DataType) -> String {
    BigQueryColumn("c", type, nullable: true).map { code(BigQueryTypeText.text($0)) } ?? ""
  }

  private static func bigQueryBack(_ type: DataType) -> String {
    BigQueryColumn("c", type, nullable: true)?.dataType.name ?? ""
  }

  private static let bigQueryExamples = [
    #"{"type": "NUMERIC"}"#, #"{"type": "BIGNUMERIC"}"#,
    #"{"type": "BIGNUMERIC", "precision": "10", "scale": "2"}"#, #"{"type": "STRING", "maxLength": "20"}"#,
    #"{"type": "TIMESTAMP", "timestampPrecision": "12"}"#, #"{"type": "GEOGRAPHY"}"#,
    #"{"type": "RANGE", "rangeElementType": {"type": "DATE"}}"#, #"{"type": "STRING", "mode": "REPEATED"}"#,
    #"{"type": "RECORD", "fields": [{"name": "a", "type": "STRING", "mode": "REQUIRED"}]}"#,
    #"{"type": "RECORD", "mode": "REPEATED", "fields": [{"name": "a", "type": "INTEGER"}]}"#,
    #"{"type": "FOREIGN"}"#,
  ]

  private static func bigQueryColumn(_ text: String) -> [String] {
    let named = "[{\"name\":\"c\",\(text.dropFirst())]"
    guard let field = try? BigQuerySchema.schema(Value.parseJSON(named)).fields.first else {
      return [code(text), "refused", ""]
    }
    return [code(text), field.type.name, field.sourceType.map(code) ?? ""]
  }

  // MARK: tables

  private static func code(_ text: String) -> String { text.contains("`") ? "`` \(text) ``" : "`\(text)`" }

  private static func rows<Element>(_ elements: [Element], _ cells: (Element) -> [String]) -> String {
    elements.map { "| \(cells($0).joined(separator: " | ")) |" }.joined(separator: "\n")
  }
}

extension JSONSchema {
  static func fit(_ type: DataType) -> SchemaFit {
    let map = JSONSchemaWriter.plain(type)
    guard (try? JSONSchemaReader(root: .null).shape(.map(map)).type) == type else { return .widened }
    return Value.map(map).json().contains(ferryType) ? .marked : .exact
  }
}

extension AvroSchema {
  static func fit(_ type: DataType) -> SchemaFit {
    guard let text = AvroInference.type(type), let schema = try? AvroSchema(text) else { return .refused }
    guard schema.columnType(schema.root) == type else { return .widened }
    return text.contains("ferry.type") ? .marked : .exact
  }
}
