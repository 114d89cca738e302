package import Records

/// Types as a flow writes them.
package enum TypeName {
  package static let examples =
    "text, int64, decimal(10,2), numeric, float64, bool, date, time, timestamp, timestamptz, timestamp with offset, "
    + "interval, uuid, json, "
    + "bytes, list of int64"

  private static let names: [String: DataType] = [
    "bool": .bool, "boolean": .bool, "int8": .int8, "tinyint": .int8, "int16": .int16, "smallint": .int16,
    "int32": .int32,
    "int": .int32, "integer": .int32, "int64": .int64, "long": .int64, "bigint": .int64, "uint8": .uint8,
    "uint16": .uint16, "uint32": .uint32, "uint64": .uint64, "float32": .float32, "float": .float32, "real": .float32,
    "float64": .float64, "double": .float64, "numeric": .numeric, "decimal": .numeric, "text": .text, "string": .text,
    "varchar": .text, "bytes": .bytes, "binary": .bytes, "date": .date, "time": .time(.microseconds),
    "time(ns)": .time(.nanoseconds), "timestamp": .timestamp(.microseconds, zoned: false),
    "datetime": .timestamp(.microseconds, zoned: false), "timestamp(ns)": .timestamp(.nanoseconds, zoned: false),
    "timestamptz": .timestamp(.microseconds, zoned: true),
    "timestamp with zone": .timestamp(.microseconds, zoned: true),
    "timestamp with time zone": .timestamp(.microseconds, zoned: true),
    "timestamp(ns) with zone": .timestamp(.nanoseconds, zoned: true),
    "timestamp with offset": .offsetTimestamp(.microseconds), "datetimeoffset": .offsetTimestamp(.microseconds),
    "timestamp(ns) with offset": .offsetTimestamp(.nanoseconds), "interval": .interval, "uuid": .uuid,
    "json": .json,
  ]

  /// Reads a name, in any case; nil when it is none.
  package static func parse(_ text: String) -> DataType? {
    let name = text.lowercased()
    if let type = names[name] { return type }
    if name.hasPrefix("list of ") { return parse(String(name.dropFirst(8))).map { .list($0) } }
    guard let open = name.firstIndex(of: "("), name.hasSuffix(")") else { return nil }
    let numbers = name[name.index(after: open)...].dropLast().split(separator: ",").map {
      Int($0.filter { $0 != " " })
    }
    guard ["decimal", "numeric"].contains(name[..<open]), let first = numbers.first, let precision = first,
      numbers.count <= 2, (1...76).contains(precision)
    else { return nil }
    let scale = numbers.count == 2 ? numbers[1] : 0
    guard let scale, (0...precision).contains(scale) else { return nil }
    return .decimal(precision: precision, scale: scale)
  }
}
