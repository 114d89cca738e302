public import Engine
public import Expression
internal import Glibc
internal import Records

/// When a load commits.
public enum CommitMode: String, PropertyChoice {
  /// Once, at the end: a failed load leaves nothing behind.
  case all
  /// After every chunk.
  case chunk
}

/// What a load may be tried again for.
public enum RetryScope: String, PropertyChoice {
  case none = "NONE"
  /// Reading the input.
  case input = "INPUT"
  /// Also what the database says is transient.
  case all = "ALL"
}

/// How the input is read.
public enum InputHandling: String, PropertyChoice {
  case auto = "AUTO"
  case stream = "STREAM"
  case local = "LOCAL"
}

/// Loads a record file through a statement that runs for each row, or into a table.
public struct SQLBatch<D: SQLDriver>: FollowingTask {
  public static var info: TaskInfo {
    TaskInfo(
      "jdbc.\(D.name).Batch", aliases: D.aliases.map { "jdbc.\($0).Batch" },
      "Loads a record file into \(D.title).",
      details: """
        A plain 'INSERT INTO t (columns) VALUES (?, …)', and 'table', take the database's bulk road; every other \
        statement runs as written, once for each row. Both give the same rows, counts and errors. Values are converted \
        exactly to the types of the table's columns: one that does not fit is an error that names row and column. \
        The whole load is one transaction unless 'commit: chunk' is set.
        """,
      outputs: [
        TaskOutput("rowCount", .integer, "How many rows were read."),
        TaskOutput("updatedCount", .integer, "How many rows the database changed."),
      ] + D.outputs,
      example: """
        id: load
        type: io.kestra.plugin.jdbc.\(D.name).Batch
        url: \(D.urlExample)
        from: "{{ outputs.read.uri }}"
        sql: INSERT INTO customer (id, name) VALUES (?, ?)
        """)
  }

  @PropertyGroup var connection = ConnectionProperties(for: D.self)
  @Property("The record file.") var from: StorageReference
  @Property("A statement with a '?' for each value. '??' is the operator '?'.") var sql: String?
  @Property("The table to insert into, when there is no 'sql': 'name' or 'schema.name'.") var table: String?
  @Property(
    """
    Which columns of the file are bound, in this order. Without it the file's columns are bound by position ('sql') or \
    by name ('table'). A column that the file lacks is NULL.
    """) var columns: [String]?
  @Property(
    "Rows per round trip of a statement that runs as written, and per commit with 'commit: chunk'.",
    .range(1...10_000_000)
  ) var chunk = 1_000
  @Property("When to commit: once at the end (all), or after every 'chunk' rows.") var commit = CommitMode.all
  @Property("How often a failed load is tried again.", .range(0...1_000)) var maxRetries = 3
  @Property("The wait before the first retry; it doubles once.") var retryBackoff = Duration.seconds(1)
  @Property("What is tried again: nothing, failures of the input, or also transient failures of the database.")
  var retryScope = RetryScope.input
  @Property(
    "Kept for Kestra's flows: a local file is read where it lies. LOCAL refuses one over 'localBufferMaxBytes'."
  ) var inputHandling = InputHandling.auto
  @Property("The largest input for LOCAL, in bytes.", .range(0...Int.max)) var localBufferMaxBytes = 104_857_600
  @Property(
    "With 'commit: chunk', a retry goes on behind the last committed row; else there is none once rows are committed."
  ) var resumeOnRetry = true
  @Property("Lets float columns take the nearest value of numbers that they cannot hold exactly.")
  var roundFloats = false
  @Property("Shows values of rows in error messages.") var logValues = false
  @PropertyGroup var commits = CommitProperties()
  @PropertyGroup var options = D.Options()

  public init() {}

  public static func problems(of literals: ValueMap) -> [(property: String, message: String)] {
    ConnectionProperties.problems(of: literals, for: D.self)
  }

  public static var followedProperty: String { "from" }

  /// A load that is one transaction, into another server than the rows come from: on one server it could meet what the
  /// task before it has locked or not yet committed.
  public func mayFollow(_ place: String) -> Bool {
    guard let server = D.server(of: connection.url) else { return false }
    return server != place && commit == .all && inputHandling != .local
  }

  public func run(_ context: TaskContext) throws -> ValueMap {
    try checkProperties(context)
    let progress = try earlier(context)
    progress.count(in: context.ledger)
    var retries = 0
    while true {
      do {
        return try attempt(context, progress)
      } catch let failure as Failure {
        let failure = progress.judged(failure)
        try? progress.keep(context)
        guard retries < maxRetries, progress.mayRetry(failure, retryScope) else {
          progress.count(in: context.ledger)
          throw failure.showing(values: logValues)
        }
        retries += 1
        context.log(.warn, "the load failed and starts again: \(failure)")
        try wait(retries == 1 ? retryBackoff : retryBackoff * 2, context)
        progress.restart(context.ledger)
      }
    }
  }

  // MARK: what an earlier run has left

  private func target(_ context: TaskContext) -> String {
    let name = table?.trimmed ?? sql.flatMap { StatementShape($0, D.dialect).targets.first?.description } ?? ""
    return fingerprint(D.place(of: connection.url), name)
  }

