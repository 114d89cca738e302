internal import Records
internal import SQL

/// A type as SQL Server has it: `decimal(10,2)`, `nvarchar(max)`.
struct DatabaseType: Hashable, Sendable {
  /// How its values lie in memory and on the wire.
  enum Form: Hashable, Sendable {
    case bit, tinyint, smallint, int, bigint, real, float
    case decimal, money, smallmoney
    case date, time, datetime2, datetimeoffset, datetime, smalldatetime
    case uniqueidentifier
    /// UTF-16 on the server: nchar, nvarchar, ntext.
    case wide
    /// In the collation's code page: char, varchar, text.
    case narrow
    /// Texts that the server makes something of: xml, and json and vector of SQL Server 2025.
    case parsed
    /// binary, varbinary, image, and what types of the CLR are stored as.
    case bytes, userDefined
    /// The server counts it up with every change of the row.
    case rowversion
    /// Each value has a type of its own.
    case variant
  }

  let form: Form
  /// Lower case, without arguments.
  let name: String
  /// In characters, of bytes in bytes; nil for `max`, and where there is none.
  var length: Int?
  var precision = 0
  /// Digits behind the point, or of a fraction of a second.
  var scale = 0
  /// Of `narrow`.
  var codePage = CodePage.usual
  /// Of `narrow`: the database has another code page, which parameters are in, and rows of a bulk load as it seems.
  var isForeign = false

  init(_ name: String, length: Int? = nil, precision: Int = 0, scale: Int = 0, codePage: Int = CodePage.usual) {
    self.name = name.lowercased()
    form = DatabaseType.form(self.name)
    self.length = length
    self.precision = precision
    self.scale = scale
    self.codePage = codePage
  }

  /// - Parameter bytes: as sys.columns has it, -1 for `max`.
  init(catalog name: String, bytes: Int, precision: Int, scale: Int, codePage: Int) {
    self.init(name, precision: precision, scale: scale, codePage: codePage)
    let isSized =
      !["text", "ntext", "image"].contains(self.name) && (form == .wide || form == .narrow || form == .bytes)
    if isSized, bytes >= 0 { length = form == .wide ? bytes / 2 : bytes }
  }

  /// - Parameter text: as a statement has it: `decimal(10, 2)`, `varchar(max)`, `datetime2`.
  init(written text: String) {
    let parts = text.lowercased().split(separator: "(", maxSplits: 1)
    let name = (parts.first ?? "").split(separator: " ").joined(separator: " ")
    let numbers =
      parts.count > 1 ? parts[1].prefix { $0 != ")" }.split(separator: ",").map { Int($0.trimmingBlanks) } : []
    let first = numbers.first ?? nil
    let second = numbers.count > 1 ? numbers[1] : nil
    self.init(DatabaseType.synonyms[name] ?? name)
    switch form {
    case .decimal: (precision, scale) = (first ?? 18, second ?? 0)
    case .time, .datetime2, .datetimeoffset: scale = first ?? 7
    // A CAST without a length keeps thirty characters.
    case .wide, .narrow, .bytes:
      length = parts.count > 1 ? first : ["text", "ntext", "image"].contains(name) ? nil : 30
    default: break
    }
  }

  private static let synonyms = [
    "integer": "int", "dec": "decimal", "double precision": "float", "character": "char",
    "character varying": "varchar",
    "national character": "nchar", "national character varying": "nvarchar", "national char": "nchar",
    "national char varying": "nvarchar", "national text": "ntext", "binary varying": "varbinary",
    "timestamp": "rowversion", "sysname": "nvarchar",
  ]

  private static func form(_ name: String) -> Form {
    switch name {
    case "bit": .bit
    case "tinyint": .tinyint
    case "smallint": .smallint
    case "int": .int
    case "bigint": .bigint
    case "real": .real
    case "float": .float
    case "decimal", "numeric": .decimal
    case "money": .money
    case "smallmoney": .smallmoney
    case "date": .date
    case "time": .time
    case "datetime2": .datetime2
    case "datetimeoffset": .datetimeoffset
    case "datetime": .datetime
    case "smalldatetime": .smalldatetime
    case "uniqueidentifier": .uniqueidentifier
    case "nchar", "nvarchar", "ntext": .wide
    case "char", "varchar", "text": .narrow
    case "xml", "json", "vector": .parsed
    case "binary", "varbinary", "image": .bytes
    case "rowversion", "timestamp": .rowversion
    case "sql_variant": .variant
    default: .userDefined
    }
  }

  /// As a declaration has it.
  var declaration: String {
    switch form {
    case .decimal: "\(name)(\(precision),\(scale))"
    case .time, .datetime2, .datetimeoffset: "\(name)(\(scale))"
    case .wide, .narrow, .bytes:
      ["text", "ntext", "image"].contains(name) ? name : "\(name)(\(length.map { "\($0)" } ?? "max"))"
    default: name
    }
  }

  /// Ferry's type for it.
  /// - Parameter unit: for what has seven digits behind the second; six or fewer are microseconds.
  func type(_ unit: TimeUnit) -> DataType {
    let unit = scale == 7 ? unit : .microseconds
    return switch form {
    case .bit: .bool
    case .tinyint: .uint8
    case .smallint: .int16
    case .int: .int32
    case .bigint: .int64
    case .real: .float32
    case .float: .float64
    case .decimal: .decimal(precision: precision, scale: scale)
    case .money: .decimal(precision: 19, scale: 4)
    case .smallmoney: .decimal(precision: 10, scale: 4)
    case .date: .date
    case .time: .time(unit)
    case .datetime2: .timestamp(unit, zoned: false)
    case .datetimeoffset: .offsetTimestamp(unit)
    case .datetime, .smalldatetime: .timestamp(.microseconds, zoned: false)
    case .uniqueidentifier: .uuid
    case .parsed where name == "json": .json
    case .wide, .narrow, .parsed: .text
    case .bytes, .userDefined, .rowversion: .bytes
    case .variant: .text
    }
  }
}

extension Substring {
  fileprivate var trimmingBlanks: Substring {
    var text = self.drop { $0 == " " }
    while text.last == " " { text.removeLast() }
    return text
  }
}
