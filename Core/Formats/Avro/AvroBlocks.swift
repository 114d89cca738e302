internal import CCodecs
internal import Records

/// The compression of a file's blocks.
public enum AvroCodec: String, Sendable, CaseIterable {
  case null, deflate, snappy, zstandard, bzip2, xz

  /// What the library has of them; nil where there is nothing to choose.
  var levels: ClosedRange<Int>? {
    switch self {
    case .null, .snappy: nil
    case .deflate, .xz: 0...9
    case .bzip2: 1...9
    case .zstandard: 1...22
    }
  }

  var kind: codec_kind? {
    switch self {
    case .null, .snappy: nil
    case .deflate: codec_deflate
    case .zstandard: codec_zstandard
    case .bzip2: codec_bzip2
    case .xz: codec_xz
    }
  }
}

/// Bytes of which the rows cannot be found: where in the file, and why.
struct AvroDamage: Error {
  let offset: Int64
  let reason: String
  /// What is known of the bytes of the row.
  var raw: [UInt8] = []

  func failure(_ name: String) -> Failure { Failure(.data, "reading '\(name)' at byte \(offset): \(reason)") }
}

/// A container file from its head on, block by block. What a block holds shows through a window that is moved over it:
/// memory is bounded by the largest row, not by the block, except for Snappy, which can only be unpacked as a whole.
final class AvroBlocks {
  enum Bound {
    /// Bytes of a row, decompressed.
    static let row = 512 << 20
    /// Bytes of a Snappy block.
    static let snappy = 512 << 20
    /// Bytes of the head's names and values together.
    static let head = 16 << 20
    /// Values that a row must be made of, whatever the file holds.
    static let values = 1 << 17
    /// Bytes of one JSON text.
    static let json = 256 << 20
    /// Values of the rows of a block that take no bytes.
    static let emptyRows = 1 << 20
    /// Values of the items of one run of an array that take no bytes.
    static let emptyItems = 1 << 12
    /// Bytes of a block that is looked at as a whole, to find out whether it is one, or unpacked as a whole.
    static let whole = 16 << 20
    /// Compressed bytes that are unpacked at once.
    static let piece = 1 << 16
    /// Bytes that are read at once and that a window starts with.
    static let window = 1 << 18
  }

  private(set) var metadata: [ExactText: [UInt8]] = [:]
  private(set) var codec = AvroCodec.null
  /// Where the current block starts in the file, in bytes.
  private(set) var blockOffset: Int64 = 0

  private let raw: AvroRawInput
  private let isLenient: Bool
  private var sync: [UInt8] = []
  /// Bytes of the block that are behind the window, compressed ones where it is compressed.
  private var remaining: Int64 = 0
  private var unpacker: AvroBlockUnpacker?
  private var isDecoded = true
  /// Decompressed bytes: what is in the window lies from `start` on.
  private var memory = ByteBuffer()
  private var start = 0

  /// - Parameter isLenient: a block that goes on behind the file's end is read as far as it is there.
  init(_ input: any ByteInput, isLenient: Bool = false) throws {
    raw = AvroRawInput(input)
    self.isLenient = isLenient
    do {
      try readHead()
    } catch let damage as AvroDamage {
      throw damage.failure(raw.name)
    }
  }

  var name: String { raw.name }
  /// How far the file has been read, in bytes.
  var position: Int64 { raw.offset }

  private func damage(_ reason: String, at offset: Int64) -> AvroDamage { AvroDamage(offset: offset, reason: reason) }

  // MARK: the head

  private func readHead() throws {
    let raw = raw
    guard try raw.fill(4) >= 4, raw.bytes.starts(with: Array("Obj".utf8) + [1]) else {
      throw damage("this is no Avro container file: it does not start with 'Obj' and 1", at: 0)
    }
    raw.advance(4)
    try readMetadata()
    sync = try raw.bytes(16)
    guard let name = metadata["avro.codec"], !name.isEmpty else { return }
    let text = String(decoding: name, as: UTF8.self)
    guard let codec = AvroCodec(rawValue: text) else {
      let known = AvroCodec.allCases.map(\.rawValue).joined(separator: ", ")
      throw Failure(.data, "reading '\(raw.name)': the codec '\(text)' is not known", hint: "Known are \(known)")
    }
    self.codec = codec
    guard let kind = codec.kind else { return }
    unpacker = AvroBlockUnpacker(kind)
    guard unpacker != nil else {
      throw Failure(.transient, "reading '\(raw.name)': no memory for the codec '\(text)'")
    }
  }

  private func readMetadata() throws {
    var size = 0
    while true {
      var count = try raw.long()
      if count == 0 { return }
      if count < 0 {
        guard count != .min else { throw damage("a number of entries that cannot be", at: raw.offset) }
        count = -count
        _ = try raw.long()
      }
      for _ in 0..<count {
        let key = try text(&size)
        metadata[ExactText(String(decoding: key, as: UTF8.self))] = try text(&size)
      }
    }
  }

