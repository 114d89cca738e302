public import Records

/// Writes batches as CSV.
public final class CSVWriter: RecordSink {
  private let output: any ByteOutput
  private let options: CSVWriteOptions
  private let schema: Schema
  private let plans: [Plan]
  private let blocks: [CellBlock]
  private let format: CSVFormat
  /// Single bytes between fields, CR and LF between rows.
  private let isUsual: Bool
  private let null: [UInt8]
  /// The row that is being written, and the first that cannot be for want of quotes.
  private var row = 0
  private var unquotableRow: Int?
  private var text = ByteBuffer(capacity: RowAssembler.flushSize + (1 << 16))
  public private(set) var rowCount = 0

  private struct Plan {
    /// Every value is quoted.
    let isQuoted: Bool
    /// A value may hold something that only quotes can carry.
    let mayNeedQuotes: Bool
    let isText: Bool
    let pattern: TextPattern?

    var quoted: Plan { Plan(isQuoted: true, mayNeedQuotes: true, isText: isText, pattern: pattern) }
  }

  public init(_ output: any ByteOutput, schema: Schema, _ options: CSVWriteOptions = CSVWriteOptions()) throws {
    self.output = try CharsetOutput.encode(output, charset: options.charset)
    self.options = options
    self.schema = schema
    let format = try CSVFormat(
      separator: options.fieldSeparator, quote: options.textDelimiter, lineEnd: options.lineDelimiter)
    self.format = format
    isUsual =
      format.separator.count == 1 && format.quote.count <= 1 && format.lineEnd.allSatisfy { $0 == 10 || $0 == 13 }
    null = Array(options.nullValue.utf8)
    plans = try schema.fields.map { try CSVWriter.plan($0.type, options, format) }
    blocks = schema.fields.enumerated().map { index, _ in
      let block = CellBlock()
      if index > 0 { block.before = format.separator }
      return block
    }
    if options.header { try writeHeader() }
  }

  private static func plan(_ type: DataType, _ options: CSVWriteOptions, _ separators: CSVFormat) throws -> Plan {
    let isNumber: Bool
    switch type {
    case .bool, .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64, .float32, .float64, .decimal,
      .numeric:
      isNumber = true
    default: isNumber = false
    }
    var pattern: TextPattern?
    let (format, property): (String?, String)
    switch type {
    case .date: (format, property) = (options.dateFormat, "dateFormat")
    case .time: (format, property) = (options.timeFormat, "timeFormat")
    case .timestamp(_, let zoned):
      // Another zone than UTC needs its offset behind the time.
      let isShifted = zoned && options.timeZone != "UTC"
      (format, property) = (
        options.dateTimeFormat ?? (isShifted ? "yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX" : nil), "dateTimeFormat"
      )
    case .offsetTimestamp: (format, property) = (options.dateTimeFormat, "dateTimeFormat")
    default: (format, property) = (nil, "")
    }
    if let format { pattern = try TextPattern(format, for: type, zone: options.timeZone, property: property) }
    // Separators that also stand in numbers and dates.
    let special = separators.separator + separators.quote + separators.lineEnd
    let collides = special.contains { $0 &- 48 < 10 || "+-.:/ ".utf8.contains($0) || ($0 | 0x20) &- 0x61 < 26 }
    return Plan(
      isQuoted: options.quoteMode == .always || (options.quoteMode == .nonNumeric && !isNumber),
      mayNeedQuotes: !isNumber && type != .uuid && (pattern != nil || type.layout == .variable || type.layout == .list)
        || collides || !options.nullValue.isEmpty,
      isText: type.isTextual, pattern: pattern)
  }

  private func writeHeader() throws {
    for (index, field) in schema.fields.enumerated() {
      if index > 0 { text.append(format.separator) }
      let name = field.name.utf8.span
      let isMark = index == 0 && CSVWriter.startsWithMark(name)
      if isMark, format.quote.isEmpty { unquotableRow = 0 }
      append(name, isQuoted: options.quoteMode != .required || isMark, to: &text)
    }
    if !schema.fields.isEmpty { text.append(format.lineEnd) }
    if unquotableRow != nil { throw unquotable("the names of the columns") }
  }

  private func unquotable(_ what: String) -> Failure {
    Failure(
      .data, "writing '\(output.name)': \(what) would not come back as written without quotes",
      hint: "Set 'textDelimiter', or choose another 'fieldSeparator', 'lineDelimiter' or 'nullValue'")
  }

  /// What would be taken for the file's byte order mark where the file begins with it.
  private static func startsWithMark(_ bytes: Span<UInt8>) -> Bool {
    bytes.starts(with: [0xEF, 0xBB, 0xBF])
  }

  /// Appends a field, in quotes where it needs them.
  @inline(__always)
  private func append(_ bytes: Span<UInt8>, isQuoted: Bool, to out: inout ByteBuffer) {
    if bytes.isEmpty {
      if isQuoted || null.isEmpty { quote(bytes, to: &out) }
      return
    }
    let needsQuotes = format.needsQuotes(bytes, isUsual: isUsual) || isNull(bytes)
    if needsQuotes && format.quote.isEmpty { unquotableRow = unquotableRow ?? row }
    if needsQuotes || isQuoted {
      quote(bytes, to: &out)
    } else {
      out.append(bytes)
    }
  }

