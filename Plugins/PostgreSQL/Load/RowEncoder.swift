internal import Records

/// Turns columns into rows in the server's binary form, for a COPY and for the parameters of a statement.
///
/// Batch has coerced every column to exactly the type that its `Target` asked for. What a column needs is decided once
/// per load; the loop over the rows switches on one byte per value and writes into one reused buffer.
final class RowEncoder {
  /// What a column or a parameter of the server takes.
  struct Target: Sendable, Hashable {
    var name: String
    var type: DatabaseType
    var modifier: Int32
    /// Dimensions of an array.
    var depth: Int = 1
    /// Digits behind the point of the server's currency.
    var moneyScale: Int = 2

    var dataType: DataType { type.dataType(modifier: modifier, depth: depth, moneyScale: moneyScale) }
  }

  /// How to move the values of a column.
  struct Plan {
    var kind: Kind
    /// Of a decimal.
    var scale = 0
  }

  enum Kind: UInt8 {
    case bool, bits16, bits32, bits64, date, time, timestamp, interval, uuid
    case bytes, jsonb, decimal128, decimal256, numeric, money, array
  }

  /// Why a value could not be sent.
  enum Fault: UInt8, Error {
    case none
    /// Outside of what the server's type holds.
    case range
    /// A number that is not one: a record file from elsewhere.
    case malformed
    /// Inner lists of different lengths.
    case ragged
    /// NULL in the place of an inner list.
    case nullList
  }

  let targets: [Target]
  private let plans: [Plan]
  private let arrays: [ArrayEncoder?]
  private var views = ColumnViews()
  private(set) var faultyColumn = 0
  private(set) var faultyRow = 0

  init(_ targets: [Target]) {
    self.targets = targets
    plans = targets.map { target in
      var plan = RowEncoder.plan(target.type.form, target.modifier)
      if plan.kind == .decimal128, case .decimal(let precision, let scale) = target.dataType {
        plan = Plan(kind: precision <= 38 ? .decimal128 : .decimal256, scale: scale)
      }
      return plan
    }
    arrays = targets.map { target in
      guard case .array(let element) = target.type.form else { return nil }
      return ArrayEncoder(element, target.modifier)
    }
  }

  static func plan(_ form: DatabaseType.Form, _ modifier: Int32) -> Plan {
    switch form {
    case .bool: return Plan(kind: .bool)
    case .int16: return Plan(kind: .bits16)
    case .int32, .uint32, .float32: return Plan(kind: .bits32)
    case .int64, .float64: return Plan(kind: .bits64)
    case .numeric:
      guard let (precision, scale) = DatabaseType.decimal(modifier) else { return Plan(kind: .numeric) }
      return Plan(kind: precision <= 38 ? .decimal128 : .decimal256, scale: scale)
    case .text, .json, .bytes, .opaque, .void: return Plan(kind: .bytes)
    case .jsonb: return Plan(kind: .jsonb)
    case .date: return Plan(kind: .date)
    case .time: return Plan(kind: .time)
    case .timestamp: return Plan(kind: .timestamp)
    case .interval: return Plan(kind: .interval)
    case .uuid: return Plan(kind: .uuid)
    case .money: return Plan(kind: .money)
    case .array: return Plan(kind: .array)
    }
  }

  /// Takes the batch whose rows are to come.
  func bind(_ batch: RecordBatch) {
    views = ColumnViews(batch.columns)
    for (array, column) in zip(arrays, batch.columns) { array?.bind(column) }
  }

  /// Lets go of the batch: held until the next one is there, it would be memory for two.
  func unbind() {
    views = ColumnViews()
    for array in arrays { array?.unbind() }
  }

  /// Appends rows as a binary COPY wants them, until the buffer holds `limit` bytes or the rows are over.
  /// - Returns: the row to go on with.
  func appendCopyRows(
    from start: Int, to end: Int, limit: Int, into out: inout ByteBuffer
  ) throws(Fault) -> Int {
    let (plans, views) = (plans, views)
    var row = start
    while row < end && out.count < limit {
      out.append(big: Int16(truncatingIfNeeded: plans.count))
      for column in plans.indices {
        let fault =
          plans[column].kind == .array
          ? append(array: column, row, to: &out) : RowEncoder.append(plans[column], views[column], row, to: &out)
        if fault != .none { throw at(column, row, fault) }
      }
      row += 1
    }
    return row
  }

