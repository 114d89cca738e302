internal import Glibc

/// Bytes that grow at the end, for building text without a `String`: one `malloc` block, freed with its owner.
///
/// Not copyable, so that appending through `inout` costs neither reference counting nor exclusivity checks.
@safe public struct TextBuffer: ~Copyable {
  @usableFromInline var base: UnsafeMutablePointer<UInt8>
  @usableFromInline var capacity: Int
  @usableFromInline var used = 0
  /// Bytes so far.
  @inlinable public var count: Int { used }

  public init(capacity: Int = 256) {
    self.capacity = max(capacity, 64)
    unsafe base = unsafe TextBuffer.allocate(self.capacity)
  }

  deinit { unsafe free(base) }

  private static func allocate(_ size: Int) -> UnsafeMutablePointer<UInt8> {
    guard let block = unsafe malloc(size) else { Allocation.outOfMemory(size) }
    return unsafe block.assumingMemoryBound(to: UInt8.self)
  }

  /// Valid until the next append.
  public var bytes: UnsafeRawBufferPointer { unsafe UnsafeRawBufferPointer(start: base, count: count) }

  /// A copy as text; invalid UTF-8 is replaced. For messages and tests.
  public var string: String { unsafe String(decoding: bytes, as: UTF8.self) }

  /// Room for `length` bytes, to be written in place and closed with `advance`.
  @inlinable @inline(__always)
  public mutating func reserve(_ length: Int) -> UnsafeMutablePointer<UInt8> {
    if count + length > capacity { grow(length) }
    return unsafe base + count
  }

  /// Takes `length` bytes that were written into `reserve`'s room.
  @inlinable @inline(__always)
  public mutating func advance(_ length: Int) { used += length }

  @inlinable @inline(__always)
  public mutating func append(byte: UInt8) {
    unsafe reserve(1)[0] = byte
    advance(1)
  }

  @inlinable @inline(__always)
  public mutating func append(_ start: UnsafeRawPointer, _ length: Int) {
    unsafe UnsafeMutableRawPointer(reserve(length)).copyMemory(from: start, byteCount: length)
    advance(length)
  }

  @inlinable
  public mutating func append(bytes: UnsafeRawBufferPointer) {
    if let start = bytes.baseAddress { unsafe append(start, bytes.count) }
  }

  @inlinable
  public mutating func append(_ text: StaticString) { unsafe append(text.utf8Start, text.utf8CodeUnitCount) }

  public mutating func append(text: String) {
    var text = text
    text.withUTF8 { unsafe append(bytes: UnsafeRawBufferPointer($0)) }
  }

  /// Forgets the bytes and keeps the memory.
  @inlinable
  public mutating func removeAll() { used = 0 }

  /// Cuts back to a count it had before.
  @inlinable
  public mutating func truncate(to length: Int) { used = length }

  @usableFromInline @inline(never)
  mutating func grow(_ more: Int) {
    let size = max(capacity * 2, count + more)
    guard let block = unsafe realloc(base, size) else { Allocation.outOfMemory(size) }
    unsafe base = unsafe block.assumingMemoryBound(to: UInt8.self)
    capacity = size
  }
}
