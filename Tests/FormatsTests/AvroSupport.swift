import FerryTesting

@testable import Formats

extension AvroFiles {
  /// A file of one block.
  static func file(_ schema: String, rows: Int64, _ body: [UInt8]) -> [UInt8] {
    let out = AvroOut(capacity: 64)
    for byte in [0x4F, 0x62, 0x6A, 1] as [UInt8] { out.append(byte: byte) }
    out.append(long: 1)
    out.append(text: "avro.schema")
    out.append(text: schema)
    out.append(byte: 0)
    for _ in 0..<16 { out.append(byte: 7) }
    out.append(long: rows)
    out.append(long: Int64(body.count))
    for byte in body { out.append(byte: byte) }
    for _ in 0..<16 { out.append(byte: 7) }
    return Array(out.bytes)
  }
}
