internal import Expression
internal import Records

/// An Avro schema: its types in one array, which refer to each other by position, because named types may be recursive.
public struct AvroSchema: Sendable {
  /// Bounds of what a schema may be, so that a hostile one costs little.
  package enum Bound {
    /// Bytes of its JSON text.
    package static let text = 8 << 20
    /// Types inside of types.
    static let depth = 100
    /// Bytes of a `fixed` and of an enum's symbols together.
    static let size = 1 << 28
  }

  enum Kind: String, Sendable {
    case null, boolean, int, long, float, double, bytes, string
    case record
    case enumeration = "enum"
    case array, map, union, fixed
  }

  /// The unit of a time of day or a timestamp.
  enum Unit: Int64, Sendable {
    case millis = 1_000
    case micros = 1_000_000
    case nanos = 1_000_000_000
  }

  /// What a value means beyond its physical type. A logical type that is unknown, or does not fit the type it stands
  /// at, is left out, as the specification says.
  enum Logical: Hashable, Sendable {
    case decimal(precision: Int, scale: Int)
    case uuid
    case date
    case time(Unit)
    case timestamp(Unit, zoned: Bool)
    /// Months, days and milliseconds.
    case duration
    /// A type of Ferry that Avro has no word for, written by Ferry as the property `ferry.type`.
    case ferry(DataType)

    var label: String {
      switch self {
      case .decimal(let precision, let scale): "decimal(\(precision),\(scale))"
      case .uuid: "uuid"
      case .date: "date"
      case .time(let unit): "time-\(unit)"
      case .timestamp(let unit, let zoned): "\(zoned ? "" : "local-")timestamp-\(unit)"
      case .duration: "duration"
      case .ferry(let type): type.name
      }
    }
  }

  struct Member: Sendable {
    var name: String
    /// The name that the column had before it was made an Avro name: the property `ferry.name`.
    var columnName: String
    var aliases: [String]
    var type: Int
    var fallback: Value?

    /// Whether a value of that name is for it.
    func answers(to name: String) -> Bool {
      name.isExactly(columnName) || name.isExactly(self.name) || aliases.containsExactly(name)
    }
  }

  struct Node: Sendable {
    var kind: Kind
    /// The full name of a record, enum or fixed.
    var name = ""
    var aliases: [String] = []
    var logical: Logical?
    /// Of a record.
    var members: [Member] = []
    /// Of an enum.
    var symbols: [String] = []
    var fallbackSymbol: String?
    /// The branches of a union; the element of an array or a map.
    var parts: [Int] = []
    /// Bytes of a fixed.
    var size = 0

    /// What it is called in messages.
    var label: String {
      switch kind {
      case .record, .enumeration, .fixed: "\(kind.rawValue) \(name)"
      default: kind.rawValue
      }
    }
  }

  var nodes: [Node]
  var root: Int
  /// The JSON text it was read from.
  public let text: String

  subscript(_ index: Int) -> Node { nodes[index] }

  /// What a type is called in messages: `decimal(10,2)`, `union of null and int`.
  func label(_ index: Int) -> String {
    let node = nodes[index]
    if node.kind == .union {
      let parts = node.parts.map { label($0) }
      return "union of " + (parts.dropLast().joined(separator: ", ") + " and " + (parts.last ?? "nothing"))
    }
    return node.logical?.label ?? node.label
  }

  /// Reads a schema from its JSON text (an `.avsc`). Throws a failure of the category `schema`.
  ///
  /// - Parameter isStrict: names must be Avro names, as in a schema to write with; files are read whatever their names.
  public init(_ text: String, isStrict: Bool = true) throws {
    var parser = AvroSchemaParser(isStrict: isStrict)
    (root, self.text) = try parser.parse(text)
    nodes = parser.nodes
  }
}
