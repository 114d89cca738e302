internal import CODBC
internal import Records
internal import SQL

/// A batch's values into the arrays of a parameter. Batch has coerced every column to what its target asked for. What a
/// column needs is decided once.
struct RowEncoder {
  enum Form: Hashable {
    case bool, fixed1, fixed2, fixed4, fixed8
    case date
    case timestamp(TimeUnit)
    case guid
    /// As UTF-16.
    case wide
    /// As UTF-8; texts of other types are ASCII.
    case narrow
    case bytes
  }

  private let form: Form
  /// SQL_C_…
  private let native: Int32
  private let values: Column
  private let declared: ParameterDeclaration

  /// - Parameter type: of the column that the values are for, nil for none in particular.
  init(_ column: Column, for type: DatabaseType?, _ connection: NativeConnection) {
    let rules = ParameterRules(type, connection.traits, connection.product)
    var way = rules.way(of: column.type)
    if column.type == .numeric, way.declared.sql == SQL_DECIMAL { way.declared.digits = RowEncoder.scale(of: column) }
    (form, native, declared) = way
    switch form {
    case .wide where !column.type.isTextual, .narrow where !column.type.isTextual:
      values = column.texts(separator: UInt8(ascii: " "))
    default: values = column
    }
  }

  /// The most digits behind the point of some numbers, as texts.
  private static func scale(of column: Column) -> Int {
    let view = ColumnView(column)
    var scale = 0
    for row in 0..<column.count where !view.isNull(row) {
      let text = view.bytes(row)
      guard let point = text.firstIndex(of: UInt8(ascii: ".")) else { continue }
      var end = text.count
      while end > point + 1, text[end - 1] == UInt8(ascii: "0") { end -= 1 }
      scale = max(scale, end - point - 1)
    }
    return min(scale, 38)
  }

  /// Whether all values take as many bytes.
  var isFixed: Bool { form != .wide && form != .narrow && form != .bytes }

  /// Bytes that the longest of some values takes.
  func width(_ rows: Range<Int>) -> Int {
    switch form {
    case .bool, .fixed1: return 1
    case .fixed2: return 2
    case .fixed4: return 4
    case .fixed8: return 8
    case .date: return MemoryLayout<SQL_DATE_STRUCT>.size
    case .timestamp: return MemoryLayout<SQL_TIMESTAMP_STRUCT>.size
    case .guid: return 16
    case .narrow, .bytes: return max(longest(rows), 1)
    // Never more units than bytes of UTF-8.
    case .wide: return max(longest(rows), 1) * 2
    }
  }

  private func longest(_ rows: Range<Int>) -> Int {
    let offsets = ColumnView(values).offsets
    var longest = 0
    for row in rows { longest = max(longest, Int(offsets[row + 1]) - Int(offsets[row])) }
    return longest
  }

  /// How the parameter is declared for values of so many bytes.
  func type(_ width: Int) -> ParameterType { declared.type(form == .wide ? width / 2 : width) }

  func array(_ rows: Int, width: Int) -> BoundColumn { BoundColumn(native, width: width, rows: rows) }

  /// Writes values into an array, from its first row on.
  func fill(_ array: BoundColumn, _ rows: Range<Int>) {
    switch form {
    case .fixed1: fixed(array, rows, UInt8.self)
    case .fixed2: fixed(array, rows, UInt16.self)
    case .fixed4: fixed(array, rows, UInt32.self)
    case .fixed8: fixed(array, rows, UInt64.self)
    case .bool: each(array, rows) { view, row, place in array.set(UInt8(view.bool(row) ? 1 : 0), place) }
    case .date: dates(array, rows)
    case .timestamp(let unit): timestamps(array, rows, unit)
    case .guid: guids(array, rows)
    case .wide:
      each(array, rows) { view, row, place in
        let text = view.bytes(row)
        array.set(place) { WideText.append(text, to: &$0) }
      }
    case .narrow, .bytes:
      each(array, rows) { view, row, place in
        let bytes = view.bytes(row)
        array.set(place) { $0.append(bytes) }
      }
    }
  }

  @inline(__always)
  private func each(_ array: BoundColumn, _ rows: Range<Int>, _ body: (ColumnView, Int, Int) -> Void) {
    let view = ColumnView(values)
    for row in rows {
      let place = row - rows.lowerBound
      if view.isNull(row) { array.setNull(place) } else { body(view, row, place) }
    }
  }

  private func fixed<T: FixedWidthInteger & BitwiseCopyable>(_ array: BoundColumn, _ rows: Range<Int>, _: T.Type) {
    let numbers = ColumnView(values).values(as: T.self)
    each(array, rows) { _, row, place in array.set(numbers[row], place) }
  }

  private func dates(_ array: BoundColumn, _ rows: Range<Int>) {
    each(array, rows) { view, row, place in
      let date = Calendar.date(days: Int(view.value(row, as: Int32.self)))
      array.set(place) { RowEncoder.append(date, to: &$0) }
    }
  }

  private static func append(_ date: Calendar.Date, to out: inout OutputSpan<UInt8>) {
    out.append(little: Int16(truncatingIfNeeded: date.year))
    out.append(little: UInt16(truncatingIfNeeded: date.month))
    out.append(little: UInt16(truncatingIfNeeded: date.day))
  }

  private func timestamps(_ array: BoundColumn, _ rows: Range<Int>, _ unit: TimeUnit) {
    let toNanoseconds = 1_000_000_000 / unit.perSecond
    each(array, rows) { view, row, place in
      let (days, rest) = Calendar.floorDivide(view.value(row, as: Int64.self), 86_400 * unit.perSecond)
      let (seconds, fraction) = (rest / unit.perSecond, rest % unit.perSecond)
      array.set(place) {
        RowEncoder.append(Calendar.date(days: Int(days)), to: &$0)
        $0.append(little: UInt16(truncatingIfNeeded: seconds / 3_600))
        $0.append(little: UInt16(truncatingIfNeeded: seconds / 60 % 60))
        $0.append(little: UInt16(truncatingIfNeeded: seconds % 60))
        $0.append(little: UInt32(truncatingIfNeeded: fraction * toNanoseconds))
      }
    }
  }

  private func guids(_ array: BoundColumn, _ rows: Range<Int>) {
    each(array, rows) { view, row, place in
      let value = view.value(row, as: UInt128.self)
      let low = UInt64(truncatingIfNeeded: value)
      array.set(place) {
        $0.append(little: UInt32(truncatingIfNeeded: low).byteSwapped)
        $0.append(little: UInt16(truncatingIfNeeded: low >> 32).byteSwapped)
        $0.append(little: UInt16(truncatingIfNeeded: low >> 48).byteSwapped)
        $0.append(little: UInt64(truncatingIfNeeded: value >> 64))
      }
    }
  }
}
