public import Records

/// The schema that was found does not hold what came later: the input has to be read again with a wider one.
struct SchemaTooNarrow: Error {}

/// Reads CSV: RFC 4180 and what is found in the wild around it.
///
/// With `types: .infer` the schema is the one of the first block. When a later row does not fit, `next` throws
/// `SchemaTooNarrow`; `wholeSchema` of a new reader gives the one that fits all rows. `TextTable.load` does it.
public final class CSVReader: RecordSource {
  public let schema: Schema
  /// Good and bad ones.
  public var rowCount: Int { blocks.rowCount }
  public var name: String { blocks.window.name }

  private let options: CSVReadOptions
  private let blocks: CSVBlocks
  private let plans: [ColumnPlan]
  /// Columns whose inferred type rests on no value yet.
  private let undecided: [Int]
  private let builder: BatchBuilder
  private var inference: [Inference]
  private let rowWidth: Int
  private let team: ThreadTeam

  /// Reads the header (and a first block for `.infer`).
  /// - Parameter known: the schema that an earlier reader found for the same input.
  public init(
    _ input: any ByteInput, _ options: CSVReadOptions = CSVReadOptions(), bad: BadRows = BadRows(), known: Schema? = nil
  ) throws {
    self.options = options
    team = ThreadTeam(threads: options.threads)
    let decoded = try CharsetInput.decode(Decompression.open(input), charset: options.charset)
    let window = ByteWindow(decoded, readSize: options.readSize)
    blocks = try CSVBlocks(window, options, bad)
    try CSVHeader.skipMark(window)
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
    plans = schema.fields.map { ColumnPlan($0.type, isInferred: isInferred, bytes: options.bytes) }
    let undecided = known == nil && isInferred ? inference.map(\.isUndecided) : []
    self.undecided = undecided.indices.filter { undecided[$0] }
    builder = BatchBuilder(schema)
    rowWidth = schema.leastRowWidth
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
    while var table = try blocks.nextTable(limit: .max) { CSVReader.observe(&table, &inference) }
    return CSVReader.schema(schema.fields.map(\.name), inference)
  }

  public func next() throws -> RecordBatch? {
    while builder.count < builder.maxRows, builder.byteCount < builder.maxBytes {
      guard let table = try blocks.nextTable(limit: builder.room(rowWidth)) else { break }
      try append(table)
    }
    return builder.count > 0 ? builder.finish() : nil
  }

  private func append(_ table: consuming CSVTable) throws {
    let errors = fill(table)
    // A column without a value in the first block gets its type from all rows as soon as it has one.
    if undecided.contains(where: { builder.columns[$0].variableByteCount > 0 }) { throw SchemaTooNarrow() }
    if !errors.isEmpty {
      if options.types == .infer { throw SchemaTooNarrow() }
      for column in builder.columns { column.removeLast(table.count) }
      try appendGoodRows(of: table, errors)
      return
    }
    builder.finishRows(table.count, bytes: max(table.byteCount, table.count * rowWidth))
  }

  private func fill(_ table: borrowing CSVTable) -> [FieldError] {
    let width = table.columns
    return table.fill(builder.columns, plans, from: plans.indices.map { $0 < width ? $0 : nil }, team)
  }

  /// Reports the bad rows and appends the runs between them.
  private func appendGoodRows(of table: borrowing CSVTable, _ errors: [FieldError]) throws {
    var first = 0
    var last = -1
    for error in errors.sorted(by: { ($0.row, $0.column) < ($1.row, $1.column) }) where error.row != last {
      try append(table, first..<error.row)
      let field = schema.fields[error.column]
      try blocks.report(
        table, row: error.row, reason: "column '\(field.name)': the text \(error.result.explanation) \(field.type.name)"
      )
      first = error.row + 1
      last = error.row
    }
    try append(table, first..<table.count)
  }

  private func append(_ table: borrowing CSVTable, _ rows: Range<Int>) throws {
    if rows.isEmpty { return }
    let part = table.slice(rows)
    _ = fill(part)
    builder.finishRows(rows.count, bytes: max(part.byteCount, rows.count * rowWidth))
  }
}
