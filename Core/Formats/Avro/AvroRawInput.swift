internal import Records

/// The bytes of an input in pieces that lie together in memory, with their place in the input.
final class AvroRawInput {
  let name: String
  /// Of the first byte at hand.
  private(set) var offset: Int64 = 0
  private let input: any ByteInput
  private let size: Int64?
  /// What is at hand from `start` on.
  private var memory = ByteBuffer(capacity: AvroBlocks.Bound.window)
  private var start = 0

  init(_ input: any ByteInput) {
    self.input = input
    name = input.name
    size = input.size
  }

  /// What is at hand; until more is read.
  var bytes: Span<UInt8> {
    @_lifetime(borrow self)
    get { unsafe _overrideLifetime(memory.span.extracting(droppingFirst: start), borrowing: self) }
  }
  /// Bytes at hand.
  var count: Int { memory.count - start }
  /// Bytes up to the input's end, where that is known.
  var left: Int64? { size.map { $0 - offset } }

  func advance(_ bytes: Int) {
    start += bytes
    offset += Int64(bytes)
  }

  /// Reads until `wanted` bytes are at hand or the input ends; returns how many there are. Memory grows with what is
  /// there, not with what was promised.
  func fill(_ wanted: Int) throws -> Int {
    while count < wanted {
      // Bytes are moved only once as many others were left behind, however much is wanted each time.
      if start == memory.count || (memory.freeCapacity == 0 && start >= count) {
        memory.removeFirst(start)
        start = 0
      }
      memory.reserveCapacity(1)
      let got = try memory.append(upTo: memory.freeCapacity) { try input.read(into: &$0) }
      if got == 0 { break }
    }
    return count
  }

  private func ends() -> AvroDamage { AvroDamage(offset: offset, reason: "the file ends too early") }

  func bytes(_ length: Int) throws -> [UInt8] {
    guard try fill(length) >= length else { throw ends() }
    defer { advance(length) }
    return memory.span.extracting(start..<start + length).array
  }

  /// A number of the zigzag encoding.
  func long() throws -> Int64 {
    let have = try fill(10)
    var cursor = AvroCursor(bytes.extracting(first: have))
    var value: Int64 = 0
    guard cursor.long(&value) else {
      if cursor.fault == .end { throw ends() }
      throw AvroDamage(offset: offset, reason: cursor.fault.text)
    }
    let length = cursor.at
    advance(length)
    return value
  }
}
