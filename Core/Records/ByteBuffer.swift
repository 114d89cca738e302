internal import Glibc

/// Bytes that grow at the end: the one buffer for texts, packets, blocks and rows that are being made. One block of
/// memory, freed with its owner.
///
/// Not copyable, so that appending through `inout` costs neither reference counting nor exclusivity checks: a class
/// that keeps one hands it on as `inout` once per batch, not per value. Numbers go in either order of bytes, and what
/// is only known later is patched:
///
///     var out = ByteBuffer()
///     let start = out.count
///     out.append(big: Int32(0))
///     out.append(view.bytes(row))
///     out.patch(big: Int32(out.count - start - 4), at: start)
///     try send(out.span)
///     out.removeAll()
///
/// Several small things at once cost one look at the room:
///
///     out.append(upTo: 12) {
///       $0.append(big: Int32(8))
///       $0.append(big: value)
///     }
@safe public struct ByteBuffer: ~Copyable {
  @usableFromInline var base: UnsafeMutablePointer<UInt8>
  @usableFromInline var capacity: Int
  @usableFromInline var used = 0

  public init(capacity: Int = 256) {
    self.capacity = max(capacity, 64)
    unsafe base = unsafe ByteBuffer.allocate(self.capacity)
  }

  deinit { unsafe free(base) }

  private static func allocate(_ size: Int) -> UnsafeMutablePointer<UInt8> {
    guard let block = unsafe malloc(size) else { Allocation.outOfMemory(size) }
    return unsafe block.assumingMemoryBound(to: UInt8.self)
  }

  // MARK: looking

  /// Bytes so far.
  @inlinable public var count: Int { used }
  @inlinable public var isEmpty: Bool { used == 0 }
  /// Bytes that can be appended before the memory grows.
  @inlinable public var freeCapacity: Int { capacity - used }

  /// All bytes so far.
  @inlinable
  public var span: Span<UInt8> {
    @_lifetime(borrow self)
    get { unsafe _overrideLifetime(Span(_unsafeStart: base, count: used), borrowing: self) }
  }

  /// All bytes so far, to be changed in place.
  @inlinable
  public var mutableSpan: MutableSpan<UInt8> {
    @_lifetime(&self)
    mutating get { unsafe _overrideLifetime(MutableSpan(_unsafeStart: base, count: used), mutating: &self) }
  }

  @inlinable
  public subscript(_ index: Int) -> UInt8 {
    get {
      precondition(UInt(bitPattern: index) < UInt(bitPattern: used), "a byte outside of the buffer")
      return unsafe base[index]
    }
    set {
      precondition(UInt(bitPattern: index) < UInt(bitPattern: used), "a byte outside of the buffer")
      unsafe base[index] = newValue
    }
  }

  /// For C, and for a buffer that a class owns, whose span cannot leave it.
  @inlinable @inline(__always)
  public borrowing func withUnsafeBytes<Result, E: Error>(
    _ body: (UnsafeRawBufferPointer) throws(E) -> Result
  ) throws(E) -> Result {
    try unsafe body(UnsafeRawBufferPointer(start: base, count: used))
  }

  /// A copy as text; invalid UTF-8 is replaced.
  public var string: String { span.string }

  /// A copy of some bytes as text; invalid UTF-8 is replaced.
  public func string(_ range: Range<Int>) -> String { span.extracting(range).string }

  /// A copy of all bytes.
  public var array: [UInt8] { span.array }

  public borrowing func write(to output: any ByteOutput) throws { try output.write(span) }

  /// Writes some of the bytes.
  public borrowing func write(_ range: Range<Int>, to output: any ByteOutput) throws {
    try output.write(span.extracting(range))
  }

  // MARK: appending

  @inlinable @inline(__always)
  public mutating func append(byte: UInt8) {
    if used == capacity { grow(1) }
    unsafe base[used] = byte
    used &+= 1
  }

  @inlinable
  public mutating func append(repeating byte: UInt8, count: Int) {
    precondition(count >= 0)
    reserveCapacity(count)
    unsafe (base + used).update(repeating: byte, count: count)
    used += count
  }

  @inlinable @inline(__always)
  public mutating func append(_ bytes: Span<UInt8>) {
    unsafe bytes.withUnsafeBufferPointer { if let start = $0.baseAddress { unsafe append(start, $0.count) } }
  }

