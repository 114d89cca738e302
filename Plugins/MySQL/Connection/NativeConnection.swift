internal import CMariaDB
internal import Records
internal import SQL

/// One connection to a server, owning the library's handle: freed with this object, and no pointer of it leaves the
/// file except the bytes of the row being read. All calls block, from one thread at a time.
///
/// Statements are prepared by the library; commands with parameters and rows are moved as packets, because the
/// library's own binding copies every value once more through a function pointer.
@safe final class NativeConnection {
  /// What a command gave.
  enum Answer {
    case done(affected: UInt64)
    /// Rows follow, to be read with `nextPacket` to the end.
    case rows([WireField])
  }

  private let mysql: UnsafeMutablePointer<MYSQL>
  private let infile: LocalInfile
  private let host: ConnectionPlan.Host
  /// What the connection hangs on; whoever made it detaches it when there is no session.
  let line: Lifeline
  let interrupter: Interrupter
  let isMariaDB: Bool
  /// Whether many rows of parameters can go in one command (MariaDB 10.2 and later).
  let hasBulk: Bool
  let version: String
  /// Whether packets of rows are still on their way.
  private(set) var isReading = false
  /// The server closed the connection or it broke.
  private(set) var isLost = false

  /// Connects. How long that may take is the line's to limit.
  init(_ plan: ConnectionPlan, host: ConnectionPlan.Host, infile: LocalInfile, line: Lifeline) throws(DatabaseError) {
    NativeConnection.startLibrary
    guard let handle = unsafe mysql_init(nil) else {
      throw DatabaseError(number: 2008, state: "HY001", text: "the client library has no memory for a connection")
    }
    unsafe mysql = unsafe handle
    self.infile = infile
    self.host = host
    self.line = line
    do throws(DatabaseError) {
      try unsafe NativeConnection.connect(handle, plan, host, infile, line)
    } catch {
      unsafe mysql_close(handle)
      var explained = error.explained(by: line, host)
      explained.isConnecting = true
      throw explained
    }
    isMariaDB = unsafe ferry_mysql_is_mariadb(handle) != 0
    hasBulk = unsafe ferry_mysql_has_bulk(handle) != 0
    version = unsafe String(cString: mysql_get_server_info(handle))
    interrupter = unsafe Interrupter(plan, host, thread: UInt(mysql_thread_id(handle)), line: line)
    unsafe SocketWait.connected(
      Int32(mysql_get_socket(handle)), line, silence: .seconds(Int(plan.socketTimeout)))
  }

  deinit { close() }

  /// Idempotent. The server rolls back what is open.
  func close() {
    guard !isClosed else { return }
    isClosed = true
    isReading = false
    interrupter.detach()
    unsafe SocketWait.closing(Int32(mysql_get_socket(mysql)))
    // The library says good-bye, for which a connection that is stuck has no room.
    let farewell = line.limit(NativeConnection.farewell, .ending(NativeConnection.farewell))
    unsafe mysql_close(mysql)
    line.lift(farewell)
    line.detach()
  }

  private static let farewell = Duration.seconds(1)

  private var isClosed = false

  /// The library's handle is gone after `close`.
  func checkOpen() throws(DatabaseError) {
    if isClosed { throw DatabaseError(number: 2_006, state: "HY000", text: "the connection is closed") }
  }

  /// Not safe to run twice at once, so it runs before the first connection and only once.
  private static let startLibrary: Void = { _ = mysql_server_init(0, nil, nil) }()

