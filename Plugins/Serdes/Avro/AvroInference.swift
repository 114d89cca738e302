public import Records

/// Makes an Avro schema from the columns of a record file. Nothing is lost: 64-bit integers are `long`, numbers without
/// a declared scale keep their digits as text, and what Avro has no word for says so in `ferry.type`.
public struct AvroInference {
  /// For columns of type json, the types that were found in them: JSON text of an Avro type by column.
  public var structures: [Int: String] = [:]
  /// Columns of text that hold nothing but words for true and false.
  public var booleans: Set<Int> = []

  public init() {}

  /// The text of the schema.
  public func schema(for schema: Schema, name: String = "root", namespace: String = "ferry") throws -> String {
    var out = TextBuffer()
    out.append("{\"type\":\"record\",\"name\":")
    JSONText.append(text: name, to: &out)
    out.append(",\"namespace\":")
    JSONText.append(text: namespace, to: &out)
    out.append(",\"fields\":[")
    var names = AvroNames()
    for (index, field) in schema.fields.enumerated() {
      if index > 0 { out.append(",") }
      let name = names.name(for: field.name)
      out.append("{\"name\":\"")
      out.append(text: name)
      out.append("\",\"type\":")
      let type = booleans.contains(index) ? "\"boolean\"" : try structures[index] ?? AvroInference.type(field)
      out.append(text: field.nullable ? "[\"null\",\(type)],\"default\":null" : type)
      if name != field.name {
        out.append(text: ",\"ferry.name\":")
        JSONText.append(text: field.name, to: &out)
      }
      out.append("}")
    }
    out.append("]}")
    return out.string
  }

  private static func type(_ field: Field) throws -> String {
    if let text = type(field.type) { return text }
    throw Failure(
      .schema, "writing column '\(field.name)' of type \(field.type.name) to Avro: Avro has no type for it",
      hint: "Give a 'schema' that says how to write it")
  }

  /// The JSON text of the Avro type; nil where there is none.
  static func type(_ type: DataType) -> String? {
    switch type {
    case .bool: return "\"boolean\""
    case .int32: return "\"int\""
    case .int64: return "\"long\""
    case .float32: return "\"float\""
    case .float64: return "\"double\""
    case .text: return "\"string\""
    case .bytes: return "\"bytes\""
    case .int8, .int16, .uint8, .uint16, .uint32, .numeric, .json, .interval, .time(.nanoseconds):
      guard let entry = AvroFerryTypes.all.first(where: { $0.type == type }) else { return nil }
      return "{\"type\":\"\(entry.kind.rawValue)\",\"ferry.type\":\"\(entry.name)\"}"
    case .uint64:
      return "{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":20,\"scale\":0,\"ferry.type\":\"uint64\"}"
    case .decimal(let precision, let scale):
      guard scale >= 0 else { return nil }
      return logical("bytes", "decimal\",\"precision\":\(max(precision, scale)),\"scale\":\(scale)")
    case .date: return logical("int", "date\"")
    case .time(.microseconds): return logical("long", "time-micros\"")
    case .timestamp(let unit, let zoned):
      return logical("long", "\(zoned ? "" : "local-")timestamp-\(unit == .nanoseconds ? "nanos" : "micros")\"")
    case .uuid: return logical("string", "uuid\"")
    case .list(let element): return self.type(element).map { "{\"type\":\"array\",\"items\":[\"null\",\($0)]}" }
    }
  }

  private static func logical(_ type: String, _ rest: String) -> String {
    "{\"type\":\"\(type)\",\"logicalType\":\"\(rest)}"
  }
}

/// Makes names that Avro allows out of those that columns have, each of them once.
struct AvroNames {
  private var used: Set<String> = []

  mutating func name(for column: String) -> String {
    var name = String(
      decoding: column.utf8.map { $0 == 0x5F || $0 &- 48 < 10 || ($0 | 0x20) &- 97 < 26 ? $0 : 0x5F }, as: UTF8.self)
    if name.isEmpty || name.utf8.first.map({ $0 &- 48 < 10 }) == true { name = "_" + name }
    var unique = name
    var number = 2
    while !used.insert(unique).inserted {
      unique = "\(name)_\(number)"
      number += 1
    }
    return unique
  }
}
