import FerryTesting
import Formats
import Foundation
import Records
import Testing

/// Random values of every type through CSV and JSON: the same come back, and Python sees in the text what pyarrow sees
/// in the record file.
struct RoundTripTests {
  static let scalars: [DataType] = [
    .bool, .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64, .float32, .float64,
    .decimal(precision: 9, scale: 2), .decimal(precision: 38, scale: 38), .decimal(precision: 76, scale: 20), .numeric,
    .text, .bytes, .date, .time(.microseconds), .time(.nanoseconds), .timestamp(.microseconds, zoned: false),
    .timestamp(.microseconds, zoned: true), .timestamp(.nanoseconds, zoned: false),
    .timestamp(.nanoseconds, zoned: true), .offsetTimestamp(.microseconds), .offsetTimestamp(.nanoseconds),
    .interval, .uuid, .json,
  ]
  static let types = scalars + scalars.map { .list($0) } + [.list(.list(.int32))]

  // MARK: Values

  static func batch(_ types: [DataType], rows: Int, seed: UInt64) -> RecordBatch {
    var random = RandomTests.Random(state: seed)
    let columns = types.map { type in
      let builder = ColumnBuilder(type)
      for _ in 0..<rows {
        if random.next() % 6 == 0 { builder.appendNull() } else { append(type, to: builder, &random) }
      }
      return builder.finish()
    }
    let schema = Schema(types.enumerated().map { Field("c\($0.offset) \($0.element.name)", $0.element) })
    return RecordBatch(schema: schema, columns: columns, count: rows)
  }

  private static func append(_ type: DataType, to builder: ColumnBuilder, _ random: inout RandomTests.Random) {
    if type == .interval {
      return builder.append(
        Interval(
          months: .random(in: -30...30, using: &random), days: .random(in: -400...400, using: &random),
          nanoseconds: .random(in: -90_000_000_000_000...90_000_000_000_000, using: &random)))
    }
    let text = text(type, &random)
    let result = ValueParser(type).append(text.utf8.span, to: builder)
    #expect(result == .ok, "\(type.name) '\(text)'")
  }

  static func text(_ type: DataType, _ random: inout RandomTests.Random) -> String {
    let bits = random.next() >> (random.next() % 64)
    switch type {
    case .bool: return bits & 1 == 0 ? "false" : "true"
    case .int8: return "\(Int8(truncatingIfNeeded: bits))"
    case .int16: return "\(Int16(truncatingIfNeeded: bits))"
    case .int32: return "\(Int32(truncatingIfNeeded: bits))"
    case .int64: return "\(Int64(truncatingIfNeeded: bits) * (random.next() & 1 == 0 ? 1 : -1))"
    case .uint8: return "\(UInt8(truncatingIfNeeded: bits))"
    case .uint16: return "\(UInt16(truncatingIfNeeded: bits))"
    case .uint32: return "\(UInt32(truncatingIfNeeded: bits))"
    case .uint64: return "\(bits)"
    case .float32: return number(Float(bitPattern: UInt32(truncatingIfNeeded: random.next())))
    case .float64: return number(Double(bitPattern: random.next()))
    case .decimal(let precision, let scale): return decimal(precision, scale, &random)
    case .numeric:
      return random.next() % 8 == 0 ? "NaN" : decimal(100, Int.random(in: 0...60, using: &random), &random)
    case .text: return texts(&random)
    case .bytes:
      return Data((0..<random.next() % 5).map { _ in UInt8.random(in: 0...255, using: &random) }).base64EncodedString()
    case .date: return day(&random)
    case .time(let unit): return time(unit, &random)
    case .timestamp(let unit, let zoned):
      // 64 bits of nanoseconds reach from 1677 to 2262.
      let day =
        unit == .nanoseconds ? "2\(bits % 2)\(bits % 6)\(bits % 10)-0\(bits % 9 + 1)-1\(bits % 10)" : day(&random)
      return "\(day)T\(time(unit, &random))\(zoned ? "Z" : "")"
    case .offsetTimestamp(let unit):
      let hours = Int.random(in: -14...14, using: &random)
      let minutes = "\(abs(hours)):\(["00", "30", "45"][Int(bits % 3)])"
      let wall = self.text(.timestamp(unit, zoned: false), &random)
      return wall + (hours < 0 ? "-" : "+") + (minutes.count == 4 ? "0" : "") + minutes
    case .uuid:
      return UUID(uuid: unsafeBitCast((random.next(), random.next()), to: uuid_t.self)).uuidString.lowercased()
    case .json:
      return ["{}", "[1, 2.50]", "\"\\u00e9\\\"\"", "{\"a\":[{\"b\":\"ü,\\n\"},null]}", "-1.5e3", "true", "[[],[[]]]"]
        .randomElement(using: &random) ?? ""
    case .list(let element):
      let elements = (0..<random.next() % 4).map { _ in
        random.next() % 4 == 0 ? "null" : json(element, text(element, &random))
      }
      return "[\(elements.joined(separator: ","))]"
    case .interval: return "P\(bits % 400)D"
    }
  }

