import Records
import Testing

@Suite struct RoundTripTests {
  @Test(arguments: RecordCompression.allCases)
  func everyTypeComesBack(_ compression: RecordCompression) throws {
    let schema = Samples.schema()
    let batches = [
      Samples.batch(schema, rows: 100), Samples.batch(schema, rows: 0),
      Samples.batch(schema, rows: 33, seed: 7, nulls: false),
    ]
    let bytes = try RecordFiles.write(batches, schema: schema, compression: compression)
    for sizeIsKnown in [true, false] {
      let reader = try RecordFileReader(MemoryInput(bytes, sizeIsKnown: sizeIsKnown))
      #expect(reader.schema == schema)
      let back = try RecordFiles.read(reader)
      #expect(back.map(\.count) == [100, 0, 33])
      #expect(difference(Canonical.rows(back), Canonical.rows(batches)) == nil)
      #expect(back.map { $0.columns.map(\.nullCount) } == batches.map { $0.columns.map(\.nullCount) })
    }
  }

  @Test(arguments: [0, 1, 7, 8, 13, 64])
  func slicesAreRebased(_ start: Int) throws {
    let schema = Samples.schema()
    let whole = Samples.batch(schema, rows: 200, seed: 3)
    let slice = whole.slice(start, 99)
    #expect(Canonical.rows(slice) == Array(Canonical.rows(whole)[start..<start + 99]))
    let back = try RecordFiles.read(RecordFiles.write([slice], schema: schema))
    #expect(difference(Canonical.rows(back), Canonical.rows(slice)) == nil)
  }

  @Test func noRowsAndNoColumns() throws {
    let schema = Samples.schema()
    let none = try RecordFileReader(MemoryInput(RecordFiles.write([], schema: schema)))
    #expect(none.schema == schema)
    #expect(try none.next() == nil)
    let empty = Schema([])
    let rows = RecordBatch(schema: empty, columns: [], count: 70_000)
    let back = try RecordFiles.read(RecordFiles.write([rows], schema: empty))
    #expect(back.map(\.count) == [65_536, 4_464])
  }

  @Test func largeBatchesComeInPieces() throws {
    let schema = Samples.schema([.int64, .text, .list(.int8), .bool])
    let batch = Samples.batch(schema, rows: 150_001, seed: 5)
    let back = try RecordFiles.read(RecordFiles.write([batch], schema: schema))
    #expect(back.map(\.count) == [65_536, 65_536, 18_929])
    #expect(difference(Canonical.rows(back), Canonical.rows(batch)) == nil)
  }

  @Test func batchOfAnotherSchemaIsRefused() throws {
    let writer = try RecordFileWriter(MemoryOutput(), schema: Samples.schema([.int64]))
    let failure = #expect(throws: Failure.self) {
      try writer.write(Samples.batch(Samples.schema([.text]), rows: 1))
    }
    #expect(failure?.message.contains("c0 int64 int64") == true)
  }

  @Test func countsWhatItWrote() throws {
    let output = MemoryOutput()
    let schema = Samples.schema([.int64])
    let writer = try RecordFileWriter(output, schema: schema)
    try writer.write(Samples.batch(schema, rows: 10))
    try writer.write(Samples.batch(schema, rows: 5))
    try writer.finish()
    #expect(writer.rowCount == 15)
    #expect(writer.batchCount == 2)
    #expect(writer.byteCount == Int64(output.bytes.count))
    #expect(output.isCommitted)
  }
}
