internal import Expression
internal import Records

/// Reads the JSON form of a schema.
struct AvroSchemaParser {
  let isStrict: Bool
  var nodes: [AvroSchema.Node] = []
  private var named: [ExactText: Int] = [:]

  init(isStrict: Bool) { self.isStrict = isStrict }

  /// Returns the type and the JSON text of it.
  mutating func parse(_ text: String) throws -> (root: Int, text: String) {
    guard text.utf8.count <= AvroSchema.Bound.text else {
      throw invalid("its text takes \(text.utf8.count) bytes, at most \(AvroSchema.Bound.text) are possible")
    }
    do {
      return (try type(Value.parseJSON(text), namespace: "", depth: 0), text)
    } catch let failure as Failure {
      throw failure
    } catch {
      // A bare name is a schema as well, and people write it without quotes.
      let word = text.filter { !$0.isWhitespace }
      guard let kind = AvroSchema.Kind(rawValue: word), Self.primitives.contains(kind) else {
        throw invalid("\(error)")
      }
      return (add(.init(kind: kind)), "\"\(word)\"")
    }
  }

  private func invalid(_ message: String) -> Failure { Failure(.schema, "reading an Avro schema: \(message)") }

  private mutating func type(_ value: Value, namespace: String, depth: Int) throws -> Int {
    guard depth < AvroSchema.Bound.depth else { throw invalid("types are nested more than \(depth) deep") }
    switch value {
    case .string(let name): return try reference(name, namespace)
    case .list(let branches): return try union(branches, namespace, depth)
    case .map(let map): return try object(map, namespace, depth)
    default: throw invalid("expected the name of a type, an object or a list, found \(value.typeName)")
    }
  }

  private mutating func add(_ node: AvroSchema.Node) -> Int {
    nodes.append(node)
    return nodes.count - 1
  }

  private static let primitives: Set<AvroSchema.Kind> = [
    .null, .boolean, .int, .long, .float, .double, .bytes, .string,
  ]

  private mutating func reference(_ name: String, _ namespace: String) throws -> Int {
    if let kind = AvroSchema.Kind(rawValue: name), Self.primitives.contains(kind) { return add(.init(kind: kind)) }
    if let index = named[ExactText(Self.fullName(name, namespace))] ?? named[ExactText(name)] { return index }
    throw invalid("the type '\(name)' is not defined")
  }

  private static func fullName(_ name: String, _ namespace: String) -> String {
    name.contains(".") || namespace.isEmpty ? name : "\(namespace).\(name)"
  }

  private mutating func union(_ branches: [Value], _ namespace: String, _ depth: Int) throws -> Int {
    let index = add(.init(kind: .union))
    var labels: Set<ExactText> = []
    for branch in branches {
      let part = try type(branch, namespace: namespace, depth: depth + 1)
      guard nodes[part].kind != .union else { throw invalid("a union stands directly inside of a union") }
      // The branches of a file are told apart by their numbers all the same.
      guard labels.insert(ExactText(nodes[part].label)).inserted || !isStrict else {
        throw invalid("a union has two branches of the type '\(nodes[part].label)'")
      }
      nodes[index].parts.append(part)
    }
    return index
  }

  private mutating func object(_ map: ValueMap, _ namespace: String, _ depth: Int) throws -> Int {
    guard let type = map["type"] else { throw invalid("a type has no 'type'") }
    guard case .string(let word) = type else {
      // {"type": {"type": "long"}, "logicalType": …}: the inner one counts, the outer one only adds to it.
      let inner = try self.type(type, namespace: namespace, depth: depth + 1)
      if nodes[inner].logical == nil, nodes[inner].name.isEmpty { nodes[inner].logical = logical(map, nodes[inner]) }
      return inner
    }
    switch word {
    case "record", "error": return try record(map, namespace, depth)
    case "enum": return try enumeration(map, namespace)
    case "fixed": return try fixed(map, namespace)
    case "array", "map":
      guard let part = map[word == "array" ? "items" : "values"] else {
        throw invalid("a type '\(word)' has no element")
      }
      let index = add(.init(kind: word == "array" ? .array : .map))
      nodes[index].parts = [try self.type(part, namespace: namespace, depth: depth + 1)]
      return index
    default:
      let index = try reference(word, namespace)
      if nodes[index].name.isEmpty { nodes[index].logical = logical(map, nodes[index]) }
      return index
    }
  }

  // MARK: named types

  private mutating func define(_ kind: AvroSchema.Kind, _ map: ValueMap, _ namespace: String) throws -> Int {
    // Polars writes records without a name.
    guard let name = map["name"]?.string, !name.isEmpty || !isStrict else {
      throw invalid("a type '\(kind.rawValue)' has no name")
    }
    let full = Self.fullName(name, map["namespace"]?.string ?? namespace)
    try full.split(separator: ".", omittingEmptySubsequences: false).forEach { try check(name: $0) }
    guard named[ExactText(full)] == nil, !Self.primitives.contains(where: { $0.rawValue == full }) else {
      throw invalid("the name '\(full)' is defined twice")
    }
    let space = Self.namespace(of: full)
    let aliases = (map["aliases"]?.list ?? []).compactMap(\.string).map { Self.fullName($0, space) }
    let index = add(.init(kind: kind, name: full, aliases: aliases))
    named[ExactText(full)] = index
    return index
  }

  private static func namespace(of full: String) -> String {
    full.lastIndex(of: ".").map { String(full[..<$0]) } ?? ""
  }

  private func check(name: some StringProtocol) throws {
    guard isStrict, !Self.isName(name) else { return }
    throw invalid("'\(name)' is not an Avro name: letters, digits and _ only, and no digit in front")
  }

