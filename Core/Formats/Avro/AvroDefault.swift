internal import Expression
internal import Records

/// Encodes the default of a field, which the schema gives as JSON, as it would lie in a file.
struct AvroDefault {
  let schema: AvroSchema
  private(set) var bytes: [UInt8] = []

  init(schema: AvroSchema) { self.schema = schema }

  /// False when the value does not fit the type.
  mutating func encode(_ value: Value, _ index: Int, depth: Int) -> Bool {
    guard depth < AvroSchema.Bound.depth else { return false }
    let node = schema[index]
    switch node.kind {
    case .null: return value.isNull
    case .boolean:
      guard case .bool(let flag) = value else { return false }
      bytes.append(flag ? 1 : 0)
      return true
    case .int, .long:
      guard case .int(let number) = value, node.kind == .long || Int32(exactly: number) != nil else { return false }
      append(number)
      return true
    case .float, .double:
      guard let number = Self.number(value) else { return false }
      // Digits are rounded once.
      let single = if case .decimal(let text) = value { Float(text) ?? Float(number) } else { Float(number) }
      if node.kind == .float { append(little: single.bitPattern) } else { append(little: number.bitPattern) }
      return true
    case .string:
      guard case .string(let text) = value else { return false }
      append(Int64(text.utf8.count))
      bytes += text.utf8
      return true
    case .bytes, .fixed: return encode(bytes: value, node)
    case .enumeration:
      guard case .string(let symbol) = value, let place = node.symbols.firstIndex(ofExactly: symbol) else {
        return false
      }
      append(Int64(place))
      return true
    case .array, .map: return encode(elements: value, node, depth)
    case .record: return encode(members: value, node, depth)
    case .union: return encode(branch: value, node, depth)
    }
  }

  private static func number(_ value: Value) -> Double? {
    switch value {
    case .int(let number): Double(number)
    case .double(let number): number
    case .decimal(let text): Double(text)
    case .string("NaN"): .nan
    case .string("Infinity"), .string("INF"): .infinity
    case .string("-Infinity"), .string("-INF"): -.infinity
    default: nil
    }
  }

  private mutating func append(_ number: Int64) {
    var rest = UInt64(bitPattern: number << 1 ^ number >> 63)
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  private mutating func append<T: FixedWidthInteger>(little value: T) {
    for place in 0..<T.bitWidth / 8 { bytes.append(UInt8(truncatingIfNeeded: value >> (place * 8))) }
  }

  /// Each character stands for the byte of its code point.
  private mutating func encode(bytes value: Value, _ node: AvroSchema.Node) -> Bool {
    guard case .string(let text) = value else { return false }
    let raw = text.unicodeScalars.compactMap { UInt8(exactly: $0.value) }
    guard raw.count == text.unicodeScalars.count else { return false }
    if node.kind == .bytes { append(Int64(raw.count)) } else if raw.count != node.size { return false }
    bytes += raw
    return true
  }

  private mutating func encode(elements value: Value, _ node: AvroSchema.Node, _ depth: Int) -> Bool {
    var pairs: [(String?, Value)] = []
    switch (value, node.kind) {
    case (.list(let values), .array): pairs = values.map { (nil, $0) }
    case (.map(let map), .map): pairs = map.map { ($0.key, $0.value) }
    default: return false
    }
    if !pairs.isEmpty { append(Int64(pairs.count)) }
    for (key, value) in pairs {
      if let key {
        append(Int64(key.utf8.count))
        bytes += key.utf8
      }
      guard encode(value, node.parts[0], depth: depth + 1) else { return false }
    }
    append(0)
    return true
  }

  private mutating func encode(members value: Value, _ node: AvroSchema.Node, _ depth: Int) -> Bool {
    guard case .map(let map) = value else { return false }
    for member in node.members {
      guard let value = map[member.name] ?? member.fallback, encode(value, member.type, depth: depth + 1) else {
        return false
      }
    }
    return true
  }

  /// The specification's defaults are of the first branch; later editions take any branch that fits.
  private mutating func encode(branch value: Value, _ node: AvroSchema.Node, _ depth: Int) -> Bool {
    let start = bytes.count
    for (place, part) in node.parts.enumerated() {
      append(Int64(place))
      if encode(value, part, depth: depth + 1) { return true }
      bytes.removeLast(bytes.count - start)
    }
    return false
  }
}
