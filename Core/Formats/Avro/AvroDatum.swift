internal import Expression
internal import Records

/// A single value on its way to a type that its column does not map to directly.
indirect enum AvroDatum {
  case null
  case bool(Bool)
  case int(Int64)
  case float(Float)
  case double(Double)
  /// Digits: `-?digits[.digits]`, `NaN`, `Infinity`, `-Infinity`.
  case decimal(String)
  case string(String)
  /// JSON that would lose something as a value: an object in it has a key twice.
  case jsonText(String)
  case bytes([UInt8])
  case date(Int32)
  case time(Int64, TimeUnit)
  case timestamp(Int64, TimeUnit, zoned: Bool)
  case offsetTimestamp(OffsetTimestamp, TimeUnit)
  case interval(Interval)
  case uuid([UInt8])
  case list([AvroDatum])
  case map([(key: String, value: AvroDatum)])

  init(_ value: Value) {
    switch value {
    case .null: self = .null
    case .bool(let flag): self = .bool(flag)
    case .int(let number): self = .int(number)
    case .double(let number): self = .double(number)
    case .decimal(let digits): self = .decimal(digits)
    case .string(let text): self = .string(text)
    case .secret(let secret): self.init(secret.value)
    case .list(let values): self = .list(values.map(AvroDatum.init))
    case .map(let map): self = .map(map.map { ($0.key, AvroDatum($0.value)) })
    }
  }

  var isNull: Bool {
    if case .null = self { return true }
    return false
  }

  /// The text that a string of Avro gets.
  var text: String? {
    switch self {
    case .null: return nil
    case .string(let text), .decimal(let text), .jsonText(let text): return text
    case .list, .map: return json.json()
    default: break
    }
    var out = TextBuffer()
    switch self {
    case .bool(let flag): ValueText.append(flag, to: &out)
    case .int(let number): Digits.append(number, to: &out)
    case .float(let number): ValueText.append(number, to: &out)
    case .double(let number): ValueText.append(number, to: &out)
    case .bytes(let bytes): unsafe bytes.withUnsafeBytes { unsafe ValueText.append(base64: $0, to: &out) }
    case .date(let days): ValueText.append(date: days, to: &out)
    case .time(let time, let unit): ValueText.append(time: time, unit: unit, to: &out)
    case .timestamp(let stamp, let unit, let zoned):
      ValueText.append(timestamp: stamp, unit: unit, zoned: zoned, to: &out)
    case .offsetTimestamp(let value, let unit): ValueText.append(value, unit: unit, to: &out)
    case .interval(let interval): ValueText.append(interval, to: &out)
    case .uuid(let bytes):
      unsafe bytes.withUnsafeBufferPointer {
        if let base = $0.baseAddress { unsafe ValueText.append(uuid: base, to: &out) }
      }
    default: break
    }
    return out.string
  }

  var json: Value {
    switch self {
    case .null: .null
    case .bool(let flag): .bool(flag)
    case .int(let number): .int(number)
    case .double(let number): .double(number)
    case .decimal(let digits): digits.last?.isNumber == true ? .decimal(digits) : .string(digits)
    case .list(let values): .list(values.map(\.json))
    case .map(let pairs): .map(ValueMap(pairs.map { ($0.key, $0.value.json) }))
    default: .string(text ?? "")
    }
  }
}

/// Reads single values of a column.
struct AvroDatumReader {
  private let column: Column
  private let formatter: TextFormatter

  init(_ column: Column) {
    self.column = column
    formatter = TextFormatter(column)
  }

  /// Whether what it reads comes out of JSON texts.
  var isJSON: Bool { column.type == .json }

  func datum(_ row: Int) -> AvroDatum {
    if column.isNull(row) { return .null }
    switch column.type {
    case .bool: return .bool(column.bool(row))
    case .int8: return unsafe .int(Int64(column.fixed(Int8.self)[row]))
    case .int16: return unsafe .int(Int64(column.fixed(Int16.self)[row]))
    case .int32: return unsafe .int(Int64(column.fixed(Int32.self)[row]))
    case .int64: return unsafe .int(column.fixed(Int64.self)[row])
    case .uint8: return unsafe .int(Int64(column.fixed(UInt8.self)[row]))
    case .uint16: return unsafe .int(Int64(column.fixed(UInt16.self)[row]))
    case .uint32: return unsafe .int(Int64(column.fixed(UInt32.self)[row]))
    case .float32: return unsafe .float(column.fixed(Float.self)[row])
    case .float64: return unsafe .double(column.fixed(Double.self)[row])
    case .uint64, .decimal, .numeric: return .decimal(text(row))
    case .text: return .string(text(row))
    case .bytes: return unsafe .bytes(Array(column.bytes(row)))
    case .date: return unsafe .date(column.fixed(Int32.self)[row])
    case .time(let unit): return unsafe .time(column.fixed(Int64.self)[row], unit)
    case .timestamp(let unit, let zoned): return unsafe .timestamp(column.fixed(Int64.self)[row], unit, zoned: zoned)
    case .offsetTimestamp(let unit): return unsafe .offsetTimestamp(column.fixed(OffsetTimestamp.self)[row], unit)
    case .interval: return unsafe .interval(column.fixed(Interval.self)[row])
    case .uuid: return unsafe .uuid(withUnsafeBytes(of: column.fixed(UInt128.self)[row]) { unsafe Array($0) })
    case .json: return json(text(row))
    case .list:
      let elements = column.elements(row)
      let reader = AvroDatumReader(elements)
      return .list((0..<elements.count).map { reader.datum($0) })
    }
  }

  private func json(_ text: String) -> AvroDatum {
    if let value = try? Value.parseJSON(text, refusingTwins: true) { return AvroDatum(value) }
    return (try? Value.parseJSON(text)) != nil ? .jsonText(text) : .string(text)
  }

  private func text(_ row: Int) -> String {
    var out = TextBuffer(capacity: 64)
    formatter.append(row, to: &out)
    return out.string
  }
}