  /// Appends one value with its length in front; -1 for NULL.
  func append(_ column: Int, row: Int, to out: inout ByteBuffer) throws(Fault) {
    let fault =
      plans[column].kind == .array
      ? append(array: column, row, to: &out) : RowEncoder.append(plans[column], views[column], row, to: &out)
    if fault != .none { throw at(column, row, fault) }
  }

  private func at(_ column: Int, _ row: Int, _ fault: Fault) -> Fault {
    faultyColumn = column
    faultyRow = row
    return fault
  }

  private func append(array column: Int, _ row: Int, to out: inout ByteBuffer) -> Fault {
    if views[column].isNull(row) {
      out.append(big: Int32(-1))
      return .none
    }
    return arrays[column]?.append(row, to: &out) ?? .malformed
  }

  @inline(__always)
  static func append(_ plan: Plan, _ view: ColumnView, _ row: Int, to out: inout ByteBuffer) -> Fault {
    if view.isNull(row) {
      out.append(big: Int32(-1))
      return .none
    }
    switch plan.kind {
    case .bits32: put(view.value(row, as: UInt32.self), to: &out)
    case .bits64: put(view.value(row, as: UInt64.self), to: &out)
    case .bits16: put(view.value(row, as: UInt16.self), to: &out)
    case .bytes: put(view.bytes(row), to: &out)
    case .decimal128: NumericEncoder.append(view.value(row, as: Int128.self), plan.scale, to: &out)
    case .date:
      let days = view.value(row, as: Int32.self)
      let (value, overflow) = days.subtractingReportingOverflow(PostgresEpoch.days)
      if overflow && days != .min { return .range }
      put(days == .max || days == .min ? days : value, to: &out)
    case .timestamp:
      let instant = view.value(row, as: Int64.self)
      let (value, overflow) = instant.subtractingReportingOverflow(PostgresEpoch.microseconds)
      if overflow && instant != .min { return .range }
      put(instant == .max || instant == .min ? instant : value, to: &out)
    default: return appendRare(plan, view, row, to: &out)
    }
    return .none
  }

  /// A number with its length in front.
  @inline(__always)
  private static func put<T: FixedWidthInteger & BitwiseCopyable>(_ value: T, to out: inout ByteBuffer) {
    out.append(upTo: 4 + MemoryLayout<T>.size) {
      $0.append(big: Int32(truncatingIfNeeded: MemoryLayout<T>.size))
      $0.append(big: value)
    }
  }

  @inline(__always)
  private static func put(_ value: Span<UInt8>, to out: inout ByteBuffer) {
    out.append(big: Int32(truncatingIfNeeded: value.count))
    out.append(value)
  }

  @inline(never)
  private static func appendRare(_ plan: Plan, _ view: ColumnView, _ row: Int, to out: inout ByteBuffer) -> Fault {
    switch plan.kind {
    case .bool: put(view.bool(row) ? UInt8(1) : 0, to: &out)
    case .time: put(view.value(row, as: Int64.self), to: &out)
    case .interval:
      let interval = view.value(row, as: Interval.self)
      out.append(big: Int32(16))
      out.append(big: interval.nanoseconds / 1_000)
      out.append(big: interval.days)
      out.append(big: interval.months)
    case .uuid: put(view.bytes(row), to: &out)
    case .jsonb:
      let text = view.bytes(row)
      out.append(big: Int32(truncatingIfNeeded: text.count + 1))
      out.append(byte: 1)
      out.append(text)
    case .decimal256: NumericEncoder.append(view.value(row, as: Int256.self), plan.scale, to: &out)
    case .numeric: return NumericEncoder.append(view.bytes(row), to: &out)
    case .money:
      guard let amount = Int64(exactly: view.value(row, as: Int128.self)) else { return .range }
      put(amount, to: &out)
    default: return .malformed
    }
    return .none
  }
}
