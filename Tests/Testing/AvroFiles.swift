package import Formats
internal import Foundation
package import Records

/// Files and rows for the tests of Avro.
package enum AvroFiles {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  /// Runs a script beside `avro_agree.py` and returns the lines it prints.
  package static func python(script: String = "avro_agree", _ arguments: String...) throws -> [String] {
    try python(script: script, arguments)
  }

  package static func python(script: String, _ arguments: [String]) throws -> [String] {
    let process = Process()
    let python = ProcessInfo.processInfo.environment["FERRY_TEST_PYTHON"]
    process.executableURL = python.map { URL(filePath: $0) } ?? root.appending(path: ".test/venv/bin/python")
    process.arguments = [root.appending(path: "Tests/Testing/python/\(script).py").path()] + arguments
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let text = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw Agreement.Problem(text: "\(arguments): Python ended with an error")
    }
    return String(decoding: text, as: UTF8.self).split(separator: "\n").map(String.init)
  }

  package static func texts(_ lines: [String]) throws -> [[String]] {
    try lines.map { try JSONDecoder().decode([String?].self, from: Data($0.utf8)).map { $0 ?? "∅" } }
  }

  /// Some path, removed at the end.
  package static func withPath<Result>(_ body: (String) throws -> Result) throws -> Result {
    let path = FileManager.default.temporaryDirectory.appending(path: "avro-\(UUID().uuidString).avro").path()
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try body(path)
  }

  package static func bytes(of path: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(filePath: path))) }

  package static func store(_ bytes: [UInt8], at path: String) throws { try Data(bytes).write(to: URL(filePath: path)) }

  /// What Ferry reads: the columns as `name: type` and the rows.
  package static func read(
    _ bytes: [UInt8], _ options: AvroReadOptions = AvroReadOptions(), bad: BadRows = BadRows(),
    sizeIsKnown: Bool = true
  ) throws -> (columns: [String], rows: [[String]]) {
    let reader = try AvroReader(MemoryInput(bytes, sizeIsKnown: sizeIsKnown), options, bad: bad)
    var rows: [[String]] = []
    while let batch = try reader.next() { rows += texts(batch) }
    return (reader.schema.fields.map { "\($0.name): \($0.type.name)" }, rows)
  }

  package static func texts(_ batch: RecordBatch) -> [[String]] {
    (0..<batch.count).map { row in
      batch.columns.map { column in
        if column.isNull(row) { return "∅" }
        var text = ByteBuffer()
        TextFormatter(column).append(row, to: &text)
        return text.string
      }
    }
  }

  package static func write(
    _ batches: [RecordBatch], schema: String? = nil, _ options: AvroWriteOptions = AvroWriteOptions()
  ) throws -> [UInt8] {
    let output = MemoryOutput()
    var options = options
    options.schema = try schema.map { try AvroSchema($0) } ?? options.schema
    let writer = try AvroWriter(output, schema: batches[0].schema, options)
    for batch in batches { try writer.write(batch) }
    try writer.finish()
    return output.bytes
  }

  /// A batch from the texts of its values.
  package static func batch(_ fields: [Field], _ rows: [[String?]]) -> RecordBatch {
    let builder = BatchBuilder(Schema(fields))
    for row in rows {
      for (column, text) in zip(builder.columns, row) {
        guard let text else {
          column.appendNull()
          continue
        }
        let result = ValueParser(column.type).append(text.utf8.span, to: column)
        precondition(result == .ok, "'\(text)' is no \(column.type.name)")
      }
      _ = builder.finishRow(bytes: 0)
    }
    return builder.finish()
  }

  /// One value of some type written with a schema for it, and read again.
  package static func through(_ type: DataType, _ text: String?, _ schema: String, reader: String? = nil) throws
    -> String
  {
    let whole = { (type: String) in #"{"type":"record","name":"r","fields":[{"name":"v","type":\#(type)}]}"# }
    let bytes = try write([batch([Field("v", type)], [[text]])], schema: whole(schema))
    let options = AvroReadOptions(schema: try reader.map { try AvroSchema(whole($0)) })
    return try read(bytes, options).rows[0][0]
  }
}
