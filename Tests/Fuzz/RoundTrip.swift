internal import Records

/// Writes what was read and reads it again: in each format the types and values are the same as before.
struct RoundTrip {
  /// Whether the input is read packed, too.
  let isPacked: Bool
  private let format: Int
  private let first: Int
  private let second: Int
  private let third: Int

  init(_ choices: inout Choices) {
    isPacked = choices.flag()
    format = choices.number() % 5
    (first, second, third) = (choices.number(), choices.number(), choices.number())
  }

  /// - Parameter isValid: no value is out of its type's range, as one of a record file may be.
  func run(_ rows: DigestSink, _ schema: Schema, isValid: Bool = true) {
    guard format > 0, rows.rows > 0, !schema.fields.isEmpty else { return }
    let output = MemoryOutput()
    let sink: any RecordSink
    do {
      sink = try writer(output, schema)
      for batch in rows.batches { try sink.write(batch) }
      try sink.finish()
    } catch {
      // What a format does not have is refused; nothing else is.
      _ = Outcome(error)
      return
    }
    let found = DigestSink()
    var types: [DataType] = []
    do {
      let reader = try reader(output.bytes, schema)
      while let batch = try reader.next() { try found.write(batch) }
      types = reader.schema.fields.map(\.type)
    } catch {
      if !isValid, format < 4 {
        _ = Outcome(error)
        return
      }
      fault("what was written cannot be read again: \(error)\n\(String(decoding: output.bytes, as: UTF8.self))")
    }
    if types == expected(schema), found.rows == rows.rows, found.digest == rows.digest { return }
    fault(
      """
      what was written is not what is read:
      \(describe(schema.fields.map(\.type), rows))
      \(describe(types, found))
      \(String(decoding: output.bytes, as: UTF8.self))
      """)
  }

  /// Avro's arrays of arrays, and of JSON, are JSON texts.
  private func expected(_ schema: Schema) -> [DataType] {
    schema.fields.map { field in
      switch field.type {
      case .list(.list) where format == 3, .list(.json) where format == 3: .json
      default: field.type
      }
    }
  }

  private func describe(_ types: [DataType], _ rows: DigestSink) -> String {
    "\(rows.rows) rows of \(types.map(\.name)): \(RoundTrip.texts(rows.batches))"
  }

  /// All values, row by row.
  static func texts(_ batches: [RecordBatch]) -> [[String]] {
    batches.flatMap { batch in
      (0..<batch.count).map { row in
        batch.columns.map { column in
          var text = ByteBuffer()
          TextFormatter(column).append(row, to: &text)
          return column.isNull(row) ? "NULL" : text.string
        }
      }
    }
  }

  private func writer(_ output: MemoryOutput, _ schema: Schema) throws -> any RecordSink {
    switch format {
    case 1: return try CSVWriter(output, schema: schema, csvOptions)
    case 2: return try JSONWriter(output, schema: schema, jsonOptions)
    case 3: return try AvroWriter(output, schema: schema, AvroWriteOptions(codec: codec))
    default: return try RecordFileWriter(output, schema: schema, compression: compression)
    }
  }

  private func reader(_ bytes: [UInt8], _ schema: Schema) throws -> any RecordSource {
    let input = MemoryInput(bytes)
    let names = ColumnNames.unique(schema.fields.map(\.name), naming: format == 1)
    let types = Dictionary(zip(names.map(\.exact), schema.fields.map(\.type)), uniquingKeysWith: { $1 })
    switch format {
    case 1:
      var options = CSVReadOptions()
      options.header = csvOptions.header
      (options.fieldSeparator, options.textDelimiter) = (csvOptions.fieldSeparator, csvOptions.textDelimiter)
      options.lineDelimiter = csvOptions.lineDelimiter.count == 1 ? nil : csvOptions.lineDelimiter
      (options.charset, options.bytes, options.onEmptyHeader) = (csvOptions.charset, csvOptions.bytes, .rename)
      options.nullValues = [csvOptions.nullValue]
      options.types = .declared(types)
      return try CSVReader(input, options, known: options.header ? nil : schema)
    case 2:
      var options = JSONReadOptions()
      (options.charset, options.bytes, options.columns) = (jsonOptions.charset, jsonOptions.bytes, types)
      return try JSONReader(input, options, known: Schema(zip(names, schema.fields).map { Field($0, $1.type) }))
    case 3: return try AvroReader(input)
    default: return try RecordFileReader(input)
    }
  }

  private var csvOptions: CSVWriteOptions {
    var options = CSVWriteOptions()
    options.header = first & 1 == 0
    options.quoteMode = [.required, .always, .nonNumeric][(first >> 1) % 3]
    options.lineDelimiter = ["\n", "\r\n", "\r", ";;\n"][second & 3]
    options.nullValue = ["", "\\N", "0"][(second >> 2) % 3]
    options.fieldSeparator = [",", "||", "\t", "1"][(second >> 4) & 3]
    options.textDelimiter = ["\"", "'", "", "«"][second >> 6 & 3]
    // Without quotes, an empty text and a NULL that is nothing are the same.
    if options.textDelimiter.isEmpty, options.nullValue.isEmpty { options.nullValue = "\\N" }
    options.bytes = first & 32 == 0 ? .base64 : .hex
    options.charset = charset
    return options
  }

  private var jsonOptions: JSONWriteOptions {
    var options = JSONWriteOptions()
    options.newLine = first & 1 == 0
    options.bytes = first & 2 == 0 ? .base64 : .hex
    options.charset = charset
    return options
  }

  private var codec: AvroCodec { AvroCodec.allCases[first % AvroCodec.allCases.count] }

  private var compression: RecordCompression { [.none, .lz4, .zstd][first % 3] }

  /// Those that have every character.
  private var charset: String { ["UTF-8", "UTF-16", "UTF-32", "UTF-7", "GB18030", "UTF-16LE"][third % 6] }
}
