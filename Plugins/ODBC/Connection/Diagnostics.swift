internal import CODBC
internal import Records

/// What a handle has to say of its last call.
@safe struct Diagnostics {
  private let kind: Int16
  private let handle: SQLHANDLE?
  private let product: Product

  static func of(connection handle: SQLHDBC?, _ product: Product) -> Diagnostics {
    unsafe Diagnostics(kind: Int16(SQL_HANDLE_DBC), handle: handle, product: product)
  }

  static func of(statement handle: SQLHSTMT?, _ product: Product) -> Diagnostics {
    unsafe Diagnostics(kind: Int16(SQL_HANDLE_STMT), handle: handle, product: product)
  }

  /// Messages of more than a page are cut by the driver manager, not here.
  private static let room = 8_192
  /// A driver may have one for each row of an array.
  private static let most: Int16 = 200

  private func record(_ number: Int16) -> DatabaseError? {
    var state = [UInt16](repeating: 0, count: 6)
    var text = [UInt16](repeating: 0, count: Diagnostics.room)
    var (native, length): (SQLINTEGER, Int16) = (0, 0)
    let status = unsafe SQLGetDiagRecW(
      kind, handle, number, &state, &native, &text, Int16(text.count), &length)
    guard Int32(status) == SQL_SUCCESS || Int32(status) == SQL_SUCCESS_WITH_INFO else { return nil }
    var error = DatabaseError(
      state: WideText.string(state, 5), number: Int(native),
      text: Diagnostics.plain(WideText.string(text, Int(length))))
    error.row = row(number)
    error.product = product
    return error
  }

  private func row(_ number: Int16) -> Int? {
    var row = SQLLEN(0)
    let status = unsafe SQLGetDiagFieldW(
      kind, handle, number, Int16(SQL_DIAG_ROW_NUMBER), &row, Int16(MemoryLayout<SQLLEN>.size), nil)
    return Int32(status) == SQL_SUCCESS && row > 0 ? Int(row) : nil
  }

  /// Whether one of all records, however many, is no warning.
  var hasErrors: Bool {
    var state = [UInt16](repeating: 0, count: 6)
    var (native, length): (SQLINTEGER, Int16) = (0, 0)
    var number: Int16 = 1
    while number < Int16.max {
      let status = unsafe SQLGetDiagRecW(kind, handle, number, &state, &native, nil, 0, &length)
      guard Int32(status) == SQL_SUCCESS || Int32(status) == SQL_SUCCESS_WITH_INFO else { return false }
      if !Diagnostics.isWarning(WideText.string(state, 5)) { return true }
      number += 1
    }
    return false
  }

  private static func isWarning(_ state: String) -> Bool { state.hasPrefix("01") || state.hasPrefix("00") }

  /// All records, warnings among them.
  var records: [DatabaseError] {
    var found: [DatabaseError] = []
    var number: Int16 = 1
    while number <= Diagnostics.most, let next = record(number) {
      found.append(next)
      number += 1
    }
    return found
  }

  /// The first record that is no warning; before it one of a statement that says that the connection is gone.
  var error: DatabaseError {
    let all = records
    var unknown = DatabaseError(state: "HY000", number: 0, text: "the driver gave no reason")
    unknown.product = product
    let isStatements = kind == Int16(SQL_HANDLE_STMT)
    let found =
      all.first { isStatements ? $0.isConnectionLoss : $0.saysMoreThanRefused }
      ?? all.first { !Diagnostics.isWarning($0.state) }
    var error = found ?? all.first ?? unknown
    // Some drivers tell the same thing in several records, the row in another one than the reason.
    error.row = error.row ?? all.lazy.compactMap(\.row).first
    return error
  }

  /// The words without who passed them on: `[unixODBC][Driver Manager]`, `[Microsoft][ODBC Driver 18 …][SQL Server]`.
  static func plain(_ text: String) -> String {
    var rest = text[...]
    while rest.first == "[", let end = rest.firstIndex(of: "]") { rest = rest[rest.index(after: end)...] }
    // psqlODBC's own words behind the server's.
    for end in [";\nError while executing the query", ";\nError while preparing parameters"] {
      if rest.hasSuffix(end) { rest = rest.dropLast(end.count) }
    }
    while let last = rest.last, last.isWhitespace { rest.removeLast() }
    while let first = rest.first, first.isWhitespace { rest.removeFirst() }
    return rest.isEmpty ? text : String(rest)
  }
}
