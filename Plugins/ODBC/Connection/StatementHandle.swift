internal import CODBC
internal import Records
internal import SQL

/// A statement of a connection, owning its handle. All of it is to be used within `NativeConnection.call`.
@safe final class StatementHandle {
  let handle: SQLHSTMT
  let connection: NativeConnection
  /// What is bound lives as long as the statement may write to it.
  private var bound: [BoundColumn] = []
  private let fetched = BoundColumn(NativeType.uint64, width: MemoryLayout<SQLULEN>.size, rows: 1)
  private var statuses: BoundColumn?
  private var parameters: [BoundColumn] = []
  /// Of the last result that was no rows.
  var lastCount: Int64?
  /// Nil for a result that comes as a whole.
  var steps: SteppedQuery?

  init(_ connection: NativeConnection) throws(DatabaseError) {
    guard let handle = unsafe ferry_odbc_statement(connection.handle) else {
      throw unsafe Diagnostics.of(connection: connection.handle, connection.product).error
    }
    unsafe self.handle = unsafe handle
    self.connection = connection
    connection.interrupter.watch(self)
  }

  deinit {
    guard connection.hasStatements, connection.interrupter.forget(self) else { return }
    unsafe SQLFreeHandle(Int16(SQL_HANDLE_STMT), handle)
  }

  var diagnostics: Diagnostics { unsafe Diagnostics.of(statement: handle, connection.product) }

  func check(_ status: SQLRETURN) throws(DatabaseError) {
    if Int32(status) == SQL_SUCCESS || Int32(status) == SQL_SUCCESS_WITH_INFO { return }
    throw diagnostics.error
  }

  private var isNarrow: Bool { !connection.traits.hasWideFunctions }

  func set(_ attribute: Int32, _ value: Int) -> SQLRETURN {
    unsafe ferry_odbc_set_statement(handle, attribute, SQLULEN(value))
  }

  // MARK: running

  /// Runs a statement as text.
  func execute(_ sql: String) throws(DatabaseError) {
    if isNarrow {
      var text = Array(sql.utf8) + [0]
      return try ended(unsafe SQLExecDirect(handle, &text, SQLINTEGER(text.count - 1)))
    }
    var text = WideText.units(sql)
    try ended(unsafe SQLExecDirectW(handle, &text, SQLINTEGER(text.count - 1)))
  }

  func prepare(_ sql: String) throws(DatabaseError) {
    if isNarrow {
      var text = Array(sql.utf8) + [0]
      return try check(unsafe SQLPrepare(handle, &text, SQLINTEGER(text.count - 1)))
    }
    var text = WideText.units(sql)
    try check(unsafe SQLPrepareW(handle, &text, SQLINTEGER(text.count - 1)))
  }

  /// Runs what was prepared.
  func execute() throws(DatabaseError) { try ended(run()) }

  /// Runs what was prepared; what it came to is the caller's to look at.
  func run() -> SQLRETURN { unsafe SQLExecute(handle) }

  /// SQL_NO_DATA: it changed no row.
  private func ended(_ status: SQLRETURN) throws(DatabaseError) {
    if Int32(status) != SQL_NO_DATA { try check(status) }
  }

  /// Rows that the statement changed; nil where the driver does not know.
  var rowCount: Int64? {
    var count = SQLLEN(-1)
    let status = unsafe SQLRowCount(handle, &count)
    return Int32(status) == SQL_SUCCESS && count >= 0 ? Int64(count) : nil
  }

  /// Moves to the next result; false at the end.
  func nextResult() throws(DatabaseError) -> Bool {
    unbind()
    let status = unsafe SQLMoreResults(handle)
    if Int32(status) == SQL_NO_DATA { return false }
    try check(status)
    return true
  }

  /// Gives up what is left of the rows; the statement can run again.
  func close() {
    _ = unsafe SQLFreeStmt(handle, UInt16(SQL_CLOSE))
    unbind()
  }

  private func unbind() {
    guard !bound.isEmpty else { return }
    _ = unsafe SQLFreeStmt(handle, UInt16(SQL_UNBIND))
    bound = []
  }

  /// Binds the values of a parameter, which live as long as the statement.
  func bind(_ values: BoundColumn, parameter: Int, as type: ParameterType) throws(DatabaseError) {
    parameters.append(values)
    try check(unsafe values.bind(parameter: parameter, of: handle, as: type))
  }

  // MARK: columns

  var columnCount: Int {
    var count: Int16 = 0
    return unsafe SQLNumResultCols(handle, &count) == 0 ? Int(count) : 0
  }

  func fields() throws(DatabaseError) -> [ResultField] {
    var fields: [ResultField] = []
    for number in 0..<columnCount { fields.append(try field(number + 1)) }
    return fields
  }

