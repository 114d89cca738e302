import Expression
import FerryTesting
import Foundation
import Records
import Testing

@testable import Formats

@Suite struct AvroWriterTests {
  static let samples: [(type: DataType, texts: [String])] = [
    (.bool, ["true", "false"]), (.int8, ["-128", "127"]), (.int16, ["-32768", "32767"]),
    (.int32, ["-2147483648", "2147483647"]), (.int64, ["-9223372036854775808", "9223372036854775807"]),
    (.uint8, ["0", "255"]), (.uint16, ["0", "65535"]), (.uint32, ["0", "4294967295"]),
    (.uint64, ["0", "18446744073709551615"]), (.float32, ["1.5", "-3.4028235e+38"]),
    (.float64, ["0.1", "-1.7976931348623157e+308"]), (.decimal(precision: 10, scale: 2), ["12.34", "-99999999.99"]),
    (.decimal(precision: 38, scale: 0), [String(repeating: "9", count: 38), "-" + String(repeating: "9", count: 38)]),
    (.decimal(precision: 76, scale: 10), ["-0.0000000001", String(repeating: "9", count: 66) + ".9999999999"]),
    (.numeric, ["1.10", "NaN"]), (.text, ["", "grüße 🎈"]), (.bytes, ["", "AP8="]),
    (.date, ["0001-01-01", "9999-12-31"]), (.time(.microseconds), ["00:00:00", "23:59:59.999999"]),
    (.time(.nanoseconds), ["00:00:00", "23:59:59.999999999"]),
    (.timestamp(.microseconds, zoned: true), ["1970-01-01T00:00:00Z", "2024-02-29T12:00:00.123456Z"]),
    (.timestamp(.microseconds, zoned: false), ["0001-01-01T00:00:00", "9999-12-31T23:59:59.999999"]),
    (.timestamp(.nanoseconds, zoned: true), ["1970-01-01T00:00:00Z", "2024-02-29T12:00:00.123456789Z"]),
    (.timestamp(.nanoseconds, zoned: false), ["1970-01-01T00:00:00", "2024-02-29T12:00:00.123456789"]),
    (.offsetTimestamp(.microseconds), ["1970-01-01T00:00:00+14:00", "2024-02-29T12:00:00.123456-05:30"]),
    (.offsetTimestamp(.nanoseconds), ["1970-01-01T00:00:00+546:07", "2024-02-29T12:00:00.123456789-14:00"]),
    (.list(.offsetTimestamp(.nanoseconds)), [#"["2024-02-29T12:00:00.123456789-14:00",null]"#, "[]"]),
    (.interval, ["P1Y2M3DT4H5M6.789S", "P-3D"]),
    (.uuid, ["00000000-0000-0000-0000-000000000001", "ffffffff-ffff-ffff-ffff-ffffffffffff"]),
    (.json, [#"{"a":[1,2.50,null]}"#, "7"]), (.list(.int64), ["[1,null,3]", "[]"]),
    (.list(.text), [#"["a",null]"#, "[]"]),
    (.list(.decimal(precision: 5, scale: 1)), ["[1.5,null]", "[]"]),
  ]

  static func everything() -> RecordBatch {
    let fields = samples.enumerated().map { Field("c\($0)", $1.type) }
    let rows: [[String?]] = [samples.map { $0.texts[0] }, samples.map { _ in nil }, samples.map { $0.texts[1] }]
    return AvroFiles.batch(fields, (0..<900).map { rows[$0 % 3] })
  }

  @Test(arguments: AvroCodec.allCases)
  func everyTypeComesBack(codec: AvroCodec) throws {
    let batch = Self.everything()
    let (columns, rows) = try AvroFiles.read(AvroFiles.write([batch], AvroWriteOptions(codec: codec)))
    #expect(columns == batch.schema.fields.map { "\($0.name): \($0.type.name)" })
    let expected = AvroFiles.texts(batch)
    #expect(rows.count == expected.count)
    for (row, (found, wanted)) in zip(rows, expected).enumerated() where found != wanted {
      for (index, (a, b)) in zip(found, wanted).enumerated() where a != b {
        Issue.record("row \(row) of \(columns[index]): \(a) instead of \(b)")
      }
      break
    }
  }

  @Test func columnsThatMayNotBeNullAndAnyNameComeBack() throws {
    let fields = [
      Field("order id", .int64, nullable: false), Field("order-id", .text), Field("1", .bool, nullable: false),
    ]
    let batch = AvroFiles.batch(fields, [["1", "a", "true"], ["2", nil, "false"]])
    let bytes = try AvroFiles.write([batch])
    let reader = try AvroReader(MemoryInput(bytes))
    #expect(reader.schema.fields.map(\.name) == ["order id", "order-id", "1"])
    #expect(reader.schema.fields.map(\.nullable) == [false, true, false])
    #expect(try AvroFiles.read(bytes).rows == [["1", "a", "true"], ["2", "∅", "false"]])
  }

  @Test func columnsOfTheSameNameStayApart() throws {
    let batch = AvroFiles.batch(
      [Field("id", .int64), Field("id", .text), Field("", .bool), Field("", .date)],
      [
        ["1", "a", "true", "2024-01-31"]
      ])
    #expect(try AvroFiles.read(AvroFiles.write([batch])).rows == [["1", "a", "true", "2024-01-31"]])
  }

  @Test(arguments: AvroCodec.allCases)
  func fastavroReadsIt(codec: AvroCodec) throws {
    // Types that Python's library gives back in the same form.
    let left: Set<DataType> = [
      .time(.nanoseconds), .timestamp(.nanoseconds, zoned: true), .timestamp(.nanoseconds, zoned: false), .float32,
      .list(.decimal(precision: 5, scale: 1)),
    ]
    let picked = Self.samples.filter { !left.contains($0.type) }
    let fields = picked.enumerated().map { Field("c\($0)", $1.type) }
    let batch = AvroFiles.batch(
      fields, [picked.map { $0.texts[0] }, picked.map { _ in nil }, picked.map { $0.texts[1] }])
    let found = try AvroFiles.withPath { path in
      try AvroFiles.store(AvroFiles.write([batch], AvroWriteOptions(codec: codec)), at: path)
      return try AvroFiles.texts(AvroFiles.python("read", path))
    }
    let expected = AvroFiles.texts(batch)
    for row in expected.indices {
      for column in picked.indices {
        #expect(found[row][column] == expected[row][column], "\(picked[column].type.name) of row \(row)")
      }
    }
  }

  @Test(arguments: [AvroCodec.null, .deflate, .snappy])
  func avroCReadsIt(codec: AvroCodec) throws {
    let fields = [Field("a", .int64), Field("b", .text, nullable: false), Field("c", .list(.int32)), Field("d", .bool)]
    let batch = AvroFiles.batch(
      fields, [["-9223372036854775808", "x", "[1,null]", "true"], [nil, "", "[]", nil], ["5", "ü", nil, "false"]])
    let lines = try AvroFiles.withPath { path in
      try AvroFiles.store(AvroFiles.write([batch], AvroWriteOptions(codec: codec)), at: path)
      return try AvroFiles.python("c", path)
    }
    #expect(
      lines == [
        #"{"a": {"long": -9223372036854775808}, "b": "x", "c": {"array": [{"int": 1}, null]}, "d": {"boolean": true}}"#,
        #"{"a": null, "b": "", "c": {"array": []}, "d": null}"#,
        #"{"a": {"long": 5}, "b": "\u00FC", "c": null, "d": {"boolean": false}}"#,
      ])
  }

  // MARK: values by schema

  @Test(arguments: [
    (DataType.int64, "12", #"{"type":"bytes","logicalType":"decimal","precision":10,"scale":2}"#, "12.00"),
    (
      .decimal(precision: 10, scale: 2), "1.50", #"{"type":"bytes","logicalType":"decimal","precision":10,"scale":1}"#,
      "1.5"
    ),
    (
      .decimal(precision: 5, scale: 2), "1.50",
      #"{"type":"fixed","name":"f","size":9,"logicalType":"decimal","precision":20,"scale":4}"#, "1.5000"
    ),
    (.numeric, "-3.25", #"{"type":"bytes","logicalType":"decimal","precision":90,"scale":3}"#, "-3.250"),
    (.text, "3.5", #""double""#, "3.5"), (.text, "on", #""boolean""#, "true"), (.text, "N", #"["null","string"]"#, "N"),
    (.text, "NA", #"["null","int"]"#, "∅"), (.text, "", #"["null","string"]"#, ""),
    (.text, "42", #"["null","int"]"#, "42"),
    (.text, "2024-02-29", #"{"type":"int","logicalType":"date"}"#, "2024-02-29"),
    (.text, "12:30:15.250", #"{"type":"int","logicalType":"time-millis"}"#, "12:30:15.250000"),
    (.text, "2024-02-29T12:30+02:00", #"{"type":"long","logicalType":"timestamp-millis"}"#, "2024-02-29T10:30:00Z"),
    (.int32, "7", #"["string","long","double"]"#, "7"), (.text, "7", #"["null","long","string"]"#, #""7""#),
    (
      .json, #"{"b":"x"}"#,
      """
      [{"type":"record","name":"p","fields":[{"name":"a","type":"int"}]},
       {"type":"record","name":"q","fields":[{"name":"b","type":"string"}]}]
      """,
      #"{"b":"x"}"#
    ),
    (.json, "9007199254740993", #"["double","long"]"#, "9007199254740993"),
    (.json, "[1,\"a\",null]", #"{"type":"array","items":["null","int","string"]}"#, #"[1,"a",null]"#),
    (
      .uuid, "00000000-0000-0000-0000-000000000001", #"{"type":"fixed","name":"u","size":16,"logicalType":"uuid"}"#,
      "00000000-0000-0000-0000-000000000001"
    ),
    (
      .offsetTimestamp(.microseconds), "2024-02-29T12:30:00+02:00",
      #"{"type":"long","logicalType":"timestamp-micros"}"#, "2024-02-29T10:30:00Z"
    ), (.offsetTimestamp(.nanoseconds), "2024-02-29T12:30:00+02:00", #""string""#, "2024-02-29T12:30:00+02:00"),
    (
      .offsetTimestamp(.nanoseconds), "2024-02-29T12:30:00.000001+02:00",
      #"{"type":"string","ferry.type":"timestamp with offset"}"#, "2024-02-29T12:30:00.000001+02:00"
    ),
    (
      .offsetTimestamp(.microseconds), "2024-02-29T02:00:00+02:00", #"{"type":"int","logicalType":"date"}"#,
      "2024-02-29"
    ),
    (
      .text, "2024-02-29T12:30:00+02:00", #"{"type":"string","ferry.type":"timestamp with offset"}"#,
      "2024-02-29T12:30:00+02:00"
    ),
    (.interval, "P1M2DT0.003S", #"{"type":"fixed","name":"d","size":12,"logicalType":"duration"}"#, "P1M2DT0.003S"),
    (.date, "2024-02-29", #"{"type":"long","logicalType":"local-timestamp-micros"}"#, "2024-02-29T00:00:00"),
    (.float64, "5.0", #""long""#, "5"), (.int64, "5", #""int""#, "5"),
    // A float takes a number whose digits its shortest text has.
    (.decimal(precision: 20, scale: 0), "9007199254740992", #""double""#, "9007199254740992.0"),
    (.decimal(precision: 38, scale: 20), "0.10000000000000000000", #""double""#, "0.1"),
    (.numeric, "1e2", #""float""#, "100.0"), (.decimal(precision: 9, scale: 3), "-1.100", #""float""#, "-1.1"),
    (.numeric, "NaN", #""double""#, "NaN"), (.float64, "16777216.0", #""float""#, "16777216.0"),
    (.float64, "Infinity", #""float""#, "Infinity"), (.json, "0.1", #""float""#, "0.1"),
    (.text, "9007199254740993", #""double""#, "9007199254740992.0"),
  ])
  func convertsToTheSchema(type: DataType, text: String, schema: String, expected: String) throws {
    #expect(try AvroFiles.through(type, text, schema) == expected)
  }

  @Test(arguments: [
    (DataType.int64, "2147483648", #""int""#), (.float64, "5.5", #""long""#), (.text, "abc", #""int""#),
    (.decimal(precision: 20, scale: 0), "9007199254740993", #""double""#), (.float64, "16777217.0", #""float""#),
    (.decimal(precision: 38, scale: 20), "0.12345678901234567890", #""double""#), (.float64, "5e-324", #""float""#),
    (.numeric, "16777217", #""float""#), (.json, "1.2345678901234567890", #""double""#), (.float64, "0.1", #""float""#),
    (.json, #"{"a":1,"a":2}"#, #"{"type":"record","name":"p","fields":[{"name":"a","type":"int"}]}"#),
    (.json, #"{"a":1,"a":2}"#, #"{"type":"map","values":"int"}"#),
    (.text, "D", #"{"type":"enum","name":"e","symbols":["A"]}"#),
    (.decimal(precision: 10, scale: 2), "1.55", #"{"type":"bytes","logicalType":"decimal","precision":10,"scale":1}"#),
    (.int64, "100", #"{"type":"bytes","logicalType":"decimal","precision":4,"scale":2}"#),
    (
      .timestamp(.microseconds, zoned: true), "2024-02-29T12:00:00.123456Z",
      #"{"type":"long","logicalType":"timestamp-millis"}"#
    ),
    (
      .offsetTimestamp(.nanoseconds), "2024-02-29T12:30:00.0000001+02:00",
      #"{"type":"string","ferry.type":"timestamp with offset"}"#
    ),
    (.interval, "P-1M", #"{"type":"fixed","name":"d","size":12,"logicalType":"duration"}"#),
  ])
  func refusesWhatWouldLose(type: DataType, text: String, schema: String) throws {
    let failure = #expect(throws: Failure.self) { try AvroFiles.through(type, text, schema) }
    #expect(failure?.category == .data)
  }

  @Test func nullWhereNoneIsAllowedIsRefused() throws {
    #expect(throws: Failure.self) { try AvroFiles.through(.int64, nil, #""long""#) }
    #expect(throws: Failure.self) { try AvroFiles.through(.text, nil, #""string""#) }
  }

  @Test func refusedRowsAreHandedOn() throws {
    let batch = AvroFiles.batch([Field("v", .text)], [["1"], ["x"], ["3"], ["y"]])
    let output = MemoryOutput()
    let schema = try AvroSchema(#"{"type":"record","name":"r","fields":[{"name":"v","type":"int"}]}"#)
    let refused = MemoryOutput()
    let bad = BadRows(
      .reject, schema: batch.schema, makeSink: { try RecordFileWriter(refused, schema: batch.schema) })
    let writer = try AvroWriter(output, schema: batch.schema, AvroWriteOptions(schema: schema), bad: bad)
    try writer.write(batch)
    try writer.finish()
    try bad.finish()
    #expect(bad.count == 2)
    #expect(try texts(RecordFileReader(MemoryInput(refused.bytes))) == [["x"], ["y"]])
    #expect(writer.rowCount == 2)
    #expect(try AvroFiles.read(output.bytes).rows == [["1"], ["3"]])
  }

  @Test func columnsAreFoundByAliasPositionAndDefault() throws {
    let schema =
      """
      {"type":"record","name":"r","fields":[
        {"name":"a","type":"int","aliases":["x"]},{"name":"b","type":"int","default":9}]}
      """
    let aliased = AvroFiles.batch([Field("x", .int32)], [["1"]])
    #expect(try AvroFiles.read(AvroFiles.write([aliased], schema: schema)).rows == [["1", "9"]])
    let positional = AvroFiles.batch([Field("col1", .int32), Field("col2", .int32)], [["1", "2"]])
    #expect(try AvroFiles.read(AvroFiles.write([positional], schema: schema)).rows == [["1", "2"]])
    let missing = AvroFiles.batch([Field("z", .int32)], [["1"]])
    let failure = #expect(throws: Failure.self) { try AvroFiles.write([missing], schema: schema) }
    #expect(failure?.category == .schema)
    var strict = AvroWriteOptions()
    strict.conversion.strictSchema = true
    let extra = AvroFiles.batch([Field("a", .int32), Field("more", .int32)], [["1", "2"]])
    #expect(throws: Failure.self) { try AvroFiles.write([extra], schema: schema, strict) }
  }

  // MARK: names

  /// Names that Avro allows stay; those that are made out of others make way for them.
  @Test(arguments: [
    (["a", "b_1"], ["a", "b_1"]), (["a b", "a_b", "a-b"], ["a_b_2", "a_b", "a_b_3"]),
    (["a", "a", "a_2"], ["a", "a_3", "a_2"]),
    (["1", "", "é", "_"], ["_1", "__2", "__", "_"]), (["a.b", "a b"], ["a_b", "a_b_2"]),
  ])
  func columnsGetNamesThatAvroAllows(columns: [String], names: [String]) throws {
    let batch = AvroFiles.batch(columns.map { Field($0, .int32) }, [columns.indices.map { "\($0)" }])
    let bytes = try AvroFiles.write([batch])
    let blocks = try AvroBlocks(MemoryInput(bytes))
    let schema = try AvroSchema(String(decoding: #require(blocks.metadata["avro.schema"]), as: UTF8.self))
    #expect(schema[schema.root].members.map(\.name) == names)
    let reader = try AvroReader(MemoryInput(bytes))
    #expect(reader.schema.fields.map(\.name) == columns)
    #expect(try AvroFiles.read(bytes).rows == [columns.indices.map { "\($0)" }])
  }

  @Test func decimalsOfNegativeScale() throws {
    let batch = AvroFiles.batch([Field("v", .decimal(precision: 3, scale: -2))], [["12300"], [nil], ["-99900"]])
    let (columns, rows) = try AvroFiles.read(AvroFiles.write([batch]))
    #expect(columns == ["v: decimal(5,0)"] && rows == [["12300"], ["∅"], ["-99900"]])
  }

  // MARK: messages and unions

  @Test(
    arguments: [
      (DataType.int64, "2147483648", #""int""#, "(int64) of record 1 to 'memory' as int: a number that is out of that"),
      (.text, nil, #""string""#, "(text) of record 1 to 'memory' as string: NULL, which that type does not have"),
      (
        .timestamp(.microseconds, zoned: true), "2024-01-01T00:00:00.000001Z",
        #"["null",{"type":"long","logicalType":"timestamp-millis"}]"#,
        "(timestamp with zone) of record 1 to 'memory' as timestamp-millis: a time with digits"
      ),
      (
        .decimal(precision: 10, scale: 2), "12345.00",
        #"{"type":"bytes","logicalType":"decimal","precision":4,"scale":2}"#,
        "(decimal(10,2)) of record 1 to 'memory' as decimal(4,2): a number of more digits"
      ),
      (
        .text, "x", #"["null","int",{"type":"map","values":"int"}]"#, "as union of null, int and map: a value that does"
      ),
    ] as [(DataType, String?, String, String)])
  func messagesNameBothTypes(type: DataType, text: String?, schema: String, message: String) throws {
    let failure = try #require(#expect(throws: Failure.self) { try AvroFiles.through(type, text, schema) })
    #expect(failure.message.contains(message), "\(failure.message)")
    #expect(failure.sensitive == text)
  }

  /// The branch of the value's own type, else one of its kind, else the first that it becomes.
  @Test(arguments: [
    (DataType.int32, "5", #"["string","double"]"#, "5.0"), (.int32, "5", #"["string","long","int"]"#, "5"),
    (.float32, "0.1", #"["string","float"]"#, "0.1"), (.json, "0.1", #"["string","float"]"#, "0.1"),
    (.json, #""NaN""#, #"["null","double"]"#, "NaN"), (.json, #""""#, #"["null","bytes"]"#, ""),
    (.json, #""/w==""#, #""bytes""#, "/w=="), (.text, "abc", #""bytes""#, "YWJj"),
    (.json, "5", #"["string",{"type":"bytes","logicalType":"decimal","precision":4,"scale":1}]"#, "5.0"),
    (.uint64, "7", #"["null","long"]"#, "7"), (.json, "18446744073709551615", #"["long","double","string"]"#, ""),
    (.text, "2024-02-29", #"["null",{"type":"int","logicalType":"date"},"long"]"#, #""2024-02-29""#),
    (.date, "2024-02-29", #"["string",{"type":"int","logicalType":"date"}]"#, #""2024-02-29""#),
    (.bool, "true", #"["string","boolean"]"#, "true"),
  ])
  func unionsByValue(type: DataType, text: String, schema: String, expected: String) throws {
    let found = try AvroFiles.through(type, text, schema)
    if !expected.isEmpty || text == #""""# { #expect(found == expected) }
  }

  @Test func `floats may be rounded where the flow wants it`() throws {
    var options = AvroWriteOptions()
    options.conversion.roundFloats = true
    let fields = [Field("d", .decimal(precision: 20, scale: 0)), Field("f", .float64), Field("i", .int64)]
    let schema =
      #"{"name":"r","type":"record","fields":[{"name":"d","type":"double"},"#
      + #"{"name":"f","type":"float"},{"name":"i","type":"double"}]}"#
    let batch = AvroFiles.batch(fields, [["9007199254740993", "16777217.0", "9007199254740993"]])
    let bytes = try AvroFiles.write([batch], schema: schema, options)
    #expect(try AvroFiles.read(bytes).rows == [["9007199254740992.0", "16777216.0", "9007199254740992.0"]])
  }
}
