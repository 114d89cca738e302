import Testing

@testable import Records

/// Small files that claim much: each is refused before memory or time is spent on the claim.
@Suite struct HostileTests {
  /// A file with one message for each header; only the last one has a body.
  private func file(_ headers: [(UInt8, Int64, (inout FlatWriter, Int) -> Void)], body: [UInt8] = []) -> [UInt8] {
    var bytes = ArrowFormat.magic + [0, 0]
    for (kind, bodyLength, write) in headers {
      var flat = FlatWriter()
      let table = flat.table([.short(ArrowFormat.Version.v5), .byte(kind), .reference, .long(bodyLength)])
      flat.setRoot(table)
      write(&flat, table[2])
      bytes += [0xFF, 0xFF, 0xFF, 0xFF] + withUnsafeBytes(of: UInt32(flat.bytes.count).littleEndian) { Array($0) }
      bytes += flat.bytes
    }
    return bytes + body + [0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 0, 0, 0, 0] + ArrowFormat.magic
  }

  private func schema(_ schema: Schema) -> (UInt8, Int64, (inout FlatWriter, Int) -> Void) {
    (ArrowFormat.Header.schema, 0, { SchemaWriter.write(schema, into: &$0, for: $1) })
  }

  private func batch(
    rows: Int64, nodes: [Int64], buffers: [Int64], bodyLength: Int64 = 0
  ) -> (UInt8, Int64, (inout FlatWriter, Int) -> Void) {
    (
      ArrowFormat.Header.recordBatch, bodyLength,
      { flat, slot in
        let table = flat.table([.long(rows), .reference, .reference])
        flat.link(slot, to: table.position)
        flat.structs(nodes.count / 2, words: nodes, for: table[1])
        flat.structs(buffers.count / 2, words: buffers, for: table[2])
      }
    )
  }

  private func failure(_ bytes: [UInt8], sizeIsKnown: Bool = true) -> String {
    do {
      _ = try RecordFiles.read(bytes, sizeIsKnown: sizeIsKnown)
      return "none"
    } catch {
      return "\(error)"
    }
  }

  @Test func fieldsThatShareTheirChildrenAreCounted() {
    // Ten levels of ten references to the same field: 10^10 fields in less than a kilobyte.
    let bytes = file([
      (
        ArrowFormat.Header.schema, 0,
        { flat, slot in
          let schema = flat.table([.short(0), .reference])
          flat.link(slot, to: schema.position)
          var slots = flat.references(10, for: schema[1])
          for _ in 0..<10 {
            let field = flat.table([.absent, .byte(1), .byte(13), .reference, .absent, .reference])
            for slot in slots { flat.link(slot, to: field.position) }
            let type = flat.table([])
            flat.link(field[3], to: type.position)
            slots = flat.references(10, for: field[5])
          }
          let leaf = flat.table([.absent, .byte(1), .byte(1), .reference])
          for slot in slots { flat.link(slot, to: leaf.position) }
          let type = flat.table([])
          flat.link(leaf[3], to: type.position)
        }
      )
    ])
    #expect(bytes.count < 2_000)
    #expect(failure(bytes).contains("the schema has more than 100000 fields"))
  }

  @Test func depthIsBounded() {
    var type = DataType.bool
    for _ in 0..<80 { type = .list(type) }
    #expect(failure(file([schema(Schema([Field("c", type)]))])).contains("nested more than 64 levels deep"))
  }

