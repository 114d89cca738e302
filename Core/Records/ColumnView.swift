/// One way to look at a column: which rows are NULL, and the values as spans over its memory.
///
/// A view is a few words that cost nothing to copy; it cannot outlive the column that it was made of, and every access
/// is checked. What a column needs is decided once (`switch column.type`), then a loop runs over memory:
///
///     let view = ColumnView(column)
///     let values = view.values(as: Int64.self)        // Span<Int64>
///     for row in 0..<view.count where !view.isNull(row) { total += values[row] }
///
/// Code that goes row by row over several columns looks at them through `ColumnViews`.
@safe public struct ColumnView: BitwiseCopyable, ~Escapable {
  @usableFromInline let memory: Memory

  @inlinable
  @_lifetime(borrow column)
  public init(_ column: borrowing Column) { memory = Memory(column) }

  @usableFromInline
  @_lifetime(immortal)
  init(_ memory: Memory) { self.memory = memory }

  /// In values.
  @inlinable public var count: Int { memory.count }
  /// Whether any row is NULL.
  @inlinable public var hasNulls: Bool { unsafe memory.validity != nil }

  @inlinable @inline(__always)
  public func isNull(_ row: Int) -> Bool {
    guard let validity = unsafe memory.validity else { return false }
    precondition(UInt(bitPattern: row) < UInt(bitPattern: memory.count), "a row outside of the column")
    return unsafe !memory.bit(row, in: validity)
  }

  // MARK: values

  /// The values of a fixed layout. `T` must have its width.
  @inlinable @inline(__always)
  @_lifetime(copy self)
  public func values<T: BitwiseCopyable>(as _: T.Type = T.self) -> Span<T> {
    precondition(MemoryLayout<T>.size == memory.width, "values of another width than the column's")
    let values = unsafe Span(_unsafeStart: memory.start.assumingMemoryBound(to: T.self), count: memory.count)
    return unsafe _overrideLifetime(values, copying: self)
  }

  /// One value of a fixed layout. `T` must have its width.
  @inlinable @inline(__always)
  public func value<T: BitwiseCopyable>(_ row: Int, as _: T.Type = T.self) -> T {
    precondition(MemoryLayout<T>.size == memory.width, "a value of another width than the column's")
    precondition(UInt(bitPattern: row) < UInt(bitPattern: memory.count), "a row outside of the column")
    return unsafe memory.start.loadUnaligned(fromByteOffset: row &* MemoryLayout<T>.size, as: T.self)
  }

  /// A value of a `bool` column.
  @inlinable @inline(__always)
  public func bool(_ row: Int) -> Bool {
    precondition(memory.width == Memory.bits, "a column of other values than bits")
    precondition(UInt(bitPattern: row) < UInt(bitPattern: memory.count), "a row outside of the column")
    return unsafe memory.bit(row, in: memory.start)
  }

  /// The bytes of a value: of layout `variable`, or of a fixed one as they lie in memory.
  @inlinable @inline(__always)
  @_lifetime(copy self)
  public func bytes(_ row: Int) -> Span<UInt8> {
    let place = memory.place(row)
    let first = unsafe (memory.start + place.lowerBound).assumingMemoryBound(to: UInt8.self)
    return unsafe _overrideLifetime(Span(_unsafeStart: first, count: place.count), copying: self)
  }

  // MARK: offsets

  /// `count + 1` offsets into `allBytes` (layout `variable`) or into the elements (layout `list`); none for others.
  @inlinable @inline(__always)
  public var offsets: Span<Int32> {
    @_lifetime(copy self)
    get {
      let count = unsafe memory.offsets == nil ? 0 : memory.count + 1
      let offsets = unsafe UnsafeBufferPointer(start: memory.offsets, count: count)
      return unsafe _overrideLifetime(Span(_unsafeElements: offsets), copying: self)
    }
  }

  /// What `offsets` point into, for the layout `variable`; of a fixed one the bytes of all values.
  @inlinable @inline(__always)
  public var allBytes: Span<UInt8> {
    @_lifetime(copy self)
    get {
      let bytes = unsafe Span(_unsafeStart: memory.start.assumingMemoryBound(to: UInt8.self), count: memory.byteCount)
      return unsafe _overrideLifetime(bytes, copying: self)
    }
  }

  /// Which elements of `column.children[0]` belong to a list.
  @inlinable @inline(__always)
  public func range(_ row: Int) -> Range<Int> {
    let offsets = offsets
    return Int(offsets[row])..<Int(offsets[row + 1])
  }

