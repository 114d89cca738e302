public import Records

/// Reads CSV: RFC 4180 and what is found in the wild around it.
///
/// With `types: .infer` the schema is the one of the first block. When a later row does not fit, `next` throws
/// `SchemaTooNarrow`; `wholeSchema` of a new reader gives the one that fits all rows. `WholeFile.load` does it.
public final class CSVReader: FormatReader {
  public let schema: Schema
  /// Good and bad ones.
  public var rowCount: Int { blocks.rowCount }
  public var name: String { blocks.window.name }

  private let options: CSVReadOptions
  private let blocks: CSVBlocks
  private let columns: TableColumns
  /// Columns whose inferred type rests on no value yet.
  private let undecided: [Int]
  private var inference: [Inference]

  /// Reads the header (and a first block for `.infer`).
  /// - Parameter known: the schema that an earlier reader found for the same input.
  public init(
    _ input: any ByteInput, _ options: CSVReadOptions = CSVReadOptions(), bad: BadRows = BadRows(), known: Schema? = nil
  ) throws {
    self.options = options
    let decoded = try CharsetInput.decode(Decompression.open(input), charset: options.charset)
    let window = ByteWindow(decoded, readSize: options.readSize)
    blocks = try CSVBlocks(window, options, bad)
    try window.skipMark()
    for _ in 0..<options.skipLines { try blocks.format.dropLine(window) }
    let names = try CSVHeader.names(blocks, options)
    try blocks.skip(options.skipRows)
    inference = names.map { _ in Inference(isTagged: false) }
    if let known {
      schema = known
    } else if options.types == .infer {
      schema = try CSVReader.sample(blocks, names, &inference)
    } else {
      schema = try CSVHeader.schema(names, options, window.name)
    }
    let isInferred = options.types == .infer
    columns = TableColumns(
      schema, schema.fields.map { ColumnPlan($0.type, isInferred: isInferred, bytes: options.bytes) },
      ThreadTeam(threads: options.threads))
    let undecided = known == nil && isInferred ? inference.map(\.isUndecided) : []
    self.undecided = undecided.indices.filter { undecided[$0] }
  }

  /// Looks at the first rows without taking them.
  private static func sample(_ blocks: CSVBlocks, _ names: [String], _ inference: inout [Inference]) throws -> Schema {
    if var table = try blocks.nextTable(limit: .max) {
      observe(&table, &inference)
      blocks.putBack(table.count)
    }
    return schema(names, inference)
  }

  private static func observe(_ table: inout CSVTable, _ inference: inout [Inference]) {
    for column in 0..<min(inference.count, table.columns) {
      for row in 0..<table.count { inference[column].observe(table.field(row, column)) }
    }
  }

  private static func schema(_ names: [String], _ inference: [Inference]) -> Schema {
    Schema(zip(names, inference).map { Field($0, $1.type) })
  }

  /// Looks at all rows (instead of reading them) and gives the schema that holds all of them.
  public func wholeSchema() throws -> Schema {
    let blocks = blocks
    while var table = try blocks.nextTable(limit: .max) { CSVReader.observe(&table, &inference) }
    return CSVReader.schema(schema.fields.map(\.name), inference)
  }

  public func next() throws -> RecordBatch? {
    let blocks = blocks
    while !columns.isFull, let table = try blocks.nextTable(limit: columns.room) { try append(table) }
    return columns.finish()
  }

  private func append(_ table: consuming CSVTable) throws {
    let width = table.columns
    let places = schema.fields.indices.map { $0 < width ? $0 : nil }
    let errors = columns.append(table, from: places)
    // A column without a value in the first block gets its type from all rows as soon as it has one.
    if undecided.contains(where: { columns.hasText($0) }) { throw SchemaTooNarrow() }
    if errors.isEmpty { return }
    if options.types == .infer { throw SchemaTooNarrow() }
    let count = table.count
    try columns.appendGoodRows(of: table, from: places, columns.flaws(errors, noun: "text")) { flaw in
      try blocks.reportGiven(flaw.row, of: count, flaw.reason)
    }
  }
}
