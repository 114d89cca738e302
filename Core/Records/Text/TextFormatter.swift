/// Writes the canonical text of a column's values (see `ValueText`). Made once per column and batch; holds the column's
/// memory alive.
public struct TextFormatter {
  public let column: Column
  let bytesText: BytesText
  let separator: UInt8
  @usableFromInline let memory: ColumnView.Memory

  /// - Parameter separator: what stands between the date and the time of a timestamp.
  public init(_ column: Column, bytes: BytesText = .base64, separator: UInt8 = UInt8(ascii: "T")) {
    self.column = column
    bytesText = bytes
    self.separator = separator
    memory = ColumnView.Memory(column)
  }

  /// The column's values.
  @inlinable @inline(__always)
  public var view: ColumnView {
    @_lifetime(borrow self)
    get { unsafe _overrideLifetime(ColumnView(memory), borrowing: self) }
  }

  @inlinable @inline(__always)
  public func isNull(_ row: Int) -> Bool { view.isNull(row) }

  /// The bytes of a value of layout `variable`.
  @inlinable @inline(__always)
  @_lifetime(borrow self)
  public func bytes(_ row: Int) -> Span<UInt8> { unsafe _overrideLifetime(view.bytes(row), borrowing: self) }

  @inline(__always)
  func fixed<T: BitwiseCopyable>(_ row: Int, as _: T.Type = T.self) -> T { view.value(row) }

  /// Appends the text of the value of one row; nothing for NULL.
  public func append(_ row: Int, to out: inout ByteBuffer) {
    if isNull(row) { return }
    switch column.type {
    case .bool: ValueText.append(view.bool(row), to: &out)
    case .int8: Digits.append(Int64(fixed(row, as: Int8.self)), to: &out)
    case .int16: Digits.append(Int64(fixed(row, as: Int16.self)), to: &out)
    case .int32: Digits.append(Int64(fixed(row, as: Int32.self)), to: &out)
    case .int64: Digits.append(fixed(row, as: Int64.self), to: &out)
    case .uint8: Digits.append(UInt64(fixed(row, as: UInt8.self)), to: &out)
    case .uint16: Digits.append(UInt64(fixed(row, as: UInt16.self)), to: &out)
    case .uint32: Digits.append(UInt64(fixed(row, as: UInt32.self)), to: &out)
    case .uint64: Digits.append(fixed(row, as: UInt64.self), to: &out)
    case .float32: ValueText.append(fixed(row, as: Float.self), to: &out)
    case .float64: ValueText.append(fixed(row, as: Double.self), to: &out)
    case .decimal(let precision, let scale):
      if precision <= 38 {
        DecimalText.append(fixed(row, as: Int128.self), scale: scale, to: &out)
      } else {
        DecimalText.append(fixed(row, as: Int256.self), scale: scale, to: &out)
      }
    case .numeric, .text, .json: out.append(bytes(row))
    case .bytes:
      switch bytesText {
      case .base64: Base64.append(bytes(row), to: &out)
      case .hex: ValueText.append(hex: bytes(row), to: &out)
      }
    case .date: ValueText.append(date: fixed(row), to: &out)
    case .time(let unit): ValueText.append(time: fixed(row), unit: unit, to: &out)
    case .timestamp(let unit, let zoned):
      ValueText.append(timestamp: fixed(row), unit: unit, zoned: zoned, separator: separator, to: &out)
    case .offsetTimestamp(let unit):
      ValueText.append(fixed(row, as: OffsetTimestamp.self), unit: unit, separator: separator, to: &out)
    case .interval: ValueText.append(fixed(row, as: Interval.self), to: &out)
    case .uuid: ValueText.append(uuid: bytes(row), to: &out)
    case .list: appendList(row, to: &out)
    }
  }

