internal import CFreeTDS
internal import Records
internal import SQL
internal import Synchronization

/// One connection to a server, owning the library's handle: freed with this object, and no pointer of it leaves its
/// files except the bytes of the row being read. All calls block, from one thread at a time.
@safe final class NativeConnection {
  /// What a command gave.
  enum Answer {
    case done(Int64?)
    /// Rows follow, to be read with `nextRow` to the end.
    case rows([ResultColumn])
  }

  let handle: OpaquePointer
  /// What the connection hangs on; whoever made it detaches it when there is no session.
  let line: Lifeline
  let interrupter: Interrupter
  let messages: ServerMessages
  private let host: ConnectionPlan.Host
  private let silence: Duration?
  private let log: (String) -> Void
  /// Whether rows or answers are still on their way.
  private(set) var isBusy = false
  /// The server closed the connection or it broke.
  private(set) var isLost = false
  private var isClosed = false

  /// Connects. How long that may take is the line's to limit.
  /// - Parameter log: takes what the server says beside results (PRINT).
  init(
    _ plan: ConnectionPlan, host: ConnectionPlan.Host, line: Lifeline, log: @escaping (String) -> Void
  ) throws {
    messages = ServerMessages()
    self.host = host
    self.line = line
    self.log = log
    silence = plan.socketTimeout
    let opened = try NativeConnection.open(plan, host, line, messages)
    unsafe handle = unsafe opened.handle
    unsafe messages.belong(to: handle)
    unsafe line.attach(Int32(dbiordesc(handle)))
    interrupter = unsafe Interrupter(handle, line)
    messages.forgetErrors()
    tell()
  }

  deinit { close() }

  /// Idempotent. The server rolls back what is open.
  func close() {
    guard !isClosed else { return }
    isClosed = true
    interrupter.forget()
    unsafe ServerMessages.forget(handle)
    line.within(NativeConnection.farewell) { unsafe dbclose(handle) }
    line.detach()
  }

  private static let farewell = Duration.seconds(1)

  // MARK: logging in

  @safe private struct Opened: @unchecked Sendable { let handle: OpaquePointer }

  /// A handle on its way from the thread that logs in to the one that waits for it, unless that has gone.
  private final class HandOver: Sendable {
    private enum State: Sendable {
      case waiting
      case given(Opened)
      case abandoned
    }
    private let state = Mutex(State.waiting)

    func give(_ opened: Opened) {
      let isLate = state.withLock { state in
        if case .abandoned = state { return true }
        state = .given(opened)
        return false
      }
      if isLate { unsafe dbclose(opened.handle) }
    }

    func take() -> Opened? {
      state.withLock { state in
        defer { state = .abandoned }
        if case .given(let opened) = state { return opened }
        return nil
      }
    }
  }

  /// The library waits where nobody can reach it, before there is a socket to cut: on a thread that is left behind.
  private static func open(
    _ plan: ConnectionPlan, _ host: ConnectionPlan.Host, _ line: Lifeline, _ messages: ServerMessages
  ) throws -> Opened {
    guard ServerMessages.start else { throw Failure(.bug, "connecting: FreeTDS cannot be started") }
    let handOver = HandOver()
    let problem = try Detached.run(atMost: plan.connectTimeout + .seconds(1)) {
      if let cut = line.reason { throw cut.failure("connecting", server: host.description) }
    } _: {
      Result<Bool, Failure> { () throws(Failure) in
        do {
          let opened = try logIn(plan, host, messages)
          if let opened { handOver.give(opened) }
          return opened != nil
        } catch let failure as Failure { throw failure } catch { throw Failure(.bug, "logging in: \(error)") }
      }
    }
    let opened = handOver.take()
    if let opened { return opened }
    _ = try problem?.get()
    guard problem != nil else {
      throw Lifeline.Cut.connecting(plan.connectTimeout).failure("connecting", server: host.description)
    }
    throw refusal(plan, host, messages).explained(by: line, host).failure("connecting to \(host.description)")
  }

  private static func refusal(
    _ plan: ConnectionPlan, _ host: ConnectionPlan.Host, _ messages: ServerMessages
  ) -> DatabaseError {
    // A server may also refuse by words that it does not call an error.
    let said = messages.takeNotices().last ?? "the server ended the connection without a word"
    var error = messages.error ?? DatabaseError(number: 20_002, state: 0, severity: 9, text: said)
    error.connecting = LogInAdvice(plan, host)
    return error
  }

  private static func logIn(
    _ plan: ConnectionPlan, _ host: ConnectionPlan.Host, _ messages: ServerMessages
  ) throws -> Opened? {
    try LogInFile.use(plan, host) { name in
      guard let login = unsafe dblogin() else { return nil }
      defer { unsafe dbloginfree(login) }
      let texts: [(String?, Int32)] = [
        (plan.user, DBSETUSER), (plan.password, DBSETPWD), (plan.database, DBSETDBNAME), (plan.application, DBSETAPP),
        ("UTF-8", DBSETCHARSET),
      ]
      for (text, which) in texts {
        if let text { unsafe dbsetlname(login, text, which) }
      }
      unsafe dbsetlversion(login, UInt8(DBVERSION_74))
      unsafe dbsetlbool(login, 1, DBSETBCP)
      if plan.isReadOnly { unsafe dbsetlbool(login, 1, DBSETREADONLY) }
      if let size = plan.packetSize { unsafe dbsetllong(login, size, DBSETPACKET) }
      let handle = unsafe messages.opening { unsafe ferry_tds_open(login, name) }
      return unsafe handle.map { unsafe Opened(handle: $0) }
    }
  }

  // MARK: commands

