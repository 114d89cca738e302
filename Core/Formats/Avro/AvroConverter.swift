internal import Expression
internal import Records

/// Writes values as the types of a schema. Unions are resolved by value: the branch that has the value's own type comes
/// first, then those of its kind, then those that it can be converted to; among equals the first.
final class AvroConverter {
  private let schema: AvroSchema
  private let isJSON: Bool
  private let strictSchema: Bool
  private let coercesWords: Bool
  let scalars: AvroScalarWriter
  private static let maxDepth = 128

  /// - Parameter isJSON: the values come out of JSON texts, where bytes are Base64.
  init(_ schema: AvroSchema, _ conversion: AvroConversion, isJSON: Bool) throws {
    self.schema = schema
    self.isJSON = isJSON
    strictSchema = conversion.strictSchema
    coercesWords = conversion.coercesWords
    scalars = try AvroScalarWriter(conversion, isJSON: isJSON)
  }

  /// False when the value does not become the type; the output is as before then.
  func append(_ datum: AvroDatum, _ index: Int, to out: inout ByteBuffer) -> Bool {
    let start = out.count
    if append(datum, index, to: &out, 0) { return true }
    out.truncate(to: start)
    return false
  }

  private func append(_ datum: AvroDatum, _ index: Int, to out: inout ByteBuffer, _ depth: Int) -> Bool {
    guard depth < AvroConverter.maxDepth else { return false }
    let node = schema[index]
    switch node.kind {
    case .union: return union(datum, node, to: &out, depth)
    case .record: return record(datum, node, to: &out, depth)
    case .array: return array(datum, node, to: &out, depth)
    case .map: return map(datum, node, to: &out, depth)
    default: return scalars.append(datum, node, to: &out)
    }
  }

  // MARK: unions

  private func union(_ datum: AvroDatum, _ node: AvroSchema.Node, to out: inout ByteBuffer, _ depth: Int) -> Bool {
    var datum = datum
    if coercesWords, case .string(let text) = datum, scalars.isNull(text) { datum = .null }
    let start = out.count
    let ranks = node.parts.map { rank(datum, schema[$0]) }
    for wanted in 0...2 {
      for (branch, part) in node.parts.enumerated() where ranks[branch] == wanted {
        out.append(zigzag: Int64(branch))
        if append(datum, part, to: &out, depth + 1) { return true }
        out.truncate(to: start)
      }
    }
    return false
  }

  /// How near a type is to a value: 0 its own type, 1 one of its kind, 2 any other.
  private func rank(_ datum: AvroDatum, _ node: AvroSchema.Node) -> Int {
    switch (datum, node.kind) {
    case (.null, .null), (.bool, .boolean), (.list, .array), (.map, .map): return 0
    case (.map(let pairs), .record): return fits(pairs.map(\.key), node) ? 0 : 2
    case (.int, .int), (.int, .long): return node.logical == nil ? 0 : 2
    case (.float, .float), (.double, .double): return 0
    case (.int, .double), (.float, .double), (.double, .float), (.int, .float): return 1
    case (.decimal(let digits), .double):
      // JSON has one kind of number.
      let isExact = digits.last?.isNumber == true && Double(digits).map { "\($0)" == digits } == true
      return isExact ? 0 : 1
    case (.decimal(let digits), .long), (.decimal(let digits), .int): return digits.contains(".") ? 2 : 1
    case (.decimal, .bytes), (.decimal, .fixed), (.int, .bytes), (.int, .fixed), (.double, .bytes), (.double, .fixed):
      guard case .decimal? = node.logical else { return 2 }
      if case .decimal = datum { return 0 }
      return 1
    case (.string(let text), .string):
      if node.logical == .uuid { return ScalarText.uuid(text) == nil ? 2 : 1 }
      return node.logical == nil ? 0 : 1
    case (.string(let text), .enumeration): return node.symbols.containsExactly(text) ? 0 : 2
    // JSON has no other form for these.
    case (.string, .bytes), (.string, .fixed): return isJSON || node.logical != nil ? 1 : 2
    case (.string(let text), .float), (.string(let text), .double):
      return isJSON && ["NaN", "Infinity", "-Infinity"].contains(text) ? 1 : 2
    case (.string, _): return node.logical == nil ? 2 : 1
    case (.bytes, .bytes): return node.logical == nil ? 0 : 2
    case (.bytes(let bytes), .fixed): return node.size == bytes.count && node.logical == nil ? 0 : 2
    default: return rankOfTime(datum, node)
    }
  }