  @Test func rowsThatNoByteStandsForAreBounded() throws {
    let none = schema(Schema([]))
    #expect(
      failure(file([none, batch(rows: 1 << 60, nodes: [], buffers: [])])).contains("at most 2147483647 can be read"))
    #expect(failure(file([none, batch(rows: -1, nodes: [], buffers: [])])).contains("a batch of -1 rows"))
    let reader = try RecordFileReader(MemoryInput(file([none, batch(rows: 1 << 30, nodes: [], buffers: [])])))
    #expect(try reader.next()?.count == Limits.batchRows)
  }

  /// A list of two billion structs without fields takes eight bytes of offsets.
  @Test func elementsThatNoByteStandsForAreBounded() {
    let many = Int64(Int32.max)
    for (kind, buffers) in [(ArrowFormat.Kind.structure, [0, 0, 0, 8, 0, 0]), (.null, [0, 0, 0, 8] as [Int64])] {
      let one = batch(rows: 1, nodes: [1, 0, many, 0], buffers: buffers, bodyLength: 8)
      let bytes = file([listSchema(of: kind), one], body: [0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0x7F])
      #expect(failure(bytes).contains("row 1 of the batch has a value that takes too much memory"))
    }
  }

  private func listSchema(of kind: ArrowFormat.Kind) -> (UInt8, Int64, (inout FlatWriter, Int) -> Void) {
    (
      ArrowFormat.Header.schema, 0,
      { flat, slot in
        let schema = flat.table([.short(0), .reference])
        flat.link(slot, to: schema.position)
        var slot = flat.references(1, for: schema[1])[0]
        for kind in [ArrowFormat.Kind.list, kind] {
          let field = flat.table([.absent, .byte(1), .byte(kind.rawValue), .reference, .absent, .reference])
          flat.link(slot, to: field.position)
          let type = flat.table([])
          flat.link(field[3], to: type.position)
          slot = flat.references(kind == .list ? 1 : 0, for: field[5]).first ?? 0
        }
      }
    )
  }

  @Test func valuesMustBeThere() {
    let numbers = schema(Schema([Field("c", .int64)]))
    let claims = batch(rows: 1 << 30, nodes: [1 << 30, 0], buffers: [0, 0, 0, 0])
    #expect(failure(file([numbers, claims])).contains("a buffer has 0 bytes, its values need 8589934592"))
    let outside = batch(rows: 1, nodes: [1, 0], buffers: [0, 0, Int64.max - 7, 8])
    #expect(
      failure(file([numbers, outside])).contains("a buffer of 8 bytes at 9223372036854775800 of a body of 0 bytes"))
    let other = batch(rows: 2, nodes: [1, 0], buffers: [0, 0, 0, 0])
    #expect(failure(file([numbers, other])).contains("column 'c': it has 1 values, the batch 2 rows"))
    #expect(failure(file([numbers, batch(rows: 0, nodes: [], buffers: [])])).contains("the batch has no such column"))
  }

  @Test(arguments: [true, false])
  func lengthsAreNotBelieved(_ sizeIsKnown: Bool) {
    let numbers = schema(Schema([Field("c", .int64)]))
    let body = file([numbers, batch(rows: 0, nodes: [0, 0], buffers: [0, 0, 0, 0], bodyLength: 1 << 60)])
    #expect(failure(body, sizeIsKnown: sizeIsKnown).contains("The file was cut"))
    let metadata = ArrowFormat.magic + [0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0x0F, 1, 2, 3]
    #expect(failure(metadata, sizeIsKnown: sizeIsKnown).contains("The file was cut"))
    let negative = ArrowFormat.magic + [0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0xF0, 1, 2, 3]
    #expect(failure(negative, sizeIsKnown: sizeIsKnown).contains("at most 268435456 are allowed"))
  }

  @Test func compressedLengthsAreNotBelieved() throws {
    let schema = Schema([Field("c", .int64)])
    let builder = ColumnBuilder(.int64)
    for _ in 0..<1_000 { builder.append(0 as Int64) }
    let batch = RecordBatch(schema: schema, columns: [builder.finish()], count: 1_000)
    for compression in [RecordCompression.lz4, .zstd] {
      var bytes = try RecordFiles.write([batch], schema: schema, compression: compression)
      let length: [UInt8] = [0x40, 0x1F, 0, 0, 0, 0, 0, 0]
      let position = try #require(
        bytes.indices.dropLast(8).first { $0 % 64 == 0 && Array(bytes[$0..<$0 + 8]) == length })
      bytes[position + 5] = 1
      #expect(failure(bytes).contains("compressed bytes claims to be 1099511635776 bytes long"))
      bytes[position + 5] = 0
      bytes[position] = 0x41
      #expect(failure(bytes).contains("a compressed buffer is damaged"))
    }
  }
}

@Suite struct GrowingFileTests {
  /// Hands out what has been written; when there is nothing more, lets the writer go on.
  private final class Growing: ByteInput {
    let name = "growing"
    let size: Int64? = nil
    private let output: MemoryOutput
    private var position = 0
    private var steps: [() throws -> Void]

    init(_ output: MemoryOutput, _ steps: [() throws -> Void]) {
      self.output = output
      self.steps = steps
    }

    func read(into room: inout OutputSpan<UInt8>) throws -> Int {
      if position == output.bytes.count {
        if steps.isEmpty { return 0 }
        try steps.removeFirst()()
      }
      let part = output.bytes[position...].prefix(min(room.freeCapacity, 1_000))
      room.append(part.span)
      position += part.count
      return part.count
    }
  }

  @Test func batchesAreReadWhileOthersAreWritten() throws {
    let schema = Samples.schema([.int64, .text])
    let batches = (0..<3).map { Samples.batch(schema, rows: 100, seed: UInt64($0)) }
    let output = MemoryOutput()
    let writer = try RecordFileWriter(output, schema: schema)
    let steps = batches.map { batch in { try writer.write(batch) } } + [{ try writer.finish() }]
    let reader = try RecordFileReader(Growing(output, steps))
    for (index, batch) in batches.enumerated() {
      let found = try #require(try reader.next())
      #expect(writer.batchCount == index + 1)
      #expect(difference(Canonical.rows(found), Canonical.rows(batch)) == nil)
    }
    #expect(try reader.next() == nil)
    #expect(output.isCommitted)
  }
}
