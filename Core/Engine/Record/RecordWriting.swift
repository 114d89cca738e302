internal import Expression
internal import Records

/// The changes of the record as statements.
enum RecordWriting {
  static func write(_ change: RunChange, _ database: Database) throws {
    switch change {
    case .executionBegan(let execution, let file, let source): try begin(execution, file, source, database)
    case .taskBegan(let run): try begin(run, database)
    case .taskNoted(let run):
      try database.run("UPDATE task_runs SET outputs = ? WHERE id = ?", [json(run.outputs), run.id])
    case .taskForgotten(let run): try database.run("DELETE FROM task_runs WHERE id = ?", [run.id])
    case .taskRetrying(let run, let error, let time):
      try attempt(run, error, at: time, database)
      try database.run("UPDATE task_runs SET state = ? WHERE id = ?", [RunState.retrying.rawValue, run.id])
    case .taskEnded(let run):
      try end(run, database)
      try attempt(run, run.error, at: run.ended ?? run.started, database)
    case .progress(let progress, let run): try record(progress, of: run, database)
    case .executionEnded(let execution): try end(execution, database)
    }
  }

  private static func json(_ map: ValueMap) -> String { map.isEmpty ? "{}" : Value.map(map).json() }

  private static func begin(_ execution: Execution, _ file: String, _ source: String, _ database: Database) throws {
    try database.run(
      """
      INSERT INTO executions (id, namespace, flow, file, source, state, started, labels, inputs, parent)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (id) DO UPDATE SET state = excluded.state, ended = NULL, error = NULL
      """,
      [
        execution.id, execution.namespace, execution.flowID, file, source, execution.state.rawValue,
        execution.started.microseconds, json(execution.labels), json(execution.inputs), execution.parentID,
      ])
  }

  private static func begin(_ run: TaskRun, _ database: Database) throws {
    try database.run(
      """
      INSERT OR REPLACE INTO task_runs
        (id, execution, task, type, parent, value, iterations, state, attempts, started)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      """,
      [
        run.id, run.executionID, run.taskID, run.type, run.parentID, run.value, run.iterationPath,
        run.state.rawValue, Int64(run.attempts), run.started.microseconds,
      ])
  }

  private static func attempt(_ run: TaskRun, _ error: String?, at time: Instant, _ database: Database) throws {
    try database.run(
      "INSERT OR REPLACE INTO attempts VALUES (?, ?, ?, ?)", [run.id, Int64(run.attempts), time.microseconds, error])
  }

  private static func end(_ run: TaskRun, _ database: Database) throws {
    let counts = run.ledger
    try database.run(
      """
      UPDATE task_runs
      SET state = ?, attempts = ?, ended = ?, outputs = ?, kept = ?, error = ?, category = ?,
        read = ?, written = ?, rejected = ?, filtered = ?, bytes = ?, batches = ?, retries = ?
      WHERE id = ?
      """,
      [
        run.state.rawValue, Int64(run.attempts), run.ended?.microseconds, json(run.outputs), run.kept.map(json),
        run.error, run.category?.rawValue, counts.read, counts.written, counts.rejected, counts.filtered,
        counts.bytes, counts.batches, counts.retries, run.id,
      ])
    try settleProgress(run, database)
  }

  private static func end(_ execution: Execution, _ database: Database) throws {
    let ended = execution.ended?.microseconds
    try database.run(
      "UPDATE executions SET state = ?, ended = ?, outputs = ?, error = ? WHERE id = ?",
      [execution.state.rawValue, ended, json(execution.outputs), execution.error, execution.id])
    // What is still open has not ended by itself.
    let state = execution.state == .killed ? RunState.killed : .failed
    try database.run(
      "UPDATE task_runs SET state = ?, ended = ? WHERE execution = ? AND state IN \(SQLiteRunStore.unended)",
      [state.rawValue, ended, execution.id])
    // Nothing is restarted after a success.
    guard execution.state == .success else { return }
    try database.run(
      "UPDATE task_runs SET kept = NULL WHERE execution = ? AND kept IS NOT NULL", [execution.id])
  }

  // MARK: what tasks leave for good

  private static func record(_ progress: TaskProgress?, of run: TaskRun, _ database: Database) throws {
    guard let progress else {
      try database.run("DELETE FROM progress WHERE execution = ? AND place = ?", [run.executionID, run.key])
      return
    }
    try database.run(
      "INSERT OR REPLACE INTO progress VALUES (?, ?, ?, ?, NULL, ?, ?, ?)",
      [
        run.executionID, run.key, run.value, run.id, progress.canResume ? 1 : Int64(0), json(progress.state),
        progress.outputs.map(json),
      ])
  }

  /// A task run has ended: what it left counts from now on; where it left nothing, nothing is kept.
  private static func settleProgress(_ run: TaskRun, _ database: Database) throws {
    guard run.outcome != .undone else {
      try database.run("DELETE FROM progress WHERE execution = ? AND place = ?", [run.executionID, run.key])
      return
    }
    try database.run(
      """
      INSERT INTO progress VALUES (?, ?, ?, ?, ?, ?, '{}', NULL)
      ON CONFLICT (execution, place) DO UPDATE SET outcome = excluded.outcome
      """,
      [run.executionID, run.key, run.value, run.id, run.outcome.rawValue, run.canResume ? 1 : Int64(0)])
  }
}