  /// Whether a reader would take a text without quotes for NULL. `\N` means NULL to many, Ferry's own among them.
  @inline(__always)
  private func isNull(_ bytes: Span<UInt8>) -> Bool {
    if bytes.count == 2 && bytes[0] == UInt8(ascii: "\\") && bytes[1] == UInt8(ascii: "N") { return true }
    return bytes.isExactly(null)
  }

  private func quote(_ bytes: Span<UInt8>, to out: inout ByteBuffer) {
    guard format.quote.count == 1 else { return quoteAny(bytes, to: &out) }
    let quote = format.quote[0]
    out.append(upTo: bytes.count * 2 + 2) { room in
      room.append(quote)
      for position in bytes.indices {
        let byte = bytes[position]
        room.append(byte)
        if byte == quote { room.append(quote) }
      }
      room.append(quote)
    }
  }

  /// The same for quotes of several bytes, or none.
  private func quoteAny(_ bytes: Span<UInt8>, to out: inout ByteBuffer) {
    let quote = format.quote
    out.append(quote)
    for position in 0..<bytes.count {
      // The bytes of a character never stand within another: the last one tells a whole quote.
      out.append(byte: bytes[position])
      guard let last = quote.last, bytes[position] == last, position + 1 >= quote.count else { continue }
      let isQuote = bytes.extracting((position + 1 - quote.count)...position).isExactly(quote)
      if isQuote { out.append(quote) }
    }
    out.append(quote)
  }

  public func write(_ batch: RecordBatch) throws {
    let formatters = batch.columns.map { TextFormatter($0, bytes: options.bytes) }
    try withExtendedLifetime(batch) {
      var start = 0
      while start < batch.count {
        let rows = start..<min(start + CellBlock.rows, batch.count)
        for column in 0..<formatters.count {
          let isMark = start == 0 && column == 0 && beginsWithMark(batch)
          if isMark, format.quote.isEmpty { unquotableRow = 0 }
          let plan = isMark ? plans[0].quoted : plans[column]
          encode(formatters[column], rows, plan, blocks[column])
          if let row = unquotableRow {
            throw unquotable("column '\(schema.fields[column].name)' of row \(rowCount + row + 1)")
          }
        }
        RowAssembler.append(blocks, rows: rows.count, lineEnd: format.lineEnd, to: &text)
        start = rows.upperBound
        if text.count >= RowAssembler.flushSize { try flush() }
      }
    }
    rowCount += batch.count
  }

  /// Whether the first value of the file is a text that looks like a byte order mark.
  private func beginsWithMark(_ batch: RecordBatch) -> Bool {
    guard rowCount == 0, !options.header, plans[0].isText, !batch.columns[0].isNull(0) else { return false }
    let first = batch.columns[0]
    return CSVWriter.startsWithMark(ColumnView(first).bytes(0))
  }

  private func encode(_ formatter: TextFormatter, _ rows: Range<Int>, _ plan: Plan, _ block: CellBlock) {
    if plan.isText {
      if !plan.isQuoted, borrow(formatter, rows, block) { return }
      return block.write { out, ends in
        for row in rows {
          if formatter.isNull(row) {
            out.append(null)
          } else {
            self.row = row
            append(formatter.bytes(row), isQuoted: plan.isQuoted, to: &out)
          }
          ends[row - rows.lowerBound] = Int32(truncatingIfNeeded: out.count)
        }
      }
    }
    if !plan.isQuoted && !plan.mayNeedQuotes {
      return block.write { out, ends in
        formatter.append(rows, pattern: plan.pattern, isISO: true, to: &out, ends: &ends, null: null)
      }
    }
    var scratch = ByteBuffer()
    var end = [Int32(0)]
    block.write { out, ends in
      for row in rows {
        if formatter.isNull(row) {
          out.append(null)
        } else {
          self.row = row
          scratch.removeAll()
          var one = end.mutableSpan
          formatter.append(row..<row + 1, pattern: plan.pattern, isISO: true, to: &scratch, ends: &one, null: [])
          // Only bytes can be empty here, and without quotes they would be NULL.
          append(scratch.span, isQuoted: plan.isQuoted || scratch.isEmpty, to: &out)
        }
        ends[row - rows.lowerBound] = Int32(truncatingIfNeeded: out.count)
      }
    }
  }

  /// Takes the texts from the batch where none of them needs quotes: one look over all of them instead of a copy.
  private func borrow(_ formatter: TextFormatter, _ rows: Range<Int>, _ block: CellBlock) -> Bool {
    let view = formatter.view
    let offsets = view.offsets
    guard null.isEmpty, isUsual, !offsets.isEmpty else { return false }
    let all = view.allBytes
    let texts = all.extracting(Int(offsets[rows.lowerBound])..<Int(offsets[rows.upperBound]))
    if format.needsQuotes(texts, isUsual: true) { return false }
    for row in rows {
      let count = offsets[row + 1] - offsets[row]
      if count == 0 && !view.isNull(row) { return false }
      if count == 2 && isNull(view.bytes(row)) { return false }
    }
    if view.hasNulls { for row in rows where view.isNull(row) && offsets[row] != offsets[row + 1] { return false } }
    return block.borrow(formatter.column, rows)
  }

  private func flush() throws {
    try text.write(to: output)
    text.removeAll()
  }

  public func finish() throws {
    try flush()
    try output.commit()
  }
}
