/// Some rows of a table: a schema and equally long columns. Immutable.
public struct RecordBatch: Sendable {
  public let schema: Schema
  public let columns: [Column]
  /// In rows.
  public let count: Int

  public init(schema: Schema, columns: [Column], count: Int) {
    precondition(columns.count == schema.fields.count, "a batch has one column for each field of its schema")
    precondition(columns.allSatisfy { $0.count == count }, "the columns of a batch are equally long")
    self.schema = schema
    self.columns = columns
    self.count = count
  }

  /// `length` rows from `start` on, without a copy.
  public func slice(_ start: Int, _ length: Int) -> RecordBatch {
    RecordBatch(schema: schema, columns: columns.map { $0.slice(start, length) }, count: length)
  }

  /// What the values weigh, in bytes.
  public var byteCount: Int { columns.reduce(0) { $0 + $1.byteCount } }
}

/// Where batches come from. Used from one thread at a time; may block.
public protocol RecordSource: AnyObject {
  var schema: Schema { get }
  /// The next batch, nil at the end.
  func next() throws -> RecordBatch?
}

/// Where batches go. Used from one thread at a time; may block. A sink that is dropped without `finish` leaves nothing
/// behind.
public protocol RecordSink: AnyObject {
  func write(_ batch: RecordBatch) throws
  func finish() throws
}
