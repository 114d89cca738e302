public import Expression
public import Records

/// Rows of a batch as maps of values, for outputs, expressions and previews: exact, but not for a hot path.
public struct RowValues {
  /// The columns by name; of several with one name the last counts, in the place of the first.
  private let names: ValueMap
  private let columns: [Column]

  public init(_ batch: RecordBatch) {
    names = ValueMap(batch.schema.fields.enumerated().map { ($1.name, .int(Int64($0))) })
    columns = names.map { batch.columns[Int($0.value.int ?? 0)] }
  }

  /// One row, its columns by name.
  public func map(at row: Int) -> ValueMap {
    ValueMap(like: names, columns.map { $0.value(at: row) })
  }
}

extension Column {
  /// A value as the control plane holds it: numbers stay exact, json is parsed, what has no counterpart is its
  /// canonical text.
  public func value(at row: Int) -> Value {
    if isNull(row) { return .null }
    switch type {
    case .bool: return .bool(bool(row))
    case .int8: return unsafe .int(Int64(fixed(Int8.self)[row]))
    case .int16: return unsafe .int(Int64(fixed(Int16.self)[row]))
    case .int32: return unsafe .int(Int64(fixed(Int32.self)[row]))
    case .int64: return unsafe .int(fixed(Int64.self)[row])
    case .uint8: return unsafe .int(Int64(fixed(UInt8.self)[row]))
    case .uint16: return unsafe .int(Int64(fixed(UInt16.self)[row]))
    case .uint32: return unsafe .int(Int64(fixed(UInt32.self)[row]))
    case .uint64:
      let number = unsafe fixed(UInt64.self)[row]
      return Int64(exactly: number).map(Value.int) ?? .decimal(String(number))
    case .float32: return .double(Double(unsafe "\(fixed(Float.self)[row])") ?? .nan)
    case .float64: return unsafe .double(fixed(Double.self)[row])
    case .decimal: return .decimal(text(at: row))
    case .numeric:
      let digits = text(at: row)
      return digits.last?.isNumber == true ? .decimal(digits) : .string(digits)
    case .json: return (try? Value.parseJSON(text(at: row))) ?? .string(text(at: row))
    case .list:
      let elements = elements(row)
      return .list((0..<elements.count).map { elements.value(at: $0) })
    case .text, .bytes, .date, .time, .timestamp, .offsetTimestamp, .interval, .uuid: return .string(text(at: row))
    }
  }

  /// The canonical text of a value that is not NULL.
  public func text(at row: Int) -> String {
    switch type {
    case .text, .json, .numeric: return unsafe String(decoding: bytes(row), as: UTF8.self)
    default:
      var text = ByteBuffer(capacity: 64)
      TextFormatter(self).append(row, to: &text)
      return text.string
    }
  }
}
