internal import CSQLite
internal import Glibc
internal import Records

/// The little of SQLite that the record of runs needs: one connection, used under its owner's lock.
@safe final class Database {
  private var handle: OpaquePointer?
  /// By their text: they are few.
  private var statements: [String: OpaquePointer] = unsafe [:]
  /// Whether a transaction that ends is on the disk.
  private var isDurable = true
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

  /// A second connection of a process that writes by another one: it only looks.
  init(beside path: String) throws {
    self.path = path
    try open(path, SQLITE_OPEN_READWRITE)
    try execute("PRAGMA query_only = ON")
  }

  /// A copy in memory of what another connection sees, which may then be changed.
  init(copyOf other: Database) throws {
    path = other.path
    try open(":memory:", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE)
    let copy = unsafe sqlite3_backup_init(handle, "main", other.handle, "main")
    unsafe sqlite3_backup_step(copy, -1)
    let status = unsafe sqlite3_backup_finish(copy)
    guard status == SQLITE_OK else { throw failure(status) }
  }

  private func open(_ name: String, _ flags: Int32) throws {
    let status = unsafe sqlite3_open_v2(name, &handle, flags | SQLITE_OPEN_NOMUTEX, nil)
    guard status == SQLITE_OK else {
      let failure = failure(status)
      close()
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
    Glibc.close(file)
  }

  deinit { close() }

  /// Nothing can be asked any more.
  func close() {
    for unsafe(_, statement) in unsafe statements { unsafe sqlite3_finalize(statement) }
    unsafe statements.removeAll()
    unsafe sqlite3_close_v2(handle)
    unsafe handle = nil
  }

  func execute(_ sql: String) throws {
    let status = unsafe sqlite3_exec(handle, sql, nil, nil, nil)
    guard status == SQLITE_OK else { throw failure(status) }
  }

  /// - Parameter isDurable: false for what may reach the disk with the next thing that must: the process may die, not
  ///   the machine.
  func transaction<T>(isDurable: Bool = true, _ body: () throws -> T) throws -> T {
    try setDurable(isDurable)
    try run("BEGIN IMMEDIATE")
    do {
      let result = try body()
      try run("COMMIT")
      return result
    } catch {
      if isInTransaction { _ = try? run("ROLLBACK") }
      throw error
    }
  }

  private func setDurable(_ wanted: Bool) throws {
    if wanted == isDurable { return }
    try execute("PRAGMA synchronous = \(wanted ? "FULL" : "NORMAL")")
    isDurable = wanted
  }

  /// Does a part of a transaction whole or not at all.
  func part(_ body: () throws -> Void) throws {
    try run("SAVEPOINT part")
    do {
      try body()
      try run("RELEASE part")
    } catch {
      if isInTransaction {
        try run("ROLLBACK TO part")
        try run("RELEASE part")
      }
      throw error
    }
  }

  /// False when an error has taken the whole transaction back, as that of a full disk may.
  var isInTransaction: Bool { unsafe sqlite3_get_autocommit(handle) == 0 }

  /// Runs a statement and returns its rows as texts.
  @discardableResult
  func run(_ sql: String, _ parameters: [(any DatabaseValue)?] = []) throws -> [[String?]] {
    let statement = unsafe try prepared(sql)
    defer { unsafe sqlite3_reset(statement) }
    for (index, parameter) in parameters.enumerated() {
      let position = Int32(index + 1)
      switch parameter {
      case let number as Int64: unsafe sqlite3_bind_int64(statement, position, number)
      case let text as String:
        // SQLITE_TRANSIENT: SQLite copies the text before the call returns.
        let copied = unsafe unsafeBitCast(-1, to: sqlite3_destructor_type.self)
        unsafe sqlite3_bind_text(statement, position, text, Int32(text.utf8.count), copied)
      default: unsafe sqlite3_bind_null(statement, position)
      }
    }
    var rows: [[String?]] = []
    var status = unsafe sqlite3_step(statement)
    while status == SQLITE_ROW {
      unsafe rows.append((0..<sqlite3_column_count(statement)).map { unsafe Database.text(statement, $0) })
      status = unsafe sqlite3_step(statement)
    }
    guard status == SQLITE_DONE else { throw failure(status) }
    return rows
  }

  private static func text(_ statement: OpaquePointer, _ column: Int32) -> String? {
    unsafe sqlite3_column_text(statement, column).map {
      // Not up to a NUL: a message may hold one.
      unsafe String(
        decoding: UnsafeBufferPointer(start: $0, count: Int(sqlite3_column_bytes(statement, column))), as: UTF8.self)
    }
  }

  private func prepared(_ sql: String) throws -> OpaquePointer {
    if let known = unsafe statements[sql] { return unsafe known }
    var made: OpaquePointer?
    let status = unsafe sqlite3_prepare_v2(handle, sql, -1, &made, nil)
    guard status == SQLITE_OK, let statement = unsafe made else { throw failure(status) }
    unsafe statements[sql] = statement
    return unsafe statement
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

/// What can be bound to a statement.
protocol DatabaseValue {}
extension String: DatabaseValue {}
extension Int64: DatabaseValue {}
