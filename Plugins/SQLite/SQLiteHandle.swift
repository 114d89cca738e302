internal import CSQLite
internal import Expression
internal import Records
internal import Synchronization

/// One open database, and the only owner of its handle.
@safe final class SQLiteHandle {
  private(set) var pointer: OpaquePointer?
  let interrupter: SQLiteInterrupter
  private let path: String

  init(_ url: SQLiteURL) throws {
    path = url.path
    let access = url.isReadOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
    var pointer: OpaquePointer?
    // FULLMUTEX: sqlite3_interrupt comes from another thread.
    let status = unsafe sqlite3_open_v2(url.path, &pointer, access | SQLITE_OPEN_FULLMUTEX | SQLITE_OPEN_URI, nil)
    interrupter = unsafe SQLiteInterrupter(pointer)
    unsafe self.pointer = unsafe pointer
    guard status == SQLITE_OK else {
      let failure = failure(status).whileDoing("opening the database '\(url.path)'")
      close()
      throw failure
    }
    unsafe sqlite3_extended_result_codes(pointer, 1)
    unsafe sqlite3_busy_timeout(pointer, url.busyTimeout)
  }

  deinit { close() }

  func close() {
    interrupter.forget()
    unsafe sqlite3_close_v2(pointer)
    unsafe pointer = nil
  }

  var isReadOnly: Bool { unsafe sqlite3_db_readonly(pointer, "main") == 1 }
  var isInTransaction: Bool { unsafe pointer != nil && sqlite3_get_autocommit(pointer) == 0 }
  /// Rows that the last INSERT, UPDATE or DELETE changed, without those of triggers.
  var changes: Int64 { unsafe sqlite3_changes64(pointer) }
  var totalChanges: Int64 { unsafe sqlite3_total_changes64(pointer) }

  func prepare(_ sql: String) throws -> SQLiteStatementHandle {
    var statement: OpaquePointer?
    let status = unsafe sqlite3_prepare_v2(pointer, sql, -1, &statement, nil)
    guard status == SQLITE_OK else {
      var failure = failure(status)
      let offset = unsafe Int(sqlite3_error_offset(pointer))
      if offset >= 0 { failure.position = sql.utf8.prefix(offset).count { $0 & 0xC0 != 0x80 } }
      throw failure
    }
    guard let statement = unsafe statement else { throw Failure(.configuration, "the statement is empty") }
    return unsafe SQLiteStatementHandle(statement, self)
  }

  /// The last error in the house's words.
  func failure(_ status: Int32) -> Failure {
    let known = unsafe pointer.flatMap { unsafe sqlite3_errmsg($0) } ?? sqlite3_errstr(status)
    return unsafe SQLiteError.failure(status, known.map { unsafe String(cString: $0) } ?? "unknown error")
  }
}

/// Interrupts a database from any thread, also while it is being closed.
final class SQLiteInterrupter: Sendable {
  @safe private struct Target: @unchecked Sendable { var pointer: OpaquePointer? }
  private let target: Mutex<Target>

  init(_ pointer: OpaquePointer?) { target = unsafe Mutex(Target(pointer: pointer)) }

  func interrupt() {
    target.withLock { if let pointer = unsafe $0.pointer { unsafe sqlite3_interrupt(pointer) } }
  }

  func forget() { target.withLock { unsafe $0.pointer = nil } }
}

/// A prepared statement, and the only owner of its handle.
@safe final class SQLiteStatementHandle {
  let pointer: OpaquePointer
  let database: SQLiteHandle

  init(_ pointer: OpaquePointer, _ database: SQLiteHandle) {
    unsafe self.pointer = unsafe pointer
    self.database = database
  }

  deinit { unsafe sqlite3_finalize(pointer) }

  var parameterCount: Int { unsafe Int(sqlite3_bind_parameter_count(pointer)) }
  var columnCount: Int { unsafe Int(sqlite3_column_count(pointer)) }
  /// Whether it leaves the database as it is.
  var isReadOnly: Bool { unsafe sqlite3_stmt_readonly(pointer) != 0 }

  func columnName(_ column: Int) -> String {
    unsafe sqlite3_column_name(pointer, Int32(column)).map { unsafe String(cString: $0) } ?? ""
  }

