internal import Expression
internal import Glibc
internal import Records

/// The record of all executions in one storage folder. Several processes may use it at once.
public final class RunStore: RunObserver {
  struct State {
    var database: Database
    /// Lines of log that are not recorded yet.
    var logs: [LogLine] = []
    /// What has happened and could not be recorded; it is tried again with whatever comes next.
    var unrecorded: [RunEvent] = []
    /// Why.
    var problem: String?
    var locks: [String: Int32] = [:]
  }

  let state: Locked<UncheckedBox<State>>
  let folder: String
  let storage: LocalStorage?
  private let reserve: Reserve

  /// Lines of log that are held back until the next change of state: one transaction for many lines.
  private static let heldLogs = 256
  /// Lines that are kept while the record cannot be written; later ones are lost.
  private static let mostHeldLogs = 16 * heldLogs

  /// - Parameter folder: holds `ferry.db` and the folder `locks`; made when it is not there.
  init(folder: String, storage: LocalStorage) throws {
    self.folder = folder
    self.storage = storage
    reserve = Reserve(folder: folder)
    try LocalStorage.makeFolders(folder + "/locks")
    state = Locked(UncheckedBox(State(database: try RunStore.openDatabase(folder, reserve))))
  }

  /// A record that is only looked at: nothing is written, so that a full disk, a folder of another user or a file
  /// system that cannot be written are no obstacle. Where there is none, it is empty.
  init(reading folder: String) throws {
    self.folder = folder
    storage = nil
    reserve = Reserve(folder: folder)
    let path = folder + "/ferry.db"
    let exists = unsafe access(path, F_OK) == 0
    let database = try exists ? Database(reading: path) : Database(path: ":memory:")
    try exists ? RecordSchema.check(database) : RecordSchema.prepare(database)
    state = Locked(UncheckedBox(State(database: database)))
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

  // MARK: what must not happen unrecorded

  /// Records the start; from then on this process holds the execution's lock, which dies with it.
  func begin(_ execution: Execution, flow: Flow, source: String) throws {
    try state.withLock { box in
      if box.value.locks[execution.id] == nil { box.value.locks[execution.id] = try takeLock(execution.id) }
      try box.value.database.run(
        """
        INSERT INTO executions (id, namespace, flow, file, source, state, started, labels, inputs, parent)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (id) DO UPDATE SET state = excluded.state, ended = NULL, error = NULL
        """,
        [
          execution.id, execution.namespace, execution.flowID, flow.file, source, execution.state.rawValue,
          String(execution.started.microseconds), Value.map(execution.labels).json(),
          Value.map(execution.inputs).json(),
          execution.parentID,
        ])
    }
  }

  /// Records that a task begins. Throws when that cannot be: what the record does not know of must not happen, or a
  /// restart would do it again.
  func begin(_ run: TaskRun) throws {
    try state.withLock { box in
      try catchUp(&box.value)
      let database = box.value.database
      try run.isRepeatable ? database.unflushed { try insert(run, database) } : insert(run, database)
    }
  }

  private func insert(_ run: TaskRun, _ database: Database) throws {
    try database.run(
      """
      INSERT OR REPLACE INTO task_runs
        (id, execution, task, type, parent, value, iterations, state, attempts, started)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      """,
      [
        run.id, run.executionID, run.taskID, run.type, run.parentID, run.value, run.iterationPath,
        run.state.rawValue, String(run.attempts), String(run.started.microseconds),
      ])
  }

  /// Records outputs that a task has before its end.
  func note(_ run: TaskRun) throws {
    try state.withLock { box in
      _ = try box.value.database.run(
        "UPDATE task_runs SET outputs = ? WHERE id = ?", [Value.map(run.outputs).json(), run.id])
    }
  }

  /// Takes back the beginning of a task that has left no trace.
  func forget(_ run: TaskRun) {
    state.withLock { _ = try? $0.value.database.run("DELETE FROM task_runs WHERE id = ?", [run.id]) }
  }

  /// The text of a flow from which more secrets are masked than were known when it began.
  func note(_ source: String, insteadOf recorded: String, of execution: String) {
    if source == recorded { return }
    state.withLock { box in
      _ = try? box.value.database.run("UPDATE executions SET source = ? WHERE id = ?", [source, execution])
    }
  }

  // MARK: what has happened

  /// The starts of executions and tasks are recorded before they are told: `begin`. The rest has happened already; what
  /// of it cannot be recorded is kept, and `problem` says so until it can.
  public func handle(_ event: RunEvent) {
    state.withLock { box in
      switch event {
      case .executionStarted, .taskStarted: return
      case .log(let line):
        if box.value.logs.count < RunStore.mostHeldLogs { box.value.logs.append(line) }
        guard box.value.logs.count % RunStore.heldLogs == 0 else { return }
      default: box.value.unrecorded.append(event)
      }
      try? catchUp(&box.value)
    }
  }

  /// Why what has happened could not be recorded, where that is so.
  public var problem: String? { state.withLock { $0.value.problem } }

  /// The tasks whose end the record does not know.
  var unrecordedEnds: [TaskRun] {
    state.withLock { box in
      box.value.unrecorded.compactMap { if case .taskEnded(let run) = $0 { run } else { nil } }
    }
  }

  /// Records all that has happened. On a full disk the reserve is used up for it.
  private func catchUp(_ state: inout State) throws {
    if state.unrecorded.isEmpty, state.logs.count < RunStore.heldLogs { return }
    do {
      let isRepeatable = state.unrecorded.allSatisfy(\.isRepeatable)
      do { try isRepeatable ? state.database.unflushed { try write(state) } : write(state) } catch let failure
        as Failure where failure.category == .quota && reserve.release()
      {
        try write(state)
      }
    } catch {
      state.problem = "\(error)"
      throw error
    }
    state.problem = nil
    for case .executionEnded(let execution) in state.unrecorded {
      if let lock = state.locks.removeValue(forKey: execution.id) { dropLock(lock, execution.id) }
    }
    state.logs.removeAll(keepingCapacity: true)
    state.unrecorded.removeAll()
  }

  private func write(_ state: State) throws {
    let database = state.database
    try database.transaction {
      for line in state.logs {
        try database.run(
          "INSERT INTO logs VALUES (?, ?, ?, ?, ?, ?)",
          [
            line.executionID, line.taskRunID, line.taskID, String(line.time.microseconds), line.level.rawValue,
            line.message,
          ])
      }
      for event in state.unrecorded { try record(event, database) }
    }
  }

  private func record(_ event: RunEvent, _ database: Database) throws {
    switch event {
    case .executionStarted, .taskStarted, .log: return
    case .taskRetrying(let run, _, let error):
      try record(attempt: run, error, at: .now(), database)
      try database.run("UPDATE task_runs SET state = ? WHERE id = ?", [RunState.retrying.rawValue, run.id])
    case .taskEnded(let run):
      try record(end: run, database)
      try record(attempt: run, run.error, at: run.ended ?? run.started, database)
    case .executionEnded(let execution): try record(end: execution, database)
    }
  }

  private func record(attempt run: TaskRun, _ error: String?, at time: Instant, _ database: Database) throws {
    try database.run(
      "INSERT OR REPLACE INTO attempts VALUES (?, ?, ?, ?)",
      [run.id, String(run.attempts), String(time.microseconds), error])
  }

  private func record(end run: TaskRun, _ database: Database) throws {
    try database.run(
      """
      UPDATE task_runs
      SET state = ?, attempts = ?, ended = ?, ledger = ?, outputs = ?, kept = ?, error = ?, category = ?
      WHERE id = ?
      """,
      [
        run.state.rawValue, String(run.attempts), run.ended.map { String($0.microseconds) },
        Value.map(run.ledger.value).json(),
        Value.map(run.outputs).json(), run.kept.map { Value.map($0).json() }, run.error, run.category?.rawValue,
        run.id,
      ])
    try settleProgress(run, database)
  }

  private func record(end execution: Execution, _ database: Database) throws {
    let ended = execution.ended.map { String($0.microseconds) }
    try database.run(
      "UPDATE executions SET state = ?, ended = ?, outputs = ?, error = ? WHERE id = ?",
      [execution.state.rawValue, ended, Value.map(execution.outputs).json(), execution.error, execution.id])
    // What is still open has not ended by itself.
    let state = execution.state == .killed ? RunState.killed : .failed
    try database.run(
      "UPDATE task_runs SET state = ?, ended = ? WHERE execution = ? AND state IN \(RunStore.unended)",
      [state.rawValue, ended, execution.id])
    // Nothing is restarted after a success.
    guard execution.state == .success else { return }
    try database.run(
      "UPDATE task_runs SET kept = NULL WHERE execution = ? AND kept IS NOT NULL", [execution.id])
  }

  /// The connection, as it is.
  func withDatabase<T>(_ body: (Database) throws -> T) rethrows -> T {
    try state.withLock { try body($0.value.database) }
  }
}

extension TaskRun {
  /// Whether it may be done again after the machine has died: it leaves nothing behind. Files may have been moved.
  fileprivate var isRepeatable: Bool { type.hasPrefix("core.") && !type.hasPrefix("core.storage.") }
}

extension RunEvent {
  fileprivate var isRepeatable: Bool {
    switch self {
    case .taskEnded(let run), .taskRetrying(let run, _, _): run.isRepeatable
    case .executionEnded: false
    default: true
    }
  }
}

/// A value that is only touched under its owner's lock.
final class UncheckedBox<Value>: @unchecked Sendable {
  var value: Value
  init(_ value: Value) { self.value = value }
}

extension Ledger.Counts {
  init(_ map: ValueMap) {
    self.init(
      read: map["read"]?.int ?? 0, written: map["written"]?.int ?? 0, rejected: map["rejected"]?.int ?? 0,
      filtered: map["filtered"]?.int ?? 0, bytes: map["bytes"]?.int ?? 0, batches: map["batches"]?.int ?? 0,
      retries: map["retries"]?.int ?? 0)
  }
}
