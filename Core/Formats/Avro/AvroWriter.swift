internal import Expression
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
  private var block = ByteBuffer(capacity: 1 << 17)
  private var packed = ByteBuffer()
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
    var head = ByteBuffer(capacity: 1_024)
    for byte in [UInt8(ascii: "O"), UInt8(ascii: "b"), UInt8(ascii: "j"), 1] { head.append(byte: byte) }
    head.append(zigzag: Int64(metadata.count))
    for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
      head.append(counted: key)
      head.append(counted: value)
    }
    head.append(byte: 0)
    head.append(sync)
    try head.write(to: output)
  }

  public func write(_ batch: RecordBatch) throws {
    guard batch.schema.fields.map(\.type) == columns.fields.map(\.type) else {
      throw Failure(.bug, "writing '\(output.name)': a batch has other columns than the writer was made for")
    }
    encoder.bind(batch)
    defer { encoder.unbind() }
    var row = 0
    while row < batch.count {
      var refusal = AvroRefusal.none
      let next = encoder.run(row..<batch.count, to: &block, limit: AvroWriter.blockBytes, &refusal)
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

  private func flush() throws {
    guard blockRows > 0 else { return }
    var head = ByteBuffer(capacity: 32)
    head.append(zigzag: Int64(blockRows))
    if codec.packs {
      packed.removeAll()
      try codec.pack(block, to: &packed, name: output.name)
      try AvroWriter.write(head, &packed, sync, to: output)
    } else {
      try AvroWriter.write(head, &block, sync, to: output)
    }
    block.removeAll()
    blockRows = 0
  }

  private static func write(
    _ head: consuming ByteBuffer, _ body: inout ByteBuffer, _ sync: [UInt8], to output: any ByteOutput
  ) throws {
    head.append(zigzag: Int64(body.count))
    try head.write(to: output)
    body.append(sync)
    try body.write(to: output)
  }

  /// Writes the last block and makes the file visible under its name.
  public func finish() throws {
    guard !isFinished else { return }
    isFinished = true
    try flush()
    try output.commit()
  }
}
