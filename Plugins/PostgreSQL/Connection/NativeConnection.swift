internal import CLibPQ
internal import Glibc
internal import Records
internal import SQL

/// A connection to a server: owns libpq's handle and does all waiting.
///
/// libpq runs in non-blocking mode and every wait is a `poll` here, so that a cancelled task and a server that has
/// fallen silent end within a known time whatever libpq does. Used from one thread at a time; only a `Canceller` may be
/// called from others.
@safe final class NativeConnection {
  let handle: OpaquePointer
  /// What the connection hangs on; whoever made it detaches it when there is no connection.
  let line: Lifeline
  /// How long the server may be silent; nil for as long as the network allows.
  let silence: Duration?
  /// What it can tell about its transactions.
  var books = TransactionBooks()
  private let notices: NoticeSink
  private(set) var isClosed = false
  /// What made the server give up the open transaction: what it refuses from then on, it refuses because of that.
  private var cause: ServerResult.Cause?

  /// Called with each NOTICE or WARNING of the server.
  var onNotice: (DatabaseError) -> Void {
    get { notices.handler }
    set { notices.handler = newValue }
  }

  /// How many notices have come so far: a COPY tells them from errors by it.
  var noticeCount: Int { notices.count }

  private final class NoticeSink {
    var handler: (DatabaseError) -> Void = { _ in }
    var count = 0
  }

  /// Connects. How long that may take is the line's to limit.
  /// - Parameter parameters: libpq's connection parameters.
  init(_ parameters: [(name: String, value: String)], silence: Duration?, line: Lifeline) throws {
    notices = NoticeSink()
    self.silence = silence
    self.line = line
    let connection = unsafe NativeConnection.start(parameters)
    guard let connection = unsafe connection else {
      throw Failure(.bug, "connecting to PostgreSQL: libpq gave no connection")
    }
    unsafe handle = unsafe connection
    // With the error code in the text: libpq keeps no other trace of it when a connection is refused.
    unsafe PQsetErrorVerbosity(connection, PQERRORS_VERBOSE)
    do { try finishConnecting() } catch {
      unsafe PQfinish(connection)
      isClosed = true
      throw error
    }
    unsafe line.attach(PQsocket(connection))
    unsafe PQsetErrorVerbosity(connection, PQERRORS_DEFAULT)
    unsafe PQsetnonblocking(connection, 1)
    let sink = unsafe Unmanaged.passUnretained(notices).toOpaque()
    unsafe PQsetNoticeReceiver(
      connection,
      { context, result in
        guard let context = unsafe context, let result = unsafe result else { return }
        let sink = unsafe Unmanaged<NoticeSink>.fromOpaque(context).takeUnretainedValue()
        sink.count += 1
        // libpq frees a notice's result itself.
        unsafe sink.handler(ServerResult.error(of: result))
      }, unsafe sink)
  }

  deinit { close() }

  /// Idempotent.
  func close() {
    guard !isClosed else { return }
    isClosed = true
    // Says good-bye where that does not have to wait.
    unsafe PQfinish(handle)
    line.detach()
  }

  private static func start(_ parameters: [(name: String, value: String)]) -> OpaquePointer? {
    // libpq knows the end by a NULL.
    unsafe withTexts(parameters.map(\.name) + [nil]) { names in
      unsafe withTexts(parameters.map(\.value) + [nil]) { values in unsafe PQconnectStartParams(names, values, 0) }
    }
  }

  // MARK: connecting

  private func finishConnecting() throws {
    var status = PGRES_POLLING_WRITING
    while true {
      switch status {
      case PGRES_POLLING_OK: return
      case PGRES_POLLING_FAILED: throw ConnectFailure.failure(connectionMessage)
      default:
        let events = Int16(status == PGRES_POLLING_READING ? POLLIN : POLLOUT)
        guard unsafe PQstatus(handle) != CONNECTION_BAD, unsafe PQsocket(handle) >= 0 else {
          throw ConnectFailure.failure(connectionMessage)
        }
        while try !ready(events, milliseconds: 50) {
          if let cut = line.reason { throw cut.failure("connecting to PostgreSQL", server: place) }
        }
      }
      status = unsafe PQconnectPoll(handle)
    }
  }

  private func ready(_ events: Int16, milliseconds: Int32) throws -> Bool {
    var descriptor = unsafe pollfd(fd: PQsocket(handle), events: events, revents: 0)
    let count = unsafe Glibc.poll(&descriptor, 1, milliseconds)
    if count < 0 && errno != EINTR {
      throw Failure(.transient, unsafe "waiting for PostgreSQL: \(String(cString: strerror(errno)))")
    }
    return count > 0
  }

  var connectionMessage: String { unsafe String(cString: PQerrorMessage(handle)).trimmed }
  var host: String { unsafe PQhost(handle).map { unsafe String(cString: $0) } ?? "" }
  /// `host:port`, for messages.
  private var place: String {
    guard let port = unsafe PQport(handle) else { return host }
    return unsafe "\(host):\(String(cString: port))"
  }
  var database: String { unsafe PQdb(handle).map { unsafe String(cString: $0) } ?? "" }
  func setting(_ name: String) -> String? { unsafe PQparameterStatus(handle, name).map { unsafe String(cString: $0) } }
  /// Of the client library: 150004 for 15.4.
  static var libraryVersion: Int { Int(PQlibVersion()) }
  /// 150004 for 15.4.
  var isInTransaction: Bool { unsafe PQtransactionStatus(handle) != PQTRANS_IDLE }
  var isBroken: Bool { unsafe isClosed || line.reason != nil || PQstatus(handle) == CONNECTION_BAD }