  private func rankOfTime(_ datum: AvroDatum, _ node: AvroSchema.Node) -> Int {
    switch (datum, node.logical) {
    case (.date, .date?), (.time, .time?), (.interval, .duration?), (.uuid, .uuid?): return 0
    case (.timestamp(_, _, let zoned), .timestamp(_, let wanted)?): return zoned == wanted ? 0 : 1
    case (.date, .timestamp?), (.timestamp, .date?): return 1
    case (.offsetTimestamp, .timestamp?): return 1
    case (.interval, .ferry(.interval)?), (.offsetTimestamp, .ferry(.offsetTimestamp)?): return 0
    default: return 2
    }
  }

  /// Whether a record has all of the keys, and a default for each field without one.
  private func fits(_ keys: [String], _ node: AvroSchema.Node) -> Bool {
    let known = node.members.allSatisfy { member in
      keys.contains(where: member.answers) || member.fallback != nil || schema.isNullable(member.type)
    }
    return known && keys.allSatisfy { key in node.members.contains { $0.answers(to: key) } }
  }

  // MARK: what holds other values

  private func record(_ datum: AvroDatum, _ node: AvroSchema.Node, to out: inout ByteBuffer, _ depth: Int) -> Bool {
    var values: [AvroDatum?]
    switch datum {
    case .map(let pairs):
      let byKey = Dictionary(pairs.map { (ExactText($0.key), $0.value) }, uniquingKeysWith: { $1 })
      var used = 0
      values = node.members.map { member in
        let name = ([member.columnName, member.name] + member.aliases).map(\.exact).first { byKey[$0] != nil }
        if name != nil { used += 1 }
        return name.flatMap { byKey[$0] }
      }
      if strictSchema, used < byKey.count { return false }
    case .list(let list):
      if list.count > node.members.count, strictSchema { return false }
      values = node.members.indices.map { $0 < list.count ? list[$0] : nil }
    default: return false
    }
    for (member, value) in zip(node.members, values) {
      if let value {
        guard append(value, member.type, to: &out, depth + 1) else { return false }
      } else if let fallback = member.fallback {
        var encoder = AvroDefault(schema: schema)
        guard encoder.encode(fallback, member.type, depth: 0) else { return false }
        out.append(encoder.bytes)
      } else {
        guard append(.null, member.type, to: &out, depth + 1) else { return false }
      }
    }
    return true
  }

  private func array(_ datum: AvroDatum, _ node: AvroSchema.Node, to out: inout ByteBuffer, _ depth: Int) -> Bool {
    guard case .list(let values) = datum else { return false }
    if !values.isEmpty { out.append(zigzag: Int64(values.count)) }
    for value in values where !append(value, node.parts[0], to: &out, depth + 1) { return false }
    out.append(byte: 0)
    return true
  }

  private func map(_ datum: AvroDatum, _ node: AvroSchema.Node, to out: inout ByteBuffer, _ depth: Int) -> Bool {
    guard case .map(let pairs) = datum else { return false }
    if !pairs.isEmpty { out.append(zigzag: Int64(pairs.count)) }
    for (key, value) in pairs {
      out.append(counted: key)
      guard append(value, node.parts[0], to: &out, depth + 1) else { return false }
    }
    out.append(byte: 0)
    return true
  }
}
