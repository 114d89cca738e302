internal import CODBC
internal import Records
internal import SQL

/// How a parameter is declared, where its size may follow from the values.
struct ParameterDeclaration: Hashable {
  /// SQL_…, and what it is for values that are longer than a short one may be.
  var sql: Int32
  var long: Int32?
  /// Nil: the longest value's.
  var size: Int?
  var digits = 0

  /// More characters than this are long everywhere.
  private static let most = 4_000

  func type(_ longest: Int) -> ParameterType {
    if let size { return ParameterType(sql, size: size, digits: digits) }
    let isLong = longest > ParameterDeclaration.most
    return ParameterType(isLong ? long ?? sql : sql, size: max(longest, 1), digits: digits)
  }
}

/// In which form values of each type go through a driver without a loss.
struct ParameterRules {
  typealias Way = (form: RowEncoder.Form, native: Int32, declared: ParameterDeclaration)

  private let column: DatabaseType?
  private let traits: DriverTraits
  private let product: Product

  init(_ column: DatabaseType?, _ traits: DriverTraits, _ product: Product) {
    self.column = column
    self.traits = traits
    self.product = product
  }

  func way(of type: DataType) -> Way {
    switch type {
    case .bool: (.bool, SQL_C_BIT, ParameterDeclaration(sql: SQL_BIT, size: 1))
    case .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32: integer(type)
    case .uint64: text(ParameterDeclaration(sql: SQL_DECIMAL, size: 20))
    case .float32 where !traits.sendsFloatsAsTexts: (.fixed4, SQL_C_FLOAT, ParameterDeclaration(sql: SQL_REAL, size: 7))
    case .float64 where !traits.sendsFloatsAsTexts:
      (.fixed8, SQL_C_DOUBLE, ParameterDeclaration(sql: SQL_DOUBLE, size: 15))
    case .float32: text(ParameterDeclaration(sql: SQL_REAL, size: 24))
    case .float64: text(ParameterDeclaration(sql: SQL_DOUBLE, size: 24))
    case .decimal(let precision, let scale):
      text(ParameterDeclaration(sql: SQL_DECIMAL, size: precision, digits: scale))
    case .numeric: text(numeric)
    case .date where product != .sqlite && !traits.isFreeTDS:
      (.date, SQL_C_TYPE_DATE, ParameterDeclaration(sql: SQL_TYPE_DATE, size: 10))
    case .time: time
    case .timestamp(let unit, let zoned): timestamp(unit, zoned)
    case .offsetTimestamp: text(offset)
    case .uuid: uuid
    case .bytes:
      (.bytes, SQL_C_BINARY, ParameterDeclaration(sql: SQL_VARBINARY, long: SQL_LONGVARBINARY))
    case .text, .json: characters
    case .date, .interval, .list: text(ParameterDeclaration(sql: SQL_VARCHAR, long: SQL_LONGVARCHAR))
    }
  }

  private func integer(_ type: DataType) -> Way {
    switch type {
    case .int8: (.fixed1, NativeType.int8, ParameterDeclaration(sql: small(SQL_TINYINT), size: 5))
    case .uint8: (.fixed1, NativeType.uint8, ParameterDeclaration(sql: small(SQL_TINYINT), size: 5))
    case .int16: (.fixed2, NativeType.int16, ParameterDeclaration(sql: SQL_SMALLINT, size: 5))
    case .uint16: (.fixed2, NativeType.uint16, ParameterDeclaration(sql: SQL_INTEGER, size: 10))
    case .int32: (.fixed4, NativeType.int32, ParameterDeclaration(sql: SQL_INTEGER, size: 10))
    case .uint32: (.fixed4, NativeType.uint32, ParameterDeclaration(sql: SQL_BIGINT, size: 19))
    default: (.fixed8, NativeType.int64, ParameterDeclaration(sql: SQL_BIGINT, size: 19))
    }
  }

  /// Not every database has a type of one byte, and not all with a sign.
  private func small(_ type: Int32) -> Int32 {
    column.map { Int32($0.sql) == SQL_TINYINT } ?? false ? SQL_TINYINT : SQL_SMALLINT
  }

  private func text(_ declared: ParameterDeclaration) -> Way { (.narrow, SQL_C_CHAR, declared) }

  private var characters: Way {
    traits.texts == .wide
      ? (.wide, SQL_C_WCHAR, ParameterDeclaration(sql: SQL_WVARCHAR, long: SQL_WLONGVARCHAR))
      : (.narrow, SQL_C_CHAR, ParameterDeclaration(sql: SQL_VARCHAR, long: SQL_LONGVARCHAR))
  }

  /// A number of any size.
  private var numeric: ParameterDeclaration {
    switch product {
    case .postgresql: ParameterDeclaration(sql: SQL_NUMERIC, size: 1_000)
    // The digits behind the point are the values'.
    case .sqlServer: ParameterDeclaration(sql: SQL_DECIMAL, size: 38)
    default: ParameterDeclaration(sql: SQL_VARCHAR, long: SQL_LONGVARCHAR)
    }
  }

  private var time: Way {
    switch product {
    case .sqlServer where !traits.isFreeTDS:
      text(ParameterDeclaration(sql: DatabaseType.time2, size: 16, digits: 7))
    default: text(ParameterDeclaration(sql: SQL_VARCHAR, size: 24))
    }
  }

  private func timestamp(_ unit: TimeUnit, _ zoned: Bool) -> Way {
    let isOffset = column.map { Int32($0.sql) == DatabaseType.offset } ?? false
    if product == .sqlite { return text(ParameterDeclaration(sql: SQL_VARCHAR, size: 40)) }
    if traits.isFreeTDS, unit == .microseconds, !isOffset, !zoned, !isOld {
      return text(ParameterDeclaration(sql: SQL_VARCHAR, size: 27))
    }
    if isOffset || zoned && product == .sqlServer { return text(offset) }
    let digits = product == .sqlServer ? 7 : unit == .nanoseconds && product != .mysql ? 9 : 6
    return (
      .timestamp(unit), SQL_C_TYPE_TIMESTAMP,
      ParameterDeclaration(sql: SQL_TYPE_TIMESTAMP, size: 20 + digits, digits: digits)
    )
  }

  /// A datetime is not made of a text with more digits than three, and FreeTDS makes one of the structure.
  private var isOld: Bool { column.map { ["datetime", "smalldatetime"].contains($0.name) } ?? false }

  private var offset: ParameterDeclaration {
    product == .sqlServer && !traits.isFreeTDS
      ? ParameterDeclaration(sql: DatabaseType.offset, size: 34, digits: 7)
      : ParameterDeclaration(sql: SQL_VARCHAR, size: 40)
  }

  private var uuid: Way {
    product == .sqlServer && !traits.isFreeTDS
      ? (.guid, SQL_C_GUID, ParameterDeclaration(sql: SQL_GUID, size: 36))
      : text(ParameterDeclaration(sql: SQL_VARCHAR, size: 36))
  }
}
