public import Records

/// Makes an Avro schema from the columns of a record file. Nothing is lost: 64-bit integers are `long`, numbers without
/// a declared scale keep their digits as text, and what Avro has no word for says so in `ferry.type`.
public struct AvroInference {
  /// For columns of type json, what was found in them.
  var structures: [Int: AvroStructure] = [:]
  /// Columns of text that hold nothing but words for true and false.
  public var booleans: Set<Int> = []

  public init() {}

  /// The text of the schema.
  public func schema(for schema: Schema, name: String = "root", namespace: String = "ferry") throws -> String {
    var types = AvroNames()
    let root = types.unique(name)
    let names = AvroNames.names(for: schema.fields.map(\.name))
    var fields: [String] = []
    for (index, (field, name)) in zip(schema.fields, names).enumerated() {
      var type = try AvroInference.type(field)
      if booleans.contains(index) { type = "\"boolean\"" }
      if let found = structures[index]?.type("\(root)_\(name)", &types) { type = found }
      fields.append(AvroInference.field(field.name, as: name, type, isNullable: field.nullable))
    }
    let head = "{\"type\":\"record\",\"name\":\(quoted(root)),\"namespace\":\(quoted(namespace))"
    return "\(head),\"fields\":[\(fields.joined(separator: ","))]}"
  }

  /// A field of a record. Its own name is kept where Avro does not allow it.
  static func field(_ name: String, as avroName: String, _ type: String, isNullable: Bool) -> String {
    let isUnion = isNullable && type != "\"null\""
    let more = isNullable ? ",\"default\":null" : ""
    let own = name.isExactly(avroName) ? "" : ",\"ferry.name\":\(quoted(name))"
    return "{\"name\":\"\(avroName)\",\"type\":\(isUnion ? "[\"null\",\(type)]" : type)\(more)\(own)}"
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
    case .int8, .int16, .uint8, .uint16, .uint32, .numeric, .json, .interval, .offsetTimestamp, .time(.nanoseconds):
      guard let entry = AvroFerryTypes.all.first(where: { $0.type == type }) else { return nil }
      return "{\"type\":\"\(entry.kind.rawValue)\",\"ferry.type\":\"\(entry.name)\"}"
    case .uint64:
      return "{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":20,\"scale\":0,\"ferry.type\":\"uint64\"}"
    case .decimal(let precision, let scale):
      // Digits in front of the point that are always zeros are written as well.
      let digits = max(precision - min(scale, 0), scale)
      return logical("bytes", "decimal\",\"precision\":\(digits),\"scale\":\(max(scale, 0))")
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

func quoted(_ text: String) -> String {
  var out = ByteBuffer()
  JSONText.append(text: text, to: &out)
  return out.string
}

/// Makes names that Avro allows: letters, digits and `_`, no digit in front, each of them once.
struct AvroNames {
  private var used: Set<ExactText> = []
  /// Where to go on counting names that are the same.
  private var numbers: [ExactText: Int] = [:]

  /// The name itself, or with the first number from 2 on that makes it one of its own.
  mutating func unique(_ name: String) -> String {
    var unique = name
    var number = numbers[ExactText(name)] ?? 2
    while !used.insert(ExactText(unique)).inserted {
      unique = "\(name)_\(number)"
      number += 1
    }
    if number > 2 { numbers[ExactText(name)] = number }
    return unique
  }

  /// For each column a name. Those that Avro allows stay as they are; the others have to make way for them.
  static func names(for columns: [String]) -> [String] {
    var names = AvroNames()
    var isKept: [Bool] = []
    for column in columns {
      isKept.append(AvroSchemaParser.isName(column) && names.used.insert(ExactText(column)).inserted)
    }
    return zip(columns, isKept).map { $1 ? $0 : names.unique(allowed($0)) }
  }

  private static func allowed(_ column: String) -> String {
    let name = String(
      decoding: column.utf8.map { $0 == 0x5F || $0 &- 48 < 10 || ($0 | 0x20) &- 97 < 26 ? $0 : 0x5F }, as: UTF8.self)
    return AvroSchemaParser.isName(name) ? name : "_" + name
  }
}
