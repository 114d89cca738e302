internal import Expression
internal import Glibc
internal import Records

/// The record of all executions in one storage folder. Several processes may use it at once.
public final class RunStore: RunObserver {
  private struct State {
    var database: Database
    var pendingLogs: [LogLine] = []
    var locks: [String: Int32] = [:]
    /// The first thing that could not be recorded; the run goes on, its end reports it.
    var problem: String?
  }

  private let state: Locked<UncheckedBox<State>>
  private let lockFolder: String
  private let storage: LocalStorage

  /// Lines of log that are held back until the next change of state: one transaction for many lines.
  private static let heldLogs = 256

  /// - Parameter folder: holds `ferry.db` and the folder `locks`; made when it is not there.
  init(folder: String, storage: LocalStorage) throws {
    self.storage = storage
    lockFolder = folder + "/locks"
    try LocalStorage.makeFolders(lockFolder)
    state = Locked(UncheckedBox(State(database: try RunStore.openDatabase(folder))))
  }

  /// One process at a time: SQLite does not wait for its turn when a new database becomes a WAL database.
  private static func openDatabase(_ folder: String) throws -> Database {
    let gate = unsafe Glibc.open(folder + "/locks/open", O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard gate >= 0 else { throw FileError.failure("opening the record of runs in '\(folder)'", errno) }
    defer { close(gate) }
    flock(gate, LOCK_EX)
    let database = try Database(path: folder + "/ferry.db")
    if try database.run("PRAGMA user_version").first?.first.flatMap({ $0 }) == "0" { try database.execute(schema) }
    return database
  }

  private static let schema = """
    BEGIN IMMEDIATE;
    CREATE TABLE IF NOT EXISTS executions (
      id TEXT PRIMARY KEY, namespace TEXT NOT NULL, flow TEXT NOT NULL, file TEXT, source TEXT, state TEXT NOT NULL,
      started INTEGER NOT NULL, ended INTEGER, labels TEXT, inputs TEXT, outputs TEXT, error TEXT, parent TEXT);
    CREATE INDEX IF NOT EXISTS executions_by_start ON executions (started DESC);
    CREATE TABLE IF NOT EXISTS task_runs (
      id TEXT PRIMARY KEY, execution TEXT NOT NULL REFERENCES executions (id), task TEXT NOT NULL, type TEXT NOT NULL,
      parent TEXT, value TEXT, iterations TEXT NOT NULL, state TEXT NOT NULL, attempts INTEGER NOT NULL,
      started INTEGER NOT NULL,
      ended INTEGER, ledger TEXT, outputs TEXT, error TEXT, category TEXT);
    CREATE INDEX IF NOT EXISTS task_runs_by_execution ON task_runs (execution, started);
    CREATE TABLE IF NOT EXISTS attempts (
      task_run TEXT NOT NULL, number INTEGER NOT NULL, ended INTEGER NOT NULL, error TEXT,
      PRIMARY KEY (task_run, number));
    CREATE TABLE IF NOT EXISTS logs (
      execution TEXT NOT NULL, task_run TEXT, task TEXT, time INTEGER NOT NULL, level TEXT NOT NULL,
      message TEXT NOT NULL);
    CREATE INDEX IF NOT EXISTS logs_by_execution ON logs (execution, time);
    PRAGMA user_version = 1;
    COMMIT;
    """

  // MARK: writing

  /// Records the start; from then on this process holds the execution's lock, which dies with it.
  public func begin(_ execution: Execution, flow: Flow, source: String) throws {
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
  func begin(_ run: TaskRun) throws { try state.withLock { try insert(run, &$0.value) } }

  /// Takes back the beginning of a task that has left no trace.
  func forget(_ run: TaskRun) {
    state.withLock { box in _ = try? box.value.database.run("DELETE FROM task_runs WHERE id = ?", [run.id]) }
  }

  /// - Note: The starts of executions and tasks are recorded before they are told: `begin`.
  public func handle(_ event: RunEvent) {
    state.withLock { box in
      do { try record(event, &box.value) } catch { box.value.problem = box.value.problem ?? "\(error)" }
    }
  }

  /// What could not be recorded so far.
  public var problem: String? { state.withLock { $0.value.problem } }

  private func record(_ event: RunEvent, _ state: inout State) throws {
    switch event {
    case .executionStarted, .taskStarted: return
    case .log(let line):
      state.pendingLogs.append(line)
      if state.pendingLogs.count >= RunStore.heldLogs { try state.database.transaction { try flushLogs(&state) } }
    case .taskRetrying(let run, _, let error):
      try state.database.run(
        "INSERT OR REPLACE INTO attempts VALUES (?, ?, ?, ?)",
        [run.id, String(run.attempts), String(Instant.now().microseconds), error])
      try state.database.run("UPDATE task_runs SET state = ? WHERE id = ?", [RunState.retrying.rawValue, run.id])
    case .taskEnded(let run):
      try state.database.transaction {
        try flushLogs(&state)
        try update(run, &state)
      }
    case .executionEnded(let execution):
      let database = state.database
      try database.transaction {
        try flushLogs(&state)
        try database.run(
          "UPDATE executions SET state = ?, ended = ?, outputs = ?, error = ? WHERE id = ?",
          [
            execution.state.rawValue, execution.ended.map { String($0.microseconds) },
            Value.map(execution.outputs).json(),
            execution.error, execution.id,
          ])
        // What is still open has not ended by itself.
        let state = execution.state == .killed ? RunState.killed : .failed
        try database.run(
          "UPDATE task_runs SET state = ?, ended = ? WHERE execution = ? AND state IN \(RunStore.unended)",
          [state.rawValue, execution.ended.map { String($0.microseconds) }, execution.id])
      }
      if let lock = state.locks.removeValue(forKey: execution.id) { dropLock(lock, execution.id) }
    }
  }

  private func insert(_ run: TaskRun, _ state: inout State) throws {
    try state.database.run(
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

  private func update(_ run: TaskRun, _ state: inout State) throws {
    try state.database.run(
      """
      UPDATE task_runs SET state = ?, attempts = ?, ended = ?, ledger = ?, outputs = ?, error = ?, category = ?
      WHERE id = ?
      """,
      [
        run.state.rawValue, String(run.attempts), run.ended.map { String($0.microseconds) },
        Value.map(run.ledger.value).json(),
        Value.map(run.outputs).json(), run.error, run.category?.rawValue, run.id,
      ])
    try state.database.run(
      "INSERT OR REPLACE INTO attempts VALUES (?, ?, ?, ?)",
      [run.id, String(run.attempts), String((run.ended ?? run.started).microseconds), run.error])
  }

  private func flushLogs(_ state: inout State) throws {
    for line in state.pendingLogs {
      try state.database.run(
        "INSERT INTO logs VALUES (?, ?, ?, ?, ?, ?)",
        [
          line.executionID, line.taskRunID, line.taskID, String(line.time.microseconds), line.level.rawValue,
          line.message,
        ])
    }
    state.pendingLogs.removeAll(keepingCapacity: true)
  }

  /// For tests: the connection, as it is.
  func withDatabase<T>(_ body: (Database) throws -> T) rethrows -> T {
    try state.withLock { try body($0.value.database) }
  }

  // MARK: reading

  /// The newest executions first. Those whose process died are first marked as failed.
  public func executions(limit: Int = 50) throws -> [Execution] {
    try markKilled()
    return try state.withLock { box in
      try box.value.database.run(
        "SELECT \(RunStore.columns) FROM executions ORDER BY started DESC, id DESC LIMIT \(limit)"
      ).map(RunStore.execution)
    }
  }

  /// One execution with its task runs, nil when there is none. A unique beginning of the id is enough.
  public func execution(_ id: String) throws -> Execution? {
    try markKilled()
    return try state.withLock { box in
      let database = box.value.database
      let rows = try database.run(
        "SELECT \(RunStore.columns) FROM executions WHERE id = ? OR substr(id, 1, ?) = ? LIMIT 2",
        [id, String(id.count), id])
      guard rows.count == 1, var execution = try rows.first.map(RunStore.execution) else { return nil }
      execution.taskRuns = try database.run(
        """
        SELECT id, task, type, parent, value, iterations, state, attempts, started, ended, ledger, outputs, error,
          category
        FROM task_runs WHERE execution = ? ORDER BY started, rowid
        """, [execution.id]
      ).map { try RunStore.taskRun($0, of: execution.id) }
      return execution
    }
  }

  /// The log lines of an execution in order.
  public func logs(_ id: String) throws -> [LogLine] {
    try state.withLock { box in
      try box.value.database.run(
        "SELECT time, level, task, task_run, message FROM logs WHERE execution = ? ORDER BY time, rowid", [id]
      ).map { row in
        LogLine(
          time: Instant(microseconds: Int64(row[0] ?? "") ?? 0), level: LogLevel(rawValue: row[1] ?? "") ?? .info,
          executionID: id, taskID: row[2], taskRunID: row[3], message: row[4] ?? "")
      }
    }
  }

  /// Lets a queued execution run when fewer than `limit` of its flow do, in all processes; whoever came first goes
  /// first.
  /// - Parameter queued: whether those that wait count as before this one.
  func takeTurn(_ execution: Execution, limit: Int, queued: Bool) throws -> Bool {
    try markKilled()
    return try state.withLock { box in
      let database = box.value.database
      return try database.transaction {
        let before = queued ? "OR (state = 'QUEUED' AND (started, id) < (CAST(? AS INTEGER), ?))" : ""
        let place = queued ? [String(execution.started.microseconds), execution.id] : []
        let rows = try database.run(
          """
          SELECT count(*) FROM executions
          WHERE namespace = ? AND flow = ? AND id <> ? AND (state = 'RUNNING' \(before))
          """,
          [execution.namespace, execution.flowID, execution.id] + place)
        let others = rows.first?.first.flatMap { $0 }.flatMap { Int($0) } ?? 0
        guard others < limit else { return false }
        try database.run("UPDATE executions SET state = 'RUNNING' WHERE id = ?", [execution.id])
        return true
      }
    }
  }

  private static let columns = "id, namespace, flow, state, started, ended, labels, inputs, outputs, error, parent"

  private static func execution(_ row: [String?]) throws -> Execution {
    Execution(
      id: row[0] ?? "", namespace: row[1] ?? "", flowID: row[2] ?? "",
      state: RunState(rawValue: row[3] ?? "") ?? .failed,
      started: Instant(microseconds: Int64(row[4] ?? "") ?? 0),
      ended: row[5].flatMap { Int64($0) }.map(Instant.init(microseconds:)), labels: try map(row[6]),
      inputs: try map(row[7]),
      outputs: try map(row[8]), error: row[9], parentID: row[10])
  }

  private static func taskRun(_ row: [String?], of execution: String) throws -> TaskRun {
    var run = TaskRun(
      id: row[0] ?? "", executionID: execution, taskID: row[1] ?? "", type: row[2] ?? "", parentID: row[3],
      value: row[4],
      iterationPath: row[5] ?? "", state: RunState(rawValue: row[6] ?? "") ?? .failed,
      started: Instant(microseconds: Int64(row[8] ?? "") ?? 0))
    run.attempts = row[7].flatMap { Int($0) } ?? 0
    run.ended = row[9].flatMap { Int64($0) }.map(Instant.init(microseconds:))
    run.ledger = Ledger.Counts(try map(row[10]))
    run.outputs = try map(row[11])
    run.error = row[12]
    run.category = row[13].flatMap { .init(rawValue: $0) }
    return run
  }

  private static func map(_ text: String?) throws -> ValueMap {
    try text.map { try Value.parseJSON($0).map ?? ValueMap() } ?? ValueMap()
  }

  // MARK: the locks that tell a running execution from a killed one

  /// The states of what has begun and has not ended.
  private static let unended = "('RUNNING', 'QUEUED', 'CREATED', 'RETRYING')"

  /// An execution that is to go on, for this process alone: its lock is taken before its state is looked at, and is
  /// held until it has ended or is released.
  func claim(_ id: String, of flow: Flow) throws -> Execution {
    let seen = try restartable(id, of: flow)
    try state.withLock { $0.value.locks[seen.id] = try takeLock(seen.id) }
    do {
      let execution = try restartable(seen.id, of: flow)
      guard execution.state == seen.state, execution.ended == seen.ended else {
        throw Failure(
          .configuration,
          "execution '\(id)' has been restarted meanwhile, and has ended as \(execution.state.rawValue)",
          hint: "'ferry runs \(execution.id)' shows how it went")
      }
      return execution
    } catch {
      release(seen.id)
      throw error
    }
  }

  private func restartable(_ id: String, of flow: Flow) throws -> Execution {
    guard let execution = try execution(id) else {
      throw Failure(.configuration, "there is no execution '\(id)'", hint: "'ferry runs' lists them")
    }
    guard execution.flowID == flow.id else {
      throw Failure(.configuration, "execution '\(id)' is one of flow '\(execution.flowID)', not of '\(flow.id)'")
    }
    guard execution.state.isTerminal, execution.state != .success else {
      throw Failure(
        .configuration, "execution '\(id)' is \(execution.state.rawValue): there is nothing to restart")
    }
    return execution
  }

  /// Gives up the lock of an execution.
  func release(_ id: String) {
    state.withLock { box in
      if let lock = box.value.locks.removeValue(forKey: id) { dropLock(lock, id) }
    }
  }

  private func lockPath(_ id: String) -> String { "\(lockFolder)/\(id)" }

  /// - Parameter attempts: more than one for an execution that begins: who looks whether it was killed holds the lock
  ///   for a moment.
  private func takeLock(_ id: String, attempts: Int = 50) throws -> Int32 {
    var attempts = attempts
    while true {
      let lock = unsafe open(lockPath(id), O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
      guard lock >= 0 else { throw FileError.failure("locking execution '\(id)'", errno) }
      if flock(lock, LOCK_EX | LOCK_NB) == 0 {
        if isCurrent(lock, id) { return lock }
      } else {
        attempts -= 1
        if attempts == 0 {
          close(lock)
          throw Failure(.configuration, "execution '\(id)' is running in another process", hint: "Wait for its end")
        }
        usleep(10_000)
      }
      close(lock)
    }
  }

  /// Whether the locked file still has its name: its last owner may have deleted it before the lock was free.
  private func isCurrent(_ lock: Int32, _ id: String) -> Bool {
    var held = stat()
    var named = stat()
    return unsafe fstat(lock, &held) == 0 && stat(lockPath(id), &named) == 0 && held.st_ino == named.st_ino
  }

  private func dropLock(_ lock: Int32, _ id: String) {
    unsafe unlink(lockPath(id))
    close(lock)
  }

  /// Executions that are recorded as running though nobody holds their lock were killed. What they had begun to write
  /// goes with the mark.
  private func markKilled() throws {
    try state.withLock { box in
      let running = try box.value.database.run(
        "SELECT \(RunStore.columns) FROM executions WHERE state IN \(RunStore.unended)"
      ).map(RunStore.execution)
      for execution in running where box.value.locks[execution.id] == nil {
        let id = execution.id
        guard let lock = try? takeLock(id, attempts: 1) else { continue }
        defer { dropLock(lock, id) }
        try box.value.database.transaction {
          // Its process may have ended it between the two looks.
          let now = String(Instant.now().microseconds)
          try box.value.database.run(
            "UPDATE executions SET state = 'FAILED', ended = ?, error = ? "
              + "WHERE id = ? AND state IN \(RunStore.unended)",
            [now, RunStore.killed, id])
          try box.value.database.run(
            "UPDATE task_runs SET state = 'FAILED', ended = ?, error = ? "
              + "WHERE execution = ? AND state IN \(RunStore.unended)",
            [now, RunStore.killed, id])
        }
        // Whoever may list the runs need not be allowed to clean up after them.
        try? storage.clean(after: execution)
      }
    }
  }

  static let killed = "killed: its process ended without a word"
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