  private func field(_ number: Int) throws(DatabaseError) -> ResultField {
    var (length, type, digits, nullable): (Int16, Int16, Int16, Int16) = (0, 0, 0, 0)
    var size = SQLULEN(0)
    let name: String
    if isNarrow {
      var text = [UInt8](repeating: 0, count: 1_024)
      try check(
        unsafe SQLDescribeCol(
          handle, UInt16(number), &text, Int16(text.count), &length, &type, &size, &digits, &nullable))
      name = String(decoding: text.prefix { $0 != 0 }, as: UTF8.self)
    } else {
      var text = [UInt16](repeating: 0, count: 1_024)
      try check(
        unsafe SQLDescribeColW(
          handle, UInt16(number), &text, Int16(text.count), &length, &type, &size, &digits, &nullable))
      name = WideText.string(text, Int(length))
    }
    return ResultField(
      name: name,
      type: DatabaseType(
        sql: type, name: typeName(number), size: Int(clamping: size), digits: Int(digits),
        isUnsigned: attribute(number, SQL_DESC_UNSIGNED) == 1, connection.product),
      isNullable: Int32(nullable) != SQL_NO_NULLS,
      isIdentity: attribute(number, SQL_DESC_AUTO_UNIQUE_VALUE) == 1)
  }

  private func attribute(_ column: Int, _ which: Int32) -> Int {
    var value = SQLLEN(0)
    let status = unsafe SQLColAttributeW(handle, UInt16(column), UInt16(which), nil, 0, nil, &value)
    return status == 0 ? Int(value) : 0
  }

  private func typeName(_ column: Int) -> String {
    var text = [UInt16](repeating: 0, count: 256)
    var bytes: Int16 = 0
    let status = unsafe SQLColAttributeW(
      handle, UInt16(column), UInt16(SQL_DESC_TYPE_NAME), &text, Int16(text.count * 2), &bytes, nil)
    return status == 0 ? WideText.string(text, Int(bytes) / 2) : ""
  }

  // MARK: rows

  /// Binds the columns of a rowset. Set behind the start of the statement: Microsoft's driver opens a cursor on the
  /// server for one that begins with more than a row.
  func bind(_ columns: [(number: Int, memory: BoundColumn)], rows: Int) throws(DatabaseError) {
    unbind()
    try check(set(SQL_ATTR_ROW_ARRAY_SIZE, rows))
    let statuses = BoundColumn(NativeType.uint16, width: MemoryLayout<SQLUSMALLINT>.size, rows: rows)
    self.statuses = statuses
    try check(unsafe fetched.point(SQL_ATTR_ROWS_FETCHED_PTR, of: handle))
    try check(unsafe statuses.point(SQL_ATTR_ROW_STATUS_PTR, of: handle))
    for column in columns {
      bound.append(column.memory)
      try check(unsafe column.memory.bind(result: column.number, of: handle))
    }
  }

  /// Fetches the next rowset; how many rows it has, 0 at the end.
  func fetch() throws(DatabaseError) -> Int {
    while true {
      let status = unsafe SQLFetch(handle)
      if Int32(status) == SQL_NO_DATA {
        if try nextStep() { continue }
        return 0
      }
      try check(status)
      let rows = fetched.count
      if Int32(status) == SQL_SUCCESS_WITH_INFO { try lookForErrors() }
      steps?.rowsInStep += rows
      return rows
    }
  }

  /// A rowset that breaks off is a success to the driver manager, and the next one is the end of the rows: only what is
  /// said of it, or of the row behind its last one, tells of the error.
  private func lookForErrors() throws(DatabaseError) {
    guard let statuses else { return }
    let each = statuses.values(as: SQLUSMALLINT.self)
    let wrong = each.indices.first { Int32(each[$0]) == SQL_ROW_ERROR }
    guard wrong != nil || diagnostics.hasErrors else { return }
    var error = diagnostics.error
    error.row = error.row ?? wrong.map { $0 + 1 }
    throw error
  }

  /// Makes a row of the rowset, from 0, the one that `get` asks.
  func position(_ row: Int) throws(DatabaseError) {
    try check(unsafe SQLSetPos(handle, SQLSETPOSIROW(row + 1), UInt16(SQL_POSITION), UInt16(SQL_LOCK_NO_CHANGE)))
  }

  /// Asks for a part of a value; false when there is no more of it.
  func get(_ column: Int, _ part: BoundColumn) throws(DatabaseError) -> (hasMore: Bool, isEnd: Bool) {
    let status = unsafe part.get(column, of: handle)
    if Int32(status) == SQL_NO_DATA { return (false, true) }
    try check(status)
    return (Int32(status) == SQL_SUCCESS_WITH_INFO, false)
  }
}