  /// Where the load begins: at the start, or behind what an earlier attempt recorded.
  private func earlier(_ context: TaskContext) throws -> LoadProgress {
    let input = LoadRecord.Input(uri: fingerprint(from.uri), size: try? context.size(from))
    let fresh = LoadProgress(
      LoadRecord(target: target(context), input: input), resumes: resumeOnRetry)
    guard let left = context.progress else { return fresh }
    guard let record = LoadRecord(left.state), record.target == fresh.record.target,
      record.input.mayBe(input),
      left.canResume
    else {
      guard context.acceptsUnknown else { throw notTheSame(LoadRecord(left.state), fresh.record) }
      context.log(.warn, "the whole input is loaded, whatever an earlier run has left")
      try context.record(nil)
      return fresh
    }
    return LoadProgress(record, resumes: resumeOnRetry)
  }

  private func notTheSame(_ record: LoadRecord?, _ now: LoadRecord) -> Failure {
    let what =
      switch record {
      case let record? where record.target != now.target:
        "into another table or database than this one"
      case let record? where !record.input.mayBe(now.input): "from another input than this one"
      default: "and cannot go on behind them"
      }
    let rows = record.map { "\(max($0.rows, $0.pending?.rows ?? 0)) rows" } ?? "rows"
    return Failure(
      .configuration, "an earlier run of this task has committed \(rows), or may have, \(what)",
      hint: "Look what is there; --restart with --accept-unknown loads the whole input",
      outcome: .partial)
  }

  /// Asks for the commit that an earlier attempt did not see answered.
  /// - Returns: the outputs, when all is in.
  private func settle(
    _ progress: LoadProgress, _ database: OpenDatabase, _ context: TaskContext
  ) throws -> ValueMap? {
    guard let pending = progress.record.pending else { return nil }
    progress.phase = .committing
    let doing = "asking for the commit of an earlier attempt"
    let end = Inquiry(database, context).end(of: pending.token)
    switch end {
    case .committed:
      context.log(.info, "\(doing): \(pending.rows) rows are in")
      try progress.committed(context)
    case .rolledBack:
      context.log(.info, "\(doing): it was rolled back, \(progress.committedRows) rows are in")
      progress.record.pending = nil
    case .open, .unknown:
      guard context.acceptsUnknown else {
        throw Failure(.transient, doing, code: "08007").notKnown(end)
      }
      context.log(.warn, "\(doing): it is not known whether it is done; it is done again")
      progress.record.pending = nil
    }
    try progress.keep(context)
    progress.rows = progress.record.rows
    progress.count(in: context.ledger)
    return progress.phase == .done ? progress.outputs : nil
  }

  private func checkProperties(_ context: TaskContext) throws {
    guard sql?.trimmed.isEmpty == false || table?.trimmed.isEmpty == false else {
      throw Failure(.configuration, "neither 'sql' nor 'table' is set", hint: "Set 'table' to load by column names")
    }
    if let columns, columns.isEmpty {
      throw Failure(.configuration, "'columns' is an empty list", hint: "Leave it out to bind all columns")
    }
    if inputHandling == .local {
      let size = try context.size(from)
      guard size <= localBufferMaxBytes else {
        throw Failure(
          .configuration, "the input has \(size) bytes, more than localBufferMaxBytes (\(localBufferMaxBytes)) allows",
          hint: "Use inputHandling: STREAM")
      }
    }
  }

  private func attempt(_ context: TaskContext, _ progress: LoadProgress) throws -> ValueMap {
    progress.phase = .input
    let source = try context.openRecords(from)
    progress.phase = .database
    return try Session.run(D.self, connection, options, context) { database in
      if let outputs = try settle(progress, database, context) { return outputs }
      progress.phase = .database
      let commits = CommitGuard(database, self.commits, context)
      try commits.prepare()
      try database.connection.begin()
      do { return try load(source, database.connection, commits, progress, context) } catch {
        if progress.phase != .done { progress.rollback(database.connection) }
        throw error
      }
    }
  }

  private func load(
    _ source: RecordFileReader, _ connection: any SQLConnection, _ commits: CommitGuard,
    _ progress: LoadProgress, _ context: TaskContext
  ) throws -> ValueMap {
    let coercion = CoercionOptions(
      timeZone: self.connection.timeZoneId ?? context.timeZone, roundFloats: roundFloats)
    let plan = try LoadPlan(
      sql: sql, table: table, columns: columns, schema: source.schema, connection, coercion
    ) { context.log($0, $1) }
    progress.isTransactional = plan.isTransactional
    defer { plan.close() }
    if !plan.isTransactional {
      try context.waitForInput()
      context.log(
        .warn,
        "the table '\(plan.name)' has no transactions: a load that fails leaves its first rows there"
      )
    }
    let run = LoadRun(
      plan: plan, connection: connection, progress: progress, context: context, commits: commits,
      chunk: chunk,
      commit: commit)
    do { return try run.load(source) } catch let failure as Failure where plan.namesNoRow(failure) {
      progress.rollback(connection)
      guard progress.leak == nil else { throw failure }
      var trace = LoadTrace(
        connection: connection, plan: plan, context: context, committed: progress.committedRows)
      throw trace.traced(failure) { try context.openRecords(from) }
    }
  }

  private func wait(_ time: Duration, _ context: TaskContext) throws {
    var left = time.seconds
    while left > 0 {
      try context.checkCancelled()
      let step = min(left, 0.05)
      usleep(UInt32(step * 1_000_000))
      left -= step
    }
  }
}
