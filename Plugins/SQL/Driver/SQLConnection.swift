public import Engine
public import Expression
public import Records

/// What runs statements, one at a time, in transactions and outside of them. All calls block, and come from one thread.
///
/// Every error is a `Failure`: `code` is the SQLSTATE (or the vendor's number where there is none), `category` follows
/// `SQLState.category`, and `retryIsSafe` says that the server did nothing. Its `outcome` is `unknown` where the
/// server's answer did not come.
public protocol StatementSession: AnyObject {
  /// The rules for SQL text in this session; depends on server settings for some databases.
  var dialect: Dialect { get }

  /// Runs one statement, its values bound to the placeholders of the dialect, in order.
  /// Outside of `begin` the statement commits by itself, once its rows are read or closed.
  func query(_ sql: String, _ parameters: [Value], _ options: QueryOptions) throws -> SQLResult

  func begin() throws
  /// A failure whose `outcome` is not `undone` leaves open whether the transaction is committed.
  func commit() throws
  /// Also ends a transaction that the server has given up already.
  func rollback() throws
}

/// An open connection; only `canceller` is called from other threads.
public protocol SQLConnection: StatementSession {
  /// Interrupts what runs at the moment; the interrupted call throws. Harmless at any time, even after `close`.
  var canceller: @Sendable () -> Void { get }

  /// Whether this server can be asked what became of a transaction, by `transactionName` and `end`.
  var namesTransactions: Bool { get }
  /// The open transaction's name. It stays open and unharmed, whatever this gives.
  func transactionName() throws -> TransactionName
  /// What became of the transaction of another connection.
  func end(of transaction: String) throws -> TransactionEnd
  /// Makes the server give up a transaction whose client is gone.
  func breakOff(transaction: String) throws
  /// How `ferry_commits` is written here; nil when the connection has no database to keep it in.
  var tokenTable: TokenTable? { get }
  /// Makes the server end another session: `TokenTable.session`.
  func breakOff(session: String) throws
  /// Runs one statement of Ferry's own, without parameters and rows, in one round trip and without touching what is set
  /// up for a load. Returns how many rows it changed.
  @discardableResult
  func runOwn(_ sql: String) throws -> Int64

  /// The columns of a table in their order. Throws `Failure(.schema)` when there is no such table, with the names of
  /// near ones where the driver can tell.
  func describe(_ table: TableName) throws -> TableInfo

  /// Opens the bulk road into these columns, in this order; the rest of the table's columns take their defaults.
  /// Nil when this database or this table has none (a trigger, a type the driver does not know in binary): the
  /// statement then runs as written.
  func bulkLoad(into table: TableInfo, _ columns: [ColumnInfo]) throws -> (any BulkLoad)?

  /// Prepares a statement with the dialect's placeholders, to be run for each row of batches.
  /// - Parameter parameters: what is known of each placeholder; those that are missing are parts of expressions.
  func prepare(_ sql: String, _ parameters: [StatementParameter]) throws -> any SQLStatement

  /// What the arguments of a procedure take, in their order; nil when the database has none, or does not tell.
  func arguments(of procedure: TableName) throws -> [ColumnInfo]?

  /// What the connection adds to the outputs of a task that succeeded: SQLite's `databaseUri`. Called once, before
  /// `close`.
  func outputs(_ context: TaskContext) throws -> ValueMap

  /// Idempotent. An open transaction is rolled back.
  func close()
}

/// A connection to a server that cannot be asked for a transaction by its name: `ferry_commits` tells what became of
/// one.
public protocol UnnamedTransactions: SQLConnection {}

extension UnnamedTransactions {
  public var namesTransactions: Bool { false }
  public func transactionName() throws -> TransactionName { .unsupported }
  public func end(of transaction: String) throws -> TransactionEnd { .unknown("this database keeps no such books") }
  public func breakOff(transaction: String) throws {}
}

