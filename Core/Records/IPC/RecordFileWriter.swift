/// Writes a record file: Arrow's IPC file format, one message per batch, so that it can be read while it grows.
///
/// Columns are written from where they lie; memory is bounded by one batch, plus its compressed copy where it is
/// compressed, plus 24 bytes for each batch written. Used from one thread at a time.
public final class RecordFileWriter: RecordSink {
  public private(set) var rowCount: Int64 = 0
  public private(set) var batchCount = 0
  /// Bytes written so far.
  public private(set) var byteCount: Int64 = 0

  private let output: any ByteOutput
  private let schema: Schema
  private let compressor: BufferCompressor?
  private let zeros: Buffer
  /// Offset, metadata length and body length of each batch, for the footer.
  private var blocks: [Int64] = []
  private var isFinished = false

  /// Writes the head of the file: the magic and the schema.
  /// Called behind each batch with rows, when it has been written.
  public var onRows: () -> Void = {}

  public init(_ output: any ByteOutput, schema: Schema, compression: RecordCompression = .none) throws {
    self.output = output
    self.schema = schema
    compressor = BufferCompressor(compression)
    zeros = Buffer(copying: [UInt8](repeating: 0, count: ArrowFormat.alignment))
    try write(ArrowFormat.magic + [0, 0])
    _ = try write(
      message: RecordFileWriter.message(ArrowFormat.Header.schema, bodyLength: 0) { flat, slot in
        SchemaWriter.write(schema, into: &flat, for: slot)
      }, body: [])
  }

  /// Writes a batch of the file's schema. An empty one is kept.
  public func write(_ batch: RecordBatch) throws {
    guard !isFinished else { throw Failure(.bug, "writing '\(output.name)': the file is finished already") }
    guard batch.schema.fields.map(\.type) == schema.fields.map(\.type) else { throw mismatch(batch.schema) }
    let body = BodyWriter(batch, compressor: compressor, zeros: zeros)
    let metadata = recordBatch(rows: batch.count, body)
    let start = byteCount
    let metadataLength = try write(message: metadata, body: body.parts)
    blocks += [start, Int64(metadataLength), Int64(body.length)]
    rowCount += Int64(batch.count)
    batchCount += 1
    if batch.count > 0 { onRows() }
  }

  /// Writes the end mark and the footer, and makes the file visible under its name.
  public func finish() throws {
    guard !isFinished else { return }
    isFinished = true
    var flat = FlatWriter()
    let table = flat.table([.short(ArrowFormat.Version.v5), .reference, .reference, .reference])
    flat.setRoot(table)
    SchemaWriter.write(schema, into: &flat, for: table[1])
    flat.structs(0, words: [], for: table[2])
    flat.structs(batchCount, words: blocks, for: table[3])
    try write([0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0] + flat.bytes + little(UInt32(flat.bytes.count)) + ArrowFormat.magic)
    try output.commit()
  }

  // MARK: messages

  private func recordBatch(rows: Int, _ body: BodyWriter) -> [UInt8] {
    RecordFileWriter.message(ArrowFormat.Header.recordBatch, bodyLength: body.length) { [compressor] flat, slot in
      let table = flat.table([.long(Int64(rows)), .reference, .reference, compressor == nil ? .absent : .reference])
      flat.link(slot, to: table.position)
      flat.structs(body.nodeCount, words: body.nodes, for: table[1])
      flat.structs(body.bufferCount, words: body.buffers, for: table[2])
      if let compressor {
        let compression = flat.table([.byte(UInt8(compressor.codec.rawValue)), .byte(0)])
        flat.link(table[3], to: compression.position)
      }
    }
  }

  private static func message(
    _ header: UInt8, bodyLength: Int, _ writeHeader: (inout FlatWriter, Int) -> Void
  ) -> [UInt8] {
    var flat = FlatWriter()
    let table = flat.table([
      .short(ArrowFormat.Version.v5), .byte(header), .reference, .long(Int64(bodyLength)),
    ])
    flat.setRoot(table)
    writeHeader(&flat, table[2])
    return flat.bytes
  }

  /// Writes the metadata, padded so that the body is aligned in the file, and the body. Returns the length of the
  /// metadata with what precedes it.
  private func write(message metadata: [UInt8], body: [Buffer]) throws -> Int {
    let unpadded = 8 + metadata.count
    let padding = -(Int(byteCount) + unpadded) & (ArrowFormat.alignment - 1)
    let length = metadata.count + padding
    guard length <= ArrowFormat.Bound.metadata else {
      throw Failure(
        .schema,
        "writing '\(output.name)': the metadata of a message takes \(length) bytes, "
          + "at most \(ArrowFormat.Bound.metadata) are possible")
    }
    let head =
      little(ArrowFormat.continuation) + little(UInt32(length)) + metadata + [UInt8](repeating: 0, count: padding)
    try output.write(parts: [Buffer(copying: head)] + body)
    byteCount += Int64(body.reduce(head.count) { $0 + $1.count })
    return 8 + length
  }

  private func write(_ bytes: [UInt8]) throws {
    try output.write(bytes)
    byteCount += Int64(bytes.count)
  }

  private func little(_ value: UInt32) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
  }

  private func mismatch(_ other: Schema) -> Failure {
    let expected = schema.fields.map { "\($0.name) \($0.type.name)" }.joined(separator: ", ")
    let found = other.fields.map { "\($0.name) \($0.type.name)" }.joined(separator: ", ")
    return Failure(.bug, "writing '\(output.name)': the file has the columns (\(expected)), the batch (\(found))")
  }
}
