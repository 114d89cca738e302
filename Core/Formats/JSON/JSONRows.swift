internal import CSimdJSON
internal import Records

/// Makes batches of rows of JSON under a schema, which may grow with them.
final class JSONRows {
  /// Of the next batch.
  private(set) var schema: Schema
  private let options: JSONReadOptions
  private let team: ThreadTeam
  private var blocks: JSONBlocks
  private var seen: JSONSeen
  private var columns: TableColumns
  /// Columns whose types are given, in their order; all others are found.
  private var givenNames: [String] = []
  private var given: [ExactText: DataType]
  /// The schema is the one of all rows; else columns that no row had so far are told when they come.
  private let isWhole: Bool
  /// simdjson's column behind each of the schema's, and which of simdjson's are some column's.
  private var physical: [Int] = []
  private var isMapped: [Bool] = []
  private var parents: Set<ExactText> = []

  /// - Parameter schema: the one that was found, in `seen` or by an earlier reader; unless rows that do not fit are
  ///   read again, the one that is given.
  init(
    _ blocks: JSONBlocks, _ options: JSONReadOptions, _ schema: Schema, seen: JSONSeen = JSONSeen(), isWhole: Bool
  ) {
    self.blocks = blocks
    self.options = options
    self.seen = seen
    self.isWhole = isWhole
    self.schema = schema
    team = ThreadTeam(threads: options.threads)
    given = options.columns
    columns = TableColumns(schema, [], team)
    if options.misfit == .readAgain {
      start()
    } else {
      give(Schema(schema.fields + options.columns.keys.sorted().map { Field($0.string, options.columns[$0] ?? .text) }))
    }
  }

  var byteCount: Int { columns.byteCount }

  // MARK: the schema

  /// What all rows so far have a place in: columns that hold nothing but NULL are there as text.
  var wholeSchema: Schema { options.misfit == .widen ? widest(isWhole: true) : schema }

  /// From now on columns have these types, or wider ones where rows came before that these do not hold.
  func give(_ more: Schema) {
    for field in more.fields {
      let name = ExactText(field.name)
      if !givenNames.containsExactly(field.name) { givenNames.append(field.name) }
      let known = schema.fields.first { $0.name.isExactly(field.name) }
      given[name] = known.map { field.type == .text ? .text : Widening.type($0.type, field.type) } ?? field.type
    }
    schema = widest(isWhole: false)
    start()
  }

  private func widest(isWhole: Bool) -> Schema {
    let known = givenNames.map { Field($0, given[ExactText($0)] ?? .text) }
    let found = seen.fields(blocks.columnNames, options, given: given, isWhole: isWhole)
    return Schema(known + found.filter { given[ExactText($0.name)] == nil })
  }

  /// Begins a batch of the schema.
  private func start() {
    let plans = schema.fields.map {
      ColumnPlan($0.type, isInferred: given[ExactText($0.name)] == nil, bytes: options.bytes)
    }
    columns = TableColumns(schema, plans, team)
    parents = JSONSeen.parents(schema.fields.map(\.name), options)
    map()
  }

  /// Finds the columns among simdjson's.
  private func map() {
    for name in schema.fields.map(\.name) { blocks.addColumn(name) }
    let names = blocks.columnNames
    let places = Dictionary(names.enumerated().map { (ExactText($1), $0) }, uniquingKeysWith: { first, _ in first })
    physical = schema.fields.map { places[ExactText($0.name)] ?? 0 }
    isMapped = Array(repeating: false, count: names.count)
    // A declared column that comes later than the first block has another place among the columns than one that no row
    // has.
    for column in physical where isWhole || seen.isUsed(column) { isMapped[column] = true }
  }

  // MARK: rows

  /// Goes on with other rows of the same table.
  func read(_ blocks: JSONBlocks) {
    for name in self.blocks.columnNames { blocks.addColumn(name) }
    self.blocks = blocks
    map()
  }

