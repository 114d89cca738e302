internal import Expression
internal import Records

/// How texts and other values become what a schema asks for: Kestra's properties of the writer.
public struct AvroConversion: Sendable {
  public var trueValues = ["t", "true", "enabled", "1", "on", "yes"]
  public var falseValues = ["f", "false", "disabled", "0", "off", "no", ""]
  public var nullValues = [
    "", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "1.#IND", "1.#QNAN", "NA", "n/a", "nan", "null",
  ]
  public var dateFormat = "yyyy-MM-dd[XXX]"
  public var timeFormat = "HH:mm[:ss][.SSSSSS][XXX]"
  public var datetimeFormat = "yyyy-MM-dd'T'HH:mm[:ss][.SSSSSS][XXX]"
  public var decimalSeparator = "."
  /// Refuse values that have more fields than their record.
  public var strictSchema = false
  /// The zone of wall clocks that become instants, and the other way round.
  public var timeZone = "UTC"

  public init() {}
}

/// Writes values as the types of a schema. Unions are resolved by value: the branch that has the value's own type comes
/// before one that it can be converted to, and among equals the first.
final class AvroConverter {
  private let schema: AvroSchema
  private let strictSchema: Bool
  let scalars: AvroScalarWriter
  private static let maxDepth = 128

  init(_ schema: AvroSchema, _ conversion: AvroConversion) throws {
    self.schema = schema
    strictSchema = conversion.strictSchema
    scalars = try AvroScalarWriter(conversion)
  }

  /// False when the value does not become the type; the output is as before then.
  func append(_ datum: AvroDatum, _ index: Int, to out: AvroOut) -> Bool {
    let start = out.count
    if append(datum, index, to: out, 0) { return true }
    out.count = start
    return false
  }

  private func append(_ datum: AvroDatum, _ index: Int, to out: AvroOut, _ depth: Int) -> Bool {
    guard depth < AvroConverter.maxDepth else { return false }
    let node = schema[index]
    switch node.kind {
    case .union: return union(datum, node, to: out, depth)
    case .record: return record(datum, node, to: out, depth)
    case .array: return array(datum, node, to: out, depth)
    case .map: return map(datum, node, to: out, depth)
    default: return scalars.append(datum, node, to: out)
    }
  }

  // MARK: unions

  private func union(_ datum: AvroDatum, _ node: AvroSchema.Node, to out: AvroOut, _ depth: Int) -> Bool {
    let start = out.count
    for isNatural in [true, false] {
      for (branch, part) in node.parts.enumerated() where self.isNatural(datum, schema[part]) == isNatural {
        out.append(long: Int64(branch))
        if append(datum, part, to: out, depth + 1) { return true }
        out.count = start
      }
    }
    return false
  }

  /// Whether a type is the one that a value has by itself.
  private func isNatural(_ datum: AvroDatum, _ node: AvroSchema.Node) -> Bool {
    switch (datum, node.kind) {
    case (.null, .null), (.bool, .boolean), (.list, .array), (.map, .map): return true
    case (.map(let pairs), .record): return fits(pairs.map(\.key), node)
    case (.int, .int), (.int, .long): return node.logical == nil
    case (.float, .float), (.double, .double): return true
    case (.decimal(let digits), .double):
      // JSON has one kind of number.
      return node.logical == nil && digits.last?.isNumber == true && Double(digits).map { "\($0)" == digits } == true
    case (.decimal, .bytes), (.decimal, .fixed):
      if case .decimal? = node.logical { return true }
      return false
    case (.string, .string): return node.logical == nil
    case (.string(let text), .enumeration): return node.symbols.contains(text)
    case (.bytes, .bytes): return node.logical == nil
    case (.bytes(let bytes), .fixed): return node.size == bytes.count && node.logical == nil
    case (.date, .int): return node.logical == .date
    case (.time, .int), (.time, .long):
      if case .time? = node.logical { return true }
      return false
    case (.timestamp(_, _, let zoned), .long):
      if case .timestamp(_, let wanted)? = node.logical { return zoned == wanted }
      return false
    case (.interval, .fixed): return node.logical == .duration
    case (.uuid, .string), (.uuid, .fixed): return node.logical == .uuid
    default: return false
    }
  }

  /// Whether a record has all of the keys, and a default for each field without one.
  private func fits(_ keys: [String], _ node: AvroSchema.Node) -> Bool {
    let known = node.members.allSatisfy { member in
      keys.contains(member.name) || member.fallback != nil || member.aliases.contains(where: keys.contains)
        || schema.isNullable(member.type)
    }
    return known && keys.allSatisfy { key in node.members.contains { $0.name == key || $0.aliases.contains(key) } }
  }

  // MARK: what holds other values

  private func record(_ datum: AvroDatum, _ node: AvroSchema.Node, to out: AvroOut, _ depth: Int) -> Bool {
    var values: [AvroDatum?]
    switch datum {
    case .map(let pairs):
      let byKey = Dictionary(pairs.map { ($0.key, $0.value) }, uniquingKeysWith: { $1 })
      var used = 0
      values = node.members.map { member in
        let name = byKey[member.name] != nil ? member.name : member.aliases.first { byKey[$0] != nil }
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
        guard append(value, member.type, to: out, depth + 1) else { return false }
      } else if let fallback = member.fallback {
        var encoder = AvroDefault(schema: schema)
        guard encoder.encode(fallback, member.type, depth: 0) else { return false }
        unsafe encoder.bytes.withUnsafeBytes { unsafe out.append(raw: $0) }
      } else {
        guard append(.null, member.type, to: out, depth + 1) else { return false }
      }
    }
    return true
  }

  private func array(_ datum: AvroDatum, _ node: AvroSchema.Node, to out: AvroOut, _ depth: Int) -> Bool {
    guard case .list(let values) = datum else { return false }
    if !values.isEmpty { out.append(long: Int64(values.count)) }
    for value in values where !append(value, node.parts[0], to: out, depth + 1) { return false }
    out.append(byte: 0)
    return true
  }

  private func map(_ datum: AvroDatum, _ node: AvroSchema.Node, to out: AvroOut, _ depth: Int) -> Bool {
    guard case .map(let pairs) = datum else { return false }
    if !pairs.isEmpty { out.append(long: Int64(pairs.count)) }
    for (key, value) in pairs {
      out.append(text: key)
      guard append(value, node.parts[0], to: out, depth + 1) else { return false }
    }
    out.append(byte: 0)
    return true
  }
}
