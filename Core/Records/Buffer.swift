internal import Glibc

/// Memory that is freed when its last user is gone: one `malloc` block aligned to 64 bytes, as Arrow recommends.
@safe public final class Allocation: @unchecked Sendable {
  public let base: UnsafeMutableRawPointer
  public let capacity: Int

  /// At least `capacity` bytes, not zeroed.
  public init(capacity: Int) {
    let size = (max(capacity, 1) + 63) & ~63
    var memory: UnsafeMutableRawPointer?
    let status = unsafe posix_memalign(&memory, 64, size)
    guard status == 0, let memory = unsafe memory else { Allocation.outOfMemory(size) }
    unsafe base = unsafe memory
    self.capacity = size
  }

  /// For sizes that come from outside: nil when there is not that much memory.
  init?(trying capacity: Int) {
    guard capacity >= 0, capacity <= Int.max - 64 else { return nil }
    let size = (max(capacity, 1) + 63) & ~63
    var memory: UnsafeMutableRawPointer?
    guard unsafe posix_memalign(&memory, 64, size) == 0, let memory = unsafe memory else { return nil }
    unsafe base = unsafe memory
    self.capacity = size
  }

  deinit { unsafe free(base) }

  /// Has `body` write into a part of the memory that nobody looks at yet.
  public func fill<Result, E: Error>(
    _ part: Range<Int>, _ body: (inout OutputSpan<UInt8>) throws(E) -> Result
  ) throws(E) -> Result {
    precondition(part.lowerBound >= 0 && part.upperBound <= capacity, "a part outside of the memory")
    let start = unsafe (base + part.lowerBound).assumingMemoryBound(to: UInt8.self)
    let room = unsafe UnsafeMutableBufferPointer(start: start, count: part.count)
    var output = unsafe OutputSpan(buffer: room, initializedCount: 0)
    let result = try body(&output)
    _ = unsafe output.finalize(for: room)
    return result
  }

  /// There is no way to go on without memory; the message says what was asked for.
  static func outOfMemory(_ size: Int) -> Never {
    let message = "ferry: out of memory: \(size) bytes could not be allocated\n"
    _ = unsafe message.withCString { unsafe write(STDERR_FILENO, $0, strlen($0)) }
    exit(70)
  }
}

/// Numbers, or C's structures of numbers, that are zero at first: as many as C may need room for. What nobody touches
/// takes no memory.
@safe public struct ZeroedArray<Element: BitwiseCopyable>: ~Copyable {
  @usableFromInline let base: UnsafeMutablePointer<Element>
  public let count: Int

  public init(count: Int) {
    self.count = count
    guard let memory = unsafe calloc(max(count, 1), MemoryLayout<Element>.stride) else {
      Allocation.outOfMemory(count * MemoryLayout<Element>.stride)
    }
    unsafe base = unsafe memory.assumingMemoryBound(to: Element.self)
  }

  deinit { unsafe free(base) }

  @inlinable
  public subscript(_ index: Int) -> Element {
    get {
      precondition(UInt(bitPattern: index) < UInt(bitPattern: count), "a value outside of the array")
      return unsafe base[index]
    }
    set {
      precondition(UInt(bitPattern: index) < UInt(bitPattern: count), "a value outside of the array")
      unsafe base[index] = newValue
    }
  }

  @inlinable
  public var span: Span<Element> {
    @_lifetime(borrow self)
    get { unsafe _overrideLifetime(Span(_unsafeStart: base, count: count), borrowing: self) }
  }

  @inlinable
  public var mutableSpan: MutableSpan<Element> {
    @_lifetime(&self)
    mutating get { unsafe _overrideLifetime(MutableSpan(_unsafeStart: base, count: count), mutating: &self) }
  }
}

/// A run of bytes inside an allocation. Immutable once it is part of a column.
@safe public struct Buffer: @unchecked Sendable {
  /// Keeps the memory alive.
  public let owner: Allocation
  public let start: UnsafeRawPointer
  /// In bytes.
  public let count: Int

  public init(_ owner: Allocation, count: Int) {
    self.owner = owner
    unsafe start = unsafe UnsafeRawPointer(owner.base)
    self.count = count
  }

  /// A part of this buffer; the caller has checked the bounds.
  public func slice(_ offset: Int, _ length: Int) -> Buffer {
    unsafe Buffer(owner: owner, start: start + offset, count: length)
  }

  private init(owner: Allocation, start: UnsafeRawPointer, count: Int) {
    self.owner = owner
    unsafe self.start = unsafe start
    self.count = count
  }

  /// All of it.
  @inlinable
  public var span: Span<UInt8> {
    @_lifetime(borrow self)
    get { values() }
  }

  /// As many whole values as there are.
  @inlinable
  @_lifetime(borrow self)
  public func values<T: BitwiseCopyable>(as _: T.Type = T.self) -> Span<T> {
    let values = unsafe Span(
      _unsafeStart: start.assumingMemoryBound(to: T.self), count: count / MemoryLayout<T>.stride)
    return unsafe _overrideLifetime(values, borrowing: self)
  }

  /// Valid only while the buffer is.
  public var bytes: UnsafeRawBufferPointer { unsafe UnsafeRawBufferPointer(start: start, count: count) }

  /// A copy of some values.
  public init<T: BitwiseCopyable>(copying values: Span<T>) {
    self = unsafe values.withUnsafeBytes { unsafe Buffer(copying: $0) }
  }

  /// A copy of some values.
  public init<T: BitwiseCopyable>(copying values: [T]) { self.init(copying: values.span) }

  /// A copy of some bytes.
  public init(copying bytes: UnsafeRawBufferPointer) {
    let owner = Allocation(capacity: bytes.count)
    if let base = bytes.baseAddress { unsafe memcpy(owner.base, base, bytes.count) }
    self.init(owner, count: bytes.count)
  }
}
