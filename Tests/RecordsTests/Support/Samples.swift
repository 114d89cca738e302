import Records

/// Batches with every type at its extremes.
enum Samples {
  static let scalarTypes: [DataType] = [
    .bool, .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64, .float32, .float64,
    .decimal(precision: 9, scale: 2), .decimal(precision: 38, scale: 10), .decimal(precision: 76, scale: 20),
    .numeric, .text, .bytes, .date, .time(.microseconds), .time(.nanoseconds),
    .timestamp(.microseconds, zoned: false), .timestamp(.microseconds, zoned: true),
    .timestamp(.nanoseconds, zoned: false), .timestamp(.nanoseconds, zoned: true),
    .offsetTimestamp(.microseconds), .offsetTimestamp(.nanoseconds), .interval, .uuid, .json,
  ]
  static let allTypes: [DataType] = scalarTypes + scalarTypes.map { .list($0) } + [.list(.list(.text))]

  static func schema(_ types: [DataType] = allTypes) -> Schema {
    Schema(
      types.enumerated().map { index, type in
        Field("c\(index) \(type.name)", type, sourceType: index % 3 == 0 ? "quelle('ä')" : nil)
      }, metadata: ["ferry.flow": "orders", "empty": ""])
  }

  static func batch(_ schema: Schema = schema(), rows: Int, seed: UInt64 = 1, nulls: Bool = true) -> RecordBatch {
    var random = Random(state: seed)
    let columns = schema.fields.map { field in
      let builder = ColumnBuilder(field.type, rows: 1)
      for row in 0..<rows {
        if nulls && random.next() % 5 == 0 { builder.appendNull() } else { append(builder, row, &random) }
      }
      return builder.finish()
    }
    return RecordBatch(schema: schema, columns: columns, count: rows)
  }

  private static func append(_ builder: ColumnBuilder, _ row: Int, _ random: inout Random) {
    switch builder.type {
    case .bool: builder.append(bool: random.next() & 1 == 0)
    case .int8: builder.append(pick(row, [Int8.min, .max, 0], &random))
    case .int16: builder.append(pick(row, [Int16.min, .max, -1], &random))
    case .int32: builder.append(pick(row, [Int32.min, .max, -1], &random))
    case .int64: builder.append(pick(row, [Int64.min, .max, -1], &random))
    case .uint8: builder.append(pick(row, [UInt8.min, .max], &random))
    case .uint16: builder.append(pick(row, [UInt16.min, .max], &random))
    case .uint32: builder.append(pick(row, [UInt32.min, .max], &random))
    case .uint64: builder.append(pick(row, [UInt64.min, .max], &random))
    case .float32: builder.append([Float.infinity, -.infinity, -0.0, .leastNonzeroMagnitude, 0.1][row % 5])
    case .float64: builder.append([Double.infinity, -.infinity, -0.0, .greatestFiniteMagnitude, 0.1][row % 5])
    case .decimal(let precision, _): appendDecimal(builder, precision, row, &random)
    case .numeric:
      builder.append(text: ["NaN", "-Infinity", "0.00000000000000000001", "-12345678901234567890"][row % 4])
    case .text: builder.append(text: ["", "a\u{0}b", "Grüße 🚢", String(repeating: "long ", count: 40)][row % 4])
    case .bytes: builder.append(text: ["", "\u{0}\u{7f}", "ÿ", "0123456789abc"][row % 4])
    case .date: builder.append(Int32([0, -719_162, 2_932_896, -1][row % 4]))
    case .time(let unit): builder.append([0, 86_399 * unit.perSecond + 1, 1][row % 3])
    case .timestamp: builder.append([0, -1, 253_402_300_799_000_000, Int64(random.next() >> 12)][row % 4])
    case .offsetTimestamp:
      let instant: Int64 = [0, -1, 253_402_300_799_000_000, Int64(random.next() >> 12)][row % 4]
      builder.append(OffsetTimestamp(instant: instant, minutes: [0, 840, -840, 330, .min, .max, -1][row % 7]))
    case .interval: builder.append(Interval(months: Int32(row) - 7, days: .max, nanoseconds: .min + Int64(row)))
    case .uuid: builder.append((random.next(), random.next()))
    case .json: builder.append(text: ["{}", "[1, 2.50]", "null", "{\"a\": \"ü\"}"][row % 4])
    case .list:
      guard let child = builder.child else { return }
      for element in 0..<Int(random.next() % 4) {
        if random.next() % 4 == 0 { child.appendNull() } else { append(child, row + element, &random) }
      }
      builder.finishList()
    }
  }

  private static func pick<T: FixedWidthInteger>(_ row: Int, _ extremes: [T], _ random: inout Random) -> T {
    row % 5 < extremes.count ? extremes[row % 5] : T(truncatingIfNeeded: random.next())
  }

  private static func appendDecimal(_ builder: ColumnBuilder, _ precision: Int, _ row: Int, _ random: inout Random) {
    var most: Int128 = 1
    for _ in 0..<min(precision, 38) { most *= 10 }
    let value = [most - 1, 1 - most, 0, Int128(random.next() % 1_000_000_000)][row % 4]
    if precision <= 38 { return builder.append(value) }
    // A wide one: some high half, which stays below 10^76.
    let high: Int128 = row % 2 == 0 ? Int128(random.next()) << 50 : -(Int128(random.next()) << 50)
    builder.append((value, high))
  }
}

/// A small generator, so that every run has the same values.
struct Random: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

/// Writing and reading through memory.
enum RecordFiles {
  static func write(
    _ batches: [RecordBatch], schema: Schema, compression: RecordCompression = .none
  ) throws -> [UInt8] {
    let output = MemoryOutput()
    let writer = try RecordFileWriter(output, schema: schema, compression: compression)
    for batch in batches { try writer.write(batch) }
    try writer.finish()
    return output.bytes
  }

  static func read(_ bytes: [UInt8], sizeIsKnown: Bool = true) throws -> [RecordBatch] {
    try read(RecordFileReader(MemoryInput(bytes, sizeIsKnown: sizeIsKnown)))
  }

  static func read(_ reader: RecordFileReader) throws -> [RecordBatch] {
    var batches: [RecordBatch] = []
    while let batch = try reader.next() { batches.append(batch) }
    return batches
  }
}