  @inlinable @inline(__always)
  public mutating func append(_ bytes: [UInt8]) { append(bytes.span) }

  @inlinable
  public mutating func append(_ text: StaticString) { unsafe append(text.utf8Start, text.utf8CodeUnitCount) }

  /// The UTF-8 of a text.
  public mutating func append(text: String) {
    append(text.utf8.span)
  }

  /// A number, its lowest byte first.
  @inlinable @inline(__always)
  public mutating func append<T: FixedWidthInteger & BitwiseCopyable>(little value: T) { store(value.littleEndian) }

  /// A number in network order.
  @inlinable @inline(__always)
  public mutating func append<T: FixedWidthInteger & BitwiseCopyable>(big value: T) { store(value.bigEndian) }

  @inlinable @inline(__always)
  mutating func store<T: BitwiseCopyable>(_ value: T) {
    reserveCapacity(MemoryLayout<T>.size)
    unsafe UnsafeMutableRawPointer(base + used).storeBytes(of: value, as: T.self)
    used &+= MemoryLayout<T>.size
  }

  /// A number in groups of seven bits, the lowest first (LEB128).
  @inlinable @inline(__always)
  public mutating func append(varint value: UInt64) { append(upTo: 10) { $0.append(varint: value) } }

  /// A signed number as a varint whose lowest bit is the sign, as Avro and Protocol Buffers have it.
  @inlinable @inline(__always)
  public mutating func append(zigzag value: Int64) { append(upTo: 10) { $0.append(zigzag: value) } }

  /// Appends what `body` writes into room for `length` bytes, which may be fewer.
  @inlinable @inline(__always)
  public mutating func append<Result, E: Error>(
    upTo length: Int, _ body: (inout OutputSpan<UInt8>) throws(E) -> Result
  ) throws(E) -> Result {
    reserveCapacity(length)
    let room = unsafe UnsafeMutableBufferPointer(start: base + used, count: length)
    var output = unsafe OutputSpan(buffer: room, initializedCount: 0)
    let result = try body(&output)
    used &+= unsafe output.finalize(for: room)
    return result
  }

  // MARK: changing

  /// Replaces the bytes at a place by a number, its lowest byte first.
  @inlinable
  public mutating func patch<T: FixedWidthInteger & BitwiseCopyable>(little value: T, at place: Int) {
    overwrite(value.littleEndian, at: place)
  }

  /// Replaces the bytes at a place by a number in network order.
  @inlinable
  public mutating func patch<T: FixedWidthInteger & BitwiseCopyable>(big value: T, at place: Int) {
    overwrite(value.bigEndian, at: place)
  }

  @inlinable
  mutating func overwrite<T: BitwiseCopyable>(_ value: T, at place: Int) {
    precondition(place >= 0 && place <= used - MemoryLayout<T>.size, "bytes outside of the buffer")
    unsafe UnsafeMutableRawPointer(base + place).storeBytes(of: value, as: T.self)
  }

  /// Forgets the bytes and keeps the memory.
  ///
  /// - Parameter limit: more memory than so many bytes is given back: one huge value must not hold it for the rest of a
  ///   load.
  @inlinable
  public mutating func removeAll(keepingUpTo limit: Int = .max) {
    used = 0
    if capacity > limit { shrink(limit) }
  }

  /// Forgets the first bytes; the others move to the front.
  public mutating func removeFirst(_ count: Int) {
    precondition(count >= 0 && count <= used, "a buffer has no more bytes to forget than it has")
    unsafe base.update(from: base + count, count: used - count)
    used -= count
  }

  /// Cuts back to a count it had before.
  @inlinable
  public mutating func truncate(to length: Int) {
    precondition(length >= 0 && length <= used, "a buffer cannot be cut to more than it has")
    used = length
  }

  /// Makes room for so many bytes more.
  @inlinable @inline(__always)
  public mutating func reserveCapacity(_ more: Int) {
    if used &+ more > capacity { grow(more) }
  }

  @usableFromInline @inline(never)
  mutating func grow(_ more: Int) {
    let size = max(capacity * 2, used + more)
    guard let block = unsafe realloc(base, size) else { Allocation.outOfMemory(size) }
    unsafe base = unsafe block.assumingMemoryBound(to: UInt8.self)
    capacity = size
  }

