package import Engine
internal import Expression
package import Records

/// How a record file's columns get into a statement or a table: made once per load.
package final class LoadPlan {
  package enum Road {
    case bulk(any BulkLoad, TableInfo, [ColumnInfo])
    case statement(any SQLStatement)
  }

  /// One placeholder or table column.
  struct Slot {
    /// The file's column, nil where it has none: NULL.
    var source: Int?
    var name: String
    /// Nil: the column goes as it is.
    var coercion: Coercion?
    /// As it arrives.
    var type: DataType
    /// What the source's database called it.
    var sourceType: String?
  }

  package private(set) var road: Road
  let slots: [Slot]
  /// Of what the road takes.
  private let schema: Schema
  let isTransactional: Bool
  /// For messages.
  let name: String
  /// A driver may find a statement wrong only when it runs.
  let located: (Failure) -> Failure
  private let connection: any SQLConnection

  package init(
    sql: String?, table: String?, columns: [String]?, schema: Schema, _ connection: any SQLConnection,
    _ options: CoercionOptions, log: @escaping (LogLevel, String) -> Void
  ) throws {
    self.connection = connection
    let binding = Binding(schema: schema, connection: connection, log: log)
    let plan: Binding.Result
    if let sql, !sql.trimmed.isEmpty {
      if let table, !table.isEmpty { log(.info, "'table' is ignored because 'sql' is set") }
      plan = try binding.bind(sql: sql, columns)
    } else {
      plan = try binding.bind(table: table ?? "", columns)
    }
    road = plan.road
    name = plan.name
    located = plan.located
    isTransactional = plan.isTransactional
    var slots: [Slot] = []
    for (index, source) in plan.sources.enumerated() {
      let target = plan.targets[index]
      let field = source.map { schema.fields[$0] }
      let name = field?.name ?? columns.map { index < $0.count ? $0[index] : "" } ?? ""
      let coercion = try field.flatMap { field in
        try target.map { try Coercion(from: field.type, to: $0, name: field.name, options: options) }
      }
      let type = coercion?.target.type ?? field?.type ?? target?.type ?? .text
      slots.append(Slot(source: source, name: name, coercion: coercion, type: type, sourceType: field?.sourceType))
    }
    self.slots = slots
    self.schema = Schema(slots.map { Field($0.name, $0.type, sourceType: $0.sourceType) })
  }

  /// The rows as the road takes them.
  package func coerce(_ batch: RecordBatch, firstRow: Int64) throws -> RecordBatch {
    let columns = try slots.map { slot in
      guard let source = slot.source else { return ColumnMap.nulls(batch.count, slot.type) }
      return try slot.coercion?.apply(batch.columns[source], firstRow: firstRow) ?? batch.columns[source]
    }
    return RecordBatch(schema: schema, columns: columns, count: batch.count)
  }

  /// Opens the bulk road anew, after a commit.
  func reopen() throws {
    guard case .bulk(_, let table, let columns) = road else { return }
    guard let load = try connection.bulkLoad(into: table, columns) else {
      throw Failure(.bug, "the bulk road into '\(table.name)' closed between two chunks")
    }
    road = .bulk(load, table, columns)
  }

  func namesNoRow(_ failure: Failure) -> Bool {
    if case .bulk(let load, _, _) = road { return load.namesNoRow(failure) }
    return false
  }

  package func abort() {
    if case .bulk(let load, _, _) = road { load.abort() }
  }

  /// Rows that the road has changed and the server has confirmed.
  var changedSoFar: Int64 {
    switch road {
    case .bulk(let load, _, _): load.changedSoFar
    case .statement(let statement): statement.changedSoFar
    }
  }

  package func close() {
    if case .statement(let statement) = road { statement.close() }
  }
}

/// Finds out which column of the file goes where.
struct Binding {
  struct Result {
    var road: LoadPlan.Road
    /// The file's column for each placeholder.
    var sources: [Int?]
    var targets: [LoadTarget?]
    var name: String
    var isTransactional: Bool
    /// Names the place in the user's text that a failure of the statement is about.
    var located: (Failure) -> Failure = { $0 }
  }

  let schema: Schema
  let connection: any SQLConnection
  let log: (LogLevel, String) -> Void

