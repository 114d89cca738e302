import Foundation
import Records
import Testing

@testable import Serdes

/// Random schemas and values in files of every codec, by fastavro and by an encoder that uses what the format allows
/// beyond fastavro: Ferry reads what fastavro reads.
@Suite struct AvroRandomTests {
  private struct Expected: Decodable {
    let names: [String]
    let rows: [[String?]]
    let reader: String?
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

  @Test func readsWhatFastavroReads() throws {
    try Self.withFolder { folder in
      let lines = try AvroFiles.python(
        script: "avro_random", Self.setting("SEED", "1"), Self.setting("CASES", "300"), folder)
      #expect(lines.count >= 300)
      for (number, line) in lines.enumerated() {
        try check("\(folder)/\(number)", line)
      }
    }
  }

  private func check(_ path: String, _ line: String) throws {
    let json = Data(try AvroFiles.bytes(of: "\(path).json"))
    let expected = try JSONDecoder().decode(Expected.self, from: json)
    do {
      let options = AvroReaderOptions(schema: try expected.reader.map { try AvroSchema($0) })
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
