public import Expression
public import Records

/// What a property takes, for checking literals, the JSON Schema, the help and the reference page.
public indirect enum PropertyShape: Hashable, Sendable {
  case any
  case string
  case integer
  case number
  case boolean
  /// ISO 8601: `PT10S`, `P1DT2H`.
  case duration
  /// A URI of internal storage or `file:///…`.
  case uri
  case choice([String])
  case list(PropertyShape)
  case map(PropertyShape)
  case object([PropertyDeclaration])
  /// A list of tasks, checked as tasks.
  case tasks

  /// The word for it in messages and in the reference.
  public var name: String {
    switch self {
    case .any: "any"
    case .string: "string"
    case .integer: "integer"
    case .number: "number"
    case .boolean: "boolean"
    case .duration: "duration"
    case .uri: "URI"
    case .choice(let names): names.joined(separator: " | ")
    case .list(.any): "list"
    case .map(.any): "map"
    case .list(let element): "list of \(element.name)"
    case .map(let element): "map of \(element.name)"
    case .object: "object"
    case .tasks: "list of tasks"
    }
  }
}

/// A value that is not what the property takes; the decoder adds the property's name and position.
public struct PropertyMismatch: Error, Sendable {
  public let message: String
  /// Where inside of the property: `columns[2].type`.
  public var path: String

  public init(_ message: String, path: String = "") {
    self.message = message
    self.path = path
  }

  static func expected(_ shape: PropertyShape, _ value: Value) -> PropertyMismatch {
    PropertyMismatch("expected \(shape.name), found \(value.typeName)")
  }
}

/// A type that a `@Property` can have.
public protocol PropertyValue: Sendable {
  static var propertyShape: PropertyShape { get }
  /// The value for a property that the flow does not set, when there is one: nil for an optional.
  static var absent: Self? { get }
  init(property: Value) throws
}

extension PropertyValue {
  public static var absent: Self? { nil }
}

extension Value: PropertyValue {
  public static var propertyShape: PropertyShape { .any }
  public init(property: Value) { self = property }
}

/// A text of which the task shows or puts out again: what is secret of it stays so.
extension MarkedText: PropertyValue {
  public static var propertyShape: PropertyShape { .string }
  public init(property: Value) throws {
    let text = try String(property: property)
    self = property.isSecret ? property.markedText : MarkedText(text)
  }
}

extension String: PropertyValue {
  public static var propertyShape: PropertyShape { .string }
  /// Numbers and booleans are taken as their text, as YAML authors expect of `password: 1234`.
  public init(property: Value) throws {
    switch property.plain {
    case .string(let text): self = text
    case .int, .double, .decimal, .bool: self = property.text
    default: throw PropertyMismatch.expected(.string, property)
    }
  }
}

extension Int: PropertyValue {
  public static var propertyShape: PropertyShape { .integer }
  public init(property: Value) throws {
    if let number = property.int {
      self = Int(number)
      return
    }
    if let text = property.string, let number = Int(text) {
      self = number
      return
    }
    throw PropertyMismatch.expected(.integer, property)
  }
}

extension Double: PropertyValue {
  public static var propertyShape: PropertyShape { .number }
  public init(property: Value) throws {
    switch property.plain {
    case .int(let number): self = Double(number)
    case .double(let number): self = number
    case .decimal(let text), .string(let text):
      guard let number = Double(text) else { throw PropertyMismatch.expected(.number, property) }
      self = number
    default: throw PropertyMismatch.expected(.number, property)
    }
  }
}

extension Bool: PropertyValue {
  public static var propertyShape: PropertyShape { .boolean }
  public init(property: Value) throws {
    switch property.plain {
    case .bool(let flag): self = flag
    case .string("true"): self = true
    case .string("false"): self = false
    default: throw PropertyMismatch.expected(.boolean, property)
    }
  }
}

extension Duration: PropertyValue {
  public static var propertyShape: PropertyShape { .duration }
  /// ISO 8601 (`PT1M30S`), or a number of seconds.
  public init(property: Value) throws {
    switch property.plain {
    case .int(let seconds): self = .seconds(seconds)
    case .double(let seconds): self = .seconds(seconds)
    case .string(let text):
      guard let duration = Duration(iso8601: text) else {
        throw PropertyMismatch("expected a duration such as PT30S, PT5M or P1D, found \"\(text)\"")
      }
      self = duration
    default: throw PropertyMismatch.expected(.duration, property)
    }
  }
}

