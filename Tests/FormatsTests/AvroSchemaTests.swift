import FerryTesting
import Foundation
import Records
import Testing

@testable import Formats

/// What is a schema, what its names mean, and which logical types are left out.
@Suite struct AvroSchemaTests {
  private struct Example: Decodable {
    let text: String
    let isValid: Bool

    init(from decoder: any Decoder) throws {
      var list = try decoder.unkeyedContainer()
      text = try list.decode(String.self)
      isValid = try list.decode(Bool.self)
    }
  }

  @Test func agreesWithTheExamplesOfApacheAvro() throws {
    let lines = try AvroFiles.python(script: "avro_examples")
    #expect(lines.count > 90)
    for line in lines {
      let example = try JSONDecoder().decode(Example.self, from: Data(line.utf8))
      let isValid = (try? AvroSchema(example.text)) != nil
      #expect(isValid == example.isValid, "\(example.text)")
    }
  }

  /// Those of Apache's `schema-tests.txt` that are out of the ordinary.
  @Test(arguments: [
    "[  ]", #"{"fields":[], "type":"record", "name":"foo", "doc":"Useful info"}"#,
    #"{"fields":[], "type":"record", "name":"a.b.foo", "namespace":"x.y"}"#,
    #"{"fields":[], "type":"record", "name":"foo", "aliases":["foo","bar"]}"#,
    """
    {"fields":[{"type":"boolean","aliases":[],"name":"f1","default":"true"},
     {"order":"descending","name":"f2","doc":"Hello","type":"int"}],"type":"record","name":"foo"}
    """, #"{"items":{"type":"null"},"type":"array"}"#,
    #"{"name":"P","type":"record","fields":[{"name":"value","type":["null","int","long","P"]}]}"#, " int ", "\"int\"",
  ])
  func takesAnySchema(text: String) throws {
    #expect(throws: Never.self) { try AvroSchema(text) }
  }

  @Test(arguments: [
    "enum", "record", "Int", #"["null","null"]"#, #"["int",{"type":"int","logicalType":"date"}]"#,
    #"[{"type":"map","values":"int"},{"type":"map","values":"long"}]"#,
    #"[{"type":"fixed","name":"f","size":1},"f"]"#,
    #"{"type":"record","name":"r","fields":[{"name":"a b","type":"int"}]}"#,
    #"{"type":"record","name":"a..b","fields":[]}"#, #"{"type":"record","name":"r","namespace":"a-b","fields":[]}"#,
    """
    {"type":"record","name":"r","fields":[
     {"name":"x","type":"later"},{"name":"y","type":{"type":"fixed","name":"later","size":1}}]}
    """,
  ])
  func refusesWhatIsNone(text: String) {
    let failure = #expect(throws: Failure.self) { try AvroSchema(text) }
    #expect(failure?.category == .schema)
  }

