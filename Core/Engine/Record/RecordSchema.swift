internal import Records

/// The tables of the record, as they have grown.
enum RecordSchema {
  /// What each version adds to the one before it; `user_version` says how many of them a database has.
  static let versions = [
    """
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
    """,
    """
    CREATE TABLE progress (
      execution TEXT NOT NULL, place TEXT NOT NULL, value TEXT, task_run TEXT NOT NULL, outcome TEXT,
      resumable INTEGER NOT NULL, state TEXT NOT NULL, outputs TEXT, PRIMARY KEY (execution, place))
    """,
    // Outputs for a restart, where they are more than what is shown.
    "ALTER TABLE task_runs ADD COLUMN kept TEXT",
    // Counts can be asked for; those that run are found without looking at all that ever ran.
    """
    \(ledger.map { "ALTER TABLE task_runs ADD COLUMN \($0) INTEGER NOT NULL DEFAULT 0;" }.joined(separator: "\n"))
    UPDATE task_runs SET
      \(ledger.map { "\($0) = coalesce(json_extract(ledger, '$.\($0)'), 0)" }.joined(separator: ",\n  "))
    WHERE ledger IS NOT NULL;
    ALTER TABLE task_runs DROP COLUMN ledger;
    CREATE INDEX executions_unended ON executions (namespace, flow) WHERE state IN \(SQLiteRunStore.unended);
    """,
  ]

  /// The columns of a task run's counts.
  static let ledger = ["read", "written", "rejected", "filtered", "bytes", "batches", "retries"]

  /// Brings a database to the newest version. One of a newer Ferry is refused: nobody knows what its rows mean.
  static func prepare(_ database: Database) throws {
    while try version(of: database) < versions.count {
      try database.transaction {
        // Another process may have done it meanwhile.
        let version = try version(of: database)
        guard version < versions.count else { return }
        try database.execute(versions[version])
        if version > 0 { database.makePrivate() }
        try database.execute("PRAGMA user_version = \(version + 1)")
      }
    }
    try check(database)
  }

  static func isOld(_ database: Database) throws -> Bool { try version(of: database) < versions.count }

  static func check(_ database: Database) throws {
    let version = try version(of: database)
    guard version > versions.count else { return }
    throw Failure(
      .configuration,
      "the record of runs in '\(database.path)' was written by a newer Ferry: it has version \(version), "
        + "this one knows \(versions.count)",
      hint: "Use that Ferry, or another folder with --storage")
  }

  private static func version(of database: Database) throws -> Int {
    try database.run("PRAGMA user_version").first?.first.flatMap { $0 }.flatMap { Int($0) } ?? 0
  }
}
