import FerryTesting
import Records
import Testing

@testable import Formats

/// The specification's chapter on schema resolution, rule by rule.
@Suite struct AvroResolutionTests {
  /// What is read of a file of one block with another schema.
  private func read(_ writer: String, _ reader: String, rows: Int64 = 1, _ body: [UInt8]) throws -> [[String]] {
    let options = AvroReadOptions(schema: try AvroSchema(reader))
    return try AvroFiles.read(AvroFiles.file(writer, rows: rows, body), options).rows
  }

  /// Whether the two go together at all, before any value is looked at.
  private func matches(_ writer: String, _ reader: String) throws -> Bool {
    do {
      _ = try read(writer, reader, rows: 0, [])
      return true
    } catch let failure as Failure {
      #expect(failure.category == .schema)
      return false
    }
  }

  // MARK: which schemas match

  static let primitives = ["null", "boolean", "int", "long", "float", "double", "bytes", "string"]
  static let promotions = [
    "int": ["long", "float", "double"], "long": ["float", "double"], "float": ["double"], "string": ["bytes"],
    "bytes": ["string"],
  ]

  @Test func everyPairOfPrimitives() throws {
    for writer in Self.primitives {
      for reader in Self.primitives {
        let expected = writer == reader || Self.promotions[writer]?.contains(reader) == true
        #expect(try matches("\"\(writer)\"", "\"\(reader)\"") == expected, "\(writer) as \(reader)")
        // The same inside of others.
        for shape in [#"{"type":"array","items":"*"}"#, #"{"type":"map","values":"*"}"#, #"["*"]"#] {
          let shaped = { (name: String) in shape.replacing("*", with: name) }
          #expect(try matches(shaped(writer), shaped(reader)) == expected, "\(shaped(writer)) as \(shaped(reader))")
        }
      }
    }
  }

  static func record(_ fields: String, _ name: String = "r", _ more: String = "") -> String {
    #"{"type":"record","name":"\#(name)"\#(more),"fields":[\#(fields)]}"#
  }

  static let fixed = #"{"type":"fixed","name":"f","size":4}"#
  static let enumeration = #"{"type":"enum","name":"e","symbols":["A","B"]}"#
  static let int = #"{"name":"a","type":"int"}"#
  static let ints = #"{"name":"a","type":"int"},{"name":"b","type":"int"}"#
  static let defaults = #"{"name":"a","type":"int","default":0},{"name":"b","type":"int","default":0}"#

