public import Records

/// Reads rows from JSON: one a line, the elements of an array, or documents one behind the other. Memory is bound by
/// the longest row.
///
/// The first row that is JSON tells what rows are: objects, whose members are the columns, or any JSON values, which
/// are the column `value`.
///
/// What happens to a row that the schema does not hold, `JSONReadOptions.misfit` says. For files the schema is the one
/// of the first block, and such a row ends in `SchemaTooNarrow` (see `WholeFile.load`). For streams that can be read
/// once only, each batch has the schema that holds all rows up to its end (see `RowSpool`).
public final class JSONReader: FormatReader {
  private let rows: JSONRows
  private let blocks: JSONBlocks
  private let options: JSONReadOptions
  private var seen = JSONSeen()

  /// Of the file; of a stream, what holds all rows so far: of the whole one at its end.
  public var schema: Schema { rows.wholeSchema }
  public var rowCount: Int { blocks.rowCount }
  public var name: String { blocks.window.name }

  /// - Parameter known: the schema that `wholeSchema` of an earlier reader found for the same input; unless rows that
  ///   do not fit are read again, the one that is given.
  public init(
    _ input: any ByteInput, _ options: JSONReadOptions = JSONReadOptions(), bad: BadRows = BadRows(),
    known: Schema? = nil
  ) throws {
    self.options = options
    let decoded = try CharsetInput.decode(Decompression.open(input), charset: options.charset)
    let window = ByteWindow(decoded, readSize: options.readSize)
    try window.skipMark()
    blocks = JSONBlocks(window, options, bad)
    let isSampled = known == nil && options.misfit == .readAgain
    let blocks = blocks
    if isSampled, var table = try blocks.nextTable(limit: .max) {
      seen.observe(&table)
      blocks.putBack(table.count)
    }
    let schema = known ?? (isSampled ? seen.schema(blocks.columnNames, options) : Schema([]))
    rows = JSONRows(blocks, options, schema, seen: seen, isWhole: !isSampled)
  }

  public func wholeSchema() throws -> Schema {
    let blocks = blocks
    while var table = try blocks.nextTable(limit: .max) { seen.observe(&table) }
    return seen.schema(blocks.columnNames, options)
  }

  public func next() throws -> RecordBatch? { try rows.next() ?? rows.finish() }
}
