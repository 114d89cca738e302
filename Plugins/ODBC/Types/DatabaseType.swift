internal import CODBC
internal import Records
internal import SQL

/// A type as a driver tells of it: ODBC's number, the database's own name, sizes.
struct DatabaseType: Hashable, Sendable {
  /// Ferry's type for it.
  let type: DataType
  /// SQL_…
  let sql: Int16
  /// The database's name, lower case.
  let name: String
  /// Characters, bytes or digits; 0 for what has no limit that the driver tells.
  let size: Int
  let digits: Int
  let product: Product
  /// Whether its texts are stored in UTF-8: told by SQL Server's catalog only.
  var isUTF8 = false

  init(sql: Int16, name: String, size: Int, digits: Int, isUnsigned: Bool = false, _ product: Product) {
    self.sql = sql
    self.name = name.lowercased()
    self.size = size
    self.digits = digits
    self.product = product
    type =
      DatabaseType.named(self.name, sql, digits, product)
      ?? DatabaseType.standard(Int32(sql), size: size, digits: digits, isUnsigned: isUnsigned, product)
  }

  /// The same with the name that the database's catalog has for it.
  func named(_ name: String) -> DatabaseType {
    guard self.name == "unknown", !name.isEmpty else { return self }
    return DatabaseType(sql: sql, name: name, size: 0, digits: digits, product)
  }

  // MARK: by name

  /// What the database's own name says more than ODBC's number.
  private static func named(_ name: String, _ sql: Int16, _ digits: Int, _ product: Product) -> DataType? {
    let isText = isText(Int32(sql))
    switch (product, name) {
    case (_, "uuid") where isText: return .uuid
    case (_, "json") where isText, (_, "jsonb") where isText: return .json
    case (.postgresql, "timestamptz"): return .timestamp(.microseconds, zoned: true)
    case (.postgresql, "oid"), (.postgresql, "xid"): return .int64
    case (.postgresql, "money"): return .text
    case (.postgresql, "bool"): return .bool
    case (.mysql, "timestamp"): return .timestamp(.microseconds, zoned: true)
    case (.sqlite, "decimal"), (.sqlite, "numeric"), (.sqlite, "number"): return .numeric
    case (.sqlite, "boolean"), (.sqlite, "bool"): return .bool
    case (.ingres, "ansidate"): return .date
    case (.ingres, "ingresdate"): return .timestamp(.microseconds, zoned: false)
    case (.ingres, let name) where name.hasPrefix("timestamp") && isZoned(name):
      return .timestamp(digits > 6 ? .nanoseconds : .microseconds, zoned: true)
    case (.ingres, let name) where name.hasPrefix("time") && isZoned(name): return .text
    default: return nil
    }
  }

  private static func isZoned(_ name: String) -> Bool {
    name.hasSuffix("with time zone") || name.hasSuffix("with local time zone")
  }

  static func isText(_ sql: Int32) -> Bool {
    [SQL_CHAR, SQL_VARCHAR, SQL_LONGVARCHAR, SQL_WCHAR, SQL_WVARCHAR, SQL_WLONGVARCHAR].contains(sql)
  }

  // MARK: by number

  /// Microsoft's: time, datetimeoffset, a type of the CLR, xml, sql_variant.
  static let time2: Int32 = -154
  static let offset: Int32 = -155
  static let userDefined: Int32 = -151
  static let xml: Int32 = -152
  static let variant: Int32 = -150

  private static func standard(
    _ sql: Int32, size: Int, digits: Int, isUnsigned: Bool, _ product: Product
  ) -> DataType {
    let unit: TimeUnit = digits > 6 ? .nanoseconds : .microseconds
    switch sql {
    case SQL_BIT: return .bool
    case SQL_TINYINT: return isUnsigned ? .uint8 : .int8
    case SQL_SMALLINT: return isUnsigned ? .uint16 : .int16
    case SQL_INTEGER: return isUnsigned ? .uint32 : .int32
    case SQL_BIGINT: return isUnsigned ? .uint64 : .int64
    case SQL_REAL: return .float32
    case SQL_FLOAT, SQL_DOUBLE: return .float64
    case SQL_DECIMAL, SQL_NUMERIC: return decimal(size, digits, product)
    case SQL_BINARY, SQL_VARBINARY, SQL_LONGVARBINARY, userDefined: return .bytes
    case SQL_TYPE_DATE, SQL_DATE: return .date
    case SQL_TYPE_TIME, SQL_TIME, time2: return .time(unit)
    case SQL_TYPE_TIMESTAMP, SQL_TIMESTAMP: return .timestamp(unit, zoned: false)
    case offset: return .offsetTimestamp(unit)
    case SQL_GUID: return .uuid
    default: return .text
    }
  }

  /// psqlODBC makes up 28 digits for a numeric without any.
  private static func decimal(_ size: Int, _ digits: Int, _ product: Product) -> DataType {
    let isMadeUp = product == .postgresql && size == 28
    guard !isMadeUp, (1...76).contains(size), (0...size).contains(digits) else { return .numeric }
    return .decimal(precision: size, scale: digits)
  }

  // MARK: words

  /// For messages and for `Field.sourceType`: `varchar(10)`.
  var declaration: String {
    let name = name.isEmpty || name == "unknown" ? type.name : name
    switch Int32(sql) {
    case SQL_DECIMAL, SQL_NUMERIC: return type == .numeric ? name : "\(name)(\(size),\(digits))"
    case SQL_CHAR, SQL_VARCHAR, SQL_WCHAR, SQL_WVARCHAR, SQL_BINARY, SQL_VARBINARY:
      return size > 0 && !name.contains("(") ? "\(name)(\(size))" : name
    default: return name
    }
  }

  /// Whether values may be longer than anyone wants to keep room for.
  var isLong: Bool {
    switch Int32(sql) {
    case SQL_LONGVARCHAR, SQL_WLONGVARCHAR, SQL_LONGVARBINARY, DatabaseType.xml, DatabaseType.userDefined,
      DatabaseType.variant:
      true
    default: (type == .text || type == .bytes || type == .json) && (size == 0 || size > Limits.boundCharacters)
    }
  }
}

extension Limits {
  /// Characters of a value that a rowset keeps room for: what is longer is asked for by itself.
  static let boundCharacters = 8_000
  /// Characters of a value whose length nobody tells, where a longer one can be asked for again.
  static let guessedCharacters = 1_024
  /// Bytes of a rowset: as much as a processor keeps near.
  static let rowsetBytes = 1 << 20
  /// Rows of a rowset.
  static let rowsetRows = 4_096
}
