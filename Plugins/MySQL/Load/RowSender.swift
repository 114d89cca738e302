internal import Records
internal import SQL

/// Runs a prepared statement for the rows of batches, as fast as the protocol allows while every error stays an error
/// of its row: MariaDB takes many rows of parameters in one command; an INSERT can be prepared with many rows of
/// placeholders; everything else is sent row by row. While the server works on one command the next is being built.
final class RowSender {
  enum Mode {
    /// COM_STMT_BULK_EXECUTE.
    case bulk
    /// `prefix` and as often as fits `(?, …)`.
    case multiRow(prefix: String, group: String)
    case single
  }

  private let session: NativeConnection
  private let sql: String
  private let packetLimit: Int
  /// For messages: `loading table 'orders'`, `running the statement`.
  private let doing: String
  private var mode: Mode
  /// The server has taken a command with many rows of this statement.
  private var bulkWorks = false
  private var statement: NativeConnection.Prepared
  private var wide: (statement: NativeConnection.Prepared, rows: Int)?
  private var packet = ByteBuffer(capacity: 1 << 20)
  private var pending: [Sent] = []
  private(set) var affected: Int64 = 0
  /// What `finish` has told.
  private var finished: Int64 = 0
  var changedSoFar: Int64 { finished + affected }
  /// Whether a failed command can be undone and repeated in parts to find its row.
  private let canTrace: Bool
  private let isCall: Bool
  /// Whether the server may store another value than it was given, with no more than a warning.
  private let mayChange: Bool

  /// A command whose answer has not been read.
  private struct Sent {
    var batch: RecordBatch
    var rows: Range<Int>
    var firstRow: Int64
    var hasSavepoint: Bool
  }

  /// Packets of this size keep the server busy without holding much in memory.
  private static let packetBytes = 1 << 20
  /// Single commands on their way: their answers (11 bytes each) fit every socket's buffer.
  private static let singlesInFlight = 64
  /// Placeholders that one statement can have.
  private static let placeholders = 65_535
  private static let rowsPerStatement = 512

  init(
    _ session: NativeConnection, sql: String, statement: NativeConnection.Prepared, mode: Mode,
    maxPacket: Int, canTrace: Bool, isCall: Bool, mayChange: Bool, doing: String
  ) {
    self.session = session
    self.sql = sql
    self.statement = statement
    self.mode = mode
    self.canTrace = canTrace
    self.isCall = isCall
    self.mayChange = mayChange
    self.doing = doing
    packetLimit = maxPacket - RowSender.packetMargin
  }

  /// The command's header.
  private static let packetMargin = 1_024

  // MARK: sending

  func write(_ batch: RecordBatch, firstRow: Int64) throws {
    guard batch.count > 0 else { return }
    let rows = try RowEncoder.encode(batch)
    try checkSizes(rows, firstRow)
    var row = 0
    while row < batch.count { row += try send(rows, from: row, of: batch, firstRow) }
  }

  /// A row that no packet can carry is the flow's problem, found before anything is sent.
  private func checkSizes(_ rows: WireRows, _ firstRow: Int64) throws {
    guard let (row, size) = rows.firstLarger(than: packetLimit) else { return }
    throw Failure(
      .data,
      "\(doing): row \(firstRow + Int64(row)) takes \(size) bytes, "
        + "the server's max_allowed_packet is \(packetLimit + RowSender.packetMargin)",
      hint: "Raise max_allowed_packet on the server")
  }

  private func send(_ wire: WireRows, from row: Int, of batch: RecordBatch, _ firstRow: Int64) throws -> Int {
    switch mode {
    case .bulk:
      let limit = min(packetLimit, RowSender.packetBytes)
      let rows = PacketBuilder.bulk(statement.id, wire, row..<batch.count, limit: limit, into: &packet)
      try settle(leaving: 0)
      try dispatch(.bulkExecute, Sent(batch: batch, rows: row..<(row + rows), firstRow: firstRow, hasSavepoint: false))
      if !bulkWorks {
        try settle(leaving: 0)
        bulkWorks = true
      }
      return rows
    case .multiRow(let prefix, let group):
      if let rows = try sendWide(wire, row, batch, firstRow, prefix, group) { return rows }
      fallthrough
    case .single:
      PacketBuilder.execute(statement.id, wire, row..<(row + 1), into: &packet)
      // Warnings can be asked for until the next command.
      let many = statement.fieldCount == 0 && session.isInTransaction && !isCall && !mayChange
      try settle(leaving: many ? RowSender.singlesInFlight - 1 : 0)
      try dispatch(.execute, Sent(batch: batch, rows: row..<(row + 1), firstRow: firstRow, hasSavepoint: false))
      return 1
    }
  }

  /// One statement for as many rows as its placeholders, nil when too few rows are left or they are too large.
  private func sendWide(
    _ wire: WireRows, _ row: Int, _ batch: RecordBatch, _ firstRow: Int64, _ prefix: String, _ group: String
  ) throws -> Int? {
    let most = min(RowSender.rowsPerStatement, RowSender.placeholders / max(wire.width, 1))
    guard most > 1, batch.count - row >= most else { return nil }
    if wide == nil {
      try settle(leaving: 0)
      let text = prefix + repeatElement(group, count: most).joined(separator: ",")
      wide = (try prepare(text), most)
    }
    guard let wide else { return nil }
    PacketBuilder.execute(wide.statement.id, wire, row..<(row + most), into: &packet)
    if packet.count > packetLimit { return nil }
    try settle(leaving: 0)
    try dispatch(.execute, Sent(batch: batch, rows: row..<(row + most), firstRow: firstRow, hasSavepoint: false))
    return most
  }

