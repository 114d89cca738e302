/// Equally typed values in Arrow's memory layout. Immutable; a slice shares the memory.
///
/// Pointers that the accessors return are valid only while the column (or its batch) is alive: loops over them belong
/// inside `withExtendedLifetime(batch) { … }`.
public struct Column: Sendable {
  public let type: DataType
  /// In values.
  public let count: Int
  /// Where this column starts in its buffers, in values.
  public let offset: Int
  public let nullCount: Int
  /// One bit a value, 1 = not NULL; nil when there is no NULL.
  public let validity: Buffer?
  /// The values: bits, fixed-width values, or the bytes that `offsets` point into. Empty for a list.
  public let values: Buffer
  /// `offset + count + 1` 32-bit offsets, for the layouts `variable` and `list`.
  public let offsets: Buffer?
  /// The element column of a list, else empty.
  public let children: [Column]

  /// Takes buffers over; their sizes must have been checked against `count` and `offset`.
  public init(
    type: DataType, count: Int, offset: Int = 0, nullCount: Int, validity: Buffer?, values: Buffer,
    offsets: Buffer? = nil, children: [Column] = []
  ) {
    self.type = type
    self.count = count
    self.offset = offset
    self.nullCount = nullCount
    self.validity = nullCount == 0 ? nil : validity
    self.values = values
    self.offsets = offsets
    self.children = children
  }

  /// The fixed-width values, this column's first one first. `T` must have the width of the layout.
  @inlinable
  public func fixed<T: BitwiseCopyable>(_: T.Type = T.self) -> UnsafeBufferPointer<T> {
    unsafe UnsafeBufferPointer(start: values.start.assumingMemoryBound(to: T.self) + offset, count: count)
  }

  /// `count + 1` offsets into `values` (layout `variable`) or into the child (layout `list`).
  @inlinable
  public var offsetValues: UnsafeBufferPointer<Int32> {
    guard let offsets else { return unsafe UnsafeBufferPointer(start: nil, count: 0) }
    return unsafe UnsafeBufferPointer(
      start: offsets.start.assumingMemoryBound(to: Int32.self) + offset, count: count + 1)
  }

  @inlinable
  public func isNull(_ row: Int) -> Bool {
    guard let validity else { return false }
    let bit = offset + row
    return unsafe validity.start.load(fromByteOffset: bit >> 3, as: UInt8.self) & (1 << UInt8(bit & 7)) == 0
  }

  /// The value of a `bool` column.
  @inlinable
  public func bool(_ row: Int) -> Bool {
    let bit = offset + row
    return unsafe values.start.load(fromByteOffset: bit >> 3, as: UInt8.self) & (1 << UInt8(bit & 7)) != 0
  }

  /// The bytes of a value of layout `variable`.
  @inlinable
  public func bytes(_ row: Int) -> UnsafeRawBufferPointer {
    let offsets = unsafe offsetValues
    let start = unsafe Int(offsets[row])
    return unsafe UnsafeRawBufferPointer(start: values.start + start, count: Int(offsets[row + 1]) - start)
  }

  /// The elements of one value of a list.
  public func elements(_ row: Int) -> Column {
    let offsets = unsafe offsetValues
    return unsafe children[0].slice(Int(offsets[row]), Int(offsets[row + 1] - offsets[row]))
  }

  /// `length` values from `start` on, without a copy.
  public func slice(_ start: Int, _ length: Int) -> Column {
    precondition(start >= 0 && length >= 0 && start + length <= count, "slice outside of the column")
    var nulls = 0
    if nullCount == count {
      nulls = length
    } else if nullCount > 0, let validity {
      nulls = unsafe length - Bitmap.ones(validity.start, from: offset + start, count: length)
    }
    return Column(
      type: type, count: length, offset: offset + start, nullCount: nulls, validity: validity, values: values,
      offsets: offsets, children: children)
  }

  /// What the values weigh, in bytes, without the rounding of allocations.
  public var byteCount: Int {
    var total = validity == nil ? 0 : (count + 7) / 8
    switch type.layout {
    case .bits: total += (count + 7) / 8
    case .fixed(let width): total += count * width
    case .variable:
      let offsets = unsafe offsetValues
      unsafe total += offsets.count * 4 + Int((offsets.last ?? 0) - (offsets.first ?? 0))
    case .list:
      let offsets = unsafe offsetValues
      total += offsets.count * 4
      if let first = unsafe offsets.first, let last = unsafe offsets.last {
        total += children[0].slice(Int(first), Int(last - first)).byteCount
      }
    }
    return total
  }
}

/// Bit arithmetic over validity bitmaps: least significant bit first, as in Arrow.
public enum Bitmap {
  /// How many of the bits are set.
  public static func ones(_ base: UnsafeRawPointer, from start: Int, count: Int) -> Int {
    var bit = start
    let end = start + count
    var total = 0
    while bit < end && bit & 7 != 0 {
      unsafe total += Int(base.load(fromByteOffset: bit >> 3, as: UInt8.self) >> UInt8(bit & 7)) & 1
      bit += 1
    }
    while bit + 64 <= end {
      unsafe total += base.loadUnaligned(fromByteOffset: bit >> 3, as: UInt64.self).nonzeroBitCount
      bit += 64
    }
    while bit < end {
      unsafe total += Int(base.load(fromByteOffset: bit >> 3, as: UInt8.self) >> UInt8(bit & 7)) & 1
      bit += 1
    }
    return total
  }
}

extension Bitmap {
  static func copy(_ bits: Buffer, from start: Int, count: Int) -> Buffer {
    precondition(start >= 0 && (start + count + 7) / 8 <= bits.count, "bits outside of the buffer")
    return unsafe copy(bits.start, from: start, count: count)
  }

  /// A copy whose first bit is the one at `start`.
  static func copy(_ base: UnsafeRawPointer, from start: Int, count: Int) -> Buffer {
    let bytes = (count + 7) / 8
    let memory = Allocation(capacity: bytes)
    let target = unsafe memory.base.assumingMemoryBound(to: UInt8.self)
    let source = unsafe base.assumingMemoryBound(to: UInt8.self) + start / 8
    let shift = UInt8(start & 7)
    let sourceBytes = (Int(shift) + count + 7) / 8
    if shift == 0 {
      unsafe memory.base.copyMemory(from: source, byteCount: bytes)
    } else {
      for index in 0..<min(bytes, sourceBytes - 1) {
        unsafe target[index] = unsafe source[index] >> shift | source[index + 1] << (8 - shift)
      }
      if sourceBytes == bytes, bytes > 0 { unsafe target[bytes - 1] = unsafe source[bytes - 1] >> shift }
    }
    return Buffer(memory, count: bytes)
  }
}

/// Months, days and nanoseconds of an `interval` value, as they lie in memory.
@frozen
public struct Interval: BitwiseCopyable, Hashable, Sendable {
  public var months: Int32
  public var days: Int32
  public var nanoseconds: Int64

  @inlinable
  public init(months: Int32, days: Int32, nanoseconds: Int64) {
    self.months = months
    self.days = days
    self.nanoseconds = nanoseconds
  }
}
