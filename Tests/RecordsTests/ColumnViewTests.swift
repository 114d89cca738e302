import Records
import Testing

/// One way to look at a column: every type, with and without NULLs, whole and in slices, against what was appended.
struct ColumnViewTests {
  static let types: [DataType] = [
    .bool, .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64, .float32, .float64,
    .decimal(precision: 38, scale: 4), .decimal(precision: 76, scale: 10), .numeric, .text, .bytes, .date,
    .time(.microseconds), .timestamp(.nanoseconds, zoned: true), .interval, .uuid, .json, .list(.int32), .list(.text),
    .list(.list(.bool)),
  ]

  /// The value of a row as its bytes; nil for NULL. Lists hold their elements.
  indirect enum Model: Equatable {
    case null
    case bit(Bool)
    case bytes([UInt8])
    case list([Model])

    static func random(_ type: DataType, nulls: Bool, _ random: inout SystemRandomNumberGenerator) -> Model {
      if nulls, Int.random(in: 0..<4, using: &random) == 0 { return .null }
      switch type.layout {
      case .bits: return .bit(Bool.random(using: &random))
      case .fixed(let width): return .bytes((0..<width).map { _ in .random(in: 0...255, using: &random) })
      case .variable:
        let count = Int.random(in: 0..<20, using: &random)
        return .bytes((0..<count).map { _ in .random(in: 32...126, using: &random) })
      case .list:
        guard case .list(let element) = type else { return .null }
        let count = Int.random(in: 0..<5, using: &random)
        return .list((0..<count).map { _ in .random(element, nulls: nulls, &random) })
      }
    }

    func append(to builder: ColumnBuilder) {
      switch self {
      case .null: builder.appendNull()
      case .bit(let value): builder.append(bool: value)
      case .bytes(let bytes):
        if case .fixed = builder.type.layout {
          Model.appendFixed(bytes, to: builder)
        } else {
          builder.append(bytes: bytes.span)
        }
      case .list(let elements):
        if let child = builder.child { for element in elements { element.append(to: child) } }
        builder.finishList()
      }
    }

    private static func appendFixed(_ bytes: [UInt8], to builder: ColumnBuilder) {
      func number<T: FixedWidthInteger & BitwiseCopyable>(_: T.Type) -> T {
        bytes.reversed().reduce(0) { $0 << 8 | T(truncatingIfNeeded: $1) }
      }
      switch bytes.count {
      case 1: builder.append(number(UInt8.self))
      case 2: builder.append(number(UInt16.self))
      case 4: builder.append(number(UInt32.self))
      case 8: builder.append(number(UInt64.self))
      case 16: builder.append(number(UInt128.self))
      default:
        let words = (0..<4).map { word in
          bytes[(word * 8)..<(word * 8 + 8)].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        }
        builder.append((words[0], words[1], words[2], words[3]))
      }
    }

    init(_ column: Column, _ row: Int) {
      let view = ColumnView(column)
      if view.isNull(row) {
        self = .null
        return
      }
      switch column.type.layout {
      case .bits: self = .bit(view.bool(row))
      case .fixed, .variable: self = .bytes(view.bytes(row).array)
      case .list: self = .list(view.range(row).map { Model(column.children[0], $0) })
      }
    }
  }

  @Test(arguments: types)
  func `a view gives what was appended`(_ type: DataType) {
    var random = SystemRandomNumberGenerator()
    for (count, nulls) in [(0, false), (1, false), (1, true), (7, true), (8, false), (65, true), (500, true)] {
      let models = (0..<count).map { _ in Model.random(type, nulls: nulls, &random) }
      let builder = ColumnBuilder(type, rows: 2)
      for model in models { model.append(to: builder) }
      let column = builder.finish()
      let cuts = [
        0..<count, 0..<(count / 2), (count / 3)..<count, (count / 2)..<(count / 2), (count - min(count, 1))..<count,
      ]
      for cut in cuts {
        let part = column.slice(cut.lowerBound, cut.count)
        ColumnViewTests.check(part, models[cut])
      }
    }
  }

  static func check(_ column: Column, _ models: ArraySlice<Model>) {
    let view = ColumnView(column)
    let (count, hasNulls) = (view.count, view.hasNulls)
    #expect(count == models.count && hasNulls == models.contains(.null))
    #expect((0..<count).map { Model(column, $0) } == Array(models))
    let (offsets, bytes) = (view.offsets.count, view.allBytes.count)
    switch column.type.layout {
    case .bits: #expect(offsets == 0 && bytes == 0)
    case .fixed(let width):
      #expect(offsets == 0 && bytes == width * count)
      if width == 8 { #expect(eights(view) == (0..<count).map { view.value($0) }) }
    case .variable:
      #expect(offsets == count + 1)
      #expect(texts(view) == (0..<count).map { view.bytes($0).array })
    case .list: #expect(offsets == count + 1 && bytes == 0)
    }
  }

  /// The values through the spans over the whole column.
  private static func eights(_ view: ColumnView) -> [UInt64] {
    let values = view.values(as: UInt64.self)
    return values.indices.map { values[$0] }
  }

  private static func texts(_ view: ColumnView) -> [[UInt8]] {
    let (offsets, all) = (view.offsets, view.allBytes)
    return (0..<view.count).map {
      all.extracting(Int(offsets[$0])..<Int(offsets[$0 + 1])).array
    }
  }

  @Test func `views keep the memory that they look at`() {
    func column(_ index: Int) -> Column {
      let builder = ColumnBuilder(.text)
      for row in 0..<1_000 { builder.append(text: "row \(row) of \(index)") }
      return builder.finish()
    }
    let views = ColumnViews((0..<20).map(column))
    #expect(views.count == 20)
    for index in views.indices {
      let bytes = views[index].bytes(999).array
      #expect(bytes == Array("row 999 of \(index)".utf8))
    }
  }

  @Test func `numbers are read in their types`() {
    let builder = ColumnBuilder(.float64)
    for number in [1.5, -0.0, .infinity] { builder.append(number) }
    let column = builder.finish().slice(1, 2)
    let view = ColumnView(column)
    let (last, bits) = (view.value(1, as: Double.self), view.value(0, as: UInt64.self))
    #expect(last == .infinity && bits == 1 << 63)
    let values = view.values(as: Double.self)
    let (count, first) = (values.count, values[0])
    #expect(count == 2 && first == 0)
  }

  // MARK: what a view refuses

  @Test func `nothing outside of a column is read`() async {
    await #expect(processExitsWith: .failure) { _ = ColumnView(ColumnViewTests.numbers).value(3, as: Int64.self) }
    await #expect(processExitsWith: .failure) { _ = ColumnView(ColumnViewTests.numbers).value(-1, as: Int64.self) }
    await #expect(processExitsWith: .failure) { _ = ColumnView(ColumnViewTests.numbers).isNull(3) }
    await #expect(processExitsWith: .failure) { _ = ColumnView(ColumnViewTests.numbers).bytes(3).count }
    await #expect(processExitsWith: .failure) { _ = ColumnView(ColumnViewTests.numbers).values(as: Int32.self).count }
    await #expect(processExitsWith: .failure) { _ = ColumnView(ColumnViewTests.numbers).bool(0) }
    await #expect(processExitsWith: .failure) { _ = ColumnView(ColumnViewTests.numbers).range(0) }
  }

  static var numbers: Column {
    let builder = ColumnBuilder(.int64)
    for number in 0..<4 { builder.append(Int64(number)) }
    builder.appendNull()
    return builder.finish().slice(2, 3)
  }
}
