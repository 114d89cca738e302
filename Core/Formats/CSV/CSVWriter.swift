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
  private var text = TextBuffer(capacity: RowAssembler.flushSize + (1 << 16))
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
      if index > 0 { unsafe format.separator.withUnsafeBytes { unsafe text.append(bytes: $0) } }
      var name = field.name
      name.withUTF8 { bytes in
        let bytes = UnsafeRawBufferPointer(bytes)
        let isMark = unsafe index == 0 && CSVWriter.startsWithMark(bytes)
        if isMark, format.quote.isEmpty { unquotableRow = 0 }
        let isQuoted = options.quoteMode != .required || isMark
        unsafe append(bytes, isQuoted: isQuoted, to: &text)
      }
    }
    if !schema.fields.isEmpty { unsafe format.lineEnd.withUnsafeBytes { unsafe text.append(bytes: $0) } }
    if unquotableRow != nil { throw unquotable("the names of the columns") }
  }

  private func unquotable(_ what: String) -> Failure {
    Failure(
      .data, "writing '\(output.name)': \(what) would not come back as written without quotes",
      hint: "Set 'textDelimiter', or choose another 'fieldSeparator', 'lineDelimiter' or 'nullValue'")
  }

  /// What would be taken for the file's byte order mark where the file begins with it.
  private static func startsWithMark(_ bytes: UnsafeRawBufferPointer) -> Bool {
    unsafe bytes.starts(with: [0xEF, 0xBB, 0xBF])
  }

  /// Appends a field, in quotes where it needs them.
  @inline(__always)
  private func append(_ bytes: UnsafeRawBufferPointer, isQuoted: Bool, to out: inout TextBuffer) {
    guard let base = unsafe bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count > 0 else {
      if isQuoted || null.isEmpty { unsafe quote(bytes, to: &out) }
      return
    }
    let needsQuotes = unsafe format.needsQuotes(base, bytes.count, isUsual: isUsual) || isNull(bytes)
    if needsQuotes && format.quote.isEmpty { unquotableRow = unquotableRow ?? row }
    if needsQuotes || isQuoted {
      unsafe quote(bytes, to: &out)
    } else {
      unsafe out.append(base, bytes.count)
    }
  }

  /// Whether a reader would take a text without quotes for NULL. `\N` means NULL to many, Ferry's own among them.
  @inline(__always)
  private func isNull(_ bytes: UnsafeRawBufferPointer) -> Bool {
    if unsafe bytes.count == 2 && bytes[0] == UInt8(ascii: "\\") && bytes[1] == UInt8(ascii: "N") { return true }
    return unsafe bytes.count == null.count && bytes.elementsEqual(null)
  }

  private func quote(_ bytes: UnsafeRawBufferPointer, to out: inout TextBuffer) {
    guard format.quote.count == 1 else { return unsafe quoteAny(bytes, to: &out) }
    let quote = format.quote[0]
    var room = unsafe out.reserve(bytes.count * 2 + 2)
    let start = unsafe room
    unsafe room[0] = quote
    unsafe room += 1
    for position in 0..<bytes.count {
      let byte = unsafe bytes[position]
      unsafe room[0] = byte
      unsafe room += 1
      if byte == quote {
        unsafe room[0] = quote
        unsafe room += 1
      }
    }
    unsafe room[0] = quote
    unsafe out.advance(room - start + 1)
  }

  /// The same for quotes of several bytes, or none.
  private func quoteAny(_ bytes: UnsafeRawBufferPointer, to out: inout TextBuffer) {
    let quote = format.quote
    unsafe quote.withUnsafeBytes { unsafe out.append(bytes: $0) }
    for position in 0..<bytes.count {
      // The bytes of a character never stand within another: the last one tells a whole quote.
      unsafe out.append(byte: bytes[position])
      guard let last = quote.last, unsafe bytes[position] == last, position + 1 >= quote.count else { continue }
      let isQuote = unsafe bytes[(position + 1 - quote.count)...position].elementsEqual(quote)
      if isQuote { unsafe quote.withUnsafeBytes { unsafe out.append(bytes: $0) } }
    }
    unsafe quote.withUnsafeBytes { unsafe out.append(bytes: $0) }
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
    return unsafe CSVWriter.startsWithMark(batch.columns[0].bytes(0))
  }

  private func encode(_ formatter: TextFormatter, _ rows: Range<Int>, _ plan: Plan, _ block: CellBlock) {
    if plan.isText {
      if !plan.isQuoted, borrow(formatter, rows, block) { return }
      return unsafe block.write { out, ends in
        for row in rows {
          if formatter.isNull(row) {
            unsafe null.withUnsafeBytes { unsafe out.append(bytes: $0) }
          } else {
            self.row = row
            unsafe append(formatter.bytes(row), isQuoted: plan.isQuoted, to: &out)
          }
          unsafe ends[row - rows.lowerBound] = Int32(truncatingIfNeeded: out.count)
        }
      }
    }
    if !plan.isQuoted && !plan.mayNeedQuotes {
      return unsafe block.write { out, ends in
        unsafe formatter.append(rows, pattern: plan.pattern, isISO: true, to: &out, ends: ends, null: null)
      }
    }
    var scratch = TextBuffer()
    unsafe block.write { out, ends in
      for row in rows {
        if formatter.isNull(row) {
          unsafe null.withUnsafeBytes { unsafe out.append(bytes: $0) }
        } else {
          self.row = row
          scratch.removeAll()
          var end: Int32 = 0
          unsafe formatter.append(row..<row + 1, pattern: plan.pattern, isISO: true, to: &scratch, ends: &end, null: [])
          // Only bytes can be empty here, and without quotes they would be NULL.
          unsafe append(scratch.bytes, isQuoted: plan.isQuoted || scratch.count == 0, to: &out)
        }
        unsafe ends[row - rows.lowerBound] = Int32(truncatingIfNeeded: out.count)
      }
    }
  }

  /// Takes the texts from the batch where none of them needs quotes: one look over all of them instead of a copy.
  private func borrow(_ formatter: TextFormatter, _ rows: Range<Int>, _ block: CellBlock) -> Bool {
    let column = formatter.column
    guard null.isEmpty, isUsual, let offsets = unsafe column.offsetValues.baseAddress else { return false }
    let first = unsafe Int(offsets[rows.lowerBound])
    let last = unsafe Int(offsets[rows.upperBound])
    guard last + CellBlock.slack <= column.values.count else { return false }
    let start = unsafe column.values.start.assumingMemoryBound(to: UInt8.self)
    if unsafe format.needsQuotes(start + first, last - first, isUsual: true) { return false }
    for row in rows {
      let count = unsafe offsets[row + 1] - offsets[row]
      if count == 0 && !formatter.isNull(row) { return false }
      if unsafe count == 2 && isNull(UnsafeRawBufferPointer(start: start + Int(offsets[row]), count: 2)) {
        return false
      }
    }
    if column.nullCount > 0 {
      for row in rows where unsafe formatter.isNull(row) && offsets[row] != offsets[row + 1] { return false }
    }
    unsafe block.borrow(start, offsets + rows.lowerBound)
    return true
  }

  private func flush() throws {
    try unsafe output.write(text.bytes)
    text.removeAll()
  }

  public func finish() throws {
    try flush()
    try output.commit()
  }
}
