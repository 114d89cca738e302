internal import CODBC
internal import Records
internal import SQL

/// The values of a rowset into the builders of a batch: for each column a loop over its rows.
final class RowDecoder {
  let schema: Schema
  private let fields: [ResultField]
  private let statement: StatementHandle
  private let plan: RowsetPlan
  private let invalidText: InvalidText
  private let batch: BatchBuilder
  private let columns: [BoundColumn]
  private let parsers: [ValueParser]
  private var finishedRows: Int64 = 0
  private let longValues = LongValues()
  private var scratch = ByteBuffer()

  /// What is wrong with a value; the loop adds row and column.
  enum Fault: Hashable {
    case malformed, tooLong, invalidText, finer, outOfRange
    /// The driver said that there is more of it, and gives no way to have it.
    case cut
  }

  /// A fault, and the row of the rowset.
  struct Stop: Error {
    var fault: Fault
    var row: Int
  }

  init(_ statement: StatementHandle, _ fields: [ResultField], _ options: QueryOptions) throws(DatabaseError) {
    self.statement = statement
    self.fields = fields
    let connection = statement.connection
    invalidText = options.invalidText
    plan = RowsetPlan(
      fields, connection.facts, connection.traits, most: options.firstRowOnly ? 1 : options.fetchSize)
    schema = Schema(
      fields.map { Field($0.name, $0.type.type, nullable: $0.isNullable, sourceType: $0.type.declaration) })
    batch = BatchBuilder(schema)
    let rows = plan.rows
    columns = zip(fields, plan.parts).map { field, part in
      BoundColumn(
        part.codec.native(field.type.type), width: part.isUnbound ? 1 : part.width, rows: part.isUnbound ? 1 : rows)
    }
    parsers = fields.map { ValueParser($0.type.type, bytes: .hex) }
    let bound = columns.enumerated().filter { !plan.parts[$0.offset].isUnbound }
    try statement.bind(bound.map { ($0.offset + 1, $0.element) }, rows: rows)
  }

  /// Rows of the result so far.
  var rows: Int64 { finishedRows + Int64(batch.count) }
  var isEmpty: Bool { batch.count == 0 }

  func finish() -> RecordBatch {
    finishedRows += Int64(batch.count)
    return batch.finish()
  }

  /// What a call of the driver, or a value, is to blame for.
  enum Problem: Error {
    case database(DatabaseError)
    case value(Failure)
  }

  /// Fetches rowsets until a batch is full (true) or the result ends (false).
  func fill(most: Int) throws(DatabaseError) -> Result<Bool, Failure> {
    while true {
      let rows = try statement.fetch()
      if rows == 0 { return .success(false) }
      var bytes = rows * fields.count * 5
      for index in columns.indices {
        do throws(Stop) {
          bytes += try append(index, rows)
        } catch {
          return .failure(failure(error.fault, index, self.rows + Int64(error.row) + 1))
        }
        if let problem = pending {
          pending = nil
          throw problem
        }
      }
      batch.finishRows(rows, bytes: bytes)
      if batch.count + plan.rows > batch.maxRows || batch.byteCount >= batch.maxBytes || batch.count >= most {
        return .success(true)
      }
    }
  }

  /// An error of the driver while a long value was asked for.
  private var pending: DatabaseError?

  /// The values of a column; how many bytes they have.
  private func append(_ index: Int, _ rows: Int) throws(Stop) -> Int {
    let part = plan.parts[index]
    if part.isUnbound {
      try appendAsked(index, row: nil)
      return scratch.count
    }
    let column = columns[index]
    let builder = batch.columns[index]
    switch part.codec {
    case .fixed1: return Fixed<UInt8>.append(column, rows, to: builder)
    case .fixed2: return Fixed<UInt16>.append(column, rows, to: builder)
    case .fixed4: return Fixed<UInt32>.append(column, rows, to: builder)
    case .fixed8: return Fixed<UInt64>.append(column, rows, to: builder)
    case .widened: return appendWidened(column, rows, to: builder)
    case .bool: return appendBools(column, rows, to: builder)
    case .date: return try StructValues.appendDates(column, rows, to: builder)
    case .timestamp(let unit): return try StructValues.appendTimestamps(column, rows, unit, to: builder)
    case .wide, .narrow, .bytes, .parsed: return try appendVariable(index, column, rows, to: builder)
    }
  }

