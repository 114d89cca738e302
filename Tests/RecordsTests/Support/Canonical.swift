import Records

/// Values as text in one exact form, which `records_interop.py` gives for what Python reads, too. A row is a line, its
/// values are separated by tabs.
enum Canonical {
  static func rows(_ batch: RecordBatch) -> [String] {
    withExtendedLifetime(batch) {
      (0..<batch.count).map { row in batch.columns.map { value($0, row) }.joined(separator: "\t") }
    }
  }

  static func rows(_ batches: [RecordBatch]) -> [String] { batches.flatMap { rows($0) } }

  static func types(_ schema: Schema) -> [String] { schema.fields.map { "\($0.name): \($0.type.name)" } }

  static func value(_ column: Column, _ row: Int) -> String {
    if column.isNull(row) { return "null" }
    switch column.type {
    case .bool: return column.bool(row) ? "true" : "false"
    case .int8: return "\(column.fixed(Int8.self)[row])"
    case .int16: return "\(column.fixed(Int16.self)[row])"
    case .int32, .date: return "\(column.fixed(Int32.self)[row])"
    case .int64, .time, .timestamp: return "\(column.fixed(Int64.self)[row])"
    case .uint8: return "\(column.fixed(UInt8.self)[row])"
    case .uint16: return "\(column.fixed(UInt16.self)[row])"
    case .uint32: return "\(column.fixed(UInt32.self)[row])"
    case .uint64: return "\(column.fixed(UInt64.self)[row])"
    case .float32, .float64, .decimal: return hex(fixedBytes(column, row).reversed())
    case .numeric, .text, .json, .bytes: return "x" + hex(Array(column.bytes(row)))
    case .offsetTimestamp:
      let value = column.fixed(OffsetTimestamp.self)[row]
      return "\(value.instant)@\(value.minutes)"
    case .interval:
      let value = column.fixed(Interval.self)[row]
      return "\(value.months),\(value.days),\(value.nanoseconds)"
    case .uuid: return hex(fixedBytes(column, row))
    case .list:
      let elements = column.elements(row)
      return "[" + (0..<elements.count).map { value(elements, $0) }.joined(separator: " ") + "]"
    }
  }

  private static func fixedBytes(_ column: Column, _ row: Int) -> [UInt8] {
    guard case .fixed(let width) = column.type.layout else { return [] }
    let start = column.values.start + (column.offset + row) * width
    return Array(UnsafeRawBufferPointer(start: start, count: width))
  }

  private static func hex(_ bytes: [UInt8]) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    for byte in bytes {
      text.append(digits[Int(byte >> 4)])
      text.append(digits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
  }
}

/// Compares long renderings without printing them whole.
func difference(_ found: [String], _ expected: [String]) -> String? {
  for (row, (left, right)) in zip(found, expected).enumerated() where left != right {
    let columns = zip(left.split(separator: "\t"), right.split(separator: "\t")).enumerated().filter { $1.0 != $1.1 }
    return "row \(row): " + columns.map { "column \($0): found \($1.0), expected \($1.1)" }.joined(separator: "; ")
  }
  return found.count == expected.count ? nil : "\(found.count) rows found, \(expected.count) expected"
}
