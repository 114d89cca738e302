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
    try unsafe NativeConnection.withTexts(parameters) { values in
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
    try unsafe NativeConnection.withTexts(parameters) { values in
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
      try skipCopy(doing)
    }
  }

  private func start(_ accepted: Int32, _ doing: @autoclosure () -> String) throws {
    guard accepted == 1 else {
      if isBroken { throw lost(doing()) }
      throw Failure(.bug, "\(doing()): \(connectionMessage)")
    }
    try flush(doing())
  }

  /// C's own strings, for the time of a call.
  static func withTexts<T>(_ texts: [String?], _ body: ([UnsafePointer<CChar>?]) throws -> T) rethrows -> T {
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

  /// Hands over the messages of a COPY out, which are rows once the header is over, until `take` wants no more.
  /// `lastResult` tells whether the server came to the end of the data.
  /// - Returns: false at the end of the data.
  func copyRows(_ doing: @autoclosure () -> String, _ take: (UnsafeRawBufferPointer) throws -> Bool) throws -> Bool {
    while true {
      var memory: UnsafeMutablePointer<CChar>?
      let count = unsafe PQgetCopyData(handle, &memory, 1)
      if count > 0, let memory = unsafe memory {
        defer { unsafe PQfreemem(memory) }
        let bytes = unsafe UnsafeRawBufferPointer(start: memory, count: Int(count))
        if try unsafe !take(bytes) { return true }
        continue
      }
      if count == -1 { return false }
      if count == -2 { throw lost(doing()) }
      _ = try wait(Int16(POLLIN), doing())
      if unsafe PQconsumeInput(handle) == 0 { throw lost(doing()) }
    }
  }

  /// Drops the rest of a COPY out.
  func skipCopy(_ doing: @autoclosure () -> String) throws { while try unsafe copyRows(doing(), { _ in true }) {} }

  /// Hands over a piece of a COPY in and sends it.
  /// - Returns: false when the server has refused the copy already; `finishCopyIn` then has the reason.
  func putCopy(_ bytes: Span<UInt8>, _ doing: @autoclosure () -> String) throws -> Bool {
    if bytes.isEmpty { return true }
    let before = noticeCount
    let isTaken = unsafe bytes.withUnsafeBytes { bytes in
      unsafe PQputCopyData(handle, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(bytes.count)) == 1
    }
    if !isTaken { throw lost(doing()) }
    guard try flush(doing()) else { return true }
    // libpq leaves an error unread until the copy ends, but takes notices: unread input without one is an error.
    _ = unsafe PQisBusy(handle)
    return noticeCount != before
  }

  func putCopy(_ bytes: borrowing ByteBuffer, _ doing: @autoclosure () -> String) throws -> Bool {
    try putCopy(bytes.span, doing())
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
  /// - Parameters:
  ///   - row: the values, each behind its length; -1 for NULL.
  ///   - starts: where in `row` each of them begins.
  ///   - formats: 1 for those in binary; the others end with a zero byte.
  func queue(
    _ name: String, _ row: Span<UInt8>, starts: [Int], formats: [Int32], _ doing: @autoclosure () -> String
  ) throws {
    let count = starts.count
    let isQueued = unsafe row.withUnsafeBytes { bytes in
      unsafe withUnsafeTemporaryAllocation(of: UnsafePointer<CChar>?.self, capacity: max(count, 1)) { values in
        unsafe withUnsafeTemporaryAllocation(of: Int32.self, capacity: max(count, 1)) { lengths in
          for column in 0..<count {
            let length = unsafe Int32(bigEndian: bytes.loadUnaligned(fromByteOffset: starts[column], as: Int32.self))
            let start = unsafe bytes.baseAddress.map { unsafe $0 + starts[column] + 4 }
            unsafe values[column] = unsafe length < 0 ? nil : start?.assumingMemoryBound(to: CChar.self)
            unsafe lengths[column] = max(length, 0)
          }
          return unsafe PQsendQueryPrepared(
            handle, name, Int32(count), values.baseAddress, lengths.baseAddress, formats, 1) == 1
        }
      }
    }
    if !isQueued { throw isBroken ? lost(doing()) : Failure(.bug, "\(doing()): \(connectionMessage)") }
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
