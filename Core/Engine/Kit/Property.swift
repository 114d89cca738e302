public import Expression
internal import Records

/// How one property of a task was declared: the source of decoding, checking, schema, help and reference page.
public struct PropertyDeclaration: Sendable, Hashable {
  public var name: String
  public var help: String
  public var shape: PropertyShape
  public var isRequired: Bool
  /// The default as it is shown, nil when there is none.
  public var defaultValue: Expression.Value?
  public var aliases: [String] = []
  /// What to use instead, when the property is only kept for old flows.
  public var deprecated: String?
  /// Why it changes nothing, when it is only accepted.
  public var unused: String?
  public var range: ClosedRange<Int>?
  public var example: String?
  /// Its value is hidden everywhere.
  public var isSecret = false
  /// It is handed to the task as written: the task renders it itself, for each row or each iteration.
  public var isRaw = false
  /// What its expressions come to is text, as in Kestra; else one that is all of a value gives it with its type.
  public var isText = false
  /// The task lays the file that it names into its working directory, under the property's own name: the task's other
  /// expressions have the path under that name.
  public var isLocalFile = false
}

/// A detail of a declaration.
public struct PropertyOption: Sendable {
  let apply: @Sendable (inout PropertyDeclaration) -> Void

  public static func range(_ range: ClosedRange<Int>) -> PropertyOption { .init { $0.range = range } }
  public static func aliases(_ names: String...) -> PropertyOption { .init { $0.aliases = names } }
  public static func example(_ text: String) -> PropertyOption { .init { $0.example = text } }
  public static func deprecated(_ instead: String) -> PropertyOption { .init { $0.deprecated = instead } }
  /// Accepted, so that old flows run; the text says why there is nothing to set.
  public static func unused(_ reason: String) -> PropertyOption { .init { $0.unused = reason } }
  public static var secret: PropertyOption { .init { $0.isSecret = true } }
  /// Its expressions give texts: see `PropertyDeclaration.isText`.
  public static var text: PropertyOption { .init { $0.isText = true } }
  /// A file whose path the task's expressions name: see `PropertyDeclaration.isLocalFile`.
  public static var localFile: PropertyOption { .init { $0.isLocalFile = true } }
  /// Not rendered before the task runs.
  public static var raw: PropertyOption { .init { $0.isRaw = true } }
}

/// A property of a task, declared once:
///
///     @Property("Rows per round trip.", .range(1...1_000_000)) var chunk = 1_000
///
/// In a task made by `init()` it holds the declaration; in a task that runs it holds the value.
@propertyWrapper
public struct Property<Value: PropertyValue>: Sendable, Decodable {
  private enum Storage {
    case declared(PropertyDeclaration, default: Value?)
    case value(Value)
  }

  private var storage: Storage

  /// A required property, or an optional one when the type is an optional.
  public init(_ help: String, _ options: PropertyOption...) {
    self.init(help, options, default: Value.absent, shown: nil)
  }

  /// A property with a default.
  public init(wrappedValue: Value, _ help: String, _ options: PropertyOption...) {
    self.init(help, options, default: wrappedValue, shown: shownDefault(wrappedValue))
  }

  private init(_ help: String, _ options: [PropertyOption], default value: Value?, shown: Expression.Value?) {
    var declaration = PropertyDeclaration(
      name: "", help: help, shape: Value.propertyShape, isRequired: value == nil, defaultValue: shown)
    for option in options { option.apply(&declaration) }
    storage = .declared(declaration, default: value)
  }

  public init(from decoder: any Decoder) throws {
    guard let decoder = decoder as? PropertyDecoder else { throw PropertyMismatch("decoded outside of a flow") }
    guard let key = decoder.key, let found = decoder.declarations[key] as? (PropertyDeclaration, Value?) else {
      throw PropertyMismatch("not declared")
    }
    let (declaration, fallback) = found
    if let given = decoder.given(declaration) {
      let value = try atPath(declaration.name) { try Value(mayBeSecret: given) }
      try declaration.checkRange(given)
      storage = .value(value)
    } else if let fallback {
      storage = .value(fallback)
    } else {
      throw PropertyMismatch("missing property '\(declaration.name)'")
    }
  }

