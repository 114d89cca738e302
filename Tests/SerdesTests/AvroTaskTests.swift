import Engine
import Expression
import FerryTesting
import Foundation
import Records
import Testing

@testable import Formats

/// The Avro tasks, property by property.
struct AvroTaskTests {
  /// A folder with internal storage in it.
  private func folder() throws -> TaskTests.Folder { try TaskTests.Folder() }

  private func avro(_ fields: [Field], _ rows: [[String?]], schema: String? = nil) throws -> [UInt8] {
    try AvroFiles.write([AvroFiles.batch(fields, rows)], schema: schema)
  }

  // MARK: packed files

  @Test(arguments: ["gzip", "gzip-members", "gzip-zeros", "zstd", "zstd-skippable"])
  func packedFilesAreUnpacked(kind: String) throws {
    let folder = try folder()
    let plain = try avro([Field("id", .int64)], (0..<5_000).map { ["\($0)"] })
    let packed = try Self.pack(kind, plain, folder.path)
    let from = try folder.write("packed", packed)
    let result = try folder.run("serdes.avro.AvroReader", from)
    #expect(try folder.records(result.outputs["uri"]) == (0..<5_000).map { ["\($0)"] })
    let cut = try folder.write("cut", packed.prefix(packed.count / 2))
    let failure = try #require(#expect(throws: Failure.self) { try folder.run("serdes.avro.AvroReader", cut) })
    #expect(failure.category == .data)
  }

  private static func pack(_ kind: String, _ bytes: [UInt8], _ folder: String) throws -> [UInt8] {
    let code = [
      "gzip": "gzip.compress(d)", "gzip-members": "gzip.compress(d[:5000]) + gzip.compress(d[5000:])",
      "gzip-zeros": "gzip.compress(d) + bytes(512)", "zstd": "bytes(cramjam.zstd.compress(d))",
      "zstd-skippable": "bytes([0x5A, 0x2A, 0x4D, 0x18, 3, 0, 0, 0, 1, 2, 3]) + bytes(cramjam.zstd.compress(d))",
    ]
    let (plain, packed) = ("\(folder)/plain", "\(folder)/packed-by-python")
    try AvroFiles.store(bytes, at: plain)
    let process = Process()
    process.executableURL = Agreement.python
    let body = "d = open(sys.argv[1], 'rb').read(); open(sys.argv[2], 'wb').write(\(code[kind] ?? ""))"
    process.arguments = ["-c", "import sys, gzip, cramjam; \(body)", plain, packed]
    try process.run()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
    return try AvroFiles.bytes(of: packed)
  }

  // MARK: properties of the writer

  /// The rows of what the writer makes of a record file, as the reader sees it.
  private func through(
    _ fields: [Field], _ rows: [[String?]], _ properties: ValueMap
  ) throws -> (columns: [String], rows: [[String]]) {
    let folder = try folder()
    let records = try folder.run("serdes.avro.AvroReader", folder.write("a", avro(fields, rows))).outputs["uri"]
    let written = try folder.run("serdes.avro.AvroWriter", records, properties)
    #expect(written.counts.isBalanced)
    let back = try folder.run("serdes.avro.AvroReader", written.outputs["uri"]).outputs["uri"]
    return (try folder.columns(back), try folder.records(back))
  }

  private func record(_ types: (String, Value)...) -> Value {
    ["type": "record", "name": "r", "fields": .list(types.map { ["name": .string($0.0), "type": $0.1] })]
  }

