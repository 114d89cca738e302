internal import Glibc

/// Builds a column value by value.
///
/// The state lies behind one pointer, so that the appends of a row loop cost neither exclusivity checks nor reference
/// counting. Appending a value of another width than the type's layout is a programming error that debug builds trap.
@safe public final class ColumnBuilder {
  public let type: DataType
  /// The elements of a list column.
  public let child: ColumnBuilder?

  @usableFromInline let state: UnsafeMutablePointer<State>

  @usableFromInline
  @safe struct State {
    @usableFromInline var count = 0
    @usableFromInline var nullCount = 0
    /// Rows that fit into `values` (fixed layouts), `offsets` and `validity`.
    @usableFromInline var rowCapacity = 0
    @usableFromInline var hasValidity = false
    @usableFromInline var width = 0
    /// Bytes used and available in `values`, for the layout `variable`.
    @usableFromInline var byteCount = 0
    @usableFromInline var byteCapacity = 0
    @usableFromInline var values: UnsafeMutableRawPointer
    @usableFromInline var offsets: UnsafeMutablePointer<Int32>
    @usableFromInline var validity: UnsafeMutablePointer<UInt8>
    var valuesOwner: Allocation
    var offsetsOwner: Allocation
    var validityOwner: Allocation
  }

  public init(_ type: DataType, rows: Int = 1_024) {
    self.type = type
    if case .list(let element) = type { child = ColumnBuilder(element, rows: rows) } else { child = nil }
    let empty = Allocation(capacity: 0)
    unsafe state = UnsafeMutablePointer.allocate(capacity: 1)
    unsafe state.initialize(
      to: State(
        values: empty.base, offsets: empty.base.assumingMemoryBound(to: Int32.self),
        validity: empty.base.assumingMemoryBound(to: UInt8.self), valuesOwner: empty, offsetsOwner: empty,
        validityOwner: empty))
    if case .fixed(let width) = type.layout { unsafe state.pointee.width = width }
    start(rows: rows, bytes: rows * 16)
  }

  deinit {
    unsafe state.deinitialize(count: 1)
    unsafe state.deallocate()
  }

  @inlinable public var count: Int { unsafe state.pointee.count }
  @inlinable public var nullCount: Int { unsafe state.pointee.nullCount }
  /// The bytes that values of layout `variable` take so far.
  @inlinable public var variableByteCount: Int { unsafe state.pointee.byteCount }

  // MARK: appending

  /// Appends a value of a fixed layout.
  @inlinable @inline(__always)
  public func append<T: BitwiseCopyable>(_ value: T) {
    let state = unsafe self.state
    unsafe assert(MemoryLayout<T>.size == state.pointee.width)
    if unsafe state.pointee.count == state.pointee.rowCapacity { growRows() }
    let row = unsafe state.pointee.count
    unsafe state.pointee.values.assumingMemoryBound(to: T.self)[row] = value
    if unsafe state.pointee.hasValidity { unsafe state.pointee.validity[row >> 3] |= 1 << UInt8(row & 7) }
    unsafe state.pointee.count = row + 1
  }

  /// Appends a value of a `bool` column.
  @inlinable
  public func append(bool value: Bool) {
    let state = unsafe self.state
    assert(type == .bool)
    if unsafe state.pointee.count == state.pointee.rowCapacity { growRows() }
    let row = unsafe state.pointee.count
    let bits = unsafe state.pointee.values.assumingMemoryBound(to: UInt8.self)
    if value { unsafe bits[row >> 3] |= 1 << UInt8(row & 7) }
    if unsafe state.pointee.hasValidity { unsafe state.pointee.validity[row >> 3] |= 1 << UInt8(row & 7) }
    unsafe state.pointee.count = row + 1
  }

  /// Appends the bytes of a value of layout `variable`. A column holds at most 2 GiB of them: callers close a batch by
  /// `Limits.batchBytes` long before, and a single larger value must be refused by the caller.
  @inlinable @inline(__always)
  public func append(bytes start: UnsafeRawPointer?, count length: Int) {
    let state = unsafe self.state
    if unsafe state.pointee.count == state.pointee.rowCapacity { growRows() }
    let used = unsafe state.pointee.byteCount
    if unsafe used + length > state.pointee.byteCapacity { growBytes(length) }
    if let start = unsafe start, length > 0 {
      unsafe (state.pointee.values + used).copyMemory(from: start, byteCount: length)
    }
    finishVariable(length)
  }

