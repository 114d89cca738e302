import FerryTesting
import Records
import Testing

@testable import Formats

/// Damaged files with an `onBadLines` that goes on: what can be read is read, the rest is counted.
@Suite struct AvroRecoveryTests {
  static let schema =
    #"{"type":"record","name":"r","fields":[{"name":"id","type":"int"},{"name":"s","type":"string"}]}"#

  /// A file of blocks of ten rows each, and where each block begins and its rows do.
  private static func file(_ codec: AvroCodec, blocks: Int = 4) throws -> (bytes: [UInt8], starts: [Int], bodies: [Int])
  {
    var bytes = head(codec)
    var starts: [Int] = []
    var bodies: [Int] = []
    let packer = try AvroBlockPacker(codec, level: nil)
    for block in 0..<blocks {
      var body = ByteBuffer(capacity: 256)
      for row in 0..<10 {
        body.append(zigzag: Int64(block * 10 + row))
        body.append(counted: "row \(block * 10 + row)")
      }
      var packed = ByteBuffer()
      if packer.packs { try packer.pack(body, to: &packed, name: "memory") } else { packed.append(body.array) }
      var start = ByteBuffer(capacity: 32)
      start.append(zigzag: 10)
      start.append(zigzag: Int64(packed.count))
      starts.append(bytes.count)
      bytes += start.array
      bodies.append(bytes.count)
      bytes += packed.array + mark
    }
    return (bytes, starts, bodies)
  }

  private static let mark = (0..<16).map { UInt8($0 * 7 + 3) }

  private static func head(_ codec: AvroCodec) -> [UInt8] {
    var out = ByteBuffer(capacity: 512)
    for byte in [0x4F, 0x62, 0x6A, 1] as [UInt8] { out.append(byte: byte) }
    out.append(zigzag: 2)
    for (key, value) in [("avro.schema", schema), ("avro.codec", codec.rawValue)] {
      out.append(counted: key)
      out.append(counted: value)
    }
    out.append(byte: 0)
    return out.array + mark
  }

  /// The ids that are read, how many rows are bad, and what is said of them.
  private func read(_ bytes: [UInt8], limit: Int? = nil) throws -> (ids: [Int], bad: [[String]]) {
    let rejected = RowsSink()
    let bad = BadRows(.reject, limit: limit, makeSink: { rejected })
    let reader = try AvroReader(MemoryInput(bytes), bad: bad)
    var ids: [Int] = []
    while let batch = try reader.next() { ids += AvroFiles.texts(batch).compactMap { Int($0[0]) } }
    try bad.finish()
    #expect(reader.rowCount == Int64(ids.count + bad.count))
    #expect(rejected.rows.count == bad.count)
    return (ids, rejected.rows)
  }

  @Test func aDamagedRowLosesTheRestOfItsBlock() throws {
    var (bytes, _, bodies) = try Self.file(.null)
    // The length of the text of row 12, which is 7 bytes behind two rows of 8 bytes and its own id.
    let place = bodies[1] + 2 * 8 + 1
    #expect(bytes[place] == 12)
    bytes[place] = 0x01
    let (ids, bad) = try read(bytes)
    #expect(ids == Array(0..<12) + Array(20..<40))
    #expect(bad.count == 8)
    #expect(bad[0][0] == "\(place - 1)" && bad[0][1] == "13")
    #expect(bad[0][2] == "record 13: column 's' (text): a length below zero, or of more bytes than there are")
    #expect(bad[1][2] == "it is lost with record 13 of the same block" && bad[1][1] == "14")
    let failure = #expect(throws: Failure.self) { try AvroFiles.read(bytes) }
    #expect(failure?.message.contains("byte \(place - 1): record 13: column 's'") == true)
    #expect(throws: Failure.self) { try read(bytes, limit: 7) }
    #expect(throws: Never.self) { try read(bytes, limit: 8) }
  }

