extension Column {
  /// A column of a fixed layout with the NULLs of another one: `fill` appends a value for each of its rows, whatever
  /// value for a NULL.
  ///
  /// - Parameter zero: any value of the type.
  @inlinable @inline(__always)
  public init<T: BitwiseCopyable, E: Error>(
    _ type: DataType, nullsOf other: Column, zero: T, _ fill: (inout OutputSpan<T>) throws(E) -> Void
  ) throws(E) {
    // The bitmap is shared: the values start at the same bit of a byte.
    let shift = other.offset & 7
    let memory = Allocation(capacity: (shift + other.count) * MemoryLayout<T>.stride)
    let start = unsafe memory.base.assumingMemoryBound(to: T.self)
    let room = unsafe UnsafeMutableBufferPointer(start: start, count: shift + other.count)
    var out = unsafe OutputSpan(buffer: room, initializedCount: 0)
    out.append(repeating: zero, count: shift)
    try fill(&out)
    precondition(out.freeCapacity == 0, "as many values as rows")
    let count = unsafe out.finalize(for: room)
    self.init(
      type: type, count: other.count, offset: shift, nullCount: other.nullCount, validity: other.sharedValidity,
      values: Buffer(memory, count: count * MemoryLayout<T>.stride))
  }
}
