internal import Records
internal import SQL

/// The rows of a running statement, read packet by packet as they arrive.
final class MySQLRows: SQLRows {
  /// What the rows of a command have in common.
  struct Source {
    let session: NativeConnection
    /// Closed on the server when the last row is read.
    let statement: NativeConnection.Prepared?
    let doing: String
    /// Nothing is lost when the server is stopped before it has made the rest of the rows.
    let mayStopEarly: Bool
    let decoder: ([WireField]) -> any PacketDecoder
  }

  let schema: Schema
  private let source: Source
  private let decoder: any PacketDecoder
  private var isOpen = true
  /// The columns of the next result, whose rows are on their way.
  private var following: [WireField]?

  init(_ source: Source, _ fields: [WireField]) {
    self.source = source
    decoder = source.decoder(fields)
    schema = decoder.schema
  }

  private var session: NativeConnection { source.session }

  func next() throws -> RecordBatch? {
    guard isOpen else { return nil }
    do {
      let isFull = try decoder.fill(from: session)
      if !isFull {
        isOpen = false
        following = try nextFields()
        if session.interrupter.wasUsed { throw DatabaseError.interrupted }
        if decoder.isEmpty { return nil }
      }
      return try decoder.finish()
    } catch let error as DatabaseError {
      isOpen = false
      throw error.failure("\(source.doing), after row \(decoder.rows)")
    }
  }

  func nextResult() throws -> (any SQLRows)? {
    do throws(DatabaseError) {
      if isOpen {
        isOpen = false
        try session.skipRows()
        following = try nextFields()
      }
    } catch {
      throw error.failure(source.doing)
    }
    guard let fields = following else { return nil }
    following = nil
    return MySQLRows(source, fields)
  }

  /// The columns of the next answer that has rows. A procedure ends with an answer of its own, without any.
  private func nextFields() throws(DatabaseError) -> [WireField]? {
    while let answer = try session.nextAnswer() {
      if case .rows(let fields) = answer { return fields }
    }
    return nil
  }

  /// So many rows are read to get to the end of a result that nobody wants, before the server is told to stop.
  private static let patience = 1_000

  func close() {
    guard isOpen || following != nil else { return }
    isOpen = false
    following = nil
    do throws(DatabaseError) {
      var left = source.mayStopEarly ? MySQLRows.patience : Int.max
      repeat {
        while session.isReading {
          if try !session.skipRow() { break }
          left -= 1
          if left == 0 { session.interrupter.stopStatement() }
        }
      } while try nextFields() != nil
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
  func fill(from session: NativeConnection) throws -> Bool
  func finish() throws -> RecordBatch
}

extension RowDecoder: PacketDecoder {}