  private enum Fixed<T: FixedWidthInteger & BitwiseCopyable> {
    @inline(__always)
    static func append(_ column: BoundColumn, _ rows: Int, to builder: ColumnBuilder) -> Int {
      let lengths = column.indicators
      let values = column.values(as: T.self)
      for row in 0..<rows {
        if lengths[row] == SQLLEN(SQL_NULL_DATA) { builder.appendNull() } else { builder.append(values[row]) }
      }
      return rows * MemoryLayout<T>.size
    }
  }

  private func appendBools(_ column: BoundColumn, _ rows: Int, to builder: ColumnBuilder) -> Int {
    let lengths = column.indicators
    let values = column.values(as: UInt8.self)
    for row in 0..<rows {
      if lengths[row] == SQLLEN(SQL_NULL_DATA) { builder.appendNull() } else { builder.append(bool: values[row] != 0) }
    }
    return rows
  }

  private func appendWidened(_ column: BoundColumn, _ rows: Int, to builder: ColumnBuilder) -> Int {
    let lengths = column.indicators
    let values = column.values(as: Double.self)
    for row in 0..<rows {
      if lengths[row] == SQLLEN(SQL_NULL_DATA) { builder.appendNull() } else { builder.append(Float(values[row])) }
    }
    return rows * 4
  }

  // MARK: values with a length

  private func appendVariable(
    _ index: Int, _ column: BoundColumn, _ rows: Int, to builder: ColumnBuilder
  ) throws(Stop) -> Int {
    let codec = plan.parts[index].codec
    let room = column.width - codec.terminator
    let lengths = column.indicators
    var total = 0
    for row in 0..<rows {
      let length = Int(lengths[row])
      if length == Int(SQL_NULL_DATA) {
        builder.appendNull()
      } else if length < 0 || length > room {
        try appendAsked(index, row: row)
        total += scratch.count
      } else {
        if let fault = append(column, codec, index, row, length, to: builder) { throw Stop(fault: fault, row: row) }
        total += length
      }
    }
    return total
  }

  @inline(__always)
  private func append(
    _ column: BoundColumn, _ codec: FieldCodec, _ index: Int, _ row: Int, _ length: Int, to builder: ColumnBuilder
  ) -> Fault? {
    guard builder.variableByteCount + length * 2 <= Int(Int32.max) else { return .tooLong }
    let start = row * column.width
    switch codec {
    case .wide:
      let units = column.values(as: UInt16.self).extracting(start / 2..<(start + length) / 2)
      return append(wide: units, to: builder)
    default:
      let bytes = column.values(as: UInt8.self).extracting(start..<start + length)
      return append(bytes, codec, index, to: builder)
    }
  }

  private func append(wide units: Span<UInt16>, to builder: ColumnBuilder) -> Fault? {
    let result = builder.append(upTo: units.count * 3) { WideText.append(units, to: &$0) ? .ok : .malformed }
    if result == .ok { return nil }
    var bytes = ByteBuffer(capacity: units.count * 3)
    bytes.append(upTo: units.count * 3) { _ = WideText.append(units, to: &$0) }
    return append(repaired: bytes.span, to: builder)
  }

  private func append(repaired bytes: Span<UInt8>, to builder: ColumnBuilder) -> Fault? {
    guard let text = TextRepair.repaired(bytes, invalidText) else { return .invalidText }
    builder.append(text: text)
    return nil
  }

  private func append(
    _ bytes: Span<UInt8>, _ codec: FieldCodec, _ index: Int, to builder: ColumnBuilder
  ) -> Fault? {
    switch codec {
    case .narrow:
      guard UTF8Text.isValid(bytes) else { return append(repaired: bytes, to: builder) }
      builder.append(bytes: bytes)
    case .bytes: builder.append(bytes: bytes)
    default:
      switch parsers[index].append(bytes.trimmed, to: builder) {
      case .ok: break
      case .losesDigits: return .finer
      case .outOfRange: return .outOfRange
      default: return .malformed
      }
    }
    return nil
  }

