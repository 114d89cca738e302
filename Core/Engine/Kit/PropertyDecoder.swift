internal import Expression

/// Decodes a task's struct from rendered properties through its synthesised `init(from:)`.
struct PropertyDecoder: Decoder {
  let values: ValueMap
  /// (declaration, default) by the label of the member, nested maps for groups.
  let declarations: [String: Any]
  var key: String?

  var codingPath: [any CodingKey] { [] }
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  static func decode<T: Decodable>(_ type: T.Type, from values: ValueMap) throws -> T {
    guard let declaring = type as? any Declaring.Type else { throw PropertyMismatch("\(type) declares no properties") }
    return try T(from: PropertyDecoder(values, pairs(of: declaring.init())))
  }

  private init(_ values: ValueMap, _ declarations: [String: Any]) {
    self.values = values
    self.declarations = declarations
  }

  private static func pairs(of declared: Any) -> [String: Any] {
    var pairs: [String: Any] = [:]
    for child in Mirror(reflecting: declared).children {
      guard let label = child.label?.dropFirst() else { continue }
      let name = String(label)
      if let group = child.value as? any DeclaredGroup {
        pairs[name] = Self.pairs(of: group.group)
      } else if let found = (child.value as? any DeclaredProperty)?.declared {
        pairs[name] = found.pair(name)
      }
    }
    return pairs
  }

  /// The decoder for the members of a group: the same values, the group's declarations.
  func members(of group: String) -> PropertyDecoder {
    PropertyDecoder(values, declarations[group] as? [String: Any] ?? [:])
  }

  /// What the flow gives for a property, under its name or an alias. An explicit null counts as not given.
  func given(_ declaration: PropertyDeclaration) -> Value? {
    for name in [declaration.name] + declaration.aliases {
      if let value = values[name], !value.isNull { return value }
    }
    return nil
  }

  func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedDecodingContainer<Key> {
    KeyedDecodingContainer(Keyed<Key>(decoder: self))
  }

  func unkeyedContainer() throws -> any UnkeyedDecodingContainer { throw PropertyMismatch("not a list") }
  func singleValueContainer() throws -> any SingleValueDecodingContainer { throw PropertyMismatch("not a value") }

  /// Hands every member the decoder itself, with the member's name: the wrappers do the rest.
  private struct Keyed<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let decoder: PropertyDecoder
    var codingPath: [any CodingKey] { [] }
    var allKeys: [Key] { [] }

    func contains(_ key: Key) -> Bool { true }
    func decodeNil(forKey key: Key) -> Bool { false }

    func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
      var member = decoder
      member.key = key.stringValue
      return try T(from: member)
    }

    func nestedContainer<N: CodingKey>(keyedBy: N.Type, forKey key: Key) throws -> KeyedDecodingContainer<N> {
      throw PropertyMismatch("not a map", path: key.stringValue)
    }
    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
      throw PropertyMismatch("not a list", path: key.stringValue)
    }
    func superDecoder() -> any Decoder { decoder }
    func superDecoder(forKey key: Key) -> any Decoder { decoder }
  }
}
