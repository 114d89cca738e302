internal import Expression
internal import Glibc
internal import Records

/// What the record knows.
extension SQLiteRunStore {
  public func executions(limit: Int) async throws -> [Execution] {
    try await looking { database in
      try database.run(
        "SELECT \(RecordReading.columns) FROM executions ORDER BY started DESC, id DESC LIMIT ?", [Int64(limit)]
      ).map { self.asFound(try RecordReading.execution($0)) }
    }
  }

  public func execution(_ id: String) async throws -> Execution? {
    try await looking { database in
      guard var execution = try RecordReading.execution(id, database) else { return nil }
      execution = self.asFound(execution)
      let left = try RecordReading.progress(of: execution.id, database)
      execution.taskRuns = execution.taskRuns.map { RecordReading.withOutcome($0, left) }
      return execution
    }
  }

  public func logs(_ execution: String) async throws -> [LogLine] {
    try await looking(marking: false) { database in
      try database.run(
        "SELECT time, level, task, task_run, message FROM logs WHERE execution = ? ORDER BY time, rowid", [execution]
      ).map { row in
        LogLine(
          time: Instant(microseconds: Int64(row[0] ?? "") ?? 0), level: LogLevel(rawValue: row[1] ?? "") ?? .info,
          executionID: execution, taskID: row[2], taskRunID: row[3], message: row[4] ?? "")
      }
    }
  }

  public func progress(of execution: String) async throws -> [String: RecordedProgress] {
    try await looking(marking: false) { try RecordReading.progress(of: execution, $0) }
  }

  /// - Parameter marking: whether those whose process died are marked first.
  private func looking<T: Sendable>(
    marking: Bool = true, _ body: @escaping @Sendable (Database) throws -> T
  ) async throws -> T {
    try await BlockingExecutor.run {
      if marking { try? self.markKilled() }
      return try self.reading.withLock { box in
        let database = try box.value ?? Database(beside: self.folder + "/ferry.db")
        box.value = database
        return try body(database)
      }
    }
  }

  /// An execution whose process died is shown as failed even where that cannot be recorded.
  private func asFound(_ recorded: Execution) -> Execution {
    guard !recorded.state.isTerminal, !locks.holds(recorded.id), locks.isDead(recorded.id) else { return recorded }
    var execution = recorded
    execution.state = .failed
    execution.error = SQLiteRunStore.killed
    for index in execution.taskRuns.indices where !execution.taskRuns[index].state.isTerminal {
      execution.taskRuns[index].state = .failed
      execution.taskRuns[index].error = SQLiteRunStore.killed
    }
    return execution
  }

  /// Executions that are recorded as running though nobody holds their lock were killed.
  private func markKilled() throws {
    guard let onDeath else { return }
    try withDatabase { database in
      let open = try database.run(
        "SELECT \(RecordReading.columns) FROM executions WHERE state IN \(SQLiteRunStore.unended)"
      ).map(RecordReading.execution)
      for execution in open {
        try locks.withFree(execution.id) {
          // Its process may have ended it between the two looks.
          try database.transaction {
            for (table, key) in [("task_runs", "execution"), ("executions", "id")] {
              try database.run(
                "UPDATE \(table) SET state = 'FAILED', ended = ?, error = ? "
                  + "WHERE \(key) = ? AND state IN \(SQLiteRunStore.unended)",
                [Instant.now().microseconds, SQLiteRunStore.killed, execution.id])
            }
          }
          onDeath(execution)
        }
      }
    }
  }

  public func takeTurn(_ execution: Execution, limit: Int, queued: Bool) async throws -> Bool {
    try await BlockingExecutor.run {
      try self.markKilled()
      return try self.withDatabase { database in
        try database.transaction {
          let before = queued ? "OR (state = 'QUEUED' AND (started, id) < (?, ?))" : ""
          let place: [(any DatabaseValue)?] = queued ? [execution.started.microseconds, execution.id] : []
          let rows = try database.run(
            """
            SELECT count(*) FROM executions
            WHERE namespace = ? AND flow = ? AND id <> ? AND state IN \(SQLiteRunStore.unended)
              AND (state = 'RUNNING' \(before))
            """, [execution.namespace, execution.flowID, execution.id] + place)
          let others = rows.first?.first.flatMap { $0 }.flatMap { Int($0) } ?? 0
          guard others < limit else { return false }
          try database.run("UPDATE executions SET state = 'RUNNING' WHERE id = ?", [execution.id])
          return true
        }
      }
    }
  }

