/// The values of one dictionary. Deltas append to them.
final class DictionaryValues {
  private var values: Column
  private var builder: ColumnBuilder?

  init(_ values: Column) { self.values = values }

  /// Memory doubles as deltas come, so that many small ones cost no more than one large one.
  /// False when the values are more than a column can hold.
  func append(_ more: Column) -> Bool {
    let builder = builder ?? ColumnBuilder(values.type, rows: values.count + more.count)
    if self.builder == nil { builder.append(values) }
    self.builder = builder
    guard builder.variableByteCount + more.byteCount <= Int(Int32.max), builder.count + more.count <= Int(Int32.max)
    else { return false }
    builder.append(more)
    values = builder.snapshot()
    return true
  }

  var column: Column { values }
}

/// Dictionary-encoded columns become plain ones.
extension ColumnMaker {
  func decoded(_ array: RawArray, _ start: Int, _ count: Int, _ id: Int64, _ index: IndexType) throws -> Column {
    guard let dictionary = dictionaries[id]?.column else {
      // Arrow lets a writer leave out a dictionary that nothing refers to.
      return try gather(
        ColumnBuilder(array.plan.type, rows: 0).finish(), try keys(array, start, count, index, limit: 0))
    }
    return try gather(dictionary, try keys(array, start, count, index, limit: dictionary.count))
  }

  /// Positions in the dictionary, -1 for NULL; checked against its size.
  private func keys(_ array: RawArray, _ start: Int, _ count: Int, _ index: IndexType, limit: Int) throws -> [Int32] {
    switch (index.width, index.isSigned) {
    case (1, true): try keys(array, start, count, limit, Int8.self)
    case (2, true): try keys(array, start, count, limit, Int16.self)
    case (4, true): try keys(array, start, count, limit, Int32.self)
    case (8, true): try keys(array, start, count, limit, Int64.self)
    case (1, false): try keys(array, start, count, limit, UInt8.self)
    case (2, false): try keys(array, start, count, limit, UInt16.self)
    case (4, false): try keys(array, start, count, limit, UInt32.self)
    default: try keys(array, start, count, limit, UInt64.self)
    }
  }

  private func keys<T: FixedWidthInteger & BitwiseCopyable>(
    _ array: RawArray, _ start: Int, _ count: Int, _ limit: Int, _: T.Type
  ) throws -> [Int32] {
    guard count * 4 <= maxBytes else { throw PieceTooLarge() }
    let source = unsafe array.buffers[0].start.assumingMemoryBound(to: T.self) + start
    var keys = [Int32](repeating: -1, count: count)
    for row in 0..<count where array.isValid(start + row) {
      let key = unsafe source[row]
      guard key >= 0, key < limit else {
        throw failure(array, "key \(key) of a dictionary with \(limit) values", row: start + row)
      }
      keys[row] = Int32(truncatingIfNeeded: key)
    }
    return keys
  }

  private func gather(_ dictionary: Column, _ keys: [Int32]) throws -> Column {
    switch dictionary.type.layout {
    case .fixed(let width): try gatherFixed(dictionary, keys, width)
    case .variable: try gatherVariable(dictionary, keys)
    case .bits, .list: try gatherSlowly(dictionary, keys)
    }
  }

  private func gatherFixed(_ dictionary: Column, _ keys: [Int32], _ width: Int) throws -> Column {
    guard keys.count * width <= maxBytes else { throw PieceTooLarge() }
    let values = Allocation(capacity: keys.count * width)
    unsafe values.base.initializeMemory(as: UInt8.self, repeating: 0, count: keys.count * width)
    let source = unsafe dictionary.values.start + dictionary.offset * width
    for row in 0..<keys.count where keys[row] >= 0 {
      unsafe (values.base + row * width).copyMemory(from: source + Int(keys[row]) * width, byteCount: width)
    }
    let (validity, nulls) = validity(dictionary, keys)
    return Column(
      type: dictionary.type, count: keys.count, nullCount: nulls, validity: validity,
      values: Buffer(values, count: keys.count * width))
  }

  private func gatherVariable(_ dictionary: Column, _ keys: [Int32]) throws -> Column {
    let offsets = Allocation(capacity: (keys.count + 1) * 4)
    let target = unsafe offsets.base.assumingMemoryBound(to: Int32.self)
    unsafe target[0] = 0
    var total = 0
    for row in 0..<keys.count {
      if keys[row] >= 0 { unsafe total += dictionary.bytes(Int(keys[row])).count }
      guard total <= maxBytes else { throw PieceTooLarge() }
      unsafe target[row + 1] = Int32(truncatingIfNeeded: total)
    }
    let values = Allocation(capacity: total)
    for row in 0..<keys.count where unsafe target[row + 1] > target[row] {
      let bytes = unsafe dictionary.bytes(Int(keys[row]))
      if let base = bytes.baseAddress {
        unsafe (values.base + Int(target[row])).copyMemory(from: base, byteCount: bytes.count)
      }
    }
    let (validity, nulls) = validity(dictionary, keys)
    return Column(
      type: dictionary.type, count: keys.count, nullCount: nulls, validity: validity,
      values: Buffer(values, count: total), offsets: Buffer(offsets, count: (keys.count + 1) * 4))
  }

  /// Lists and bools are rare in dictionaries.
  private func gatherSlowly(_ dictionary: Column, _ keys: [Int32]) throws -> Column {
    let builder = ColumnBuilder(dictionary.type, rows: keys.count)
    var total = 0
    for key in keys {
      if key < 0 {
        builder.appendNull()
      } else {
        if case .list = dictionary.type.layout { total += dictionary.slice(Int(key), 1).byteCount }
        guard total <= maxBytes else { throw PieceTooLarge() }
        builder.appendValue(of: dictionary, at: Int(key))
      }
    }
    return builder.finish()
  }

  /// NULL is where the key is, and where the dictionary's value is.
  private func validity(_ dictionary: Column, _ keys: [Int32]) -> (Buffer?, Int) {
    let bytes = (keys.count + 7) / 8
    let memory = Allocation(capacity: bytes)
    unsafe memory.base.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
    let bits = unsafe memory.base.assumingMemoryBound(to: UInt8.self)
    var nulls = 0
    for row in 0..<keys.count {
      if keys[row] < 0 || dictionary.isNull(Int(keys[row])) {
        nulls += 1
      } else {
        unsafe bits[row >> 3] |= 1 << UInt8(row & 7)
      }
    }
    return (nulls == 0 ? nil : Buffer(memory, count: bytes), nulls)
  }
}
