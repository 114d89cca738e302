internal import Expression
internal import Records

/// Makes the schema of the objects that rows become in JSON.
enum JSONSchemaWriter {
  static func value(_ schema: Schema) -> Value {
    // The names that the writer of JSON gives to columns.
    let names = ColumnNames.unique(schema.fields.map(\.name), naming: false)
    let properties = zip(names, schema.fields).map { ($0, Value.map(property($1))) }
    let required = zip(names, schema.fields).filter { !$1.nullable }.map { Value.string($0.0) }
    var map: ValueMap = ["type": "object", "properties": .map(ValueMap(properties))]
    if !required.isEmpty { map["required"] = .list(required) }
    return .map(map)
  }

  private static func property(_ field: Field) -> ValueMap {
    let own = JSONSchemaDefinition.read(field) ?? plain(field.type)
    return field.nullable ? nullable(own) : own
  }

  /// The same, and null.
  static func nullable(_ map: ValueMap) -> ValueMap {
    let isPlain = ["enum", "const", "anyOf", "oneOf", "allOf"].allSatisfy { map[$0] == nil }
    guard isPlain, let type = map["type"] else {
      return map.isEmpty ? map : ["anyOf": [.map(map), ["type": "null"]]]
    }
    var map = map
    map["type"] = .list(["null"] + (type.list ?? [type]))
    return map
  }

  /// The schema of a type, with the type's own name where the standard keywords do not say it.
  static func plain(_ type: DataType) -> ValueMap {
    var map = standard(type)
    let read = try? JSONSchemaReader(root: .null).shape(.map(map)).type
    let named = TypeName.parse(type.name)
    if read != type, named == type { map[JSONSchema.ferryType] = .string(type.name) }
    return map
  }

  /// What every validator understands. The first keyword is always `type`.
  static func standard(_ type: DataType) -> ValueMap {
    switch type {
    case .bool: ["type": "boolean"]
    case .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64: integer(type)
    case .float32: ["type": "number", "format": "float"]
    case .float64: ["type": "number", "format": "double"]
    case .decimal(let precision, let scale): decimal(precision, scale)
    case .numeric: ["type": "number"]
    case .text: ["type": "string"]
    case .bytes: ["type": "string", "contentEncoding": "base64"]
    case .date: ["type": "string", "format": "date"]
    case .time: ["type": "string", "format": "time"]
    case .timestamp, .offsetTimestamp: ["type": "string", "format": "date-time"]
    case .interval: ["type": "string", "format": "duration"]
    case .uuid: ["type": "string", "format": "uuid"]
    case .json: ["type": ["object", "array", "string", "number", "boolean"]]
    case .list(let element): ["type": "array", "items": .map(nullable(plain(element)))]
    }
  }

  private static func integer(_ type: DataType) -> ValueMap {
    guard let range = JSONSchemaNumber.range(of: type) else { return ["type": "integer"] }
    return ["type": "integer", "minimum": number(range.lowerBound), "maximum": number(range.upperBound)]
  }

  private static func number(_ value: Int128) -> Value { Int64(exactly: value).map(Value.int) ?? .decimal("\(value)") }

  /// Bounds that are reached mean the same in all drafts: 99999999.99.
  private static func decimal(_ precision: Int, _ scale: Int) -> ValueMap {
    let fraction = String(repeating: "9", count: max(0, scale))
    let whole =
      String(repeating: "9", count: max(0, precision - max(0, scale))) + String(repeating: "0", count: max(0, -scale))
    let most = (whole.isEmpty ? "0" : whole) + (fraction.isEmpty ? "" : "." + fraction)
    let step =
      scale > 0 ? "0." + String(repeating: "0", count: scale - 1) + "1" : "1" + String(repeating: "0", count: -scale)
    return [
      "type": "number", "multipleOf": .decimal(step), "minimum": .decimal("-" + most), "maximum": .decimal(most),
    ]
  }
}
