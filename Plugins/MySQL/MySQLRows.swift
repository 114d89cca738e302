internal import Records
internal import SQL

/// The rows of a running statement, read packet by packet as they arrive.
final class MySQLRows: SQLRows {
  let schema: Schema
  private let session: Session
  private let decoder: any PacketDecoder
  /// Closed on the server when the last row is read.
  private let statement: Session.Prepared?
  private let doing: String
  private var isOpen = true

  init(_ session: Session, _ decoder: any PacketDecoder, _ statement: Session.Prepared?, doing: String) {
    self.statement = statement
    self.session = session
    self.decoder = decoder
    self.doing = doing
    schema = decoder.schema
  }

  func next() throws -> RecordBatch? {
    guard isOpen else { return nil }
    do {
      let isFull = try decoder.fill(from: session)
      if !isFull {
        isOpen = false
        try skipRest()
        if session.interrupter.wasUsed { throw ServerError.interrupted }
        if decoder.isEmpty { return nil }
      }
      return try decoder.finish()
    } catch let error as ServerError {
      isOpen = false
      throw error.failure("\(doing), after row \(decoder.rows)")
    }
  }

  /// A procedure ends with an answer of its own, and may give further rows. Those are not part of the result.
  private func skipRest() throws(ServerError) {
    while let answer = try session.nextAnswer() {
      if case .rows = answer { while try unsafe session.nextPacket() != nil {} }
    }
  }

  /// So many rows are read to get to the end of a result that nobody wants, before the server is told to stop.
  private static let patience = 1_000

  func close() {
    guard isOpen else { return }
    isOpen = false
    do throws(ServerError) {
      for _ in 0..<MySQLRows.patience where session.isReading {
        if try unsafe session.nextPacket() == nil { return try skipRest() }
      }
      guard session.isReading else { return }
      session.interrupter.interrupt()
      while try unsafe session.nextPacket() != nil {}
      try skipRest()
    } catch {
      // The interrupted statement ends in an error: that is what was asked for.
    }
  }
}

/// One of the two forms in which rows arrive.
protocol PacketDecoder: AnyObject {
  var schema: Schema { get }
  var rows: Int64 { get }
  var isEmpty: Bool { get }
  /// Reads rows until a batch is full (true) or the result ends (false).
  func fill(from session: Session) throws -> Bool
  func finish() throws -> RecordBatch
}

extension RowDecoder: PacketDecoder {
  func fill(from session: Session) throws -> Bool {
    while let row = try unsafe session.nextPacket() {
      if try unsafe append(row) { return true }
    }
    return false
  }
}
