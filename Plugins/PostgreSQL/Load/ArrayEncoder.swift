internal import Records

/// Writes lists as the server's binary arrays; lists of lists as arrays of several dimensions.
@safe final class ArrayEncoder {
  private let element: DatabaseType
  private let plan: UnsafeMutablePointer<RowEncoder.Plan>
  /// Lists, outermost first.
  private var levels: [Column] = []
  private var elements: Column?

  init(_ element: DatabaseType, _ modifier: Int32) {
    self.element = element
    unsafe plan = UnsafeMutablePointer.allocate(capacity: 1)
    unsafe plan.initialize(to: RowEncoder.plan(element.form, modifier))
  }

  deinit {
    unsafe plan.deinitialize(count: 1)
    unsafe plan.deallocate()
  }

  func bind(_ column: Column) {
    levels = [column]
    // The server takes any number of dimensions, whatever the column was declared with.
    while let inner = levels.last?.children.first, case .list = inner.type { levels.append(inner) }
    guard let innermost = levels.last?.children.first else { return }
    elements = innermost
    unsafe RowEncoder.bind(plan, innermost)
  }

  func append(_ row: Int, to buffer: OutputBuffer) -> RowEncoder.Fault {
    var lengths: [Int] = []
    var range = ArrayEncoder.range(levels[0], row)
    let first = range
    // The lengths of the first list of each level are those that all others must have.
    for level in levels.dropFirst() {
      lengths.append(range.count)
      if range.isEmpty { break }
      range = ArrayEncoder.range(level, range.lowerBound)
    }
    if lengths.count < levels.count { lengths.append(range.count) }
    var span = first
    for (index, level) in levels.enumerated().dropFirst() where !span.isEmpty {
      guard lengths.count > index else { break }
      for list in span {
        if level.isNull(list) { return .nullList }
        if ArrayEncoder.range(level, list).count != lengths[index] { return .ragged }
      }
      let last = ArrayEncoder.range(level, span.upperBound - 1)
      span = ArrayEncoder.range(level, span.lowerBound).lowerBound..<last.upperBound
    }
    return append(lengths, span, to: buffer)
  }

  private func append(_ lengths: [Int], _ span: Range<Int>, to buffer: OutputBuffer) -> RowEncoder.Fault {
    let start = buffer.count
    buffer.append(Int32(0))
    let isEmpty = lengths.contains(0)
    buffer.append(Int32(isEmpty ? 0 : lengths.count).bigEndian)
    let hasNulls = !isEmpty && span.contains { elements?.isNull($0) ?? false }
    buffer.append(Int32(hasNulls ? 1 : 0).bigEndian)
    buffer.append(element.oid.bigEndian)
    if !isEmpty {
      for length in lengths {
        buffer.append(Int32(truncatingIfNeeded: length).bigEndian)
        buffer.append(Int32(1).bigEndian)
      }
      for index in span {
        let fault = unsafe RowEncoder.append(plan, index, to: buffer)
        if fault != .none { return fault }
      }
    }
    buffer.setLength(at: start, Int32(truncatingIfNeeded: buffer.count - start - 4))
    return .none
  }

  private static func range(_ column: Column, _ row: Int) -> Range<Int> {
    let offsets = unsafe column.offsetValues
    return unsafe Int(offsets[row])..<Int(offsets[row + 1])
  }
}
