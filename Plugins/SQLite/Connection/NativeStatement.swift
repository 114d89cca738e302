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

  /// Resets it and lets go of what was bound.
  func forget() {
    reset()
    unsafe sqlite3_clear_bindings(pointer)
  }

  /// Runs it, whatever rows it gives; false for an error.
  func stepToEnd() -> Bool {
    var status = unsafe sqlite3_step(pointer)
    while status == SQLITE_ROW { status = unsafe sqlite3_step(pointer) }
    return status == SQLITE_DONE
  }

  // MARK: values of the row

  /// A text or a blob, until the next step.
  @_lifetime(borrow self)
  func bytes(_ column: Int32) -> Span<UInt8> {
    // The pointer before the count, as SQLite asks for.
    let start = unsafe sqlite3_column_blob(pointer, column)
    let bytes = unsafe UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(pointer, column)))
    return unsafe _overrideLifetime(Span(_unsafeBytes: bytes), borrowing: self)
  }

  @inline(__always)
  func storageClass(_ column: Int32) -> Int32 { unsafe sqlite3_column_type(pointer, column) }

  @inline(__always)
  func integer(_ column: Int32) -> Int64 { unsafe sqlite3_column_int64(pointer, column) }

  @inline(__always)
  func double(_ column: Int32) -> Double { unsafe sqlite3_column_double(pointer, column) }

  // MARK: values of parameters; false when SQLite refuses

  @inline(__always)
  func bindNull(_ index: Int32) -> Bool { unsafe sqlite3_bind_null(pointer, index) == SQLITE_OK }

  @inline(__always)
  func bind(_ value: Int64, _ index: Int32) -> Bool { unsafe sqlite3_bind_int64(pointer, index, value) == SQLITE_OK }

  @inline(__always)
  func bind(_ value: Double, _ index: Int32) -> Bool { unsafe sqlite3_bind_double(pointer, index, value) == SQLITE_OK }

  /// The text has to stay where it is until the statement has run: nothing is copied.
  @inline(__always)
  func bind(text: Span<UInt8>, _ index: Int32) -> Bool {
    unsafe text.withUnsafeBytes { bytes in
      // No address would mean NULL. A nil destructor is SQLITE_STATIC.
      let start = unsafe bytes.baseAddress ?? UnsafeRawPointer(NativeStatement.empty.utf8Start)
      return unsafe sqlite3_bind_text64(
        pointer, index, start.assumingMemoryBound(to: CChar.self), UInt64(bytes.count), nil, UInt8(SQLITE_UTF8))
        == SQLITE_OK
    }
  }

  /// The same for bytes.
  @inline(__always)
  func bind(bytes: Span<UInt8>, _ index: Int32) -> Bool {
    unsafe bytes.withUnsafeBytes { bytes in
      let start = unsafe bytes.baseAddress ?? UnsafeRawPointer(NativeStatement.empty.utf8Start)
      return unsafe sqlite3_bind_blob64(pointer, index, start, UInt64(bytes.count), nil) == SQLITE_OK
    }
  }

  private static let empty: StaticString = ""

  // MARK: values of a flow

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