  static let killed = "its process ended without a word: it was killed, or could not write the record"
}

/// The rows of the record as values.
enum RecordReading {
  static let columns = "id, namespace, flow, state, started, ended, labels, inputs, outputs, error, parent"

  static func execution(_ row: [String?]) throws -> Execution {
    Execution(
      id: row[0] ?? "", namespace: row[1] ?? "", flowID: row[2] ?? "",
      state: RunState(rawValue: row[3] ?? "") ?? .failed,
      started: Instant(microseconds: Int64(row[4] ?? "") ?? 0),
      ended: row[5].flatMap { Int64($0) }.map(Instant.init(microseconds:)), labels: try map(row[6]),
      inputs: try map(row[7]),
      outputs: try map(row[8]), error: row[9], parentID: row[10])
  }

  /// The one whose id begins so, with its task runs.
  static func execution(_ id: String, _ database: Database) throws -> Execution? {
    // Identifiers are digits and small letters: none goes on with what comes behind 'z'.
    let rows = try database.run(
      "SELECT \(columns) FROM executions WHERE id >= ? AND id < ? LIMIT 2", [id, id + "{"])
    guard rows.count == 1, var execution = try rows.first.map(execution) else { return nil }
    execution.taskRuns = try database.run(
      """
      SELECT id, task, type, parent, value, iterations, state, attempts, started, ended, outputs, error, category, kept,
        \(RecordSchema.ledger.joined(separator: ", "))
      FROM task_runs WHERE execution = ? ORDER BY started, rowid
      """, [execution.id]
    ).map { try taskRun($0, of: execution.id) }
    return execution
  }

  private static func taskRun(_ row: [String?], of execution: String) throws -> TaskRun {
    var run = TaskRun(
      id: row[0] ?? "", executionID: execution, taskID: row[1] ?? "", type: row[2] ?? "", parentID: row[3],
      value: row[4],
      iterationPath: row[5] ?? "", state: RunState(rawValue: row[6] ?? "") ?? .failed,
      started: Instant(microseconds: Int64(row[8] ?? "") ?? 0))
    run.attempts = row[7].flatMap { Int($0) } ?? 0
    run.ended = row[9].flatMap { Int64($0) }.map(Instant.init(microseconds:))
    run.outputs = try map(row[10])
    run.error = row[11]
    run.category = row[12].flatMap { .init(rawValue: $0) }
    run.kept = try row[13].map { try map($0) }
    let counts = row[14...].map { $0.flatMap { Int64($0) } ?? 0 }
    run.ledger = Ledger.Counts(
      read: counts[0], written: counts[1], rejected: counts[2], filtered: counts[3], bytes: counts[4],
      batches: counts[5], retries: counts[6])
    return run
  }

  private static func map(_ text: String?) throws -> ValueMap {
    try text.map { try Value.parseJSON($0).map ?? ValueMap() } ?? ValueMap()
  }

  // MARK: what tasks have left

  static func progress(of execution: String, _ database: Database) throws -> [String: RecordedProgress] {
    let rows = try database.run(
      "SELECT place, value, task_run, outcome, resumable, state, outputs FROM progress WHERE execution = ?",
      [execution])
    return try Dictionary(uniqueKeysWithValues: rows.map { row in (row[0] ?? "", try progress(row)) })
  }

  private static func progress(_ row: [String?]) throws -> RecordedProgress {
    var progress = TaskProgress(try map(row[5]), canResume: row[4] == "1")
    progress.outputs = try row[6].map(map)
    return RecordedProgress(
      progress, value: row[1], taskRun: row[2] ?? "", outcome: row[3].flatMap(Failure.Outcome.init(rawValue:)))
  }

  /// A task run with what is known of what it left.
  static func withOutcome(_ run: TaskRun, _ left: [String: RecordedProgress]) -> TaskRun {
    guard run.state.isTerminal, let left = left[run.key], left.taskRun == run.id else { return run }
    var run = run
    run.outcome = left.outcome ?? .unknown
    run.canResume = left.progress.canResume
    return run
  }
}