  // MARK: waiting

  /// Until the socket can be read, or written where `events` says so; returns what it can.
  /// - Throws: when the server has been silent for longer than allowed. A line that is cut wakes it: the socket
  ///   can then be read to its end.
  func wait(_ events: Int16, _ doing: @autoclosure () -> String) throws -> Int16 {
    let start = ContinuousClock.now
    while true {
      var descriptor = unsafe pollfd(fd: PQsocket(handle), events: events, revents: 0)
      let count = unsafe Glibc.poll(&descriptor, 1, 500)
      if count > 0 { return descriptor.revents }
      if count < 0 && errno != EINTR {
        throw Failure(
          .transient, unsafe "\(doing()): \(String(cString: strerror(errno)))", outcome: .unknown)
      }
      if let silence, ContinuousClock.now - start > silence {
        line.cut(.silent(silence))
        throw lost(doing())
      }
    }
  }

  /// Sends what libpq has buffered, all of it, so that memory stays flat. Reads meanwhile, as the server may be waiting
  /// for that. Returns true when the server has sent something.
  @discardableResult
  func flush(_ doing: @autoclosure () -> String) throws -> Bool {
    var received = false
    while true {
      let status = unsafe PQflush(handle)
      if status < 0 { throw lost(doing()) }
      if status == 0 { return received }
      let events = try wait(Int16(POLLIN | POLLOUT), doing())
      if events & Int16(POLLOUT) == 0 || events & Int16(POLLIN) != 0 {
        if unsafe PQconsumeInput(handle) == 0 { throw lost(doing()) }
        received = true
      }
    }
  }

  /// The next result of the statement that was sent, nil after its last one.
  func nextResult(_ doing: @autoclosure () -> String) throws -> ServerResult? {
    try flush(doing())
    while unsafe PQisBusy(handle) != 0 {
      _ = try wait(Int16(POLLIN), doing())
      if unsafe PQconsumeInput(handle) == 0 { throw lost(doing()) }
    }
    guard let result = unsafe PQgetResult(handle) else { return nil }
    let wrapped = unsafe ServerResult(result)
    // A connection that breaks while a result is read becomes a result without an SQLSTATE.
    if unsafe PQresultStatus(result) == PGRES_FATAL_ERROR, unsafe PQstatus(handle) == CONNECTION_BAD,
      wrapped.error.sqlState.isEmpty
    {
      throw lost(doing())
    }
    keepCause(wrapped)
    return wrapped
  }

  /// In a transaction that is given up every statement fails with the same words; the first failure says why.
  private func keepCause(_ result: ServerResult) {
    switch result.status {
    case .failed:
      var error = result.error
      if error.sqlState == DatabaseError.transactionIsAborted {
        result.cause = cause
      } else {
        error.position = nil
        cause = ServerResult.Cause(error)
      }
    case .command, .tuples: cause = nil
    default: break
    }
  }

  /// The connection is gone: the error for it.
  func lost(_ doing: String) -> Failure {
    if let cut = line.reason { return cut.failure(doing, server: place) }
    if line.isStopping {
      return Failure(.cancelled, "\(doing): stopped; the connection was given up", outcome: .unknown)
    }
    let lines = connectionMessage.split(separator: "\n").map { String($0).trimmed }
    let why = lines.first { !$0.isEmpty } ?? "the other side ended it without a word"
    return Failure(
      .transient, "\(doing): the connection to '\(host)' is lost: \(why)",
      hint: "Look into the server's log",
      code: "08006", outcome: .unknown)
  }

  // MARK: cancelling

  /// Asks the server to stop what it does for this connection; harmless when it does nothing.
  func makeCanceller() -> Canceller { unsafe Canceller(PQgetCancel(handle), line) }

  @safe final class Canceller: @unchecked Sendable {
    private let cancel: OpaquePointer?
    private let line: Lifeline

    init(_ cancel: OpaquePointer?, _ line: Lifeline) {
      unsafe self.cancel = unsafe cancel
      self.line = line
    }

    deinit { unsafe PQfreeCancel(cancel) }

    /// Stops the statement, from any thread, and ends the connection when the server does not react. Does not block:
    /// libpq's request does, on a connection of its own, for as long as the network likes.
    func callAsFunction() {
      line.stop(within: Patience.stop)
      if Threads.start({ self.request() }) != 0 { line.cut(.stopped) }
    }

    /// Stops the statement; the connection goes on. Has reached the server when this returns.
    func stopStatement() {
      if Detached.run(atMost: Patience.abandon, { self.request() }) == nil { line.cut(.ending(Patience.abandon)) }
    }

    private func request() {
      guard let cancel = unsafe cancel else { return }
      var message = [CChar](repeating: 0, count: 256)
      unsafe PQcancel(cancel, &message, Int32(message.count))
    }
  }
}
