public import Records

/// A table whose rows of JSON come one by one, from an input that several tables share.
///
/// Its schema is given or found, grows with the rows, and may be given anew on the way: batches have the schema that
/// holds all rows up to their end (see `RowSpool`). Used from one thread at a time.
public final class JSONRowTable {
  public let name: String
  /// What all rows that were read so far have a place in.
  public var schema: Schema { rows.wholeSchema }
  /// Rows that came, good and bad.
  public private(set) var rowCount = 0
  /// What waits in memory, in bytes.
  public var byteCount: Int { text.count + rows.byteCount }

  private let input: String
  private let options: JSONReadOptions
  private let bad: BadRows
  private let sink: (RecordBatch) throws -> Void
  private let rows: JSONRows
  /// Rows that wait to be read, one a line, and where they come from.
  private var text: [UInt8] = []
  private var origins: [RowOrigin] = []

  /// Bytes of rows that are read at a time: enough to make the call cheap.
  private static let chunk = 1 << 18

  /// - Parameters:
  ///   - input: what is read, for messages.
  ///   - schema: the types that are known; all other members' are found, unless `options.misfit` refuses them.
  ///   - sink: takes the batches.
  public init(
    _ name: String, of input: String, schema: Schema = Schema([]), _ options: JSONReadOptions = JSONReadOptions(),
    bad: BadRows = BadRows(), sink: @escaping (RecordBatch) throws -> Void
  ) {
    self.name = name
    self.input = input
    self.bad = bad
    self.sink = sink
    var options = options
    options.layout = .lines
    if options.misfit == .readAgain { options.misfit = .widen }
    self.options = options
    let nothing = JSONRowTable.blocks([], input, options, bad)
    rows = JSONRows(nothing, options, schema, isWhole: true)
  }

  private static func blocks(
    _ text: [UInt8], _ input: String, _ options: JSONReadOptions, _ bad: BadRows
  ) -> JSONBlocks {
    let window = ByteWindow(MemoryInput(text, name: input), readSize: max(text.count, 1))
    let blocks = JSONBlocks(window, options, bad)
    blocks.expectObjects()
    return blocks
  }

  /// Takes one row: an object on one line.
  /// - Parameters:
  ///   - line: its number in the input, from 1.
  ///   - offset: its place there, in bytes.
  public func add(_ row: Span<UInt8>, line: Int64, offset: Int64) throws {
    origins.append(RowOrigin(start: Int64(text.count), offset: offset, line: line))
    text.append(row)
    text.append(UInt8(ascii: "\n"))
    rowCount += 1
    if text.count >= JSONRowTable.chunk { try read() }
  }

  private func read() throws {
    if text.isEmpty { return }
    let blocks = JSONRowTable.blocks(text, input, options, bad)
    blocks.origins = origins
    text.removeAll(keepingCapacity: true)
    origins.removeAll(keepingCapacity: true)
    rows.read(blocks)
    while let batch = try rows.next() { try sink(batch) }
  }

  /// Gives all rows that came to the sink.
  public func flush() throws {
    try read()
    if let batch = rows.finish() { try sink(batch) }
  }

  /// From here on rows are read with these types. Columns that came before stay, with types that hold the values of
  /// both.
  public func use(_ schema: Schema) throws {
    try flush()
    rows.give(schema)
  }
}

/// Where a row comes from that was taken out of its input.
struct RowOrigin {
  /// Its place among the rows that are read with it, in bytes.
  var start: Int64
  /// Its place in the input, in bytes, and its line, from 1.
  var offset: Int64
  var line: Int64
}