  public var wrappedValue: Value {
    get {
      switch storage {
      case .value(let value): return value
      case .declared(_, default: let value):
        guard let value else { preconditionFailure("a property was read from a task's declaration") }
        return value
      }
    }
    set { storage = .value(newValue) }
  }
}

extension PropertyValue {
  /// What is wrong with a secret is said without it.
  fileprivate init(mayBeSecret given: Value) throws {
    do { self = try Self(property: given) } catch let mismatch as PropertyMismatch {
      guard given.holdsSecret else { throw mismatch }
      _ = try Self(property: given.masked)
      throw PropertyMismatch("expected \(Self.propertyShape.name), found a secret that is none", path: mismatch.path)
    }
  }
}

/// A default as a flow would write it.
private func shownDefault(_ value: Any) -> Value {
  switch value {
  case let value as Bool: .bool(value)
  case let value as Int: .int(Int64(value))
  case let value as Double: .double(value)
  case let value as String: .string(value)
  case let value as Duration: .string(value.iso8601)
  case let value as ValueMap: .map(value)
  case let value as [ExactText: String]:
    .map(ValueMap(value.sorted { $0.key < $1.key }.map { ($0.key.string, .string($0.value)) }))
  case let values as [any PropertyValue]: .list(values.map { shownDefault($0) })
  default: .string((value as? any RawRepresentable).map { "\($0.rawValue)" } ?? "\(value)")
  }
}

/// Properties that several tasks share, declared in a struct of their own and written at the level of the task:
///
///     @PropertyGroup var connection: Connection
@propertyWrapper
public struct PropertyGroup<Group: Decodable & Sendable>: Sendable, Decodable {
  public var wrappedValue: Group

  public init(wrappedValue: Group) { self.wrappedValue = wrappedValue }

  public init(from decoder: any Decoder) throws {
    guard let decoder = decoder as? PropertyDecoder else { throw PropertyMismatch("decoded outside of a flow") }
    wrappedValue = try Group(from: decoder.members(of: decoder.key ?? ""))
  }
}

/// What `Mirror` finds in a declared task.
protocol DeclaredProperty {
  /// The declaration without its name, and the pair that decoding needs.
  var declared: (PropertyDeclaration, pair: (String) -> Any)? { get }
}

extension Property: DeclaredProperty {
  var declared: (PropertyDeclaration, pair: (String) -> Any)? {
    guard case .declared(let declaration, default: let value) = storage else { return nil }
    return (
      declaration,
      { name in
        var named = declaration
        named.name = name
        return (named, value)
      }
    )
  }
}

protocol DeclaredGroup {
  var group: Any { get }
}

extension PropertyGroup: DeclaredGroup {
  var group: Any { wrappedValue }
}

extension PropertyDeclaration {
  /// All declarations of a task that `init()` made, in source order, those of groups where the group stands.
  public static func collect(from declared: Any) -> [PropertyDeclaration] {
    Mirror(reflecting: declared).children.flatMap { child -> [PropertyDeclaration] in
      guard let label = child.label, label.hasPrefix("_") else { return [] }
      if let group = child.value as? any DeclaredGroup { return collect(from: group.group) }
      guard var declaration = (child.value as? any DeclaredProperty)?.declared?.0 else { return [] }
      declaration.name = String(label.dropFirst())
      return [declaration]
    }
  }

  func checkRange(_ value: Value) throws {
    guard let range, let number = value.int, !range.contains(Int(number)) else { return }
    let found = value.markedText.masked
    throw PropertyMismatch(
      "expected an integer from \(range.lowerBound) to \(range.upperBound), found \(found)", path: name)
  }
}

/// A struct of properties: made empty by `init()`, it holds their declarations.
public protocol Declaring: Sendable {
  init()
}
