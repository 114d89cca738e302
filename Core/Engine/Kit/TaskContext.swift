public import Expression
public import Records

/// What the engine gives a running task. One per attempt.
public final class TaskContext: Sendable {
  let message: TaskMessage
  let line: TaskLine
  let storage: any Storage
  let scope: Scope
  let logger: TaskLogger
  let workspace: Workspace

  init(
    _ message: TaskMessage, _ line: TaskLine, storage: any Storage, scope: Scope, logger: TaskLogger,
    workspace: Workspace
  ) {
    self.message = message
    self.line = line
    self.storage = storage
    self.scope = scope
    self.logger = logger
    self.workspace = workspace
  }

  public var ledger: Ledger { line.ledger }
  public var cancellation: Cancellation { line.cancellation }
  /// The zone for wall clocks where the task has no `timeZoneId`: an IANA name.
  public var timeZone: String { message.timeZone }
  /// How many threads a task may keep busy.
  public var threads: Int { message.threads }
  /// Whether the user wants work done again of which it is not known whether it has been done.
  public var acceptsUnknown: Bool { message.acceptsUnknown }
  /// What the task before this one still writes.
  var following: GrowingFile? { line.following }

  // MARK: storage

  /// Opens a file of internal storage or a local one for reading.
  public func open(_ reference: StorageReference, range: Range<Int64>? = nil) throws -> any ByteInput {
    if let following, following.uri == reference.uri { return try following.input() }
    return try storage.open(location(of: reference), range: range).interrupted(by: cancellation.check)
  }

  /// Opens a record file, its schema read.
  public func openRecords(_ reference: StorageReference) throws -> RecordFileReader {
    try RecordFileReader(open(reference))
  }

  /// Size in bytes.
  public func size(_ reference: StorageReference) throws -> Int64 {
    try storage.attributes(location(of: reference)).size
  }

  public func delete(_ reference: StorageReference) throws -> Bool {
    try storage.delete(location(of: reference))
  }

  private func location(of reference: StorageReference) throws -> StorageURI {
    try StorageURI(reference.uri, besideFlowIn: message.flowFolder)
  }

  /// Whether the flow spells the task's type as Kestra does: `io.kestra.plugin…`.
  public var isNamedAsInKestra: Bool {
    message.typeName.hasPrefix("io.kestra.")
  }

  /// The key-value store of a namespace, the flow's own when it is nil.
  func keyValueStore(of namespace: String?) -> KeyValueStore {
    KeyValueStore(storage: storage, namespace: namespace ?? message.namespace)
  }

  /// A new file of this task run; it exists once it is committed.
  public func create(_ name: String) throws -> StoredOutput {
    let uri = try StorageURI(
      message.folder + name.split(separator: "/").map { StorageURI.percentEncoded(String($0)) }.joined(separator: "/"))
    logger.redactor.keep(uri: uri.text)
    return StoredOutput(uri: uri.text, output: try storage.create(uri))
  }

  /// A new record file of this task run; it exists once it is finished. The uri is an output of the task.
  /// - Parameter place: where the rows come from, such as `host:port` of a server, when making this file changes
  ///   nothing that another task could see. A task that loads it elsewhere may then begin before it is complete: see
  ///   `FollowingTask`.
  /// - Parameter aside: whether it is written on a thread of its own, where the task may have one: not for one of many.
  public func createRecords(
    _ name: String = "records.arrow", schema: Schema, compression: RecordCompression = .none,
    from place: String? = nil, aside: Bool = true
  ) throws -> RecordOutput {
    let stored = try create(name)
    if let place, let handover = line.handover { stored.offer(to: handover, from: place) }
    let writer = try RecordFileWriter(stored, schema: schema, compression: compression)
    writer.onRows = stored.hasRows
    return RecordOutput(uri: stored.uri, writer: aside && threads > 1 ? BackgroundSink(writer) : writer, ledger: ledger)
  }

  /// A folder for files that the task needs while it runs; made at the first call, removed when the task ends.
  public func workingDirectory() throws -> String { try workspace.path() }

  /// Waits until all of the input is known to come, where the task has begun early: what cannot be taken back comes
  /// behind this. Throws when it will not come.
  public func waitForInput() throws { try following?.waitForEnd() }

  // MARK: work that stays done

  /// What an earlier attempt at this task recorded, in this run or in the one that is being restarted; nil when it left
  /// nothing behind.
  public var progress: TaskProgress? { line.keeper.progress }

  /// Records what stays done, or may be, whatever becomes of this process; nil once nothing does. It is in the record
  /// when this returns: a task calls it *before* it asks another system to make something lasting.
  public func record(_ progress: TaskProgress?) throws { try line.keeper.record(progress) }

