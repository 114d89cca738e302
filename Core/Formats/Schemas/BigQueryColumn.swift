internal import Expression
internal import Records

/// One field of a BigQuery table or of a record in it.
struct BigQueryColumn: Equatable {
  enum Kind: String, CaseIterable {
    case boolean = "BOOLEAN"
    case integer = "INTEGER"
    case float = "FLOAT"
    case numeric = "NUMERIC"
    case bigNumeric = "BIGNUMERIC"
    case string = "STRING"
    case bytes = "BYTES"
    case date = "DATE"
    case time = "TIME"
    case datetime = "DATETIME"
    case timestamp = "TIMESTAMP"
    case interval = "INTERVAL"
    case json = "JSON"
    case geography = "GEOGRAPHY"
    case range = "RANGE"
    case record = "RECORD"

    /// GoogleSQL's names; the REST API's answers have the older ones.
    var sqlName: String {
      switch self {
      case .boolean: "BOOL"
      case .integer: "INT64"
      case .float: "FLOAT64"
      case .record: "STRUCT"
      default: rawValue
      }
    }

    /// In either language, in any case.
    init?(named name: String) {
      let name = name.uppercased()
      guard let kind = Kind.allCases.first(where: { $0.rawValue == name || $0.sqlName == name }) else { return nil }
      self = kind
    }
  }

  enum Mode: String {
    case nullable = "NULLABLE"
    case required = "REQUIRED"
    case repeated = "REPEATED"
  }

  var name = ""
  var kind: Kind
  var mode = Mode.nullable
  /// Of decimals: digits in all, and behind the point. Of timestamps the digits behind the point, where it is not 6.
  var precision: Int?
  var scale: Int?
  /// Of texts in characters, of bytes.
  var maxLength: Int?
  /// Of a range.
  var element: Kind?
  /// Of a record.
  var fields: [BigQueryColumn] = []

  /// BigQuery's own limit.
  static let depth = 15

  init(_ kind: Kind) { self.kind = kind }
}

// MARK: - As JSON

extension BigQueryColumn {
  /// Reads a `TableFieldSchema`.
  init(_ value: Value, depth: Int) throws {
    guard let map = value.map, let name = map["name"]?.string, let type = map["type"]?.string else {
      throw BigQuerySchema.failure("reading", "a field has no 'name' or no 'type'")
    }
    guard let kind = Kind(named: type) else {
      throw BigQuerySchema.failure("reading", "field '\(name)' has the type '\(type)', which is not known here")
    }
    guard let mode = Mode(rawValue: map["mode"]?.string?.uppercased() ?? "NULLABLE") else {
      throw BigQuerySchema.failure("reading", "field '\(name)' has the mode '\(map["mode"]?.text ?? "")'")
    }
    guard depth <= BigQueryColumn.depth else {
      throw BigQuerySchema.failure("reading", "records are nested more than \(BigQueryColumn.depth) deep")
    }
    self.name = name
    self.kind = kind
    self.mode = mode
    precision = try BigQueryColumn.number(map, kind == .timestamp ? "timestampPrecision" : "precision")
    if kind == .timestamp, precision == 6 { precision = nil }
    scale = try BigQueryColumn.number(map, "scale")
    maxLength = try BigQueryColumn.number(map, "maxLength")
    element = map["rangeElementType"]?.map?["type"]?.string.flatMap(Kind.init(named:))
    fields = try (map["fields"]?.list ?? []).map { try BigQueryColumn($0, depth: depth + 1) }
    guard kind != .record || !fields.isEmpty else {
      throw BigQuerySchema.failure("reading", "the record '\(name)' has no 'fields'")
    }
  }

  /// The REST API writes 64-bit numbers as texts.
  private static func number(_ map: ValueMap, _ key: String) throws -> Int? {
    guard let value = map[key], value != .null else { return nil }
    guard let number = value.int.map({ Int($0) }) ?? value.string.flatMap({ Int($0) }), number >= 0 else {
      throw BigQuerySchema.failure("reading", "'\(key)' is \(value.text)")
    }
    return number == 0 && key != "scale" ? nil : number
  }

