internal import CODBC
internal import Records
internal import SQL

/// What a driver says of itself and of its database: SQLGetInfo.
@safe struct DriverFactSheet: Sendable {
  var product = Product.other
  var databaseName = ""
  var databaseVersion = ""
  var driverName = ""
  var driverVersion = ""
  /// The pair around names; nil where there is none.
  var quote: UInt8?
  /// Unquoted names keep no case of their own.
  var foldsToLower = false
  /// Values that did not fit their buffer can be asked for again: within a rowset, and at all.
  var canRefetchInBlock = false
  var canRefetch = false
  var describesParameters = false
  var hasTransactions = true
}

extension DriverFactSheet {
  init(of handle: SQLHDBC) {
    unsafe databaseName = DriverFactSheet.text(handle, SQL_DBMS_NAME)
    product = Product(databaseName)
    unsafe databaseVersion = DriverFactSheet.text(handle, SQL_DBMS_VER)
    unsafe driverName = DriverFactSheet.text(handle, SQL_DRIVER_NAME)
    unsafe driverVersion = DriverFactSheet.text(handle, SQL_DRIVER_VER)
    quote = unsafe DriverFactSheet.text(handle, SQL_IDENTIFIER_QUOTE_CHAR).utf8.first { $0 != 32 }
    foldsToLower = unsafe DriverFactSheet.number(handle, SQL_IDENTIFIER_CASE) == UInt32(SQL_IC_LOWER)
    let extensions = unsafe DriverFactSheet.number(handle, SQL_GETDATA_EXTENSIONS)
    let anywhere = UInt32(SQL_GD_ANY_COLUMN | SQL_GD_ANY_ORDER | SQL_GD_BOUND)
    canRefetch = extensions & anywhere == anywhere
    canRefetchInBlock = canRefetch && extensions & UInt32(SQL_GD_BLOCK) != 0
    describesParameters = unsafe DriverFactSheet.text(handle, SQL_DESCRIBE_PARAMETER) == "Y"
    hasTransactions = unsafe DriverFactSheet.number(handle, SQL_TXN_CAPABLE) != UInt32(SQL_TC_NONE)
  }

  private static func text(_ handle: SQLHDBC, _ which: Int32) -> String {
    var text = [UInt16](repeating: 0, count: 256)
    var bytes: Int16 = 0
    let status = unsafe SQLGetInfoW(handle, UInt16(which), &text, Int16(text.count * 2), &bytes)
    return status == 0 ? WideText.string(text, Int(bytes) / 2) : ""
  }

  private static func number(_ handle: SQLHDBC, _ which: Int32) -> UInt32 {
    var (number, bytes): (UInt32, Int16) = (0, 0)
    let status = unsafe SQLGetInfoW(handle, UInt16(which), &number, Int16(MemoryLayout<UInt32>.size), &bytes)
    return status == 0 ? number : 0
  }

  /// How SQL is written in a session.
  var dialect: Dialect {
    if let known = product.dialect { return known }
    var dialect = Dialect()
    switch quote {
    case UInt8(ascii: "`"): dialect.identifierQuotes = [.backtick]
    case UInt8(ascii: "["): dialect.identifierQuotes = [.brackets]
    default: dialect.identifierQuotes = [.double]
    }
    dialect.folding = foldsToLower ? .lower : .ignored
    return dialect
  }
}