  private func prepare(_ text: String) throws -> NativeConnection.Prepared {
    do { return try session.prepare(text) } catch { throw error.failure(doing) }
  }

  /// Sends the packet, after a savepoint that a search for a bad row can go back to.
  private func dispatch(_ command: NativeConnection.Command, _ sent: Sent) throws {
    var sent = sent
    do throws(DatabaseError) {
      if canTrace && sent.rows.count > 1 && session.isInTransaction {
        try session.send("SAVEPOINT ferry_chunk")
        sent.hasSavepoint = true
      }
      try sendPacket(command)
    } catch {
      throw error.failure("\(doing), \(RowSender.name(sent.rows, sent.firstRow))")
    }
    pending.append(sent)
  }

  private func sendPacket(_ command: NativeConnection.Command) throws(DatabaseError) {
    try session.send(command, packet)
  }

  // MARK: answers

  /// Reads answers until at most so many are left.
  private func settle(leaving rest: Int) throws {
    while pending.count > rest {
      let sent = pending.removeFirst()
      do throws(DatabaseError) { try readAnswers(sent) } catch { try failed(sent, error) }
    }
  }

  /// Both answers are read even if the first is an error: a cancel can hit either.
  private func readAnswers(_ sent: Sent) throws(DatabaseError) {
    var problem: DatabaseError?
    if sent.hasSavepoint {
      do throws(DatabaseError) { _ = try session.answer(pipelined: true) } catch { problem = error }
    }
    if !session.isLost {
      do throws(DatabaseError) { try count(session.answer(to: statement, pipelined: true)) } catch {
        problem = problem ?? error
      }
    }
    if let problem { throw problem }
    if mayChange, let change = try session.changeOfValues() { throw change }
  }

  private func count(_ answer: NativeConnection.Answer) throws(DatabaseError) {
    var answer: NativeConnection.Answer? = answer
    while let current = answer {
      switch current {
      case .done(let rows): affected += rows == UInt64.max ? 0 : Int64(rows)
      case .rows: try session.skipRows()
      }
      answer = try session.nextAnswer()
    }
  }

  /// Waits for all answers; returns the rows changed since the last call.
  func finish() throws -> Int64 {
    try settle(leaving: 0)
    defer {
      finished += affected
      affected = 0
    }
    return affected
  }

  /// Reads what is still on its way, so that the connection can take a rollback.
  func abort() {
    session.line.within(Patience.rollback) {
      for sent in pending where !session.isLost {
        do throws(DatabaseError) { try readAnswers(sent) } catch {}
      }
    }
    pending = []
  }

  // MARK: which row it was

  private static func name(_ rows: Range<Int>, _ firstRow: Int64) -> String {
    let first = firstRow + Int64(rows.lowerBound)
    return rows.count <= 1 ? "row \(first)" : "rows \(first) to \(firstRow + Int64(rows.upperBound) - 1)"
  }

  private func failed(_ sent: Sent, _ error: DatabaseError) throws {
    abort()
    if case .bulk = mode, !bulkWorks, error.isUnsupported {
      mode = .single
      return try repeatRows(sent)
    }
    if sent.hasSavepoint, error.category == .data, let (row, cause) = trace(sent) {
      throw cause.failure("\(doing), row \(row)")
    }
    throw error.failure("\(doing), \(RowSender.name(sent.rows, sent.firstRow))")
  }

  /// Some statements cannot take many rows of parameters: the server says so at the first command.
  private func repeatRows(_ sent: Sent) throws {
    let wire = try RowEncoder.encode(sent.batch)
    for row in sent.rows { _ = try send(wire, from: row, of: sent.batch, sent.firstRow) }
    try settle(leaving: 0)
  }

  /// Runs the rows of a failed command one by one until one fails by itself. Nothing of it stays: the transaction is
  /// about to be rolled back.
  private func trace(_ sent: Sent) -> (row: Int64, DatabaseError)? {
    guard let wire = try? RowEncoder.encode(sent.batch), goBack() else { return nil }
    for row in sent.rows {
      do throws(DatabaseError) {
        PacketBuilder.execute(statement.id, wire, row..<(row + 1), into: &packet)
        try sendPacket(.execute)
        try count(session.answer(to: statement))
        if mayChange, let change = try session.changeOfValues() { throw change }
      } catch {
        return (sent.firstRow + Int64(row), error)
      }
    }
    return nil
  }

  /// False when a table in the transaction cannot roll back: repeating rows would store them twice.
  private func goBack() -> Bool {
    do throws(DatabaseError) {
      try session.run("ROLLBACK TO SAVEPOINT ferry_chunk")
      return session.warningCount == 0
    } catch { return false }
  }
}

extension DatabaseError {
  /// The statement is not one for many rows of parameters.
  fileprivate var isUnsupported: Bool { number == 1_295 || number == 1_235 }
}
