internal import CSQLite
internal import Glibc
internal import Records

/// The little of SQLite that the record of runs needs: one connection, used under its owner's lock.
@safe final class Database {
  private var handle: OpaquePointer?
  let path: String

  /// Opens or makes a database that several processes of this user may use at once.
  init(path: String) throws {
    self.path = path
    try Database.makePrivate(path)
    try open(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE)
    // FULL: what was recorded stays so when the machine dies.
    try execute(
      "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON")
  }

  /// Opens a database that may lie where nothing can be written.
  init(reading path: String) throws {
    self.path = path
    // Without a log beside it, SQLite would want to make one: then nobody writes, and the file is all there is.
    if unsafe access(path + "-wal", F_OK) == 0 {
      try open(path, SQLITE_OPEN_READONLY)
    } else {
      let name = path.map { "?#%".contains($0) ? StorageURI.percentEncoded(String($0)) : String($0) }.joined()
      try open("file:\(name)?immutable=1", SQLITE_OPEN_READONLY | SQLITE_OPEN_URI)
    }
    // The first statement is the first look at the file.
    try run("SELECT count(*) FROM sqlite_master")
  }

  private func open(_ name: String, _ flags: Int32) throws {
    let status = unsafe sqlite3_open_v2(name, &handle, flags | SQLITE_OPEN_NOMUTEX, nil)
    guard status == SQLITE_OK else {
      let failure = failure(status)
      unsafe sqlite3_close_v2(handle)
      unsafe handle = nil
      throw failure
    }
    // A task that cannot be recorded fails: a hundred processes that record at once must find their turn.
    unsafe sqlite3_busy_timeout(handle, 60_000)
  }

  /// Takes away what others may do with the files of an older Ferry.
  func makePrivate() { for end in ["", "-wal", "-shm"] { unsafe chmod(path + end, 0o600) } }

  /// Only its owner reads it: SQLite gives the files beside it the same permissions.
  private static func makePrivate(_ path: String) throws {
    if path == ":memory:" { return }
    let file = unsafe Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw FileError.failure("opening the record of runs in '\(path)'", errno) }
    close(file)
  }

  deinit { unsafe sqlite3_close_v2(handle) }

  func execute(_ sql: String) throws {
    let status = unsafe sqlite3_exec(handle, sql, nil, nil, nil)
    guard status == SQLITE_OK else { throw failure(status) }
  }

  /// What `body` writes reaches the disk with the next thing that must, or soon: the process may die, not the machine.
  func unflushed<T>(_ body: () throws -> T) throws -> T {
    try execute("PRAGMA synchronous = NORMAL")
    defer { try? execute("PRAGMA synchronous = FULL") }
    return try body()
  }

  func transaction<T>(_ body: () throws -> T) throws -> T {
    try execute("BEGIN IMMEDIATE")
    do {
      let result = try body()
      try execute("COMMIT")
      return result
    } catch {
      try? execute("ROLLBACK")
      throw error
    }
  }

  /// Runs a statement with text parameters (nil = NULL) and returns its rows as texts.
  @discardableResult
  func run(_ sql: String, _ parameters: [String?] = []) throws -> [[String?]] {
    var statement: OpaquePointer?
    var status = unsafe sqlite3_prepare_v2(handle, sql, -1, &statement, nil)
    guard status == SQLITE_OK else { throw failure(status) }
    defer { unsafe sqlite3_finalize(statement) }
    for (index, parameter) in parameters.enumerated() {
      let position = Int32(index + 1)
      if let parameter {
        // SQLITE_TRANSIENT: SQLite copies the text before the call returns.
        let copied = unsafe unsafeBitCast(-1, to: sqlite3_destructor_type.self)
        unsafe sqlite3_bind_text(statement, position, parameter, Int32(parameter.utf8.count), copied)
      } else {
        unsafe sqlite3_bind_null(statement, position)
      }
    }
    var rows: [[String?]] = []
    status = unsafe sqlite3_step(statement)
    while status == SQLITE_ROW {
      unsafe rows.append(
        (0..<sqlite3_column_count(statement)).map { column in
          unsafe sqlite3_column_text(statement, column).map {
            // Not up to a NUL: a message may hold one.
            unsafe String(
              decoding: UnsafeBufferPointer(start: $0, count: Int(sqlite3_column_bytes(statement, column))),
              as: UTF8.self)
          }
        })
      status = unsafe sqlite3_step(statement)
    }
    guard status == SQLITE_DONE else { throw failure(status) }
    return rows
  }

  private func failure(_ status: Int32) -> Failure {
    let reason =
      unsafe handle.flatMap { unsafe sqlite3_errmsg($0) }.map { unsafe String(cString: $0) }
      ?? String(cString: sqlite3_errstr(status))
    return Failure(
      status == SQLITE_FULL ? .quota : .transient, "the record of runs in '\(path)': \(reason)",
      hint: "Check the storage folder's permissions and free space", code: "SQLite \(status)")
  }
}