extension SQLConnection {
  package func prepare(_ sql: String) throws -> any SQLStatement { try prepare(sql, []) }
}

extension StatementSession {
  /// Runs a statement whose rows, if any, do not matter; returns how many rows it changed where the server tells.
  @discardableResult
  public func execute(_ sql: String, _ parameters: [Value] = []) throws -> Int64? {
    switch try query(sql, parameters, QueryOptions()) {
    case .updated(let count): return count
    case .rows(let rows):
      // To the end: that is where the server reports what went wrong.
      let all = JoinedRows(rows, sameColumns: false)
      defer { all.close() }
      while try all.next() != nil {}
      return nil
    }
  }
}

/// How the rows of a query are read.
public struct QueryOptions: Sendable {
  /// Rows per round trip where the driver fetches in steps.
  public var fetchSize = 10_000
  public var invalidText = InvalidText.error
  /// Only the first row is wanted; the driver may read no further.
  public var firstRowOnly = false

  public init() {}
}

/// What a statement gave.
public enum SQLResult {
  case rows(any SQLRows)
  /// Rows changed, nil where the statement counts none (DDL).
  case updated(Int64?)
}

/// The rows of a running query, in batches bounded by `Limits`, with flat memory. The schema is known at once.
/// A driver whose connection is busy until the rows are read relies on `close` being called before the next statement.
public protocol SQLRows: RecordSource {
  /// The rows of the statement's next result, nil when there is none: a procedure may give several. What is left of
  /// this one is given up; from then on only the next one is closed.
  func nextResult() throws -> (any SQLRows)?
  /// Gives up the rest. Idempotent; also called at the end.
  func close()
}

extension SQLRows {
  public func nextResult() throws -> (any SQLRows)? { nil }
}

/// A statement that runs once for each row.
public protocol SQLStatement: AnyObject {
  /// What each placeholder takes, exactly: what the server makes of it must be the same value. Nil where the column
  /// goes as it is, and the driver binds each `DataType` in its natural form.
  var parameters: [LoadTarget?] { get }
  /// Runs the statement for every row, pipelined where the protocol allows it. Column i belongs to placeholder i.
  /// - Parameter firstRow: the number of the batch's first row in the whole input, from 1, for error messages.
  /// - Returns: rows changed.
  func execute(_ batch: RecordBatch, firstRow: Int64) throws -> Int64
  /// Rows changed by all runs so far, also those of a run that failed, as far as the server has told.
  var changedSoFar: Int64 { get }
  func close()
}

extension SQLStatement {
  public var changedSoFar: Int64 { 0 }
}

/// The fast road into one table. A load that is neither finished nor aborted is aborted by `close` of the connection.
public protocol BulkLoad: AnyObject {
  /// What each column has to arrive as; Batch coerces to exactly these types (see `Coercion`).
  var targets: [LoadTarget] { get }
  /// - Parameter firstRow: the number of the batch's first row in the whole input, from 1, for error messages.
  func write(_ batch: RecordBatch, firstRow: Int64) throws
  /// Sends the rest and waits for the server's word. Does not commit.
  /// - Returns: rows inserted.
  func finish() throws -> Int64
  /// Ends the load so that `rollback` can follow. Called after a `write` or `finish` that threw, too. Never throws.
  func abort()
  /// Rows that the server has confirmed; also after `abort`.
  var changedSoFar: Int64 { get }
  /// Whether a failure of this load is one of a row which the server does not name, because it looks at rows when all
  /// of them are in. The kit then loads them again to find it, and takes back what it loads.
  func namesNoRow(_ failure: Failure) -> Bool
  /// What is loaded from now on is taken back, whatever comes of it: there is nothing to confirm.
  func beginTrial()
}

extension BulkLoad {
  public func namesNoRow(_ failure: Failure) -> Bool { false }
  public func beginTrial() {}
  public var changedSoFar: Int64 { 0 }
}
