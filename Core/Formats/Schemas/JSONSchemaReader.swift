internal import Expression
internal import Records

/// Finds out what values a schema allows, as far as columns are concerned.
struct JSONSchemaReader {
  /// What references are looked up in.
  let root: Value
  private let visits = Visits()

  init(root: Value) { self.root = root }

  /// Schemas that were looked into. A few that refer to each other twice make more than anybody can wait for.
  private final class Visits {
    var count = 0
  }

  /// The types of JSON values.
  enum Word: String {
    case null, boolean, integer, number, string, array, object
  }

  /// What a schema allows.
  struct Shape {
    var type: DataType
    var allowsNull: Bool

    static let any = Shape(type: .json, allowsNull: true)
    static let onlyNull = Shape(type: .text, allowsNull: true)
  }

  // MARK: objects

  func schema() throws -> Schema {
    let top = try merged(root, depth: 0)
    let words = try types(top).words
    guard let properties = top["properties"]?.map, words.isEmpty || words.contains(.object) else {
      throw JSONSchema.failure(
        "it does not describe objects with 'properties'",
        "Rows are objects: let the schema be {\"type\": \"object\", \"properties\": {…}}")
    }
    if properties.count > Limits.columns { throw Limits.tooManyColumns("JSON Schema") }
    let required = Set((top["required"]?.list ?? []).compactMap(\.string).map(\.exact))
    return Schema(
      try properties.map { name, property in
        try field(name, property, isRequired: required.contains(ExactText(name)))
      })
  }

  private func field(_ name: String, _ property: Value, isRequired: Bool) throws -> Field {
    do {
      let shape = try shape(property)
      return Field(
        name, shape.type, nullable: !isRequired || shape.allowsNull,
        sourceType: try JSONSchemaDefinition.text(property, shape.type, self))
    } catch let failure as Failure {
      throw failure.whileDoing("property '\(name)'")
    }
  }

  /// A schema's own keywords, with those that `$ref` and `allOf` add to them.
  private func merged(_ value: Value, depth: Int) throws -> ValueMap {
    guard depth < JSONSchema.depth else {
      throw JSONSchema.failure("schemas refer to each other without an end, or more than \(JSONSchema.depth) deep")
    }
    visits.count += 1
    guard visits.count <= JSONSchema.visits else {
      throw JSONSchema.failure("schemas refer to each other more than \(JSONSchema.visits) times")
    }
    guard var map = value.map else { return [:] }
    let parts = try (map["$ref"]?.string.map { [try target($0)] } ?? []) + (map["allOf"]?.list ?? [])
    map["$ref"] = nil
    map["allOf"] = nil
    for part in parts {
      for (key, value) in try merged(part, depth: depth + 1) {
        map[key] = try map[key].map { try both(key, $0, value) } ?? value
      }
    }
    return map
  }

  /// What two schemas that hold at once say together.
  private func both(_ key: String, _ a: Value, _ b: Value) throws -> Value {
    switch (key, a, b) {
    case ("type", _, _):
      let right = try words(b)
      let common = try words(a).filter { right.contains($0) || $0 == .integer && right.contains(.number) }
      return .list(common.map { .string($0.rawValue) })
    case ("properties", .map(var left), .map(let right)):
      for (name, value) in right where left[name] == nil { left[name] = value }
      return .map(left)
    case ("required", .list(let left), .list(let right)): return .list(left + right)
    default: return a
    }
  }

  /// `#/definitions/address`, `#`.
  private func target(_ reference: String) throws -> Value {
    guard reference.hasPrefix("#") else {
      throw JSONSchema.failure(
        "'\(reference)' is not in the schema itself", "Let the schema hold all that it refers to under '$defs'")
    }
    var found = root
    for part in reference.dropFirst().split(separator: "/") {
      let name = String(part.replacing("~1", with: "/").replacing("~0", with: "~"))
      let place = Int(name).flatMap { found.list?.indices.contains($0) == true ? $0 : nil }
      guard let next = found.map?[name] ?? place.flatMap({ found.list?[$0] }) else {
        throw JSONSchema.failure("'\(reference)' is nowhere in the schema")
      }
      found = next
    }
    return found
  }

  // MARK: values

  func shape(_ value: Value, depth: Int = 0) throws -> Shape {
    if case .bool = value { return .any }
    guard value.map != nil else {
      throw JSONSchema.failure("a schema is an object, this is the \(value.typeName) \(value.text)")
    }
    var map = try merged(value, depth: depth)
    guard let choices = (map["anyOf"] ?? map["oneOf"])?.list, map[JSONSchema.ferryType] == nil else {
      return try single(map, depth)
    }
    map["anyOf"] = nil
    map["oneOf"] = nil
    let shapes = try choices.map { choice in
      guard case .map(let own) = choice else { return Shape.any }
      var all = own
      for (key, value) in map where all[key] == nil { all[key] = value }
      return try shape(.map(all), depth: depth + 1)
    }
    let types = try zip(shapes, choices).filter { try !isNull($1) }.map(\.0.type)
    let allowsNull = shapes.contains(where: \.allowsNull)
    if types.isEmpty { return .onlyNull }
    return Shape(type: JSONSchemaReader.common(types), allowsNull: allowsNull)
  }

