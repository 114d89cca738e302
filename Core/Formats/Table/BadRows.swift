public import Records

/// What to do with a row that cannot be read.
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

/// Takes the rows that cannot be read, as the flow wants it.
public final class BadRows {
  /// Where in the (unpacked) input, from 0 in bytes, and for character sets whose characters have no fixed number of
  /// bytes, in its text as UTF-8; the line number from 1; why; the row, as UTF-8.
  public static let schema = Schema([
    Field("byte_offset", .int64, nullable: false), Field("line", .int64, nullable: false),
    Field("reason", .text, nullable: false), Field("raw", .bytes, nullable: false),
  ])
  /// More of them are not logged one by one.
  package static let maxWarnings = 20

  public let policy: OnBadLines
  /// More bad rows than that stop the task.
  public let limit: Int?
  public private(set) var count = 0
  private let warn: (String) -> Void
  private let makeSink: () throws -> any RecordSink
  private var sink: (any RecordSink)?
  private let builder = BatchBuilder(BadRows.schema)

  /// - Parameters:
  ///   - warn: takes one message a bad row.
  ///   - makeSink: opens what takes the rejected rows; called for the first of them, or at the end.
  public init(
    _ policy: OnBadLines = .error, limit: Int? = nil, warn: @escaping (String) -> Void = { _ in },
    makeSink: @escaping () throws -> any RecordSink = { throw Failure(.bug, "rejected rows have no place to go") }
  ) {
    self.policy = policy
    self.limit = limit
    self.warn = warn
    self.makeSink = makeSink
  }

  /// - Parameter unit: what is counted from 1: lines, or the records of a file that has no lines.
  func add(
    name: String, offset: Int64, line: Int64, unit: String = "line", reason: String, raw: UnsafeRawBufferPointer
  ) throws {
    count += 1
    let place = "reading \(unit) \(line) (byte \(offset)) of '\(name)': \(reason)"
    if policy == .error {
      throw unsafe Failure(
        .data, place, hint: "Set 'onBadLines' to SKIP, WARN or REJECT to go on without such rows",
        sensitive: String(decoding: raw.prefix(1_000), as: UTF8.self))
    }
    if let limit, count > limit {
      throw Failure(
        .data, "\(place); it is bad row number \(count), 'maxBadLines' allows \(limit)",
        sensitive: unsafe String(decoding: raw.prefix(1_000), as: UTF8.self))
    }
    if policy == .warn, count <= BadRows.maxWarnings { warn(place) }
    if policy == .reject { try unsafe store(offset, line, reason, raw) }
  }

  private func store(_ offset: Int64, _ line: Int64, _ reason: String, _ raw: UnsafeRawBufferPointer) throws {
    builder.columns[0].append(offset)
    builder.columns[1].append(line)
    builder.columns[2].append(text: reason)
    unsafe builder.columns[3].append(bytes: raw)
    if builder.finishRow(bytes: raw.count + 64) { try flush() }
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
