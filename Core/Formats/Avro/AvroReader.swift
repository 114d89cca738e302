public import Records

/// Reads Avro container files, after the specification 1.12.
///
/// Every field of the root record becomes a column. Values in arrays of scalars become lists; maps, records and unions
/// of several types become JSON texts. A row that holds a value its type does not allow is a bad row; bytes of which
/// the rows cannot be found are a failure of the category `data` with the position in the file. Used from one thread at
/// a time.
public final class AvroReader: FormatReader {
  public let schema: Schema
  /// Rows that were read, bad ones among them.
  public private(set) var rowCount = 0
  public var name: String { blocks.name }

  private let blocks: AvroBlocks
  private let plan: AvroPlan
  private let rows: AvroRows
  private let bad: BadRows
  private var left: Int64 = 0
  private var isInBlock = false
  private var isFinished = false

  /// Reads the head of the file.
  public init(
    _ input: any ByteInput, _ options: AvroReadOptions = AvroReadOptions(), bad: BadRows = BadRows()
  ) throws {
    blocks = try AvroBlocks(Decompression.open(input), isLenient: bad.policy != .error)
    guard let text = blocks.metadata["avro.schema"] else {
      throw Failure(.data, "reading '\(blocks.name)': its head has no schema")
    }
    let written: AvroSchema
    do {
      written = try AvroSchema(String(decoding: text, as: UTF8.self), isStrict: false)
    } catch let failure as Failure {
      throw Failure(.data, "reading '\(blocks.name)': \(failure.message)")
    }
    plan = try AvroResolver.plan(writer: written, reader: options.schema)
    rows = try AvroRows(AvroLayout(plan, flatten: options.flatten, input: blocks.name))
    schema = rows.schema
    self.bad = bad
  }

  /// The file's head says it.
  public func wholeSchema() throws -> Schema { schema }

  public func next() throws -> RecordBatch? {
    while !rows.isFull {
      do {
        if left == 0, try !nextBlock() { break }
        try read()
      } catch let damage as AvroDamage {
        guard bad.policy != .error else { throw damage.failure(blocks.name) }
        try lose(damage)
      }
    }
    return rows.count > 0 ? rows.finish() : nil
  }

  private func nextBlock() throws -> Bool {
    if isFinished { return false }
    if isInBlock { try blocks.finish(consumed: consumed) }
    consumed = 0
    isInBlock = false
    guard let count = try blocks.next() else {
      isFinished = true
      return false
    }
    isInBlock = true
    let mostEmpty = max(1, AvroBlocks.Bound.emptyRows / plan.root.leastValues)
    if plan.root.minimumSize == 0, count > Int64(mostEmpty) {
      throw AvroDamage(
        offset: blocks.blockOffset,
        reason: "a block of \(count) rows that take no bytes, at most \(mostEmpty) are possible")
    }
    left = count
    try blocks.unpack()
    return true
  }

  /// Bytes of the window that have been read.
  private var consumed = 0

  /// Reads rows of the current block until the batch is full or the window is empty.
  private func read() throws {
    let blocks = blocks
    let window = blocks.window
    var cursor = AvroCursor(window)
    cursor.at = consumed
    cursor.beyond = blocks.beyond
    while left > 0, !rows.isFull {
      let before = rows.count
      let stop = rows.run(&cursor, rows: Int(min(left, Int64(Limits.batchRows))))
      left -= Int64(rows.count - before)
      rowCount += rows.count - before
      consumed = cursor.at
      switch stop {
      case .rows: continue
      case .end:
        let offset = blocks.offset(of: cursor.at)
        let isLonger = try blocks.more(consumed: consumed)
        consumed = 0
        guard isLonger else { throw damage(AvroFault.end.text, offset) }
        return
      case .fault(let fault, let column):
        var damage = damage(column + fault.text, blocks.offset(of: cursor.at))
        damage.raw = try blocks.rest(consumed: consumed, AvroReader.maxRaw)
        consumed = 0
        throw damage
      case .bad(let reason, let start):
        left -= 1
        rowCount += 1
        try bad.add(
          name: blocks.name, offset: blocks.offset(of: start), line: Int64(rowCount), unit: "record", reason: reason,
          raw: window.extracting(start..<cursor.at))
      }
    }
  }

  // MARK: damage

  /// Bytes that are kept of a row whose end is not known.
  private static let maxRaw = 1 << 16
  /// How many bytes a codec makes of one at most, where not the rows are one like the other.
  private static let usualRatio: Int64 = 32

  private func damage(_ reason: String, _ offset: Int64) -> AvroDamage {
    AvroDamage(offset: offset, reason: "record \(rowCount + 1): \(reason)")
  }

  /// Counts the rows of the current block that cannot be found as bad ones, and goes to the next block.
  private func lose(_ damage: AvroDamage) throws {
    isFinished = try !blocks.recover()
    // The block's head may be what is damaged: no more rows are believed than the bytes up to the next block can hold.
    let bytes = (blocks.position - blocks.blockOffset) * (blocks.codec == .null ? 1 : AvroReader.usualRatio)
    let lost = max(1, min(left, bytes / Int64(max(1, plan.root.minimumSize))))
    let first = rowCount + 1
    left = 0
    isInBlock = false
    for number in 0..<lost {
      rowCount += 1
      let reason = number == 0 ? damage.reason : "it is lost with record \(first) of the same block"
      let raw = number == 0 ? damage.raw : []
      try bad.add(
        name: blocks.name, offset: damage.offset, line: Int64(rowCount), unit: "record", reason: reason, raw: raw.span)
    }
  }
}