  private static func connect(
    _ mysql: UnsafeMutablePointer<MYSQL>, _ plan: ConnectionPlan, _ host: ConnectionPlan.Host, _ infile: LocalInfile,
    _ line: Lifeline
  ) throws(DatabaseError) {
    unsafe ferry_mysql_set_text(mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4")
    unsafe ferry_mysql_set_io_wait(mysql, SocketWait.callback)
    // Only the second line behind the limit of our own.
    unsafe ferry_mysql_set_number(mysql, MYSQL_OPT_CONNECT_TIMEOUT, plan.connectSeconds + 5)
    if plan.socketTimeout > 0 {
      unsafe ferry_mysql_set_number(mysql, MYSQL_OPT_READ_TIMEOUT, plan.socketTimeout)
      unsafe ferry_mysql_set_number(mysql, MYSQL_OPT_WRITE_TIMEOUT, plan.socketTimeout)
    }
    unsafe ferry_mysql_set_text(mysql, MYSQL_OPT_CONNECT_ATTR_RESET, nil)
    if let directory = plan.pluginDirectory { unsafe ferry_mysql_set_text(mysql, MYSQL_PLUGIN_DIR, directory) }
    if host.socket == nil {
      // To the library 'localhost' means the socket file; in a URL it is a host like any other.
      unsafe ferry_mysql_set_number(mysql, MYSQL_OPT_PROTOCOL, MYSQL_PROTOCOL_TCP.rawValue)
    }
    unsafe setTLS(mysql, plan)
    let logIns = plan.logIns(to: host).joined(separator: ",")
    unsafe ferry_mysql_set_text(mysql, MARIADB_OPT_RESTRICTED_AUTH, logIns)
    // The server's default may be one of the others, while the account's is not.
    if !plan.trustsKey(of: host) { unsafe ferry_mysql_set_text(mysql, MYSQL_DEFAULT_AUTH, "mysql_native_password") }
    // Always our own handler: a server can ask for any file of the client at any time.
    unsafe ferry_mysql_set_number(mysql, MYSQL_OPT_LOCAL_INFILE, 1)
    unsafe ferry_mysql_set_local_infile(
      mysql, LocalInfile.start, LocalInfile.read, LocalInfile.end, LocalInfile.error,
      Unmanaged.passUnretained(infile).toOpaque())
    var flags = UInt(CLIENT_MULTI_RESULTS)
    if plan.countsFoundRows { flags |= UInt(CLIENT_FOUND_ROWS) }
    if plan.allowsMultipleStatements { flags |= UInt(CLIENT_MULTI_STATEMENTS) }
    let isConnected = SocketWait.connecting(line) {
      unsafe mysql_real_connect(
        mysql, host.address ?? host.name, plan.user, plan.password, plan.database, UInt32(host.port),
        host.socket, flags) != nil
    }
    // Cut in the very moment in which it came about.
    if !isConnected || line.reason != nil { throw unsafe error(mysql) }
  }

  private static func setTLS(_ mysql: UnsafeMutablePointer<MYSQL>, _ plan: ConnectionPlan) {
    guard plan.tls != .disabled else { return }
    unsafe ferry_mysql_set_flag(mysql, MYSQL_OPT_SSL_ENFORCE, 1)
    if let file = plan.rootCertificate { unsafe ferry_mysql_set_text(mysql, MYSQL_OPT_SSL_CA, file) }
    if let file = plan.certificate { unsafe ferry_mysql_set_text(mysql, MYSQL_OPT_SSL_CERT, file) }
    if let file = plan.key { unsafe ferry_mysql_set_text(mysql, MYSQL_OPT_SSL_KEY, file) }
    if let text = plan.keyPassword { unsafe ferry_mysql_set_text(mysql, MARIADB_OPT_TLS_PASSPHRASE, text) }
    unsafe ferry_mysql_set_flag(mysql, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, plan.tls == .verified ? 1 : 0)
  }

  private static func error(_ mysql: UnsafeMutablePointer<MYSQL>) -> DatabaseError {
    unsafe DatabaseError(
      number: Int(mysql_errno(mysql)), state: String(cString: mysql_sqlstate(mysql)),
      text: String(cString: mysql_error(mysql)))
  }

  private func fail() -> DatabaseError {
    let error = unsafe NativeConnection.error(mysql).explained(by: line, host)
    if error.isConnectionLoss { isLost = true }
    return error
  }

  /// The server's number of this session.
  var thread: UInt { unsafe isClosed ? 0 : UInt(mysql_thread_id(mysql)) }

  /// The name of the cipher, nil without TLS.
  var cipher: String? { unsafe isClosed ? nil : mysql_get_ssl_cipher(mysql).map { unsafe String(cString: $0) } }

  /// Whether a transaction is open, as the server said last.
  var isInTransaction: Bool {
    unsafe !isClosed && ferry_mysql_server_status(mysql) & UInt32(SERVER_STATUS_IN_TRANS) != 0
  }

  /// Warnings of the last command.
  var warningCount: Int { unsafe isClosed ? 0 : Int(mysql_warning_count(mysql)) }

  // MARK: commands

  enum Command: UInt8 {
    case query = 3
    case execute = 23
    case bulkExecute = 250
  }

  /// Sends a command without waiting for its answer.
  func send(_ command: Command, _ bytes: Span<UInt8>) throws(DatabaseError) {
    try checkOpen()
    let status = unsafe bytes.withUnsafeBytes { bytes in
      unsafe ferry_mysql_send_command(mysql, command.rawValue, bytes.baseAddress, bytes.count)
    }
    if status != 0 { throw fail() }
  }

  func send(_ command: Command, _ packet: borrowing ByteBuffer) throws(DatabaseError) {
    try send(command, packet.span)
  }

  /// Sends a statement as text without waiting for its answer.
  func send(_ sql: String) throws(DatabaseError) {
    try send(.query, Array(sql.utf8).span)
  }

  /// Waits for the answer to a command that was sent.
  /// - Parameters:
  ///   - statement: what was executed: MariaDB does not describe columns again that it described when preparing.
  ///   - pipelined: more commands were sent after this one.
  func answer(to statement: Prepared? = nil, pipelined: Bool = false) throws(DatabaseError) -> Answer {
    try checkOpen()
    if pipelined { unsafe ferry_mysql_expect_answer(mysql) }
    if unsafe mysql_read_query_result(mysql) != 0 { throw fail() }
    return try currentAnswer(statement)
  }

  /// The next answer of the same command (several statements, a procedure), nil when there is none.
  func nextAnswer() throws(DatabaseError) -> Answer? {
    try checkOpen()
    guard unsafe ferry_mysql_more_results(mysql) != 0 else { return nil }
    if unsafe mysql_next_result(mysql) > 0 { throw fail() }
    return try currentAnswer(nil)
  }

  private func currentAnswer(_ statement: Prepared?) throws(DatabaseError) -> Answer {
    let count = unsafe ferry_mysql_field_count(mysql)
    guard count > 0 else {
      isReading = false
      return unsafe .done(affected: mysql_affected_rows(mysql))
    }
    isReading = true
    if let field = unsafe ferry_mysql_fields(mysql) {
      return .rows((0..<Int(count)).map { unsafe WireField(field[$0]) })
    }
    if let statement, statement.fieldCount == Int(count) { return .rows(statement.fields) }
    throw DatabaseError(number: 2_027, state: "HY000", text: "the server sent rows without describing their columns")
  }

  /// The bytes of the next row, nil at the end. They are valid until the next call. Whoever reads rows has looked
  /// before the first one whether the connection is open.
  @inline(__always)
  @_lifetime(borrow self)
  func nextPacket() throws(DatabaseError) -> Span<UInt8>? {
    var start: UnsafePointer<UInt8>?
    let length = unsafe ferry_mysql_read_packet(mysql, &start)
    guard length >= 0, let start = unsafe start else {
      unsafe ferry_mysql_end_rows(mysql, 0, 0)
      isReading = false
      throw fail()
    }
    let packet = unsafe _overrideLifetime(Span(_unsafeStart: start, count: length), borrowing: self)
    if length < 9, packet.first == 0xFE {
      endRows(packet)
      return nil
    }
    return packet
  }

  /// Reads the rest of the rows.
  func skipRows() throws(DatabaseError) {
    while try skipRow() {}
  }

  /// Reads a row that nobody wants; false at the end.
  func skipRow() throws(DatabaseError) -> Bool {
    try checkOpen()
    guard try nextPacket() != nil else { return false }
    return true
  }

  private func endRows(_ packet: Span<UInt8>) {
    let warnings = packet.count >= 3 ? packet.little(at: 1, as: UInt16.self) : 0
    let status = packet.count >= 5 ? packet.little(at: 3, as: UInt16.self) : 0
    unsafe ferry_mysql_end_rows(mysql, UInt32(status), UInt32(warnings))
    isReading = false
  }

  /// Runs a statement as text and drops what rows it gives.
  @discardableResult
  func run(_ sql: String) throws(DatabaseError) -> UInt64 {
    try send(sql)
    var answer: Answer? = try answer()
    var total: UInt64 = 0
    while let current = answer {
      switch current {
      case .done(let affected): total &+= affected == UInt64.max ? 0 : affected
      case .rows: try skipRows()
      }
      answer = try nextAnswer()
    }
    return total
  }

  // MARK: prepared statements

  /// A statement on the server: closed with this object.
  @safe final class Prepared {
    private let session: NativeConnection
    private let statement: UnsafeMutablePointer<MYSQL_STMT>
    let id: UInt32
    let parameterCount: Int
    /// Whether it gives rows.
    let fieldCount: Int

    fileprivate init(_ session: NativeConnection, _ statement: UnsafeMutablePointer<MYSQL_STMT>) {
      self.session = session
      unsafe self.statement = unsafe statement
      id = unsafe UInt32(truncatingIfNeeded: ferry_mysql_stmt_id(statement))
      parameterCount = unsafe Int(mysql_stmt_param_count(statement))
      fieldCount = unsafe Int(mysql_stmt_field_count(statement))
    }

    deinit { unsafe mysql_stmt_close(statement) }

    var fields: [WireField] {
      guard let field = unsafe ferry_mysql_stmt_fields(statement) else { return [] }
      return (0..<fieldCount).map { unsafe WireField(field[$0]) }
    }
  }

  func prepare(_ sql: String) throws(DatabaseError) -> Prepared {
    try checkOpen()
    guard let statement = unsafe mysql_stmt_init(mysql) else { throw fail() }
    var sql = sql
    let status = sql.withUTF8 { bytes in
      unsafe bytes.withMemoryRebound(to: CChar.self) {
        unsafe mysql_stmt_prepare(statement, $0.baseAddress, UInt($0.count))
      }
    }
    guard status == 0 else {
      let error = unsafe DatabaseError(
        number: Int(mysql_stmt_errno(statement)), state: String(cString: mysql_stmt_sqlstate(statement)),
        text: String(cString: mysql_stmt_error(statement)))
      unsafe mysql_stmt_close(statement)
      let explained = error.explained(by: line, host)
      if explained.isConnectionLoss { isLost = true }
      throw explained
    }
    return unsafe Prepared(self, statement)
  }
}
