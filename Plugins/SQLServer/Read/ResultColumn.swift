internal import CFreeTDS
internal import Records

/// What the server says about a column of a result.
struct ResultColumn: Hashable {
  var name: String
  var type: DatabaseType
  var isNullable: Bool
}

extension ResultColumn {
  /// - Parameter number: from 1.
  init(_ connection: NativeConnection, _ number: Int32) {
    let handle = unsafe connection.handle
    name = unsafe dbcolname(handle, number).map { unsafe String(cString: $0) } ?? ""
    let info = unsafe dbcoltypeinfo(handle, number)
    let (precision, scale) = unsafe (Int(info?.pointee.precision ?? 0), Int(info?.pointee.scale ?? 0))
    var text = [CChar](repeating: 0, count: 256)
    var (server, isNull) = (Int32(0), Int32(1))
    unsafe ferry_tds_column(handle, number, &text, Int32(text.count), &server, &isNull)
    isNullable = isNull != 0
    let declared = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    type = ResultColumn.type(
      unsafe Int(dbcoltype(handle, number)), Int(server), declared, precision: precision, scale: scale)
  }

  /// The library's type says how the bytes lie; the server's own name of it says more where there is one.
  private static func type(
    _ type: Int, _ server: Int, _ declared: String, precision: Int, scale: Int
  ) -> DatabaseType {
    switch type {
    case SYBBIT: DatabaseType("bit")
    case SYBINT1: DatabaseType("tinyint")
    case SYBINT2: DatabaseType("smallint")
    case SYBINT4: DatabaseType("int")
    case SYBINT8: DatabaseType("bigint")
    case SYBREAL: DatabaseType("real")
    case SYBFLT8: DatabaseType("float")
    case SYBDECIMAL, SYBNUMERIC: DatabaseType("decimal", precision: precision, scale: scale)
    case SYBMONEY: DatabaseType("money")
    case SYBMONEY4: DatabaseType("smallmoney")
    case SYBMSDATE: DatabaseType("date")
    case SYBMSTIME: DatabaseType("time", scale: scale)
    case SYBMSDATETIME2: DatabaseType("datetime2", scale: scale)
    case SYBMSDATETIMEOFFSET: DatabaseType("datetimeoffset", scale: scale)
    case SYBDATETIME: DatabaseType("datetime")
    case SYBDATETIME4: DatabaseType("smalldatetime")
    case ServerType.guid: DatabaseType("uniqueidentifier")
    case ServerType.variant: DatabaseType("sql_variant")
    case ServerType.userDefined: DatabaseType("udt")
    case SYBIMAGE: DatabaseType("image")
    case SYBBINARY, SYBVARBINARY: DatabaseType(written: declared.isEmpty ? "varbinary(max)" : declared)
    case SYBTEXT where server == ServerType.xml: DatabaseType("xml")
    case SYBTEXT: DatabaseType(written: declared.isEmpty ? "ntext" : declared)
    default: DatabaseType(written: declared.isEmpty ? "nvarchar(max)" : declared)
    }
  }
}

/// Types of the protocol that the library has no name for: MS-TDS, 2.2.5.4.
enum ServerType {
  static let guid = 36
  static let variant = 98
  static let wideText = 231
  static let userDefined = 240
  static let xml = 241
}
