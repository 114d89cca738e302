internal import Records
internal import SQL

/// What a column is declared as. SQLite itself only knows five storage classes; the name in CREATE TABLE says what the
/// values mean.
struct DatabaseType: Hashable {
  /// What SQLite turns texts that look like numbers into: https://www.sqlite.org/datatype3.html, section 3.1.
  enum Affinity: Hashable {
    case integer, text, blob, real, numeric
  }

  /// Nil where only the values tell.
  let type: DataType?
  let affinity: Affinity
  let name: String

  /// - Parameter name: as CREATE TABLE has it; empty for none, and for expressions.
  init(_ name: String) {
    self.name = name
    affinity = DatabaseType.affinity(name.uppercased())
    type = DatabaseType.type(name.uppercased(), affinity)
  }

  private static func affinity(_ name: String) -> Affinity {
    if name.contains("INT") { return .integer }
    if name.contains("CHAR") || name.contains("CLOB") || name.contains("TEXT") { return .text }
    if name.isEmpty || name.contains("BLOB") { return .blob }
    if name.contains("REAL") || name.contains("FLOA") || name.contains("DOUB") { return .real }
    return .numeric
  }

  private static func type(_ declared: String, _ affinity: Affinity) -> DataType? {
    let parts = declared.split(separator: "(", maxSplits: 1)
    let words = (parts.first ?? "").split(separator: " ").map(String.init)
    let tail = parts.count > 1 ? parts[1].split(separator: ")").dropFirst().joined(separator: " ") : ""
    let isZoned = words.dropFirst().first == "WITH" || tail.contains("WITH TIME ZONE")
    switch words.first ?? "" {
    case "": return nil
    case "BOOL", "BOOLEAN": return .bool
    case "DATE": return .date
    case "TIME": return .time(.microseconds)
    case "DATETIME", "TIMESTAMP", "DATETIME2": return .timestamp(.microseconds, zoned: isZoned)
    case "TIMESTAMPTZ": return .timestamp(.microseconds, zoned: true)
    case "DATETIMEOFFSET": return .offsetTimestamp(.microseconds)
    case "TIMESTAMP_NS": return .timestamp(.nanoseconds, zoned: false)
    case "INTERVAL": return .interval
    case "UUID", "GUID", "UNIQUEIDENTIFIER": return .uuid
    case "JSON", "JSONB": return .json
    case "DECIMAL", "NUMERIC", "NUMBER", "DEC", "MONEY": return decimal(parts.count > 1 ? String(parts[1]) : "")
    case "BINARY", "VARBINARY", "BYTEA": return .bytes
    case "ANY": return nil
    default: break
    }
    switch affinity {
    case .integer: return .int64
    case .text: return .text
    case .blob: return .bytes
    case .real: return .float64
    case .numeric: return nil
    }
  }

  /// `10,2)` is decimal(10,2); no digits, or more than a decimal holds, is numeric.
  private static func decimal(_ digits: String) -> DataType {
    let numbers = digits.prefix { $0 != ")" }.split(separator: ",").map { Int($0.filter { $0 != " " }) }
    guard let precision = numbers.first ?? nil, (1...76).contains(precision) else { return .numeric }
    let scale = numbers.count > 1 ? numbers[1] ?? 0 : 0
    return (0...precision).contains(scale) ? .decimal(precision: precision, scale: scale) : .numeric
  }

  /// What a value for the column has to arrive as.
  var target: LoadTarget {
    var target = LoadTarget(
      type ?? .text, nativeType: name.isEmpty ? "a column without a type" : name, takesInfiniteDates: true,
      takesNonFinite: true)
    target.takesAny = type == nil
    target.takesNaN = false
    // Of a text that looks like a number it makes a float, unless it is a whole number of 64 bits.
    if affinity == .numeric || affinity == .integer || affinity == .real { target.digits = DigitLimit(significant: 15) }
    return target
  }

  /// For a value of an expression: every type goes as it is, but NaN, which SQLite takes for NULL.
  static let any = DatabaseType("").target
}
