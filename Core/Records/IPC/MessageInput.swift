/// The messages of a file, one after the other.
///
/// Files are read from the front, without their footer. Only where they cannot be, because their writer left something
/// to the footer (Polars writes the schema's message without its length, and dictionaries behind the batches that need
/// them), the footer is asked, if the input can be read out of order.
final class MessageInput {
  /// The metadata of a message; the body comes next in the input.
  struct Message {
    /// Keeps `header` alive.
    let metadata: Buffer
    let version: Int16
    let headerType: UInt8
    let header: FlatTable
    let bodyLength: Int
    /// How the body's buffers are compressed where the message's metadata says it: Arrow 0.17 did so.
    let codec: BodyCodec?
    /// Where the message begins in the file.
    let position: Int64
  }

  let name: String
  /// In bytes from the start of the file.
  private(set) var position: Int64 = 0
  private let input: any ByteInput
  /// Where the messages begin, where the footer had to be asked.
  private var blocks: ArraySlice<Int64>?

  /// Reads the magic.
  init(_ input: any ByteInput) throws {
    self.input = input
    name = input.name
    let memory = try allocate(8)
    let count = try memory.fill(0..<8) { try input.readFully(into: &$0) }
    position = Int64(count)
    let head = Buffer(memory, count: count)
    guard head.span.starts(with: Array(ArrowFormat.magic.prefix(count))) else { throw notArrow(head.span) }
    guard count == 8 else { throw truncated("the magic 'ARROW1'") }
  }

  func failure(_ what: String, at offset: Int64? = nil) -> Failure {
    Failure(.data, "reading '\(name)' at byte \(offset ?? position): \(what)")
  }

  private func notArrow(_ head: Span<UInt8>) -> Failure {
    var failure = failure("this is no Arrow IPC file, which begins with 'ARROW1'", at: 0)
    if head.starts(with: [0xFF, 0xFF, 0xFF, 0xFF]) {
      failure.hint = "It looks like an Arrow IPC stream: let its writer use the file format"
    } else if head.starts(with: Array("FEA1".utf8)) {
      failure.hint = "It is a Feather version 1 file: write it as version 2"
    } else {
      failure.hint = otherFormat(head)
    }
    return failure
  }

  /// What makes a record file of one of another format.
  private func otherFormat(_ head: Span<UInt8>) -> String {
    if head.starts(with: Array("PAR1".utf8)) { return "It is a Parquet file, which is not read here" }
    let reader =
      switch head.first {
      case UInt8(ascii: "{"), UInt8(ascii: "["): "json.JsonReader"
      case UInt8(ascii: "O"): "avro.AvroReader"
      default: "csv.CsvReader"
      }
    return "A task takes a record file: let serdes.\(reader) make one of it"
  }

  /// The schema, which comes first, and the metadata that keeps it alive.
  func schema() throws -> (table: FlatTable, owner: Buffer) {
    let first = try word("a message")
    if first != ArrowFormat.continuation, let footer = try footer() { return footer }
    guard let message = try message(first, at: 8), message.headerType == ArrowFormat.Header.schema else {
      throw failure("the file does not begin with a schema", at: 8)
    }
    _ = try body(of: message)
    return (message.header, message.metadata)
  }

  /// The next message, nil at the end. The body of the one before must have been read.
  func next() throws -> Message? {
    if blocks != nil {
      guard let block = blocks?.popFirst() else { return nil }
      try seek(to: block)
    }
    return try message(word("a message"), at: position - 4)
  }

  /// The message whose first word has been read.
  private func message(_ first: UInt32, at start: Int64) throws -> Message? {
    // Before version 0.15 of Arrow, there was no continuation mark in front of the length.
    let length = first == ArrowFormat.continuation ? try word("a message") : first
    if length == 0 { return nil }
    guard length <= ArrowFormat.Bound.metadata else {
      let most = ArrowFormat.Bound.metadata
      throw failure("a message's metadata has \(length) bytes, at most \(most) are allowed", at: start)
    }
    let base = position
    let metadata = try read(Int(length), of: "a message's metadata")
    let table = try FlatBytes(bytes: metadata, base: base, name: name).root()
    let version = try table.number(0, default: 0 as Int16)
    guard version == ArrowFormat.Version.v4 || version == ArrowFormat.Version.v5 else {
      throw table.failure("the message has version \(Int(version) + 1) of Arrow's metadata, 4 and 5 can be read")
    }
    let bodyLength = try table.number(3, default: 0 as Int64)
    guard bodyLength >= 0, let header = try table.table(2) else { throw table.failure("the message is malformed") }
    return Message(
      metadata: metadata, version: version, headerType: try table.number(1, default: 0), header: header,
      bodyLength: Int(bodyLength), codec: try codec(table), position: start)
  }

  private func codec(_ message: FlatTable) throws -> BodyCodec? {
    guard let pairs = try message.vector(4, stride: 4) else { return nil }
    for index in 0..<pairs.count {
      let pair = try pairs.table(index)
      guard let key = try pair.text(0), key.span.isExactly("ARROW:experimental_compression".utf8.span) else {
        continue
      }
      let name = try pair.text(1).map { $0.span.string } ?? ""
      guard let codec = BodyCodec(experimental: name) else {
        throw pair.failure("the batch has the unknown compression '\(name)'")
      }
      return codec
    }
    return nil
  }

