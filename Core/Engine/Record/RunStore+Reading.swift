internal import Expression
internal import Records

/// What the record knows.
extension RunStore {
  /// The newest executions first. Those whose process died are first marked as failed.
  public func executions(limit: Int = 50) throws -> [Execution] {
    try? markKilled()
    return try state.withLock { box in
      try box.value.database.run(
        "SELECT \(RunStore.columns) FROM executions ORDER BY started DESC, id DESC LIMIT \(limit)"
      ).map { asFound(try RunStore.execution($0), box.value.locks) }
    }
  }

  /// One execution with its task runs, nil when there is none. A unique beginning of the id is enough.
  public func execution(_ id: String) throws -> Execution? {
    try? markKilled()
    guard var execution = try recorded(id) else { return nil }
    execution.taskRuns = withOutcomes(execution.taskRuns, of: execution.id)
    return execution
  }

  private func recorded(_ id: String) throws -> Execution? {
    try state.withLock { box in
      let database = box.value.database
      let rows = try database.run(
        "SELECT \(RunStore.columns) FROM executions WHERE id = ? OR substr(id, 1, ?) = ? LIMIT 2",
        [id, String(id.count), id])
      guard rows.count == 1, var execution = try rows.first.map(RunStore.execution) else { return nil }
      execution.taskRuns = try database.run(
        """
        SELECT id, task, type, parent, value, iterations, state, attempts, started, ended, ledger, outputs, error,
          category, kept
        FROM task_runs WHERE execution = ? ORDER BY started, rowid
        """, [execution.id]
      ).map { try RunStore.taskRun($0, of: execution.id) }
      return asFound(execution, box.value.locks)
    }
  }

  /// An execution whose process died is shown as failed even where that cannot be recorded.
  private func asFound(_ recorded: Execution, _ locks: [String: Int32]) -> Execution {
    guard !recorded.state.isTerminal, locks[recorded.id] == nil, isDead(recorded.id) else { return recorded }
    var execution = recorded
    execution.state = .failed
    execution.error = RunStore.killed
    for index in execution.taskRuns.indices where !execution.taskRuns[index].state.isTerminal {
      execution.taskRuns[index].state = .failed
      execution.taskRuns[index].error = RunStore.killed
    }
    return execution
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
    run.kept = try row[14].map { try map($0) }
    return run
  }

  private static func map(_ text: String?) throws -> ValueMap {
    try text.map { try Value.parseJSON($0).map ?? ValueMap() } ?? ValueMap()
  }
}