  /// The next batch that is full; nil once all rows of the blocks are taken.
  func next() throws -> RecordBatch? {
    let blocks = blocks
    while !columns.isFull {
      guard let table = try blocks.nextTable(limit: columns.room) else { return nil }
      let count = table.count
      if try take(table) { continue }
      // What does not fit begins the next batch, under the wider schema.
      blocks.putBack(count)
      let batch = columns.finish()
      start()
      if let batch { return batch }
    }
    return columns.finish()
  }

  /// The rows that are no full batch, nil when there are none.
  func finish() -> RecordBatch? { columns.finish() }

  /// Appends rows, but for bad ones; false where the schema had to grow for them, and nothing is appended then.
  private func take(_ table: consuming JSONTable) throws -> Bool {
    switch options.misfit {
    case .readAgain: try appendOrStop(table)
    case .refuse: try appendGood(table)
    case .widen: return appendOrGrow(&table)
    }
    return true
  }

  private func places(_ table: borrowing JSONTable) -> [Int?] {
    let stride = table.stride
    return physical.map { $0 < stride ? $0 : nil }
  }

  private func appendOrStop(_ table: borrowing JSONTable) throws {
    for column in 0..<table.stride where isOther(column) {
      if table.firstMember(column) != nil, !isEmptyParent(table, column) { throw SchemaTooNarrow() }
    }
    let errors = columns.append(table, from: places(table))
    if errors.contains(where: { columns.plans[$0.column].isInferred }) { throw SchemaTooNarrow() }
    if !errors.isEmpty { try appendGood(table, columns.flaws(errors, noun: JSONRows.noun)) }
  }

  private func appendGood(_ table: borrowing JSONTable) throws {
    let others = options.leavesOutOtherMembers ? [] : otherMembers(table)
    if others.isEmpty {
      let errors = columns.append(table, from: places(table))
      if !errors.isEmpty { try appendGood(table, columns.flaws(errors, noun: JSONRows.noun)) }
    } else {
      let errors = columns.check(table, from: places(table))
      try appendGood(table, others + columns.flaws(errors, noun: JSONRows.noun))
    }
  }

  private static let noun = "value"

  private func appendGood(_ table: borrowing JSONTable, _ flaws: [RowFlaw]) throws {
    let count = table.count
    try columns.appendGoodRows(of: table, from: places(table), flaws) { flaw in
      try blocks.reportGiven(flaw.row, of: count, flaw.reason)
    }
  }

  /// The schema depends on all rows up to here, never on how many of them come at a time: they are looked at in turn.
  private func appendOrGrow(_ table: inout JSONTable) -> Bool {
    seen.observe(&table)
    let found = widest(isWhole: false)
    if found != schema {
      schema = found
      return false
    }
    let errors = columns.append(table, from: places(table))
    if errors.isEmpty { return true }
    var first: [Int: Int] = [:]
    for error in errors { first[error.column] = min(error.row, first[error.column] ?? error.row) }
    for (column, row) in first { widen(column, for: table.field(row, physical[column])) }
    schema = widest(isWhole: false)
    return false
  }

  /// A column whose type is given takes a value that it does not hold. One value at a time: those behind it may fit
  /// then.
  private func widen(_ column: Int, for field: FieldText) {
    var inference = Inference(isTagged: true)
    inference.observe(field)
    let wider = Widening.type(schema.fields[column].type, inference.type)
    given[ExactText(schema.fields[column].name)] = wider == schema.fields[column].type ? .json : wider
  }

  // MARK: other members

  private func isOther(_ column: Int) -> Bool { column >= isMapped.count || !isMapped[column] }

  private func isEmptyParent(_ table: borrowing JSONTable, _ column: Int) -> Bool {
    !parents.isEmpty && table.holdsNullsOnly(column) && parents.contains(blocks.columnNames[column].exact)
  }

  /// The rows with values that the schema has no column for.
  private func otherMembers(_ table: borrowing JSONTable) -> [RowFlaw] {
    var flaws: [RowFlaw] = []
    for column in 0..<table.stride where isOther(column) && !table.holdsNullsOnly(column) {
      let reason = "the schema has no column '\(blocks.columnNames[column])'"
      for row in 0..<table.count where !table.isNull(row, column) {
        flaws.append(RowFlaw(row: row, column: .max, reason: reason))
      }
    }
    return flaws
  }
}
