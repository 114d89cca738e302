extension Column {
  /// A column of layout `variable` with the NULLs of another one: row `i` ends at `ends[i]` of `bytes`.
  public init(_ type: DataType, copying bytes: Span<UInt8>, ends: [Int32], nullsOf other: Column) {
    precondition(ends.count == other.count, "as many ends as rows")
    // The bitmap is shared: the offsets start at the same bit of a byte.
    let shift = other.offset & 7
    let memory = Allocation(capacity: (shift + ends.count + 1) * 4)
    let offsets = unsafe memory.base.assumingMemoryBound(to: Int32.self)
    unsafe offsets.update(repeating: 0, count: shift + 1)
    for row in ends.indices { unsafe offsets[shift + 1 + row] = ends[row] }
    self.init(
      type: type, count: ends.count, offset: shift, nullCount: other.nullCount,
      validity: other.sharedValidity, values: Buffer(copying: bytes),
      offsets: Buffer(memory, count: (shift + ends.count + 1) * 4))
  }

  /// The bitmap from the byte on in which the first row's bit lies: for a column whose offset is `offset & 7`.
  public var sharedValidity: Buffer? {
    guard nullCount > 0, let validity else { return nil }
    let first = offset >> 3
    let last = (offset + count + 7) >> 3
    return validity.slice(first, last - first)
  }
}

extension Column {
  /// The canonical text of each value, as a column of texts.
  public func texts(bytes: BytesText = .base64, separator: UInt8 = UInt8(ascii: "T")) -> Column {
    let formatter = TextFormatter(self, bytes: bytes, separator: separator)
    return written(.text) { formatter.append(rows: 0..<count, to: &$0, ends: &$1) }
  }

  /// The JSON text of each value.
  public func jsonTexts() -> Column {
    let formatter = TextFormatter(self)
    return written(.json) { formatter.appendJSON(rows: 0..<count, to: &$0, ends: &$1) }
  }

  private func written(_ type: DataType, _ write: (inout ByteBuffer, inout MutableSpan<Int32>) -> Void) -> Column {
    var out = ByteBuffer(capacity: count * 16)
    var ends = [Int32](repeating: 0, count: count)
    var span = ends.mutableSpan
    write(&out, &span)
    return Column(type, copying: out.span, ends: ends, nullsOf: self)
  }
}
