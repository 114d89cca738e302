public import Records

/// Writes batches as JSON objects. Numbers keep every digit; what JSON has no number for (NaN, ±Infinity) is a text.
public final class JSONWriter: RecordSink {
  private let output: any ByteOutput
  private let options: JSONWriteOptions
  private let keys: [[UInt8]]
  private let columns: [Field]
  /// The first row whose json column holds something else.
  private var badRow: Int?
  private let patterns: [TextPattern?]
  private let blocks: [CellBlock]
  private var text = ByteBuffer(capacity: RowAssembler.flushSize + (1 << 16))
  /// A first row that may be the only one.
  private var pending: RecordBatch?
  private var isOpen = false
  public private(set) var rowCount = 0

  public init(_ output: any ByteOutput, schema: Schema, _ options: JSONWriteOptions = JSONWriteOptions()) throws {
    self.output = try CharsetOutput.encode(output, charset: options.charset)
    self.options = options
    // JSON readers keep one of two members with the same name: names are made unique.
    let names = ColumnNames.unique(schema.fields.map(\.name), naming: false)
    keys = names.enumerated().map { index, name in
      var key = ByteBuffer()
      key.append(byte: UInt8(ascii: index == 0 ? "{" : ","))
      JSONText.append(text: name, to: &key)
      key.append(byte: UInt8(ascii: ":"))
      return key.array
    }
    patterns = try schema.fields.map { field in
      guard case .timestamp(_, zoned: true) = field.type, options.timeZone != "UTC" else { return nil }
      return try TextPattern(
        "yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX", for: field.type, zone: options.timeZone, property: "timeZoneId")
    }
    blocks = schema.fields.map { _ in CellBlock() }
    columns = schema.fields
  }

  public func write(_ batch: RecordBatch) throws {
    if batch.count == 0 { return }
    rowCount += batch.count
    if options.newLine { return try append(batch) }
    if let first = pending {
      pending = nil
      try open()
      try append(first)
    }
    if rowCount == 1 {
      pending = batch
    } else {
      try open()
      try append(batch)
    }
  }

  private func open() throws {
    if isOpen { return }
    isOpen = true
    text.append("[")
  }

  private func append(_ batch: RecordBatch) throws {
    let formatters = batch.columns.map { TextFormatter($0, bytes: options.bytes) }
    try withExtendedLifetime(batch) {
      var start = 0
      while start < batch.count {
        let rows = start..<min(start + CellBlock.rows, batch.count)
        for column in 0..<formatters.count {
          blocks[column].before = keys[column]
          blocks[column].after = []
          encode(formatters[column], rows, patterns[column], blocks[column])
          if let badRow { throw noJSON(columns[column], row: rowCount - batch.count + badRow + 1) }
        }
        if keys.isEmpty {
          for _ in rows { text.append(options.newLine ? "{}\n" : "{},") }
        } else {
          RowAssembler.append(
            blocks, rows: rows.count, lineEnd: Array((options.newLine ? "}\n" : "},").utf8), to: &text)
        }
        start = rows.upperBound
        if text.count >= RowAssembler.flushSize { try flush(keeping: 1) }
      }
    }
  }

  private func encode(_ formatter: TextFormatter, _ rows: Range<Int>, _ pattern: TextPattern?, _ block: CellBlock) {
    switch formatter.column.type {
    case .text:
      if borrow(formatter, rows, block) { return }
      writeEach(formatter, rows, block) { row, out in JSONText.append(string: formatter.bytes(row), to: &out) }
    case .json:
      writeEach(formatter, rows, block) { row, out in
        let text = formatter.bytes(row)
        if badRow == nil, !JSONText.isValid(text, depth: JSONWriter.maxDepth) { badRow = row }
        JSONWriter.append(json: text, to: &out)
      }
    case .date, .time, .timestamp, .offsetTimestamp, .uuid, .interval, .bytes:
      // No text of these types has anything to escape.
      if formatter.column.nullCount == 0 {
        block.before.append(UInt8(ascii: "\""))
        block.after = [UInt8(ascii: "\"")]
        block.write { out, ends in
          formatter.append(rows, pattern: pattern, isISO: false, to: &out, ends: &ends, null: [])
        }
      } else {
        var end = [Int32(0)]
        writeEach(formatter, rows, block) { row, out in
          out.append(byte: UInt8(ascii: "\""))
          var one = end.mutableSpan
          formatter.append(row..<row + 1, pattern: pattern, isISO: false, to: &out, ends: &one, null: [])
          out.append(byte: UInt8(ascii: "\""))
        }
      }
    case .bool, .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64, .decimal:
      block.write { out, ends in
        formatter.append(rows, pattern: nil, isISO: false, to: &out, ends: &ends, null: Array("null".utf8))
      }
    case .float32, .float64, .numeric, .list:
      writeEach(formatter, rows, block) { row, out in formatter.appendJSON(row, to: &out) }
    }
  }

  @inline(__always)
  private func writeEach(
    _ formatter: TextFormatter, _ rows: Range<Int>, _ block: CellBlock, _ body: (Int, inout ByteBuffer) -> Void
  ) {
    block.write { out, ends in
      for row in rows {
        if formatter.isNull(row) { out.append("null") } else { body(row, &out) }
        ends[row - rows.lowerBound] = Int32(truncatingIfNeeded: out.count)
      }
    }
  }

  /// Deeper than any reader of ours lets through.
  private static let maxDepth = 4_096

  /// Files of others say of a column that it is JSON and need not be right.
  private func noJSON(_ column: Field, row: Int) -> Failure {
    Failure(
      .data,
      "writing '\(output.name)': column '\(column.name)' of row \(row) is of type json, but its text is not JSON",
      hint: "Let what writes the file make it JSON, or give the column another type than arrow.json")
  }

  /// JSON as it is, on one line: a line end stands between tokens only.
  private static func append(json bytes: Span<UInt8>, to out: inout ByteBuffer) {
    out.append(upTo: bytes.count) { room in
      for index in bytes.indices {
        let byte = bytes[index]
        room.append(byte == 0x0A || byte == 0x0D ? 0x20 : byte)
      }
    }
  }

  /// Takes the texts from the batch where none of them is NULL or needs an escape.
  private func borrow(_ formatter: TextFormatter, _ rows: Range<Int>, _ block: CellBlock) -> Bool {
    let view = formatter.view
    let offsets = view.offsets
    if offsets.isEmpty { return false }
    if view.hasNulls { for row in rows where view.isNull(row) { return false } }
    let all = view.allBytes
    let texts = all.extracting(Int(offsets[rows.lowerBound])..<Int(offsets[rows.upperBound]))
    guard Scan.isFreeOfEscapes(texts), block.borrow(formatter.column, rows) else { return false }
    block.before.append(UInt8(ascii: "\""))
    block.after = [UInt8(ascii: "\"")]
    return true
  }

  /// Writes what is there; the last `keeping` bytes stay, so that a comma can still be taken back.
  private func flush(keeping: Int = 0) throws {
    let count = max(0, text.count - keeping)
    try text.write(0..<count, to: output)
    text.removeFirst(count)
  }

  public func finish() throws {
    if !options.newLine {
      if let only = pending { try append(only) }
      if pending == nil && !isOpen { text.append("[") }
      if rowCount > 0 { text.truncate(to: text.count - 1) }
      text.append(pending == nil ? "]\n" : "\n")
    }
    try flush()
    try output.commit()
  }
}
