internal import Glibc
public import Records

/// Takes batches whose schema grows while they come, and gives all rows under the last one: for rows that can be read
/// once only, and go into a file that has one schema.
///
/// Batches wait in memory up to a bound, behind it in record files of a folder. Memory is flat, each row is written
/// twice where there are many.
public final class RowSpool {
  /// Of the last batch.
  public private(set) var schema = Schema([])
  /// Rows so far.
  public private(set) var rowCount = 0

  private let folder: () throws -> String
  private let memory: Int
  private let name: String
  private var waiting: [RecordBatch] = []
  private var waitingBytes = 0
  private var files: [String] = []
  private var file: (schema: Schema, writer: RecordFileWriter)?

  /// - Parameters:
  ///   - name: tells the files of several spools in one folder apart: characters of file names.
  ///   - folder: where files may be made; asked for with the first of them. The files stay until `replay`.
  ///   - memory: bytes of batches that wait in memory.
  public init(
    _ name: String, memory: Int = 2 * Limits.batchBytes, folder: @escaping () throws -> String
  ) {
    self.name = name
    self.memory = memory
    self.folder = folder
  }

  deinit { for path in files { unsafe unlink(path) } }

  /// Takes rows.
  public func write(_ batch: RecordBatch) throws {
    schema = batch.schema
    rowCount += batch.count
    waiting.append(batch)
    waitingBytes += batch.byteCount
    if waitingBytes > memory { try spill() }
  }

  /// Moves what waits into files, one for each schema in a row.
  private func spill() throws {
    for batch in waiting {
      if file?.schema != batch.schema {
        try file?.writer.finish()
        let path = "\(try folder())/\(name)-\(files.count).arrow"
        files.append(path)
        file = (batch.schema, try RecordFileWriter(FileOutput(path: path, isLasting: false), schema: batch.schema))
      }
      try file?.writer.write(batch)
    }
    waiting = []
    waitingBytes = 0
  }

  /// Writes all rows in their order to a sink, which is not finished; the spool is empty then.
  /// - Parameters:
  ///   - wider: the schema of the sink: it holds the rows of all batches, by the names of their columns.
  ///   - progress: called after each batch.
  public func replay(to sink: any RecordSink, as wider: Schema, progress: () throws -> Void = {}) throws {
    try file?.writer.finish()
    file = nil
    for path in files {
      let reader = try RecordFileReader(FileInput(path: path))
      while let batch = try reader.next() {
        try sink.write(batch.widened(to: wider))
        try progress()
      }
      unsafe unlink(path)
    }
    for batch in waiting {
      try sink.write(batch.widened(to: wider))
      try progress()
    }
    (files, waiting, waitingBytes, rowCount) = ([], [], 0, 0)
  }
}