/// A URI of internal storage (`ferry:///…`, `kestra:///…`) or of a local file (`file:///…`), or the path of a file,
/// which begins where the flow's file lies.
public struct StorageReference: PropertyValue, Hashable {
  public static var propertyShape: PropertyShape { .uri }
  public let uri: String
  public init(property: Value) throws {
    guard let text = property.string, !text.isEmpty else {
      let found = property == "" ? "an empty text" : property.typeName
      throw PropertyMismatch(
        "expected a URI such as {{ outputs.query.uri }} or a path such as orders.arrow, found \(found)")
    }
    uri = text
  }
}

extension Optional: PropertyValue where Wrapped: PropertyValue {
  public static var propertyShape: PropertyShape { Wrapped.propertyShape }
  public static var absent: Wrapped?? { .some(nil) }
  public init(property: Value) throws {
    self = property.isNull ? nil : try Wrapped(property: property)
  }
}

extension Array: PropertyValue where Element: PropertyValue {
  public static var propertyShape: PropertyShape { .list(Element.propertyShape) }
  /// A text that holds a JSON list is taken as that list: expressions often render one.
  public init(property: Value) throws {
    var property = property
    if property.string?.first == "[", let parsed = try? Value.parseJSON(property.markedText) {
      property = parsed
    }
    guard case .list(let values) = property else { throw PropertyMismatch.expected(Self.propertyShape, property) }
    self = try values.enumerated().map { index, value in
      try atPath("[\(index)]") { try Element(property: value) }
    }
  }
}

extension ValueMap: PropertyValue {
  public static var propertyShape: PropertyShape { .map(.any) }
  public init(property: Value) throws {
    var property = property
    if property.string?.first == "{", let parsed = try? Value.parseJSON(property.markedText) {
      property = parsed
    }
    guard case .map(let map) = property else { throw PropertyMismatch.expected(.map(.any), property) }
    self = map
  }
}

extension Dictionary: PropertyValue where Key == ExactText, Value: PropertyValue {
  public static var propertyShape: PropertyShape { .map(Value.propertyShape) }
  public init(property: Expression.Value) throws {
    let map = try ValueMap(property: property)
    self = [:]
    for (key, value) in map {
      self[ExactText(key)] = try atPath(".\(key)") { try Value(property: value) }
    }
  }
}

/// An enum of texts. Upper and lower case do not matter.
public protocol PropertyChoice: PropertyValue, CaseIterable, RawRepresentable where RawValue == String {}

extension PropertyChoice {
  public static var propertyShape: PropertyShape { .choice(allCases.map(\.rawValue)) }
  public init(property: Value) throws {
    guard let text = property.string,
      let match = Self.allCases.first(where: { $0.rawValue.lowercased() == text.lowercased() })
    else {
      let names = Self.allCases.map(\.rawValue)
      let found = property.string.map { "\"\($0)\"" } ?? property.typeName
      let hint = property.string.flatMap { nearest($0, in: names) }.map { ". Did you mean \($0)?" } ?? ""
      throw PropertyMismatch("expected one of \(names.joined(separator: ", ")), found \(found)\(hint)")
    }
    self = match
  }
}

/// A nested object whose members are themselves properties.
public protocol PropertyObject: PropertyValue, Declaring, Decodable {}

extension PropertyObject {
  public static var propertyShape: PropertyShape { .object(PropertyDeclaration.collect(from: Self())) }
  public init(property: Value) throws {
    guard case .map(let map) = property else { throw PropertyMismatch.expected(.object([]), property) }
    self = try PropertyDecoder.decode(Self.self, from: map)
  }
}

/// Adds the place inside a property to a mismatch that `body` throws.
func atPath<T>(_ step: String, _ body: () throws -> T) throws -> T {
  do { return try body() } catch var mismatch as PropertyMismatch {
    mismatch.path = step + mismatch.path
    throw mismatch
  }
}
