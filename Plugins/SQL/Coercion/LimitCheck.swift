internal import Records

/// What a target refuses beyond its type. Looked at in a pass of its own over the coerced column, and only where the
/// target has a limit.
struct LimitCheck: Sendable {
  let target: LoadTarget

  /// Nil when every value of the type can be stored.
  init?(_ target: LoadTarget) {
    self.target = target
    if !LimitCheck.isNeeded(target.type, target) { return nil }
  }

  private static func isNeeded(_ type: DataType, _ target: LoadTarget) -> Bool {
    let isBounded = target.range != nil || target.step != 1
    switch type {
    case .json where target.digits != nil: return true
    case .decimal(let precision, _): return target.digits?.significant.map { precision > $0 } ?? false
    case .text, .json:
      return target.length != nil || !target.takesNUL || target.takesOnlyASCII || target.hasMachineNumbers
        || target.members != nil
    case .bytes: return target.length != nil
    case .float32, .float64: return !target.takesNonFinite || !target.takesNaN
    case .numeric: return !target.takesNonFinite || target.digits != nil
    case .date, .timestamp, .offsetTimestamp:
      return isBounded || !target.takesInfiniteDates || target.offsets != nil || target.hasTicks
    case .interval: return isBounded || !target.takesMonths
    case .list(let element): return isNeeded(element, target)
    default: return isBounded || target.hole != nil
    }
  }

  /// Throws `BadValue`.
  func check(_ column: Column) throws {
    switch column.type {
    case .text, .json, .bytes: try checkText(column)
    case .numeric: try checkNumeric(column)
    case .decimal: try checkNumeric(column.texts())
    case .float32: try checkFinite(column, Float.self)
    case .float64: try checkFinite(column, Double.self)
    case .date: try checkDates(column, Int32.self)
    case .timestamp: try checkDates(column, Int64.self)
    case .offsetTimestamp(let unit):
      try checkDates(OffsetSteps.instants(column, .timestamp(unit, zoned: true)), Int64.self)
      try checkOffsets(column, unit)
    case .time: try checkDates(column, Int64.self)
    case .int64: try checkRange(column, Int64.self)
    case .int32: try checkRange(column, Int32.self)
    case .int16: try checkRange(column, Int16.self)
    case .int8: try checkRange(column, Int8.self)
    case .uint64: try checkRange(column, UInt64.self)
    case .uint32: try checkRange(column, UInt32.self)
    case .uint16: try checkRange(column, UInt16.self)
    case .uint8: try checkRange(column, UInt8.self)
    case .interval: try checkIntervals(column)
    case .list: try checkLists(column)
    default: break
    }
  }

  @inline(__always)
  private func check<T: BitwiseCopyable>(_ column: Column, _: T.Type, _ body: (T) -> CoercionFault) throws {
    let view = ColumnView(column)
    let values = view.values(as: T.self)
    for row in values.indices {
      let fault = body(values[row])
      if fault != .none, !view.isNull(row) { throw BadValue(row: row, fault: fault) }
    }
  }

  private func checkFinite<T: BinaryFloatingPoint & BitwiseCopyable>(_ column: Column, _: T.Type) throws {
    let takesInfinite = target.takesNonFinite
    try check(column, T.self) { $0.isFinite || takesInfinite && !$0.isNaN ? .none : .notFinite }
  }

  /// Where months cannot be stored the whole is a length of time.
  private func checkIntervals(_ column: Column) throws {
    let (range, step) = (target.range ?? .min ... .max, target.step)
    let takesMonths = target.takesMonths
    try check(column, Interval.self) { value in
      if value.nanoseconds % step != 0 { return .losesDigits }
      if takesMonths { return .none }
      if value.months != 0 { return .hasMonths }
      let (days, overflow) = Int64(value.days).multipliedReportingOverflow(by: 86_400_000_000_000)
      let (total, carry) = days.addingReportingOverflow(value.nanoseconds)
      return overflow || carry || !range.contains(total) ? .outOfRange : .none
    }
  }

  /// The elements, however deep; what a NULL list still has behind it does not count.
  private func checkLists(_ column: Column) throws {
    let view = ColumnView(column)
    let offsets = view.offsets
    if !view.hasNulls { return try checkElements(column, 0, Int(offsets[0])..<Int(offsets[view.count])) }
    for row in 0..<view.count where !view.isNull(row) { try checkElements(column, row, view.range(row)) }
  }

  /// Elements of lists of which `row` is the first.
  private func checkElements(_ column: Column, _ row: Int, _ places: Range<Int>) throws {
    do { try check(column.children[0].slice(places.lowerBound, places.count)) } catch let bad as BadValue {
      let place = places.lowerBound + bad.row
      let view = ColumnView(column)
      var owner = row
      while owner < view.count - 1, view.range(owner).upperBound <= place { owner += 1 }
      throw BadValue(row: owner, fault: bad.fault)
    }
  }

