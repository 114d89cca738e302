public import Engine
public import Expression
internal import Records

/// Runs one statement.
public struct SQLQuery<D: SQLDriver>: FerryTask {
  public static var info: TaskInfo {
    TaskInfo(
      "jdbc.\(D.name).Query", aliases: D.aliases.map { "jdbc.\($0).Query" },
      "Runs an SQL statement on \(D.title).",
      details: """
        Rows are streamed: STORE keeps memory flat whatever the size of the result. With 'afterSQL' both statements \
        are one transaction. Decimals, dates and timestamps keep every digit. Several results of a procedure come one \
        behind the other; STORE takes them when they have the same columns. Several statements, as Kestra ran them \
        until 2025, are one transaction too, unless they hold their own BEGIN or COMMIT; the outputs are those of the \
        first one that returns rows. Queries gives the outputs of each.
        """,
      outputs: FetchProperties.outputs + D.outputs,
      example: """
        id: query
        type: io.kestra.plugin.jdbc.\(D.name).Query
        url: \(D.urlExample)
        sql: SELECT id, name FROM customer WHERE id = :id
        parameters:
          id: 42
        fetchType: FETCH_ONE
        """)
  }

  @PropertyGroup var connection = ConnectionProperties(for: D.self)
  @PropertyGroup var fetching = FetchProperties()
  @Property("A statement that runs after the main one, in the same transaction.") var afterSQL: String?
  @PropertyGroup var commits = CommitProperties()
  @PropertyGroup var options = D.Options()

  public init() {}

  public static func problems(of literals: ValueMap) -> [(property: String, message: String)] {
    ConnectionProperties.problems(of: literals, for: D.self)
  }

  public func run(_ context: TaskContext) throws -> ValueMap {
    do {
      let rules = try fetching.rules(for: D.self, connection, context)
      return try Session.run(D.self, connection, options, commits, [fetching.sql, afterSQL], context) { connection in
        let statements = try statements(connection.dialect)
        let after = try afterSQL.flatMap { $0.trimmed.isEmpty ? nil : $0 }.map { try single($0, connection.dialect) }
        if let sql = statements.first, statements.count == 1, after == nil {
          return try fetching.run(sql, connection, rules, context, from: place(sql, connection.dialect)).outputs
        }
        guard after != nil || !statements.contains(where: { steersTransactions($0, connection.dialect) }) else {
          return try run(statements, after, connection, rules, context)
        }
        return try Session.transaction(connection) { try run(statements, after, connection, rules, context) }
      }
    } catch let failure as Failure {
      throw failure.showing(values: fetching.logValues)
    }
  }

  /// All statements in order. The outputs are those of the first that returns rows, as Kestra gave them.
  private func run(
    _ statements: [String], _ after: String?, _ connection: any StatementSession, _ rules: FetchedRows.Rules,
    _ context: TaskContext
  ) throws -> ValueMap {
    var outputs: ValueMap?
    var changed: Int64 = 0
    for statement in statements {
      try context.checkCancelled()
      if outputs == nil {
        let given = try fetching.run(statement, connection, rules, context)
        changed += given.outputs["updateCount"]?.int ?? 0
        if given.hasRows { outputs = given.outputs }
      } else {
        changed += try fetching.execute(statement, connection) ?? 0
      }
    }
    if let after { _ = try fetching.execute(after, connection) }
    return outputs ?? fetching.updated(changed)
  }

  /// Whether a statement begins or ends a transaction of its own, or does nothing inside of one.
  private func steersTransactions(_ sql: String, _ dialect: Dialect) -> Bool {
    let words = SQLScanner.words(sql, dialect)
    let steering: Set = ["BEGIN", "COMMIT", "ROLLBACK", "END", "SAVEPOINT", "PRAGMA", "VACUUM", "ATTACH", "DETACH"]
    return words.first.map(steering.contains) == true || words.starts(with: ["START", "TRANSACTION"])
      || words.starts(with: ["SET", "AUTOCOMMIT"]) || words.starts(with: ["SET", "TRANSACTION"])
  }

  /// The server, when the statement does nothing but read.
  private func place(_ sql: String, _ dialect: Dialect) -> String? {
    let words = SQLScanner.words(sql, dialect)
    let changing: Set = ["INSERT", "UPDATE", "DELETE", "MERGE", "REPLACE", "INTO", "CALL", "LOCK", "SHARE"]
    guard words.first == "SELECT" || words.first == "WITH", changing.isDisjoint(with: words) else { return nil }
    return D.server(of: self.connection.url)
  }

  private func statements(_ dialect: Dialect) throws -> [String] {
    let statements = SQLSplitter.statements(fetching.sql, dialect)
    guard !statements.isEmpty else { throw Failure(.configuration, "'sql' holds no statement") }
    return statements
  }

  private func single(_ sql: String, _ dialect: Dialect) throws -> String {
    let statements = SQLSplitter.statements(sql, dialect)
    guard statements.count == 1, let statement = statements.first else {
      throw Failure(.configuration, "'afterSQL' holds \(statements.count) statements, it takes one")
    }
    return statement
  }
}

