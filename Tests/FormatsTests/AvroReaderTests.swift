import FerryTesting
import Foundation
import Records
import Testing

@testable import Formats

@Suite struct AvroReaderTests {
  @Test(arguments: AvroCodec.allCases)
  func readsWhatFastavroWrites(codec: AvroCodec) throws {
    let (expected, bytes) = try AvroFiles.withPath { path in
      (try AvroFiles.texts(AvroFiles.python("write", codec.rawValue, path)), try AvroFiles.bytes(of: path))
    }
    for sizeIsKnown in [true, false] {
      let (columns, rows) = try AvroFiles.read(bytes, sizeIsKnown: sizeIsKnown)
      #expect(rows.count == 150)
      for (row, found) in rows.enumerated() {
        for (index, column) in columns.enumerated() {
          // Both are JSON, or shortest digits: only their spelling of exponents differs.
          let wanted = expected[row % 3][index].replacing("1e+300", with: "1e+300")
          #expect(found[index] == wanted, "\(column) of row \(row)")
        }
      }
      #expect(columns.contains("money: decimal(10,2)"))
      #expect(columns.contains("wide: decimal(50,5)"))
      #expect(columns.contains("at_ns: timestamp(ns) with zone"))
      #expect(columns.contains("wall_us: timestamp"))
      #expect(columns.contains("span: interval"))
      #expect(columns.contains("maybes: list of text"))
      #expect(columns.contains("width: int64"))
      #expect(columns.contains("either: json"))
      #expect(columns.contains("tree: json"))
    }
  }

