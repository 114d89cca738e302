internal import Expression
internal import Records

/// What the JSON texts of a column have in common, as an Avro type: objects become records, lists arrays. Where values
/// at one place are of several kinds, they stay JSON texts. Nothing is lost but the order of members and whether one
/// was missing or null.
final class AvroStructure {
  private enum Bound {
    /// Members of an object: with more of them the keys are data.
    static let members = 1_000
    static let depth = 50
  }

  private struct Kinds: OptionSet {
    let rawValue: UInt16
    static let bool = Kinds(rawValue: 1)
    static let int = Kinds(rawValue: 2)
    /// Integers of 64 bits that a double does not hold.
    static let long = Kinds(rawValue: 4)
    static let double = Kinds(rawValue: 8)
    /// All other numbers.
    static let digits = Kinds(rawValue: 16)
    static let text = Kinds(rawValue: 32)
    static let list = Kinds(rawValue: 64)
    static let object = Kinds(rawValue: 128)
    static let any = Kinds(rawValue: 256)
  }

  private var kinds: Kinds = []
  private var items: AvroStructure?
  private var keys: [String] = []
  private var members: [ExactText: AvroStructure] = [:]

  func add(_ value: Value) { add(value, depth: 0) }

  /// A text that would lose something as a value.
  func addOther() { kinds.insert(.any) }

  private func add(_ value: Value, depth: Int) {
    switch value {
    case .null: break
    case .bool: kinds.insert(.bool)
    case .int(let number): kinds.insert(number.magnitude > 1 << 53 ? .long : .int)
    case .double: kinds.insert(.double)
    case .decimal: kinds.insert(.digits)
    case .string: kinds.insert(.text)
    case .secret(let secret): add(secret.value, depth: depth)
    case .list(let values):
      kinds.insert(depth < Bound.depth ? .list : .any)
      let items = items ?? AvroStructure()
      self.items = items
      if depth < Bound.depth { values.forEach { items.add($0, depth: depth + 1) } }
    case .map(let map):
      kinds.insert(depth < Bound.depth ? .object : .any)
      if depth < Bound.depth { add(map, depth) }
    }
  }

  private func add(_ map: ValueMap, _ depth: Int) {
    for (key, value) in map {
      if let known = members[ExactText(key)] {
        known.add(value, depth: depth + 1)
        continue
      }
      guard keys.count < Bound.members else {
        kinds.insert(.any)
        return
      }
      let member = AvroStructure()
      members[ExactText(key)] = member
      keys.append(key)
      member.add(value, depth: depth + 1)
    }
  }

  /// The JSON text of the type; nil when there is none but JSON.
  ///
  /// - Parameters:
  ///   - name: what a record is called after.
  ///   - names: those of records so far.
  func type(_ name: String, _ names: inout AvroNames) -> String? {
    switch kinds {
    case []: "\"null\""
    case .bool: "\"boolean\""
    case .int, .long, [.int, .long]: "\"long\""
    case .double, [.int, .double]: "\"double\""
    case let numbers where numbers.isSubset(of: [.int, .long, .double, .digits]): AvroInference.type(.numeric)
    case .text: "\"string\""
    case .list: items.map { "{\"type\":\"array\",\"items\":\($0.nullable(name, &names))}" }
    case .object: record(name, &names)
    default: nil
    }
  }

  private static let json = AvroInference.type(.json) ?? "\"string\""

  private func nullable(_ name: String, _ names: inout AvroNames) -> String {
    let type = type(name, &names) ?? AvroStructure.json
    return kinds.isEmpty ? type : "[\"null\",\(type)]"
  }

  private func record(_ name: String, _ names: inout AvroNames) -> String {
    let unique = names.unique(name)
    var fields: [String] = []
    for (key, name) in zip(keys, AvroNames.names(for: keys)) {
      let type = members[ExactText(key)]?.type("\(unique)_\(name)", &names) ?? AvroStructure.json
      fields.append(AvroInference.field(key, as: name, type, isNullable: true))
    }
    return "{\"type\":\"record\",\"name\":\"\(unique)\",\"fields\":[\(fields.joined(separator: ","))]}"
  }
}