  private static func json(_ type: DataType, _ text: String) -> String {
    switch type {
    case .text:
      var out = ByteBuffer()
      JSONText.append(text: text, to: &out)
      return out.string
    case .json, .list: return text
    default: return "\"\(text)\""
    }
  }

  private static func number<F: BinaryFloatingPoint & CustomStringConvertible>(_ value: F) -> String {
    value.isNaN ? "NaN" : value.isInfinite ? (value < 0 ? "-Infinity" : "Infinity") : value.description
  }

  private static func decimal(_ precision: Int, _ scale: Int, _ random: inout RandomTests.Random) -> String {
    let digits = (0..<Int.random(in: 1...precision, using: &random)).map { _ in "\(random.next() % 10)" }
    let text = String(repeating: "0", count: max(0, scale + 1 - digits.count)) + digits.joined()
    let whole = text.dropLast(scale).drop { $0 == "0" }
    return (random.next() & 1 == 0 ? "" : "-") + (whole.isEmpty ? "0" : whole)
      + (scale > 0 ? "." + text.suffix(scale) : "")
  }

  private static let pieces = [
    "a", "Grüße ", "😀", "\"", "\"\"", ",", "\n", "\r\n", "\r", "\\", "\\n", "\u{0}", "\u{1F}", "\u{7F}", "\u{2028}",
    "'",
    "null", "007", " ", "\u{FEFF}", "{\"a\":1}",
  ]

  private static func texts(_ random: inout RandomTests.Random) -> String {
    (0..<random.next() % 4).map { _ in pieces.randomElement(using: &random) ?? "" }.joined()
  }

  private static func padded(_ value: UInt64, _ width: Int) -> String {
    let text = "\(value)"
    return String(repeating: "0", count: max(0, width - text.count)) + text
  }

  private static func day(_ random: inout RandomTests.Random) -> String {
    "\(padded(random.next() % 9_999 + 1, 4))-\(padded(random.next() % 12 + 1, 2))-\(padded(random.next() % 28 + 1, 2))"
  }

  private static func time(_ unit: TimeUnit, _ random: inout RandomTests.Random) -> String {
    let clock = [24, 60, 60].map { padded(random.next() % $0, 2) }.joined(separator: ":")
    let fraction =
      unit == .microseconds ? padded(random.next() % 1_000_000, 6) : padded(random.next() % 1_000_000_000, 9)
    return random.next() & 1 == 0 ? clock : clock + "." + fraction
  }

  // MARK: Roads

  static func csv(_ batch: RecordBatch) throws -> [UInt8] {
    let output = BytesOutput()
    var options = CSVWriteOptions()
    options.nullValue = "\\N"
    let writer = try CSVWriter(output, schema: batch.schema, options)
    try writer.write(batch)
    try writer.finish()
    return output.bytes
  }

  static func json(_ batch: RecordBatch) throws -> [UInt8] {
    let output = BytesOutput()
    let writer = try JSONWriter(output, schema: batch.schema)
    try writer.write(batch)
    try writer.finish()
    return output.bytes
  }

  static func texts(_ batch: RecordBatch) -> [[String]] {
    (0..<batch.count).map { row in
      batch.columns.map { $0.isNull(row) ? "∅" : ValueText.string(of: $0, at: row) }
    }
  }

  @Test(arguments: [1, 2, 3])
  func `what was written comes back`(seed: UInt64) throws {
    let batch = RoundTripTests.batch(RoundTripTests.types, rows: 120, seed: seed)
    let wanted = RoundTripTests.texts(batch)
    let types = Dictionary(uniqueKeysWithValues: batch.schema.fields.map { ($0.name.exact, $0.type) })
    var csv = CSVReadOptions()
    csv.types = .declared(types)
    var json = JSONReadOptions()
    json.columns = types
    for (kind, rows) in [
      ("CSV", try FerryTesting.texts(CSVReader(BytesInput(RoundTripTests.csv(batch)), csv))),
      ("JSON", try FerryTesting.texts(JSONReader(BytesInput(RoundTripTests.json(batch)), json))),
    ] {
      #expect(rows.count == wanted.count)
      for (row, wanted) in zip(rows, wanted) {
        for (column, field) in batch.schema.fields.enumerated() where row[column] != wanted[column] {
          Issue.record("\(kind), \(field.name): \(row[column]), not \(wanted[column])")
        }
      }
    }
  }

  @Test func `Python sees the same in the text and in the record file`() throws {
    let batch = RoundTripTests.batch(RoundTripTests.types, rows: 300, seed: 11)
    let folder = FileManager.default.temporaryDirectory.appending(path: "serdes-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let records = MemoryOutput()
    let writer = try RecordFileWriter(records, schema: batch.schema)
    try writer.write(batch)
    try writer.finish()
    try Data(records.bytes).write(to: folder.appending(path: "data.arrow"))
    try Data(RoundTripTests.csv(batch)).write(to: folder.appending(path: "data.csv"))
    try Data(RoundTripTests.json(batch)).write(to: folder.appending(path: "data.jsonl"))
    let problems = try Agreement.run(
      "serdes_values.py", [folder.path()], Data(batch.schema.fields.map { "\($0.type.name)\n" }.joined().utf8))
    #expect(problems == [])
  }
}