/// Runs several statements.
public struct SQLQueries<D: SQLDriver>: FerryTask {
  public static var info: TaskInfo {
    TaskInfo(
      "jdbc.\(D.name).Queries", aliases: D.aliases.map { "jdbc.\($0).Queries" },
      "Runs several SQL statements on \(D.title), in one transaction.",
      details: """
        The text is split at its semicolons; those inside of strings, names, comments and bodies (BEGIN … END, \
        $$ … $$) do not count.
        """,
      outputs: [
        TaskOutput(
          "outputs", .list(.map(.any)),
          """
          One entry for each statement that returned rows, and for each result of a procedure, with 'row', 'rows', \
          'uri' and 'size' as Query gives them.
          """),
        TaskOutput("updateCount", .integer, "How many rows all other statements changed together."),
      ] + D.outputs,
      example: """
        id: queries
        type: io.kestra.plugin.jdbc.\(D.name).Queries
        url: \(D.urlExample)
        sql: |
          DELETE FROM customer WHERE name IS NULL;
          SELECT count(*) AS customers FROM customer;
        fetchType: FETCH_ONE
        """)
  }

  @PropertyGroup var connection = ConnectionProperties(for: D.self)
  @PropertyGroup var fetching = FetchProperties()
  @Property("Rolls everything back when one statement fails; false commits each statement by itself.")
  var transaction = true
  @PropertyGroup var commits = CommitProperties()
  @PropertyGroup var options = D.Options()

  public init() {}

  public static func problems(of literals: ValueMap) -> [(property: String, message: String)] {
    ConnectionProperties.problems(of: literals, for: D.self)
  }

  public func run(_ context: TaskContext) throws -> ValueMap {
    do {
      let rules = try fetching.rules(for: D.self, connection, context)
      return try Session.run(D.self, connection, options, commits, [fetching.sql], context) { connection in
        let statements = SQLSplitter.statements(fetching.sql, connection.dialect)
        guard !statements.isEmpty else { throw Failure(.configuration, "'sql' holds no statement") }
        if !transaction { return try run(statements, connection, rules, context) }
        return try Session.transaction(connection) { try run(statements, connection, rules, context) }
      }
    } catch let failure as Failure {
      throw failure.showing(values: fetching.logValues)
    }
  }

  private func run(
    _ statements: [String], _ connection: any StatementSession, _ rules: FetchedRows.Rules, _ context: TaskContext
  ) throws -> ValueMap {
    var outputs: [Value] = []
    var updated: Int64 = 0
    for (index, statement) in statements.enumerated() {
      try context.checkCancelled()
      do {
        let name = statements.count == 1 ? "records" : "records-\(index + 1)"
        let (results, changed) = try fetching.runEach(statement, connection, rules, context, name: name)
        updated += changed
        if fetching.type != .none { outputs += results.map { .map($0) } }
      } catch let failure as Failure {
        throw statements.count == 1 ? failure : failure.whileDoing("statement \(index + 1) of \(statements.count)")
      }
    }
    return ["outputs": .list(outputs), "updateCount": .int(updated)]
  }
}

/// A polling query, run once as a task.
public struct SQLTrigger<D: SQLDriver>: FerryTask, PollingTrigger {
  public static var info: TaskInfo {
    TaskInfo(
      "jdbc.\(D.name).Trigger", aliases: D.aliases.map { "jdbc.\($0).Trigger" },
      "Runs the polling query of a trigger on \(D.title), once.",
      details: "Ferry has no scheduler of its own: as a task the trigger's query runs once, as Query does.",
      outputs: FetchProperties.outputs + D.outputs,
      example: """
        id: new_rows
        type: io.kestra.plugin.jdbc.\(D.name).Trigger
        url: \(D.urlExample)
        interval: PT1M
        sql: SELECT id FROM job WHERE done = 0
        afterSQL: UPDATE job SET done = 1
        """)
  }

  @PropertyGroup var connection = ConnectionProperties(for: D.self)
  @PropertyGroup var fetching = FetchProperties(
    default: .fetch,
    """
    What becomes of the rows: FETCH puts them all out as 'rows', FETCH_ONE the first one as 'row', STORE writes a \
    record file.
    """)
  @Property("Time between two polls.") public var interval = Duration.seconds(60)
  @Property("A statement that runs after the main one, in the same transaction.") var afterSQL: String?
  @PropertyGroup var commits = CommitProperties()
  @PropertyGroup var options = D.Options()

  public init() {}

  public static func problems(of literals: ValueMap) -> [(property: String, message: String)] {
    ConnectionProperties.problems(of: literals, for: D.self)
  }

  public func run(_ context: TaskContext) throws -> ValueMap {
    if fetching.type == .none {
      throw Failure(
        .configuration, "a trigger with fetchType: NONE would never fire", hint: "Use FETCH, FETCH_ONE or STORE")
    }
    var query = SQLQuery<D>()
    query.connection = connection
    query.fetching = fetching
    query.afterSQL = afterSQL
    query.commits = commits
    query.options = options
    return try query.run(context)
  }

  public func poll(_ context: TaskContext) throws -> ValueMap? {
    let outputs = try run(context)
    return outputs["size"]?.int == 0 ? nil : outputs
  }
}
