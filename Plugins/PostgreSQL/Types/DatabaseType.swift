internal import Records

/// A type of the server, as far as Ferry has to know it.
struct DatabaseType: Sendable, Hashable {
  /// How a value's binary form is read and written.
  enum Form: Sendable, Hashable {
    case bool
    case int16
    case int32
    case int64
    case uint32
    case float32
    case float64
    case numeric
    /// The bytes are UTF-8: char, varchar, text, name, citext, an enum's label.
    case text
    case json
    /// One version byte, then the text.
    case jsonb
    case bytes
    case date
    case time
    case timestamp(zoned: Bool)
    case interval
    case uuid
    /// A 64-bit count of the smallest unit.
    case money
    /// `pg_sleep`: always NULL.
    case void
    /// An array of this element type.
    indirect case array(DatabaseType)
    /// Read and written as the text that the type's own functions make and take.
    case opaque
  }

  var oid: UInt32
  /// The name as `format_type` gives it, without a modifier.
  var name: String
  var form: Form
  /// The function that makes the text of an opaque value, quoted; empty where a cast to text says more.
  var output = ""
  /// A domain's own modifier, where the type is one.
  var domainModifier: Int32 = -1
}

extension DatabaseType {
  /// The types of every server that Ferry reads without asking the catalog. OIDs from the server's `pg_type.dat`; they
  /// never change.
  static let builtin: [UInt32: DatabaseType] = {
    let scalars: [(UInt32, String, Form, array: UInt32)] = [
      (16, "boolean", .bool, 1000), (17, "bytea", .bytes, 1001), (19, "name", .text, 1003),
      (20, "bigint", .int64, 1016), (21, "smallint", .int16, 1005), (23, "integer", .int32, 1007),
      (25, "text", .text, 1009), (26, "oid", .uint32, 1028), (114, "json", .json, 199),
      // Its output function drops the declaration in front, a cast keeps it.
      (142, "xml", .opaque, 143),
      (700, "real", .float32, 1021), (701, "double precision", .float64, 1022), (790, "money", .money, 791),
      (1042, "character", .text, 1014), (1043, "character varying", .text, 1015), (1082, "date", .date, 1182),
      (1083, "time without time zone", .time, 1183),
      (1114, "timestamp without time zone", .timestamp(zoned: false), 1115),
      (1184, "timestamp with time zone", .timestamp(zoned: true), 1185), (1186, "interval", .interval, 1187),
      (1700, "numeric", .numeric, 1231), (2278, "void", .void, 0), (2950, "uuid", .uuid, 2951),
      (3802, "jsonb", .jsonb, 3807), (705, "unknown", .text, 0), (1790, "refcursor", .text, 2201),
    ]
    var types: [UInt32: DatabaseType] = [:]
    for (oid, name, form, array) in scalars {
      let type = DatabaseType(oid: oid, name: name, form: form)
      types[oid] = type
      if array != 0, form != .money, form != .opaque {
        types[array] = DatabaseType(oid: array, name: name + "[]", form: .array(type), output: "pg_catalog.array_out")
      }
    }
    return types
  }()

  /// The precision and scale of a numeric's modifier; nil where there is none or `decimal` cannot hold it.
  static func decimal(_ modifier: Int32) -> (precision: Int, scale: Int)? {
    guard modifier >= 4 else { return nil }
    let packed = Int(modifier - 4)
    let precision = packed >> 16 & 0xFFFF
    // Eleven bits, signed, since PostgreSQL 15.
    let scale = ((packed & 0x7FF) ^ 1024) - 1024
    guard (1...76).contains(precision), scale >= 0, scale <= precision else { return nil }
    return (precision, scale)
  }

  /// The type of the column that values with this modifier become.
  /// - Parameters:
  ///   - depth: how many dimensions an array has.
  ///   - moneyScale: the digits behind the point of the server's currency.
  func dataType(modifier: Int32, depth: Int = 1, moneyScale: Int = 2) -> DataType {
    switch form {
    case .bool: return .bool
    case .int16: return .int16
    case .int32: return .int32
    case .int64: return .int64
    case .uint32: return .uint32
    case .float32: return .float32
    case .float64: return .float64
    case .numeric:
      guard let (precision, scale) = DatabaseType.decimal(modifier) else { return .numeric }
      return .decimal(precision: precision, scale: scale)
    case .text, .opaque, .void: return .text
    case .json, .jsonb: return .json
    case .bytes: return .bytes
    case .date: return .date
    case .time: return .time(.microseconds)
    case .timestamp(let zoned): return .timestamp(.microseconds, zoned: zoned)
    case .interval: return .interval
    case .uuid: return .uuid
    case .money: return .decimal(precision: 19, scale: moneyScale)
    case .array(let element):
      return (0..<max(depth, 1)).reduce(element.dataType(modifier: modifier)) { type, _ in .list(type) }
    }
  }

  /// What the server calls the type with this modifier: `character varying(30)`.
  func name(modifier: Int32) -> String {
    switch (form, oid) {
    case (.numeric, _) where modifier >= 4:
      let packed = Int(modifier - 4)
      return "numeric(\(packed >> 16 & 0xFFFF),\(((packed & 0x7FF) ^ 1024) - 1024))"
    case (_, 1042) where modifier > 4, (_, 1043) where modifier > 4: return "\(name)(\(modifier - 4))"
    case (_, 1560) where modifier > 0, (_, 1562) where modifier > 0: return "\(name)(\(modifier))"
    case (.time, _) where modifier >= 0, (.timestamp, _) where modifier >= 0:
      let words = name.split(separator: " ", maxSplits: 1)
      return "\(words[0])(\(modifier)) \(words.count > 1 ? words[1] : "")"
    case (.array(let element), _) where modifier >= 0: return element.name(modifier: modifier) + "[]"
    default: return name
    }
  }

  /// The name for `Field.sourceType`, where it says more than the type of the column.
  func sourceType(modifier: Int32) -> String? {
    switch form {
    case .bool, .int16, .int32, .int64, .float32, .float64, .bytes, .date, .time, .timestamp, .interval, .uuid, .json:
      nil
    case .numeric: dataType(modifier: modifier) == .numeric && modifier >= 4 ? name(modifier: modifier) : nil
    case .text: oid == 25 || oid == 705 ? nil : name(modifier: modifier)
    case .array(let element): element.sourceType(modifier: modifier).map { $0 + "[]" }
    case .jsonb, .uint32, .money, .void, .opaque: name(modifier: modifier)
    }
  }
}
