import FerryTesting
import Records
import Testing

@testable import Formats

/// Types that grow: nothing is lost on the way.
struct WideningTests {
  static let cases: [(DataType, DataType, DataType)] = [
    (.int8, .int8, .int8), (.int8, .int64, .int64), (.uint8, .uint32, .uint32), (.int8, .uint8, .int16),
    (.int64, .uint16, .int64), (.int32, .uint32, .int64), (.int8, .uint64, .decimal(precision: 20, scale: 0)),
    (.int32, .decimal(precision: 5, scale: 2), .decimal(precision: 12, scale: 2)),
    (
      .decimal(precision: 10, scale: 8), .decimal(precision: 10, scale: 0), .decimal(precision: 18, scale: 8)
    ),
    (.decimal(precision: 70, scale: 0), .decimal(precision: 70, scale: 10), .numeric),
    (.decimal(precision: 70, scale: 2), .decimal(precision: 70, scale: 7), .decimal(precision: 75, scale: 7)),
    (.float32, .int16, .float32), (.float32, .int32, .float64), (.float32, .float64, .float64),
    (.float64, .uint32, .float64), (.float64, .int64, .numeric), (.float64, .decimal(precision: 5, scale: 2), .numeric),
    (.numeric, .int8, .numeric), (.numeric, .float32, .numeric), (.bool, .int8, .json), (.bool, .text, .json),
    (.text, .int32, .json), (.text, .date, .text), (.date, .timestamp(.microseconds, zoned: false), .text),
    (.time(.microseconds), .time(.nanoseconds), .time(.nanoseconds)),
    (.timestamp(.microseconds, zoned: true), .timestamp(.nanoseconds, zoned: true), .text), (.uuid, .bytes, .text),
    (.interval, .text, .text), (.json, .text, .json), (.list(.int32), .list(.int64), .list(.int64)),
    (.list(.int32), .text, .json), (.list(.bool), .list(.text), .list(.json)),
  ]

  @Test(arguments: cases.indices) func typesGrow(index: Int) {
    let (one, other, wider) = Self.cases[index]
    #expect(Widening.type(one, other) == wider)
    #expect(Widening.type(other, one) == wider)
    #expect(Widening.type(wider, one) == wider && Widening.type(wider, other) == wider)
  }

  /// Random values of all types: as each wider type they say the same.
  @Test(arguments: [1, 2, 3] as [UInt64]) func valuesStay(seed: UInt64) throws {
    for one in RoundTripTests.scalars {
      let batch = RoundTripTests.batch([one, .list(one)], rows: 40, seed: seed)
      for other in RoundTripTests.scalars where other != one {
        let wider = Widening.type(one, other)
        let schema = Schema([
          Field(batch.schema.fields[0].name, wider), Field(batch.schema.fields[1].name, .list(wider)),
        ])
        let wide = try batch.widened(to: schema)
        #expect(wide.schema == schema && wide.count == 40)
        for row in 0..<40 {
          #expect(wide.columns[0].isNull(row) == batch.columns[0].isNull(row))
          let (from, to) = (batch.columns[0], wide.columns[0])
          if !from.isNull(row), !says(to, row, from) { Issue.record("\(one.name) as \(wider.name), row \(row)") }
          let (list, wideList) = (batch.columns[1], wide.columns[1])
          guard !list.isNull(row) else { continue }
          let (inner, outer) = (list.elements(row), wideList.elements(row))
          #expect(inner.count == outer.count)
          for item in 0..<inner.count where !inner.isNull(item) && !says(outer, item, inner) {
            Issue.record("list of \(one.name) as \(wider.name), row \(row)")
          }
        }
      }
    }
  }

  private func says(_ wide: Column, _ row: Int, _ narrow: Column) -> Bool {
    var a = ByteBuffer()
    var b = ByteBuffer()
    TextFormatter(wide).append(row, to: &a)
    if wide.type == .json {
      TextFormatter(narrow).appendJSON(row, to: &b)
    } else {
      TextFormatter(narrow).append(row, to: &b)
    }
    return a.string == b.string || same(a.string, b.string)
  }

  /// Numbers with other exponents, and fractions with more zeros.
  private func same(_ a: String, _ b: String) -> Bool {
    if a.hasPrefix(b), a.contains("."), a.dropFirst(b.count).allSatisfy({ $0 == "0" }) { return true }
    return Double(a) != nil && Double(a) == Double(b)
  }

  @Test func schemasGrowByNames() {
    let one = Schema([Field("a", .int32, nullable: false, sourceType: "int"), Field("b", .text, nullable: false)])
    let two = Schema([Field("c", .bool, nullable: false), Field("a", .int64, nullable: false, sourceType: "bigint")])
    let wider = Widening.schema(one, two)
    #expect(
      wider.fields.map { "\($0.name) \($0.type.name) \($0.nullable)" } == [
        "a int64 false", "b text true", "c bool true",
      ])
    #expect(wider.fields[0].sourceType == nil)
    #expect(Widening.schema(wider, one) == wider && Widening.schema(wider, two) == wider)
  }

  @Test func aTypeThatIsNotWiderIsAFailure() {
    let batch = AvroFiles.batch([Field("v", .text)], [["x"]])
    let failure = #expect(throws: Failure.self) { try batch.widened(to: Schema([Field("v", .int32)])) }
    #expect(failure?.message == "column 'v': a value of type text has no place in the type int32")
  }
}
