public import Engine
internal import Expression
internal import Records

/// What becomes of the rows of a query.
public enum FetchType: String, PropertyChoice {
  case none = "NONE"
  case fetch = "FETCH"
  case fetchOne = "FETCH_ONE"
  case store = "STORE"
}

/// The statement and what becomes of its rows: shared by Query, Queries and Trigger.
public struct FetchProperties: Declaring, Decodable {
  @Property("The SQL.") var sql: String
  @Property(
    """
    What becomes of the rows: NONE drops them, FETCH puts them all out as 'rows', FETCH_ONE puts the first one out as \
    'row', STORE streams them into a record file whose 'uri' is put out.
    """) var fetchType = FetchType.none
  @Property("Same as fetchType: FETCH.", .deprecated("fetchType: FETCH")) var fetch = false
  @Property("Same as fetchType: FETCH_ONE.", .deprecated("fetchType: FETCH_ONE")) var fetchOne = false
  @Property("Same as fetchType: STORE.", .deprecated("fetchType: STORE")) var store = false
  @Property("Rows per round trip, where the database is read in steps.", .range(1...10_000_000)) var fetchSize = 10_000
  @Property("Kestra's property until 0.23.", .unused("a statement without 'afterSQL' commits by itself"))
  var autoCommit = true
  @Property(
    "Values for the names in the SQL: ':id' takes the value of 'id'. They are bound, never pasted into the text."
  ) var parameters: ValueMap?
  @Property(
    "What to do with text that is not valid in its encoding: error, replace (by U+FFFD) or escape (as \\xHH)."
  ) var invalidText = InvalidText.error
  @Property(
    """
    How times and the like stand in 'row' and 'rows': KESTRA as Kestra prints them, EXACT as record files hold them. \
    KESTRA when missing and the type of the task begins with io.kestra, else EXACT.
    """) var rowFormat: RowFormat?
  @Property("Shows values of rows in error messages.") var logValues = false

  public init() {}

  init(default type: FetchType, _ help: String) {
    _fetchType = Property(wrappedValue: type, help)
  }

  /// The old switches come first, in Kestra's order.
  var type: FetchType { fetch ? .fetch : fetchOne ? .fetchOne : store ? .store : fetchType }

  var options: QueryOptions {
    var options = QueryOptions()
    options.fetchSize = fetchSize
    options.invalidText = invalidText
    options.firstRowOnly = type == .fetchOne
    return options
  }

  /// How this task shows rows.
  func rules<D: SQLDriver>(
    for driver: D.Type, _ connection: ConnectionProperties, _ context: TaskContext
  ) throws -> FetchedRows.Rules {
    FetchedRows.Rules(
      format: rowFormat ?? (context.isNamedAsInKestra ? .kestra : .exact),
      zone: try Zone(connection.timeZoneId ?? context.timeZone), clocksAreInstants: D.clocksAreInstants,
      clocksAreZoned: D.clocksAreZoned)
  }

  /// Runs one statement and gives its outputs. Several results of a procedure count as one.
  /// - Parameter place: the server, when the statement only reads: see `TaskContext.createRecords`.
  func run(
    _ sql: String, _ connection: any StatementSession, _ rules: FetchedRows.Rules, _ context: TaskContext,
    from place: String? = nil
  ) throws -> (outputs: ValueMap, hasRows: Bool) {
    switch try query(sql, connection) {
    case .updated(let count): return (updated(count), false)
    case .rows(let rows):
      let all = JoinedRows(rows, sameColumns: type == .store)
      defer { all.close() }
      return (try outputs(of: all, rules, context, "records.arrow", place), true)
    }
  }

  /// Runs one statement and gives the outputs of each of its results, or how many rows it changed.
  /// - Parameter name: of the files, without their extension.
  func runEach(
    _ sql: String, _ connection: any StatementSession, _ rules: FetchedRows.Rules, _ context: TaskContext, name: String
  ) throws -> (results: [ValueMap], updated: Int64) {
    switch try query(sql, connection) {
    case .updated(let count): return ([], count ?? 0)
    case .rows(var rows):
      defer { rows.close() }
      var results = [try outputs(of: rows, rules, context, "\(name).arrow", nil)]
      while let next = try rows.nextResult() {
        rows = next
        results.append(try outputs(of: rows, rules, context, "\(name)-\(results.count + 1).arrow", nil))
      }
      return (results, 0)
    }
  }

