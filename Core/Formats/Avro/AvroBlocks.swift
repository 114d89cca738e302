internal import CCodecs
internal import Glibc
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
@safe final class AvroBlocks {
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
  private var decoder: OpaquePointer?
  private var isDecoded = true
  /// Decompressed bytes: what is in the window lies from `start` to `end`.
  private var memory: UnsafeMutablePointer<UInt8>
  private var capacity = 0
  private var start = 0
  private var end = 0

  /// - Parameter isLenient: a block that goes on behind the file's end is read as far as it is there.
  init(_ input: any ByteInput, isLenient: Bool = false) throws {
    raw = AvroRawInput(input)
    self.isLenient = isLenient
    unsafe memory = .allocate(capacity: 64)
    do {
      try readHead()
    } catch let damage as AvroDamage {
      throw damage.failure(raw.name)
    }
  }

  deinit {
    if let decoder = unsafe decoder { unsafe codec_decoder_close(decoder) }
    unsafe memory.deallocate()
  }

  var name: String { raw.name }
  /// How far the file has been read, in bytes.
  var position: Int64 { raw.offset }

  private func damage(_ reason: String, at offset: Int64) -> AvroDamage { AvroDamage(offset: offset, reason: reason) }

  // MARK: the head

  private func readHead() throws {
    guard try raw.fill(4) >= 4, unsafe raw.base[0] == UInt8(ascii: "O"), unsafe raw.base[1] == UInt8(ascii: "b"),
      unsafe raw.base[2] == UInt8(ascii: "j"), unsafe raw.base[3] == 1
    else {
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
    unsafe decoder = unsafe codec_decoder_open(kind)
    guard unsafe decoder != nil else {
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
    start = 0
    end = 0
    // Some write a block of nothing as nothing, whatever the codec.
    isDecoded = size == 0
    if let decoder = unsafe decoder, unsafe codec_decoder_reset(decoder) != codec_more {
      throw Failure(.transient, "reading '\(raw.name)': no memory for the codec '\(codec.rawValue)'")
    }
    return rows
  }

  /// Gets the block ready to be read.
  func unpack() throws {
    if isDecoded || codec == .null { return }
    if codec == .snappy { return try unpackSnappy() }
    // Where a block that cannot be unpacked is left out, none of its rows may come from bytes in front of the damage.
    while isLenient, end - start < Bound.whole, try decode(0) {}
  }

  /// The bytes of the block that can be looked at, up to the next call of any method. 16 more are readable.
  var window: (start: UnsafePointer<UInt8>, count: Int) {
    if codec == .null { return unsafe (raw.base, Int(min(Int64(raw.count), remaining))) }
    return unsafe (UnsafePointer(memory + start), end - start)
  }

  /// How many bytes the block can still have behind the window: known where it is not compressed.
  var beyond: Int64 { unsafe codec == .null ? remaining - Int64(window.count) : isDecoded ? 0 : Int64(Bound.row) }

  /// Where a byte of the window is in the file; of a compressed block, where the block is.
  func offset(of place: UnsafePointer<UInt8>) -> Int64 {
    unsafe codec == .null ? raw.offset + Int64(place - raw.base) : blockOffset
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
    return unsafe Array(UnsafeBufferPointer(start: window.start, count: min(window.count, count)))
  }

  /// Closes a block whose rows are all read.
  func finish(consumed: Int) throws {
    let left = unsafe window.count - consumed
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
    while try raw.fill(Bound.window) >= 16 {
      for place in 0...raw.count - 16 where unsafe isMark(raw.base + place) {
        raw.advance(place + 16)
        return true
      }
      raw.advance(raw.count - 15)
    }
    return false
  }

  /// Whether a block that ends with a mark begins here: then only the mark in front of it was damaged.
  private func standsAtBlock() throws -> Bool {
    // Reading on may move what is at hand.
    let have = try raw.fill(20)
    var head = unsafe AvroCursor(raw.base, have)
    var rows: Int64 = 0
    var size: Int64 = 0
    guard head.long(&rows), head.long(&size), rows >= 0, 0...Int64(Bound.whole) ~= size else { return false }
    let end = unsafe head.at - raw.base + Int(size)
    guard try raw.fill(end + 16) >= end + 16 else { return false }
    return unsafe isMark(raw.base + end)
  }

  private func isMark(_ place: UnsafePointer<UInt8>) -> Bool {
    guard unsafe place[0] == sync[0] else { return false }
    for index in 1..<16 where unsafe place[index] != sync[index] { return false }
    return true
  }

  // MARK: compressed blocks

  private func makeRoom(_ wanted: Int) {
    if capacity - end >= wanted { return }
    if start > 0 {
      unsafe memmove(memory, memory + start, end - start)
      end -= start
      start = 0
    }
    if capacity - end >= wanted { return }
    let size = max(Bound.window, capacity * 2, end + wanted)
    let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: size + 64)
    unsafe larger.initialize(repeating: 0, count: size + 64)
    unsafe memcpy(larger, memory, end)
    unsafe memory.deallocate()
    unsafe memory = unsafe larger
    capacity = size
  }

  private func decode(_ consumed: Int) throws -> Bool {
    start += consumed
    if isDecoded { return false }
    guard end - start < Bound.row else { throw damage("a row of more than \(Bound.row) bytes", at: blockOffset) }
    if start == end {
      start = 0
      end = 0
    }
    makeRoom(Bound.window / 2)
    let before = end - start
    while end < capacity, !isDecoded { try decodeOnce() }
    return end - start > before
  }

  /// The decoder gets pieces of one size, however the bytes come in: it is one place at which it finds damage.
  private func decodeOnce() throws {
    let wanted = Int(min(Int64(Bound.piece), remaining))
    let given = min(wanted, try raw.fill(wanted))
    if given == 0, remaining > 0 { throw damage("the file ends within a block", at: raw.offset) }
    guard let decoder = unsafe decoder else { return }
    var source: UnsafePointer<UInt8>? = unsafe raw.base
    var sourceCount = given
    var target: UnsafeMutablePointer<UInt8>? = unsafe memory + end
    var room = capacity - end
    let status = unsafe codec_decode(decoder, &source, &sourceCount, &target, &room)
    let taken = given - sourceCount
    let produced = capacity - end - room
    raw.advance(taken)
    remaining -= Int64(taken)
    end += produced
    switch status {
    case codec_end:
      // fastavro leaves the end of zlib's checksum behind the stream.
      if codec == .deflate, remaining <= 4, try raw.fill(Int(remaining)) >= Int(remaining) {
        raw.advance(Int(remaining))
        remaining = 0
      }
      isDecoded = remaining == 0
      // Zstandard goes on with a frame of its own.
      if !isDecoded, codec != .zstandard { throw damage("bytes follow the compressed ones", at: raw.offset) }
    case codec_more:
      if taken == 0, produced == 0 { throw damage("the compressed bytes end too early", at: blockOffset) }
    case codec_no_memory: throw damage("the block asks for too much memory to unpack", at: blockOffset)
    default: throw damage("the bytes are not what the codec '\(codec.rawValue)' makes", at: blockOffset)
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
    let size = unsafe codec_snappy_size(raw.base, count - 4)
    // No three bytes become more than 64.
    guard size >= 0, size <= Int64(Bound.snappy), size <= Int64(count) * 32 else {
      throw damage("the bytes are not what the codec 'snappy' makes", at: blockOffset)
    }
    makeRoom(Int(size))
    guard unsafe codec_snappy_decode(raw.base, count - 4, memory, Int(size)) == 0 else {
      throw damage("the bytes are not what the codec 'snappy' makes", at: blockOffset)
    }
    let sum = unsafe UnsafeRawPointer(raw.base + count - 4).loadUnaligned(as: UInt32.self).bigEndian
    guard unsafe codec_crc32(memory, Int(size)) == sum else {
      throw damage("the checksum of the block does not match its bytes", at: blockOffset)
    }
    end = Int(size)
    raw.advance(count)
    remaining = 0
  }
}
