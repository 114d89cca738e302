internal import CODBC
internal import Records
internal import SQL
internal import Synchronization

/// One connection through the driver manager, owning its handles: freed with this object.
///
/// A driver waits where nobody can reach it: on sockets of its own, for locks of its own. So every call of it runs on
/// another thread than the one that waits for it, which gives the connection up when the line is cut. What a thread
/// that was left behind still uses lives as long as it.
@safe final class NativeConnection {
  private let environment: SQLHENV
  let handle: SQLHDBC
  let line: Lifeline
  let interrupter: Interrupter
  let traits: DriverTraits
  private(set) var facts = DriverFactSheet()
  /// Whether the connection string names a database.
  let hasDatabase: Bool
  private let server: String
  private let silence: Duration?
  /// Nobody waits for the last call any more: the handles belong to its thread.
  private var isAbandoned = false
  private(set) var isLost = false
  private var isClosed = false
  /// Whether statements still have handles of their own: disconnecting frees them all.
  var hasStatements: Bool { !isClosed && !isAbandoned }

  /// Connects. How long that may take is the line's to limit.
  init(_ plan: ConnectionPlan, line: Lifeline) throws {
    self.line = line
    server = plan.server
    hasDatabase = plan.hasDatabase
    silence = plan.socketTimeout
    traits = plan.traits
    interrupter = Interrupter(line)
    let opened = try NativeConnection.open(plan, line)
    unsafe environment = unsafe opened.environment
    unsafe handle = unsafe opened.handle
    do throws(DatabaseError) {
      facts = try call { () throws(DatabaseError) in unsafe DriverFactSheet(of: self.handle) }
    } catch {
      throw error.failure(plan.doing)
    }
  }

  deinit { free() }

  var product: Product { facts.product }

  // MARK: calls

  /// What one thread does for another. Only one of them touches it at a time, and what was used is let go of before the
  /// other one goes on: a handle must not be freed beside a call.
  @safe private final class Work<Value>: @unchecked Sendable {
    private var body: (() throws(DatabaseError) -> Value)?
    private var result: Result<Value, DatabaseError>?

    init(_ body: @escaping () throws(DatabaseError) -> Value) { self.body = body }

    func run() {
      guard let body else { return }
      self.body = nil
      do throws(DatabaseError) { result = .success(try body()) } catch { result = .failure(error) }
    }

    func take() -> Result<Value, DatabaseError>? {
      defer { result = nil }
      return result
    }
  }

  private struct GivenUp: Error {}

  /// Runs calls of the driver, and waits for their end.
  func call<T>(_ body: @escaping () throws(DatabaseError) -> T) throws(DatabaseError) -> T {
    if isClosed || isLost || isAbandoned { throw lost("the connection is closed") }
    return try callAnyway(body)
  }

  /// Also over a connection that is lost.
  private func callAnyway<T>(_ body: @escaping () throws(DatabaseError) -> T) throws(DatabaseError) -> T {
    let limit = silence.map { line.limit($0, .silent($0)) }
    defer { if let limit { line.lift(limit) } }
    let work = Work(body)
    let ended: Bool?
    do {
      ended = try Detached.run(atMost: NativeConnection.forever) { [line] in
        if line.reason != nil { throw GivenUp() }
      } _: {
        work.run()
        return true
      }
    } catch {
      ended = nil
    }
    guard ended == true, let outcome = work.take() else {
      isAbandoned = true
      throw lost("the connection was given up")
    }
    do throws(DatabaseError) { return try outcome.get() } catch { throw judged(error) }
  }

  private static let forever = Duration.seconds(1 << 32)

  func judged(_ error: DatabaseError) -> DatabaseError {
    var error = error
    error.server = server
    if interrupter.wasUsed, !error.isConnectionLoss || error.state == "HY000" {
      error = .interrupted
    }
    if error.isConnectionLoss { isLost = true }
    return error
  }

  private func lost(_ why: String) -> DatabaseError {
    isLost = true
    return DatabaseError(state: "08006", number: 0, text: why, cut: line.reason, server: server, product: product)
  }

  /// For use within `call`.
  func check(_ status: SQLRETURN) throws(DatabaseError) {
    if Int32(status) == SQL_SUCCESS || Int32(status) == SQL_SUCCESS_WITH_INFO { return }
    throw unsafe Diagnostics.of(connection: handle, product).error
  }

  /// Idempotent. The server rolls back what is open. A lost connection, too, keeps what it has until it is told.
  func close() {
    guard !isClosed else { return }
    guard !isAbandoned else { return line.detach() }
    line.within(NativeConnection.farewell) {
      do throws(DatabaseError) {
        try callAnyway { () throws(DatabaseError) in
          self.interrupter.forgetAll()
          // A driver refuses to disconnect within a transaction.
          _ = unsafe SQLEndTran(Int16(SQL_HANDLE_DBC), self.handle, Int16(SQL_ROLLBACK))
          _ = unsafe SQLDisconnect(self.handle)
        }
      } catch {
        // It is closed either way.
      }
    }
    isClosed = true
    line.detach()
  }

  private static let farewell = Duration.seconds(2)

  private func free() {
    interrupter.forgetAll()
    if !isClosed {
      unsafe SQLEndTran(Int16(SQL_HANDLE_DBC), handle, Int16(SQL_ROLLBACK))
      unsafe SQLDisconnect(handle)
    }
    unsafe SQLFreeHandle(Int16(SQL_HANDLE_DBC), handle)
    unsafe SQLFreeHandle(Int16(SQL_HANDLE_ENV), environment)
  }

