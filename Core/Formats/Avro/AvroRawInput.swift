internal import Glibc
internal import Records

/// The bytes of an input in pieces that lie together in memory, with their place in the input.
@safe final class AvroRawInput {
  let name: String
  /// Of the first byte at hand.
  private(set) var offset: Int64 = 0
  private let input: any ByteInput
  private let size: Int64?
  private var memory: UnsafeMutablePointer<UInt8>
  private var capacity = AvroBlocks.Bound.window
  private var start = 0
  private var end = 0
  private static let padding = 64

  init(_ input: any ByteInput) {
    self.input = input
    name = input.name
    size = input.size
    unsafe memory = .allocate(capacity: capacity + AvroRawInput.padding)
    unsafe memory.initialize(repeating: 0, count: capacity + AvroRawInput.padding)
  }

  deinit { unsafe memory.deallocate() }

  var base: UnsafePointer<UInt8> { unsafe UnsafePointer(memory + start) }
  /// Bytes at hand.
  var count: Int { end - start }
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
      if start == end || (end == capacity && start >= count) {
        unsafe memmove(memory, memory + start, count)
        end -= start
        start = 0
      }
      if end == capacity { grow(to: capacity * 2) }
      let memory = unsafe UnsafeMutableBufferPointer(start: memory + end, count: capacity - end)
      var room = unsafe OutputSpan(buffer: memory, initializedCount: 0)
      let got = try input.read(into: &room)
      _ = unsafe room.finalize(for: memory)
      if got == 0 { break }
      end += got
    }
    return count
  }

  private func grow(to size: Int) {
    let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: size + AvroRawInput.padding)
    unsafe memcpy(larger, memory, end)
    unsafe memset(larger + end, 0, size + AvroRawInput.padding - end)
    unsafe memory.deallocate()
    unsafe memory = unsafe larger
    capacity = size
  }

  private func ends() -> AvroDamage { AvroDamage(offset: offset, reason: "the file ends too early") }

  func bytes(_ length: Int) throws -> [UInt8] {
    guard try fill(length) >= length else { throw ends() }
    defer { advance(length) }
    return unsafe Array(UnsafeBufferPointer(start: base, count: length))
  }

  /// A number of the zigzag encoding.
  func long() throws -> Int64 {
    let have = try fill(10)
    var cursor = unsafe AvroCursor(base, have)
    var value: Int64 = 0
    guard cursor.long(&value) else {
      if cursor.fault == .end { throw ends() }
      throw AvroDamage(offset: offset, reason: cursor.fault.text)
    }
    unsafe advance(cursor.at - base)
    return value
  }
}
