import FerryTesting
import Foundation
import Records
import Testing

@testable import Formats

/// Avro values that come one by one, compared with fastavro.
struct AvroDatumTests {
  private static let fields = [
    Field("b", .bool), Field("i", .int32), Field("l", .int64), Field("f", .float32), Field("d", .float64),
    Field("t", .text), Field("x", .bytes), Field("n", .decimal(precision: 12, scale: 2)),
    Field("w", .decimal(precision: 50, scale: 3)), Field("u", .uuid), Field("day", .date),
    Field("at", .timestamp(.microseconds, zoned: true)), Field("json", .json), Field("list", .list(.text)),
  ]
  private static let rows: [[String?]] = [
    [
      "true", "-2147483648", "9223372036854775807", "1.5", "-2.5e-300", "Grüße 😀", "3q2+7w==", "-9999999999.99",
      "12345678901234567890123456789012345678901234567.125", "a4818e1c-8e59-11eb-8dcd-0242ac130003", "2024-02-29",
      "2024-02-29T12:30:15.123456Z", "{\"a\":[1,2.50,null]}", "[\"a\",null,\"\"]",
    ],
    Array(repeating: nil, count: 14),
    [
      "false", "0", "-1", "0.0", "0.1", "", "", "0.01", "0.000", "00000000-0000-0000-0000-000000000000", "1969-12-31",
      "1969-12-31T23:59:59.999999Z", "[]", "[]",
    ],
    [
      "true", "64", "-65", "-3.5", "1.0", "sevenby", "AA==", "1.28", "-0.001", "ffffffff-ffff-ffff-ffff-ffffffffffff",
      "0001-01-01", "0001-01-01T00:00:00.000000Z", "\"x\"", "[\"12345678\",\"1\",\"123456789\"]",
    ],
  ]

  private func data(_ encoder: AvroDatumEncoder, _ batch: RecordBatch) throws -> [[UInt8]] {
    try encoder.start(batch)
    return try (0..<batch.count).map { try encoder.bytes($0) }
  }

  private func decode(_ decoder: AvroDatumDecoder, _ datum: [UInt8], _ writer: Int) throws {
    try decoder.decode(datum.span, writer: writer)
  }

  @Test func rowsComeBackOneByOne() throws {
    let batch = AvroFiles.batch(Self.fields, Self.rows)
    let encoder = try AvroDatumEncoder("topic", columns: batch.schema)
    let decoder = AvroDatumDecoder("topic")
    let writer = try decoder.add(writer: encoder.schema)
    for datum in try data(encoder, batch) { try decode(decoder, datum, writer) }
    let back = try #require(try decoder.finish())
    #expect(back.schema.fields.map(\.type) == batch.schema.fields.map(\.type))
    #expect(AvroFiles.texts(back) == AvroFiles.texts(batch))
    #expect(try decoder.finish() == nil)
  }

  /// The schema, then for each datum its bytes and what fastavro says it is.
  @Test func fastavroSeesTheSame() throws {
    let batch = AvroFiles.batch(Self.fields, Self.rows)
    let encoder = try AvroDatumEncoder("topic", columns: batch.schema)
    let lines = try data(encoder, batch).map { Data($0).base64EncodedString() }
    let input = Data(([encoder.schema.text] + lines).joined(separator: "\n").utf8)
    let seen = try Agreement.run("avro_datum.py", [], input)
    #expect(seen.count == 1 + lines.count * 2)
    // The same bytes come from fastavro for what it has read.
    #expect(stride(from: 1, to: seen.count, by: 2).map { seen[$0] } == lines)
    let texts = try stride(from: 2, to: seen.count, by: 2).map { index in
      try JSONDecoder().decode([String?].self, from: Data(seen[index].utf8)).map { $0 ?? "∅" }
    }
    #expect(texts == AvroFiles.texts(batch))
    #expect(seen[0] == String(encoder.schema.fingerprint, radix: 16))
  }

  // MARK: bytes that end

