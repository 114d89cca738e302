import Expression
import FerryTesting
import Foundation
import Records
import Testing

@testable import Formats

/// JSON Schema ↔ columns.
@Suite struct JSONSchemaTests {
  private func field(_ property: String, required: Bool = true, root: String = "") throws -> Field {
    let names = required ? #","required":["c"]"# : ""
    let schema = try JSONSchema.schema(Value.parseJSON(#"{"properties":{"c":\#(property)}\#(names)\#(root)}"#))
    return try #require(schema.fields.first)
  }

  struct Case: CustomTestStringConvertible, Sendable {
    var text: String
    var type: String
    var nullable: Bool
    init(_ text: String, _ type: String, nullable: Bool = false) {
      (self.text, self.type, self.nullable) = (text, type, nullable)
    }
    var testDescription: String { text }
  }

  static let cases: [Case] = [
    Case(#"{"type":"boolean"}"#, "bool"), Case(#"{"type":["null","boolean"]}"#, "bool", nullable: true),
    Case(#"{"type":"boolean","nullable":true}"#, "bool", nullable: true),
    // Integers by their bounds, which may be numbers with a point, exclusive in the manner of any draft, or one only.
    Case(#"{"type":"integer"}"#, "int64"), Case(#"{"type":"integer","minimum":1}"#, "int64"),
    Case(#"{"type":"integer","minimum":-128,"maximum":127}"#, "int8"),
    Case(#"{"type":"integer","minimum":0,"maximum":255}"#, "uint8"),
    Case(#"{"type":"integer","minimum":0,"maximum":256}"#, "int16"),
    Case(#"{"type":"integer","minimum":1,"maximum":255}"#, "int16"),
    Case(#"{"type":"integer","minimum":0,"maximum":65535}"#, "uint16"),
    Case(#"{"type":["null","integer"],"minimum":-2147483648,"maximum":2147483647}"#, "int32", nullable: true),
    Case(#"{"type":"integer","minimum":0,"maximum":4294967295}"#, "uint32"),
    Case(#"{"type":"integer","minimum":-9223372036854775808,"maximum":9223372036854775807}"#, "int64"),
    Case(#"{"type":"integer","minimum":0,"maximum":18446744073709551615}"#, "uint64"),
    Case(#"{"type":"integer","minimum":-1,"maximum":18446744073709551615}"#, "decimal(20,0)"),
    Case(#"{"type":"integer","maximum":1e20}"#, "decimal(21,0)"),
    Case(#"{"type":"integer","minimum":-1e40,"maximum":1}"#, "decimal(41,0)"),
    Case(#"{"type":"integer","maximum":1e300}"#, "numeric"),
    Case(#"{"type":"integer","minimum":0,"exclusiveMaximum":256}"#, "uint8"),
    Case(#"{"type":"integer","minimum":-129,"exclusiveMinimum":true,"maximum":128,"exclusiveMaximum":true}"#, "int8"),
    Case(#"{"type":"integer","minimum":-0.5,"maximum":255.5}"#, "uint8"),
    Case(#"{"type":"integer","minimum":-128.0,"maximum":1.27e2}"#, "int8"),
    Case(#"{"type":"integer","format":"int32"}"#, "int32"), Case(#"{"type":"integer","format":"odd"}"#, "int64"),
    // Numbers.
    Case(#"{"type":"number"}"#, "numeric"), Case(#"{"type":"number","format":"double"}"#, "float64"),
    Case(#"{"type":"number","format":"float"}"#, "float32"),
    Case(#"{"type":"number","multipleOf":0.01}"#, "decimal(38,2)"),
    Case(#"{"type":"number","multipleOf":1e-38}"#, "decimal(38,38)"),
    Case(#"{"type":"number","multipleOf":1e-39}"#, "numeric"),
    Case(#"{"type":"number","multipleOf":0.05,"minimum":0,"maximum":9.95}"#, "decimal(3,2)"),
    Case(#"{"type":"number","multipleOf":1,"minimum":-99,"maximum":99}"#, "decimal(2,0)"),
    Case(
      #"{"type":["null","number"],"multipleOf":0.01,"minimum":-100000000,"exclusiveMinimum":true,"maximum":100000000,"#
        + #""exclusiveMaximum":true}"#, "decimal(10,2)", nullable: true),
    Case(#"{"type":"number","multipleOf":0.01,"exclusiveMinimum":-1000,"exclusiveMaximum":1000}"#, "decimal(5,2)"),
    Case(#"{"type":"number","multipleOf":0.01,"minimum":-1000,"maximum":1000}"#, "decimal(6,2)"),
    Case(#"{"type":"number","multipleOf":0.1,"minimum":-1e90,"maximum":1e90}"#, "numeric"),
    Case(#"{"type":["null","string"],"format":"singer.decimal"}"#, "numeric", nullable: true),
    Case(#"{"type":"string","format":"singer.decimal","precision":38,"scale":9}"#, "decimal(38,9)"),
    Case(
      #"{"type":"string","format":"singer.decimal","additionalProperties":{"scale_precision":"(20,4)"}}"#,
      "decimal(20,4)"),
    Case(#"{"type":["string","number"],"format":"singer.decimal"}"#, "numeric"),
    Case(#"{"type":["integer","number"]}"#, "numeric"),
    // Texts.
    Case(#"{"type":"string"}"#, "text"), Case(#"{"type":"string","format":"date-time"}"#, "timestamp with zone"),
    Case(#"{"type":"string","format":"date"}"#, "date"), Case(#"{"type":"string","format":"time"}"#, "time"),
    Case(#"{"type":"string","format":"duration"}"#, "interval"), Case(#"{"type":"string","format":"uuid"}"#, "uuid"),
    Case(#"{"type":"string","format":"email"}"#, "text"),
    Case(#"{"type":"string","contentEncoding":"base64"}"#, "bytes"), Case(#"{"format":"date"}"#, "date"),
    // What Ferry wrote, and what only claims to be it.
    Case(
      #"{"type":"string","format":"date-time","ferry.type":"timestamp(ns) with offset"}"#, "timestamp(ns) with offset"),
    Case(#"{"type":"number","ferry.type":"timestamp"}"#, "numeric"),
    Case(#"{"type":"string","ferry.type":"odd"}"#, "text"),
    // Lists and objects.
    Case(#"{"type":"array","items":{"type":["null","string"]}}"#, "list of text"),
    Case(#"{"type":"array","items":{"type":"array","items":{"type":"integer"}}}"#, "list of list of int64"),
    Case(#"{"type":"array","items":{"type":"object"}}"#, "json"), Case(#"{"type":"array"}"#, "json"),
    Case(#"{"type":"array","items":[{"type":"string"},{"type":"integer"}]}"#, "json"),
    Case(#"{"type":"array","prefixItems":[{"type":"string"}],"items":{"type":"string"}}"#, "json"),
    Case(#"{"type":"array","items":true}"#, "json"), Case(#"{"items":{"type":"integer"}}"#, "list of int64"),
    Case(#"{"type":"object","properties":{"a":{"type":"string"}}}"#, "json"),
    Case(#"{"properties":{}}"#, "json"), Case(#"{"type":["string","integer"]}"#, "json"),
    Case("{}", "json", nullable: true), Case("true", "json", nullable: true), Case("false", "json", nullable: true),
    Case(#"{"type":"null"}"#, "text", nullable: true), Case(#"{"description":"any"}"#, "json", nullable: true),
    // Choices.
    Case(#"{"anyOf":[{"type":"string","format":"date-time"},{"type":"null"}]}"#, "timestamp with zone", nullable: true),
    Case(#"{"anyOf":[{"type":"string","format":"date-time"},{"type":["null","string"]}]}"#, "text", nullable: true),
    Case(#"{"oneOf":[{"type":"integer"},{"type":"number"}]}"#, "numeric"),
    Case(#"{"oneOf":[{"type":"integer","minimum":0,"maximum":255},{"type":"integer","format":"int32"}]}"#, "int32"),
    Case(#"{"anyOf":[{"type":"number","format":"float"},{"type":"number","format":"double"}]}"#, "float64"),
    Case(#"{"anyOf":[{"type":"string"},{"type":"object"}]}"#, "json"),
    Case(#"{"anyOf":[{"type":"null"},{"const":null}]}"#, "text", nullable: true),
    Case(#"{"anyOf":[{"type":"null"},{}]}"#, "json", nullable: true),
    Case(#"{"type":"string","anyOf":[{"format":"date"},{"format":"uuid"}]}"#, "text"),
    Case(#"{"enum":["a","b",null]}"#, "text", nullable: true), Case(#"{"enum":[1,2]}"#, "int64"),
    Case(#"{"enum":["a",1]}"#, "json"), Case(#"{"const":true}"#, "bool"),
    Case(#"{"type":["null","string"],"enum":["a"]}"#, "text"),
    Case(#"{"allOf":[{"type":["null","string"]},{"format":"date"}]}"#, "date", nullable: true),
    Case(#"{"allOf":[{"type":["null","integer"]},{"type":["integer","number"]}]}"#, "int64"),
    Case(##"{"$ref":"#/definitions/day"}"##, "date", nullable: true),
    Case(##"{"$ref":"#/$defs/a~1b~0c"}"##, "uuid"),
    Case(##"{"type":"array","items":{"$ref":"#/definitions/day"}}"##, "list of date"),
    Case(##"{"type":"array","items":{"$ref":"#/definitions/tree"}}"##, "json"),
  ]

  private static let definitions = #"""
    ,"definitions":{"day":{"type":["null","string"],"format":"date"},
    "tree":{"type":"object","properties":{"children":{"type":"array","items":{"$ref":"#/definitions/tree"}}}},
    "loop":{"$ref":"#/definitions/loop"}},"$defs":{"a/b~c":{"type":"string","format":"uuid"}}
    """#

  @Test(arguments: cases) func `what a property becomes`(example: Case) throws {
    let field = try field(example.text, root: Self.definitions)
    #expect(field.type.name == example.type && field.nullable == example.nullable)
    // A property that may be missing may be NULL.
    #expect(try self.field(example.text, required: false, root: Self.definitions).nullable)
  }

  /// What the column's type does not say comes back as it was, but for what is only told to people.
  @Test(arguments: [
    (#"{"type":["null","object"],"properties":{"a":{"type":"string","description":"x"}}}"#, nil),
    ("{}", #"{"type":["null","object","array","string","number","boolean"]}"#),
    (#"{"type":["null","string"],"format":"email","maxLength":20}"#, nil),
    (#"{"type":["null","array"],"items":{"type":"object","properties":{"id":{"type":"integer"}}}}"#, nil),
    (
      #"{"title":"T","type":["string","null"],"enum":["a",null]}"#,
      #"{"anyOf":[{"type":"string","enum":["a"]},{"type":"null"}]}"#
    ),
    (
      #"{"oneOf":[{"type":"null"},{"type":"object","properties":{}},{"type":"string"}]}"#,
      #"{"anyOf":[{"oneOf":[{"type":"object","properties":{}},{"type":"string"}]},{"type":"null"}]}"#
    ), (#"{"type":["null","string"]}"#, nil),
    (#"{"type":["null","array"],"items":{"type":["null","string"],"format":"uri"}}"#, nil),
  ]) func `definitions ride with the field`(text: String, written: String?) throws {
    let schema = Schema([try field(text, required: false)])
    let property = try #require(JSONSchema.value(schema).map?["properties"]?.map?["c"])
    #expect(try property == Value.parseJSON(written ?? text), "\(property.json())")
    #expect(try JSONSchema.schema(JSONSchema.value(schema)) == schema)
  }

  @Test func `what belongs to another database or type is left out of account`() throws {
    for source in ["varchar(10)", "{", #"{"type":"integer"}"#, #"{"type":"odd"}"#, "[]"] {
      let schema = Schema([Field("c", .text, nullable: false, sourceType: source)])
      #expect(
        JSONSchema.value(schema).json() == #"{"type":"object","properties":{"c":{"type":"string"}},"required":["c"]}"#)
    }
    // References lead to places that a field does not carry with it.
    #expect(
      try field(##"{"type":"array","items":{"$ref":"#/definitions/tree"}}"##, root: Self.definitions).sourceType == nil)
  }

  @Test func `every type comes back`() throws {
    for type in SchemaMappingPage.types + SchemaMappingPage.types.map({ .list($0) }) {
      for nullable in [true, false] {
        let schema = Schema([Field("a b", type, nullable: nullable || type == .json), Field("z", .text)])
        let text = JSONSchema.value(schema).json()
        #expect(try JSONSchema.schema(Value.parseJSON(text)) == schema, "\(type.name): \(text)")
      }
    }
  }

  @Test func `columns of one name are those of the rows`() throws {
    let value = JSONSchema.value(Schema([Field("a", .text), Field("a", .bool), Field("", .date)]))
    #expect(value.map?["properties"]?.map?.keys == ["a", "a_2", ""])
  }

  @Test(arguments: [
    ("[]", "does not describe objects"), (#"{"type":"array","properties":{}}"#, "does not describe objects"),
    (#"{"type":"object"}"#, "does not describe objects"), ("7", "does not describe objects"),
    (#"{"properties":{"c":{"type":"text"}}}"#, "property 'c': reading a JSON Schema: 'text' is no type"),
    (#"{"properties":{"c":7}}"#, "property 'c': reading a JSON Schema: a schema is an object, this is the integer 7"),
    (##"{"properties":{"c":{"$ref":"#/nowhere"}}}"##, "'#/nowhere' is nowhere in the schema"),
    (#"{"properties":{"c":{"$ref":"other.json#/x"}}}"#, "'other.json#/x' is not in the schema itself"),
    (##"{"properties":{"c":{"$ref":"#/properties/c"}}}"##, "refer to each other without an end"),
  ]) func `what is refused`(text: String, message: String) throws {
    let value = try Value.parseJSON(text)
    let failure = #expect(throws: Failure.self) { try JSONSchema.schema(value) }
    #expect(
      failure?.category == .schema && failure?.message.contains(message) == true, "\(String(describing: failure))")
  }

  /// Each schema refers to the next one twice.
  @Test(arguments: ["anyOf", "allOf"]) func `what would take for ever ends`(word: String) throws {
    let links = (0..<40).map { ##""d\##($0)":{"\##(word)":[{"$ref":"#/d\##($0 + 1)"},{"$ref":"#/d\##($0 + 1)"}]}"## }
    let text = ##"{"properties":{"c":{"$ref":"#/d0"}},"d40":{"type":"string"},\##(links.joined(separator: ","))}"##
    let failure = #expect(throws: Failure.self) { try JSONSchema.schema(Value.parseJSON(text)) }
    #expect(failure?.message.contains("schemas refer to each other more than 100000 times") == true)
  }

  /// Of each type a value or two. Rows that Ferry writes are what the schema says, for an independent validator.
  static let values: [(DataType, [String])] = [
    (.bool, ["true", "false"]), (.int8, ["-128", "127"]), (.int64, ["-9223372036854775808", "9223372036854775807"]),
    (.uint64, ["0", "18446744073709551615"]), (.float32, ["1.5", "-3.4028235e+38"]), (.float64, ["0.1", "5e-324"]),
    (.decimal(precision: 10, scale: 2), ["-99999999.99", "99999999.99"]),
    (
      .decimal(precision: 38, scale: 38),
      ["-0." + String(repeating: "9", count: 38), "0." + String(repeating: "1", count: 38)]
    ),
    (.decimal(precision: 76, scale: 0), [String(repeating: "9", count: 76), "-1"]), (.numeric, ["1.10", "-5"]),
    (.text, ["", "é"]), (.bytes, ["", "AP8="]), (.date, ["2024-02-29", "0001-01-01"]),
    (.time(.nanoseconds), ["12:00:00", "23:59:59.999999999"]),
    (.timestamp(.microseconds, zoned: false), ["2024-02-29T12:00:00", "1969-12-31T23:59:59.5"]),
    (.offsetTimestamp(.microseconds), ["2024-02-29T12:00:00+05:30", "2024-02-29T12:00:00-14:00"]),
    (.interval, ["P1D", "PT0S"]),
    (.uuid, ["123e4567-e89b-12d3-a456-426614174000", "00000000-0000-0000-0000-000000000000"]),
    (.json, [#"{"a":[1]}"#, "7"]), (.list(.int64), ["[1,null]", "[]"]), (.list(.list(.int64)), ["[[1],null]", "[[]]"]),
  ]

  @Test func `validators agree`() throws {
    let fields = Self.values.enumerated().map { Field("c\($0)", $1.0, nullable: $0 % 2 == 0) }
    let rows: [[String?]] = [
      Self.values.map { $0.1[0] }, Self.values.map { $0.1[1] },
      Self.values.enumerated().map { $0 % 2 == 0 ? nil : $1.1[0] },
    ]
    let batch = AvroFiles.batch(fields, rows)
    let output = MemoryOutput()
    var options = JSONWriteOptions()
    options.newLine = true
    let writer = try JSONWriter(output, schema: batch.schema, options)
    try writer.write(batch)
    try writer.finish()
    let text = JSONSchema.value(batch.schema).json()
    try AvroFiles.withPath { schema in
      try AvroFiles.withPath { data in
        try AvroFiles.store(Array((text + "\n").utf8), at: schema)
        try AvroFiles.store(output.bytes, at: data)
        #expect(try AvroFiles.python(script: "schema_mappings", "json", schema, data) == [])
        // They do see what is wrong.
        let wrong = String(decoding: output.bytes, as: UTF8.self).replacing("99999999.99", with: "99999999.995")
        try AvroFiles.store(Array(wrong.utf8), at: data)
        #expect(try AvroFiles.python(script: "schema_mappings", "json", schema, data).count == 20)
      }
    }
  }
}
