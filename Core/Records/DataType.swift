/// The resolution of a time of day or a timestamp.
public enum TimeUnit: String, Hashable, Sendable {
  case microseconds
  case nanoseconds

  /// How many of this unit make a second.
  public var perSecond: Int64 { self == .microseconds ? 1_000_000 : 1_000_000_000 }
}

/// The type of a column. Each type has one layout of Apache Arrow's columnar format behind it.
public indirect enum DataType: Hashable, Sendable {
  case bool
  case int8, int16, int32, int64
  case uint8, uint16, uint32, uint64
  case float32, float64
  /// An exact number of up to `precision` digits, `scale` of them behind the point. 128 bit up to 38 digits, 256 bit up
  /// to 76, little-endian two's complement.
  case decimal(precision: Int, scale: Int)
  /// An exact number without a declared scale, as text: `-?digits[.digits]`, `NaN`, `Infinity`, `-Infinity`.
  case numeric
  /// UTF-8.
  case text
  case bytes
  /// Days since 1970-01-01, 32 bit, proleptic Gregorian. `Int32.max` and `.min` are PostgreSQL's ±infinity.
  case date
  /// The time of day since midnight, 64 bit; 24:00:00 is allowed.
  case time(TimeUnit)
  /// Since 1970-01-01T00:00:00, 64 bit. `zoned`: an instant in UTC; else a wall clock without a zone.
  /// `Int64.max` and `.min` are PostgreSQL's ±infinity.
  case timestamp(TimeUnit, zoned: Bool)
  /// An instant and the offset of the clock that it was read from: `OffsetTimestamp`. In files Arrow's canonical
  /// extension type `arrow.timestamp_with_offset`.
  case offsetTimestamp(TimeUnit)
  /// Months (32 bit), days (32 bit), nanoseconds (64 bit), none of them normalised into another.
  case interval
  /// 16 bytes in network order.
  case uuid
  /// A JSON text as its source gave it.
  case json
  case list(DataType)

  /// How a column of a type lies in memory.
  public enum Layout: Hashable, Sendable {
    /// One bit a value, least significant bit first.
    case bits
    /// So many bytes a value.
    case fixed(Int)
    /// 32-bit offsets into bytes.
    case variable
    /// 32-bit offsets into a child column.
    case list
  }

  public var layout: Layout {
    switch self {
    case .bool: .bits
    case .int8, .uint8: .fixed(1)
    case .int16, .uint16: .fixed(2)
    case .int32, .uint32, .float32, .date: .fixed(4)
    case .int64, .uint64, .float64, .time, .timestamp: .fixed(8)
    case .decimal(let precision, _): .fixed(precision <= 38 ? 16 : 32)
    case .interval, .uuid, .offsetTimestamp: .fixed(16)
    case .numeric, .text, .bytes, .json: .variable
    case .list: .list
    }
  }

  /// Whether the bytes of a value are UTF-8 text.
  public var isTextual: Bool {
    switch self {
    case .numeric, .text, .json: true
    default: false
    }
  }

  /// The name in messages and in `ferry cat --schema`.
  public var name: String {
    switch self {
    case .bool: "bool"
    case .int8: "int8"
    case .int16: "int16"
    case .int32: "int32"
    case .int64: "int64"
    case .uint8: "uint8"
    case .uint16: "uint16"
    case .uint32: "uint32"
    case .uint64: "uint64"
    case .float32: "float32"
    case .float64: "float64"
    case .decimal(let precision, let scale): "decimal(\(precision),\(scale))"
    case .numeric: "numeric"
    case .text: "text"
    case .bytes: "bytes"
    case .date: "date"
    case .time(.microseconds): "time"
    case .time(.nanoseconds): "time(ns)"
    case .timestamp(let unit, let zoned): "timestamp\(unit == .nanoseconds ? "(ns)" : "")\(zoned ? " with zone" : "")"
    case .offsetTimestamp(let unit): "timestamp\(unit == .nanoseconds ? "(ns)" : "") with offset"
    case .interval: "interval"
    case .uuid: "uuid"
    case .json: "json"
    case .list(let element): "list of \(element.name)"
    }
  }
}

/// A column's name and type.
public struct Field: Hashable, Sendable {
  public var name: String
  public var type: DataType
  public var nullable: Bool
  /// What the source calls the type, where it says more than `type` does: `inet`, `enum('a','b')`, `tinyint(1)`. It
  /// rides in the record file and lets a target of the same kind take the text back as the real type.
  public var sourceType: String?

  public init(_ name: String, _ type: DataType, nullable: Bool = true, sourceType: String? = nil) {
    self.name = name
    self.type = type
    self.nullable = nullable
    self.sourceType = sourceType
  }

  public static func == (a: Field, b: Field) -> Bool {
    a.name.isExactly(b.name) && a.type == b.type && a.nullable == b.nullable && a.sourceType == b.sourceType
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(ExactText(name))
    hasher.combine(type)
  }
}

/// The columns of a batch or of a record file, in order. Names may repeat, as they may in a query's result.
public struct Schema: Hashable, Sendable {
  public var fields: [Field]
  /// Free key-value pairs that ride in the record file.
  public var metadata: [String: String]

  public init(_ fields: [Field], metadata: [String: String] = [:]) {
    self.fields = fields
    self.metadata = metadata
  }

  /// The position of the first field of that name.
  public func index(of name: String) -> Int? { fields.firstIndex { $0.name.isExactly(name) } }
}

/// The bounds that keep memory flat.
public enum Limits {
  /// 8 MiB: a reader, a writer and two batches in flight stay far below the 128 MiB that a road may use.
  public static let batchBytes = 8 << 20
  /// Row bound of a batch, for narrow rows: what bounds the time between two progress reports and two cancel checks.
  public static let batchRows = 65_536
  /// Columns that a text or Avro file may have: the builders of so many begin with some 200 MiB. Without a bound, a
  /// line of nothing but separators would fill the memory.
  public static let columns = 10_000

  /// What is wrong with an input that has more columns than that.
  public static func tooManyColumns(_ input: String) -> Failure {
    Failure(
      .data, "reading '\(input)': it has more than \(columns) columns",
      hint: "In CSV, look whether 'fieldSeparator' and 'lineDelimiter' are the file's. In JSON, names that differ from "
        + "row to row belong into values: let what writes it put them as {\"name\": …, \"value\": …}")
  }
}