  @Test func flattensRecords() throws {
    let schema = """
      {"type":"record","name":"r","fields":[
        {"name":"a","type":{"type":"record","name":"i","fields":[
          {"name":"x","type":"int"},{"name":"y","type":["null","string"]}]}},
        {"name":"b","type":["null","i"]},{"name":"c","type":"int"}]}
      """
    let fields = [Field("a", .json), Field("b", .json), Field("c", .int32)]
    let batch = AvroFiles.batch(
      fields, [[#"{"x":1,"y":"one"}"#, nil, "3"], [#"{"x":2,"y":null}"#, #"{"x":5,"y":"five"}"#, "4"]])
    let bytes = try AvroFiles.write([batch], schema: schema)
    let nested = try AvroFiles.read(bytes)
    #expect(nested.rows == [[#"{"x":1,"y":"one"}"#, "∅", "3"], [#"{"x":2,"y":null}"#, #"{"x":5,"y":"five"}"#, "4"]])
    let flat = try AvroFiles.read(bytes, AvroReadOptions(flatten: 1))
    #expect(flat.columns == ["a.x: int32", "a.y: text", "b.x: int32", "b.y: text", "c: int32"])
    #expect(flat.rows == [["1", "one", "∅", "∅", "3"], ["2", "∅", "5", "five", "4"]])
  }

  // MARK: schema resolution

  private func record(_ fields: String, name: String = "r", more: String = "") -> String {
    #"{"type":"record","name":"\#(name)"\#(more),"fields":[\#(fields)]}"#
  }

  @Test func resolvesFields() throws {
    let written = record(
      """
      {"name":"a","type":"int"},{"name":"gone","type":{"type":"map","values":"string"}},{"name":"old","type":"string"}
      """
    )
    let batch = AvroFiles.batch(
      [Field("a", .int32), Field("gone", .json), Field("old", .text)],
      [["1", #"{"k":"v"}"#, "x"], ["2", "{}", "y"]])
    let bytes = try AvroFiles.write([batch], schema: written)
    let wanted = record(
      """
      {"name":"new","type":"string","aliases":["old"]},{"name":"d","type":"long","default":7},
      {"name":"a","type":"double"},{"name":"n","type":["null","int"],"default":null},
      {"name":"l","type":{"type":"array","items":"string"},"default":["p","q"]},
      {"name":"e","type":{"type":"enum","name":"e","symbols":["A","B"]},"default":"B"},
      {"name":"b","type":"bytes","default":"\\u00ff"}
      """, name: "other", more: #","aliases":["r"]"#)
    let (columns, rows) = try AvroFiles.read(bytes, AvroReadOptions(schema: AvroSchema(wanted)))
    #expect(
      columns == [
        "new: text", "d: int64", "a: float64", "n: int32", "l: list of text", "e: text", "b: bytes",
      ])
    #expect(
      rows == [
        ["x", "7", "1.0", "∅", #"["p","q"]"#, "B", "/w=="], ["y", "7", "2.0", "∅", #"["p","q"]"#, "B", "/w=="],
      ])
  }

  @Test(arguments: [
    (DataType.int32, "5", #""int""#, #""long""#, "5"), (.int32, "5", #""int""#, #""float""#, "5.0"),
    (.int32, "5", #""int""#, #""double""#, "5.0"), (.int64, "5", #""long""#, #""float""#, "5.0"),
    (.int64, "5", #""long""#, #""double""#, "5.0"), (.float32, "0.5", #""float""#, #""double""#, "0.5"),
    (.text, "abc", #""string""#, #""bytes""#, "YWJj"), (.bytes, "YWJj", #""bytes""#, #""string""#, "abc"),
    (.int32, "5", #""int""#, #"["null","string","long"]"#, "5"),
    (.int32, "5", #"["null","int"]"#, #""long""#, "5"), (.int32, "5", #"["null","int"]"#, #"["long","null"]"#, "5"),
    (
      .text, "B", #"{"type":"enum","name":"e","symbols":["A","B"]}"#,
      #"{"type":"enum","name":"e","symbols":["A","X"],"default":"X"}"#, "X"
    ),
    (
      .timestamp(.microseconds, zoned: true), "2024-02-29T12:00:00.123Z",
      #"{"type":"long","logicalType":"timestamp-millis"}"#, #"{"type":"long","logicalType":"timestamp-nanos"}"#,
      "2024-02-29T12:00:00.123000000Z"
    ),
  ])
  func promotes(type: DataType, text: String, written: String, wanted: String, expected: String) throws {
    #expect(try AvroFiles.through(type, text, written, reader: wanted) == expected)
  }

  @Test(arguments: [
    (DataType.text, "abc", #""string""#, #""int""#), (.int64, "5", #""long""#, #""int""#),
    (.float64, "5", #""double""#, #""float""#), (.bool, "true", #""boolean""#, #""int""#),
    (.bytes, "YWJj", #"{"type":"fixed","name":"f","size":3}"#, #"{"type":"fixed","name":"f","size":4}"#),
    (.bytes, "YWJj", #"{"type":"fixed","name":"f","size":3}"#, #"{"type":"fixed","name":"g","size":3}"#),
    (.text, "A", #"{"type":"enum","name":"e","symbols":["A"]}"#, #"{"type":"enum","name":"f","symbols":["A"]}"#),
  ])
  func refusesWhatDoesNotResolve(type: DataType, text: String, written: String, wanted: String) throws {
    let failure = #expect(throws: Failure.self) { try AvroFiles.through(type, text, written, reader: wanted) }
    #expect(failure?.category == .schema)
  }

  @Test func missingDefaultIsASchemaFailure() throws {
    let bytes = try AvroFiles.write([AvroFiles.batch([Field("a", .int32)], [["1"]])])
    let wanted = try AvroSchema(record(#"{"name":"z","type":"int"}"#, name: "root"))
    #expect(throws: Failure.self) { try AvroFiles.read(bytes, AvroReadOptions(schema: wanted)) }
  }

  // MARK: bad rows

  @Test func badRowsAreLeftOutOneByOne() throws {
    // A union's branch that the reader does not take shows row by row.
    let written = record(#"{"name":"v","type":["long","string"]},{"name":"w","type":"int"}"#)
    let batch = AvroFiles.batch(
      [Field("v", .json), Field("w", .int32)],
      [["1", "10"], [#""one""#, "20"], ["2", "30"], [#""two""#, "40"], ["3", "50"]])
    let bytes = try AvroFiles.write([batch], schema: written)
    let wanted = try AvroSchema(record(#"{"name":"v","type":"long"},{"name":"w","type":"int"}"#))
    let options = AvroReadOptions(schema: wanted)
    let failure = #expect(throws: Failure.self) { try AvroFiles.read(bytes, options) }
    #expect(failure?.category == .data)
    let bad = BadRows(.skip)
    #expect(try AvroFiles.read(bytes, options, bad: bad).rows == [["1", "10"], ["2", "30"], ["3", "50"]])
    #expect(bad.count == 2)
    #expect(throws: Failure.self) { try AvroFiles.read(bytes, options, bad: BadRows(.skip, limit: 1)) }
  }

  @Test func invalidTextIsABadRow() throws {
    let schema = record(#"{"name":"s","type":"string"}"#)
    let bytes = try AvroFiles.write(
      [AvroFiles.batch([Field("s", .bytes)], [["YWJj"], ["/////////////w=="], ["ZGVm"]])],
      schema: record(#"{"name":"s","type":"bytes"}"#))
    let bad = BadRows(.skip)
    let rows = try AvroFiles.read(bytes, AvroReadOptions(schema: AvroSchema(schema)), bad: bad).rows
    #expect(rows == [["abc"], ["def"]])
    #expect(bad.count == 1)
  }

  /// What `xz -9` and Rust's writers make: a dictionary of 64 MiB, however small the block is.
  @Test func `xz with the largest usual dictionary is unpacked`() throws {
    let path = Agreement.root.appending(path: "fixtures/files/xz-64-mib.avro").path()
    let (columns, rows) = try AvroFiles.read(AvroFiles.bytes(of: path))
    #expect(
      columns.count == 11 && columns[0] == "id: int32"
        && rows.map { $0[0] } == ["4", "5", "6", "7", "2", "3", "0", "1"])
    #expect(rows[7][7] == "10.1" && rows[7][10] == "2009-01-01T00:01:00Z", "\(rows[7])")
  }
}
