import Engine
import Expression
import FerryTesting
import Foundation
import Records
import Serdes
import Testing

/// The tasks as a flow runs them: by all of their names, their outputs, files and ledgers.
struct TaskTests {
  /// A folder with internal storage in it, removed with it.
  final class Folder: Sendable {
    let path = FileManager.default.temporaryDirectory.appending(path: "serdes-\(UUID().uuidString)").path()

    init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ name: String, _ bytes: some Sequence<UInt8>) throws -> Value {
      try Data(bytes).write(to: URL(filePath: "\(path)/\(name)"))
      return .string("file://\(path)/\(name)")
    }

    func write(_ name: String, _ text: String) throws -> Value { try write(name, text.utf8) }

    func run(
      _ type: String, _ from: Value?, _ properties: ValueMap = [:], log: @escaping @Sendable (String) -> Void = { _ in }
    ) throws -> (outputs: ValueMap, counts: Ledger.Counts) {
      let task = try #require(Registry([.serdes]).find(type) as? any FerryTask.Type, "\(type)")
      return try task.runAlone(
        properties.merging(["from": try #require(from)]), storage: "\(path)/storage", log: log)
    }

    private func open<T>(_ uri: Value?, _ body: (TaskContext, StorageReference) throws -> T) throws -> T {
      let reference = try StorageReference(property: try #require(uri))
      return try TaskContext.alone(storage: "\(path)/storage") { try body($0, reference) }
    }

    func records(_ uri: Value?) throws -> [[String]] { try open(uri) { try texts($0.openRecords($1)) } }
    func columns(_ uri: Value?) throws -> [String] {
      try open(uri) { try $0.openRecords($1).schema.fields.map { "\($0.name) \($0.type.name)" } }
    }

    func bytes(_ uri: Value?) throws -> [UInt8] {
      try open(uri) { context, reference in
        let input = try context.open(reference)
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let count = try input.readFully(into: &bytes)
        return Array(bytes[..<count])
      }
    }

    func text(_ uri: Value?) throws -> String { String(decoding: try bytes(uri), as: UTF8.self) }
  }

  // MARK: names that Unicode takes for the same

  static let (composed, decomposed) = ("é", "e\u{301}")

  @Test func `names of CSV columns are compared by their bytes`() throws {
    let folder = try Folder()
    let from = try folder.write("f.csv", "\(Self.composed),\(Self.decomposed)\n1,2\n")
    let result = try folder.run("serdes.csv.CsvReader", from, ["columns": ["e\u{301}": "int64"]])
    let columns = try folder.columns(result.outputs["uri"])
    #expect(columns.map(\.exact) == ["\(Self.composed) text".exact, "\(Self.decomposed) int64".exact])
    let json = try folder.run("serdes.json.JsonWriter", result.outputs["uri"])
    let line = "{\"\(Self.composed)\":\"1\",\"\(Self.decomposed)\":2}\n"
    #expect(try folder.text(json.outputs["uri"]).isExactly(line))
  }

  @Test func `names of JSON members are compared by their bytes`() throws {
    let folder = try Folder()
    let text = "{\"\(Self.composed)\":1,\"\(Self.decomposed)\":\"x\"}\n{\"\(Self.decomposed)\":\"y\"}\n"
    let result = try folder.run("serdes.json.JsonReader", folder.write("f.jsonl", text))
    let columns = try folder.columns(result.outputs["uri"])
    #expect(columns.map(\.exact) == ["\(Self.composed) int64".exact, "\(Self.decomposed) text".exact])
    #expect(try folder.records(result.outputs["uri"]) == [["1", "x"], ["∅", "y"]])
  }

  @Test func `keys of Avro maps and symbols of enums are compared by their bytes`() throws {
    let folder = try Folder()
    let text = "{\"m\":{\"\(Self.composed)\":1,\"\(Self.decomposed)\":2}}\n"
    let read = try folder.run("serdes.json.JsonReader", folder.write("f.jsonl", text)).outputs["uri"]
    let schema: Value = [
      "type": "record", "name": "r", "fields": [["name": "m", "type": ["type": "map", "values": "long"]]],
    ]
    for properties: ValueMap in [["schema": schema], ["jsonAs": "RECORD"]] {
      let avro = try folder.run("serdes.avro.AvroWriter", read, properties).outputs["uri"]
      let back = try folder.run("serdes.avro.AvroReader", avro).outputs["uri"]
      let line = try folder.text(folder.run("serdes.json.JsonWriter", back).outputs["uri"])
      #expect(line.isExactly(text), "\(properties)")
    }
    let kelvin = try folder.run("serdes.json.JsonReader", folder.write("k.jsonl", "{\"k\":\"\u{212A}\"}\n"))
    let symbols: Value = [
      "type": "record", "name": "r",
      "fields": [["name": "k", "type": ["type": "enum", "name": "e", "symbols": ["K"]]]],
    ]
    #expect(throws: Failure.self) {
      try folder.run("serdes.avro.AvroWriter", kelvin.outputs["uri"], ["schema": symbols])
    }
  }

  static let prefixes = ["", "io.kestra.plugin."]
  static func names(_ names: String...) -> [String] { prefixes.flatMap { prefix in names.map { prefix + $0 } } }

  static let csv = "id,name\n1,Ann\n2,\"B, C\"\n"
  static let rows = [["1", "Ann"], ["2", "B, C"]]
  static let json = #"{"id":"1","name":"Ann"}"# + "\n" + #"{"id":"2","name":"B, C"}"# + "\n"

  // MARK: Names

  @Test(arguments: names("serdes.csv.CsvReader", "serdes.csv.CsvToIon"))
  func `a CSV file becomes a record file`(type: String) throws {
    let folder = try Folder()
    let result = try folder.run(type, folder.write("a.csv", TaskTests.csv))
    #expect(try folder.records(result.outputs["uri"]) == TaskTests.rows)
    #expect(try folder.columns(result.outputs["uri"]) == ["id text", "name text"])
    #expect(result.outputs["size"] == 2 && result.outputs["rejected"] == nil)
    #expect(result.counts.read == 2 && result.counts.written == 2 && result.counts.isBalanced)
  }

  @Test(arguments: names("serdes.json.JsonReader", "serdes.json.JsonToIon"))
  func `a JSON file becomes a record file`(type: String) throws {
    let folder = try Folder()
    let result = try folder.run(type, folder.write("a.json", TaskTests.json))
    #expect(try folder.records(result.outputs["uri"]) == TaskTests.rows)
    #expect(result.outputs["size"] == 2)
    #expect(result.counts.read == 2 && result.counts.written == 2 && result.counts.isBalanced)
  }

  @Test(arguments: names("serdes.csv.CsvWriter", "serdes.csv.IonToCsv"))
  func `a record file becomes CSV`(type: String) throws {
    let folder = try Folder()
    let records = try folder.run("serdes.json.JsonReader", folder.write("a.json", TaskTests.json)).outputs["uri"]
    let result = try folder.run(type, records)
    #expect(try folder.text(result.outputs["uri"]) == TaskTests.csv)
    #expect(result.outputs["size"] == 2)
    #expect(result.counts.read == 2 && result.counts.written == 2 && result.counts.isBalanced)
  }

  @Test(arguments: names("serdes.json.JsonWriter", "serdes.json.IonToJson"))
  func `a record file becomes JSON`(type: String) throws {
    let folder = try Folder()
    let records = try folder.run("serdes.csv.CsvReader", folder.write("a.csv", TaskTests.csv)).outputs["uri"]
    let result = try folder.run(type, records)
    #expect(try folder.text(result.outputs["uri"]) == TaskTests.json)
    #expect(result.outputs["size"] == 2 && result.counts.read == 2 && result.counts.isBalanced)
    let array = try folder.run(type, records, ["newLine": false])
    let parsed = try Value.parseJSON(folder.text(array.outputs["uri"]))
    #expect(parsed == .list(try TaskTests.json.split(separator: "\n").map { try Value.parseJSON(String($0)) }))
  }

  @Test(
    arguments: zip(
      names("serdes.avro.AvroWriter", "serdes.avro.IonToAvro"),
      names("serdes.avro.AvroReader", "serdes.avro.AvroToIon")))
  func `a record file becomes Avro and one again`(writer: String, reader: String) throws {
    let folder = try Folder()
    let records = try folder.run(
      "serdes.csv.CsvReader", folder.write("a.csv", TaskTests.csv), ["columns": ["id": "int64"]]
    ).outputs["uri"]
    for codec in ["null", "deflate", "snappy", "zstandard", "bzip2", "xz"] {
      let avro = try folder.run(writer, records, ["codec": .string(codec)])
      #expect(avro.outputs["size"] == 2 && avro.counts.read == 2 && avro.counts.written == 2)
      #expect(avro.counts.isBalanced)
      let result = try folder.run(reader, avro.outputs["uri"])
      #expect(try folder.records(result.outputs["uri"]) == TaskTests.rows, "\(codec)")
      #expect(try folder.columns(result.outputs["uri"]) == ["id int64", "name text"])
      #expect(result.outputs["size"] == 2 && result.counts.written == 2 && result.counts.isBalanced)
    }
  }

  @Test(arguments: names("serdes.avro.InferAvroSchemaFromIon"))
  func `the schema of a record file`(type: String) throws {
    let folder = try Folder()
    let records = try folder.run("serdes.csv.CsvReader", folder.write("a.csv", TaskTests.csv)).outputs["uri"]
    let schema = try folder.run(type, records).outputs["uri"]
    let parsed = try Value.parseJSON(folder.text(schema))
    #expect(parsed.map?["type"] == "record")
    #expect(parsed.map?["fields"]?.list?.map { $0.map?["name"] } == ["id", "name"])
    // The writer takes it.
    let avro = try folder.run("serdes.avro.AvroWriter", records, ["schema": try #require(schema)]).outputs["uri"]
    let back = try folder.run("serdes.avro.AvroReader", avro).outputs["uri"]
    #expect(try folder.records(back) == TaskTests.rows)
  }

  // MARK: Bad rows

  static let damaged = "id,price\n1,2.50\n2,abc\n3,1,2\n4,3.75\n"
  static let types: ValueMap = ["columns": ["id": "int64", "price": "decimal(10,2)"]]

  @Test func `rejected CSV rows go to a file`() throws {
    let folder = try Folder()
    let from = try folder.write("a.csv", TaskTests.damaged)
    let result = try folder.run("serdes.csv.CsvReader", from, TaskTests.types.merging(["onBadLines": "REJECT"]))
    #expect(try folder.records(result.outputs["uri"]) == [["1", "2.50"], ["4", "3.75"]])
    let bad = try folder.records(result.outputs["rejected"])
    #expect(bad.map { $0[0] } == ["16", "22"] && bad.map { $0[1] } == ["3", "4"])
    #expect(bad[0][2].contains("'price'") && bad[1][2].contains("3"))
    #expect(try folder.columns(result.outputs["rejected"]).last == "raw bytes")
    #expect(result.outputs["size"] == 2 && result.counts.read == 4)
    #expect(result.counts.rejected == 2 && result.counts.written == 2 && result.counts.isBalanced)
  }

  @Test func `rejected JSON rows go to a file`() throws {
    let folder = try Folder()
    let from = try folder.write("a.json", "{\"a\":1}\n{\"a\":\n[2]\n{\"a\":3}\n")
    let result = try folder.run("serdes.json.JsonReader", from, ["onBadLines": "REJECT", "newLine": true])
    #expect(try folder.records(result.outputs["uri"]) == [["1"], ["3"]])
    #expect(try folder.records(result.outputs["rejected"]).map { $0[0] } == ["8", "14"])
    #expect(result.counts.read == 4 && result.counts.rejected == 2 && result.counts.isBalanced)
  }

  @Test func `records that no schema holds are rejected`() throws {
    let folder = try Folder()
    let records = try folder.run("serdes.csv.CsvReader", folder.write("a.csv", "a\n1\nx\n3\n")).outputs["uri"]
    let schema: Value = ["type": "record", "name": "r", "fields": [["name": "a", "type": "int"]]]
    let result = try folder.run("serdes.avro.AvroWriter", records, ["schema": schema, "onBadLines": "REJECT"])
    #expect(try folder.records(result.outputs["rejected"]) == [["x"]])
    #expect(result.counts.read == 3 && result.counts.rejected == 1 && result.counts.isBalanced)
    let back = try folder.run("serdes.avro.AvroReader", result.outputs["uri"]).outputs["uri"]
    #expect(try folder.records(back) == [["1"], ["3"]])
    #expect(throws: Failure.self) { try folder.run("serdes.avro.AvroWriter", records, ["schema": schema]) }
  }

  @Test(arguments: ["SKIP", "WARN", "REJECT"])
  func `bad rows up to a limit`(policy: String) throws {
    let folder = try Folder()
    let from = try folder.write("a.csv", TaskTests.damaged)
    let properties = TaskTests.types.merging(["onBadLines": .string(policy)])
    let messages = Messages()
    let result = try folder.run(
      "serdes.csv.CsvReader", from, properties.merging(["maxBadLines": 2]), log: { messages.add($0) })
    #expect(result.outputs["size"] == 2 && result.counts.rejected == 2 && result.counts.isBalanced)
    #expect(messages.all.count == (policy == "WARN" ? 2 : 0))
    #expect(throws: Failure.self) {
      try folder.run("serdes.csv.CsvReader", from, properties.merging(["maxBadLines": 1]))
    }
  }

  final class Messages: @unchecked Sendable {
    private let lock = NSLock()
    private var texts: [String] = []
    var all: [String] { lock.withLock { texts } }
    func add(_ text: String) { lock.withLock { texts.append(text) } }
  }

  @Test func `an error names the place and no value`() throws {
    let folder = try Folder()
    let from = try folder.write("a.csv", TaskTests.damaged)
    let failure = try #require(
      #expect(throws: Failure.self) { try folder.run("serdes.csv.CsvReader", from, TaskTests.types) })
    #expect(failure.message.contains("line 3 (byte 16)") && failure.message.contains("'price'"))
    #expect(!failure.message.contains("abc"))
    // Nothing is left behind for another task to read.
    let files = FileManager.default.enumerator(atPath: folder.path + "/storage")?.compactMap { $0 as? String } ?? []
    #expect(!files.contains { $0.hasSuffix(".arrow") }, "\(files)")
  }

  // MARK: Packed files

  @Test(arguments: ["gz", "zst"])
  func `packed files are unpacked`(kind: String) throws {
    let folder = try Folder()
    for (type, text) in [("csv.CsvReader", TaskTests.csv), ("json.JsonReader", TaskTests.json)] {
      let plain = try folder.write("plain", text)
      let packed = "\(folder.path)/packed"
      try TaskTests.pack(kind, "\(folder.path)/plain", packed)
      let result = try folder.run("serdes.\(type)", .string("file://\(packed)"))
      let expected = try folder.run("serdes.\(type)", plain)
      #expect(try folder.records(result.outputs["uri"]) == TaskTests.rows)
      #expect(result.counts == expected.counts)
      // A file that was cut off is an error, not a shorter file.
      let bytes = try Data(contentsOf: URL(filePath: packed))
      let cut = try folder.write("cut", bytes.dropLast(6))
      #expect(throws: Failure.self) { try folder.run("serdes.\(type)", cut) }
    }
  }

  private static func pack(_ kind: String, _ from: String, _ to: String) throws {
    let process = Process()
    process.executableURL = Agreement.python
    let open =
      kind == "gz"
      ? "import gzip; f = gzip.open(b, 'wb')"
      : "import pyarrow as pa; f = pa.CompressedOutputStream(b, 'zstd')"
    process.arguments = [
      "-c", "import sys; a, b = sys.argv[1:]; \(open); f.write(open(a, 'rb').read()); f.close()",
      from, to,
    ]
    try process.run()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
  }

  // MARK: Properties

  @Test func `the first rows say nothing about the last`() throws {
    let folder = try Folder()
    let many = (0..<70_000).map { "\($0),\($0)\n" }.joined()
    let from = try folder.write("a.csv", "a,b\n\(many)x,1.5\n")
    let result = try folder.run("serdes.csv.CsvReader", from, ["types": "infer"])
    #expect(try folder.columns(result.outputs["uri"])[0] == "a text")
    let rows = try folder.records(result.outputs["uri"])
    #expect(rows.count == 70_001 && rows[69_999][0] == "69999" && rows.last == ["x", "1.5"])
    #expect(result.counts.read == 70_001 && result.counts.written == 70_001 && result.counts.isBalanced)
  }

  @Test(
    arguments: [
      ["fieldSeparator": ""], ["fieldSeparator": "\""], ["fieldSeparator": "\n"], ["textDelimiter": "''"],
      ["lineDelimiter": ",\n"], ["charset": "KLINGON"], ["columns": ["a": "integr"]],
      ["types": "infer", "columns": ["a": "int64"]],
    ] as [ValueMap])
  func `what is wrong with the properties is said`(properties: ValueMap) throws {
    let folder = try Folder()
    let from = try folder.write("a.csv", "a\n1\n")
    let failure = try #require(
      #expect(throws: Failure.self) { try folder.run("serdes.csv.CsvReader", from, properties) })
    #expect(failure.category == .configuration)
  }

  @Test(
    arguments: [
      ["fieldSeparator": "||"], ["fieldSeparator": "\\t"], ["fieldSeparator": "¦", "textDelimiter": "»"],
      ["fieldSeparator": "\u{1}", "lineDelimiter": "\u{1E}"], ["lineDelimiter": "\\r\\n"], ["lineDelimiter": "|\n"],
    ] as [ValueMap])
  func `any separators come and go`(properties: ValueMap) throws {
    let folder = try Folder()
    let text = "id,name\n1,\"a|,¦\t\"\n2,\"b\n»c\"\n"
    let records = try folder.run("serdes.csv.CsvReader", folder.write("a.csv", text)).outputs["uri"]
    let written = try folder.run("serdes.csv.CsvWriter", records, properties).outputs["uri"]
    let back = try folder.run("serdes.csv.CsvReader", written, properties).outputs["uri"]
    #expect(try folder.records(back) == [["1", "a|,¦\t"], ["2", "b\n»c"]])
    #expect(try folder.columns(back) == ["id text", "name text"])
  }

  @Test func `other character sets come and go`() throws {
    let folder = try Folder()
    let from = try folder.write("a.csv", [0x61, 0x0A, 0xE9, 0x0A])
    let records = try folder.run("serdes.csv.CsvToIon", from, ["charset": "ISO-8859-1"]).outputs["uri"]
    #expect(try folder.records(records) == [["é"]])
    let back = try folder.run("serdes.csv.IonToCsv", records, ["charset": "ISO-8859-1", "header": false])
    #expect(try folder.bytes(back.outputs["uri"]) == [0xE9, 0x0A])
  }
}

extension ValueMap {
  fileprivate func merging(_ other: ValueMap) -> ValueMap {
    var all = self
    for (name, value) in other { all[name] = value }
    return all
  }
}