  @usableFromInline @inline(never)
  mutating func shrink(_ limit: Int) {
    unsafe free(base)
    capacity = max(limit, 64)
    unsafe base = unsafe ByteBuffer.allocate(capacity)
  }
}

extension OutputSpan<UInt8> {
  /// A number, its lowest byte first.
  @inlinable @inline(__always)
  public mutating func append<T: FixedWidthInteger & BitwiseCopyable>(little value: T) { store(value.littleEndian) }

  /// A number in network order.
  @inlinable @inline(__always)
  public mutating func append<T: FixedWidthInteger & BitwiseCopyable>(big value: T) { store(value.bigEndian) }

  @inlinable @inline(__always)
  mutating func store<T: BitwiseCopyable>(_ value: T) {
    unsafe withUnsafeMutableBufferPointer { room, count in
      precondition(MemoryLayout<T>.size <= room.count &- count, "no room for a number")
      guard let base = room.baseAddress else { return }
      unsafe UnsafeMutableRawPointer(base + count).storeBytes(of: value, as: T.self)
      count &+= MemoryLayout<T>.size
    }
  }

  /// Some bytes.
  @inlinable @inline(__always)
  public mutating func append(_ bytes: Span<UInt8>) {
    unsafe withUnsafeMutableBufferPointer { room, count in
      precondition(bytes.count <= room.count &- count, "no room for the bytes")
      guard let base = room.baseAddress else { return }
      unsafe bytes.withUnsafeBufferPointer {
        if let source = $0.baseAddress { unsafe (base + count).update(from: source, count: $0.count) }
      }
      count &+= bytes.count
    }
  }

  /// Appends what `body` writes into a part of the room, which may be fewer bytes.
  public mutating func append<Result, E: Error>(
    upTo length: Int, _ body: (inout OutputSpan<UInt8>) throws(E) -> Result
  ) throws(E) -> Result {
    try unsafe withUnsafeMutableBufferPointer { (memory, count) throws(E) -> Result in
      let part = unsafe UnsafeMutableBufferPointer(rebasing: memory[count..<count + length])
      var output = unsafe OutputSpan(buffer: part, initializedCount: 0)
      let result = try body(&output)
      count += unsafe output.finalize(for: part)
      return result
    }
  }

  /// A number in groups of seven bits, the lowest first: up to 10 bytes, for which there must be room.
  @inlinable @inline(__always)
  public mutating func append(varint value: UInt64) {
    unsafe withUnsafeMutableBufferPointer { room, count in
      precondition(room.count &- count >= 10, "no room for a number")
      guard let base = room.baseAddress else { return }
      var rest = value
      while rest >= 0x80 {
        unsafe base[count] = UInt8(truncatingIfNeeded: rest) | 0x80
        rest &>>= 7
        count &+= 1
      }
      unsafe base[count] = UInt8(truncatingIfNeeded: rest)
      count &+= 1
    }
  }

  /// A signed number as a varint whose lowest bit is the sign: up to 10 bytes, for which there must be room.
  @inlinable @inline(__always)
  public mutating func append(zigzag value: Int64) {
    append(varint: UInt64(bitPattern: value &<< 1 ^ value &>> 63))
  }
}

// MARK: raw memory

/// For the writers of digits and cells, which write backwards or behind the end, where a span would be looked at per
/// byte; all else uses `span` and `append(upTo:)`.
extension ByteBuffer {
  /// Valid until the next append.
  @inlinable
  public var bytes: UnsafeRawBufferPointer { unsafe UnsafeRawBufferPointer(start: base, count: used) }

  /// Room for `length` bytes, to be written in place and closed with `advance`.
  @inlinable @inline(__always)
  public mutating func reserve(_ length: Int) -> UnsafeMutablePointer<UInt8> {
    reserveCapacity(length)
    return unsafe base + used
  }

  /// Takes `length` bytes that were written into `reserve`'s room.
  @inlinable @inline(__always)
  public mutating func advance(_ length: Int) { used += length }

  @inlinable @inline(__always)
  mutating func append(_ start: UnsafeRawPointer, _ length: Int) {
    reserveCapacity(length)
    unsafe UnsafeMutableRawPointer(base + used).copyMemory(from: start, byteCount: length)
    used &+= length
  }
}
