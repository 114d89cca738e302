internal import Expression
internal import Glibc
public import Records

/// The record of all executions in one storage folder, in SQLite. Several processes may use it at once.
public final class SQLiteRunStore: RunStore {
  /// The connection that writes. Held by whoever uses it: the journal's thread, mostly.
  let writing: Locked<UncheckedBox<Database>>
  /// The one that looks, so that nobody waits for a disk who only looks; made when it is first asked for.
  let reading: Locked<UncheckedBox<Database?>>
  private let journal: Journal
  let locks: ExecutionLocks
  let folder: String
  /// Nil where nothing is to be written.
  let onDeath: (@Sendable (Execution) -> Void)?

  /// - Parameters:
  ///   - folder: holds `ferry.db` and the folder `locks`; made when it is not there.
  ///   - onDeath: what is to be done for an execution whose process is found dead: to clean up after it.
  public init(folder: String, onDeath: @escaping @Sendable (Execution) -> Void) throws {
    self.folder = folder
    self.onDeath = onDeath
    try FileSystem.makeFolders(folder + "/locks")
    let reserve = Reserve(folder: folder)
    writing = Locked(UncheckedBox(try SQLiteRunStore.openDatabase(folder, reserve)))
    reading = Locked(UncheckedBox(nil))
    locks = ExecutionLocks(folder: folder + "/locks")
    journal = Journal(SQLiteWriter(writing, locks, reserve))
  }

  /// A record that is only looked at: nothing is written, so that a full disk, a folder of another user or a file
  /// system that cannot be written are no obstacle. Where there is none, it is empty.
  public init(reading folder: String) throws {
    self.folder = folder
    onDeath = nil
    let path = folder + "/ferry.db"
    let exists = unsafe access(path, F_OK) == 0
    var database = try exists ? Database(reading: path) : Database(path: ":memory:")
    if exists { try RecordSchema.check(database) }
    // One of an older Ferry is brought up to date in memory.
    if exists, try RecordSchema.isOld(database) { database = try Database(copyOf: database) }
    try RecordSchema.prepare(database)
    writing = Locked(UncheckedBox(database))
    reading = Locked(UncheckedBox(database))
    locks = ExecutionLocks(folder: folder + "/locks")
    journal = Journal(SQLiteWriter(writing, locks, Reserve(folder: folder)))
  }

  deinit {
    journal.close()
    reading.withLock { $0.value?.close() }
    writing.withLock { $0.value.close() }
  }

  /// One process at a time: SQLite does not wait for its turn when a new database becomes a WAL database.
  private static func openDatabase(_ folder: String, _ reserve: Reserve) throws -> Database {
    let gate = unsafe Glibc.open(folder + "/locks/open", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard gate >= 0 else { throw FileError.failure("opening the record of runs in '\(folder)'", errno) }
    defer { close(gate) }
    flock(gate, LOCK_EX)
    let database = try Database(path: folder + "/ferry.db")
    try RecordSchema.prepare(database)
    try reserve.fill()
    return database
  }

  public func commit(_ change: RunChange) async throws { try await journal.commit(change) }
  public func note(_ change: RunChange) async -> Failure? { await journal.note(change) }
  public func log(_ line: LogLine) { journal.log(line) }
  public func unrecorded(of execution: String) -> [RunChange] { journal.unrecorded(of: execution) }

  public func hold(_ execution: String) async throws {
    try await BlockingExecutor.run { [locks] in try locks.take(execution) }
  }

  public func release(_ execution: String) { locks.drop(execution) }

  /// The connection that writes, as it is.
  func withDatabase<T>(_ body: (Database) throws -> T) rethrows -> T {
    try writing.withLock { try body($0.value) }
  }

  /// The states of what has begun and has not ended.
  static let unended = "('RUNNING', 'QUEUED', 'CREATED', 'RETRYING')"
}

/// Writes the journal's units into SQLite.
final class SQLiteWriter: JournalWriter {
  private let database: Locked<UncheckedBox<Database>>
  private let locks: ExecutionLocks
  private let reserve: Reserve

  init(_ database: Locked<UncheckedBox<Database>>, _ locks: ExecutionLocks, _ reserve: Reserve) {
    self.database = database
    self.locks = locks
    self.reserve = reserve
  }

  func write(_ units: [Journal.Unit]) -> [Failure?] {
    if units.count == 1 { return [failure { try self.write(alone: units[0]) }] }
    do { return try together(units) } catch {
      // The transaction is gone, whoever's fault that was.
      return units.map { unit in failure { try self.write(alone: unit) } }
    }
  }

  func writeAtAnyPrice(_ unit: Journal.Unit) -> Failure? {
    let failure = failure { try self.write(alone: unit) }
    guard let failure, failure.category == .quota, reserve.release() else { return failure }
    return self.failure { try self.write(alone: unit) }
  }

  private func failure(_ body: () throws -> Void) -> Failure? {
    do { try body() } catch { return error as? Failure ?? Failure(.bug, "\(error)") }
    return nil
  }

  private func write(alone unit: Journal.Unit) throws {
    try transaction([unit]) { database in try self.write(unit, database) }
    letGo(of: unit)
  }

  /// All units at once, but for those that fail by themselves.
  private func together(_ units: [Journal.Unit]) throws -> [Failure?] {
    let failures = try transaction(units) { database in
      try units.map { unit in
        let failure = failure { try database.part { try self.write(unit, database) } }
        if let failure, !database.isInTransaction { throw failure }
        return failure
      }
    }
    for (unit, failure) in zip(units, failures) where failure == nil { letGo(of: unit) }
    return failures
  }

  private func transaction<T>(_ units: [Journal.Unit], _ body: (Database) throws -> T) throws -> T {
    try database.withLock { box in
      let database = box.value
      let isDurable = units.contains { unit in unit.changes.contains { !$0.isRepeatable } }
      return try database.transaction(isDurable: isDurable) { try body(database) }
    }
  }

  private func write(_ unit: Journal.Unit, _ database: Database) throws {
    for line in unit.logs {
      try database.run(
        "INSERT INTO logs VALUES (?, ?, ?, ?, ?, ?)",
        [line.executionID, line.taskRunID, line.taskID, line.time.microseconds, line.level.rawValue, line.message])
    }
    for change in unit.changes {
      // From here on this process holds the execution's lock, which dies with it.
      if case .executionBegan(let execution, _, _) = change { try locks.take(execution.id) }
      try RecordWriting.write(change, database)
    }
  }

  /// An execution whose end is recorded is nobody's any more.
  private func letGo(of unit: Journal.Unit) {
    for case .executionEnded(let execution) in unit.changes { locks.drop(execution.id) }
  }
}

/// A value that is only touched under its owner's lock.
final class UncheckedBox<Value>: @unchecked Sendable {
  var value: Value
  init(_ value: Value) { self.value = value }
}
