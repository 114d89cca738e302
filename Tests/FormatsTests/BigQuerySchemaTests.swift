import Expression
import FerryTesting
import Foundation
import Records
import Testing

@testable import Formats

/// BigQuery's tables ↔ columns.
@Suite struct BigQuerySchemaTests {
  @Test(arguments: SchemaMappingPage.types + SchemaMappingPage.types.map { .list($0) })
  func `every type comes back, or in one that holds all its values`(type: DataType) throws {
    let schema = Schema([Field("c", type, nullable: false)])
    switch BigQuerySchema.fit(type) {
    case .refused:
      let failure = #expect(throws: Failure.self) { try BigQuerySchema.value(schema) }
      #expect(failure?.message == "writing a BigQuery schema: BigQuery has no type for column 'c' (\(type.name))")
    case .exact: #expect(try BigQuerySchema.schema(BigQuerySchema.value(schema)) == schema)
    case .checked, .marked:
      let back = try BigQuerySchema.schema(BigQuerySchema.value(schema)).fields[0]
      #expect(back.nullable == false && Self.inMicroseconds(back.type) == Self.inMicroseconds(type))
    case .widened: #expect(try BigQuerySchema.schema(BigQuerySchema.value(schema)).fields[0].type != type)
    }
  }

  private static func inMicroseconds(_ type: DataType) -> DataType {
    switch type {
    case .time: .time(.microseconds)
    case .timestamp(_, let zoned): .timestamp(.microseconds, zoned: zoned)
    case .list(let element): .list(inMicroseconds(element))
    default: type
    }
  }