  // MARK: connecting

  @safe private struct Opened: @unchecked Sendable {
    let environment: SQLHENV
    let handle: SQLHDBC

    func close() {
      unsafe SQLDisconnect(handle)
      free()
    }

    func free() {
      unsafe SQLFreeHandle(Int16(SQL_HANDLE_DBC), handle)
      unsafe SQLFreeHandle(Int16(SQL_HANDLE_ENV), environment)
    }
  }

  /// A connection on its way from the thread that makes it to the one that waits for it, unless that has gone.
  private final class HandOver: Sendable {
    private struct State: Sendable {
      var opened: Opened?
      var isAbandoned = false
    }
    private let state = Mutex(State())

    func give(_ opened: Opened) {
      let isLate = state.withLock { state in
        if !state.isAbandoned { state.opened = opened }
        return state.isAbandoned
      }
      if isLate { opened.close() }
    }

    func take() -> Opened? {
      state.withLock { state in
        state.isAbandoned = true
        return state.opened
      }
    }
  }

  private static func open(_ plan: ConnectionPlan, _ line: Lifeline) throws -> Opened {
    let handOver = HandOver()
    try plan.refuseUnreachable { if let cut = line.reason { throw cut.failure("connecting", server: plan.server) } }
    let problem = try Detached.run(atMost: plan.connectTimeout + .seconds(1)) {
      if let cut = line.reason { throw cut.failure("connecting", server: plan.server) }
    } _: { () -> DatabaseError? in
      do throws(DatabaseError) {
        handOver.give(try connect(plan))
        return nil
      } catch {
        return error
      }
    }
    if let opened = handOver.take() { return opened }
    guard let problem, let error = problem?.connecting(to: plan.server) else {
      throw Lifeline.Cut.connecting(plan.connectTimeout).failure("connecting", server: plan.server)
    }
    throw plan.library.explained(error, "connecting to \(plan.server)") ?? error.failure(plan.doing)
  }

  private static func connect(_ plan: ConnectionPlan) throws(DatabaseError) -> Opened {
    guard let environment = unsafe ferry_odbc_environment() else { throw noMemory }
    unsafe ferry_odbc_version3(environment)
    guard let handle = unsafe ferry_odbc_connection(environment) else {
      unsafe SQLFreeHandle(Int16(SQL_HANDLE_ENV), environment)
      throw noMemory
    }
    let opened = unsafe Opened(environment: environment, handle: handle)
    // Ferry's own limit is over first, and says so; the driver's ends the thread that is left behind.
    let seconds = Int((plan.connectTimeout / .seconds(1)).rounded(.up)) + 2
    unsafe ferry_odbc_set_connection(handle, SQL_ATTR_LOGIN_TIMEOUT, SQLULEN(seconds))
    let status = unsafe connect(handle, plan)
    guard Int32(status) == SQL_SUCCESS || Int32(status) == SQL_SUCCESS_WITH_INFO else {
      let error = unsafe Diagnostics.of(connection: handle, plan.product).error
      opened.free()
      throw error
    }
    return opened
  }

  private static func connect(_ handle: SQLHDBC, _ plan: ConnectionPlan) -> SQLRETURN {
    let prompt = UInt16(SQL_DRIVER_NOPROMPT)
    if !plan.traits.hasWideFunctions {
      var text = Array(plan.connectionString.utf8) + [0]
      return unsafe SQLDriverConnect(handle, nil, &text, Int16(clamping: text.count - 1), nil, 0, nil, prompt)
    }
    var text = WideText.units(plan.connectionString)
    return unsafe SQLDriverConnectW(handle, nil, &text, Int16(clamping: text.count - 1), nil, 0, nil, prompt)
  }

  private static let noMemory = DatabaseError(state: "HY001", number: 0, text: "the driver manager gives no handle")

  // MARK: transactions

  func begin() throws(DatabaseError) {
    try call { () throws(DatabaseError) in
      try self.check(
        unsafe ferry_odbc_set_connection(self.handle, SQL_ATTR_AUTOCOMMIT, SQLULEN(SQL_AUTOCOMMIT_OFF)))
      if let guarding = self.product.guarding { try self.run(guarding.on) }
    }
  }

  /// Ends the transaction. Only one that has ended well is followed by statements that commit by themselves: switching
  /// to them would commit what is left of this one.
  func end(commits: Bool) throws(DatabaseError) {
    try call { () throws(DatabaseError) in
      try self.check(
        unsafe SQLEndTran(Int16(SQL_HANDLE_DBC), self.handle, Int16(commits ? SQL_COMMIT : SQL_ROLLBACK)))
    }
    do throws(DatabaseError) {
      try call { () throws(DatabaseError) in
        try self.check(unsafe ferry_odbc_set_connection(self.handle, SQL_ATTR_AUTOCOMMIT, SQLULEN(SQL_AUTOCOMMIT_ON)))
        if let guarding = self.product.guarding { try self.run(guarding.off) }
      }
    } catch {
      // The transaction has ended as it was meant to; it is the next statement that there is no connection for.
      isLost = true
    }
  }

  /// Within a call.
  private func run(_ sql: String) throws(DatabaseError) {
    let statement = try StatementHandle(self)
    try statement.execute(sql)
    statement.close()
  }
}
