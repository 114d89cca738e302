public import Records

/// Writes the rows of batches as Avro values, each by itself: a message of Kafka is one. What names the schema stands
/// in front of it; see `AvroFraming`. Used from one thread at a time.
public final class AvroDatumEncoder {
  /// What the values are written with.
  public let schema: AvroSchema
  private let name: String
  private let columns: Schema
  private let encoder: AvroRowEncoder
  private var batch: RecordBatch?

  /// - Parameters:
  ///   - name: where the values go, for messages.
  ///   - columns: what the batches look like.
  ///   - schema: what to write; made from the columns when nil.
  public init(
    _ name: String, columns: Schema, schema: AvroSchema? = nil, conversion: AvroConversion = AvroConversion()
  ) throws {
    self.name = name
    self.columns = columns
    let schema = try schema ?? AvroSchema(AvroInference().schema(for: columns))
    self.schema = schema
    let binding = try AvroBinding(columns, schema, conversion)
    encoder = try AvroRowEncoder(binding.ops, defaults: binding.defaults, schema, conversion)
  }

  /// The batch whose rows come next.
  public func start(_ batch: RecordBatch) throws {
    guard batch.schema.fields.map(\.type) == columns.fields.map(\.type) else {
      throw Failure(.bug, "writing '\(name)': a batch has other columns than the encoder was made for")
    }
    encoder.bind(batch)
    self.batch = batch
  }

  /// Appends one row's bytes. A row that does not fit the schema is a failure of the category `data` that names its
  /// column, and nothing is appended.
  public func encode(_ row: Int, to out: inout ByteBuffer) throws {
    guard let batch, row < batch.count else { throw Failure(.bug, "writing '\(name)': there is no row \(row)") }
    var refusal = AvroRefusal.none
    _ = encoder.run(row..<row + 1, to: &out, limit: .max, &refusal)
    if refusal != .none { throw encoder.failure(refusal, row, of: batch, number: row + 1, to: name) }
  }
}