  @Test(
    arguments: [
      (["trueValues": ["oui"], "falseValues": ["non"]], "boolean", ["OUI", "non"], ["true", "false"]),
      (["nullValues": ["-"]], ["null", "int"], ["-", "5"], ["∅", "5"]),
      ([:], ["null", "int"], ["NaN", "n/a"], ["∅", "∅"]),
      (["inferAllFields": true], ["null", "string"], ["NA", "x"], ["∅", "x"]),
      (["inferAllFields": false], ["null", "string"], ["NA", "x"], ["NA", "x"]),
      (
        ["dateFormat": "dd/MM/yyyy"], ["type": "int", "logicalType": "date"], ["29/02/2024", "01/12/1999"],
        ["2024-02-29", "1999-12-01"]
      ),
      (
        ["timeFormat": "H:mm"], ["type": "int", "logicalType": "time-millis"], ["7:05", "23:59"],
        ["07:05:00", "23:59:00"]
      ),
      (
        ["datetimeFormat": "yyyyMMdd HHmmss"], ["type": "long", "logicalType": "local-timestamp-micros"],
        ["20240229 120001", "19700101 000000"], ["2024-02-29T12:00:01", "1970-01-01T00:00:00"]
      ),
      (
        ["timeZoneId": "Europe/Paris"], ["type": "long", "logicalType": "timestamp-millis"],
        ["2024-07-01T12:00", "2024-01-01T12:00Z"], ["2024-07-01T10:00:00Z", "2024-01-01T12:00:00Z"]
      ),
      // Digits alone count the unit.
      (
        [:], ["type": "long", "logicalType": "timestamp-millis"], ["1500", "-1"],
        ["1970-01-01T00:00:01.500000Z", "1969-12-31T23:59:59.999000Z"]
      ),
      (
        [:], ["type": "long", "logicalType": "timestamp-micros"], ["1500", "-1"],
        ["1970-01-01T00:00:00.001500Z", "1969-12-31T23:59:59.999999Z"]
      ),
      (["decimalSeparator": ","], "double", ["1,5", "-2"], ["1.5", "-2.0"]),
      (
        ["decimalSeparator": ","], ["type": "bytes", "logicalType": "decimal", "precision": 6, "scale": 2],
        ["1,50", "12"], ["1.50", "12.00"]
      ),
    ] as [(ValueMap, Value, [String], [String])])
  func textsBecomeWhatThePropertiesSay(properties: ValueMap, type: Value, texts: [String], expected: [String]) throws {
    var properties = properties
    properties["schema"] = record(("v", type))
    #expect(try through([Field("v", .text)], texts.map { [$0] }, properties).rows == expected.map { [$0] })
  }

  @Test func wordsAreFoundOverAllRows() throws {
    let fields = [Field("flag", .text), Field("word", .text), Field("empty", .text)]
    let rows = (0..<200).map { row in [row % 2 == 0 ? "on" : "NA", row < 150 ? "true" : "maybe", nil] }
    let found = try through(fields, rows, ["inferAllFields": true])
    #expect(found.columns == ["flag bool", "word text", "empty text"])
    #expect(found.rows[0] == ["true", "true", "∅"] && found.rows[1] == ["∅", "true", "∅"])
    #expect(found.rows[199] == ["∅", "maybe", "∅"])
  }