  func body(of message: Message) throws -> Buffer { try read(message.bodyLength, of: "a batch") }

  /// Checks that the footer is there, where it was not needed: a file that ends before it was cut.
  func finish() throws {
    if blocks != nil { return }
    var chunk = [UInt8](repeating: 0, count: 65_536)
    var tail: [UInt8] = []
    var total: Int64 = 0
    while true {
      let count = try input.read(into: &chunk)
      if count == 0 { break }
      total += Int64(count)
      tail += chunk[max(0, count - 10)..<count]
      tail = Array(tail.suffix(10))
    }
    position += total
    guard tail.count == 10, tail.suffix(6).elementsEqual(ArrowFormat.magic) else { throw truncated("the footer") }
    let length = tail.prefix(4).reversed().reduce(0 as Int64) { $0 << 8 | Int64($1) }
    guard length <= total - 10 else {
      throw failure("the footer claims \(length) bytes, \(total - 10) are there")
    }
  }

  // MARK: the footer

  private func seek(to position: Int64) throws {
    guard try input.seek(to: position) else {
      throw failure("the footer points to byte \(position), outside of the file")
    }
    self.position = position
  }

  /// The schema of the footer; its blocks are what `next` gives from now on. Nil when the input cannot be read out of
  /// order or is no file with a footer.
  private func footer() throws -> (table: FlatTable, owner: Buffer)? {
    let resume = position
    guard let size = input.size, size > resume + 10, try input.seek(to: size - 10) else { return nil }
    position = size - 10
    let tail = try read(10, of: "the footer")
    let length = (0..<4).reduce(0 as Int64) { $0 | Int64(tail.span[$1]) << Int64(8 * $1) }
    guard tail.span.extracting(droppingFirst: 4).isExactly(Array(ArrowFormat.magic)), length <= size - 10 - resume
    else {
      try seek(to: resume)
      return nil
    }
    try seek(to: size - 10 - length)
    let base = position
    let bytes = try read(Int(length), of: "the footer")
    let table = try FlatBytes(bytes: bytes, base: base, name: name).root()
    guard let schema = try table.table(1) else { throw table.failure("the footer has no schema") }
    blocks = try ArraySlice(positions(table, 2) + positions(table, 3))
    return (schema, bytes)
  }

  /// Where the dictionaries or the batches begin. They must ascend: otherwise a small file could repeat one batch
  /// without end.
  private func positions(_ table: FlatTable, _ index: Int) throws -> [Int64] {
    guard let vector = try table.vector(index, stride: 24) else { return [] }
    var positions: [Int64] = []
    for block in 0..<vector.count {
      let position = try vector.number(block, as: Int64.self)
      guard position > positions.last ?? 7 else { throw table.failure("the footer's blocks are out of order") }
      positions.append(position)
    }
    return positions
  }

  // MARK: bytes

  private func word(_ what: String) throws -> UInt32 {
    var bytes = [UInt8](repeating: 0, count: 4)
    let count = try input.readFully(into: &bytes)
    guard count == 4 else {
      position += Int64(count)
      throw truncated(what)
    }
    position += 4
    return bytes.reversed().reduce(0 as UInt32) { $0 << 8 | UInt32($1) }
  }

  /// So many bytes. A length is only believed as far as the input is known to have them; where its size is not known,
  /// memory grows with what really comes.
  private func read(_ length: Int, of what: String) throws -> Buffer {
    if let size = input.size {
      guard Int64(length) <= size - position else { throw tooLong(length, size - position, what) }
      return try fill(allocate(length), length, what)
    }
    var room = min(length, 16 << 20)
    var memory = try allocate(room)
    var filled = 0
    while true {
      let count = try memory.fill(filled..<room) { try input.readFully(into: &$0) }
      position += Int64(count)
      guard count == room - filled else { throw truncated(what) }
      if room == length { return Buffer(memory, count: length) }
      filled = room
      room = min(length, room * 2)
      let larger = try allocate(room)
      larger.fill(0..<filled) { $0.append(Buffer(memory, count: filled).span) }
      memory = larger
    }
  }

  private func fill(_ memory: Allocation, _ length: Int, _ what: String) throws -> Buffer {
    let count = try memory.fill(0..<length) { try input.readFully(into: &$0) }
    position += Int64(count)
    guard count == length else { throw truncated(what) }
    return Buffer(memory, count: length)
  }

  private func allocate(_ length: Int) throws -> Allocation {
    guard let memory = Allocation(trying: length) else {
      throw failure("there are no \(length) bytes of memory for it")
    }
    return memory
  }

  private func tooLong(_ length: Int, _ rest: Int64, _ what: String) -> Failure {
    failure("the file ends inside of \(what): \(length) bytes are announced, \(max(rest, 0)) are left")
      .withHint("The file was cut, or its writer has not finished it")
  }

  private func truncated(_ what: String) -> Failure {
    failure("the file ends where \(what) should be").withHint("The file was cut, or its writer has not finished it")
  }
}

extension Failure {
  fileprivate func withHint(_ hint: String) -> Failure {
    var copy = self
    copy.hint = hint
    return copy
  }
}
