import Engine
import Expression
import Records
import SQL
import SQLite
import Synchronization

/// SQLite behind a connection that fails when it is told to: a server that goes away, as a load sees it.
enum FaultyDatabase: SQLDriver {
  static let name = "faulty"
  static let title = "Faulty"
  static let urlPrefixes = SQLite.urlPrefixes + ["jdbc:faulty:"]
  static let urlExample = SQLite.urlExample
  /// `jdbc:faulty://SERVER/PATH` is `jdbc:sqlite:PATH`: with servers, a load may begin while its rows are read.
  static let port: Int? = 1
  static let urlForm = JDBCURL.Form.serversOrName
  static let aliases: [String] = []
  static let urlDefault: String? = nil
  static let clocksAreInstants = false
  static let outputs: [TaskOutput] = []
  static let dialect = SQLite.dialect

  /// A point of a load.
  enum Call: Hashable {
    case begin, write, execute, finish, commit
    /// The commit is done, but its answer is lost.
    case committed
  }

  /// What fails in the test that runs: they run one after the other.
  struct Plan {
    /// Which calls fail, counted from 1 over all connections of the test.
    var failures: [Call: ClosedRange<Int>] = [:]
    var failure = Failure(.transient, "the server closed the connection", code: "08006")
    /// Done there in the place of a failure.
    var action: (@Sendable () -> Void)?
    var isTransactional = true
    /// A table without a bulk road.
    var isSlow = false
    fileprivate(set) var calls: [Call: Int] = [:]
    fileprivate(set) var connections = 0
  }

  static let plan = Mutex(Plan())

  static func set(_ change: (inout Plan) -> Void) {
    var plan = Plan()
    change(&plan)
    self.plan.withLock { [plan] in $0 = plan }
  }

  static func connect(
    _ settings: ConnectionSettings, _ options: SQLiteOptions, _ context: TaskContext
  ) throws -> any SQLConnection {
    plan.withLock { $0.connections += 1 }
    return FaultyConnection(try SQLite.connect(settings.ofFile, options, context))
  }

  fileprivate static func reach(_ call: Call) throws {
    let (isMeant, failure, action) = plan.withLock { plan in
      plan.calls[call, default: 0] += 1
      return (plan.failures[call]?.contains(plan.calls[call] ?? 0) == true, plan.failure, plan.action)
    }
    guard isMeant else { return }
    guard let action else { throw failure }
    action()
  }
}

/// SQLite as it is, as if it had servers.
enum SoundDatabase: SQLDriver {
  static let name = "sound"
  static let title = "Sound"
  static let urlPrefixes = ["jdbc:sound:"]
  static let urlExample = "jdbc:sound://server/path"
  static let urlForm = JDBCURL.Form.servers
  static let aliases: [String] = []
  static let port: Int? = 1
  static let urlDefault: String? = nil
  static let clocksAreInstants = false
  static let outputs: [TaskOutput] = []
  static let dialect = SQLite.dialect

  static func connect(
    _ settings: ConnectionSettings, _ options: SQLiteOptions, _ context: TaskContext
  ) throws -> any SQLConnection {
    try SQLite.connect(settings.ofFile, options, context)
  }
}

extension ConnectionSettings {
  /// With the server left out of the URL.
  fileprivate var ofFile: ConnectionSettings {
    get throws {
      let path = url.database.map { $0.hasPrefix("/") ? $0 : "/" + $0 } ?? ":memory:"
      return try ConnectionSettings(for: SQLite.self, url: "jdbc:sqlite:" + path)
    }
  }
}

private final class FaultyConnection: UnnamedTransactions {
  private let real: any SQLConnection
  init(_ real: any SQLConnection) { self.real = real }

  var dialect: Dialect { real.dialect }
  var canceller: @Sendable () -> Void { real.canceller }

  func query(_ sql: String, _ parameters: [Value], _ options: QueryOptions) throws -> SQLResult {
    try real.query(sql, parameters, options)
  }

  func begin() throws {
    try FaultyDatabase.reach(.begin)
    try real.begin()
  }

  /// A server rolls back what it was not asked to commit before its client was gone.
  func commit() throws {
    do { try FaultyDatabase.reach(.commit) } catch {
      try real.rollback()
      throw FaultyConnection.lost(error)
    }
    try real.commit()
    do { try FaultyDatabase.reach(.committed) } catch { throw FaultyConnection.lost(error) }
  }

  private static func lost(_ error: any Error) -> any Error {
    var failure = error as? Failure
    failure?.outcome = .unknown
    return failure ?? error
  }

  func rollback() throws { try real.rollback() }

  func describe(_ table: TableName) throws -> TableInfo {
    var info = try real.describe(table)
    info.isTransactional = FaultyDatabase.plan.withLock { $0.isTransactional }
    return info
  }

  func bulkLoad(into table: TableInfo, _ columns: [ColumnInfo]) throws -> (any BulkLoad)? {
    if FaultyDatabase.plan.withLock({ $0.isSlow }) { return nil }
    return try real.bulkLoad(into: table, columns).map(FaultyLoad.init)
  }

  func prepare(_ sql: String, _ parameters: [StatementParameter]) throws -> any SQLStatement {
    FaultyStatement(try real.prepare(sql, parameters))
  }
  func outputs(_ context: TaskContext) throws -> ValueMap { try real.outputs(context) }
  func arguments(of procedure: TableName) throws -> [ColumnInfo]? { try real.arguments(of: procedure) }
  var tokenTable: TokenTable? { real.tokenTable }
  func breakOff(session: String) throws { try real.breakOff(session: session) }
  func runOwn(_ sql: String) throws -> Int64 { try real.runOwn(sql) }
  func close() { real.close() }
}

private final class FaultyLoad: BulkLoad {
  private let real: any BulkLoad
  init(_ real: any BulkLoad) { self.real = real }

  var targets: [LoadTarget] { real.targets }

  func write(_ batch: RecordBatch, firstRow: Int64) throws {
    try FaultyDatabase.reach(.write)
    try real.write(batch, firstRow: firstRow)
  }

  func finish() throws -> Int64 {
    try FaultyDatabase.reach(.finish)
    return try real.finish()
  }

  func abort() { real.abort() }
}

private final class FaultyStatement: SQLStatement {
  private let real: any SQLStatement
  init(_ real: any SQLStatement) { self.real = real }

  var parameters: [LoadTarget?] { real.parameters }

  func execute(_ batch: RecordBatch, firstRow: Int64) throws -> Int64 {
    // After the rows: what they changed has to be undone.
    let count = try real.execute(batch, firstRow: firstRow)
    try FaultyDatabase.reach(.execute)
    return count
  }

  func close() { real.close() }
}
