internal import CCodecs
internal import Records

/// What the readers of CSV and JSON have in common: how the bytes come, what becomes of bad rows, what is checked.
struct TextCase {
  let file: [UInt8]
  let charset: String
  /// Lines end as in any text file.
  let hasUsualLines: Bool
  let policy: OnBadLines
  let limit: Int?

  /// The good rows of an input, and what became of it.
  func read<R: FormatReader>(_ open: (Schema?, BadRows) throws -> R) -> (Outcome, DigestSink, Schema?) {
    var good = DigestSink()
    var bad = DigestSink()
    var warnings = 0
    do {
      let (reader, counter) = try WholeFile.load(
        open: open,
        bad: {
          bad = DigestSink()
          warnings = 0
          return BadRows(policy, limit: limit, warn: { _ in warnings += 1 }, makeSink: { bad })
        },
        start: { (_: Schema) in
          good = DigestSink()
          return good
        })
      var outcome = Outcome(reader.schema, good)
      (outcome.bad, outcome.rejected, outcome.warnings) = (counter.count, bad.digest, warnings)
      outcome.badRows = Outcome.Shown(batches: bad.batches)
      guard reader.rowCount == good.rows + counter.count else {
        fault("\(reader.rowCount) rows were read: \(good.rows) are good, \(counter.count) bad")
      }
      guard policy != .reject || counter.count == bad.rows else {
        fault("\(counter.count) rows are bad, \(bad.rows) of them were handed on")
      }
      guard policy != .error || counter.count == 0 else { fault("bad rows went by") }
      if charset == "UTF-8", !isPacked(file), !isWide(file) { bad.batches.forEach(check) }
      return (outcome, good, reader.schema)
    } catch {
      return (Outcome(error), good, nil)
    }
  }

  /// A rejected row stands where it is said to stand.
  private func check(_ rejected: RecordBatch) {
    for row in 0..<rejected.count {
      let offset = Int(rejected.columns[0].fixed(Int64.self)[row])
      let line = Int(rejected.columns[1].fixed(Int64.self)[row])
      let raw = rejected.columns[3].bytes(row)
      guard offset <= file.count, raw.elementsEqual(file[offset...].prefix(raw.count)) else {
        fault("byte \(offset) of the file is not where the bad row \(row) is")
      }
      var ends = 0
      for (index, byte) in file[..<offset].enumerated() {
        let isHalf = byte == 0x0D && index + 1 < file.count && file[index + 1] == 0x0A
        if byte == 0x0A || (byte == 0x0D && !isHalf) { ends += 1 }
      }
      guard !hasUsualLines || line == ends + 1 else {
        fault("the bad row at byte \(offset) is in line \(ends + 1), not \(line)")
      }
    }
  }
}

func isPacked(_ file: [UInt8]) -> Bool {
  file.starts(with: [0x1F, 0x8B]) || file.starts(with: [0x28, 0xB5, 0x2F, 0xFD])
}

/// Whether the first bytes say that the text is UTF-16 or UTF-32.
func isWide(_ file: [UInt8]) -> Bool {
  file.starts(with: [0xFF, 0xFE]) || file.starts(with: [0xFE, 0xFF]) || file.starts(with: [0, 0, 0xFE, 0xFF])
}

/// Character sets with one byte, two or four, with shift sequences, with a state of their own, and none at all.
let charsets = [
  "UTF-8", "ISO-8859-15", "WINDOWS-1252", "UTF-16", "UTF-16LE", "UTF-16BE", "UTF-32", "UTF-7", "SHIFT_JIS",
  "ISO-2022-JP", "GB18030", "EUC-KR", "BIG5-HKSCS", "IBM037", "KLINGON",
]

/// The types that a flow can name.
let declarable: [DataType] = [
  .text, .int64, .decimal(precision: 10, scale: 2), .float64, .date, .timestamp(.microseconds, zoned: false), .bool,
  .json, .bytes, .numeric, .time(.microseconds), .timestamp(.nanoseconds, zoned: true), .interval, .uuid,
  .list(.int64), .list(.text), .int8, .uint64, .float32, .decimal(precision: 60, scale: 20), .time(.nanoseconds),
  .int16, .int32, .uint8, .uint16, .uint32, .list(.list(.float64)), .list(.json), .list(.date),
]

/// Packs a file, in two pieces each of which is a whole one.
enum Packing {
  static func both(_ bytes: [UInt8]) -> [(String, [UInt8])] {
    let pieces = [bytes[..<(bytes.count / 3)], bytes[(bytes.count / 3)...]].map { Array($0) }
    let gzip = pieces.flatMap { piece in
      [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3] + pack(piece, .deflate) + little(codec_crc32(piece, piece.count))
        + little(UInt32(piece.count))
    }
    return [("gzip", gzip), ("zstd", pieces.flatMap { pack($0, .zstandard) })]
  }

  private static func pack(_ bytes: [UInt8], _ codec: AvroCodec) -> [UInt8] {
    do {
      var block = ByteBuffer()
      var packed = ByteBuffer()
      block.append(bytes)
      try AvroBlockPacker(codec, level: 1).pack(block, to: &packed, name: "memory")
      return packed.array
    } catch {
      fault("\(error)")
    }
  }

  private static func little(_ value: UInt32) -> [UInt8] { withUnsafeBytes(of: value.littleEndian) { Array($0) } }
}
