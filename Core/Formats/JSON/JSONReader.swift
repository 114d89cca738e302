internal import CSimdJSON
public import Records

/// Reads rows from JSON: one a line, the elements of an array, or documents one behind the other. Memory is bound by
/// the longest row.
///
/// The first row that is JSON tells what rows are: objects, whose members are the columns, or any JSON values, which
/// are the column `value`.
///
/// The schema is the one of the first block; a later member or type that it does not hold ends in `SchemaTooNarrow`
/// (see `WholeFile.load`).
public final class JSONReader: FormatReader {
  public let schema: Schema
  public var rowCount: Int { blocks.rowCount }
  public var name: String { blocks.window.name }

  private let options: JSONReadOptions
  private let blocks: JSONBlocks
  private let columns: TableColumns
  /// What simdjson's columns look like, those of bad rows included.
  private var seen = Seen()
  /// simdjson's column behind each of the schema's, and whether one has a place there.
  private var physical: [Int] = []
  private var isMapped: [Bool] = []
  /// Members that are objects in some rows and otherwise `null`: their members are the columns.
  private let parents: Set<ExactText>

  private struct Seen {
    var inference: [Inference] = []
    /// A good row has it.
    var isUsed: [Bool] = []
    /// The used ones, in the order in which the rows have them: the buffer's size must not decide it.
    var order: [Int] = []
  }

  /// - Parameter known: the schema that `wholeSchema` of an earlier reader found for the same input.
  public init(
    _ input: any ByteInput, _ options: JSONReadOptions = JSONReadOptions(), bad: BadRows = BadRows(),
    known: Schema? = nil
  ) throws {
    self.options = options
    let decoded = try CharsetInput.decode(Decompression.open(input), charset: options.charset)
    let window = ByteWindow(decoded, readSize: options.readSize)
    try window.skipMark()
    blocks = JSONBlocks(window, options, bad)
    if let known {
      schema = known
    } else {
      if let table = try blocks.nextTable(limit: .max) {
        let count = table.count
        JSONReader.observe(table, &seen)
        blocks.putBack(count)
      }
      schema = JSONReader.schema(blocks.columnNames, seen, options)
    }
    parents = JSONReader.parents(schema.fields.map(\.name), options)
    for name in schema.fields.map(\.name) { blocks.addColumn(name) }
    let names = blocks.columnNames
    let places = Dictionary(names.enumerated().map { (ExactText($1), $0) }, uniquingKeysWith: { first, _ in first })
    physical = schema.fields.map { places[ExactText($0.name)] ?? 0 }
    isMapped = Array(repeating: false, count: names.count)
    // A declared column that comes later than the first block has another place among the columns than one that no row
    // has.
    for column in physical where known != nil || (column < seen.isUsed.count && seen.isUsed[column]) {
      isMapped[column] = true
    }
    let plans = schema.fields.map {
      ColumnPlan($0.type, isInferred: options.columns[ExactText($0.name)] == nil, bytes: options.bytes)
    }
    columns = TableColumns(schema, plans, ThreadTeam(threads: options.threads))
  }

  private static func observe(_ table: consuming JSONTable, _ seen: inout Seen) {
    while seen.inference.count < table.stride {
      seen.inference.append(Inference(isTagged: true))
      seen.isUsed.append(false)
    }
    var new: [(place: (Int, UInt32), column: Int)] = []
    for column in 0..<table.stride {
      if !seen.isUsed[column], let place = table.firstMember(column) {
        seen.isUsed[column] = true
        new.append((place, column))
      }
      for row in 0..<table.count { seen.inference[column].observe(table.field(row, column)) }
    }
    seen.order += new.sorted { $0.place < $1.place }.map(\.column)
  }

  private static func schema(_ names: [String], _ seen: Seen, _ options: JSONReadOptions) -> Schema {
    var fields: [Field] = []
    let parents = parents(seen.order.map { names[$0] }, options)
    for index in seen.order where !seen.inference[index].isUndecided || !parents.contains(names[index].exact) {
      fields.append(Field(names[index], options.columns[ExactText(names[index])] ?? seen.inference[index].type))
    }
    let found = Set(fields.map { ExactText($0.name) })
    for name in options.columns.keys.sorted() where !found.contains(name) {
      fields.append(Field(name.string, options.columns[name] ?? .text))
    }
    return Schema(fields)
  }

  /// What the names of flattened members begin with, but for columns that are asked for.
  private static func parents(_ names: [String], _ options: JSONReadOptions) -> Set<ExactText> {
    guard options.flatten > 0 else { return [] }
    var parents: Set<ExactText> = []
    for name in names {
      for index in name.utf8.indices where name.utf8[index] == UInt8(ascii: ".") {
        parents.insert(String(name[..<index]).exact)
      }
    }
    return parents.subtracting(options.columns.keys)
  }

  private func isEmptyParent(_ table: borrowing JSONTable, _ column: Int) -> Bool {
    !parents.isEmpty && table.holdsNullsOnly(column) && parents.contains(blocks.columnNames[column].exact)
  }

  public func wholeSchema() throws -> Schema {
    while let table = try blocks.nextTable(limit: .max) { JSONReader.observe(table, &seen) }
    return JSONReader.schema(blocks.columnNames, seen, options)
  }

  public func next() throws -> RecordBatch? {
    while !columns.isFull, let table = try blocks.nextTable(limit: columns.room) { try append(table) }
    return columns.finish()
  }

  private func append(_ table: consuming JSONTable) throws {
    for column in 0..<table.stride where column >= isMapped.count || !isMapped[column] {
      if table.firstMember(column) != nil, !isEmptyParent(table, column) { throw SchemaTooNarrow() }
    }
    let stride = table.stride
    let places = physical.map { $0 < stride ? $0 : nil }
    let errors = columns.append(table, from: places)
    if errors.isEmpty { return }
    if errors.contains(where: { columns.plans[$0.column].isInferred }) { throw SchemaTooNarrow() }
    let count = table.count
    try columns.appendGoodRows(of: table, from: places, columns.flaws(errors, noun: "value")) { flaw in
      try blocks.reportGiven(flaw.row, of: count, flaw.reason)
    }
  }
}
