internal import Records
internal import SQL

/// The bulk road: INSERT BULK by the library's bcp functions. Rows with an empty text or empty bytes, which the library
/// cannot tell from NULL, or with a NULL that would become a default, go as an INSERT between the others, in their
/// order.
final class SQLServerLoad: BulkLoad {
  let targets: [LoadTarget]
  private let connection: SQLServerConnection
  private let table: TableInfo
  private let columns: [ColumnInfo]
  private let plan: BulkPlan
  private let doing: String
  private let places: [Int32]
  /// As the server is told.
  private let tableName: String
  /// The server has refused rows, and named none.
  private var hasRefused = false
  private var isTrial = false
  private var isLocked = false
  private var isOpen = false
  /// Rows that were sent since the bulk load was opened.
  private var pending: Int64 = 0
  /// Rows that the server has confirmed.
  private(set) var changedSoFar: Int64 = 0
  private var isBroken = false
  private var inserts: SQLServerStatement?

  /// A bulk load for fewer rows than these between two others costs more than an INSERT.
  private static let fewRows = 32

  init(
    _ connection: SQLServerConnection, _ table: TableInfo, _ columns: [ColumnInfo], _ plan: BulkPlan
  ) throws {
    self.connection = connection
    self.table = table
    self.columns = columns
    self.plan = plan
    targets = columns.map(\.target)
    places = plan.places.map { Int32($0) }
    doing = "loading table '\(table.name)'"
    tableName = connection.dialect.quote(table.name)
  }

  func beginTrial() { isTrial = true }
  func namesNoRow(_ failure: Failure) -> Bool { hasRefused && failure.category == .data }

  /// Behind the rows that are not confirmed yet.
  private var confirms: Bool { connection.options.confirmCount && !isTrial }

  private func beginCount() throws {
    guard confirms else { return }
    do throws(DatabaseError) { try connection.counts.begin(tableName, connection.native) } catch {
      throw error.failure("counting the rows of table '\(table.name)'")
    }
  }

  // MARK: rows

  func write(_ batch: RecordBatch, firstRow: Int64) throws {
    guard batch.count > 0 else { return }
    if !isOpen { try beginCount() }
    let encoded = try columns.indices.map { index in
      // The library ends the process for a NULL in a column of a fixed width that takes none.
      try columns[index].refuseNulls(in: batch.columns[index], firstRow: firstRow, doing)
      let type = columns[index].sqlServer?.type ?? DatabaseType.natural(batch.columns[index].type)
      let name = batch.schema.fields[index].name
      return try RowEncoder(name: name, type: type, texts: .stored, firstRow: firstRow).encode(batch.columns[index])
    }
    for run in runs(batch, encoded) {
      if run.isBulk {
        try sendBatches(encoded, run.rows, firstRow)
      } else {
        try insert(batch, run.rows, firstRow)
      }
    }
  }

  private struct Run {
    var rows: Range<Int>
    var isBulk: Bool
  }

  /// Rows that the bulk road would not store as they are.
  private func exceptions(_ batch: RecordBatch, _ encoded: [EncodedColumn]) -> [Int] {
    var rows = Set(encoded.flatMap(\.empties))
    for index in plan.nullsByInsert where batch.columns[index].nullCount > 0 {
      let column = batch.columns[index]
      let view = ColumnView(column)
      for row in 0..<batch.count where view.isNull(row) { rows.insert(row) }
    }
    return rows.sorted()
  }

  private func runs(_ batch: RecordBatch, _ encoded: [EncodedColumn]) -> [Run] {
    let count = batch.count
    let empties = exceptions(batch, encoded)
    guard let first = empties.first else { return [Run(rows: 0..<count, isBulk: true)] }
    var runs: [Run] = []
    func add(_ rows: Range<Int>, _ isBulk: Bool) {
      guard !rows.isEmpty else { return }
      if !isBulk, let last = runs.last, !last.isBulk {
        runs[runs.count - 1].rows = last.rows.lowerBound..<rows.upperBound
      } else {
        runs.append(Run(rows: rows, isBulk: isBulk))
      }
    }
    var at = first
    add(0..<first, first >= SQLServerLoad.fewRows)
    for (index, row) in empties.enumerated() {
      let next = index + 1 < empties.count ? empties[index + 1] : count
      add(row..<(row + 1), false)
      at = row + 1
      add(at..<next, next - at >= SQLServerLoad.fewRows)
    }
    return runs
  }