  @inlinable
  public func append(bytes: UnsafeRawBufferPointer) { unsafe append(bytes: bytes.baseAddress, count: bytes.count) }

  /// Appends the bytes of a value of layout `variable`.
  @inlinable @inline(__always)
  public func append(bytes: Span<UInt8>) {
    unsafe bytes.withUnsafeBufferPointer { unsafe append(bytes: $0.baseAddress, count: $0.count) }
  }

  /// Appends a text as its UTF-8.
  public func append(text: String) {
    append(bytes: text.utf8.span)
  }

  /// Room for a value of up to `length` bytes that the caller writes in place; `finishVariable` closes it.
  @inlinable
  public func reserveVariable(_ length: Int) -> UnsafeMutableRawPointer {
    let state = unsafe self.state
    if unsafe state.pointee.count == state.pointee.rowCapacity { growRows() }
    if unsafe state.pointee.byteCount + length > state.pointee.byteCapacity { growBytes(length) }
    return unsafe state.pointee.values + state.pointee.byteCount
  }

  /// Closes the value that was written into `reserveVariable`'s room.
  @inlinable @inline(__always)
  public func finishVariable(_ length: Int) {
    let state = unsafe self.state
    let row = unsafe state.pointee.count
    unsafe state.pointee.byteCount += length
    unsafe state.pointee.offsets[row + 1] = unsafe Int32(truncatingIfNeeded: state.pointee.byteCount)
    if unsafe state.pointee.hasValidity { unsafe state.pointee.validity[row >> 3] |= 1 << UInt8(row & 7) }
    unsafe state.pointee.count = row + 1
  }

  /// Appends the value that `body` writes into room for `length` bytes; nothing unless the result is `.ok`.
  @inlinable @inline(__always)
  public func append(upTo length: Int, _ body: (inout OutputSpan<UInt8>) -> ParseResult) -> ParseResult {
    let start = unsafe reserveVariable(length).assumingMemoryBound(to: UInt8.self)
    let room = unsafe UnsafeMutableBufferPointer(start: start, count: length)
    var output = unsafe OutputSpan(buffer: room, initializedCount: 0)
    let result = body(&output)
    let written = unsafe output.finalize(for: room)
    if result == .ok { finishVariable(written) }
    return result
  }

  /// Closes a list value: everything appended to `child` since the last one belongs to it.
  public func finishList() {
    if unsafe state.pointee.count == state.pointee.rowCapacity { growRows() }
    let row = unsafe state.pointee.count
    unsafe state.pointee.offsets[row + 1] = Int32(truncatingIfNeeded: child?.count ?? 0)
    if unsafe state.pointee.hasValidity { unsafe state.pointee.validity[row >> 3] |= 1 << UInt8(row & 7) }
    unsafe state.pointee.count = row + 1
  }

  @inlinable
  public func appendNull() {
    let state = unsafe self.state
    if unsafe state.pointee.count == state.pointee.rowCapacity { growRows() }
    if unsafe !state.pointee.hasValidity { startValidity() }
    let row = unsafe state.pointee.count
    let width = unsafe state.pointee.width
    if width > 0 {
      unsafe memsetZero(state.pointee.values + row * width, width)
    } else if type != .bool {
      unsafe state.pointee.offsets[row + 1] = unsafe state.pointee.offsets[row]
    }
    unsafe state.pointee.nullCount += 1
    unsafe state.pointee.count = row + 1
  }

  /// Takes the last `rows` values back, for a row that turned out to be bad in a later column.
  public func removeLast(_ rows: Int) {
    let kept = unsafe state.pointee.count - rows
    for row in unsafe kept..<state.pointee.count {
      if unsafe state.pointee.hasValidity {
        if unsafe state.pointee.validity[row >> 3] & (1 << UInt8(row & 7)) == 0 { unsafe state.pointee.nullCount -= 1 }
        unsafe state.pointee.validity[row >> 3] &= ~(1 << UInt8(row & 7))
      }
      if type == .bool {
        unsafe state.pointee.values.assumingMemoryBound(to: UInt8.self)[row >> 3] &= ~(1 << UInt8(row & 7))
      }
    }
    unsafe state.pointee.count = kept
    switch type.layout {
    case .variable: unsafe state.pointee.byteCount = unsafe Int(state.pointee.offsets[kept])
    case .list:
      if let child { unsafe child.removeLast(child.count - Int(state.pointee.offsets[kept])) }
    default: break
    }
  }