  static func isName(_ name: some StringProtocol) -> Bool {
    guard let first = name.utf8.first, first &- 48 > 9 else { return false }
    return name.utf8.allSatisfy { $0 == 0x5F || $0 &- 48 < 10 || ($0 | 0x20) &- 97 < 26 }
  }

  private mutating func record(_ map: ValueMap, _ namespace: String, _ depth: Int) throws -> Int {
    let index = try define(.record, map, namespace)
    guard let members = map["fields"]?.list else { throw invalid("the record '\(nodes[index].name)' has no 'fields'") }
    let inner = Self.namespace(of: nodes[index].name)
    var names: Set<ExactText> = []
    for member in members {
      guard let member = member.map, let name = member["name"]?.string, let type = member["type"] else {
        throw invalid("a field of '\(nodes[index].name)' has no name or no type")
      }
      try check(name: name)
      guard names.insert(ExactText(name)).inserted else {
        throw invalid("'\(nodes[index].name)' has two fields '\(name)'")
      }
      let part = try self.type(type, namespace: inner, depth: depth + 1)
      nodes[index].members.append(
        .init(
          name: name, columnName: member["ferry.name"]?.string ?? name,
          aliases: (member["aliases"]?.list ?? []).compactMap(\.string), type: part, fallback: member["default"]))
    }
    return index
  }

  private mutating func enumeration(_ map: ValueMap, _ namespace: String) throws -> Int {
    let index = try define(.enumeration, map, namespace)
    let symbols = (map["symbols"]?.list ?? []).compactMap(\.string)
    guard map["symbols"]?.list?.count == symbols.count, Set(symbols.map(\.exact)).count == symbols.count else {
      throw invalid("the enum '\(nodes[index].name)' has no 'symbols', or one of them twice")
    }
    try symbols.forEach { try check(name: $0) }
    nodes[index].symbols = symbols
    nodes[index].fallbackSymbol = map["default"]?.string
    if isStrict, let symbol = nodes[index].fallbackSymbol, !symbols.containsExactly(symbol) {
      throw invalid("the default '\(symbol)' of the enum '\(nodes[index].name)' is none of its symbols")
    }
    return index
  }

  private mutating func fixed(_ map: ValueMap, _ namespace: String) throws -> Int {
    let index = try define(.fixed, map, namespace)
    guard let size = map["size"]?.int, 0...Int64(AvroSchema.Bound.size) ~= size else {
      throw invalid("the fixed '\(nodes[index].name)' has no 'size' from 0 to \(AvroSchema.Bound.size)")
    }
    nodes[index].size = Int(size)
    nodes[index].logical = logical(map, nodes[index])
    return index
  }

  // MARK: logical types

  private func logical(_ map: ValueMap, _ node: AvroSchema.Node) -> AvroSchema.Logical? {
    if let type = map["ferry.type"]?.string.flatMap({ AvroFerryTypes.type(named: $0, kind: node.kind) }) {
      return .ferry(type)
    }
    switch (map["logicalType"]?.string, node.kind) {
    case ("decimal", .bytes), ("decimal", .fixed): return decimal(map, node)
    case ("uuid", .string): return .uuid
    case ("uuid", .fixed) where node.size == 16: return .uuid
    case ("date", .int): return .date
    case ("time-millis", .int): return .time(.millis)
    case ("time-micros", .long): return .time(.micros)
    case ("timestamp-millis", .long): return .timestamp(.millis, zoned: true)
    case ("timestamp-micros", .long): return .timestamp(.micros, zoned: true)
    case ("timestamp-nanos", .long): return .timestamp(.nanos, zoned: true)
    case ("local-timestamp-millis", .long): return .timestamp(.millis, zoned: false)
    case ("local-timestamp-micros", .long): return .timestamp(.micros, zoned: false)
    case ("local-timestamp-nanos", .long): return .timestamp(.nanos, zoned: false)
    case ("duration", .fixed) where node.size == 12: return .duration
    default: return nil
    }
  }

  private func decimal(_ map: ValueMap, _ node: AvroSchema.Node) -> AvroSchema.Logical? {
    guard let precision = map["precision"]?.int, precision > 0, precision <= 10_000 else { return nil }
    guard let scale = (map["scale"] ?? 0).int, scale >= 0, scale <= precision else { return nil }
    // A fixed of n bytes holds floor(log10(2^(8n−1) − 1)) digits; the fraction is just below log10(2).
    if node.kind == .fixed, Int(precision) > (max(0, node.size * 8 - 1) * 1_292_913_986) >> 32 { return nil }
    return .decimal(precision: Int(precision), scale: Int(scale))
  }
}

/// The types of Ferry that Avro has no word for. They are written as the nearest Avro type with the property
/// `ferry.type`, which other readers leave out of account.
enum AvroFerryTypes {
  static let all: [(name: String, type: DataType, kind: AvroSchema.Kind)] = [
    ("int8", .int8, .int), ("int16", .int16, .int), ("uint8", .uint8, .int), ("uint16", .uint16, .int),
    ("uint32", .uint32, .long), ("time(ns)", .time(.nanoseconds), .long), ("uint64", .uint64, .bytes),
    ("numeric", .numeric, .string), ("json", .json, .string), ("interval", .interval, .string),
    ("timestamp with offset", .offsetTimestamp(.microseconds), .string),
    ("timestamp(ns) with offset", .offsetTimestamp(.nanoseconds), .string),
  ]

  static func type(named name: String, kind: AvroSchema.Kind) -> DataType? {
    all.first { $0.name.isExactly(name) && $0.kind == kind }?.type
  }

  static func name(of type: DataType) -> String? { all.first { $0.type == type }?.name }
}
