import Records
import Testing

@testable import Formats

/// What one block of the input does not tell, later blocks do: found by fuzzing with different read sizes.
@Suite struct UndecidedColumnTests {
  @Test(arguments: [1, 8, 1 << 20]) func aColumnThatStartsEmptyGetsItsTypeFromAllRows(readSize: Int) throws {
    var options = CSVReadOptions()
    options.types = .infer
    options.readSize = readSize
    var schema = Schema([])
    var seen: [[Int64?]] = []
    _ = try WholeFile.load(
      open: { known, bad in
        try CSVReader(MemoryInput(Array("a,b\n,1\n,2\n5,3\n".utf8)), options, bad: bad, known: known)
      },
      bad: { BadRows() },
      start: {
        schema = $0
        seen = []
        return try RecordFileWriter(MemoryOutput(), schema: $0)
      },
      progress: { batch in
        guard batch.schema.fields[0].type == .int64 else { return }
        for row in 0..<batch.count {
          seen.append(batch.columns.map { $0.isNull(row) ? nil : $0.fixed(Int64.self)[row] })
        }
      })
    #expect(schema.fields.map(\.type) == [.int64, .int64])
    #expect(seen == [[nil, 1], [nil, 2], [5, 3]])
  }

  @Test(arguments: [1, 2, 3, 64]) func aCutLineEndCountsOnce(readSize: Int) throws {
    let window = ByteWindow(MemoryInput(Array("a\r\nb\rc\n\r\nd".utf8)), readSize: readSize)
    while try window.fill() { window.consume(window.count) }
    #expect(window.line == 5)
  }
}
