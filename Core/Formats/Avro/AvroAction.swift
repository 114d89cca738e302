internal import Records

/// How to read one type of a file: what lies there, and what it becomes. Made once from the writer's schema and, where
/// there is one, the reader's. Actions of recursive types refer to each other in circles, which `AvroPlan` breaks.
final class AvroAction {
  enum Kind: UInt8 {
    case null, boolean, int, long, float, double
    /// A length and so many bytes: bytes and strings.
    case bytes
    case fixed, enumeration, array, map, record, union
    /// What the reader's schema has no place for: a row that holds it is bad. `parts[0]` skips it.
    case mismatch
    /// Nothing lies in the file; `bytes` holds the reader's default, to be read by `parts[0]`.
    case fallback
  }

  let kind: Kind
  /// What a value becomes: the type of a column or of a list's elements, `json` for what has no type of its own.
  let type: DataType
  /// What times are multiplied by, or divided by without a remainder, to come to the column's unit.
  var factor: Int64 = 1
  var divisor: Int64 = 1
  /// Digits behind the point of a decimal that lies there as a binary number; nil for all else.
  var scale: Int?
  /// How many more digits behind the point the decimal gets than it has in the file; fewer when negative.
  var shift = 0
  /// Bytes of a fixed.
  var size = 0
  /// Elements, branches, fields in the file's order.
  var parts: [AvroAction] = []
  /// For each field of a record: its name and a colon as in a JSON object; nil for one that is skipped.
  var keys: [[UInt8]?] = []
  /// For each field of a record: its place among the reader's fields.
  var places: [Int?] = []
  /// For each symbol of the writer: the reader's one, nil when it has none.
  var symbols: [[UInt8]?] = []
  /// For `mismatch`.
  var reason = ""
  /// For `fallback`.
  var bytes: [UInt8] = []
  /// A lower bound of the bytes that a value takes in the file.
  private(set) lazy var minimumSize = computeMinimumSize()
  /// A lower bound of the values that a value is made of: records of few types that refer to each other twice and more
  /// can be of as many as there are atoms, and take no byte in the file.
  private(set) lazy var leastValues = computeLeastValues()
  private var isComputing = false

  init(_ kind: Kind, _ type: DataType) {
    self.kind = kind
    self.type = type
  }

  private func computeMinimumSize() -> Int {
    if isComputing { return 0 }
    isComputing = true
    defer { isComputing = false }
    switch kind {
    case .null, .fallback: return 0
    case .boolean, .int, .long, .bytes, .enumeration, .array, .map: return 1
    case .float: return 4
    case .double: return 8
    case .fixed: return size
    case .mismatch: return parts.first?.minimum ?? 0
    case .union: return 1 + (parts.map(\.minimum).min() ?? 0)
    case .record: return parts.reduce(0) { min($0 + $1.minimum, 1 << 40) }
    }
  }

  private func computeLeastValues() -> Int {
    if isComputing { return 1 }
    isComputing = true
    defer { isComputing = false }
    func least(_ part: AvroAction) -> Int { part.isComputing ? 1 : part.leastValues }
    switch kind {
    case .union: return parts.map(least).min() ?? 1
    case .record: return parts.reduce(1) { min($0 + least($1), 1 << 40) }
    default: return 1
    }
  }

  /// How many items one run of an array or a map can have.
  var mostItems: Int {
    guard kind == .array || kind == .map else { return 0 }
    let least = parts[0].minimumSize + (kind == .map ? 1 : 0)
    return least > 0 ? AvroBlocks.Bound.row / least : max(1, AvroBlocks.Bound.emptyItems / parts[0].leastValues)
  }

  /// Zero within a circle, where the lazy property must not be entered twice.
  private var minimum: Int { isComputing ? 0 : minimumSize }

  /// Whether a value may be NULL.
  var isNullable: Bool {
    switch kind {
    case .null: true
    case .union: parts.contains(where: \.isNullable)
    case .fallback: parts.contains(where: \.isNullable)
    default: false
    }
  }
}

/// How to read the rows of a file.
final class AvroPlan {
  /// Reads one value of the root.
  let root: AvroAction
  /// The reader's schema, which says what the columns are.
  let schema: AvroSchema
  private let all: [AvroAction]

  init(root: AvroAction, schema: AvroSchema, all: [AvroAction]) {
    self.root = root
    self.schema = schema
    self.all = all
  }

  deinit { for action in all { action.parts = [] } }
}
