internal import Glibc

/// A piece of a batch would take too much memory once it is converted: try fewer rows.
struct PieceTooLarge: Error {}

/// Makes columns of arrays: the very buffers where the layouts agree, converted copies where they don't. Conversions
/// are made for one piece of a batch at a time, so that what others wrote in huge batches does not double in memory.
struct ColumnMaker {
  /// The file, for messages.
  let name: String
  /// Where the batch begins in the file.
  let position: Int64
  let dictionaries: [Int64: DictionaryValues]
  /// Bytes that a column of converted variable-length values may take.
  let maxBytes: Int

  func failure(_ array: RawArray, _ what: String, row: Int? = nil) -> Failure {
    let place = row.map { " row \($0 + 1) of the batch:" } ?? ""
    return Failure(.data, "reading '\(name)' at byte \(position): column '\(array.plan.path)':\(place) \(what)")
  }

  /// `count` values from `start` on, which the caller has checked to be there.
  func column(_ array: RawArray, _ start: Int, _ count: Int) throws -> Column {
    switch array.plan.storage {
    case .bits, .fixed, .variable: return direct(array, start, count)
    case .list: return try list(array, start, count, Int32.self)
    case .largeList: return try list(array, start, count, Int64.self)
    case .fixedList(let size): return try fixedList(array, start, count, size)
    case .null: return try nulls(array, count)
    case .converted(let conversion): return try converted(array, start, count, conversion)
    case .largeVariable: return try largeVariable(array, start, count)
    case .view: return try views(array, start, count)
    case .fixedBytes(let width): return try fixedBytes(array, start, count, width)
    case .structure, .map: return try json(array, start, count)
    case .offsetTimestamp: return try offsetTimestamps(array, start, count)
    case .dictionary(let id, let index): return try decoded(array, start, count, id, index)
    }
  }

  // MARK: without a copy

  private func direct(_ array: RawArray, _ start: Int, _ count: Int) -> Column {
    let whole = array.wholeDirect
    return start == 0 && count == array.count ? whole : whole.slice(start, count)
  }

  private func list<T: FixedWidthInteger & BitwiseCopyable>(
    _ array: RawArray, _ start: Int, _ count: Int, _: T.Type
  ) throws -> Column {
    if array.plan.isDirect { return direct(array, start, count) }
    let source = unsafe array.buffers[0].start.assumingMemoryBound(to: T.self) + start
    let first = unsafe Int(source[0])
    let child = try unsafe column(array.children[0], first, Int(source[count]) - first)
    let offsets = Allocation(capacity: (count + 1) * 4)
    let target = unsafe offsets.base.assumingMemoryBound(to: Int32.self)
    for row in 0...count { unsafe target[row] = unsafe Int32(truncatingIfNeeded: Int(source[row]) - first) }
    return finish(array, start, count, values: .empty, offsets: Buffer(offsets, count: (count + 1) * 4), [child])
  }

  private func fixedList(_ array: RawArray, _ start: Int, _ count: Int, _ size: Int) throws -> Column {
    let child = try column(array.children[0], start * size, count * size)
    return finish(array, start, count, values: .empty, offsets: try steps(count, size), [child])
  }

  private func fixedBytes(_ array: RawArray, _ start: Int, _ count: Int, _ width: Int) throws -> Column {
    let values = array.buffers[0].slice(start * width, count * width)
    return finish(array, start, count, values: values, offsets: try steps(count, width))
  }

  /// Offsets of values that are all `size` long.
  private func steps(_ count: Int, _ size: Int) throws -> Buffer {
    try checkElements(count)
    guard count * size <= Int(Int32.max) else { throw PieceTooLarge() }
    let offsets = Allocation(capacity: (count + 1) * 4)
    let target = unsafe offsets.base.assumingMemoryBound(to: Int32.self)
    for row in 0...count { unsafe target[row] = Int32(truncatingIfNeeded: row * size) }
    return Buffer(offsets, count: (count + 1) * 4)
  }

  /// For layouts whose number of values no byte of the file stands for.
  func checkElements(_ count: Int) throws {
    guard count <= min(ArrowFormat.Bound.unbackedElements, maxBytes / 4) else { throw PieceTooLarge() }
  }

  /// A column of new memory with the validity of a part of an array.
  func finish(
    _ array: RawArray, _ start: Int, _ count: Int, values: Buffer, offsets: Buffer? = nil, _ children: [Column] = []
  ) -> Column {
    var validity: Buffer?
    var nulls = 0
    if let bitmap = array.validity {
      nulls = unsafe count - Bitmap.ones(bitmap.start, from: start, count: count)
      let isAligned = start & 7 == 0
      validity =
        unsafe isAligned
        ? bitmap.slice(start / 8, (count + 7) / 8) : Bitmap.copy(bitmap.start, from: start, count: count)
    }
    return Column(
      type: array.plan.type, count: count, nullCount: nulls, validity: validity, values: values, offsets: offsets,
      children: children)
  }

  // MARK: NULLs only