  /// Where a column lies, without a hold on it. Six words: more of them the compiler would keep in memory, not in
  /// registers.
  @usableFromInline
  @safe struct Memory: BitwiseCopyable, @unchecked Sendable {
    /// In values.
    @usableFromInline let count: Int
    /// Bytes of a value of a fixed layout, or one of the numbers below.
    @usableFromInline let width: Int
    /// The first value of a fixed layout; the bits; what `offsets` count from.
    @usableFromInline let start: UnsafeRawPointer
    @usableFromInline let offsets: UnsafePointer<Int32>?
    @usableFromInline let validity: UnsafeRawPointer?
    /// Of the first row, in the bitmaps.
    @usableFromInline let firstBit: Int

    @inlinable static var variable: Int { 0 }
    @inlinable static var bits: Int { -1 }
    @inlinable static var list: Int { -2 }

    /// What a column's maker promised is looked at once here, so that an access only looks at its row. That offsets
    /// never fall is checked where a file is read.
    @usableFromInline
    init(_ column: borrowing Column) {
      let end = column.offset + column.count
      count = column.count
      firstBit = column.offset
      unsafe validity = unsafe column.validity?.start
      precondition(column.validity.map { $0.count >= (end + 7) / 8 } ?? true, "a validity bitmap is too short")
      switch column.type.layout {
      case .fixed(let width):
        self.width = width
        precondition(column.count == 0 || column.values.count >= end * width, "a column's values are too short")
        unsafe start = unsafe column.values.start + (column.count == 0 ? 0 : column.offset * width)
        unsafe offsets = nil
      case .bits:
        width = Memory.bits
        precondition(column.values.count >= (end + 7) / 8, "a column's bits are too short")
        unsafe start = unsafe column.values.start
        unsafe offsets = nil
      case .variable, .list:
        width = column.type.layout == .list ? Memory.list : Memory.variable
        precondition((column.offsets?.count ?? 0) >= (end + 1) * 4, "a column's offsets are too short")
        let last = unsafe Int(column.offsetValues[column.count])
        precondition(width == Memory.list || last <= column.values.count, "a column's bytes are too short")
        unsafe start = unsafe column.values.start
        unsafe offsets = unsafe column.offsetValues.baseAddress
      }
    }

    /// Of the values of a fixed layout, or of all that `offsets` may point into.
    @inlinable
    var byteCount: Int {
      if width > 0 { return count * width }
      guard width == Memory.variable, let offsets = unsafe offsets else { return 0 }
      return unsafe Int(offsets[count])
    }

    @inlinable @inline(__always)
    func bit(_ row: Int, in bits: UnsafeRawPointer) -> Bool {
      let bit = firstBit &+ row
      return unsafe bits.load(fromByteOffset: bit >> 3, as: UInt8.self) & (1 << UInt8(truncatingIfNeeded: bit & 7)) != 0
    }

    /// Where the bytes of a value lie, counted from `start`.
    @inlinable @inline(__always)
    func place(_ row: Int) -> Range<Int> {
      precondition(UInt(bitPattern: row) < UInt(bitPattern: count) && width >= 0, "a row outside of the column")
      guard let offsets = unsafe offsets else {
        return unsafe Range(uncheckedBounds: (row &* width, row &* width &+ width))
      }
      let (first, last) = unsafe (Int(offsets[row]), Int(offsets[row + 1]))
      precondition(first >= 0 && first <= last, "offsets that fall")
      return unsafe Range(uncheckedBounds: (first, last))
    }
  }
}

/// The columns of a batch side by side, for code that goes row by row; keeps their memory alive.
///
/// Made once per batch. Looking at one costs no retain, however many columns there are:
///
///     let views = ColumnViews(batch.columns)
///     for row in rows {
///       for index in views.indices {
///         let view = views[index]
///         if view.isNull(row) { … }
///         switch kinds[index] {
///         case .int64: out.append(big: view.value(row, as: Int64.self))
///         case .text: out.append(view.bytes(row))
public struct ColumnViews: Sendable {
  public let columns: [Column]
  @usableFromInline let memory: [ColumnView.Memory]

  public init(_ columns: [Column] = []) {
    self.columns = columns
    memory = columns.map { ColumnView.Memory($0) }
  }

  @inlinable public var count: Int { memory.count }
  @inlinable public var indices: Range<Int> { 0..<memory.count }

  @inlinable
  public subscript(_ index: Int) -> ColumnView {
    @inline(__always) @_lifetime(borrow self)
    get { unsafe _overrideLifetime(ColumnView(memory[index]), borrowing: self) }
  }
}