  /// The library's handle is gone after `close`.
  func checkOpen() throws(DatabaseError) {
    if isClosed || isLost {
      throw DatabaseError(
        number: 20_047, state: 0, severity: 9, text: "the connection is closed", server: host.description)
    }
  }

  /// Sends a statement as text, and waits until its first answer comes.
  func send(_ sql: String) throws(DatabaseError) {
    try begin()
    guard !sql.utf8.contains(0) else {
      throw DatabaseError(number: 102, state: 1, severity: 15, text: "the statement has a U+0000 in it")
    }
    let isSent = waiting { unsafe dbcmd(handle, sql) == SUCCEED && dbsqlsend(handle) == SUCCEED }
    try receive(isSent)
  }

  /// What was there of an earlier command is over.
  func begin() throws(DatabaseError) {
    try checkOpen()
    if isBusy { drain() }
    messages.forgetErrors()
  }

  /// Waits for the first answer of what was sent.
  func receive(_ isSent: Bool) throws(DatabaseError) {
    isBusy = true
    let isAnswered = isSent && waiting { unsafe dbsqlok(handle) == SUCCEED }
    if !isAnswered || messages.error != nil { throw fail() }
  }

  /// The next answer of the command that was sent, nil when there is none.
  func nextAnswer() throws(DatabaseError) -> Answer? {
    try checkOpen()
    let status = waiting { unsafe dbresults(handle) }
    tell()
    guard status == SUCCEED || status == NO_MORE_RESULTS, messages.error == nil else { throw fail() }
    if status == NO_MORE_RESULTS {
      isBusy = false
      return nil
    }
    let count = unsafe Int(dbnumcols(handle))
    if count > 0 { return .rows((1...count).map { ResultColumn(self, Int32($0)) }) }
    return unsafe .done(dbiscount(handle) != 0 ? Int64(dbcount(handle)) : nil)
  }

  /// Moves to the next row; false at the end of this answer's rows.
  @inline(__always)
  func nextRow() throws(DatabaseError) -> Bool {
    let status = unsafe silence == nil ? dbnextrow(handle) : waiting { unsafe dbnextrow(handle) }
    if status == REG_ROW { return true }
    try endRows(status)
    return false
  }

  @inline(never)
  private func endRows(_ status: Int32) throws(DatabaseError) {
    guard status == NO_MORE_ROWS, messages.error == nil else { throw fail() }
  }

  /// The bytes of a value of the row, until the next one; nil for NULL. Columns count from 1.
  @inline(__always)
  @_lifetime(borrow self)
  func value(_ column: Int32) -> Span<UInt8>? {
    guard let start = unsafe dbdata(handle, column) else { return nil }
    let length = unsafe Int(dbdatlen(handle, column))
    return unsafe _overrideLifetime(Span(_unsafeStart: UnsafePointer(start), count: length), borrowing: self)
  }

  /// Reads rows that nobody wants; false where so many were not the end.
  func skipRows(_ most: Int = .max) throws(DatabaseError) -> Bool {
    var left = most
    while left > 0 {
      guard try nextRow() else { return true }
      left -= 1
    }
    return false
  }

  /// Runs a statement as text and drops what rows it gives; how many it changed.
  @discardableResult
  func run(_ sql: String) throws(DatabaseError) -> Int64 {
    try send(sql)
    return try finish()
  }

  /// Reads all that is left of a command; how many rows it changed.
  @discardableResult
  func finish() throws(DatabaseError) -> Int64 {
    var changed: Int64 = 0
    while let answer = try nextAnswer() {
      switch answer {
      case .done(let count): changed += count ?? 0
      case .rows: _ = try skipRows()
      }
    }
    return changed
  }

  /// Tells the server to stop, and reads to the end of what it has sent.
  func stop() {
    guard isBusy, !isClosed, !isLost else { return }
    line.within(Patience.abandon) { _ = unsafe dbcancel(handle) }
    isBusy = false
    messages.forgetErrors()
    lookWhetherDead()
  }

  /// Reads what is left, whatever it is: the connection is to be used again.
  private func drain() {
    var failures = 0
    while isBusy, unsafe dbdead(handle) == 0 {
      let status = waiting { unsafe dbresults(handle) }
      if status == NO_MORE_RESULTS { break }
      if status == SUCCEED {
        while waiting({ unsafe dbnextrow(handle) }) == REG_ROW {}
        continue
      }
      failures += 1
      if failures > NativeConnection.mostFailures {
        stop()
        break
      }
    }
    isBusy = false
    tell()
  }

  /// A batch may go on behind each of its errors.
  private static let mostFailures = 10_000

  private func lookWhetherDead() {
    if unsafe dbdead(handle) != 0 { isLost = true }
  }

  /// What went wrong, once the rest of the answer is read.
  func fail() -> DatabaseError {
    drain()
    lookWhetherDead()
    let silent = DatabaseError(number: 20_017, state: 0, severity: 9, text: "the server ended without a word")
    var error = messages.error ?? (interrupter.wasUsed ? .interrupted : silent)
    if interrupter.wasUsed, !isLost { error = .interrupted }
    error = error.explained(by: line, host)
    if isLost, line.reason != nil { error.cut = line.reason }
    if error.isConnectionLoss { isLost = true }
    error.hasLostConnection = isLost
    return error
  }

  /// `socketTimeout`: the server may be silent for so long.
  private func waiting<T>(_ body: () -> T) -> T {
    guard let silence else { return body() }
    let limit = line.limit(silence, .silent(silence))
    defer { line.lift(limit) }
    return body()
  }

  private func tell() {
    for notice in messages.takeNotices() { log(notice) }
  }
}
