internal import Records
internal import SQL

/// The rows of a running query.
final class PostgreSQLRows: SQLRows {
  let schema: Schema
  private let connection: NativeConnection
  private let decoder: RowDecoder
  private let road: ResultPlan.Road
  private let doing: String
  private let mayStopEarly: Bool
  private var rowsBefore: Int64 = 0
  private var isAtEnd = false
  private var hasHeader = false

  init(_ plan: ResultPlan, _ connection: NativeConnection, _ doing: String, _ options: QueryOptions) {
    self.connection = connection
    self.doing = doing
    schema = plan.schema
    road = plan.road
    mayStopEarly = plan.mayStopEarly
    let isChecked = connection.setting("server_encoding") != "SQL_ASCII"
    decoder = RowDecoder(plan.schema, plan.types, invalidText: isChecked ? nil : options.invalidText)
  }

  deinit { close() }

  func next() throws -> RecordBatch? {
    if isAtEnd { return nil }
    let isFull = try road == .copy ? fillFromCopy() : fillFromRows()
    let batch = decoder.builder.count > 0 || isFull ? decoder.builder.finish() : nil
    rowsBefore += Int64(batch?.count ?? 0)
    return batch
  }

  /// A query that is given up is stopped; a statement that changes something is run to its end.
  func close() {
    guard !isAtEnd else { return }
    isAtEnd = true
    guard !connection.isBroken else { return }
    guard mayStopEarly else { return readToEnd() }
    connection.makeCanceller().stopStatement()
    connection.line.within(Patience.abandon) { readToEnd() }
  }

  private func readToEnd() {
    if road == .copy { try? connection.skipCopy(doing) }
    _ = try? connection.lastResult(doing)
  }

  // MARK: COPY

  /// True when the batch is full, false at the end of the rows.
  private func fillFromCopy() throws -> Bool {
    let builder = decoder.builder
    let (maxRows, maxBytes) = (builder.maxRows, builder.maxBytes)
    var isFirst = !hasHeader
    var (rows, bytes) = (0, 0)
    defer { builder.finishRows(rows, bytes: bytes) }
    let isFull = try unsafe connection.copyRows(doing) { message in
      var header = 0
      if isFirst {
        isFirst = false
        hasHeader = true
        header = try unsafe headerLength(Span(_unsafeBytes: message))
        if header == message.count { return true }
      }
      // The trailer: a field count of -1.
      if message.count - header == 2 { return true }
      do throws(RowDecoder.Fault) { try unsafe decoder.append(copyRow: message, behind: header) } catch {
        throw failure(error, after: rows)
      }
      rows += 1
      bytes += message.count - header
      return rows < maxRows && bytes < maxBytes
    }
    if isFull { return true }
    isAtEnd = true
    _ = try connection.lastResult(doing)
    return false
  }

  /// `PGCOPY\n\377\r\n\0`, flags, the length of an extension, the extension.
  private func headerLength(_ message: Span<UInt8>) throws -> Int {
    let signature: [UInt8] = [80, 71, 67, 79, 80, 89, 10, 255, 13, 10, 0]
    guard message.count >= 19, message.starts(with: signature) else {
      throw Failure(.bug, "\(doing): the server's COPY does not start as a binary one")
    }
    let length = 19 + Int(message.big(at: 15, as: UInt32.self))
    guard length <= message.count else { throw Failure(.bug, "\(doing): the header of the server's COPY is cut") }
    return length
  }

  // MARK: row by row

  private func fillFromRows() throws -> Bool {
    while let result = try connection.nextResult(doing) {
      switch result.status {
      case .singleTuple:
        do throws(RowDecoder.Fault) {
          if try decoder.append(result, row: 0) { return true }
        } catch { throw failure(error) }
      case .failed:
        let failure = result.error.failure(doing)
        isAtEnd = true
        _ = try? connection.lastResult(doing)
        throw failure
      default: break
      }
    }
    isAtEnd = true
    return false
  }

  // MARK: faults

  private func failure(_ fault: RowDecoder.Fault, after rows: Int = 0) -> Failure {
    let field = schema.fields.indices.contains(decoder.faultyColumn) ? schema.fields[decoder.faultyColumn] : nil
    let name = field?.name ?? "?"
    let row = rowsBefore + Int64(decoder.builder.count + rows) + 1
    let type = field?.type.name ?? "?"
    let place = "\(doing): row \(row), column '\(name)'"
    switch fault {
    case .range:
      return Failure(
        .data, "\(place): the value is outside of what \(type) holds", hint: "Cast it in the query: \(name)::text")
    case .notFinite:
      return Failure(
        .data, "\(place): the value is NaN, which \(type) cannot hold", hint: "Cast it in the query: \(name)::numeric")
    case .encoding:
      return Failure(
        .data, "\(place): the text is not valid UTF-8", hint: "Set invalidText to replace or escape, if that is wanted")
    case .dimensions:
      return Failure(
        .data, "\(place): the array has another number of dimensions than \(type)",
        hint: "Cast it in the query: \(name)::text")
    case .length, .malformed, .none:
      return Failure(.bug, "\(place): the server's value is not in the form that \(type) has")
    }
  }
}
