import FerryTesting
import Records
import Testing

@testable import Formats

/// Files that are cut, changed or made to harm: an error or a valid reading, never a crash and never endless.
@Suite struct AvroDamageTests {
  private func small(_ codec: AvroCodec) throws -> [UInt8] {
    let samples = AvroWriterTests.samples
    let fields = samples.enumerated().map { Field("c\($0)", $1.type) }
    let batch = AvroFiles.batch(
      fields, [samples.map { $0.texts[0] }, samples.map { _ in nil }, samples.map { $0.texts[1] }])
    return try AvroFiles.write([batch], AvroWriteOptions(codec: codec))
  }

  /// Reads all of it; whether that went well.
  private func survives(_ bytes: [UInt8], _ policy: OnBadLines = .error) -> Bool {
    do {
      let reader = try AvroReader(MemoryInput(bytes), bad: BadRows(policy))
      while let batch = try reader.next() { _ = AvroFiles.texts(batch) }
      return true
    } catch {
      return false
    }
  }

  @Test(arguments: AvroCodec.allCases)
  func everyCutIsAnError(codec: AvroCodec) throws {
    let bytes = try small(codec)
    // Without its only block, the file is a whole one of no rows.
    let head = try AvroFiles.headLength(bytes)
    for length in (codec == .null ? 0 : head)..<bytes.count where length != head {
      #expect(!survives(Array(bytes[..<length])), "cut at \(length) of \(bytes.count)")
    }
    #expect(survives(bytes))
  }

  @Test(arguments: AvroCodec.allCases)
  func everyChangedByteIsSurvived(codec: AvroCodec) throws {
    let bytes = try small(codec)
    // The head is the same for all codecs.
    let start = codec == .null ? 0 : try AvroFiles.headLength(bytes)
    for position in start..<bytes.count {
      for change: UInt8 in [0x01, 0x80, 0xFF] {
        var damaged = bytes
        damaged[position] ^= change
        _ = survives(damaged, change == 0x80 ? .error : .skip)
      }
    }
    for position in bytes.count - 16..<bytes.count {
      var damaged = bytes
      damaged[position] ^= 1
      #expect(!survives(damaged), "the mark behind the block is not checked")
    }
  }

  @Test func hostileNumbersAreRefused() {
    let long = #""long""#
    let text = #""string""#
    let list = #"{"type":"array","items":"null"}"#
    let huge: [UInt8] = [0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01]
    #expect(!survives(AvroFiles.file(text, rows: 1, huge)))
    #expect(!survives(AvroFiles.file(text, rows: 1, [0x01])))
    #expect(!survives(AvroFiles.file(list, rows: 1, huge + [0])))
    #expect(!survives(AvroFiles.file(list, rows: 1, [0x01, 0x01, 0])))
    #expect(!survives(AvroFiles.file(long, rows: 1, [UInt8](repeating: 0xFF, count: 12))))
    #expect(!survives(AvroFiles.file(long, rows: .max, [0])))
    #expect(!survives(AvroFiles.file(long, rows: -1, [])))
    #expect(!survives(AvroFiles.file(long, rows: 1, [0, 0])), "bytes are left over")
    #expect(!survives(AvroFiles.file(#""null""#, rows: .max, [])))
    #expect(survives(AvroFiles.file(#""null""#, rows: 3, [])))
    // An array whose items come in runs, one with its size in bytes.
    let ints = #"{"type":"array","items":"int"}"#
    #expect(survives(AvroFiles.file(ints, rows: 1, [0x03, 0x04, 2, 4, 0x02, 6, 0])))
  }

  @Test func deepValuesAreRefused() {
    let node = #"{"type":"record","name":"n","fields":[{"name":"next","type":["null","n"]}]}"#
    #expect(survives(AvroFiles.file(node, rows: 1, [UInt8](repeating: 2, count: 20) + [0])))
    #expect(!survives(AvroFiles.file(node, rows: 1, [UInt8](repeating: 2, count: 100_000) + [0])))
    let endless = #"{"type":"record","name":"n","fields":[{"name":"next","type":"n"}]}"#
    #expect(!survives(AvroFiles.file(endless, rows: 1, [])))
  }

  /// A type of few bytes whose values are as many as there are atoms, and take no byte in the file.
  private static func doubling(_ depth: Int) -> String {
    if depth == 0 { return #""null""# }
    let again = depth == 1 ? #""null""# : #""R\#(depth - 1)""#
    let fields = #"[{"name":"a","type":\#(doubling(depth - 1))},{"name":"b","type":\#(again)}]"#
    return #"{"type":"record","name":"R\#(depth)","fields":\#(fields)}"#
  }

  @Test(.timeLimit(.minutes(1)))
  func typesThatDoubleAreRefused() throws {
    #expect(survives(AvroFiles.file(Self.doubling(10), rows: 3, [])))
    #expect(!survives(AvroFiles.file(Self.doubling(40), rows: 1, [])))
    #expect(!survives(AvroFiles.file(#"{"type":"array","items":\#(Self.doubling(40))}"#, rows: 1, [2, 0])))
    #expect(!survives(AvroFiles.file(#"{"type":"array","items":\#(Self.doubling(12))}"#, rows: 1, [6, 0])))
    let twins =
      #"{"type":"record","name":"n","fields":[{"name":"a","type":["null","n"]},{"name":"b","type":["null","n"]}]}"#
    let bytes = AvroFiles.file(twins, rows: 1, [0, 0])
    #expect(try AvroFiles.read(bytes, AvroReadOptions(flatten: 2)).columns.count == 8)
    #expect(throws: Failure.self) { try AvroFiles.read(bytes, AvroReadOptions(flatten: 100)) }
  }

  @Test(.timeLimit(.minutes(1)))
  func rowsThatABlockOnlyClaimsAreNotCounted() throws {
    var bytes = AvroFiles.file(#""long""#, rows: .max, [2])
    bytes.removeLast(3)
    let bad = BadRows(.skip)
    #expect(try AvroFiles.read(bytes, bad: bad).rows == [["1"]])
    #expect(bad.count <= 100 * 1_024)
  }

  @Test(arguments: [
    "", "{", "7", #""nothing""#, #"[["int"]]"#, #"{"type":"record"}"#, #"{"type":"record","name":"r"}"#,
    #"{"type":"enum","name":"e","symbols":["A","A"]}"#, #"{"type":"fixed","name":"f","size":-1}"#, #"{"type":"array"}"#,
    #"{"type":"record","name":"r","fields":[{"name":"a","type":"int"},{"name":"a","type":"int"}]}"#,
    String(repeating: #"{"type":"array","items":"#, count: 400) + #""int""# + String(repeating: "}", count: 400),
  ])
  func badSchemasAreRefused(text: String) {
    #expect(throws: Failure.self) { try AvroSchema(text) }
    #expect(!survives(AvroFiles.file(text, rows: 0, [])))
  }
}

extension AvroFiles {
  /// Where the first block starts.
  static func headLength(_ bytes: [UInt8]) throws -> Int {
    let blocks = try AvroBlocks(MemoryInput(bytes))
    _ = try blocks.next()
    return Int(blocks.blockOffset)
  }
}