  /// Appends all values of a column of the same type.
  public func append(_ column: Column) {
    assert(column.type == type)
    for row in 0..<column.count { appendValue(of: column, at: row) }
  }

  /// Appends one value of a column of the same type. For tools that pick rows; not for a hot loop.
  public func appendValue(of column: Column, at row: Int) {
    if column.isNull(row) { return appendNull() }
    switch type.layout {
    case .bits: append(bool: column.bool(row))
    case .fixed(let width): unsafe appendRaw(column.values.start + (column.offset + row) * width, width)
    case .variable: unsafe append(bytes: column.bytes(row))
    case .list:
      child?.append(column.elements(row))
      finishList()
    }
  }

  private func appendRaw(_ source: UnsafeRawPointer, _ width: Int) {
    if unsafe state.pointee.count == state.pointee.rowCapacity { growRows() }
    let row = unsafe state.pointee.count
    unsafe (state.pointee.values + row * width).copyMemory(from: source, byteCount: width)
    if unsafe state.pointee.hasValidity { unsafe state.pointee.validity[row >> 3] |= 1 << UInt8(row & 7) }
    unsafe state.pointee.count = row + 1
  }

  // MARK: finishing

  /// The column of all values so far; the builder starts anew, with the room that this column needed and an eighth
  /// more: batches are alike, and one that is a little larger should not have to move.
  public func finish() -> Column {
    let column = column(children: child.map { [$0.finish()] } ?? [])
    let bytes = unsafe state.pointee.byteCount
    start(rows: max(column.count + column.count / 8, 64), bytes: max(bytes + bytes / 8, 64))
    return column
  }

  /// The values so far, in the builder's own memory: good until the next change of the builder.
  func snapshot() -> Column { column(children: child.map { [$0.snapshot()] } ?? []) }

  private func column(children: [Column]) -> Column {
    let s = unsafe state.pointee
    switch type.layout {
    case .bits:
      return Column(
        type: type, count: s.count, nullCount: s.nullCount, validity: validityBuffer,
        values: Buffer(s.valuesOwner, count: (s.count + 7) / 8))
    case .fixed(let width):
      return Column(
        type: type, count: s.count, nullCount: s.nullCount, validity: validityBuffer,
        values: Buffer(s.valuesOwner, count: s.count * width))
    case .variable:
      return Column(
        type: type, count: s.count, nullCount: s.nullCount, validity: validityBuffer,
        values: Buffer(s.valuesOwner, count: s.byteCount),
        offsets: Buffer(s.offsetsOwner, count: (s.count + 1) * 4))
    case .list:
      return Column(
        type: type, count: s.count, nullCount: s.nullCount, validity: validityBuffer,
        values: Buffer(s.valuesOwner, count: 0), offsets: Buffer(s.offsetsOwner, count: (s.count + 1) * 4),
        children: children)
    }
  }

  private var validityBuffer: Buffer? {
    unsafe state.pointee.hasValidity ? Buffer(state.pointee.validityOwner, count: (state.pointee.count + 7) / 8) : nil
  }

  private func start(rows: Int, bytes: Int) {
    let width = unsafe state.pointee.width
    unsafe state.pointee.count = 0
    unsafe state.pointee.nullCount = 0
    unsafe state.pointee.hasValidity = false
    unsafe state.pointee.byteCount = 0
    unsafe state.pointee.rowCapacity = rows
    switch type.layout {
    case .bits: setValues(Allocation(capacity: (rows + 7) / 8), zeroed: true)
    case .fixed: setValues(Allocation(capacity: rows * width))
    case .variable:
      setValues(Allocation(capacity: bytes))
      unsafe state.pointee.byteCapacity = bytes
      setOffsets(Allocation(capacity: (rows + 1) * 4))
      unsafe state.pointee.offsets[0] = 0
    case .list:
      setOffsets(Allocation(capacity: (rows + 1) * 4))
      unsafe state.pointee.offsets[0] = 0
    }
  }

