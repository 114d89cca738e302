/// What texts as bytes need beside `count`, subscripts and `extracting`.
extension Span<UInt8> {
  @inlinable public var first: UInt8? { isEmpty ? nil : self[0] }
  @inlinable public var last: UInt8? { isEmpty ? nil : self[count - 1] }

  /// A copy as text; invalid UTF-8 is replaced.
  public var string: String { unsafe withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) } }

  /// A copy.
  public var array: [UInt8] { unsafe withUnsafeBufferPointer { unsafe Array($0) } }

  /// Eight bytes from a place on, the first of them the lowest.
  @inlinable @inline(__always)
  public func eight(at place: Int) -> UInt64 {
    unsafe UInt64(littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: place, as: UInt64.self))
  }

  @inlinable
  public func firstIndex(of byte: UInt8) -> Int? {
    for index in indices where self[index] == byte { return index }
    return nil
  }

  @inlinable public func contains(_ byte: UInt8) -> Bool { firstIndex(of: byte) != nil }

  /// Whether the bytes are the same.
  @inlinable
  public func isExactly(_ other: Span<UInt8>) -> Bool {
    guard count == other.count else { return false }
    for index in indices where self[index] != other[index] { return false }
    return true
  }

  @inlinable public func isExactly(_ other: [UInt8]) -> Bool { isExactly(other.span) }

  @inlinable
  public func starts(with other: [UInt8]) -> Bool {
    count >= other.count && extracting(first: other.count).isExactly(other)
  }
}

extension [UInt8] {
  public mutating func append(_ bytes: Span<UInt8>) {
    unsafe bytes.withUnsafeBufferPointer { unsafe append(contentsOf: $0) }
  }

  /// Has `body` write over the bytes, from the front.
  public mutating func overwrite<Result, E: Error>(
    _ body: (inout OutputSpan<UInt8>) throws(E) -> Result
  ) throws(E) -> Result {
    try unsafe withUnsafeMutableBufferPointer { (memory) throws(E) -> Result in
      var output = unsafe OutputSpan(buffer: memory, initializedCount: 0)
      let result = try body(&output)
      _ = unsafe output.finalize(for: memory)
      return result
    }
  }
}