  private func text(_ size: inout Int) throws -> [UInt8] {
    let offset = raw.offset
    let length = try raw.long()
    guard length >= 0, length <= Int64(Bound.head - size) else {
      throw damage("a length of \(length) bytes in the head, which holds at most \(Bound.head)", at: offset)
    }
    size += Int(length) + 1
    return try raw.bytes(Int(length))
  }

  // MARK: blocks

  /// Goes to the next block and returns its number of rows; nil at the file's end.
  func next() throws -> Int64? {
    if try raw.fill(1) == 0 { return nil }
    blockOffset = raw.offset
    let rows = try raw.long()
    let size = try raw.long()
    guard rows >= 0, size >= 0 else {
      throw damage("a block of \(rows) rows in \(size) bytes", at: blockOffset)
    }
    if !isLenient, let left = raw.left, size > left - 16 {
      throw damage(
        "a block of \(size) bytes, but the file ends \(max(0, left)) bytes behind its head", at: blockOffset)
    }
    remaining = size
    empty()
    // Some write a block of nothing as nothing, whatever the codec.
    isDecoded = size == 0
    if let unpacker, !unpacker.reset() {
      throw Failure(.transient, "reading '\(raw.name)': no memory for the codec '\(codec.rawValue)'")
    }
    return rows
  }

  /// Gets the block ready to be read.
  func unpack() throws {
    if isDecoded || codec == .null { return }
    if codec == .snappy { return try unpackSnappy() }
    // Where a block that cannot be unpacked is left out, none of its rows may come from bytes in front of the damage.
    while isLenient, memory.count - start < Bound.whole, try decode(0) {}
  }

  /// The bytes of the block that can be looked at, up to the next call of any method.
  var window: Span<UInt8> {
    @_lifetime(borrow self)
    get {
      let raw = raw
      if codec != .null {
        return unsafe _overrideLifetime(memory.span.extracting(droppingFirst: start), borrowing: self)
      }
      let count = Int(min(Int64(raw.count), remaining))
      return unsafe _overrideLifetime(raw.bytes.extracting(first: count), borrowing: self)
    }
  }
  private var windowCount: Int { codec == .null ? Int(min(Int64(raw.count), remaining)) : memory.count - start }

  /// How many bytes the block can still have behind the window: known where it is not compressed.
  var beyond: Int64 { codec == .null ? remaining - Int64(windowCount) : isDecoded ? 0 : Int64(Bound.row) }

  /// Where a byte of the window is in the file; of a compressed block, where the block is.
  func offset(of place: Int) -> Int64 {
    codec == .null ? raw.offset + Int64(place) : blockOffset
  }

  /// Leaves the first `consumed` bytes of the window behind and brings more; false when the block has no more.
  func more(consumed: Int) throws -> Bool {
    if codec != .null { return try decode(consumed) }
    leave(consumed)
    let have = min(Int64(raw.count), remaining)
    if have == remaining { return false }
    let wanted = min(remaining, max(Int64(Bound.window), have * 2))
    guard wanted <= Int64(Bound.row) * 2, try raw.fill(Int(wanted)) > Int(have) else {
      throw damage("the file ends within a block", at: raw.offset)
    }
    return true
  }

  /// Leaves the first `consumed` bytes of the window behind.
  private func leave(_ consumed: Int) {
    if codec != .null {
      start += consumed
    } else {
      raw.advance(consumed)
      remaining -= Int64(consumed)
    }
  }

  /// Up to `count` bytes of the block from the first byte on that is not consumed, which becomes the window's first.
  func rest(consumed: Int, _ count: Int) throws -> [UInt8] {
    leave(consumed)
    if codec == .null { _ = try raw.fill(Int(min(remaining, Int64(count)))) }
    return window.extracting(first: min(windowCount, count)).array
  }

  /// Closes a block whose rows are all read.
  func finish(consumed: Int) throws {
    let left = windowCount - consumed
    if left > 0 { leave(consumed) }
    let goesOn = left > 0 ? true : try more(consumed: consumed)
    if goesOn {
      throw damage("bytes are left over behind the last row of the block", at: blockOffset)
    }
    let offset = raw.offset
    guard try raw.bytes(16) == sync else {
      throw damage("the mark behind the block that starts at byte \(blockOffset) is not the file's", at: offset)
    }
  }

  /// After damage: goes to the next block, which stands here or behind the next mark that there is; false where there
  /// is none. The size of the block is not trusted: it may be what is damaged.
  func recover() throws -> Bool {
    if try standsAtBlock() { return true }
    let raw = raw
    while try raw.fill(Bound.window) >= 16 {
      let bytes = raw.bytes
      for place in 0...bytes.count - 16 where isMark(bytes, place) {
        raw.advance(place + 16)
        return true
      }
      raw.advance(bytes.count - 15)
    }
    return false
  }

