/// Fixed-width values in other units or widths than Ferry's.
extension ColumnMaker {
  func converted(_ array: RawArray, _ start: Int, _ count: Int, _ conversion: Conversion) throws -> Column {
    switch conversion {
    case .scaled32(let factor):
      try map(array, start, count) { (value: Int32) -> Int64? in Int64(value) &* factor }
    case .scaled64(let factor): try scaled(array, start, count, factor)
    case .date64: try map(array, start, count, ColumnMaker.days)
    case .float16: try map(array, start, count, ColumnMaker.widened)
    case .duration(let factor): try durations(array, start, count, factor)
    case .yearMonth:
      try map(array, start, count) { (value: Int32) -> Interval? in Interval(months: value, days: 0, nanoseconds: 0) }
    case .dayTime: try map(array, start, count, ColumnMaker.dayTime)
    case .decimal(let from, let to): try decimals(array, start, count, from, to)
    }
  }

  /// The one loop: nil is a value that does not fit. What lies under a NULL may be anything and becomes zero then.
  @inline(__always)
  private func map<From: BitwiseCopyable, To: BitwiseCopyable>(
    _ array: RawArray, _ start: Int, _ count: Int, _ convert: (From) -> To?
  ) throws -> Column {
    let source = unsafe array.buffers[0].start.assumingMemoryBound(to: From.self) + start
    let width = MemoryLayout<To>.stride
    let memory = Allocation(capacity: count * width)
    unsafe memory.base.initializeMemory(as: UInt8.self, repeating: 0, count: count * width)
    let target = unsafe memory.base.assumingMemoryBound(to: To.self)
    for row in 0..<count {
      if let value = unsafe convert(source[row]) {
        unsafe target[row] = value
      } else if array.isValid(start + row) {
        throw failure(
          array, "the \(array.plan.typeName) does not fit into \(array.plan.type.name)", row: start + row)
      }
    }
    return finish(array, start, count, values: Buffer(memory, count: count * width))
  }

  private func scaled(_ array: RawArray, _ start: Int, _ count: Int, _ factor: Int64) throws -> Column {
    try map(array, start, count) { (value: Int64) -> Int64? in
      let (result, overflow) = value.multipliedReportingOverflow(by: factor)
      return overflow ? nil : result
    }
  }

  private func durations(_ array: RawArray, _ start: Int, _ count: Int, _ factor: Int64) throws -> Column {
    try map(array, start, count) { (value: Int64) -> Interval? in
      let (result, overflow) = value.multipliedReportingOverflow(by: factor)
      return overflow ? nil : Interval(months: 0, days: 0, nanoseconds: result)
    }
  }

  private static func days(_ milliseconds: Int64) -> Int32? {
    let (days, rest) = milliseconds.quotientAndRemainder(dividingBy: 86_400_000)
    // Arrow promises whole days; a time of day in there must not get lost silently.
    return rest == 0 ? Int32(exactly: days) : nil
  }

  private static func dayTime(_ value: UInt64) -> Interval? {
    let days = Int32(truncatingIfNeeded: value)
    let milliseconds = Int32(truncatingIfNeeded: value >> 32)
    return Interval(months: 0, days: days, nanoseconds: Int64(milliseconds) * 1_000_000)
  }

  /// Half precision to single, exactly.
  private static func widened(_ half: UInt16) -> Float? {
    let sign = UInt32(half & 0x8000) << 16
    let exponent = UInt32(half >> 10 & 0x1F)
    let fraction = UInt32(half & 0x3FF)
    switch exponent {
    case 0:
      let magnitude = Float(fraction) * 0x1p-24
      return Float(bitPattern: magnitude.bitPattern | sign)
    case 31: return Float(bitPattern: sign | 0x7F80_0000 | fraction << 13)
    default: return Float(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
    }
  }

  // MARK: decimals

  private func decimals(_ array: RawArray, _ start: Int, _ count: Int, _ from: Int, _ to: Int) throws -> Column {
    switch (from, to) {
    case (4, 16): try map(array, start, count) { (value: Int32) -> Int128? in Int128(value) }
    case (8, 16): try map(array, start, count) { (value: Int64) -> Int128? in Int128(value) }
    case (32, 16): try map(array, start, count, ColumnMaker.narrowed)
    default: throw failure(array, "decimals of \(from) bytes as \(to) bytes")
    }
  }

  private static func narrowed(_ value: Wide) -> Int128? {
    value.high == (value.low < 0 ? -1 : 0) ? value.low : nil
  }

  /// 256 bits in little-endian order.
  private struct Wide: BitwiseCopyable {
    let low: Int128
    let high: Int128
  }
}
