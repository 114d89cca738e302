internal import CCodecs
internal import Expression
internal import Glibc
public import Records

/// Writes Avro container files, after the specification 1.12.
///
/// Memory is bounded by one block and the largest row. A row that does not fit the schema is a bad row. Used from one
/// thread at a time.
public final class AvroWriter: RecordSink {
  /// Bytes of a block before compression: what Avro's own library takes, so that readers need no more memory for it.
  static let blockBytes = 64_000

  /// Rows written.
  public private(set) var rowCount = 0

  private let output: any ByteOutput
  private let codec: AvroBlockPacker
  private let encoder: AvroRowEncoder
  private let bad: BadRows
  private let block = AvroOut(capacity: 1 << 17)
  private var blockRows = 0
  private let sync: [UInt8]
  private let columns: Schema
  private var isFinished = false
  /// Rows that came, for messages.
  private var rowNumber = 0

  /// Writes the head of the file.
  ///
  /// - Parameter schema: what the batches look like.
  public init(
    _ output: any ByteOutput, schema columns: Schema, _ options: AvroWriteOptions = AvroWriteOptions(),
    bad: BadRows = BadRows()
  ) throws {
    self.output = output
    self.columns = columns
    self.bad = bad
    let schema = try options.schema ?? AvroSchema(AvroInference().schema(for: columns))
    let binding = try AvroBinding(columns, schema, options.conversion)
    encoder = try AvroRowEncoder(binding.ops, defaults: binding.defaults, schema, options.conversion)
    codec = try AvroBlockPacker(options.codec, level: options.level)
    sync = (0..<16).map { _ in UInt8.random(in: 0...255) }
    try writeHead(schema, options)
  }

  private func writeHead(_ schema: AvroSchema, _ options: AvroWriteOptions) throws {
    var metadata = options.metadata
    metadata["avro.schema"] = schema.text
    metadata["avro.codec"] = options.codec.rawValue
    let head = AvroOut(capacity: 1_024)
    for byte in [UInt8(ascii: "O"), UInt8(ascii: "b"), UInt8(ascii: "j"), 1] { head.append(byte: byte) }
    head.append(long: Int64(metadata.count))
    for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
      head.append(text: key)
      head.append(text: value)
    }
    head.append(byte: 0)
    unsafe sync.withUnsafeBytes { unsafe head.append(raw: $0) }
    try unsafe output.write(head.bytes)
  }

  public func write(_ batch: RecordBatch) throws {
    guard batch.schema.fields.map(\.type) == columns.fields.map(\.type) else {
      throw Failure(.bug, "writing '\(output.name)': a batch has other columns than the writer was made for")
    }
    encoder.bind(batch)
    try withExtendedLifetime(batch) {
      var row = 0
      while row < batch.count {
        var refusal = AvroRefusal.none
        let next = encoder.run(row..<batch.count, to: block, limit: AvroWriter.blockBytes, &refusal)
        blockRows += next - row
        rowCount += next - row
        rowNumber += next - row
        row = next
        if refusal != .none {
          rowNumber += 1
          try bad.add(row, of: batch, encoder.failure(refusal, row, of: batch, number: rowNumber, to: output.name))
          row += 1
        }
        if block.count >= AvroWriter.blockBytes { try flush() }
      }
    }
  }

  private func flush() throws {
    guard blockRows > 0 else { return }
    let head = AvroOut(capacity: 32)
    let packed = try unsafe codec.pack(block.bytes, name: output.name)
    head.append(long: Int64(blockRows))
    head.append(long: Int64(packed.count))
    try unsafe sync.withUnsafeBytes { try unsafe output.write(parts: [head.bytes, packed, $0]) }
    withExtendedLifetime(head) {}
    block.count = 0
    blockRows = 0
  }

  /// Writes the last block and makes the file visible under its name.
  public func finish() throws {
    guard !isFinished else { return }
    isFinished = true
    try flush()
    try output.commit()
  }
}

/// Compresses blocks.
@safe final class AvroBlockPacker {
  private let codec: AvroCodec
  private let encoder: OpaquePointer?
  private let room = AvroOut(capacity: 64)

  init(_ codec: AvroCodec, level: Int?) throws {
    self.codec = codec
    if let level, codec.levels?.contains(level) != true {
      let known = codec.levels.map { "from \($0.lowerBound) to \($0.upperBound)" } ?? "none"
      throw Failure(
        .configuration, "the codec '\(codec.rawValue)' has no level \(level)", hint: "It has levels \(known)")
    }
    unsafe encoder = unsafe codec.kind.flatMap { unsafe codec_encoder_open($0, Int32(clamping: level ?? -1)) }
    if codec.kind != nil, unsafe encoder == nil {
      throw Failure(.configuration, "the codec '\(codec.rawValue)' cannot be started with the level \(level ?? -1)")
    }
  }

  deinit { if let encoder = unsafe encoder { unsafe codec_encoder_close(encoder) } }

  /// The bytes that go into the file; valid until the next call.
  func pack(_ bytes: UnsafeRawBufferPointer, name: String) throws -> UnsafeRawBufferPointer {
    guard codec != .null else { return unsafe bytes }
    room.count = 0
    let source = unsafe bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
    if let encoder = unsafe encoder {
      let bound = unsafe codec_encode_bound(encoder, bytes.count)
      room.count = unsafe codec_encode(encoder, source, bytes.count, room.reserve(bound), bound)
    } else {
      let bound = codec_snappy_bound(bytes.count)
      room.count = unsafe codec_snappy_encode(source, bytes.count, room.reserve(bound), bound)
      if room.count > 0 { unsafe room.append(little: codec_crc32(source, bytes.count).byteSwapped) }
    }
    guard room.count > 0 else {
      throw Failure(.bug, "writing '\(name)': the codec '\(codec.rawValue)' refused a block")
    }
    return unsafe room.bytes
  }
}