  private func sendBatches(_ encoded: [EncodedColumn], _ rows: Range<Int>, _ firstRow: Int64) throws {
    var left = rows
    while !left.isEmpty {
      let room = connection.options.bulkBatchSize.map { $0 - Int(pending) } ?? left.count
      let part = left.prefix(room)
      try send(encoded, part, firstRow)
      if part.count == room, connection.options.bulkBatchSize != nil { try endBulk() }
      left = part.upperBound..<left.upperBound
    }
  }

  private func send(_ encoded: [EncodedColumn], _ rows: Range<Int>, _ firstRow: Int64) throws {
    let native = connection.native
    if !isOpen { try open(encoded.map(\.wire)) }
    do throws(DatabaseError) {
      for row in rows { try native.sendRow(row, encoded, places) }
      pending += Int64(rows.count)
    } catch {
      isBroken = true
      let last = firstRow + Int64(rows.upperBound) - 1
      throw error.failure("\(doing), rows \(firstRow + Int64(rows.lowerBound)) to \(last)")
    }
  }

  private func open(_ wires: [WireType]) throws {
    // The columns that are listed say so already; a counted value in place of a given one nobody would notice.
    if plan.keepsIdentity { try connection.openIdentity(of: table.name) }
    if plan.locksTable, !isLocked {
      try connection.run("SELECT TOP 1 1 FROM \(tableName) WITH (TABLOCKX, HOLDLOCK)", "locking table '\(table.name)'")
      isLocked = true
    }
    let bound = zip(wires, plan.places).map { (wire: $0, place: $1) }
    do throws(DatabaseError) {
      try connection.native.beginBulk(
        tableName, bound, hint: plan.hint, keepsIdentity: plan.keepsIdentity)
      isOpen = true
    } catch {
      isBroken = true
      throw error.failure(doing)
    }
  }

  private func insert(_ batch: RecordBatch, _ rows: Range<Int>, _ firstRow: Int64) throws {
    try endBulk()
    let statement = try inserts ?? makeInserts()
    inserts = statement
    let part = RecordBatch(
      schema: batch.schema, columns: batch.columns.map { $0.slice(rows.lowerBound, rows.count) }, count: rows.count)
    changedSoFar += try statement.execute(part, firstRow: firstRow + Int64(rows.lowerBound))
  }

  private func makeInserts() throws -> SQLServerStatement {
    let dialect = connection.dialect
    let names = columns.map { dialect.quote($0.name) }.joined(separator: ", ")
    let marks = columns.indices.map { dialect.placeholder($0 + 1) }.joined(separator: ", ")
    if plan.keepsIdentity { try connection.openIdentity(of: table.name) }
    let parameters = columns.map { StatementParameter(.stored, column: $0, of: table.name, source: $0.target.type) }
    return SQLServerStatement(
      connection, "INSERT INTO \(tableName) (\(names)) VALUES (\(marks))", parameters,
      columns.map { _ in nil }, codePage: CodePage.usual)
  }

  // MARK: the end

  private func endBulk() throws {
    guard isOpen else { return }
    isOpen = false
    defer { pending = 0 }
    let count: Int64
    do throws(DatabaseError) { count = try connection.native.endBulk() } catch {
      hasRefused = error.isServers && !error.isConnectionLoss
      throw error.failure(doing)
    }
    guard count == pending else {
      throw miscounted("\(pending) rows were sent, and the server says that it has taken \(count)")
    }
    changedSoFar += count
  }

  func finish() throws -> Int64 {
    try endBulk()
    if confirms { try confirm() }
    defer { changedSoFar = 0 }
    return changedSoFar
  }

  private func confirm() throws {
    let wrong: (expected: Int64, found: Int64)?
    do throws(DatabaseError) {
      wrong = try connection.counts.end(tableName, changedSoFar, connection.native)
    } catch { throw error.failure("\(doing), counting its rows") }
    guard let wrong else { return }
    throw miscounted(
      "the server has confirmed \(wrong.expected) rows, and the table has \(wrong.found) more than before",
      hint: "Set confirmCount: false where others delete rows of the table meanwhile, or a trigger does")
  }

  private func miscounted(_ what: String, hint: String? = nil) -> Failure {
    Failure(.transient, "\(doing): \(what)", hint: hint, code: "01000")
  }

  /// What was sent whole can be ended and rolled back; behind a half row only the connection can be given up.
  func abort() {
    guard isOpen else { return }
    isOpen = false
    if isBroken { return connection.native.line.cut(.ending(Patience.rollback)) }
    connection.native.line.within(Patience.rollback) {
      do throws(DatabaseError) { _ = try connection.native.endBulk() } catch {
        // It is rolled back either way.
      }
    }
  }
}
