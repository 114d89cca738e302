internal import CLibPQ
internal import Glibc
internal import Records

extension NativeConnection {
  /// What a prepared statement takes and gives.
  struct Shape {
    var parameters: [UInt32]
    var columns: [ServerResult.Column]
  }

  /// Runs statements without parameters; the last one's result. Values come as text.
  @discardableResult
  func execute(_ sql: String, _ doing: @autoclosure () -> String) throws -> ServerResult? {
    try unsafe start(PQsendQuery(handle, sql), doing())
    return try lastResult(doing())
  }

  /// Runs one statement with parameters as text; values come as text.
  func execute(_ sql: String, _ parameters: [String?], _ doing: @autoclosure () -> String) throws -> ServerResult? {
    try unsafe withTexts(parameters) { values in
      try unsafe start(PQsendQueryParams(handle, sql, Int32(parameters.count), nil, values, nil, nil, 0), doing())
    }
    return try lastResult(doing())
  }

  /// Parses a statement. The server infers the types of its parameters that `types` lacks or gives as 0.
  func prepare(
    _ sql: String, name: String = "", types: [UInt32] = [], _ doing: @autoclosure () -> String
  ) throws -> Shape {
    try unsafe start(PQsendPrepare(handle, name, sql, Int32(types.count), types), doing())
    _ = try lastResult(doing())
    try unsafe start(PQsendDescribePrepared(handle, name), doing())
    guard let shape = try lastResult(doing()) else { return Shape(parameters: [], columns: []) }
    return Shape(parameters: shape.parameterTypes, columns: shape.columns)
  }

  /// Starts a prepared statement with parameters as text.
  /// - Parameter binary: whether the values of its rows come in binary.
  func startPrepared(
    name: String = "", _ parameters: [String?], binary: Bool, rowByRow: Bool, _ doing: @autoclosure () -> String
  ) throws {
    try unsafe withTexts(parameters) { values in
      try unsafe start(
        PQsendQueryPrepared(handle, name, Int32(parameters.count), values, nil, nil, binary ? 1 : 0), doing())
    }
    if rowByRow { unsafe PQsetSingleRowMode(handle) }
  }

  /// Reads to the end of a statement; the last result. Throws the first error.
  func lastResult(_ doing: @autoclosure () -> String) throws -> ServerResult? {
    var last: ServerResult?
    var failure: Failure?
    while let result = try nextResult(doing()) {
      switch result.status {
      case .failed: failure = failure ?? result.error.failure(doing())
      case .copyIn, .copyOut:
        try leaveCopy(result.status, doing())
        failure =
          failure
          ?? Failure(
            .configuration, "\(doing()): COPY FROM STDIN and COPY TO STDOUT have no file behind them here",
            hint: "Use the tasks jdbc.postgresql.CopyIn and CopyOut")
      default: last = result
      }
    }
    if let failure { throw failure }
    return last
  }

  private func leaveCopy(_ status: ServerResult.Status, _ doing: String) throws {
    if status == .copyIn {
      _ = unsafe PQputCopyEnd(handle, "not supported")
    } else {
      while try unsafe nextCopyRow(doing) != nil {}
    }
  }

  private func start(_ accepted: Int32, _ doing: @autoclosure () -> String) throws {
    guard accepted == 1 else {
      if isBroken { throw lost(doing()) }
      throw Failure(.bug, "\(doing()): \(connectionMessage)")
    }
    try flush(doing())
  }

  private func withTexts<T>(_ texts: [String?], _ body: ([UnsafePointer<CChar>?]) throws -> T) rethrows -> T {
    let values: [UnsafePointer<CChar>?] = unsafe texts.map { unsafe $0.flatMap { unsafe UnsafePointer(strdup($0)) } }
    defer { unsafe values.forEach { unsafe free(UnsafeMutablePointer(mutating: $0)) } }
    return try unsafe body(values)
  }

  // MARK: COPY

  /// Starts `COPY … TO STDOUT`.
  func startCopyOut(_ sql: String, _ doing: @autoclosure () -> String) throws {
    try startCopy(sql, .copyOut, doing())
  }

  /// Starts `COPY … FROM STDIN`.
  func startCopyIn(_ sql: String, _ doing: @autoclosure () -> String) throws {
    try startCopy(sql, .copyIn, doing())
  }

  private func startCopy(_ sql: String, _ wanted: ServerResult.Status, _ doing: @autoclosure () -> String) throws {
    try unsafe start(PQsendQuery(handle, sql), doing())
    guard let result = try nextResult(doing()) else { throw Failure(.bug, "\(doing()): no answer to COPY") }
    if result.status == wanted { return }
    let failure = result.status == .failed ? result.error.failure(doing()) : nil
    _ = try lastResult(doing())
    throw failure ?? Failure(.bug, "\(doing()): the server did not start the COPY")
  }

