internal import CSQLite
internal import Expression
internal import Records

/// A prepared statement, and the only owner of its handle.
@safe final class NativeStatement {
  let pointer: OpaquePointer
  let database: NativeConnection

  init(_ pointer: OpaquePointer, _ database: NativeConnection) {
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
    case .secret(let secret): return bind(secret.value, index)
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
