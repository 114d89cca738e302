internal import CSQLite
internal import Records

/// One open database, and the only owner of its handle.
@safe final class NativeConnection {
  private(set) var pointer: OpaquePointer?
  let interrupter: Interrupter
  private let path: String

  init(_ url: ConnectionPlan) throws {
    path = url.path
    let access = url.isReadOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
    var pointer: OpaquePointer?
    // FULLMUTEX: sqlite3_interrupt comes from another thread.
    let status = unsafe sqlite3_open_v2(url.path, &pointer, access | SQLITE_OPEN_FULLMUTEX | SQLITE_OPEN_URI, nil)
    interrupter = unsafe Interrupter(pointer)
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

  func prepare(_ sql: String) throws -> NativeStatement {
    var statement: OpaquePointer?
    let status = unsafe sqlite3_prepare_v2(pointer, sql, -1, &statement, nil)
    guard status == SQLITE_OK else {
      var failure = failure(status)
      let offset = unsafe Int(sqlite3_error_offset(pointer))
      if offset >= 0 { failure.position = sql.utf8.prefix(offset).count { $0 & 0xC0 != 0x80 } }
      throw failure
    }
    guard let statement = unsafe statement else { throw Failure(.configuration, "the statement is empty") }
    return unsafe NativeStatement(statement, self)
  }

  /// The last error.
  var failure: Failure { unsafe failure(sqlite3_extended_errcode(pointer)) }

  /// The last error in the house's words.
  func failure(_ status: Int32) -> Failure {
    let known = unsafe pointer.flatMap { unsafe sqlite3_errmsg($0) } ?? sqlite3_errstr(status)
    return unsafe DatabaseError(status: status, message: known.map { unsafe String(cString: $0) } ?? "unknown error")
      .failure
  }
}
