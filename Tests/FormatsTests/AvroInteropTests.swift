import FerryTesting
import Foundation
import Records
import Testing

@testable import Formats

/// Files of Apache's own library: the interop schema, the logical types, files without a row, in every codec it has.
@Suite struct AvroInteropTests {
  private struct Expected: Decodable {
    let path: String
    let names: [String]
    let rows: [[String?]]
  }

  @Test func readsWhatApacheWrites() throws {
    try AvroRandomTests.withFolder { folder in
      // FERRY_AVRO_FILES names a folder of other files.
      let other = ProcessInfo.processInfo.environment["FERRY_AVRO_FILES"]
      let paths = try other.map { folder in
        try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".avro") }
          .map { "\(folder)/\($0)" }
      }
      let lines = try AvroFiles.python(script: "avro_interop", [folder] + (paths ?? []))
      #expect(lines.count >= 15)
      for line in lines { try check(JSONDecoder().decode(Expected.self, from: Data(line.utf8))) }
    }
  }

  private func check(_ expected: Expected) throws {
    do {
      let (columns, rows) = try AvroFiles.read(AvroFiles.bytes(of: expected.path))
      #expect(columns.map { $0.prefix { $0 != ":" } } == expected.names.map { $0[...] }, "\(expected.path)")
      #expect(rows == expected.rows.map { $0.map { $0 ?? "∅" } }, "\(expected.path)")
    } catch {
      Issue.record("\(expected.path): \(error)")
    }
  }

  @Test func interopColumnsHaveTheirTypes() throws {
    try AvroRandomTests.withFolder { folder in
      _ = try AvroFiles.python(script: "avro_interop", [folder])
      let interop = try AvroFiles.read(AvroFiles.bytes(of: "\(folder)/interop-snappy.avro")).columns
      #expect(
        interop == [
          "intField: int32", "longField: int64", "stringField: text", "boolField: bool", "floatField: float32",
          "doubleField: float64", "bytesField: bytes", "nullField: text", "arrayField: list of float64",
          "mapField: json", "unionField: json", "enumField: text", "fixedField: bytes", "recordField: json",
        ])
      let logical = try AvroFiles.read(AvroFiles.bytes(of: "\(folder)/logical-deflate.avro")).columns
      #expect(
        logical == [
          "decimal: decimal(5,4)", "packed: decimal(18,4)", "date: date", "millis: time", "micros: time",
          "at: timestamp with zone", "at_us: timestamp with zone", "id: uuid", "no_such: text", "wrong: text",
          "optional: timestamp with zone",
        ])
    }
  }
}