  private func isNull(_ choice: Value) throws -> Bool {
    guard let map = choice.map else { return false }
    return try map["type"].map { try words($0) == [.null] } ?? (map["const"] == .null || map["enum"]?.list == [.null])
  }

  private func single(_ map: ValueMap, _ depth: Int) throws -> Shape {
    let (words, allowsNull) = try types(map)
    if words.isEmpty { return allowsNull ? .onlyNull : .any }
    if let marked = try marked(map, words) { return Shape(type: marked, allowsNull: allowsNull) }
    let types = try words.map { try type($0, map, depth) }
    return Shape(type: JSONSchemaReader.common(types), allowsNull: allowsNull)
  }

  /// The types that values may have but for null, and whether null is one of them.
  private func types(_ map: ValueMap) throws -> (words: Set<Word>, allowsNull: Bool) {
    var words = try map["type"].map(self.words) ?? []
    let values = (map["enum"]?.list ?? []) + (map["const"].map { [$0] } ?? [])
    if map["type"] == nil { words = values.isEmpty ? implied(map) : values.map(word) }
    let isListed = values.isEmpty || values.contains(.null)
    let allowsNull = words.contains(.null) && isListed || map["nullable"] == true
    return (Set(words).subtracting([.null]), allowsNull)
  }

  private func words(_ type: Value) throws -> [Word] {
    try (type.list ?? [type]).map { value in
      guard let word = value.string.flatMap(Word.init) else {
        throw JSONSchema.failure(
          "'\(value.text)' is no type", "The types are null, boolean, integer, number, string, array and object")
      }
      return word
    }
  }

  private func word(_ value: Value) -> Word {
    switch value {
    case .null: .null
    case .bool: .boolean
    case .int: .integer
    case .double, .decimal: .number
    case .string: .string
    case .list: .array
    case .map: .object
    case .secret(let secret): word(secret.value)
    }
  }

  /// A schema without a type says by its keywords what it is about.
  private func implied(_ map: ValueMap) -> [Word] {
    if map["properties"] != nil || map["patternProperties"] != nil { return [.object] }
    if map["items"] != nil || map["prefixItems"] != nil { return [.array] }
    if map["format"] != nil || map["pattern"] != nil || map["maxLength"] != nil { return [.string] }
    return map["multipleOf"] != nil ? [.number] : []
  }

  /// The type that Ferry wrote behind its keyword, where the rest of the schema is not about something else.
  private func marked(_ map: ValueMap, _ words: Set<Word>) throws -> DataType? {
    guard let type = map[JSONSchema.ferryType]?.string.flatMap(TypeName.parse) else { return nil }
    return try Set(self.words(JSONSchemaWriter.standard(type)["type"] ?? "null")) == words ? type : nil
  }

  private func type(_ word: Word, _ map: ValueMap, _ depth: Int) throws -> DataType {
    switch word {
    case .null: return .text
    case .boolean: return .bool
    case .integer: return JSONSchemaNumber(map).integer
    case .number: return JSONSchemaNumber(map).number
    case .string: return string(map)
    case .object: return .json
    case .array:
      guard let items = map["items"], items.list == nil, map["prefixItems"] == nil else { return .json }
      let element = try shape(items, depth: depth + 1).type
      return element == .json ? .json : .list(element)
    }
  }

  private func string(_ map: ValueMap) -> DataType {
    switch map["format"]?.string {
    case "date-time": return .timestamp(.microseconds, zoned: true)
    case "date": return .date
    case "time": return .time(.microseconds)
    case "duration": return .interval
    case "uuid": return .uuid
    case "byte": return .bytes
    case JSONSchemaNumber.singerDecimal: return JSONSchemaNumber(map).number
    default: return map["contentEncoding"]?.string?.lowercased() == "base64" ? .bytes : .text
    }
  }

  /// A type for values of several: numbers become one that holds them all, texts with and without a format text, and
  /// values of different kinds JSON.
  private static func common(_ types: [DataType]) -> DataType {
    guard let first = types.first, types.contains(where: { $0 != first }) else { return types.first ?? .json }
    if types.allSatisfy(JSONSchemaNumber.isNumber) { return JSONSchemaNumber.common(types) }
    return types.allSatisfy(isString) ? .text : .json
  }

  /// Whether values of the type are strings in JSON.
  private static func isString(_ type: DataType) -> Bool {
    JSONSchemaWriter.standard(type)["type"]?.string == "string"
  }
}