  // MARK: long values

  /// Asks for a value by itself and appends it; `scratch` then has its bytes.
  /// - Parameter row: of the rowset; nil for a column that has no room in it.
  private func appendAsked(_ index: Int, row: Int?) throws(Stop) {
    if let row, plan.refetch == .never { throw Stop(fault: .cut, row: row) }
    let codec = plan.parts[index].codec
    let isThere: Bool
    do throws(DatabaseError) {
      if let row, plan.refetch == .inBlock { try statement.position(row) }
      isThere = try longValues.read(statement, index + 1, codec, fields[index].type.type, into: &scratch)
    } catch {
      pending = error
      batch.columns[index].appendNull()
      return
    }
    guard isThere else { return batch.columns[index].appendNull() }
    if let fault = appendLong(index, codec) { throw Stop(fault: fault, row: row ?? 0) }
  }

  private func appendLong(_ index: Int, _ codec: FieldCodec) -> Fault? {
    let builder = batch.columns[index]
    guard builder.variableByteCount + scratch.count * 2 <= Int(Int32.max) else { return .tooLong }
    var bytes = ByteBuffer()
    swap(&bytes, &scratch)
    defer { swap(&bytes, &scratch) }
    switch codec {
    case .wide: return bytes.span.withUnits { append(wide: $0, to: builder) }
    case .fixed1, .fixed2, .fixed4, .fixed8, .widened, .bool, .date, .timestamp:
      return appendStruct(bytes.span, codec, to: builder)
    default: return append(bytes.span, codec, index, to: builder)
    }
  }

  private func appendStruct(_ bytes: Span<UInt8>, _ codec: FieldCodec, to builder: ColumnBuilder) -> Fault? {
    switch codec {
    case .fixed1: builder.append(bytes[0])
    case .fixed2: builder.append(bytes.little(at: 0, as: UInt16.self))
    case .fixed4: builder.append(bytes.little(at: 0, as: UInt32.self))
    case .fixed8: builder.append(bytes.little(at: 0, as: UInt64.self))
    case .widened: builder.append(Float(Double(bitPattern: bytes.little(at: 0, as: UInt64.self))))
    case .bool: builder.append(bool: bytes[0] != 0)
    case .date:
      guard let days = StructValues.days(bytes, at: 0) else { return .malformed }
      builder.append(days)
    case .timestamp(let unit):
      var fault: Fault?
      let stamp = StructValues.timestamp(bytes, at: 0, unit, &fault)
      if let fault { return fault }
      builder.append(stamp)
    default: return .malformed
    }
    return nil
  }

  @inline(never)
  private func failure(_ fault: Fault, _ column: Int, _ row: Int64) -> Failure {
    let place = "reading column '\(schema.fields[column].name)' of row \(row)"
    let type = fields[column].type.declaration
    return switch fault {
    case .malformed:
      Failure(.data, "\(place): what the driver gives is not a value of the type \(type)", code: "22018")
    case .tooLong: Failure(.data, "\(place): the batch's values are longer than 2 GiB")
    case .invalidText:
      Failure(
        .data, "\(place): the text is not valid Unicode", hint: "Set 'invalidText' to replace or escape",
        code: "22021")
    case .finer:
      Failure(.data, "\(place): the \(type) has more digits than \(fields[column].type.type.name) keeps", code: "22008")
    case .outOfRange:
      Failure(
        .data, "\(place): the \(type) is outside of the range of \(fields[column].type.type.name)", code: "22008")
    case .cut:
      Failure(
        .data,
        "\(place): the value is longer than the driver says that a \(type) is, and it gives no way to have "
          + "the rest", hint: "Cast the column to a longer type in the query", code: "01004")
    }
  }
}

extension Span<UInt8> {
  /// Without blanks at both ends.
  fileprivate var trimmed: Span<UInt8> {
    @_lifetime(copy self)
    get {
      var (first, end) = (0, count)
      while first < end, self[first] == 32 { first += 1 }
      while end > first, self[end - 1] == 32 { end -= 1 }
      return extracting(first..<end)
    }
  }
}
