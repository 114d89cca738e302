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
    let progress = LoadProgress()
    var retries = 0
    while true {
      do {
        return try attempt(context, progress)
      } catch let failure as Failure {
        guard retries < maxRetries, progress.mayRetry(failure, retryScope, resume: resumeOnRetry) else {
          throw failure.showing(values: logValues)
        }
        retries += 1
        context.log(.warn, "the load failed and starts again: \(failure)")
        try wait(retries == 1 ? retryBackoff : retryBackoff * 2, context)
        progress.restart(context.ledger)
      }
    }
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
    return try Session.run(D.self, connection, options, context) { connection in
      let coercion = CoercionOptions(timeZone: self.connection.timeZoneId ?? context.timeZone, roundFloats: roundFloats)
      try connection.begin()
      do {
        let plan = try LoadPlan(
          sql: sql, table: table, columns: columns, schema: source.schema, connection, coercion
        ) { context.log($0, $1) }
        progress.isTransactional = plan.isTransactional
        defer { plan.close() }
        if !plan.isTransactional { try context.waitForInput() }
        let run = LoadRun(
          plan: plan, connection: connection, progress: progress, context: context, chunk: chunk, commit: commit)
        do { return try run.load(source) } catch let failure as Failure where failure.code == LoadTrace.code {
          try? connection.rollback()
          let trace = LoadTrace(connection: connection, plan: plan, context: context)
          throw commit == .all ? trace.traced(failure) { try context.openRecords(from) } : failure
        }
      } catch {
        if progress.phase != .done { try? connection.rollback() }
        throw error
      }
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

/// How far a load has come, over its attempts.
final class LoadProgress {
  enum Phase {
    case input, database
    /// The server's answer decides whether the rows are in.
    case committing
    case done
  }

  var phase = Phase.input
  var isTransactional = true
  /// Rows of this attempt that reached the database.
  var rows: Int64 = 0
  /// Over all attempts.
  var committedRows: Int64 = 0
  var committedUpdates: Int64 = 0

  /// Only what is transient, and only where nothing can be loaded twice.
  func mayRetry(_ failure: Failure, _ scope: RetryScope, resume: Bool) -> Bool {
    guard failure.category == .transient, scope == .all || (scope == .input && phase == .input) else { return false }
    if committedRows > 0 && !resume { return false }
    let nothingWritten = rows == committedRows
    return phase != .committing && (isTransactional || nothingWritten || failure.retryIsSafe)
  }

  func restart(_ ledger: Ledger) {
    ledger.restart()
    ledger.add(read: Int(committedRows), written: Int(committedRows), retries: 1)
    rows = committedRows
    phase = .input
  }
}
