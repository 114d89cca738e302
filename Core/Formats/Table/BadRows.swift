public import Records

/// What to do with a row that cannot be read or written.
public enum OnBadLines: String, Sendable, CaseIterable {
  /// Stop at the first one.
  case error = "ERROR"
  /// Leave it out and log it.
  case warn = "WARN"
  /// Leave it out.
  case skip = "SKIP"
  /// Write it to a record file of its own.
  case reject = "REJECT"
}

/// Takes the rows that cannot be read or written, as the flow wants it: the one class of them for all formats.
public final class BadRows {
  /// What is kept of a row that cannot be read. Where in the (unpacked) input, from 0 in bytes, and for character sets
  /// whose characters have no fixed number of bytes, in its text as UTF-8; the line number from 1; why; the row, as
  /// UTF-8.
  public static let schema = Schema([
    Field("byte_offset", .int64, nullable: false), Field("line", .int64, nullable: false),
    Field("reason", .text, nullable: false), Field("raw", .bytes, nullable: false),
  ])
  /// More of them are not logged one by one.
  static let maxWarnings = 20
  /// What a row takes in memory beside its bytes, or where these are not counted.
  private static let rowWidth = 64

  public let policy: OnBadLines
  /// More bad rows than that stop the task.
  public let limit: Int?
  public private(set) var count = 0
  private let warn: (String) -> Void
  private let makeSink: () throws -> any RecordSink
  private var sink: (any RecordSink)?
  private let builder: BatchBuilder

  /// - Parameters:
  ///   - schema: what is kept of a row: of one that cannot be written, itself.
  ///   - warn: takes one message a bad row.
  ///   - makeSink: opens what takes the rejected rows; called for the first of them, or at the end.
  public init(
    _ policy: OnBadLines = .error, limit: Int? = nil, schema: Schema = BadRows.schema,
    warn: @escaping (String) -> Void = { _ in },
    makeSink: @escaping () throws -> any RecordSink = { throw Failure(.bug, "rejected rows have no place to go") }
  ) {
    self.policy = policy
    self.limit = limit
    self.warn = warn
    self.makeSink = makeSink
    builder = BatchBuilder(schema)
  }

  /// A row that cannot be read.
  /// - Parameter unit: what is counted from 1: lines, or the records of a file that has no lines.
  func add(
    name: String, offset: Int64, line: Int64, unit: String = "line", reason: String, raw: Span<UInt8>
  ) throws {
    let isKept = try isKept(
      Failure(
        .data, "reading \(unit) \(line) (byte \(offset)) of '\(name)': \(reason)",
        hint: "Set 'onBadLines' to SKIP, WARN or REJECT to go on without such rows",
        sensitive: raw.extracting(first: 1_000).string))
    guard isKept else { return }
    builder.columns[0].append(offset)
    builder.columns[1].append(line)
    builder.columns[2].append(text: reason)
    builder.columns[3].append(bytes: raw)
    if builder.finishRow(bytes: raw.count + BadRows.rowWidth) { try flush() }
  }

  /// A row that cannot be written, for a reason that names it.
  func add(_ row: Int, of batch: RecordBatch, _ failure: Failure) throws {
    guard try isKept(failure) else { return }
    for (column, builder) in zip(batch.columns, builder.columns) { builder.appendValue(of: column, at: row) }
    if builder.finishRow(bytes: batch.byteCount / max(batch.count, 1) + BadRows.rowWidth) { try flush() }
  }

  /// Counts a bad row; throws where it is one too many.
  private func isKept(_ failure: @autoclosure () -> Failure) throws -> Bool {
    count += 1
    if policy == .error { throw failure() }
    if let limit, count > limit {
      var failure = failure()
      failure.message += "; it is bad row number \(count), 'maxBadLines' allows \(limit)"
      failure.hint = nil
      throw failure
    }
    if policy == .warn, count <= BadRows.maxWarnings { warn(failure().message) }
    return policy == .reject
  }

  private func flush() throws {
    let target = try sink ?? makeSink()
    sink = target
    try target.write(builder.finish())
  }

  /// Closes the file of rejected rows (an empty one when there was none) and sums up what was not logged.
  public func finish() throws {
    if policy == .warn, count > BadRows.maxWarnings { warn("\(count) bad rows were left out in all") }
    guard policy == .reject else { return }
    if builder.count > 0 || sink == nil { try flush() }
    try sink?.finish()
  }
}
