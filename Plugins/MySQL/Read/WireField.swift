internal import CMariaDB
internal import Glibc
internal import Records

/// What the server says about a column of a result.
struct WireField: Hashable {
  var name: String
  var table: String
  /// `MYSQL_TYPE_…`; MySQL 9 sends numbers that the client library has no name for.
  var type: UInt32
  /// The width in bytes or characters, by type.
  var length: Int
  /// The digits behind the point, or of a fraction of a second; 31 and 39 mean unspecified.
  var decimals: Int
  var isUnsigned: Bool
  var isEnum: Bool
  var isSet: Bool
  var isNotNull: Bool
  var isZerofill: Bool
  /// Its character set is "binary": bytes, not text.
  var isBinary: Bool
  /// MariaDB's name of a type that the protocol shows as text: `uuid`, `inet6`, `point`.
  var extendedType: String?
  /// MariaDB's `json` for text columns with a JSON check.
  var format: String?

  init(_ field: MYSQL_FIELD) {
    name = unsafe WireField.text(field.name, field.name_length)
    table = unsafe WireField.text(field.org_table, field.org_table_length)
    type = unsafe field.type.rawValue
    length = unsafe Int(field.length)
    decimals = unsafe Int(field.decimals)
    isUnsigned = unsafe field.flags & UInt32(UNSIGNED_FLAG) != 0
    isEnum = unsafe field.flags & UInt32(ENUM_FLAG) != 0 || type == MYSQL_TYPE_ENUM.rawValue
    isSet = unsafe field.flags & UInt32(SET_FLAG) != 0 || type == MYSQL_TYPE_SET.rawValue
    isNotNull = unsafe field.flags & UInt32(NOT_NULL_FLAG) != 0
    isZerofill = unsafe field.flags & UInt32(ZEROFILL_FLAG) != 0
    isBinary = unsafe field.charsetnr == WireField.binaryCharset
    extendedType = unsafe WireField.attribute(field, MARIADB_FIELD_ATTR_DATA_TYPE_NAME)
    format = unsafe WireField.attribute(field, MARIADB_FIELD_ATTR_FORMAT_NAME)
  }

  /// The number of the character set `binary`.
  private static let binaryCharset: UInt32 = 63

  private static func text(_ start: UnsafeMutablePointer<CChar>?, _ count: UInt32) -> String {
    guard let start = unsafe start else { return "" }
    // The library copies as far as the first zero byte, but gives the length that the server sent.
    let length = unsafe strnlen(start, Int(count))
    return unsafe String(decoding: UnsafeRawBufferPointer(start: start, count: length), as: UTF8.self)
  }

  private static func attribute(_ field: MYSQL_FIELD, _ kind: mariadb_field_attr_t) -> String? {
    guard unsafe field.extension != nil else { return nil }
    var field = unsafe field
    var value = unsafe MARIADB_CONST_STRING()
    guard unsafe mariadb_field_attr(&value, &field, kind) == 0, unsafe value.length > 0 else { return nil }
    return unsafe String(decoding: UnsafeRawBufferPointer(start: value.str, count: Int(value.length)), as: UTF8.self)
  }
}

extension WireField {
  /// The protocol's numbers of types.
  enum Kind: UInt32 {
    case decimal = 0
    case tiny = 1
    case short = 2
    case long = 3
    case float = 4
    case double = 5
    case null = 6
    case timestamp = 7
    case longlong = 8
    case int24 = 9
    case date = 10
    case time = 11
    case datetime = 12
    case year = 13
    case newDate = 14
    case varchar = 15
    case bit = 16
    /// MySQL 9.
    case vector = 242
    case json = 245
    case newDecimal = 246
    case enumeration = 247
    case set = 248
    case tinyBlob = 249
    case mediumBlob = 250
    case longBlob = 251
    case blob = 252
    case varString = 253
    case string = 254
    case geometry = 255
  }

  var kind: Kind { Kind(rawValue: type) ?? .string }

  /// How the column is read and what it becomes.
  func plan(_ options: MySQLConnection.ReadOptions) -> (field: Field, codec: ColumnCodec) {
    let (type, codec, source) = mapping(options)
    let isNullable = !isNotNull || isDateLike && options.zeroDates == .null
    return (Field(name, type, nullable: isNullable, sourceType: source), codec)
  }