  /// Does `body` once the task has succeeded and its outputs are in the record: acknowledges what it has taken from
  /// elsewhere, such as the offsets of messages. It comes exactly then: not for an attempt that fails, and for one that
  /// began early only when it counts. When it throws, the task ends as WARNING and says so: its outputs count, so that
  /// nothing is lost. When the process dies just before it, nobody does it, not even a restart: what was not
  /// acknowledged comes again.
  /// - Parameter what: what it does, for messages: "committing the offsets".
  public func onceRecorded(_ what: String, _ body: @escaping @Sendable () throws -> Void) {
    line.hooks.add(what, body)
  }

  /// Runs `body` with a context that outlives the cancellation of this one, for so long at most: to find out what
  /// became of work that was stopped.
  public func aside<T>(within limit: Duration, _ body: (TaskContext) throws -> T) throws -> T {
    let time = TimeLimit(limit, inside: Cancellation())
    defer { time.end() }
    var line = line
    line.cancellation = time.cancellation
    line.handover = nil
    line.following = nil
    return try body(
      TaskContext(message, line, storage: storage, scope: scope, logger: logger, workspace: workspace))
  }

  // MARK: the rest

  /// A message that may hold what others have said: secrets are looked for in it.
  public func log(_ level: LogLevel, _ message: String) { logger.log(level, message) }

  /// A message of the flow's own: what is marked in it is masked, and nothing else.
  public func log(_ level: LogLevel, _ message: MarkedText) { logger.log(level, message) }

  /// Keeps a secret that the task came by itself (the password inside of a URL, its escapes undone) out of what others
  /// say: messages of servers, logs, errors. One of fewer than six letters could be any word and is not looked for;
  /// where it stands inside of a property, it is masked there.
  public func hide(_ secret: String) { logger.redactor.add(secret) }

  /// How long the task may still take until a time-out stops it; nil when none will. What works for it elsewhere (a
  /// statement on a server) should end soon after by itself, in case this process does not live to stop it.
  public var timeLeft: Duration? { cancellation.deadline.map { max($0 - .now, .zero) } }

  /// Throws when the task has to stop: the flow was cancelled or the time-out is over.
  public func checkCancelled() throws { try cancellation.check() }

  /// The failure to report for an error: a driver reports an interrupted call in its own words; the reason is ours.
  public func reason(for error: any Error) -> any Error { cancellation.reason(for: error) }

  /// Runs `body`; a cancellation meanwhile calls `handler`, from another thread.
  public func onCancel<T>(_ handler: @escaping @Sendable () -> Void, during body: () throws -> T) throws -> T {
    try cancellation.onCancel(handler, during: body)
  }
}

/// A file of internal storage that is being written.
public final class StoredOutput: ByteOutput {
  public let uri: String
  private let output: any ByteOutput
  private var growing: (file: GrowingFile, handover: Handover)?

  init(uri: String, output: any ByteOutput) {
    self.uri = uri
    self.output = output
  }

  public var name: String { uri }
  public func write(_ bytes: Span<UInt8>) throws {
    try output.write(bytes)
    if let growing { growing.file.grew(by: bytes.count) }
  }

  public func write(parts: [Buffer]) throws {
    try output.write(parts: parts)
    if let growing { growing.file.grew(by: parts.reduce(0) { $0 + $1.count }) }
  }

  public func commit() throws { try output.commit() }

  /// The head of a record file is no reason for the next task to begin: the rows may be long in coming.
  func hasRows() { if let growing { growing.handover.offer(growing.file) } }

  func offer(to handover: Handover, from place: String) {
    guard let reopen = output.reopen else { return }
    growing = (GrowingFile(uri: uri, place: place, open: reopen), handover)
  }
}

/// A record file that is being written: counts what it takes as written in the task's ledger.
public final class RecordOutput: RecordSink {
  public let uri: String
  private let writer: any RecordSink
  private let ledger: Ledger

  init(uri: String, writer: any RecordSink, ledger: Ledger) {
    self.uri = uri
    self.writer = writer
    self.ledger = ledger
  }

  public func write(_ batch: RecordBatch) throws {
    try writer.write(batch)
    ledger.add(written: batch.count, bytes: batch.byteCount, batches: 1)
  }

  public func finish() throws { try writer.finish() }

  /// Moves everything from a source, checking for cancellation between batches. Counts it as read.
  public func copy(from source: any RecordSource, context: TaskContext) throws {
    while let batch = try source.next() {
      ledger.add(read: batch.count)
      try write(batch)
      try context.checkCancelled()
    }
  }
}

/// How much a message matters.
public enum LogLevel: String, Codable, Sendable, PropertyChoice, Comparable {
  case trace = "TRACE"
  case debug = "DEBUG"
  case info = "INFO"
  case warn = "WARN"
  case error = "ERROR"

  public static func < (a: LogLevel, b: LogLevel) -> Bool { a.rank < b.rank }
  private var rank: Int { LogLevel.allCases.firstIndex(of: self) ?? 0 }
}