  /// Runs one statement whose rows, if any, do not matter; gives how many rows it changed, where the server tells.
  func execute(_ statement: String, _ connection: any StatementSession) throws -> Int64? {
    try located(statement, connection) { try connection.execute($0.sql, $0.values) }
  }

  private func query(_ statement: String, _ connection: any StatementSession) throws -> SQLResult {
    try located(statement, connection) { try connection.query($0.sql, $0.values, options) }
  }

  /// Binds the parameters; what the server says of the bound text is told of the user's.
  private func located<T>(
    _ statement: String, _ connection: any StatementSession, _ body: (BoundStatement) throws -> T
  ) throws -> T {
    let bound = try SQLParameters.bind(statement, parameters, connection.dialect)
    do {
      return try body(bound)
    } catch let failure as Failure {
      throw failure.located(bound.edits, statement, in: sql)
    }
  }

  func updated(_ count: Int64?) -> ValueMap {
    var outputs: ValueMap = [:]
    if let count { outputs["updateCount"] = .int(count) }
    switch type {
    case .none: break
    case .fetch:
      outputs["rows"] = []
      outputs["size"] = 0
    case .fetchOne:
      outputs["row"] = .null
      outputs["size"] = 0
    case .store: outputs["size"] = 0
    }
    return outputs
  }

  private func outputs(
    of rows: any SQLRows, _ rules: FetchedRows.Rules, _ context: TaskContext, _ file: String, _ place: String?
  ) throws -> ValueMap {
    if type == .fetch || type == .fetchOne { warnOfTwins(rows.schema, context) }
    switch type {
    case .none:
      // Read to the end: the statement may do something beside returning rows.
      while try rows.next() != nil { try context.checkCancelled() }
      return [:]
    case .fetch: return try fetched(rows, rules, context)
    case .fetchOne: return try first(rows, rules, context)
    case .store:
      let output = try context.createRecords(file, schema: rows.schema, from: place)
      var size: Int64 = 0
      while let batch = try rows.next() {
        context.ledger.add(read: batch.count)
        try output.write(batch)
        size += Int64(batch.count)
        try context.checkCancelled()
      }
      try output.finish()
      return ["uri": .string(output.uri), "size": .int(size)]
    }
  }

  /// A map has one value for a name; a record file keeps all columns.
  private func warnOfTwins(_ schema: Schema, _ context: TaskContext) {
    var seen: Set<ExactText> = []
    let twins = schema.fields.map(\.name).filter { !seen.insert($0.exact).inserted }
    guard let name = twins.first else { return }
    context.log(
      .warn, "the result has several columns named '\(name)', only the last is put out. Name them apart with AS")
  }

  private func fetched(
    _ rows: any SQLRows, _ rules: FetchedRows.Rules, _ context: TaskContext
  ) throws -> ValueMap {
    var list: [Value] = []
    while let batch = try rows.next() {
      let values = FetchedRows(batch, rules)
      for row in 0..<batch.count { list.append(.map(values.map(at: row))) }
      context.ledger.add(read: batch.count, written: batch.count, batches: 1)
      try context.checkCancelled()
    }
    return ["rows": .list(list), "size": .int(Int64(list.count))]
  }

  private func first(
    _ rows: any SQLRows, _ rules: FetchedRows.Rules, _ context: TaskContext
  ) throws -> ValueMap {
    while let batch = try rows.next() {
      if batch.count == 0 { continue }
      context.ledger.add(read: 1, written: 1, batches: 1)
      return ["row": .map(FetchedRows(batch, rules).map(at: 0)), "size": 1]
    }
    return ["row": .null, "size": 0]
  }

  static let outputs: [TaskOutput] = [
    TaskOutput("row", .map(.any), "The first row, null when there is none (FETCH_ONE)."),
    TaskOutput("rows", .list(.map(.any)), "All rows (FETCH)."),
    TaskOutput("uri", .uri, "The record file (STORE)."),
    TaskOutput("size", .integer, "How many rows were fetched or stored."),
    TaskOutput("updateCount", .integer, "How many rows the statement changed."),
  ]
}
