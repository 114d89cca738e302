import Records
import Testing

/// A damaged or hostile file gives a failure with a position, or values; never a crash, never unbounded memory.
@Suite struct CorruptionTests {
  /// Reads everything and touches every value.
  private func read(_ bytes: [UInt8], sizeIsKnown: Bool = true) throws {
    let reader = try RecordFileReader(MemoryInput(bytes, name: "damaged", sizeIsKnown: sizeIsKnown))
    while let batch = try reader.next() {
      guard batch.count <= 4_096 else { continue }
      _ = Canonical.rows(batch)
    }
  }

  /// Whether it could be read; a failure must be one of the data with a position.
  private func survives(_ bytes: [UInt8], sizeIsKnown: Bool = true) -> Bool {
    do {
      try read(bytes, sizeIsKnown: sizeIsKnown)
      return true
    } catch let failure as Failure {
      #expect(failure.category == .data || failure.category == .schema)
      #expect(failure.message.hasPrefix("reading 'damaged' at byte "), "\(failure)")
      return false
    } catch {
      Issue.record(error)
      return false
    }
  }

  private static func small(
    _ compression: RecordCompression, types: [DataType] = Samples.allTypes, rows: [Int] = [9, 0, 5]
  ) throws -> [UInt8] {
    let schema = Samples.schema(types)
    let batches = rows.map { Samples.batch(schema, rows: $0, seed: UInt64($0)) }
    return try RecordFiles.write(batches, schema: schema, compression: compression)
  }

  @Test(arguments: [true, false])
  func everyTruncationIsNoticed(_ sizeIsKnown: Bool) throws {
    let bytes = try CorruptionTests.small(.none)
    #expect(survives(bytes, sizeIsKnown: sizeIsKnown))
    for length in stride(from: 0, to: bytes.count, by: 17)
    where survives(Array(bytes[..<length]), sizeIsKnown: sizeIsKnown) {
      Issue.record("\(length) of \(bytes.count) bytes were read without a failure")
    }
  }

  @Test func everyTruncationOfASmallFileIsNoticed() throws {
    let bytes = try CorruptionTests.small(
      .lz4, types: [.int64, .text, .list(.bool), .decimal(precision: 40, scale: 2)])
    for length in 0..<bytes.count where survives(Array(bytes[..<length])) {
      Issue.record("\(length) of \(bytes.count) bytes were read without a failure")
    }
  }

  @Test(arguments: RecordCompression.allCases)
  func flippedBytesNeverCrash(_ compression: RecordCompression) throws {
    let types = Samples.scalarTypes + [.list(.text), .list(.list(.uuid))]
    let bytes = try CorruptionTests.small(compression, types: types, rows: [5])
    var damaged = bytes
    for position in bytes.indices {
      damaged[position] = bytes[position] ^ [0x01, 0x80, 0xFF][position % 3]
      _ = survives(damaged)
      damaged[position] = bytes[position]
    }
  }

  @Test(arguments: 0..<8)
  func randomDamageNeverCrashes(_ seed: Int) throws {
    var random = Random(state: UInt64(seed))
    let compression = RecordCompression.allCases[seed % 3]
    let types: [DataType] = [.text, .list(.list(.json)), .bool, .interval, .numeric, .bytes]
    let bytes = try CorruptionTests.small(compression, types: types)
    for _ in 0..<600 {
      var damaged = bytes
      for _ in 0..<Int.random(in: 1...6, using: &random) {
        let position = Int.random(in: 8..<bytes.count - 8, using: &random)
        let value = [0, 0xFF, 0x7F, 0x80, UInt8(truncatingIfNeeded: random.next())][Int(random.next() % 5)]
        for byte in position..<min(position + [1, 2, 4, 8][Int(random.next() % 4)], bytes.count) {
          damaged[byte] = value
        }
      }
      _ = survives(damaged, sizeIsKnown: random.next() % 2 == 0)
    }
  }

  /// The layouts that only others write: dictionaries, views, structs, large offsets, other units.
  @Test(arguments: ["plain", "zstd", "delta", "polars uncompressed"])
  func damagedFilesOfOthersNeverCrash(_ name: String) throws {
    let bytes = try Python.withFile { path in
      _ = try Python.interop("write", name, path)
      let input = try FileInput(path: path)
      var bytes = [UInt8](repeating: 0, count: Int(input.size ?? 0))
      let count = try input.readFully(into: &bytes)
      #expect(count == bytes.count)
      return bytes
    }
    var random = Random(state: 42)
    for _ in 0..<600 {
      var damaged = bytes
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let value = [0, 0xFF, 0x7F, 0x80, UInt8(truncatingIfNeeded: random.next())][Int(random.next() % 5)]
        damaged[Int.random(in: 8..<bytes.count, using: &random)] = value
      }
      _ = survives(damaged)
    }
  }

  @Test func othersAreNamed() {
    let notArrow = #expect(throws: Failure.self) { try read(Array("PAR1 something".utf8)) }
    #expect(notArrow?.message == "reading 'damaged' at byte 0: this is no Arrow IPC file, which begins with 'ARROW1'")
    let empty = #expect(throws: Failure.self) { try read([]) }
    #expect(empty?.hint == "The file was cut, or its writer has not finished it")
  }

  @Test func textThatIsNotUTF8IsRefused() throws {
    let schema = Schema([Field("t", .text)])
    for wrong: [UInt8] in [[0xFF], [0x61, 0xC3], [0xED, 0xA0, 0x80], [0xF8, 0x88, 0x80, 0x80, 0x80], [0xC0, 0x80]] {
      let builder = ColumnBuilder(.text)
      builder.append(text: "fine")
      wrong.withUnsafeBytes { builder.append(bytes: $0) }
      let batch = RecordBatch(schema: schema, columns: [builder.finish()], count: 2)
      let failure = #expect(throws: Failure.self) { try read(RecordFiles.write([batch], schema: schema)) }
      #expect(failure?.message.contains("column 't': the text in row 2 of the batch is not valid UTF-8") == true)
    }
  }

  @Test func halvesOfACharacterAreRefused() throws {
    let schema = Schema([Field("t", .text)])
    let builder = ColumnBuilder(.text)
    for byte: UInt8 in [0xC3, 0xBC] { withUnsafeBytes(of: byte) { builder.append(bytes: $0) } }
    let batch = RecordBatch(schema: schema, columns: [builder.finish()], count: 2)
    #expect(throws: Failure.self) { try read(RecordFiles.write([batch], schema: schema)) }
  }
}