  var dialect: Dialect { connection.dialect }

  // MARK: a statement

  func bind(sql: String, _ columns: [String]?) throws -> Result {
    let statements = SQLSplitter.statements(sql, dialect)
    guard statements.count == 1, let statement = statements.first else {
      throw Failure(.configuration, "'sql' holds \(statements.count) statements, Batch runs one for each row")
    }
    let (text, count, edits) = SQLParameters.placeholders(statement, dialect)
    let sources = try sources(count, columns)
    let shape = StatementShape(statement, dialect)
    let tables = StatementTables(connection)
    let changed = try shape.targets.compactMap(tables.find)
    let parameters = try zip(shape.uses, sources).map { use, source in
      try tables.parameter(use, source.map { schema.fields[$0].type })
    }
    let name = changed.first?.name.description ?? shape.targets.first?.description ?? "the statement"
    let isTransactional = changed.allSatisfy(\.isTransactional)
    let given = parameters.compactMap(\.column)
    if shape.isPlain, let table = changed.first, given.count == count, given.allSatisfy({ $0.source.takesValues }),
      let load = try connection.bulkLoad(into: table, given)
    {
      return Result(
        road: .bulk(load, table, given), sources: sources, targets: load.targets, name: name,
        isTransactional: isTransactional)
    }
    let prepared: any SQLStatement
    let located = { (failure: Failure) in failure.located(edits, statement, in: sql) }
    do { prepared = try connection.prepare(text, parameters) } catch let failure as Failure { throw located(failure) }
    return Result(
      road: .statement(prepared), sources: sources, targets: prepared.parameters, name: name,
      isTransactional: isTransactional, located: located)
  }

  /// The file's column for each of `count` placeholders.
  private func sources(_ count: Int, _ columns: [String]?) throws -> [Int?] {
    if let columns {
      guard columns.count == count else {
        throw Failure(.schema, "'columns' names \(columns.count) columns, but the statement has \(count) placeholders")
      }
      return columns.map(source)
    }
    guard schema.fields.count <= count else {
      throw Failure(
        .schema, "the file has \(schema.fields.count) columns, but the statement has \(count) placeholders",
        hint: "List the columns to bind in 'columns'")
    }
    if schema.fields.count < count {
      log(.warn, "the file has \(schema.fields.count) columns for \(count) placeholders: the rest is NULL")
    }
    return (0..<count).map { $0 < schema.fields.count ? $0 : nil }
  }

  private func source(_ name: String) -> Int? {
    if let index = schema.index(of: name) { return index }
    let near = schema.fields.indices.filter { schema.fields[$0].name.lowercased() == name.lowercased() }
    if near.count == 1 { return near[0] }
    log(.warn, "the file has no column '\(name)': NULL is bound")
    return nil
  }

  // MARK: a table

  func bind(table text: String, _ columns: [String]?) throws -> Result {
    let table = try describe(text)
    let pairs = try columns.map { try named($0, table) } ?? matched(table)
    let given = pairs.map(\.column)
    if let load = try connection.bulkLoad(into: table, given) {
      return Result(
        road: .bulk(load, table, given), sources: pairs.map(\.source), targets: load.targets,
        name: table.name.description, isTransactional: table.isTransactional)
    }
    let names = given.map { dialect.quote($0.name) }.joined(separator: ", ")
    let marks = given.indices.map { dialect.placeholder($0 + 1) }.joined(separator: ", ")
    let parameters = pairs.map { pair in
      StatementParameter(
        .stored, column: pair.column, of: table.name, source: pair.source.map { schema.fields[$0].type })
    }
    let prepared = try connection.prepare(
      "INSERT INTO \(dialect.quote(table.name)) (\(names)) VALUES (\(marks))", parameters)
    return Result(
      road: .statement(prepared), sources: pairs.map(\.source), targets: prepared.parameters,
      name: table.name.description, isTransactional: table.isTransactional)
  }

  /// The name as written, else as the database folds it.
  private func describe(_ text: String) throws -> TableInfo {
    let plain = TableName(text.split(separator: ".").map(String.init))
    guard let parsed = StatementShape.table(text, dialect) else { return try connection.describe(plain) }
    let isQuoted = dialect.identifierQuotes.contains { text.utf8.contains($0.open) }
    if isQuoted || parsed == plain { return try connection.describe(parsed) }
    do { return try connection.describe(plain) } catch let failure as Failure where failure.category == .schema {
      return try connection.describe(parsed)
    }
  }