  var value: Value {
    var map: ValueMap = ["name": .string(name), "type": .string(kind.rawValue), "mode": .string(mode.rawValue)]
    let digits = kind == .timestamp ? "timestampPrecision" : "precision"
    for (key, number) in [(digits, precision), ("scale", scale), ("maxLength", maxLength)] {
      if let number { map[key] = .string(String(number)) }
    }
    if let element { map["rangeElementType"] = ["type": .string(element.rawValue)] }
    if !fields.isEmpty { map["fields"] = .list(fields.map(\.value)) }
    return .map(map)
  }
}

// MARK: - As a column

extension BigQueryColumn {
  /// The type of the column in a record file.
  var dataType: DataType {
    guard mode == .repeated else { return scalar }
    // As everywhere, lists are of scalars; what holds more is JSON.
    return kind == .record ? .json : .list(scalar)
  }

  private var scalar: DataType {
    switch kind {
    case .boolean: .bool
    case .integer: .int64
    case .float: .float64
    case .numeric: .decimal(precision: precision ?? 38, scale: scale ?? (precision == nil ? 9 : 0))
    // Without its own digits it has a bit more than 38 in front of the point, which no decimal has together with 38
    // behind it.
    case .bigNumeric: precision.map { .decimal(precision: min($0, 76), scale: scale ?? 0) } ?? .numeric
    case .string, .geography, .range: .text
    case .bytes: .bytes
    case .date: .date
    case .time: .time(.microseconds)
    case .datetime: .timestamp(.microseconds, zoned: false)
    // Of picoseconds only a text has all digits.
    case .timestamp: precision == nil ? .timestamp(.microseconds, zoned: true) : .text
    case .interval: .interval
    case .json, .record: .json
    }
  }

  /// GoogleSQL's text of the type, where the column's type would not become the same again.
  var sourceType: String? {
    var plain = BigQueryColumn(name, dataType, nullable: mode == .nullable)
    if mode != .repeated { plain?.mode = mode }
    return plain == self ? nil : BigQueryTypeText.text(self)
  }

  /// The type that holds every value of a column; nil where there is none.
  init?(_ name: String, _ type: DataType, nullable: Bool) {
    if case .list(let element) = type {
      if case .list = element {
        self.init(.json)
      } else {
        guard let one = BigQueryColumn(name, element, nullable: false) else { return nil }
        self = one
        mode = .repeated
      }
    } else {
      guard let one = BigQueryColumn(scalar: type) else { return nil }
      self = one
    }
    self.name = name
    if mode != .repeated { mode = nullable ? .nullable : .required }
  }

  private init?(scalar type: DataType) {
    switch type {
    case .bool: self.init(.boolean)
    case .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32: self.init(.integer)
    case .uint64: self.init(decimal: 20, 0)
    case .float32, .float64: self.init(.float)
    case .decimal(let precision, let scale): self.init(decimal: precision, scale)
    case .numeric: self.init(.bigNumeric)
    case .text, .uuid, .offsetTimestamp: self.init(.string)
    case .bytes: self.init(.bytes)
    case .date: self.init(.date)
    case .time: self.init(.time)
    case .timestamp(_, let zoned): self.init(zoned ? .timestamp : .datetime)
    case .interval: self.init(.interval)
    case .json: self.init(.json)
    case .list: return nil
    }
  }

  /// NUMERIC has up to 29 digits in front of the point and 9 behind it, BIGNUMERIC 38 and 38.
  private init?(decimal precision: Int, _ scale: Int) {
    // Zeros that are always there are digits as well, and one in front of the point is the least.
    let whole = max(precision - scale, 1)
    let fraction = max(scale, 0)
    guard whole <= 38, fraction <= 38 else { return nil }
    self.init(whole <= 29 && fraction <= 9 ? .numeric : .bigNumeric)
    if kind == .numeric, whole == 29, fraction == 9 { return }
    self.precision = whole + fraction
    self.scale = fraction
  }
}

/// How a column's type and what BigQuery makes of it go together.
extension BigQuerySchema {
  static func fit(_ type: DataType) -> SchemaFit {
    guard let column = BigQueryColumn("c", type, nullable: true) else { return .refused }
    switch type {
    // Nanoseconds, NaN and more digits than BIGNUMERIC has are found value by value, as are NULLs inside of arrays.
    case .time(.nanoseconds), .timestamp(.nanoseconds, _), .interval, .numeric: return .checked
    case .list(let element):
      if case .list = element { return .widened }
      return fit(element) == .widened ? .widened : .checked
    default: return column.dataType == type ? .exact : .widened
    }
  }
}
