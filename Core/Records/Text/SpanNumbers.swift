/// Binary numbers among bytes. Every access is checked.
extension Span<UInt8> {
  /// A number at a place, its lowest byte first.
  @inlinable @inline(__always)
  public func little<T: FixedWidthInteger & BitwiseCopyable>(at place: Int, as _: T.Type = T.self) -> T {
    unsafe T(littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: place, as: T.self))
  }

  /// A number in network order.
  @inlinable @inline(__always)
  public func big<T: FixedWidthInteger & BitwiseCopyable>(at place: Int, as _: T.Type = T.self) -> T {
    unsafe T(bigEndian: bytes.unsafeLoadUnaligned(fromByteOffset: place, as: T.self))
  }
}