  @Test(arguments: [
    (fixed, fixed, true), (fixed, #"{"type":"fixed","name":"n.f","size":4}"#, true),
    (fixed, #"{"type":"fixed","name":"f","size":8}"#, false), (fixed, #"{"type":"fixed","name":"g","size":4}"#, false),
    (fixed, #"{"type":"fixed","name":"g","aliases":["f"],"size":4}"#, true), (fixed, #""bytes""#, false),
    (enumeration, enumeration, true), (enumeration, #"{"type":"enum","name":"n.e","symbols":["A"]}"#, true),
    (enumeration, #"{"type":"enum","name":"g","symbols":["A","B"]}"#, false),
    (enumeration, #"{"type":"enum","name":"g","aliases":["e"],"symbols":["A","B"]}"#, true),
    (enumeration, #""string""#, false), (record(int), record(int), true), (record(int), record("", "r"), true),
    (record(""), record(int), false), (record(int), record(int, "other"), false),
    (record(int), record(int, "n.r"), true),
    (record(int, "n.r"), record(int, "m.s", #","aliases":["n.r"]"#), true),
    (record(int, "n.r"), record(int, "n.s", #","aliases":["r"]"#), true), (record(ints), record(int), true),
    (record(int), record(ints), false), (record(int), record(defaults), true), (record(""), record(defaults), true),
    (record(int), record(#"{"name":"x","type":"long","aliases":["y","a"]}"#), true),
    (record(int), record(#"{"name":"a","type":"string"}"#), false),
    (record(int), #"{"type":"map","values":"int"}"#, false),
    (#"{"type":"array","items":"int"}"#, #"{"type":"map","values":"int"}"#, false),
    (#""int""#, #"["string","int"]"#, true),
    (#""int""#, #"["string","null"]"#, false), (#"["int","string"]"#, #""string""#, true),
    (#"["int","null"]"#, #""string""#, false), ("[]", #"["float"]"#, true), ("[]", "[]", true),
    (#"["int"]"#, #""int""#, true),
    (#"["int","long"]"#, #"["string","double"]"#, true),
  ])
  func pairs(writer: String, reader: String, expected: Bool) throws {
    #expect(try matches(writer, reader) == expected)
  }

  // MARK: values

  @Test(arguments: [
    ("int", "long", [0x01], "-1"), ("int", "float", [0x03], "-2.0"), ("int", "double", [0x80, 0x01], "64.0"),
    ("long", "float", [0x82, 0x80, 0x80, 0x20], "3.3554432e+07"),
    ("long", "double", [0x84, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10], "4503599627370498.0"),
    ("float", "double", [0, 0, 0xC0, 0x3F], "1.5"), ("string", "bytes", [0x04, 0xC3, 0xBC], "w7w="),
    ("bytes", "string", [0x04, 0xC3, 0xBC], "ü"),
  ])
  func promotedValues(writer: String, reader: String, body: [UInt8], expected: String) throws {
    #expect(try read("\"\(writer)\"", "\"\(reader)\"", body) == [[expected]])
    let optional = try read("\"\(writer)\"", #"["null","\#(reader)"]"#, body)
    #expect(optional == [[expected]])
    #expect(try read(#"["\#(writer)","null"]"#, "\"\(reader)\"", [0] + body) == [[expected]])
    let list = try read(
      #"{"type":"array","items":"\#(writer)"}"#, #"{"type":"array","items":"\#(reader)"}"#, [2] + body + [0])
    #expect(list == [[reader == "string" || reader == "bytes" ? "[\"\(expected)\"]" : "[\(expected)]"]])
    let map = try read(
      #"{"type":"map","values":"\#(writer)"}"#, #"{"type":"map","values":"\#(reader)"}"#, [2, 2, 0x6B] + body + [0])
    #expect(map == [[reader == "string" || reader == "bytes" ? "{\"k\":\"\(expected)\"}" : "{\"k\":\(expected)}"]])
  }

  /// Not to a double on the way to a float.
  @Test func longsAreRoundedOnce() throws {
    let number: Int64 = 0x40_0000_4000_0001
    var out = ByteBuffer(capacity: 16)
    out.append(zigzag: number)
    #expect(try read(#""long""#, #""float""#, out.array) == [["\(Float(number))"]])
  }

  /// The branch of a reader's union that has the writer's own type takes a value, else the first that matches.
  @Test(arguments: [
    (#""int""#, #"["string","double","int"]"#, [0x0A], "5"),
    (#""int""#, #"["string","double","float"]"#, [0x0A], "5.0"),
    (#""long""#, #"["double","long"]"#, [0x82, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x20], "9007199254740993"),
    (
      #"["float",{"type":"long","logicalType":"timestamp-micros"}]"#,
      #"["float",{"type":"long","logicalType":"timestamp-micros"}]"#, [0x02, 0x02], #""1970-01-01T00:00:00.000001Z""#
    ),
    (
      #"{"type":"int","logicalType":"date"}"#, #"["double",{"type":"int","logicalType":"date"}]"#, [0x02],
      #""1970-01-02""#
    ),
    (
      #"{"type":"bytes","logicalType":"decimal","precision":9,"scale":2}"#,
      #"["string",{"type":"bytes","logicalType":"decimal","precision":9,"scale":2}]"#, [0x02, 0x61], "0.97"
    ), (#""int""#, #"["null","int","string"]"#, [0x0A], "5"),
    (#"["int","string"]"#, #"["string","long"]"#, [0x00, 0x0A], "5"),
    (#"["int","string"]"#, #"["string","long"]"#, [0x02, 0x02, 0x78], #""x""#),
    (#"["null","int"]"#, #"["string","null","int"]"#, [0x00], "∅"),
    (
      record(int, "n.r"),
      "[\(record(#"{"name":"a","type":"int"},{"name":"z","type":"int","default":1}"#, "m.r")),"
        + "\(record(int, "n.r"))]", [0x0A], #"{"a":5}"#
    ),
    (
      record(int, "r"), #"["int",\#(record(#"{"name":"a","type":"long"}"#, "s", #","aliases":["r"]"#))]"#, [0x0A],
      #"{"a":5}"#
    ),
  ])
  func unionsOfTheReader(writer: String, reader: String, body: [UInt8], expected: String) throws {
    #expect(try read(writer, reader, body) == [[expected]])
  }

  @Test func aBranchThatHasNoPlaceIsABadRow() throws {
    let file = AvroFiles.file(#"["int","string","null"]"#, rows: 4, [0, 2, 2, 2, 0x78, 4, 0, 6])
    let bad = BadRows(.skip)
    let schema = try AvroSchema(#""int""#)
    #expect(try AvroFiles.read(file, AvroReadOptions(schema: schema), bad: bad).rows == [["1"], ["3"]])
    #expect(bad.count == 2)
  }

  @Test func symbolsThatTheReaderLacks() throws {
    let writer = #"{"type":"enum","name":"e","symbols":["A","B","C"]}"#
    let reader = #"{"type":"enum","name":"e","symbols":["C","A"]}"#
    let file = AvroFiles.file(writer, rows: 3, [0, 2, 4])
    let bad = BadRows(.skip)
    #expect(
      try AvroFiles.read(file, AvroReadOptions(schema: AvroSchema(reader)), bad: bad).rows == [["A"], ["C"]])
    #expect(bad.count == 1)
    let fallback = #"{"type":"enum","name":"e","symbols":["C","A"],"default":"C"}"#
    #expect(try AvroFiles.read(file, AvroReadOptions(schema: AvroSchema(fallback))).rows == [["A"], ["C"], ["C"]])
    // A field's default is for a field that is not there, not for a symbol.
    let field = { (type: String, more: String) in Self.record(#"{"name":"v","type":\#(type)\#(more)}"#) }
    let inField = try read(field(writer, ""), field(fallback, #","default":"A""#), [2])
    #expect(inField == [["C"]])
  }

  // MARK: fields

  @Test func fieldsAreReorderedRenamedAndLeftOut() throws {
    let writer = Self.record(
      """
      {"name":"a","type":"int"},{"name":"gone","type":{"type":"array","items":["null",\(Self.fixed)]}},
      {"name":"b","type":"string"},{"name":"c","type":"long"}
      """)
    let reader = Self.record(
      """
      {"name":"c","type":"double"},{"name":"x","type":"string","aliases":["q","b"]},{"name":"a","type":"int"}
      """)
    #expect(try read(writer, reader, [2, 4, 0, 2, 1, 2, 3, 4, 0, 2, 0x78, 6]) == [["3.0", "x", "1"]])
  }

  @Test func aNameComesBeforeAnAlias() throws {
    let writer = Self.record(#"{"name":"old","type":"int"},{"name":"new","type":"int"}"#)
    let reader = Self.record(#"{"name":"new","type":"int","aliases":["old"]}"#)
    #expect(try read(writer, reader, [2, 4]) == [["2"]])
    // What one field takes by its name, no other takes by an alias.
    let both = Self.record(#"{"name":"x","type":"int","aliases":["old"],"default":9},{"name":"old","type":"int"}"#)
    #expect(try read(Self.record(#"{"name":"old","type":"int"}"#), both, [2]) == [["9", "1"]])
  }

  static let fallbacks: [(type: String, json: String, text: String)] = [
    (#""null""#, "null", "∅"), (#""boolean""#, "true", "true"), (#""int""#, "-5", "-5"),
    (#""long""#, "9223372036854775807", "9223372036854775807"), (#""float""#, "1.1", "1.1"), (#""float""#, "3", "3.0"),
    (#""double""#, "1e300", "1e+300"), (#""string""#, #""grüße""#, "grüße"), (#""bytes""#, #""\u00ff\u0000a""#, "/wBh"),
    (#"{"type":"fixed","name":"x","size":2}"#, #""\u00ff\u00fe""#, "//4="),
    (#"{"type":"enum","name":"x","symbols":["A","B"]}"#, #""B""#, "B"),
    (#"{"type":"array","items":"int"}"#, "[1,2,3]", "[1,2,3]"), (#"{"type":"array","items":"int"}"#, "[]", "[]"),
    (#"{"type":"map","values":"double"}"#, #"{"k":0.5}"#, #"{"k":0.5}"#), (#"["int","null"]"#, "5", "5"),
    (#"["null","int"]"#, "null", "∅"), (#"["null","int"]"#, "5", "5"), (#"["int","string"]"#, #""s""#, #""s""#),
    (
      record(#"{"name":"p","type":"int"},{"name":"q","type":"string","default":"z"}"#, "x"), #"{"p":1}"#,
      #"{"p":1,"q":"z"}"#
    ),
    (#"{"type":"int","logicalType":"date"}"#, "19782", "2024-02-29"),
    (#"{"type":"long","logicalType":"timestamp-millis"}"#, "1", "1970-01-01T00:00:00.001000Z"),
    (#"{"type":"bytes","logicalType":"decimal","precision":4,"scale":2}"#, #""\u0001\u0000""#, "2.56"),
    (#"{"type":"bytes","logicalType":"decimal","precision":50,"scale":2}"#, #""\u00ff""#, "-0.01"),
    (
      #"{"type":"string","logicalType":"uuid"}"#, #""00000000-0000-0000-0000-000000000007""#,
      "00000000-0000-0000-0000-000000000007"
    ),
  ]

  @Test(arguments: fallbacks)
  func defaultsOfEveryType(type: String, json: String, text: String) throws {
    let reader = Self.record(#"{"name":"new","type":\#(type),"default":\#(json)},{"name":"a","type":"int"}"#)
    #expect(try read(Self.record(Self.int), reader, rows: 2, [2, 4]) == [[text, "1"], [text, "2"]])
    // The same inside of a nested record, where it is JSON.
    let outer = { (inner: String) in Self.record(#"{"name":"in","type":\#(inner)}"#, "o") }
    let found = try read(outer(Self.record(Self.int)), outer(reader), [2])
    let isBare = text == "∅" || text.first == "[" || text.first == "{" || text.first == "\""
    let isNumber = ["int", "long", "float", "double", "boolean"].contains { type == "\"\($0)\"" } || text == "5"
    let shown = text == "∅" ? "null" : isBare || isNumber || type.contains("decimal") ? text : "\"\(text)\""
    #expect(found == [[#"{"new":\#(shown),"a":1}"#]])
  }

  @Test func aDefaultThatDoesNotFitIsASchemaFailure() {
    for (type, json) in [
      (#""int""#, #""x""#), (#""int""#, "2147483648"), (#""string""#, "null"), (#""bytes""#, #""Ā""#),
    ] {
      let reader = Self.record(#"{"name":"new","type":\#(type),"default":\#(json)}"#)
      #expect(throws: Failure.self) { try read(Self.record(Self.int), reader, [2]) }
    }
  }

  /// A recursive type whose element gets a field more.
  @Test func recursiveTypes() throws {
    let writer = Self.record(#"{"name":"v","type":"int"},{"name":"next","type":["null","r"]}"#)
    let reader = Self.record(
      #"{"name":"next","type":["null","r"]},{"name":"w","type":"int","default":7},{"name":"v","type":"long"}"#)
    #expect(
      try read(writer, reader, [2, 2, 4, 2, 6, 0]) == [
        [#"{"next":{"next":null,"w":7,"v":3},"w":7,"v":2}"#, "7", "1"]
      ])
  }

  // MARK: decimals and times

  static func decimal(_ precision: Int, _ scale: Int, fixed: Int? = nil) -> String {
    let physical = fixed.map { #""fixed","name":"d","size":\#($0)"# } ?? #""bytes""#
    return #"{"type":\#(physical),"logicalType":"decimal","precision":\#(precision),"scale":\#(scale)}"#
  }

  static let decimals: [(writer: String, reader: String, body: [UInt8], text: String?)] = [
    (decimal(4, 2), decimal(6, 4), [4, 0x04, 0xD2], "12.3400"), (decimal(4, 2), decimal(4, 1), [4, 0x04, 0xD3], nil),
    (decimal(5, 3), decimal(4, 1), [4, 0x04, 0x4C], "1.1"), (decimal(4, 2), decimal(3, 2), [4, 0x04, 0xD2], nil),
    (decimal(4, 2), decimal(3, 2), [2, 0x7B], "1.23"),
    (decimal(4, 2), decimal(50, 12), [4, 0x04, 0xD2], "12.340000000000"),
    (decimal(50, 12), decimal(4, 2), [12, 0x0B, 0x39, 0x21, 0x51, 0x08, 0x00], "12.34"),
    (decimal(4, 2), decimal(90, 10), [4, 0x04, 0xD2], "12.34"),
    (decimal(4, 2, fixed: 3), decimal(6, 4, fixed: 3), [0xFF, 0xFB, 0x2E], "-12.3400"),
    (decimal(4, 2), #""bytes""#, [4, 0x04, 0xD2], "BNI="), (#""bytes""#, decimal(4, 2), [4, 0x04, 0xD2], "12.34"),
  ]

  /// The number stays the number: more digits behind the point are zeros, fewer are possible where only zeros go.
  @Test(arguments: decimals)
  func decimalsOfOtherScales(writer: String, reader: String, body: [UInt8], text: String?) throws {
    guard let expected = text else {
      let failure = #expect(throws: Failure.self) { try read(writer, reader, body) }
      #expect(failure?.category == .data)
      return
    }
    #expect(try read(writer, reader, body) == [[expected]])
    #expect(try read(#"["null",\#(writer)]"#, #"["null",\#(reader)]"#, [2] + body) == [[expected]])
    let quote = reader == #""bytes""# ? "\"" : ""
    let list = { (item: String) in #"{"type":"array","items":\#(item)}"# }
    #expect(try read(list(writer), list(reader), [2] + body + [0]) == [["[\(quote)\(expected)\(quote)]"]])
    let map = { (item: String) in #"{"type":"map","values":\#(item)}"# }
    #expect(
      try read(map(writer), map(reader), [2, 2, 0x6B] + body + [0]) == [["{\"k\":\(quote)\(expected)\(quote)}"]])
  }

  @Test(arguments: [
    ("timestamp-millis", "timestamp-micros", "1970-01-01T00:00:00.005000Z"),
    ("timestamp-millis", "timestamp-nanos", "1970-01-01T00:00:00.005000000Z"),
    ("timestamp-micros", "timestamp-millis", "1970-01-01T00:00:00.000005Z"),
    ("timestamp-nanos", "timestamp-nanos", "1970-01-01T00:00:00.000000005Z"),
    ("local-timestamp-millis", "local-timestamp-micros", "1970-01-01T00:00:00.005000"),
    ("timestamp-millis", "local-timestamp-millis", "1970-01-01T00:00:00.005000"),
  ])
  func timesOfOtherUnits(writer: String, reader: String, expected: String) throws {
    let type = { (name: String) in #"{"type":"long","logicalType":"\#(name)"}"# }
    #expect(try read(type(writer), type(reader), [10]) == [[expected]])
    #expect(try read(type(writer), #""long""#, [10]) == [["5"]])
    #expect(
      try read(#"{"type":"int","logicalType":"time-millis"}"#, type("time-micros"), [10]) == [["00:00:00.005000"]])
  }
}
