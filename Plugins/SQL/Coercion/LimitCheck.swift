internal import Glibc
internal import Records

/// What a target refuses beyond its type. Looked at in a pass of its own over the coerced column, and only where the
/// target has a limit.
struct LimitCheck: Sendable {
  let target: LoadTarget

  /// Nil when every value of the type can be stored.
  init?(_ target: LoadTarget) {
    self.target = target
    switch target.type {
    case .text, .json, .bytes:
      if target.length == nil && target.takesNUL && !target.hasMachineNumbers { return nil }
    case .float32, .float64, .numeric: if target.takesNonFinite { return nil }
    case .date, .timestamp, .offsetTimestamp:
      if target.range == nil && target.step == 1 && target.takesInfiniteDates { return nil }
    default: if target.range == nil && target.step == 1 { return nil }
    }
  }

  /// Throws `BadValue`.
  func check(_ column: Column) throws {
    try withExtendedLifetime(column) {
      switch column.type {
      case .text, .json, .bytes: try checkText(column)
      case .numeric: try checkNumeric(column)
      case .float32: try check(column, Float.self) { $0.isFinite ? .none : .notFinite }
      case .float64: try check(column, Double.self) { $0.isFinite ? .none : .notFinite }
      case .date: try checkDates(column, Int32.self)
      case .timestamp: try checkDates(column, Int64.self)
      case .offsetTimestamp:
        try checkDates(OffsetSteps.instants(column, .timestamp(.microseconds, zoned: true)), Int64.self)
      case .int64, .time: try checkRange(column, Int64.self)
      case .int32: try checkRange(column, Int32.self)
      case .int16: try checkRange(column, Int16.self)
      case .int8: try checkRange(column, Int8.self)
      case .uint64: try checkRange(column, UInt64.self)
      case .uint32: try checkRange(column, UInt32.self)
      case .uint16: try checkRange(column, UInt16.self)
      case .uint8: try checkRange(column, UInt8.self)
      case .interval:
        let (range, step) = (target.range ?? .min ... .max, target.step)
        try check(column, Interval.self) {
          range.contains($0.nanoseconds) ? $0.nanoseconds % step == 0 ? .none : .losesDigits : .outOfRange
        }
      default: break
      }
    }
  }

  @inline(__always)
  private func check<T: BitwiseCopyable>(_ column: Column, _: T.Type, _ body: (T) -> CoercionFault) throws {
    let values = column.fixed(T.self)
    for row in 0..<column.count {
      let fault = body(values[row])
      if fault != .none, !column.isNull(row) { throw BadValue(row: row, fault: fault) }
    }
  }

  private func checkRange<T: FixedWidthInteger & BitwiseCopyable>(_ column: Column, _: T.Type) throws {
    guard let range = target.range else { return }
    let low = T(clamping: range.lowerBound)
    let high = T(clamping: range.upperBound)
    try check(column, T.self) { $0 >= low && $0 <= high ? .none : .outOfRange }
  }

  private func checkDates<T: FixedWidthInteger & BitwiseCopyable>(_ column: Column, _: T.Type) throws {
    let takesInfinite = target.takesInfiniteDates
    let step = T(clamping: target.step)
    let low = target.range.map { T(clamping: $0.lowerBound) } ?? .min
    let high = target.range.map { T(clamping: $0.upperBound) } ?? .max
    try check(column, T.self) { value in
      if value == .max || value == .min { return takesInfinite ? .none : .infinite }
      guard value >= low && value <= high else { return .outOfRange }
      return step == 1 || value % step == 0 ? .none : .losesDigits
    }
  }

  private func checkNumeric(_ column: Column) throws {
    for row in 0..<column.count where !column.isNull(row) {
      let last = column.bytes(row).last ?? 0
      if last &- 48 > 9 { throw BadValue(row: row, fault: .notFinite) }
    }
  }

  private func checkText(_ column: Column) throws {
    let offsets = column.offsetValues
    let first = Int(offsets[0])
    let total = Int(offsets[column.count]) - first
    if !target.takesNUL, column.type != .bytes, total > 0, memchr(column.values.start + first, 0, total) != nil {
      for row in 0..<column.count where !column.isNull(row) {
        if column.bytes(row).contains(0) { throw BadValue(row: row, fault: .holdsNUL) }
      }
    }
    if target.hasMachineNumbers {
      for row in 0..<column.count where !column.isNull(row) {
        if !JSONNumbers.fitMachineNumbers(column.bytes(row)) { throw BadValue(row: row, fault: .losesDigits) }
      }
    }
    guard let length = target.length else { return }
    let limit =
      switch length {
      case .characters(let n), .utf16Units(let n), .bytes(let n), .exactBytes(let n): n
      }
    if case .exactBytes = length { try checkExact(column, offsets, limit) }
    for row in 0..<column.count where Int(offsets[row + 1]) - Int(offsets[row]) > limit {
      if !column.isNull(row), LimitCheck.count(column.bytes(row), length) > limit {
        throw BadValue(row: row, fault: .tooLong)
      }
    }
  }

  private func checkExact(_ column: Column, _ offsets: UnsafeBufferPointer<Int32>, _ count: Int) throws {
    for row in 0..<column.count where Int(offsets[row + 1]) - Int(offsets[row]) < count {
      if !column.isNull(row) { throw BadValue(row: row, fault: .tooShort) }
    }
  }

  /// Bytes never are fewer than characters or UTF-16 units, so that only longer values come here.
  private static func count(_ bytes: UnsafeRawBufferPointer, _ length: LoadTarget.LengthLimit) -> Int {
    switch length {
    case .bytes, .exactBytes: return bytes.count
    case .characters: return bytes.reduce(0) { $0 + ($1 & 0xC0 == 0x80 ? 0 : 1) }
    case .utf16Units: return bytes.reduce(0) { $0 + ($1 & 0xC0 == 0x80 ? 0 : $1 >= 0xF0 ? 2 : 1) }
    }
  }
}