  /// Each value in memory that ends where it ends, whole and cut at each byte.
  @Test func nothingBehindTheBytesIsRead() throws {
    let batch = AvroFiles.batch(Self.fields, Self.rows)
    let encoder = try AvroDatumEncoder("topic", columns: batch.schema)
    let guarded = try GuardedBytes(room: 4_096)
    for flatten in [0, 1] {
      let decoder = AvroDatumDecoder("topic", flatten: flatten)
      let writer = try decoder.add(writer: encoder.schema)
      for datum in try data(encoder, batch) {
        for end in 0..<datum.count {
          let failure = #expect(throws: Failure.self) {
            try guarded.with(Array(datum[..<end])) { try decoder.decode(Span(_unsafeBytes: $0), writer: writer) }
          }
          #expect(failure?.category == .data)
        }
        try guarded.with(datum) { try decoder.decode(Span(_unsafeBytes: $0), writer: writer) }
      }
      #expect(try decoder.finish().map(AvroFiles.texts) == AvroFiles.texts(batch))
    }
  }

  @Test func changedBytesAreValuesOrFailures() throws {
    let batch = AvroFiles.batch(Self.fields, Self.rows)
    let encoder = try AvroDatumEncoder("topic", columns: batch.schema)
    let guarded = try GuardedBytes(room: 4_096)
    let decoder = AvroDatumDecoder("topic")
    let writer = try decoder.add(writer: encoder.schema)
    var good = 0
    for datum in try data(encoder, batch) {
      for place in datum.indices {
        for change in [0x01, 0x80, 0xFF] as [UInt8] {
          var changed = datum
          changed[place] ^= change
          do {
            try guarded.with(changed) { try decoder.decode(Span(_unsafeBytes: $0), writer: writer) }
            good += 1
          } catch let failure as Failure {
            #expect(failure.category == .data)
          }
        }
      }
    }
    #expect(decoder.count == good)
    #expect(try decoder.finish()?.count == good)
  }

  @Test func aValueTakesAllOfItsBytes() throws {
    let decoder = AvroDatumDecoder("topic 'a'")
    let writer = try decoder.add(
      writer: AvroSchema(#"{"type":"record","name":"r","fields":[{"name":"v","type":"int"}]}"#))
    let failure = #expect(throws: Failure.self) { try decode(decoder, [2, 4, 6], writer) }
    #expect(failure?.message == "reading an Avro value of 'topic 'a'': 2 more bytes stand behind it")
    let cut = #expect(throws: Failure.self) { try decode(decoder, [0x80], writer) }
    #expect(cut?.message == "reading an Avro value of 'topic 'a'': its 1 bytes end within a value")
    try decode(decoder, [4], writer)
    #expect(try decoder.finish().map(AvroFiles.texts) == [["2"]])
  }

  // MARK: several writers

  private func record(_ fields: String) -> String { #"{"type":"record","name":"r","fields":[\#(fields)]}"# }

  @Test func writersChangeFromValueToValueUnderAReadersSchema() throws {
    let reader = record(
      #"{"name":"id","type":"long"},{"name":"name","type":["null","string"],"default":null},"#
        + #"{"name":"n","type":"double","default":7}"#)
    let decoder = AvroDatumDecoder("topic", reader: try AvroSchema(reader))
    let old = try decoder.add(writer: AvroSchema(record(#"{"name":"id","type":"int"}"#)))
    let new = try decoder.add(
      writer: AvroSchema(
        record(#"{"name":"name","type":"string"},{"name":"n","type":"int"},{"name":"id","type":"long"}"#)))
    for number in 0..<5 as Range<UInt8> {
      try decode(decoder, [number * 2], old)
      try decode(decoder, [2, 0x61 + number, number * 4, number * 2 + 20], new)
      if number == 3 { try decode(decoder, [40], old) }
    }
    let batch = try #require(try decoder.finish())
    #expect(batch.schema.fields.map(\.type) == [.int64, .text, .float64])
    #expect(
      AvroFiles.texts(batch) == [
        ["0", "∅", "7.0"], ["10", "a", "0.0"], ["1", "∅", "7.0"], ["11", "b", "2.0"], ["2", "∅", "7.0"],
        ["12", "c", "4.0"], ["3", "∅", "7.0"], ["13", "d", "6.0"], ["20", "∅", "7.0"], ["4", "∅", "7.0"],
        ["14", "e", "8.0"],
      ])
    #expect(throws: Failure.self) { try decoder.add(writer: AvroSchema(record(#"{"name":"id","type":"string"}"#))) }
  }

  @Test func withoutAReadersSchemaColumnsWiden() throws {
    let decoder = AvroDatumDecoder("topic")
    let old = try decoder.add(
      writer: AvroSchema(record(#"{"name":"id","type":"int"},{"name":"gone","type":"boolean"}"#)))
    let new = try decoder.add(
      writer: AvroSchema(record(#"{"name":"id","type":"long"},{"name":"name","type":"string"}"#)))
    let other = try decoder.add(writer: AvroSchema(record(#"{"name":"id","type":"string"}"#)))
    try decode(decoder, [2, 1], old)
    let first = try #require(try decoder.finish())
    #expect(first.schema.fields.map { "\($0.name) \($0.type.name)" } == ["id int32", "gone bool"])
    try decode(decoder, [4, 0], old)
    try decode(decoder, [6, 2, 0x61], new)
    try decode(decoder, [8, 1], old)
    let second = try #require(try decoder.finish())
    #expect(second.schema.fields.map { "\($0.name) \($0.type.name)" } == ["id int64", "gone bool", "name text"])
    #expect(AvroFiles.texts(second) == [["2", "false", "∅"], ["3", "∅", "a"], ["4", "true", "∅"]])
    try decode(decoder, [2, 0x78], other)
    let third = try #require(try decoder.finish())
    #expect(third.schema.fields[0].type == .json)
    #expect(AvroFiles.texts(third) == [["\"x\"", "∅", "∅"]])
    #expect(AvroFiles.texts(try first.widened(to: third.schema)) == [["1", "true", "∅"]])
  }

  @Test func aBatchIsBounded() throws {
    let decoder = AvroDatumDecoder("topic")
    let one = try decoder.add(writer: AvroSchema(record(#"{"name":"v","type":"string"}"#)))
    let two = try decoder.add(writer: AvroSchema(record(#"{"name":"v","type":["null","string"]}"#)))
    let text = [UInt8](repeating: 0x61, count: 1 << 20)
    var rows = 0
    while !decoder.isFull {
      let datum = [0x80, 0x80, 0x80, 0x01] + text
      try decode(decoder, rows % 2 == 0 ? datum : [2] + datum, rows % 2 == 0 ? one : two)
      rows += 1
    }
    #expect(rows == 8)
    #expect(try decoder.finish()?.count == 8)
    #expect(!decoder.isFull)
    for _ in 0..<Limits.batchRows { try decode(decoder, [2, 0x61], one) }
    #expect(decoder.isFull)
  }

  // MARK: writing

  @Test func aRowThatDoesNotFitNamesItsColumn() throws {
    let batch = AvroFiles.batch([Field("v", .text)], [["1"], ["x"]])
    let encoder = try AvroDatumEncoder(
      "topic 'a'", columns: batch.schema, schema: AvroSchema(record(#"{"name":"v","type":"int"}"#)))
    #expect(throws: Failure.self) { try encoder.bytes(0) }
    try encoder.start(batch)
    #expect(try encoder.bytes(0, behind: [9]) == [9, 2])
    let failure = #expect(throws: Failure.self) { try encoder.bytes(1) }
    #expect(failure?.category == .data && failure?.sensitive == "x")
    #expect(
      failure?.message
        == "writing column 'v' (text) of record 2 to 'topic 'a'' as int: a value that does not become that type")
    #expect(throws: Failure.self) { try encoder.bytes(2) }
    #expect(throws: Failure.self) { try encoder.start(AvroFiles.batch([Field("v", .int32)], [["1"]])) }
    #expect(try encoder.bytes(0) == [2])
  }

  /// What a plugin for Kafka has to do beside.
  @Test func framesNameTheSchema() throws {
    let batch = AvroFiles.batch([Field("v", .int32, nullable: false)], [["1"], ["2"]])
    let encoder = try AvroDatumEncoder("topic", columns: batch.schema)
    let print = encoder.schema.fingerprint
    try encoder.start(batch)
    var messages: [[UInt8]] = []
    messages.append(try encoder.bytes(0, behind: AvroFraming.singleObject(fingerprint: print).head))
    messages.append(try encoder.bytes(1, behind: AvroFraming.confluent(id: 258).head))
    #expect(messages[0] == [0xC3, 0x01] + (0..<8).map { UInt8(truncatingIfNeeded: print >> ($0 * 8)) } + [2])
    #expect(messages[1] == [0, 0, 0, 1, 2, 4])
    let decoder = AvroDatumDecoder("topic")
    let writer = try decoder.add(writer: encoder.schema)
    let known: [AvroFraming: Int] = [.singleObject(fingerprint: print): writer, .confluent(id: 258): writer]
    for message in messages {
      let found = AvroFraming(of: message.span)
      let frame = try #require(found)
      try decoder.decode(message.span.extracting(droppingFirst: frame.head.count), writer: try #require(known[frame]))
    }
    #expect(try decoder.finish().map(AvroFiles.texts) == [["1"], ["2"]])
    for bytes in [[], [1, 2, 3, 4, 5, 6], [0, 0, 0, 1], [0xC3, 0x01, 0, 0, 0, 0, 0, 0, 0]] as [[UInt8]] {
      let found = AvroFraming(of: bytes.span)
      #expect(found == nil)
    }
  }

  /// Schemas of the specification's chapters, and what fastavro makes of them.
  @Test func canonicalFormsAgree() throws {
    let schemas = [
      #""int""#, #"{"type":"string","logicalType":"uuid"}"#, #"["null",{"type":"array","items":"long"}]"#,
      #"{"type":"map","values":{"type":"fixed","name":"f","namespace":"a.b","size":16,"doc":"x"}}"#,
      #"{"type":"enum","name":"e","symbols":["B","A"],"default":"A"}"#,
      #"{"namespace":"n","fields":[{"default":1,"type":"int","name":"x","doc":"d"},"#
        + #"{"name":"next","type":["null","r"]}],"#
        + #""name":"r","type":"record","aliases":["s"]}"#,
      #"{"type":"record","name":"a.b.c","fields":[{"name":"p","type":{"type":"record","name":"q","fields":[]}},"#
        + #"{"name":"s","type":"q"},"#
        + #"{"name":"d","type":{"type":"bytes","logicalType":"decimal","precision":4,"scale":2}}]}"#,
    ]
    let seen = try Agreement.run("avro_fingerprint.py", [], Data(schemas.joined(separator: "\n").utf8))
    let ours = try schemas.flatMap { text in
      let schema = try AvroSchema(text)
      return [schema.canonicalForm, String(schema.fingerprint, radix: 16)]
    }
    #expect(ours == seen)
  }
}

extension AvroDatumEncoder {
  /// A message: what names the schema, and one row.
  fileprivate func bytes(_ row: Int, behind head: [UInt8] = []) throws -> [UInt8] {
    var message = ByteBuffer()
    message.append(head)
    try encode(row, to: &message)
    return message.array
  }
}