  /// A table as `tables.get` gives it, with every type, comes back as it was.
  private static let table = #"""
    {"fields":[
      {"name":"s","type":"STRING","mode":"REQUIRED"},{"name":"s20","type":"STRING","mode":"NULLABLE","maxLength":"20"},
      {"name":"b","type":"BYTES","mode":"NULLABLE","maxLength":"4"},{"name":"i","type":"INTEGER","mode":"NULLABLE"},
      {"name":"f","type":"FLOAT","mode":"NULLABLE"},{"name":"t","type":"BOOLEAN","mode":"NULLABLE"},
      {"name":"n","type":"NUMERIC","mode":"NULLABLE"},
      {"name":"n102","type":"NUMERIC","mode":"NULLABLE","precision":"10","scale":"2"},
      {"name":"n5","type":"NUMERIC","mode":"NULLABLE","precision":"5"},
      {"name":"big","type":"BIGNUMERIC","mode":"NULLABLE"},
      {"name":"big102","type":"BIGNUMERIC","mode":"NULLABLE","precision":"10","scale":"2"},
      {"name":"big76","type":"BIGNUMERIC","mode":"NULLABLE","precision":"76","scale":"38"},
      {"name":"d","type":"DATE","mode":"NULLABLE"},{"name":"c","type":"TIME","mode":"NULLABLE"},
      {"name":"wall","type":"DATETIME","mode":"NULLABLE"},{"name":"at","type":"TIMESTAMP","mode":"NULLABLE"},
      {"name":"fine","type":"TIMESTAMP","mode":"NULLABLE","timestampPrecision":"12"},
      {"name":"span","type":"INTERVAL","mode":"NULLABLE"},{"name":"doc","type":"JSON","mode":"NULLABLE"},
      {"name":"place","type":"GEOGRAPHY","mode":"REQUIRED"},
      {"name":"days","type":"RANGE","mode":"NULLABLE","rangeElementType":{"type":"DATE"}},
      {"name":"tags","type":"STRING","mode":"REPEATED"},
      {"name":"sums","type":"BIGNUMERIC","mode":"REPEATED","precision":"10","scale":"2"},
      {"name":"docs","type":"JSON","mode":"REPEATED"},
      {"name":"one","type":"RECORD","mode":"REQUIRED","fields":[
        {"name":"a b","type":"INTEGER","mode":"REQUIRED"},{"name":"r","type":"RECORD","mode":"REPEATED","fields":[
          {"name":"x","type":"RANGE","mode":"REPEATED","rangeElementType":{"type":"TIMESTAMP"}},
          {"name":"y","type":"STRING","mode":"NULLABLE","maxLength":"3"}]}]},
      {"name":"many","type":"RECORD","mode":"REPEATED","fields":[{"name":"v","type":"NUMERIC","mode":"NULLABLE"}]}]}
    """#

  @Test func `a table comes back as it was`() throws {
    let value = try Value.parseJSON(Self.table)
    let schema = try BigQuerySchema.schema(value)
    #expect(
      schema.fields.map { "\($0.name) \($0.type.name)\($0.nullable ? "" : "!")\($0.sourceType.map { " " + $0 } ?? "")" }
        == [
          "s text!", "s20 text STRING(20)", "b bytes BYTES(4)", "i int64", "f float64", "t bool", "n decimal(38,9)",
          "n102 decimal(10,2)", "n5 decimal(5,0) NUMERIC(5)", "big numeric", "big102 decimal(10,2) BIGNUMERIC(10, 2)",
          "big76 decimal(76,38)", "d date", "c time", "wall timestamp", "at timestamp with zone",
          "fine text TIMESTAMP(12)",
          "span interval", "doc json", "place text! GEOGRAPHY", "days text RANGE<DATE>", "tags list of text!",
          "sums list of decimal(10,2)! ARRAY<BIGNUMERIC(10, 2)>", "docs list of json!",
          "one json! STRUCT<`a b` INT64 NOT NULL, `r` ARRAY<STRUCT<`x` ARRAY<RANGE<TIMESTAMP>>, `y` STRING(3)>>>",
          "many json! ARRAY<STRUCT<`v` NUMERIC>>",
        ])
    let back = try BigQuerySchema.value(schema)
    #expect(back == value, "\(back.json())")
  }

  @Test func `what a field misses is the usual`() throws {
    let text = #"[{"name":"a","type":"int64"},{"name":"b","type":"struct","fields":[{"name":"c","type":"bool"}]}]"#
    let schema = try BigQuerySchema.schema(Value.parseJSON(text))
    #expect(schema == Schema([Field("a", .int64), Field("b", .json, sourceType: "STRUCT<`c` BOOL>")]))
  }

  /// Types of other databases, texts that are none, and digits that BigQuery does not have.
  @Test(arguments: [
    "varchar(10)", "numeric(20,12)", "enum('a')", "STRUCT<", "STRUCT<>", "STRUCT<a>", "STRUCT<a INT64", "ARRAY<INT64",
    "ARRAY<ARRAY<INT64>>", "ARRAY<STRING> x", "NUMERIC(", "NUMERIC(a)", "NUMERIC(40)", "NUMERIC(0)",
    "BIGNUMERIC(80, 1)",
    "INT64(3)", "RANGE", "RANGE<x>", "STRING(1, 2)", "", "STRUCT<`a INT64>", "{\"type\":\"string\"}",
  ]) func `other source types say nothing`(text: String) throws {
    #expect(BigQueryTypeText.read(text) == nil)
    let schema = Schema([Field("c", .decimal(precision: 20, scale: 12), sourceType: text)])
    let field = try #require(BigQuerySchema.value(schema).map?["fields"]?.list?.first?.map)
    #expect(field["type"] == "BIGNUMERIC" && field["precision"] == "20" && field["scale"] == "12")
  }

  @Test func `records nest as deep as BigQuery's`() throws {
    let deep = String(repeating: "STRUCT<a ", count: 14) + "INT64" + String(repeating: ">", count: 14)
    #expect(BigQueryTypeText.read(deep) != nil)
    #expect(BigQueryTypeText.read("STRUCT<a STRUCT<a \(deep)>>") == nil)
    let open = String(repeating: #"[{"name":"a","type":"RECORD","fields":"#, count: 15)
    let close = String(repeating: "}]", count: 15)
    #expect(throws: Failure.self) {
      try BigQuerySchema.schema(Value.parseJSON(#"\#(open)[{"name":"a","type":"DATE"}]\#(close)"#))
    }
  }

  @Test(arguments: [
    ("7", "it has no 'fields'"), (#"[{"name":"a"}]"#, "a field has no 'name' or no 'type'"),
    (#"[{"name":"a","type":"FOREIGN"}]"#, "field 'a' has the type 'FOREIGN', which is not known here"),
    (#"[{"name":"a","type":"DATE","mode":"ODD"}]"#, "field 'a' has the mode 'ODD'"),
    (#"[{"name":"a","type":"RECORD"}]"#, "the record 'a' has no 'fields'"),
    (#"[{"name":"a","type":"STRING","maxLength":"many"}]"#, "'maxLength' is many"),
  ]) func `what is no table is refused`(text: String, message: String) throws {
    let failure = #expect(throws: Failure.self) { try BigQuerySchema.schema(Value.parseJSON(text)) }
    #expect(failure?.message == "reading a BigQuery schema: \(message)" && failure?.category == .schema)
  }

  @Test(arguments: ["", "a.b", "a`b", "a\nb", String(repeating: "x", count: 301)])
  func `names that BigQuery does not allow are refused`(name: String) {
    #expect(throws: Failure.self) { try BigQuerySchema.value(Schema([Field(name, .text)])) }
  }

  @Test func `two names that differ in case are one`() throws {
    let failure = #expect(throws: Failure.self) {
      try BigQuerySchema.value(Schema([Field("id", .text), Field("ID", .text)]))
    }
    #expect(failure?.message.contains("two columns 'ID'") == true)
    #expect(throws: Never.self) { try BigQuerySchema.value(Schema([Field("größe in m²", .text)])) }
  }

  /// Google's own description of its API knows every field that is written, and its limits.
  @Test func `Google's description agrees`() throws {
    let fields = SchemaMappingPage.types.enumerated().map { Field("c\($0)", $1) }
    let known = fields.filter { BigQuerySchema.fit($0.type) != .refused }
    let tables = [Schema(known), try BigQuerySchema.schema(Value.parseJSON(Self.table))]
    let text = try tables.map { try BigQuerySchema.value($0).json() }.joined(separator: "\n")
    let discovery = SchemaMappingTests.root.appending(path: "fixtures/suites/bigquery-v2-schema.json").path()
    try AvroFiles.withPath { path in
      try AvroFiles.store(Array((text + "\n").utf8), at: path)
      #expect(try AvroFiles.python(script: "schema_mappings", "bigquery", path, discovery) == [])
      try AvroFiles.store(
        Array(#"{"fields":[{"name":"a","type":"NUMERIC","precision":"40","sort":"x"}]}"#.utf8), at: path)
      #expect(try AvroFiles.python(script: "schema_mappings", "bigquery", path, discovery).count == 3)
    }
  }
}
