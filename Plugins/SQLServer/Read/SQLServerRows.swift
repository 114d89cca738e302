internal import Records
internal import SQL

/// The rows of a running statement, read as they arrive.
final class SQLServerRows: SQLRows {
  /// What the rows of a command have in common.
  struct Source {
    let connection: NativeConnection
    let unit: TimeUnit
    let invalidText: InvalidText
    let firstRowOnly: Bool
    /// Nothing is lost when the server is stopped before it has made the rest of the rows.
    let mayStopEarly: Bool
  }

  let schema: Schema
  private let source: Source
  private let decoder: RowDecoder
  private var isOpen = true
  /// The columns of the next result, whose rows are on their way.
  private var following: [ResultColumn]?

  init(_ source: Source, _ columns: [ResultColumn]) throws {
    self.source = source
    decoder = try RowDecoder(columns, source.unit)
    schema = decoder.schema
  }

  private var connection: NativeConnection { source.connection }

  func next() throws -> RecordBatch? {
    guard isOpen else { return nil }
    do {
      let isFull = try decoder.fill(from: connection, most: source.firstRowOnly ? 1 : .max)
      if !isFull {
        isOpen = false
        following = try nextColumns()
        if connection.interrupter.wasUsed { throw DatabaseError.interrupted }
      }
      try checkTexts()
      return decoder.isEmpty ? nil : decoder.finish()
    } catch let error as DatabaseError {
      isOpen = false
      throw error.failure("reading the result, after row \(decoder.rows)")
    }
  }

  /// The library makes question marks of what it cannot convert, and says so beside the rows.
  private func checkTexts() throws {
    guard source.invalidText == .error, connection.messages.hasUnreadableText else { return }
    throw Failure(
      .data, "reading the result, before row \(decoder.rows + 1): a text has characters that FreeTDS cannot convert",
      hint: "Set invalidText to replace to read such rows", code: "22021")
  }

  func nextResult() throws -> (any SQLRows)? {
    do throws(DatabaseError) {
      if isOpen {
        isOpen = false
        _ = try connection.skipRows()
        following = try nextColumns()
      }
    } catch {
      throw error.failure("reading the result")
    }
    guard let columns = following else { return nil }
    following = nil
    return try SQLServerRows(source, columns)
  }

  private func nextColumns() throws(DatabaseError) -> [ResultColumn]? {
    while let answer = try connection.nextAnswer() {
      if case .rows(let columns) = answer { return columns }
    }
    return nil
  }

  /// So many rows are read to get to the end of a result that nobody wants, before the server is told to stop.
  private static let patience = 1_000

  func close() {
    guard isOpen || following != nil else { return }
    isOpen = false
    following = nil
    guard connection.isBusy else { return }
    do throws(DatabaseError) {
      if source.mayStopEarly, try !connection.skipRows(SQLServerRows.patience) { return connection.stop() }
      try connection.finish()
    } catch {
      // Whatever went wrong behind the last row that was wanted: the next statement says so if it matters.
    }
  }
}
