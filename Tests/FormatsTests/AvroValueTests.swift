import FerryTesting
import Records
import Testing

@testable import Formats

/// Single values at their extremes and beyond, in every place that a value can have.
@Suite struct AvroValueTests {
  struct Case: Sendable {
    let type: String
    let body: [UInt8]
    /// Nil for a value that its type does not allow: a bad row.
    let text: String?
    /// As JSON, where that is not the text.
    var json: String?

    init(_ type: String, _ body: [UInt8], _ text: String?, json: String? = nil) {
      self.type = type.first == "{" ? type : "\"\(type)\""
      self.body = body
      self.text = text
      self.json = json
    }

    /// A number with a length in front.
    static func long(_ number: Int64) -> [UInt8] {
      var out = ByteBuffer(capacity: 16)
      out.append(zigzag: number)
      return out.array
    }

    static func run(_ bytes: [UInt8]) -> [UInt8] { long(Int64(bytes.count)) + bytes }
    static func run(_ text: String) -> [UInt8] { run(Array(text.utf8)) }
  }

  static func logical(_ physical: String, _ name: String, _ more: String = "") -> String {
    #"{"type":"\#(physical)","logicalType":"\#(name)"\#(more)}"#
  }

  static func decimal(_ precision: Int, _ scale: Int) -> String {
    logical("bytes", "decimal", #","precision":\#(precision),"scale":\#(scale)"#)
  }

  static func fixed(_ size: Int, _ name: String, _ more: String = "") -> String {
    logical("fixed", name, #","name":"f","size":\#(size)\#(more)"#)
  }

  static let numbers: [Case] = [
    Case("int", [0xFF, 0xFF, 0xFF, 0xFF, 0x0F], "-2147483648"),
    Case("int", [0xFE, 0xFF, 0xFF, 0xFF, 0x0F], "2147483647"),
    Case("int", [0x80, 0x80, 0x80, 0x80, 0x10], nil), Case("int", [0x80, 0x80, 0x80, 0x80, 0x00], "0"),
    Case("int", [0x80, 0x80, 0x80, 0x80, 0x80, 0x00], nil), Case("int", Case.long(.min), nil),
    Case("long", Case.long(.min), "-9223372036854775808"), Case("long", Case.long(.max), "9223372036854775807"),
    Case("long", [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00], "0"),
    Case("boolean", [0], "false"), Case("boolean", [1], "true"), Case("boolean", [2], nil),
    Case("float", [0xFF, 0xFF, 0x7F, 0x7F], "3.4028235e+38"), Case("float", [1, 0, 0, 0], "1e-45"),
    Case("float", [0, 0, 0xC0, 0x7F], "NaN", json: "\"NaN\""), Case("float", [0, 0, 0, 0x80], "-0.0"),
    Case("double", [0, 0, 0, 0, 0, 0, 0xF0, 0xFF], "-Infinity", json: "\"-Infinity\""),
    Case("double", [1, 0, 0, 0, 0, 0, 0, 0], "5e-324"),
    Case("string", [6, 0x61, 0xC0, 0x80], nil), Case("string", [6, 0xED, 0xA0, 0x80], nil),
    Case("string", [8, 0xF0, 0x9F, 0x8E, 0x88], "🎈", json: "\"🎈\""),
    Case("bytes", [2, 0xFF], "/w==", json: "\"/w==\""),
    Case(#"{"type":"enum","name":"e","symbols":["A","B"]}"#, [2], "B", json: "\"B\""),
    Case(#"{"type":"enum","name":"e","symbols":["A","B"]}"#, [4], nil),
    Case(#"{"type":"enum","name":"e","symbols":["A","B"]}"#, [1], nil),
    Case(#"{"type":"fixed","name":"f","size":0}"#, [], "", json: "\"\""),
  ]

  static let times: [Case] = [
    Case(logical("int", "date"), Case.long(-719_162), "0001-01-01", json: "\"0001-01-01\""),
    Case(logical("int", "date"), Case.long(2_932_896), "9999-12-31", json: "\"9999-12-31\""),
    Case(logical("int", "date"), Case.long(-2_147_483_647), "-5877641-06-24", json: "\"-5877641-06-24\""),
    Case(logical("int", "time-millis"), Case.long(86_399_999), "23:59:59.999000", json: "\"23:59:59.999000\""),
    Case(logical("int", "time-millis"), Case.long(-1), nil),
    Case(logical("int", "time-millis"), Case.long(86_400_001), nil),
    Case(logical("long", "time-micros"), Case.long(86_399_999_999), "23:59:59.999999", json: "\"23:59:59.999999\""),
    Case(logical("long", "time-micros"), Case.long(-1), nil),
    Case(logical("long", "time-micros"), Case.long(.max), nil),
    Case(
      logical("long", "timestamp-millis"), Case.long(-62_135_596_800_000), "0001-01-01T00:00:00Z",
      json: "\"0001-01-01T00:00:00Z\""),
    Case(logical("long", "timestamp-millis"), Case.long(.max), nil),
    Case(
      logical("long", "timestamp-micros"), Case.long(253_402_300_799_999_999), "9999-12-31T23:59:59.999999Z",
      json: "\"9999-12-31T23:59:59.999999Z\""),
    Case(
      logical("long", "timestamp-nanos"), Case.long(.max - 1), "2262-04-11T23:47:16.854775806Z",
      json: "\"2262-04-11T23:47:16.854775806Z\""),
    Case(
      logical("long", "timestamp-nanos"), Case.long(.min + 1), "1677-09-21T00:12:43.145224193Z",
      json: "\"1677-09-21T00:12:43.145224193Z\""),
    Case(
      logical("long", "local-timestamp-millis"), Case.long(-1), "1969-12-31T23:59:59.999000",
      json: "\"1969-12-31T23:59:59.999000\""),
    Case(
      logical("long", "local-timestamp-nanos"), Case.long(-1), "1969-12-31T23:59:59.999999999",
      json: "\"1969-12-31T23:59:59.999999999\""),
    Case(fixed(12, "duration"), [1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0], "P1M2DT0.003S", json: "\"P1M2DT0.003S\""),
    Case(
      fixed(12, "duration"), [0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255], "PT1193H2M47.295S",
      json: "\"PT1193H2M47.295S\""),
    Case(fixed(12, "duration"), [0, 0, 0, 128, 0, 0, 0, 0, 0, 0, 0, 0], nil),
    Case(
      logical("string", "uuid"), Case.run("00000000-0000-0000-0000-00000000ABCD"),
      "00000000-0000-0000-0000-00000000abcd", json: "\"00000000-0000-0000-0000-00000000abcd\""),
    Case(
      logical("string", "uuid"), Case.run("a4818e1c8e5911eb8dcd0242ac130003"), "a4818e1c-8e59-11eb-8dcd-0242ac130003",
      json: "\"a4818e1c-8e59-11eb-8dcd-0242ac130003\""),
    Case(logical("string", "uuid"), Case.run("no uuid"), nil),
    Case(
      fixed(16, "uuid"), Array(0..<16), "00010203-0405-0607-0809-0a0b0c0d0e0f",
      json: "\"00010203-0405-0607-0809-0a0b0c0d0e0f\""),
  ]

  static let decimals: [Case] = [
    Case(decimal(4, 2), Case.run([0xCF, 0xC7]), nil), Case(decimal(5, 2), Case.run([0xCF, 0xC7]), "-123.45"),
    Case(decimal(5, 2), Case.run([0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xCF, 0xC7]), "-123.45"),
    Case(decimal(5, 2), Case.run([UInt8](repeating: 0, count: 30) + [0x30, 0x39]), "123.45"),
    Case(decimal(5, 2), Case.run([]), "0.00"), Case(decimal(5, 2), Case.run([0x01, 0x86, 0x9F]), "999.99"),
    Case(decimal(5, 2), Case.run([0x01, 0x86, 0xA0]), nil), Case(decimal(1, 1), Case.run([0xF7]), "-0.9"),
    Case(decimal(38, 0), Case.run(bigEndian(String(repeating: "9", count: 38))), String(repeating: "9", count: 38)),
    Case(decimal(38, 38), Case.run(bigEndian("-1")), "-0." + String(repeating: "0", count: 37) + "1"),
    Case(
      decimal(39, 1), Case.run(bigEndian(String(repeating: "9", count: 39))), String(repeating: "9", count: 38) + ".9"),
    Case(
      decimal(76, 76), Case.run(bigEndian("-" + String(repeating: "9", count: 76))),
      "-0." + String(repeating: "9", count: 76)),
    Case(decimal(76, 0), Case.run(bigEndian("1" + String(repeating: "0", count: 76))), nil),
    Case(
      decimal(200, 3), Case.run(bigEndian("-1" + String(repeating: "0", count: 199))),
      "-1" + String(repeating: "0", count: 196) + ".000"),
    Case(fixed(4, "decimal", #","precision":9,"scale":4"#), [0xFF, 0xFF, 0xFF, 0xFE], "-0.0002"),
    Case(fixed(20, "decimal", #","precision":40,"scale":0"#), [UInt8](repeating: 0xFF, count: 20), "-1"),
  ]

  /// The two's complement of any number of digits.
  static func bigEndian(_ digits: String) -> [UInt8] { ScalarText.unscaled(digits, 10_000, 0) ?? [] }

  @Test(arguments: numbers + times + decimals)
  func everywhere(value: Case) throws {
    let body = value.body
    // Behind a field and in front of one, so that a value that is read wrongly shows.
    let record = { (type: String) in
      let fields = #"{"name":"a","type":"int"},{"name":"v","type":\#(type)},{"name":"z","type":"int"}"#
      return #"{"type":"record","name":"r","fields":[\#(fields)]}"#
    }
    let json = value.json ?? value.text ?? ""
    let places: [(type: String, body: [UInt8], text: String?)] = [
      (value.type, body, value.text), (#"["null",\#(value.type)]"#, [2] + body, value.text),
      (#"[\#(value.type),"null"]"#, [0] + body, value.text), (#"[\#(value.type)]"#, [0] + body, value.text),
      (#"{"type":"array","items":\#(value.type)}"#, [4] + body + body + [0], "[\(json),\(json)]"),
      (#"{"type":"array","items":["null",\#(value.type)]}"#, [4, 0, 2] + body + [0], "[null,\(json)]"),
      (#"{"type":"map","values":\#(value.type)}"#, [2, 2, 0x6B] + body + [0], "{\"k\":\(json)}"),
      (#"{"type":"record","name":"i","fields":[{"name":"x","type":\#(value.type)}]}"#, body, "{\"x\":\(json)}"),
      (#"["null",{"type":"map","values":"int"},\#(value.type)]"#, [4] + body, json),
    ]
    for place in places {
      let file = AvroFiles.file(record(place.type), rows: 2, [2] + place.body + [4] + [6] + place.body + [8])
      let bad = BadRows(.skip)
      let rows = try AvroFiles.read(file, bad: bad).rows
      if value.text == nil {
        #expect(rows.isEmpty && bad.count == 2, "\(place.type)")
        let failure = #expect(throws: Failure.self) { try AvroFiles.read(file) }
        #expect(failure?.message.contains("reading record 1 (byte") == true)
        #expect(failure?.message.contains("column 'v' (") == true, "\(place.type)")
      } else {
        #expect(rows == [["1", place.text ?? "", "2"], ["3", place.text ?? "", "4"]], "\(place.type)")
      }
      // A reader that leaves the field out does not look at its value.
      let without = try AvroSchema(record(#""int""#).replacing(#"{"name":"v","type":"int"},"#, with: ""))
      #expect(try AvroFiles.read(file, AvroReadOptions(schema: without)).rows == [["1", "2"], ["3", "4"]])
    }
  }

  /// Apache's vectors of what every decoder must reject (AVRO-4304).
  @Test(arguments: [
    (#""long""#, [UInt8](repeating: 0x80, count: 10)), (#""int""#, [UInt8](repeating: 0x80, count: 5)),
    (
      #"{"type":"array","items":"int"}"#, [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01, 0x02]
    ), (#""bytes""#, [0x01]), (#""string""#, [0x01]), (#"["null","int"]"#, [0x01]), (#"["null","int"]"#, [0x0A]),
    (#"{"type":"enum","name":"E","symbols":["A","B"]}"#, [0x01]),
    (#"{"type":"enum","name":"E","symbols":["A","B"]}"#, [0x0A]),
    (#""long""#, [UInt8](repeating: 0xFF, count: 9) + [2]),
    (#"{"type":"map","values":"int"}"#, [0x02, 0x01]), ("[]", [0x00]),
  ])
  func whatMustBeRejected(schema: String, body: [UInt8]) {
    for schema in [schema, #"{"type":"record","name":"r","fields":[{"name":"x","type":\#(schema)}]}"#] {
      let failure = #expect(throws: Failure.self) { try AvroFiles.read(AvroFiles.file(schema, rows: 1, body)) }
      #expect(failure?.category == .data)
    }
  }

  /// A schema that is no record gives one column; a record of no fields gives none.
  @Test(arguments: [
    (#""int""#, "value: int32", [2, 4], ["1", "2"]),
    (#"["null","string"]"#, "value: text", [0, 2, 2, 0x78], ["∅", "x"]),
    (#"{"type":"map","values":"int"}"#, "value: json", [2, 2, 0x6B, 2, 0, 0], [#"{"k":1}"#, "{}"]),
    (#"{"type":"array","items":"int"}"#, "value: list of int32", [2, 2, 0, 0], ["[1]", "[]"]),
    (#""null""#, "value: text", [], ["∅", "∅"]),
    (
      #"["int",{"type":"record","name":"r","fields":[{"name":"x","type":"int"}]}]"#, "value: json", [0, 2, 2, 4],
      ["1", #"{"x":2}"#]
    ),
  ])
  func otherRoots(schema: String, column: String, body: [UInt8], texts: [String]) throws {
    let (columns, rows) = try AvroFiles.read(AvroFiles.file(schema, rows: 2, body))
    #expect(columns == [column] && rows == texts.map { [$0] })
    #expect(try AvroFiles.read(AvroFiles.file(schema, rows: 0, [])).columns == [column])
  }

  @Test func recordsWithoutFields() throws {
    let file = AvroFiles.file(#"{"type":"record","name":"r","fields":[]}"#, rows: 3, [])
    let (columns, rows) = try AvroFiles.read(file)
    #expect(columns.isEmpty && rows == [[], [], []])
  }
}
