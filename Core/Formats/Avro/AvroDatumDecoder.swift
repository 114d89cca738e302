public import Records

/// Reads Avro values that come one by one, each with the schema that it was written with, into batches: a message of
/// Kafka is one. In front of it stands what names the schema; see `AvroFraming`.
///
/// Of the bytes that it is given it reads all, and none behind them. Used from one thread at a time.
public final class AvroDatumDecoder {
  /// The columns so far: those of the reader's schema; without one, what holds the values of all writers so far.
  public private(set) var schema: Schema?
  /// Values of the batch so far.
  public private(set) var count = 0

  private let reader: AvroSchema?
  private let flatten: Int
  private let name: String
  private var sources: [Source] = []
  /// The writers of the batch's rows, one behind the other, and how many rows each has in a row.
  private var runs: [(writer: Int, count: Int)] = []
  private var byteCount = 0

  private struct Source {
    let plan: AvroPlan
    let columns: Schema
    /// What its values are read into; nil when the batch has none.
    var rows: AvroRows?
  }

  /// - Parameters:
  ///   - name: where the values come from, for messages.
  ///   - reader: what the rows shall look like; without it, columns are those that the writers have, each as wide as
  ///     all of them need it.
  ///   - flatten: how many levels of nested records become columns of their own.
  public init(_ name: String, reader: AvroSchema? = nil, flatten: Int = 0) {
    self.name = name
    self.reader = reader
    self.flatten = flatten
  }

  /// Makes a writer's schema known, and gives the number to name it by. Throws where it does not go with the reader's.
  public func add(writer: AvroSchema) throws -> Int {
    let plan = try AvroResolver.plan(writer: writer, reader: reader)
    let columns = Schema(try AvroLayout(plan, flatten: flatten, input: name).fields)
    sources.append(Source(plan: plan, columns: columns))
    return sources.count - 1
  }

  /// The batch takes no more: `finish` comes next.
  public private(set) var isFull = false

  /// Reads one value, which takes all of the bytes. What is wrong with it is a failure of the category `data`, and the
  /// batch is as before then.
  /// - Parameter writer: the number of its schema.
  public func decode(_ datum: Span<UInt8>, writer: Int) throws {
    let rows = try rows(of: writer)
    let before = rows.byteCount
    if let reason = rows.read(datum: datum) {
      throw Failure(.data, "reading an Avro value of '\(name)': \(reason)")
    }
    count += 1
    byteCount += rows.byteCount - before
    isFull = count >= Limits.batchRows || byteCount >= Limits.batchBytes || rows.isFull
    if runs.last?.writer == writer { runs[runs.count - 1].count += 1 } else { runs.append((writer, 1)) }
  }

  private func rows(of writer: Int) throws -> AvroRows {
    if let rows = sources[writer].rows { return rows }
    let rows = AvroRows(try AvroLayout(sources[writer].plan, flatten: flatten, input: name))
    sources[writer].rows = rows
    let columns = sources[writer].columns
    schema = schema.map { $0 == columns ? $0 : Widening.schema($0, columns) } ?? columns
    return rows
  }

  /// The values so far as a batch, in their order; nil when there are none.
  public func finish() throws -> RecordBatch? {
    guard let schema, let last = runs.last?.writer else { return nil }
    defer { start(keeping: last) }
    if runs.count == 1 { return try sources[last].rows?.finish().widened(to: schema) }
    let batches = try sources.map { try $0.rows?.finish().widened(to: schema) }
    return RecordBatch(
      schema: schema, columns: schema.fields.indices.map { merged($0, schema.fields[$0].type, batches) }, count: count)
  }

  private func merged(_ column: Int, _ type: DataType, _ batches: [RecordBatch?]) -> Column {
    let builder = ColumnBuilder(type, rows: count)
    var next = Array(repeating: 0, count: batches.count)
    for run in runs {
      guard let source = batches[run.writer]?.columns[column] else { continue }
      for row in next[run.writer]..<next[run.writer] + run.count { builder.appendValue(of: source, at: row) }
      next[run.writer] += run.count
    }
    return builder.finish()
  }

  /// Memory is kept for the writer of the last value only: there may be many that come no more.
  private func start(keeping writer: Int) {
    for index in sources.indices where index != writer { sources[index].rows = nil }
    runs = []
    (count, byteCount, isFull) = (0, 0, false)
  }
}

extension AvroRows {
  /// Reads one row that takes exactly these bytes; says why it does not, and it is none then. The batch has to have
  /// room.
  func read(datum: Span<UInt8>) -> String? {
    var cursor = AvroCursor(datum)
    cursor.beyond = 0
    switch run(&cursor, rows: 1) {
    case .rows where cursor.left == 0: return nil
    case .rows:
      removeLast()
      return "\(cursor.left) more bytes stand behind it"
    case .end: return "its \(datum.count) bytes end within a value"
    case .fault(let fault, let column): return column + fault.text
    case .bad(let reason, start: _): return reason
    }
  }
}
