import FerryTesting
import Foundation
import Records
import Testing

@testable import Formats

/// Random schemas and values in files of every codec, by fastavro and by an encoder that uses what the format allows
/// beyond fastavro: Ferry reads what fastavro reads, and fastavro and avro-c read what Ferry writes of it.
@Suite struct AvroRandomTests {
  private struct Expected: Decodable {
    let names: [String]
    let rows: [[String?]]
    let reader: String?
    let schema: String?
  }

  static func withFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appending(path: "avro-\(UUID().uuidString)").path()
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try body(folder)
  }

  /// FERRY_AVRO_SEED and FERRY_AVRO_CASES run others, and more, than every time.
  private static func setting(_ name: String, _ usual: String) -> String {
    ProcessInfo.processInfo.environment["FERRY_AVRO_\(name)"] ?? usual
  }

  @Test func agreesWithFastavro() throws {
    try Self.withFolder { folder in
      let lines = try AvroFiles.python(
        script: "avro_random", Self.setting("SEED", "1"), Self.setting("CASES", "300"), folder)
      #expect(lines.count >= 300)
      for (number, line) in lines.enumerated() {
        try check("\(folder)/\(number)", line)
        try write("\(folder)/\(number)", AvroCodec.allCases[number % AvroCodec.allCases.count], line)
      }
      let said = try AvroFiles.python(script: "avro_reread", folder)
      #expect(said.count == 1, "\(said.joined(separator: "\n"))")
      #expect(try #require(said.last.flatMap(Int.init)) > 200)
    }
  }

  /// The same values once more, with the file's schema and with one that is made from the columns.
  private func write(_ path: String, _ codec: AvroCodec, _ line: String) throws {
    let expected = try JSONDecoder().decode(Expected.self, from: Data(try AvroFiles.bytes(of: "\(path).json")))
    guard expected.reader == nil else { return }
    let reader = try AvroReader(MemoryInput(AvroFiles.bytes(of: "\(path).avro")))
    var batches: [RecordBatch] = []
    while let batch = try reader.next() { batches.append(batch) }
    for (kind, text) in [("given", expected.schema), ("inferred", nil)] where kind == "inferred" || text != nil {
      let output = MemoryOutput()
      do {
        var options = AvroWriteOptions(codec: codec)
        options.schema = try text.map { try AvroSchema($0) }
        let writer = try AvroWriter(output, schema: reader.schema, options)
        for batch in batches { try writer.write(batch) }
        try writer.finish()
        try AvroFiles.store(output.bytes, at: "\(path).\(kind).avro")
      } catch {
        Issue.record("\(error) with the schema \(kind) in \(line)")
      }
    }
  }

  private func check(_ path: String, _ line: String) throws {
    let json = Data(try AvroFiles.bytes(of: "\(path).json"))
    let expected = try JSONDecoder().decode(Expected.self, from: json)
    do {
      let options = AvroReadOptions(schema: try expected.reader.map { try AvroSchema($0) })
      let (columns, rows) = try AvroFiles.read(AvroFiles.bytes(of: "\(path).avro"), options)
      #expect(columns.map { $0.prefix { $0 != ":" } } == expected.names.map { $0[...] }, "\(line)")
      #expect(rows.count == expected.rows.count, "\(line)")
      for (row, (found, wanted)) in zip(rows, expected.rows).enumerated() {
        for (column, (a, b)) in zip(found, wanted).enumerated() where a != b ?? "∅" {
          Issue.record("row \(row) of \(columns[column]): \(a) instead of \(b ?? "∅") in \(line)")
          return
        }
      }
    } catch {
      Issue.record("\(error) in \(line)")
    }
  }
}
