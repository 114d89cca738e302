import FerryTesting
import Foundation
import Records
import Testing

@testable import Formats

@Suite struct SchemaMappingTests {
  static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  @Test func `the page is current`() throws {
    let file = Self.root.appending(path: "docs/schema-mappings.md")
    if ProcessInfo.processInfo.environment["FERRY_WRITE_DOCS"] != nil {
      try SchemaMappingPage.page.write(to: file, atomically: true, encoding: .utf8)
    }
    #expect(
      try String(contentsOf: file, encoding: .utf8) == SchemaMappingPage.page, "write it anew with FERRY_WRITE_DOCS=1")
  }

  /// The columns of a schema that was made for columns are these columns, but for what is wider.
  @Test func `Avro's columns come back`() throws {
    for type in SchemaMappingPage.types + SchemaMappingPage.types.map({ .list($0) }) {
      let schema = Schema([Field("a b", type, nullable: false), Field("z", .text)])
      let back = try AvroSchema(AvroInference().schema(for: schema)).columns
      if AvroSchema.fit(type) == .widened {
        #expect(back.fields[0].type == .json, "\(type.name)")
      } else {
        #expect(back == schema, "\(type.name)")
      }
    }
  }

  @Test func `a schema that is no record is one column`() throws {
    #expect(try AvroSchema(#"["null","long"]"#).columns == Schema([Field("value", .int64)]))
    let sizes = #"{"type":"enum","name":"e","symbols":["S","L"]}"#
    #expect(
      try AvroSchema(sizes).columns == Schema([Field("value", .text, nullable: false, sourceType: "enum('S','L')")]))
  }

  @Test func `fastavro takes every schema`() throws {
    let schema = Schema(SchemaMappingPage.types.enumerated().map { Field("c\($0)", $1) })
    let text = try AvroInference().schema(for: schema)
    try AvroFiles.withPath { path in
      try AvroFiles.store(Array("\(text)\n\"no such type\"\n".utf8), at: path)
      #expect(try AvroFiles.python(script: "schema_mappings", "avro", path).count == 1)
    }
  }
}