  @Test(arguments: [AvroCodec.deflate, .snappy, .zstandard, .bzip2, .xz])
  func aBlockThatCannotBeUnpackedIsLost(codec: AvroCodec) throws {
    let (bytes, starts, bodies) = try Self.file(codec)
    // In the middle only where the codec has a checksum; what comes out in front of the damage is not taken.
    let hasChecksum = [.snappy, .bzip2, .xz].contains(codec)
    for place in hasChecksum ? [bodies[2], bodies[2] + 40] : [bodies[2]] {
      var damaged = bytes
      for byte in place..<place + 4 { damaged[byte] = ~damaged[byte] }
      let (ids, bad) = try read(damaged)
      #expect(ids == Array(0..<20) + Array(30..<40), "\(codec) at \(place)")
      #expect(bad.count == 10, "\(codec) at \(place)")
      #expect(bad.first.flatMap { Int($0[0]) }.map { $0 >= starts[2] } == true)
    }
  }

  @Test func aDamagedMarkLosesNoRow() throws {
    var (bytes, starts, _) = try Self.file(.null)
    bytes[starts[2] - 3] ^= 1
    let (ids, bad) = try read(bytes)
    #expect(ids == Array(0..<40))
    #expect(bad.count == 1)
    #expect(bad[0][2].contains("the mark behind the block that starts at byte \(starts[1])"))
  }

  @Test func aDamagedSizeOrCount() throws {
    let (bytes, starts, _) = try Self.file(.null)
    for (offset, value) in [(0, 0x12), (0, 0x16), (0, 0x01), (1, 0x02), (1, 0x7F), (1, 0x01)] as [(Int, UInt8)] {
      var damaged = bytes
      damaged[starts[1] + offset] = value
      let (ids, bad) = try read(damaged)
      #expect(ids.prefix(10) == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
      #expect(ids.suffix(20) == Array(20..<40)[...], "\(offset) = \(value)")
      #expect(bad.count > 0)
      #expect(throws: Failure.self) { try AvroFiles.read(damaged) }
    }
  }

  @Test(arguments: AvroCodec.allCases)
  func aFileThatIsCutGivesItsFirstRows(codec: AvroCodec) throws {
    let (bytes, starts, _) = try Self.file(codec, blocks: 2)
    for length in Self.head(codec).count..<bytes.count {
      let (ids, bad) = try read(Array(bytes[..<length]))
      #expect(ids == Array(0..<ids.count))
      #expect(ids.count >= (length >= starts[1] ? 10 : 0))
      #expect(bad.isEmpty == (length == starts[0] || length == starts[1]), "cut at \(length)")
    }
  }

  @Test func aCountThatCannotBeIsNotBelieved() throws {
    for (size, codec) in [(1, AvroCodec.null), (.max, .null), (1 << 50, .deflate), (.max, .snappy)]
      as [(Int64, AvroCodec)]
    {
      var out = ByteBuffer(capacity: 512)
      out.append(zigzag: .max)
      out.append(zigzag: size)
      out.append(byte: 0xFF)
      let (ids, bad) = try read(Self.head(codec) + out.array + Self.mark)
      #expect(ids.count < 10 && bad.count > 0 && bad.count < 1_000)
    }
  }

  @Test func theReasonSaysWhichBranchHasNoPlace() throws {
    let file = AvroFiles.file(
      #"{"type":"record","name":"r","fields":[{"name":"a","type":"int"},{"name":"v","type":["int","string"]}]}"#,
      rows: 1,
      [2, 2, 2, 0x78])
    let schema = try AvroSchema(
      #"{"type":"record","name":"r","fields":[{"name":"a","type":"int"},{"name":"v","type":"int"}]}"#)
    let failure = #expect(throws: Failure.self) { try AvroFiles.read(file, AvroReadOptions(schema: schema)) }
    #expect(
      failure?.message.hasSuffix("column 'v' (int32): the file has string, the schema wants int") == true,
      "\(String(describing: failure))")
  }
}