  private var isDateLike: Bool {
    switch kind {
    case .date, .newDate, .datetime, .timestamp: true
    default: false
    }
  }

  private func mapping(_ options: MySQLConnection.ReadOptions) -> (DataType, ColumnCodec, String?) {
    switch kind {
    case .tiny: isUnsigned ? (.uint8, .fixed1, integer("tinyint")) : (.int8, .fixed1, integer("tinyint"))
    case .short: isUnsigned ? (.uint16, .fixed2, integer("smallint")) : (.int16, .fixed2, integer("smallint"))
    case .int24: isUnsigned ? (.uint32, .fixed4, "mediumint unsigned") : (.int32, .fixed4, "mediumint")
    case .long: isUnsigned ? (.uint32, .fixed4, nil) : (.int32, .fixed4, nil)
    case .longlong: isUnsigned ? (.uint64, .fixed8, nil) : (.int64, .fixed8, nil)
    case .year: (.int16, .fixed2, "year")
    case .float: (.float32, .fixed4, nil)
    case .double: (.float64, .fixed8, nil)
    case .decimal, .newDecimal: decimal
    case .bit: (.uint64, .bit, "bit(\(length))")
    case .date, .newDate, .datetime, .timestamp: date(options)
    case .time: time(options.timeAs)
    case .null: (.text, .variable(isText: true), nil)
    default: variable
    }
  }

  private func integer(_ name: String) -> String? { length == 1 && kind == .tiny ? "tinyint(1)" : nil }

  private var decimal: (DataType, ColumnCodec, String?) {
    // 39 stands for a number of digits that nobody declared.
    let scale = decimals == 39 ? 0 : decimals
    let precision = length - (scale > 0 ? 1 : 0) - (isUnsigned ? 0 : 1)
    guard precision > 0, precision <= 76, scale <= precision else { return (.numeric, .variable(isText: true), nil) }
    let codec: ColumnCodec =
      precision <= 38
      ? .decimal128(precision: precision, scale: scale) : .decimal256(precision: precision, scale: scale)
    return (.decimal(precision: precision, scale: scale), codec, nil)
  }

  private func date(_ options: MySQLConnection.ReadOptions) -> (DataType, ColumnCodec, String?) {
    let fraction = decimals > 6 ? 6 : decimals
    let isDate = kind == .date || kind == .newDate
    let name = isDate ? "date" : kind == .timestamp ? "timestamp" : "datetime"
    if options.zeroDates == .text { return (.text, isDate ? .dateText : .datetimeText(fraction: fraction), name) }
    let nulls = options.zeroDates == .null
    if isDate { return (.date, .date(zeroIsNull: nulls), nil) }
    guard kind == .timestamp, options.zone != .utc else {
      return (.timestamp(.microseconds, zoned: kind == .timestamp), .datetime(zeroIsNull: nulls), name)
    }
    var codec = ColumnCodec.ambiguous
    if case .offset(let offset) = options.zone { codec = .shifted(zeroIsNull: nulls, offset: offset) }
    return (.timestamp(.microseconds, zoned: true), codec, name)
  }

  private func time(_ timeAs: TimeAs) -> (DataType, ColumnCodec, String?) {
    switch timeAs {
    case .interval: (.interval, .interval, "time")
    case .time: (.time(.microseconds), .time, nil)
    case .text: (.text, .timeText(fraction: decimals > 6 ? 6 : decimals), "time")
    }
  }

  private var variable: (DataType, ColumnCodec, String?) {
    if kind == .json || format == "json" { return (.json, .variable(isText: true), nil) }
    if kind == .geometry { return (.bytes, .variable(isText: false), extendedType ?? "geometry") }
    if kind == .vector { return (.bytes, .variable(isText: false), "vector(\(length / 4))") }
    if let extendedType {
      if extendedType == "uuid" { return (.uuid, .uuid, nil) }
      return isBinary && !extendedType.hasPrefix("inet")
        ? (.bytes, .variable(isText: false), extendedType) : (.text, .variable(isText: true), extendedType)
    }
    if isEnum { return (.text, .variable(isText: true), "enum") }
    if isSet { return (.text, .variable(isText: true), "set") }
    return isBinary ? (.bytes, .variable(isText: false), nil) : (.text, .variable(isText: true), nil)
  }
}