  /// Whether a block that ends with a mark begins here: then only the mark in front of it was damaged.
  private func standsAtBlock() throws -> Bool {
    let raw = raw
    // Reading on may move what is at hand.
    let have = try raw.fill(20)
    guard let end = blockEnd(raw.bytes.extracting(first: have)) else { return false }
    return try raw.fill(end + 16) >= end + 16 && isMark(raw.bytes, end)
  }

  /// Where a block ends that begins here, if it may be one.
  private func blockEnd(_ bytes: Span<UInt8>) -> Int? {
    var head = AvroCursor(bytes)
    var rows: Int64 = 0
    var size: Int64 = 0
    guard head.long(&rows), head.long(&size), rows >= 0, 0...Int64(Bound.whole) ~= size else { return nil }
    return head.at + Int(size)
  }

  private func isMark(_ bytes: Span<UInt8>, _ place: Int) -> Bool {
    bytes[place] == sync[0] && bytes.extracting(place..<place + 16).isExactly(sync)
  }

  // MARK: compressed blocks

  private func empty() {
    memory.removeAll()
    start = 0
  }

  private func makeRoom(_ wanted: Int) {
    if memory.freeCapacity >= wanted { return }
    memory.removeFirst(start)
    start = 0
    if memory.freeCapacity < wanted { memory.reserveCapacity(max(Bound.window, wanted)) }
  }

  private func decode(_ consumed: Int) throws -> Bool {
    start += consumed
    if isDecoded { return false }
    guard memory.count - start < Bound.row else {
      throw damage("a row of more than \(Bound.row) bytes", at: blockOffset)
    }
    if start == memory.count { empty() }
    makeRoom(Bound.window / 2)
    let before = memory.count
    while memory.freeCapacity > 0, !isDecoded { try decodeOnce() }
    return memory.count > before
  }

  /// The decoder gets pieces of one size, however the bytes come in: it is one place at which it finds damage.
  private func decodeOnce() throws {
    let wanted = Int(min(Int64(Bound.piece), remaining))
    let given = min(wanted, try raw.fill(wanted))
    if given == 0, remaining > 0 { throw damage("the file ends within a block", at: raw.offset) }
    guard let unpacker else { return }
    let before = memory.count
    let raw = raw
    let (status, taken) = memory.append(upTo: memory.freeCapacity) {
      unpacker.unpack(raw.bytes.extracting(first: given), into: &$0)
    }
    raw.advance(taken)
    remaining -= Int64(taken)
    switch status {
    case .end:
      // fastavro leaves the end of zlib's checksum behind the stream.
      if codec == .deflate, remaining <= 4, try raw.fill(Int(remaining)) >= Int(remaining) {
        raw.advance(Int(remaining))
        remaining = 0
      }
      isDecoded = remaining == 0
      // Zstandard goes on with a frame of its own.
      if !isDecoded, codec != .zstandard { throw damage("bytes follow the compressed ones", at: raw.offset) }
    case .more:
      if taken == 0, memory.count == before { throw damage("the compressed bytes end too early", at: blockOffset) }
    case .noMemory: throw damage("the block asks for too much memory to unpack", at: blockOffset)
    case .bad: throw damage("the bytes are not what the codec '\(codec.rawValue)' makes", at: blockOffset)
    }
  }

  /// A Snappy block, and the CRC-32 of what it unpacks to, big-endian.
  private func unpackSnappy() throws {
    isDecoded = true
    guard remaining >= 4, remaining <= Int64(Bound.snappy) else {
      throw damage("a Snappy block of \(remaining) bytes", at: blockOffset)
    }
    let count = Int(remaining)
    guard try raw.fill(count) >= count else { throw damage("the file ends within a block", at: raw.offset) }
    let raw = raw
    let block = raw.bytes.extracting(first: count - 4)
    let size = AvroSnappy.size(block)
    // No three bytes become more than 64.
    guard size >= 0, size <= Int64(Bound.snappy), size <= Int64(count) * 32,
      memory.append(upTo: Int(size), { AvroSnappy.unpack(block, Int(size), into: &$0) })
    else {
      throw damage("the bytes are not what the codec 'snappy' makes", at: blockOffset)
    }
    let sum = (count - 4..<count).reduce(0 as UInt32) { $0 << 8 | UInt32(raw.bytes[$1]) }
    guard AvroSnappy.checksum(memory.span) == sum else {
      throw damage("the checksum of the block does not match its bytes", at: blockOffset)
    }
    raw.advance(count)
    remaining = 0
  }
}