  /// Appends the value as JSON: numbers and booleans bare, `json` as it is, lists as arrays, all else as strings.
  /// Numbers that JSON does not have (`NaN`, `Infinity`) are strings. NULL is `null`.
  public func appendJSON(_ row: Int, to out: inout ByteBuffer) {
    if isNull(row) { return out.append("null") }
    switch column.type {
    case .bool, .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64, .decimal, .json: append(row, to: &out)
    case .float32: appendNumber(row, isBare: fixed(row, as: Float.self).isFinite, to: &out)
    case .float64: appendNumber(row, isBare: fixed(row, as: Double.self).isFinite, to: &out)
    case .numeric:
      let last = bytes(row).last ?? 0
      appendNumber(row, isBare: last &- 48 < 10, to: &out)
    case .text: JSONText.append(string: bytes(row), to: &out)
    case .bytes, .date, .time, .timestamp, .offsetTimestamp, .interval, .uuid:
      appendNumber(row, isBare: false, to: &out)
    case .list: appendList(row, to: &out)
    }
  }

  private func appendNumber(_ row: Int, isBare: Bool, to out: inout ByteBuffer) {
    if !isBare { out.append(byte: UInt8(ascii: "\"")) }
    append(row, to: &out)
    if !isBare { out.append(byte: UInt8(ascii: "\"")) }
  }

  private func appendList(_ row: Int, to out: inout ByteBuffer) {
    let elements = TextFormatter(column.elements(row), bytes: bytesText, separator: separator)
    out.append(byte: UInt8(ascii: "["))
    for index in 0..<elements.column.count {
      if index > 0 { out.append(byte: UInt8(ascii: ",")) }
      elements.appendJSON(index, to: &out)
    }
    out.append(byte: UInt8(ascii: "]"))
  }

  /// Appends the texts of some rows one after the other and notes in `ends` where each ends in `out`; the type is
  /// looked at once.
  public func append(rows: Range<Int>, to out: inout ByteBuffer, ends: inout MutableSpan<Int32>) {
    switch column.type {
    case .int32: each(rows, &out, &ends) { Digits.append(Int64(fixed($0, as: Int32.self)), to: &$1) }
    case .int64: each(rows, &out, &ends) { Digits.append(fixed($0, as: Int64.self), to: &$1) }
    case .float64: each(rows, &out, &ends) { ValueText.append(fixed($0, as: Double.self), to: &$1) }
    case .decimal(let precision, let scale) where precision <= 38:
      each(rows, &out, &ends) { DecimalText.append(fixed($0, as: Int128.self), scale: scale, to: &$1) }
    case .numeric, .text, .json: each(rows, &out, &ends) { $1.append(bytes($0)) }
    case .date: each(rows, &out, &ends) { ValueText.append(date: fixed($0), to: &$1) }
    case .timestamp(let unit, let zoned):
      each(rows, &out, &ends) {
        ValueText.append(timestamp: fixed($0), unit: unit, zoned: zoned, separator: separator, to: &$1)
      }
    default: each(rows, &out, &ends) { append($0, to: &$1) }
    }
  }

  /// The same as JSON. NULL is nothing here, not `null`.
  public func appendJSON(rows: Range<Int>, to out: inout ByteBuffer, ends: inout MutableSpan<Int32>) {
    switch column.type {
    case .int32, .int64, .decimal, .json: append(rows: rows, to: &out, ends: &ends)
    case .text: each(rows, &out, &ends) { JSONText.append(string: bytes($0), to: &$1) }
    default: each(rows, &out, &ends) { appendJSON($0, to: &$1) }
    }
  }

  @inline(__always)
  private func each(
    _ rows: Range<Int>, _ out: inout ByteBuffer, _ ends: inout MutableSpan<Int32>,
    _ body: (Int, inout ByteBuffer) -> Void
  ) {
    var index = 0
    for row in rows {
      if !isNull(row) { body(row, &out) }
      ends[index] = Int32(truncatingIfNeeded: out.count)
      index += 1
    }
  }
}