  @Test func strictSchemasRefuseWhatTheyDoNotHave() throws {
    let fields = [Field("a", .int32), Field("b", .int32)]
    let loose = try through(fields, [["1", "2"]], ["schema": record(("a", "int"))])
    #expect(loose.rows == [["1"]])
    #expect(throws: Failure.self) {
      try through(fields, [["1", "2"]], ["schema": record(("a", "int")), "strictSchema": true])
    }
    let inner: Value = ["type": "record", "name": "inner", "fields": [["name": "x", "type": "int"]]]
    let nested: ValueMap = ["schema": record(("v", inner)), "strictSchema": true]
    #expect(try through([Field("v", .json)], [[#"{"x":1}"#]], nested).rows == [[#"{"x":1}"#]])
    #expect(throws: Failure.self) { try through([Field("v", .json)], [[#"{"x":1,"y":2}"#]], nested) }
  }

  @Test func jsonBecomesTextOrRecords() throws {
    let fields = [Field("v", .json), Field("id", .int64)]
    let texts = [
      #"{"a":1,"b b":[1.5,null],"c":{"d":"x"}}"#, #"{"b b":[2],"a":9007199254740993,"e":true}"#, nil,
      #"{"c":{"d":null,"d.e":"2024-01-01"},"f":"s","e":null}"#, #"{"f":{"g":1.10000000000000000001}}"#,
    ]
    let rows = texts.enumerated().map { [$1, "\($0)"] }
    let text = try through(fields, rows, [:])
    #expect(text.columns == ["v json", "id int64"])
    #expect(text.rows.map { $0[0] } == texts.map { $0 ?? "∅" })
    let nested = try through(fields, rows, ["jsonAs": "record"])
    #expect(nested.columns == ["v json", "id int64"])
    #expect(
      nested.rows.map { $0[0] } == [
        #"{"a":1,"b b":[1.5,null],"c":{"d":"x","d.e":null},"e":null,"f":null}"#,
        #"{"a":9007199254740993,"b b":[2.0],"c":null,"e":true,"f":null}"#, "∅",
        #"{"a":null,"b b":null,"c":{"d":null,"d.e":"2024-01-01"},"e":null,"f":"s"}"#,
        #"{"a":null,"b b":null,"c":null,"e":null,"f":{"g":1.10000000000000000001}}"#,
      ])
    let folder = try folder()
    let records = try folder.run("serdes.avro.AvroReader", folder.write("a", avro(fields, rows))).outputs["uri"]
    let schema = try folder.text(
      folder.run("serdes.avro.InferAvroSchemaFromIon", records, ["jsonAs": "record"]).outputs["uri"])
    let parsed = try AvroSchema(schema)
    let root = parsed[parsed.root]
    #expect(parsed.label(root.members[0].type) == "union of null and record ferry.root_v")
  }

  @Test func nothingIsLeftOfAFileThatFails() throws {
    let folder = try folder()
    let records = try folder.run(
      "serdes.avro.AvroReader", folder.write("a", avro([Field("v", .text)], [["1"], ["x"]]))
    ).outputs["uri"]
    let failure = try #require(
      #expect(throws: Failure.self) {
        try folder.run("serdes.avro.AvroWriter", records, ["schema": record(("v", "int"))])
      })
    #expect(failure.message.hasPrefix("writing column 'v' (text) of record 2 to "))
    #expect(failure.message.hasSuffix(" as int: a value that does not become that type"))
    #expect(!failure.message.contains("'x'") && failure.sensitive == "x")
    let files = FileManager.default.enumerator(atPath: folder.path)?.compactMap { $0 as? String } ?? []
    #expect(!files.contains { $0.hasSuffix("data.avro") }, "\(files)")
  }

  @Test(arguments: [("deflate", 10), ("bzip2", 0), ("xz", 10), ("zstandard", 0), ("snappy", 1), ("null", 1)])
  func levelsThatACodecDoesNotHave(codec: String, level: Int64) throws {
    let failure = try #require(
      #expect(throws: Failure.self) {
        try through([Field("v", .text)], [["1"]], ["codec": .string(codec), "level": .int(level)])
      })
    #expect(failure.category == .configuration)
  }

  /// Objects with a key twice are no records: nothing is lost.
  @Test func `JSON that a record would lose something of stays text`() throws {
    let folder = try folder()
    let text = #"{"v":{"x":1,"x":2}}"# + "\n" + #"{"v":{"x":3}}"# + "\n"
    let records = try folder.run("serdes.json.JsonReader", folder.write("f.jsonl", text)).outputs["uri"]
    let avro = try folder.run("serdes.avro.AvroWriter", records, ["jsonAs": "RECORD"]).outputs["uri"]
    let back = try folder.run("serdes.avro.AvroReader", avro).outputs["uri"]
    #expect(try folder.records(back) == [[#"{"x":1,"x":2}"#], [#"{"x":3}"#]])
  }
}
