import Records
import Testing

@Suite struct BuilderTests {
  @Test func keepsValuesAndNULLs() {
    let builder = ColumnBuilder(.int32, rows: 1)
    for row in 0..<1_000 { if row % 3 == 0 { builder.appendNull() } else { builder.append(Int32(row)) } }
    let column = builder.finish()
    #expect(column.count == 1_000)
    #expect(column.nullCount == 334)
    #expect((0..<1_000).allSatisfy { column.isNull($0) == ($0 % 3 == 0) })
    #expect((0..<1_000).allSatisfy { column.isNull($0) || column.fixed(Int32.self)[$0] == Int32($0) })
  }

  @Test func startsAnewAfterFinish() {
    let builder = ColumnBuilder(.text)
    builder.appendNull()
    builder.append(text: "a")
    let first = builder.finish()
    builder.append(text: "b")
    let second = builder.finish()
    #expect(Canonical.value(first, 1) == "x61")
    #expect(first.nullCount == 1)
    #expect(Canonical.value(second, 0) == "x62")
    #expect(second.nullCount == 0)
    #expect(second.validity == nil)
  }

  @Test(arguments: Samples.allTypes)
  func removeLastTakesRowsBack(_ type: DataType) {
    let schema = Schema([Field("c", type)])
    let whole = Samples.batch(schema, rows: 40, seed: 11)
    let extra = Samples.batch(schema, rows: 30, seed: 12)
    let builder = ColumnBuilder(type, rows: 1)
    builder.append(whole.columns[0].slice(0, 20))
    builder.append(extra.columns[0])
    builder.removeLast(30)
    builder.append(whole.columns[0].slice(20, 20))
    let column = builder.finish()
    #expect(column.count == 40)
    #expect(column.nullCount == whole.columns[0].nullCount)
    let rows = Canonical.rows(RecordBatch(schema: schema, columns: [column], count: 40))
    #expect(difference(rows, Canonical.rows(whole)) == nil)
  }

  @Test(arguments: Samples.allTypes)
  func slicesAndTheirSlicesAgreeWithTheWhole(_ type: DataType) {
    let schema = Schema([Field("c", type)])
    let column = Samples.batch(schema, rows: 150, seed: 4).columns[0]
    let slice = column.slice(11, 120).slice(9, 100)
    #expect((0..<100).allSatisfy { Canonical.value(slice, $0) == Canonical.value(column, $0 + 20) })
    #expect(slice.nullCount == (20..<120).count { column.isNull($0) })
  }

  @Test func countsBits() {
    let bytes: [UInt8] = (0..<64).map { UInt8(truncatingIfNeeded: $0 &* 37) }
    bytes.withUnsafeBytes { raw in
      guard let base = raw.baseAddress else { return }
      for start in 0..<70 {
        for count in [0, 1, 7, 8, 63, 64, 65, 200, 400] {
          let expected = (start..<start + count).count { bytes[$0 / 8] >> UInt8($0 % 8) & 1 == 1 }
          #expect(Bitmap.ones(base, from: start, count: count) == expected)
        }
      }
    }
  }

  @Test func batchBuilderIsFullByRowsAndByBytes() {
    let schema = Schema([Field("n", .int64)])
    let byRows = BatchBuilder(schema, maxBytes: 1_000_000, maxRows: 3)
    for row in 0..<3 {
      byRows.columns[0].append(Int64(row))
      #expect(byRows.finishRow(bytes: 8) == (row == 2))
    }
    #expect(Canonical.rows(byRows.finish()) == ["0", "1", "2"])
    #expect(byRows.count == 0)
    let byBytes = BatchBuilder(schema, maxBytes: 16, maxRows: 100)
    byBytes.columns[0].append(Int64(1))
    #expect(!byBytes.finishRow(bytes: 8))
    byBytes.columns[0].append(Int64(2))
    #expect(byBytes.finishRow(bytes: 8))
  }
}
