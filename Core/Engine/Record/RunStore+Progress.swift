internal import Expression
internal import Records

/// What tasks have left behind for good, or may have, without having come to their end: by place in the execution, so
/// that it outlives attempts, restarts and this process.
extension RunStore {
  /// One row of it.
  struct Kept: Sendable {
    var progress: TaskProgress
    /// The loop's value at that place.
    var value: String?
    var taskRun: String
    /// Nil when the process ended without a word.
    var outcome: Failure.Outcome?
  }

  /// In the record when this returns.
  func record(_ progress: TaskProgress?, of run: TaskRun) throws {
    try withDatabase { database in
      guard let progress else {
        try database.run("DELETE FROM progress WHERE execution = ? AND place = ?", [run.executionID, run.key])
        return
      }
      try database.run(
        "INSERT OR REPLACE INTO progress VALUES (?, ?, ?, ?, NULL, ?, ?, ?)",
        [
          run.executionID, run.key, run.value, run.id, progress.canResume ? "1" : "0",
          Value.map(progress.state).json(), progress.outputs.map { Value.map($0).json() },
        ])
    }
  }

  /// By place.
  func progress(of execution: String) throws -> [String: Kept] {
    try withDatabase { database in
      let rows = try database.run(
        "SELECT place, value, task_run, outcome, resumable, state, outputs FROM progress WHERE execution = ?",
        [execution])
      return try Dictionary(uniqueKeysWithValues: rows.map { row in (row[0] ?? "", try RunStore.kept(row)) })
    }
  }

  private static func kept(_ row: [String?]) throws -> Kept {
    let state = try row[5].map { try Value.parseJSON($0).map ?? [:] } ?? [:]
    var progress = TaskProgress(state, canResume: row[4] == "1")
    progress.outputs = try row[6].flatMap { try Value.parseJSON($0).map }
    return Kept(
      progress: progress, value: row[1], taskRun: row[2] ?? "", outcome: row[3].flatMap(Failure.Outcome.init(rawValue:))
    )
  }

  /// A task run has ended: what it left counts from now on; where it left nothing, nothing is kept.
  func settleProgress(_ run: TaskRun, _ database: Database) throws {
    let place = [run.executionID, run.key]
    guard run.outcome != .undone else {
      try database.run("DELETE FROM progress WHERE execution = ? AND place = ?", place)
      return
    }
    try database.run(
      """
      INSERT INTO progress VALUES (?, ?, ?, ?, ?, ?, '{}', NULL)
      ON CONFLICT (execution, place) DO UPDATE SET outcome = excluded.outcome
      """,
      place + [run.value, run.id, run.outcome.rawValue, run.canResume ? "1" : "0"])
  }

  /// The task runs with what is known of what they left.
  func withOutcomes(_ runs: [TaskRun], of execution: String) -> [TaskRun] {
    // A record of an older version that can only be looked at has none.
    let kept = (try? progress(of: execution)) ?? [:]
    return runs.map { run in
      guard run.state.isTerminal, let left = kept[run.key], left.taskRun == run.id else { return run }
      var run = run
      run.outcome = left.outcome ?? .unknown
      run.canResume = left.progress.canResume
      return run
    }
  }
}