  /// The next message of a COPY out, which is a row once the header is over; nil at the end of the data.
  /// `lastResult` tells whether the server came to its end. The bytes are valid until the next call.
  func nextCopyRow(_ doing: @autoclosure () -> String) throws -> UnsafeRawBufferPointer? {
    releaseCopyRow()
    while true {
      let count = unsafe PQgetCopyData(handle, &copyRow, 1)
      if count > 0 { return unsafe UnsafeRawBufferPointer(start: copyRow, count: Int(count)) }
      if count == -1 { return nil }
      if count == -2 { throw lost(doing()) }
      _ = try wait(Int16(POLLIN), doing())
      if unsafe PQconsumeInput(handle) == 0 { throw lost(doing()) }
    }
  }

  /// Hands over the messages of a COPY out until `take` wants no more.
  /// - Returns: false at the end of the data.
  func copyRows(_ doing: @autoclosure () -> String, _ take: (UnsafeRawBufferPointer) throws -> Bool) throws -> Bool {
    while true {
      var memory: UnsafeMutablePointer<CChar>?
      let count = unsafe PQgetCopyData(handle, &memory, 1)
      if count > 0, let memory = unsafe memory {
        defer { unsafe PQfreemem(memory) }
        if try unsafe !take(UnsafeRawBufferPointer(start: memory, count: Int(count))) { return true }
        continue
      }
      if count == -1 { return false }
      if count == -2 { throw lost(doing()) }
      _ = try wait(Int16(POLLIN), doing())
      if unsafe PQconsumeInput(handle) == 0 { throw lost(doing()) }
    }
  }

  private func releaseCopyRow() {
    if let copyRow = unsafe copyRow { unsafe PQfreemem(copyRow) }
    unsafe copyRow = nil
  }

  /// Hands over a piece of a COPY in and sends it.
  /// - Returns: false when the server has refused the copy already; `finishCopyIn` then has the reason.
  func putCopy(_ bytes: UnsafeRawBufferPointer, _ doing: @autoclosure () -> String) throws -> Bool {
    guard let base = bytes.baseAddress, unsafe !bytes.isEmpty else { return true }
    let before = noticeCount
    guard unsafe PQputCopyData(handle, base.assumingMemoryBound(to: CChar.self), Int32(bytes.count)) == 1 else {
      throw lost(doing())
    }
    guard try flush(doing()) else { return true }
    // libpq leaves an error unread until the copy ends, but takes notices: unread input without one is an error.
    _ = unsafe PQisBusy(handle)
    return noticeCount != before
  }

  /// Ends a COPY in.
  /// - Parameter abort: why the client gives up; the server rolls the rows back.
  /// - Returns: the rows copied.
  func finishCopyIn(abort reason: String? = nil) throws(CopyInError) -> Int64 {
    let doing = "loading rows"
    do {
      guard unsafe PQputCopyEnd(handle, reason) == 1 else { throw lost(doing) }
      var rows: Int64 = 0
      var error: DatabaseError?
      while let result = try nextResult(doing) {
        if result.status == .failed {
          error = error ?? result.error
        } else if let count = result.changedRows {
          rows = count
        }
      }
      if let error { throw CopyInError.server(error) }
      return rows
    } catch let error as CopyInError { throw error } catch let failure as Failure { throw .client(failure) } catch {
      throw .client(Failure(.bug, "\(doing): \(error)"))
    }
  }

  enum CopyInError: Error {
    case server(DatabaseError)
    case client(Failure)
  }

  // MARK: pipeline

  func enterPipeline() throws {
    guard unsafe PQenterPipelineMode(handle) == 1 else {
      throw Failure(.bug, "entering pipeline mode: \(connectionMessage)")
    }
  }

  func leavePipeline() throws {
    guard unsafe PQexitPipelineMode(handle) == 1 else {
      throw Failure(.bug, "leaving pipeline mode: \(connectionMessage)")
    }
  }

  /// Queues one run of a prepared statement. Sends nothing yet.
  func queue(
    _ name: String, _ values: UnsafePointer<UnsafePointer<CChar>?>, _ lengths: UnsafePointer<Int32>,
    _ formats: UnsafePointer<Int32>, count: Int, _ doing: @autoclosure () -> String
  ) throws {
    guard unsafe PQsendQueryPrepared(handle, name, Int32(count), values, lengths, formats, 1) == 1 else {
      throw isBroken ? lost(doing()) : Failure(.bug, "\(doing()): \(connectionMessage)")
    }
  }

  /// Makes the server send what it has, without ending the pipeline's implicit transaction.
  func requestFlush(_ doing: @autoclosure () -> String) throws {
    guard unsafe PQsendFlushRequest(handle) == 1 else { throw lost(doing()) }
    try flush(doing())
  }

  func synchronize(_ doing: @autoclosure () -> String) throws {
    guard unsafe PQpipelineSync(handle) == 1 else { throw lost(doing()) }
    try flush(doing())
  }

  // MARK: quoting

  /// A text as a literal of SQL.
  static func literal(_ text: String) -> String {
    let quoted = text.contains("'") ? String(text.flatMap { $0 == "'" ? "''" : String($0) }) : text
    guard quoted.contains("\\") else { return "'\(quoted)'" }
    return " E'\(String(quoted.flatMap { $0 == "\\" ? "\\\\" : String($0) }))'"
  }
}
