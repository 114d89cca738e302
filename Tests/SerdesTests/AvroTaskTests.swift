import Engine
import Expression
import Foundation
import Records
import Testing

@testable import Serdes

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
}
