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
    var out = ByteBuffer()
    switch self {
    case .bool(let flag): ValueText.append(flag, to: &out)
    case .int(let number): Digits.append(number, to: &out)
    case .float(let number): ValueText.append(number, to: &out)
    case .double(let number): ValueText.append(number, to: &out)
    case .bytes(let bytes): Base64.append(bytes.span, to: &out)
    case .date(let days): ValueText.append(date: days, to: &out)
    case .time(let time, let unit): ValueText.append(time: time, unit: unit, to: &out)
    case .timestamp(let stamp, let unit, let zoned):
      ValueText.append(timestamp: stamp, unit: unit, zoned: zoned, to: &out)
    case .offsetTimestamp(let value, let unit): ValueText.append(value, unit: unit, to: &out)
    case .interval(let interval): ValueText.append(interval, to: &out)
    case .uuid(let bytes): ValueText.append(uuid: bytes.span, to: &out)
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
    let view = formatter.view
    if view.isNull(row) { return .null }
    switch column.type {
    case .bool: return .bool(view.bool(row))
    case .int8: return .int(Int64(view.value(row, as: Int8.self)))
    case .int16: return .int(Int64(view.value(row, as: Int16.self)))
    case .int32: return .int(Int64(view.value(row, as: Int32.self)))
    case .int64: return .int(view.value(row, as: Int64.self))
    case .uint8: return .int(Int64(view.value(row, as: UInt8.self)))
    case .uint16: return .int(Int64(view.value(row, as: UInt16.self)))
    case .uint32: return .int(Int64(view.value(row, as: UInt32.self)))
    case .float32: return .float(view.value(row, as: Float.self))
    case .float64: return .double(view.value(row, as: Double.self))
    case .uint64, .decimal, .numeric: return .decimal(text(row))
    case .text: return .string(text(row))
    case .bytes: return .bytes(view.bytes(row).array)
    case .date: return .date(view.value(row, as: Int32.self))
    case .time(let unit): return .time(view.value(row, as: Int64.self), unit)
    case .timestamp(let unit, let zoned): return .timestamp(view.value(row, as: Int64.self), unit, zoned: zoned)
    case .offsetTimestamp(let unit): return .offsetTimestamp(view.value(row, as: OffsetTimestamp.self), unit)
    case .interval: return .interval(view.value(row, as: Interval.self))
    case .uuid: return .uuid(view.bytes(row).array)
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
    var out = ByteBuffer(capacity: 64)
    formatter.append(row, to: &out)
    return out.string
  }
}
