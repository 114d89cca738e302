internal import Records

/// A value of the control plane: what a flow's YAML holds, what an expression evaluates to, what a task puts out.
///
/// Data of records never passes through here; it stays in columns (`Records`).
public enum Value: Hashable, Sendable {
  case null
  case bool(Bool)
  case int(Int64)
  case double(Double)
  /// A number that neither `int` nor `double` holds exactly, as its decimal digits: `-?digits[.digits]`.
  case decimal(String)
  case string(String)
  case list([Value])
  case map(ValueMap)
  /// A text or number that is secret in part. Only what leaves the engine differs by that: it equals the same value
  /// that is none.
  case secret(Secret)
}

extension Value {
  public static func == (a: Value, b: Value) -> Bool {
    switch (a, b) {
    case (.null, .null): true
    case (.bool(let a), .bool(let b)): a == b
    case (.int(let a), .int(let b)): a == b
    case (.double(let a), .double(let b)): a == b
    case (.decimal(let a), .decimal(let b)), (.string(let a), .string(let b)): a.isExactly(b)
    case (.list(let a), .list(let b)): a == b
    case (.map(let a), .map(let b)): a == b
    case (.secret(let a), _): a.value == b.plain
    case (_, .secret(let b)): a == b.value
    default: false
    }
  }

  public func hash(into hasher: inout Hasher) {
    switch self {
    case .null: hasher.combine(0)
    case .bool(let flag): hasher.combine(flag)
    case .int(let number): hasher.combine(number)
    case .double(let number): hasher.combine(number)
    case .decimal(let text), .string(let text): hasher.combine(ExactText(text))
    case .list(let values): hasher.combine(values)
    case .map(let map): hasher.combine(map)
    case .secret(let secret): secret.value.hash(into: &hasher)
    }
  }
}

extension Value: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
  ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral, ExpressibleByFloatLiteral
{
  public init(stringLiteral value: String) { self = .string(value) }
  public init(integerLiteral value: Int64) { self = .int(value) }
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  public init(floatLiteral value: Double) { self = .double(value) }
  public init(arrayLiteral elements: Value...) { self = .list(elements) }
  public init(dictionaryLiteral elements: (String, Value)...) { self = .map(ValueMap(elements)) }
  public init(nilLiteral: ()) { self = .null }
}

extension Value {
  /// Also of one that is secret.
  public var string: String? {
    switch self {
    case .string(let text): text
    case .secret(let secret): secret.value.string
    default: nil
    }
  }

  /// Also of one that is secret.
  public var int: Int64? {
    switch self {
    case .int(let number): number
    case .secret(let secret): secret.value.int
    default: nil
    }
  }

  public var bool: Bool? { if case .bool(let flag) = self { flag } else { nil } }
  public var list: [Value]? { if case .list(let values) = self { values } else { nil } }
  public var map: ValueMap? { if case .map(let map) = self { map } else { nil } }
  public var isNull: Bool { if case .null = self { true } else { false } }

  /// What this value is called in an error message.
  public var typeName: String {
    switch self {
    case .null: "null"
    case .bool: "boolean"
    case .int: "integer"
    case .double, .decimal: "number"
    case .string: "string"
    case .list: "list"
    case .map: "map"
    case .secret(let secret): secret.value.typeName
    }
  }

  /// The same with its article, within a sentence.
  var typePhrase: String {
    switch self {
    case .null: "null"
    case .int: "an integer"
    case .secret(let secret): secret.value.typePhrase
    default: "a \(typeName)"
    }
  }
}