  private func nulls(_ array: RawArray, _ count: Int) throws -> Column {
    try checkElements(count)
    let zeros = Allocation(capacity: (count + 1) * 4)
    unsafe memset(zeros.base, 0, zeros.capacity)
    let buffer = Buffer(zeros, count: (count + 1) * 4)
    return Column(
      type: array.plan.type, count: count, nullCount: count, validity: buffer.slice(0, (count + 7) / 8),
      values: .empty, offsets: buffer)
  }

  // MARK: other layouts of texts and bytes

  private func largeVariable(_ array: RawArray, _ start: Int, _ count: Int) throws -> Column {
    let source = unsafe array.buffers[0].start.assumingMemoryBound(to: Int64.self) + start
    let first = unsafe Int(source[0])
    let length = unsafe Int(source[count]) - first
    guard length <= Int(Int32.max) else { throw PieceTooLarge() }
    let offsets = Allocation(capacity: (count + 1) * 4)
    let target = unsafe offsets.base.assumingMemoryBound(to: Int32.self)
    for row in 0...count { unsafe target[row] = unsafe Int32(truncatingIfNeeded: source[row] &- Int64(first)) }
    let values = array.buffers[1].slice(first, length)
    let column = finish(array, start, count, values: values, offsets: Buffer(offsets, count: (count + 1) * 4))
    return try checked(array, start, column)
  }

  /// Views are 16 bytes: a length, and either up to 12 bytes in place or a prefix, a buffer's number and an offset.
  private func views(_ array: RawArray, _ start: Int, _ count: Int) throws -> Column {
    let offsets = Allocation(capacity: (count + 1) * 4)
    let target = unsafe offsets.base.assumingMemoryBound(to: Int32.self)
    unsafe target[0] = 0
    var total = 0
    for row in 0..<count {
      if array.isValid(start + row) {
        let length = viewNumber(array, start + row, 0)
        guard length >= 0 else { throw failure(array, "a view has a negative length", row: start + row) }
        // What a view claims is there, before room is made for it.
        _ = try viewed(array, length, row: start + row)
        total += length
        guard total <= maxBytes else { throw PieceTooLarge() }
      }
      unsafe target[row + 1] = Int32(truncatingIfNeeded: total)
    }
    let values = Allocation(capacity: total)
    for row in 0..<count where unsafe target[row + 1] > target[row] {
      let length = unsafe Int(target[row + 1] - target[row])
      let (buffer, offset) = try viewed(array, length, row: start + row)
      let first = unsafe Int(target[row])
      let source = array.buffers[buffer]
      values.fill(first..<first + length) { $0.append(source.span.extracting(offset..<offset + length)) }
    }
    let column = finish(
      array, start, count, values: Buffer(values, count: total), offsets: Buffer(offsets, count: (count + 1) * 4))
    return try checked(array, start, column)
  }

  /// One of the four numbers of a view.
  private func viewNumber(_ array: RawArray, _ row: Int, _ index: Int) -> Int {
    let place = row * 16 + index * 4
    let views = array.buffers[0]
    return unsafe Int(views.span.bytes.unsafeLoadUnaligned(fromByteOffset: place, as: Int32.self))
  }

  /// In which buffer the bytes of a view are, and where.
  private func viewed(_ array: RawArray, _ length: Int, row: Int) throws -> (buffer: Int, offset: Int) {
    if length <= 12 { return (0, row * 16 + 4) }
    let index = viewNumber(array, row, 2)
    let offset = viewNumber(array, row, 3)
    guard index >= 0, index + 1 < array.buffers.count, offset >= 0, offset + length <= array.buffers[index + 1].count
    else { throw failure(array, "a view points outside of its buffers", row: row) }
    return (index + 1, offset)
  }

  private func checked(_ array: RawArray, _ start: Int, _ column: Column) throws -> Column {
    guard column.type.isTextual, let row = UTF8Check.firstInvalidRow(column) else { return column }
    throw failure(array, "the text is not valid UTF-8", row: start + row)
  }
}

extension RawArray {
  func isValid(_ row: Int) -> Bool {
    guard let validity else { return true }
    return unsafe validity.start.load(fromByteOffset: row >> 3, as: UInt8.self) & (1 << UInt8(row & 7)) != 0
  }

  /// The column over all values, for plans that are direct.
  var wholeDirect: Column {
    switch plan.storage {
    case .list:
      Column(
        type: plan.type, count: count, nullCount: nullCount, validity: validity, values: .empty, offsets: buffers[0],
        children: children.map(\.wholeDirect))
    case .variable: wholeVariable
    default: Column(type: plan.type, count: count, nullCount: nullCount, validity: validity, values: buffers[0])
    }
  }

  /// The column over all values of the storage `variable`.
  var wholeVariable: Column {
    Column(
      type: plan.type, count: count, nullCount: nullCount, validity: validity, values: buffers[1], offsets: buffers[0])
  }
}

extension Buffer {
  static let empty = Buffer(Allocation(capacity: 0), count: 0)
}