  /// The columns that the flow names.
  private func named(_ columns: [String], _ table: TableInfo) throws -> [(source: Int?, column: ColumnInfo)] {
    try pairs(columns, .flow, table).map { (source(columns[$0.index]), $0.column) }
  }

  /// The file's columns by their names.
  private func matched(_ table: TableInfo) throws -> [(source: Int?, column: ColumnInfo)] {
    let pairs = try pairs(schema.fields.map(\.name), .file, table).filter { pair in
      guard pair.column.source == .computed else { return true }
      log(.info, "column '\(pair.column.name)' is left out: '\(table.name)' computes it")
      return false
    }
    guard !pairs.isEmpty else { throw Failure(.schema, "the file has no column that '\(table.name)' takes") }
    return pairs.map { ($0.index, $0.column) }
  }

  /// Who names columns.
  private enum Origin {
    case file, flow
  }

  /// The table's column for each name.
  private func pairs(
    _ names: [String], _ origin: Origin, _ table: TableInfo
  ) throws -> [(index: Int, column: ColumnInfo)] {
    let found = try names.map { try column(called: $0, table) }
    if found.contains(where: { $0 == nil }) { throw unknown(names, origin, found, table) }
    var pairs: [(index: Int, column: ColumnInfo)] = []
    for (index, column) in found.enumerated() {
      guard let column else { continue }
      guard column.source.takesValues || column.source == .computed && origin == .file else {
        throw refused(column, table)
      }
      if let twin = pairs.first(where: { $0.column.name.isExactly(column.name) }) {
        throw Failure(
          .schema,
          """
          two columns of the load, '\(names[twin.index])' and '\(names[index])', go into '\(column.name)' of \
          '\(table.name)'
          """, hint: "Name them apart in the query that reads them")
      }
      pairs.append((index, column))
    }
    return pairs
  }

  /// By its name as it is written, else without regard to case where that leaves one.
  private func column(called name: String, _ table: TableInfo) throws -> ColumnInfo? {
    if let exact = table.columns.first(where: { $0.name.isExactly(name) }) { return exact }
    let near = table.columns.filter { $0.name.lowercased() == name.lowercased() }
    guard near.count > 1 else { return near.first }
    throw Failure(
      .schema,
      "'\(name)' may be any of the columns \(Binding.list(near.map(\.name))) of '\(table.name)', which differ in case "
        + "only",
      hint: "Give it the exact name in the query that reads it")
  }

  private func unknown(
    _ names: [String], _ origin: Origin, _ found: [ColumnInfo?], _ table: TableInfo
  ) -> Failure {
    let strangers = zip(names, found).filter { $0.1 == nil }.map(\.0)
    let columns = table.columns.map(\.name)
    let near = strangers.lazy.compactMap { nearest($0, in: columns) }.first.map { "Did you mean '\($0)'?" }
    return Failure(
      .schema,
      """
      \(origin == .file ? "the file has" : "'columns' names") the column\(strangers.count == 1 ? "" : "s") \
      \(Binding.list(strangers)), which the table '\(table.name)' does not have. \
      \(origin == .file ? "The file's columns" : "Those named"): \(Binding.list(names)); the table's: \
      \(Binding.list(columns))
      """,
      hint: near ?? "Name the columns alike in the query that reads them, or bind them by position with 'sql'")
  }

  /// `'a', 'b' and 3 more`.
  private static func list(_ names: [String]) -> String {
    let shown = names.prefix(30).map { "'\($0)'" }.joined(separator: ", ")
    return names.count > 30 ? "\(shown) and \(names.count - 30) more" : shown
  }

  private func refused(_ column: ColumnInfo, _ table: TableInfo) -> Failure {
    let why = column.source == .computed ? "is computed" : "is always counted up by the database"
    return Failure(
      .schema, "the column '\(column.name)' of '\(table.name)' \(why) and takes no value",
      hint: "List the other columns in 'columns'")
  }
}

extension ColumnInfo.Source {
  var takesValues: Bool { self == .given || self == .identity }
}
