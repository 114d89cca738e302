public import Records

/// The schema that was found does not hold what came later: the input has to be read again with a wider one.
struct SchemaTooNarrow: Error {}

/// A reader of rows, which may have to start anew with a wider schema.
public protocol FormatReader: RecordSource {
  /// The input's.
  var name: String { get }
  /// Good and bad rows so far.
  var rowCount: Int { get }
  /// Looks at all rows (instead of reading them) and gives the schema that holds all of them.
  func wholeSchema() throws -> Schema
}

/// Moves a whole file into a sink, whose schema may be known only when all of the file was seen.
public enum WholeFile {
  /// Reads optimistically with the schema of the first rows; where that turns out too narrow, finds the schema of the
  /// whole input and starts anew. What the first attempt has written is dropped with its sink.
  /// - Parameters:
  ///   - open: makes a reader from the input's start; the schema is the one found for the whole input.
  ///   - bad: makes what takes the bad rows; called once an attempt.
  ///   - start: makes the sink for a schema; called once an attempt.
  ///   - progress: called after each batch.
  /// - Returns: the reader that has read all, and its bad rows.
  public static func load<R: FormatReader>(
    open: (Schema?, BadRows) throws -> R, bad makeBad: () -> BadRows, start: (Schema) throws -> any RecordSink,
    progress: (RecordBatch) throws -> Void = { _ in }
  ) throws -> (R, BadRows) {
    var known: Schema?
    while true {
      let bad = makeBad()
      let reader = try open(known, bad)
      let sink = try start(reader.schema)
      do {
        while let batch = try reader.next() {
          try sink.write(batch)
          try progress(batch)
        }
        try sink.finish()
        try bad.finish()
        return (reader, bad)
      } catch is SchemaTooNarrow {
        guard known == nil else {
          throw Failure(.bug, "reading '\(reader.name)': the types found do not hold its values")
        }
        known = try open(nil, BadRows(.skip)).wholeSchema()
      }
    }
  }
}
