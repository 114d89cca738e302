import FerryTesting
import Records

@testable import Formats

extension AvroFiles {
  /// A file of one block.
  static func file(_ schema: String, rows: Int64, _ body: [UInt8]) -> [UInt8] {
    var out = ByteBuffer(capacity: 64)
    for byte in [0x4F, 0x62, 0x6A, 1] as [UInt8] { out.append(byte: byte) }
    out.append(zigzag: 1)
    out.append(counted: "avro.schema")
    out.append(counted: schema)
    out.append(byte: 0)
    for _ in 0..<16 { out.append(byte: 7) }
    out.append(zigzag: rows)
    out.append(zigzag: Int64(body.count))
    for byte in body { out.append(byte: byte) }
    for _ in 0..<16 { out.append(byte: 7) }
    return out.array
  }
}