  func declaredType(_ column: Int) -> String {
    unsafe sqlite3_column_decltype(pointer, Int32(column)).map { unsafe String(cString: $0) } ?? ""
  }

  /// True for a row, false at the end.
  func step() throws -> Bool {
    switch unsafe sqlite3_step(pointer) {
    case SQLITE_ROW: return true
    case SQLITE_DONE: return false
    case let status: throw database.failure(status)
    }
  }

  func reset() { unsafe sqlite3_reset(pointer) }

  /// Binds the values of `parameters`.
  func bind(_ values: [Value]) throws {
    guard values.count == parameterCount else {
      throw Failure(
        .schema, "the statement has \(parameterCount) placeholders for \(values.count) values",
        hint: "Give every placeholder a name, and its value in 'parameters'")
    }
    for (index, value) in values.enumerated() {
      let status = bind(value, Int32(index + 1))
      guard status == SQLITE_OK else { throw database.failure(status) }
    }
  }

  private func bind(_ value: Value, _ index: Int32) -> Int32 {
    switch value {
    case .null: return unsafe sqlite3_bind_null(pointer, index)
    case .bool(let flag): return unsafe sqlite3_bind_int64(pointer, index, flag ? 1 : 0)
    case .int(let number): return unsafe sqlite3_bind_int64(pointer, index, number)
    case .double(let number): return unsafe sqlite3_bind_double(pointer, index, number)
    case .string(let text): return bind(text, index)
    case .decimal, .list, .map: return bind(value.text, index)
    }
  }

  private func bind(_ text: String, _ index: Int32) -> Int32 {
    var text = text
    return text.withUTF8 { bytes in
      // SQLITE_TRANSIENT: SQLite copies the text before the call returns. An empty text still needs an address.
      unsafe bytes.withMemoryRebound(to: CChar.self) { characters in
        unsafe withUnsafePointer(to: CChar(0)) { empty in
          unsafe sqlite3_bind_text64(
            pointer, index, characters.baseAddress ?? empty, UInt64(characters.count),
            unsafeBitCast(-1, to: sqlite3_destructor_type.self), UInt8(SQLITE_UTF8))
        }
      }
    }
  }
}

/// SQLite's result codes: https://www.sqlite.org/rescode.html.
enum SQLiteError {
  static func failure(_ status: Int32, _ message: String) -> Failure {
    let primary = status & 0xFF
    var failure = Failure(category(primary), message, code: code(status))
    failure.retryIsSafe = primary == SQLITE_BUSY || primary == SQLITE_LOCKED
    switch primary {
    case SQLITE_BUSY, SQLITE_LOCKED: failure.hint = "Another process holds the database; raise busy_timeout in the url"
    case SQLITE_CANTOPEN: failure.hint = "Check the path in the url: its folder must exist"
    case SQLITE_READONLY: failure.hint = "Check the permissions of the file and of its folder"
    default: break
    }
    return failure
  }

  private static func category(_ primary: Int32) -> Failure.Category {
    switch primary {
    case SQLITE_CONSTRAINT, SQLITE_MISMATCH, SQLITE_TOOBIG, SQLITE_CORRUPT, SQLITE_NOTADB, SQLITE_RANGE: .data
    case SQLITE_BUSY, SQLITE_LOCKED, SQLITE_IOERR, SQLITE_PROTOCOL, SQLITE_NOMEM, SQLITE_SCHEMA: .transient
    case SQLITE_FULL: .quota
    case SQLITE_PERM, SQLITE_AUTH, SQLITE_READONLY: .auth
    case SQLITE_INTERRUPT: .cancelled
    case SQLITE_CANTOPEN: .configuration
    case SQLITE_MISUSE: .bug
    default: .schema
    }
  }

  /// The SQLSTATE that other databases use for the same, else SQLite's own number.
  private static func code(_ status: Int32) -> String {
    switch (status & 0xFF, status >> 8) {
    case (SQLITE_CONSTRAINT, 8), (SQLITE_CONSTRAINT, 6), (SQLITE_CONSTRAINT, 10): "23505"
    case (SQLITE_CONSTRAINT, 5): "23502"
    case (SQLITE_CONSTRAINT, 3): "23503"
    case (SQLITE_CONSTRAINT, 1): "23514"
    case (SQLITE_INTERRUPT, _): "57014"
    default: "SQLITE \(status)"
    }
  }
}