  @Test func namesAreFoundThroughTheirNamespaces() throws {
    // One fixed of each size; the fields say which of them their names mean.
    let schema = try AvroSchema(
      """
      {"type":"record","name":"outer","namespace":"a","fields":[
        {"name":"own","type":{"type":"fixed","name":"f","size":1}},
        {"name":"other","type":{"type":"fixed","name":"b.f","size":2}},
        {"name":"none","type":{"type":"fixed","name":"g","namespace":"","size":3}},
        {"name":"r1","type":"f"},{"name":"r2","type":"a.f"},{"name":"r3","type":"b.f"},{"name":"r4","type":"g"},
        {"name":"inner","type":{"type":"record","name":"b.r","fields":[
          {"name":"r5","type":"f"},{"name":"r6","type":"a.f"},{"name":"r7","type":["null","r"]}]}},
        {"name":"r8","type":"f"},{"name":"r9","type":"b.r"}]}
      """)
    func members(_ index: Int) -> [String: Int] {
      Dictionary(uniqueKeysWithValues: schema[index].members.map { ($0.name, $0.type) })
    }
    let outer = members(schema.root)
    let sizes = outer.mapValues { schema[$0].size }
    #expect(["own", "other", "none", "r1", "r2", "r3", "r4", "r8"].map { sizes[$0] } == [1, 2, 3, 1, 1, 2, 3, 1])
    let inner = try members(#require(outer["inner"]))
    #expect(try schema[#require(inner["r5"])].size == 2)
    #expect(try schema[#require(inner["r6"])].size == 1)
    #expect(try schema[schema[#require(inner["r7"])].parts[1]].name == "b.r")
    #expect(outer["r9"] == outer["inner"])
    #expect(schema[schema.root].name == "a.outer")
  }

  /// A logical type that is unknown, or stands at the wrong type, is left out; so is what is wrong with a decimal.
  @Test(arguments: [
    (#"{"type":"int","logicalType":"no-such"}"#, "int32"), (#"{"type":"long","logicalType":"date"}"#, "int64"),
    (#"{"type":"int","logicalType":"time-micros"}"#, "int32"),
    (#"{"type":"long","logicalType":"time-millis"}"#, "int64"),
    (#"{"type":"int","logicalType":"timestamp-millis"}"#, "int32"),
    (#"{"type":"string","logicalType":"date"}"#, "text"),
    (#"{"type":"bytes","logicalType":"uuid"}"#, "bytes"),
    (#"{"type":"float","logicalType":"decimal","precision":4}"#, "float32"),
    (#"{"type":"bytes","logicalType":"decimal"}"#, "bytes"),
    (#"{"type":"bytes","logicalType":"decimal","precision":0}"#, "bytes"),
    (#"{"type":"bytes","logicalType":"decimal","precision":-1}"#, "bytes"),
    (#"{"type":"bytes","logicalType":"decimal","precision":2.4}"#, "bytes"),
    (#"{"type":"bytes","logicalType":"decimal","precision":"4"}"#, "bytes"),
    (#"{"type":"bytes","logicalType":"decimal","precision":4,"scale":5}"#, "bytes"),
    (#"{"type":"bytes","logicalType":"decimal","precision":4,"scale":-1}"#, "bytes"),
    (#"{"type":"bytes","logicalType":"decimal","precision":4,"scale":"2"}"#, "bytes"),
    (#"{"type":"bytes","logicalType":"decimal","precision":4,"scale":1.5}"#, "bytes"),
    (#"{"type":"fixed","name":"f","size":8,"logicalType":"decimal","precision":19}"#, "bytes"),
    (#"{"type":"fixed","name":"f","size":8,"logicalType":"decimal","precision":18}"#, "decimal(18,0)"),
    (#"{"type":"fixed","name":"f","size":1,"logicalType":"decimal","precision":2}"#, "decimal(2,0)"),
    (#"{"type":"fixed","name":"f","size":1,"logicalType":"decimal","precision":3}"#, "bytes"),
    (#"{"type":"fixed","name":"f","size":0,"logicalType":"decimal","precision":1}"#, "bytes"),
    (#"{"type":"fixed","name":"f","size":129,"logicalType":"decimal","precision":310}"#, "numeric"),
    (#"{"type":"fixed","name":"f","size":129,"logicalType":"decimal","precision":311}"#, "bytes"),
    (#"{"type":"bytes","logicalType":"decimal","precision":76,"scale":76}"#, "decimal(76,76)"),
    (#"{"type":"bytes","logicalType":"decimal","precision":77,"scale":2}"#, "numeric"),
    (#"{"type":"fixed","name":"f","size":11,"logicalType":"duration"}"#, "bytes"),
    (#"{"type":"fixed","name":"f","size":15,"logicalType":"uuid"}"#, "bytes"),
    (#"{"type":"fixed","name":"f","size":16,"logicalType":"uuid"}"#, "uuid"),
    (#"{"type":"array","items":"int","logicalType":"date"}"#, "list of int32"),
    (#"{"type":"int","logicalType":7}"#, "int32"), (#"{"type":{"type":"int","logicalType":"date"}}"#, "date"),
    (#"{"type":"record","name":"r","fields":[],"logicalType":"date"}"#, "json"),
  ])
  func logicalTypesThatDoNotFitAreLeftOut(text: String, type: String) throws {
    let schema = try AvroSchema(text)
    #expect(schema.columnType(schema.root).name == type)
  }

  /// Apache's interop schema writes logical types beside the type of a field, where they mean nothing.
  @Test func logicalTypesOfFieldsMeanNothing() throws {
    let schema = try AvroSchema(
      #"{"type":"record","name":"r","fields":[{"name":"t","type":"int","logicalType":"time-millis"}]}"#)
    #expect(schema.columnType(schema[schema.root].members[0].type) == .int32)
  }
}