  private func checkRange<T: FixedWidthInteger & BitwiseCopyable>(_ column: Column, _: T.Type) throws {
    if let range = target.range {
      let low = T(clamping: range.lowerBound)
      let high = T(clamping: range.upperBound)
      try check(column, T.self) { $0 >= low && $0 <= high ? .none : .outOfRange }
    }
    guard let hole = target.hole else { return }
    let (first, last) = (T(clamping: hole.lowerBound), T(clamping: hole.upperBound))
    try check(column, T.self) { $0 < first || $0 > last ? .none : .inHole }
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
    if target.hasTicks, let perSecond = column.type.unit?.perSecond { try checkTicks(column, perSecond / 1_000) }
  }

  /// - Parameter millisecond: in units of the column.
  private func checkTicks(_ column: Column, _ millisecond: Int64) throws {
    try check(column, Int64.self) { value in
      let (milliseconds, rest) = Calendar.floorDivide(value, millisecond)
      let last = Calendar.floorDivide(milliseconds, 10).1
      return rest == 0 && (last == 0 || last == 3 || last == 7) ? .none : .noTick
    }
  }

  /// The clock itself has to be within the range as well.
  private func checkOffsets(_ column: Column, _ unit: TimeUnit) throws {
    guard let offsets = target.offsets else { return }
    let range = target.range ?? .min ... .max
    let minute = 60 * unit.perSecond
    try check(column, OffsetTimestamp.self) { value in
      if TimeSteps.isInfinite(value.instant) { return .none }
      let (clock, overflow) = value.instant.addingReportingOverflow(Int64(value.minutes) * minute)
      return offsets.contains(value.minutes) && !overflow && range.contains(clock) ? .none : .outOfRange
    }
  }

  private func checkNumeric(_ column: Column) throws {
    let view = ColumnView(column)
    for row in 0..<view.count where !view.isNull(row) {
      let text = view.bytes(row)
      if (text.last ?? 0) &- 48 > 9 {
        if !target.takesNonFinite { throw BadValue(row: row, fault: .notFinite) }
      } else if let digits = target.digits, !digits.takes(text) {
        throw BadValue(row: row, fault: .losesDigits)
      }
    }
  }

  private func checkText(_ column: Column) throws {
    let view = ColumnView(column)
    if !target.takesNUL, column.type != .bytes, holdsNUL(view) {
      try checkBytes(view, .holdsNUL) { !$0.contains(0) }
    }
    if target.takesOnlyASCII { try checkBytes(view, .notASCII) { LimitCheck.isASCII($0) } }
    if target.hasMachineNumbers { try checkBytes(view, .losesDigits) { JSONNumbers.fitMachineNumbers($0) } }
    if column.type == .json, let digits = target.digits {
      try checkBytes(view, .losesDigits) { !LimitCheck.isNumber($0) || digits.takes($0) }
    }
    if let members = target.members { try checkBytes(view, .noMember) { members.contains($0) } }
    if let length = target.length { try checkLength(view, length) }
  }

  private static func isASCII(_ text: Span<UInt8>) -> Bool {
    for index in text.indices where text[index] > 127 { return false }
    return true
  }

  /// Of texts that are JSON.
  private static func isNumber(_ text: Span<UInt8>) -> Bool {
    text.first.map { $0 == UInt8(ascii: "-") || $0 &- 48 < 10 } ?? false
  }

  /// Whether any value may: one look at all of them, NULLs included.
  private func holdsNUL(_ view: ColumnView) -> Bool {
    view.allBytes.extracting(droppingFirst: Int(view.offsets[0])).contains(0)
  }

  @inline(__always)
  private func checkBytes(_ view: ColumnView, _ fault: CoercionFault, _ isGood: (Span<UInt8>) -> Bool) throws {
    for row in 0..<view.count where !view.isNull(row) {
      if !isGood(view.bytes(row)) { throw BadValue(row: row, fault: fault) }
    }
  }

  private func checkLength(_ view: ColumnView, _ length: LoadTarget.LengthLimit) throws {
    let offsets = view.offsets
    let limit =
      switch length {
      case .characters(let n), .utf16Units(let n), .bytes(let n), .exactBytes(let n): n
      }
    if case .exactBytes = length {
      for row in 0..<view.count where Int(offsets[row + 1]) - Int(offsets[row]) < limit {
        if !view.isNull(row) { throw BadValue(row: row, fault: .tooShort) }
      }
    }
    for row in 0..<view.count where Int(offsets[row + 1]) - Int(offsets[row]) > limit {
      if !view.isNull(row), LimitCheck.count(view.bytes(row), length) > limit {
        throw BadValue(row: row, fault: .tooLong)
      }
    }
  }

  /// Bytes never are fewer than characters or UTF-16 units, so that only longer values come here.
  private static func count(_ bytes: Span<UInt8>, _ length: LoadTarget.LengthLimit) -> Int {
    switch length {
    case .bytes, .exactBytes: return bytes.count
    case .characters: return sum(bytes) { $0 & 0xC0 == 0x80 ? 0 : 1 }
    case .utf16Units: return sum(bytes) { $0 & 0xC0 == 0x80 ? 0 : $0 >= 0xF0 ? 2 : 1 }
    }
  }

  @inline(__always)
  private static func sum(_ bytes: Span<UInt8>, _ weight: (UInt8) -> Int) -> Int {
    var total = 0
    for index in bytes.indices { total += weight(bytes[index]) }
    return total
  }
}