  // MARK: growing, out of line

  @usableFromInline @inline(never)
  func growRows() {
    let old = unsafe state.pointee
    let rows = max(old.rowCapacity * 2, 64)
    switch type.layout {
    case .bits:
      setValues(Allocation(capacity: (rows + 7) / 8), zeroed: true)
      unsafe memcpy(state.pointee.values, old.values, (old.count + 7) / 8)
    case .fixed(let width):
      setValues(Allocation(capacity: rows * width))
      unsafe memcpy(state.pointee.values, old.values, old.count * width)
    case .variable, .list:
      setOffsets(Allocation(capacity: (rows + 1) * 4))
      unsafe memcpy(state.pointee.offsets, old.offsets, (old.count + 1) * 4)
    }
    if old.hasValidity {
      setValidity(Allocation(capacity: (rows + 7) / 8))
      unsafe memcpy(state.pointee.validity, old.validity, (old.count + 7) / 8)
    }
    unsafe state.pointee.rowCapacity = rows
  }

  @usableFromInline @inline(never)
  func growBytes(_ more: Int) {
    let old = unsafe state.pointee
    let capacity = max(old.byteCapacity * 2, old.byteCount + more, 256)
    setValues(Allocation(capacity: capacity))
    unsafe memcpy(state.pointee.values, old.values, old.byteCount)
    unsafe state.pointee.byteCapacity = capacity
  }

  /// The bitmap exists from the first NULL on: columns without one never touch it.
  @usableFromInline @inline(never)
  func startValidity() {
    unsafe setValidity(Allocation(capacity: (state.pointee.rowCapacity + 7) / 8))
    let count = unsafe state.pointee.count
    unsafe memset(state.pointee.validity, 0xFF, count >> 3)
    if count & 7 != 0 { unsafe state.pointee.validity[count >> 3] = (1 << UInt8(count & 7)) - 1 }
    unsafe state.pointee.hasValidity = true
  }

  private func setValues(_ owner: Allocation, zeroed: Bool = false) {
    if zeroed { unsafe memset(owner.base, 0, owner.capacity) }
    unsafe state.pointee.valuesOwner = owner
    unsafe state.pointee.values = unsafe owner.base
  }

  private func setOffsets(_ owner: Allocation) {
    unsafe state.pointee.offsetsOwner = owner
    unsafe state.pointee.offsets = unsafe owner.base.assumingMemoryBound(to: Int32.self)
  }

  private func setValidity(_ owner: Allocation) {
    unsafe memset(owner.base, 0, owner.capacity)
    unsafe state.pointee.validityOwner = owner
    unsafe state.pointee.validity = unsafe owner.base.assumingMemoryBound(to: UInt8.self)
  }

  @usableFromInline
  func memsetZero(_ start: UnsafeMutableRawPointer, _ count: Int) { unsafe memset(start, 0, count) }
}

/// Builds batches row by row, bounded by bytes and rows.
public final class BatchBuilder {
  public let schema: Schema
  public let columns: [ColumnBuilder]
  public let maxBytes: Int
  public let maxRows: Int
  /// Rows so far; the row loop counts them with `finishRow`.
  public private(set) var count = 0
  /// Bytes of the rows so far, as the row loop reports them.
  public private(set) var byteCount = 0

  public init(_ schema: Schema, maxBytes: Int = Limits.batchBytes, maxRows: Int = Limits.batchRows) {
    self.schema = schema
    self.maxBytes = maxBytes
    self.maxRows = maxRows
    columns = schema.fields.map { ColumnBuilder($0.type) }
  }

  /// Call once all columns have a row's value. True when the batch is full and should be finished.
  public func finishRow(bytes: Int) -> Bool {
    count += 1
    byteCount += bytes
    return byteCount >= maxBytes || count >= maxRows
  }

  /// Counts rows that a loop of its own has appended.
  public func finishRows(_ rows: Int, bytes: Int) {
    count += rows
    byteCount += bytes
  }

  public func finish() -> RecordBatch {
    let batch = RecordBatch(schema: schema, columns: columns.map { $0.finish() }, count: count)
    count = 0
    byteCount = 0
    return batch
  }
}
