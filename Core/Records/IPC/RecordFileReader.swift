/// Reads Arrow IPC files from the front, without their footer, so that a file can be read while it grows: an input of
/// unknown size whose `read` waits for more bytes makes that.
///
/// Columns point into the message they came in, where the file has Ferry's layouts uncompressed. Batches larger than
/// `Limits.batchRows` come in pieces; the memory is that of the file's batch then. What is malformed, cut or hostile
/// is a failure of the category `data` with the position in the file. Used from one thread at a time.
public final class RecordFileReader: RecordSource {
  public let schema: Schema

  private let input: MessageInput
  private let plans: [FieldPlan]
  private let dictionaryPlans: [Int64: FieldPlan]
  private var dictionaries: [Int64: DictionaryValues] = [:]
  private var current: Loaded?
  private var isFinished = false

  /// A batch of the file, and how many of its rows have been handed on.
  private struct Loaded {
    let arrays: [RawArray]
    let count: Int
    let position: Int64
    var start = 0
  }

  /// Reads up to the schema.
  public init(_ input: any ByteInput) throws {
    self.input = try MessageInput(input)
    let (table, owner) = try self.input.schema()
    let reader = try withExtendedLifetime(owner) { try SchemaReader(table) }
    schema = Schema(reader.fields, metadata: reader.metadata)
    plans = reader.plans
    dictionaryPlans = reader.dictionaries
  }

  /// Whether an input begins as a record file does. Reads its first bytes.
  public static func isRecordFile(_ input: any ByteInput) throws -> Bool {
    var head = [UInt8](repeating: 0, count: 8)
    return try input.readFully(into: &head) == 8 && head.starts(with: ArrowFormat.magic)
  }

  public func next() throws -> RecordBatch? {
    if current == nil { current = try load() }
    guard var loaded = current else { return nil }
    let batch = try piece(of: loaded)
    loaded.start += batch.count
    current = loaded.start < loaded.count ? loaded : nil
    return batch
  }

  // MARK: pieces

  /// The next rows, as many as the bounds allow.
  private func piece(of loaded: Loaded) throws -> RecordBatch {
    var count = min(loaded.count - loaded.start, Limits.batchRows)
    while true {
      let maker = ColumnMaker(
        name: input.name, position: loaded.position, dictionaries: dictionaries,
        maxBytes: count <= 1 ? Int(Int32.max) : ArrowFormat.Bound.pieceBytes)
      do {
        let columns = try loaded.arrays.map { try maker.column($0, loaded.start, count) }
        return RecordBatch(schema: schema, columns: columns, count: count)
      } catch is PieceTooLarge {
        guard count > 1 else {
          let row = "row \(loaded.start + 1) of the batch"
          throw input.failure("\(row) has a value that takes too much memory", at: loaded.position)
        }
        count = (count + 1) / 2
      }
    }
  }

  // MARK: messages

  /// The next record batch; dictionaries before it are taken in.
  private func load() throws -> Loaded? {
    while !isFinished {
      guard let message = try input.next() else {
        try input.finish()
        isFinished = true
        return nil
      }
      let base = input.position
      let body = try input.body(of: message)
      switch message.headerType {
      case ArrowFormat.Header.recordBatch: return try withExtendedLifetime(message) { try load(message, body, base) }
      case ArrowFormat.Header.dictionaryBatch:
        try withExtendedLifetime(message) { try addDictionary(message, body, base) }
      default: throw input.failure("a message of the unknown kind \(message.headerType)", at: message.position)
      }
    }
    return nil
  }

  private func load(_ message: MessageInput.Message, _ body: Buffer, _ base: Int64) throws -> Loaded {
    let count = try rowCount(message.header)
    guard !plans.isEmpty else { return Loaded(arrays: [], count: count, position: message.position) }
    var reader = try BodyReader(message.header, body: body, base: base, codec: message.codec)
    let arrays = try plans.map { try reader.array($0, count: count) }
    return Loaded(arrays: arrays, count: count, position: message.position)
  }

  private func rowCount(_ header: FlatTable) throws -> Int {
    let count = try header.number(0, default: 0 as Int64)
    guard 0...ArrowFormat.Bound.rows ~= count else {
      throw header.failure("a batch of \(count) rows, at most \(ArrowFormat.Bound.rows) can be read")
    }
    return Int(count)
  }

  private func addDictionary(_ message: MessageInput.Message, _ body: Buffer, _ base: Int64) throws {
    let id = try message.header.number(0, default: 0 as Int64)
    guard let plan = dictionaryPlans[id], let header = try message.header.table(1) else {
      throw message.header.failure("a dictionary \(id) that no column of the schema has")
    }
    var reader = try BodyReader(header, body: body, base: base, codec: message.codec)
    let array = try reader.array(plan, count: try rowCount(header))
    let maker = ColumnMaker(
      name: input.name, position: message.position, dictionaries: dictionaries, maxBytes: Int(Int32.max))
    let values: Column
    do {
      values = try maker.column(array, 0, array.count)
    } catch is PieceTooLarge {
      throw input.failure("dictionary \(id) has more than 2 GiB of values", at: message.position)
    }
    guard try message.header.bool(2), let known = dictionaries[id] else {
      dictionaries[id] = DictionaryValues(values)
      return
    }
    guard known.append(values) else {
      throw input.failure("dictionary \(id) has more than 2 GiB of values", at: message.position)
    }
  }
}
