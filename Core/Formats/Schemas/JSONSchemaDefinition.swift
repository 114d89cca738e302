internal import Expression
internal import Records

/// What a property says beyond its column's type, as a field carries it: the JSON text of its schema, without null and
/// without what is only told to people.
enum JSONSchemaDefinition {
  private static let annotations = [
    "title", "description", "default", "examples", "$comment", "deprecated", "readOnly", "writeOnly", "nullable",
    "inclusion", "selected", "sql-datatype",
  ]

  /// Nil where the type says it all, and where the schema refers to other places.
  static func text(_ property: Value, _ type: DataType, _ reader: JSONSchemaReader) throws -> String? {
    guard holdsMore(type), var map = property.map, !map.isEmpty, !refers(property) else { return nil }
    for key in annotations { map[key] = nil }
    removeNull(&map)
    if map.isEmpty || map == JSONSchemaWriter.plain(type) { return nil }
    let text = Value.map(map).json()
    return text.utf8.count <= JSONSchema.definitionBytes ? text : nil
  }

  /// A field's definition, where it is one of this kind and means the field's type.
  static func read(_ field: Field) -> ValueMap? {
    guard let text = field.sourceType, text.hasPrefix("{"), case .map(let map)? = try? Value.parseJSON(text) else {
      return nil
    }
    let shape = try? JSONSchemaReader(root: .map(map)).shape(.map(map))
    return shape?.type == field.type ? map : nil
  }

  private static func holdsMore(_ type: DataType) -> Bool {
    switch type {
    case .json, .text: true
    case .list(let element): holdsMore(element)
    default: false
    }
  }

  private static func removeNull(_ map: inout ValueMap) {
    for key in ["type", "enum"] {
      guard let list = map[key]?.list else { continue }
      let null: Value = key == "type" ? "null" : .null
      let rest = list.filter { $0 != null }
      map[key] = key == "type" && rest.count == 1 ? rest[0] : .list(rest)
    }
    for key in ["anyOf", "oneOf"] {
      guard let list = map[key]?.list else { continue }
      let rest = list.filter { $0.map?["type"] != "null" }
      map[key] = .list(rest)
      // One choice that is left, and nothing around it, is the schema itself.
      guard map.count == 1, rest.count == 1, case .map(let only) = rest[0] else { continue }
      map = only
      return removeNull(&map)
    }
  }

  private static func refers(_ value: Value) -> Bool {
    switch value {
    case .map(let map): map["$ref"] != nil || map.contains { refers($0.value) }
    case .list(let list): list.contains(where: refers)
    default: false
    }
  }
}
