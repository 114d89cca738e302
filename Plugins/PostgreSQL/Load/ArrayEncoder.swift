internal import Records

/// Writes lists as the server's binary arrays; lists of lists as arrays of several dimensions.
final class ArrayEncoder {
  private let element: DatabaseType
  private let plan: RowEncoder.Plan
  /// Lists, outermost first.
  private var levels = ColumnViews()
  /// The column of the innermost elements.
  private var elements = ColumnViews()

  init(_ element: DatabaseType, _ modifier: Int32) {
    self.element = element
    plan = RowEncoder.plan(element.form, modifier)
  }

  func bind(_ column: Column) {
    var lists = [column]
    // The server takes any number of dimensions, whatever the column was declared with.
    while let inner = lists.last?.children.first, case .list = inner.type { lists.append(inner) }
    levels = ColumnViews(lists)
    elements = ColumnViews(lists.last?.children.first.map { [$0] } ?? [])
  }

  func unbind() {
    levels = ColumnViews()
    elements = ColumnViews()
  }

  func append(_ row: Int, to out: inout ByteBuffer) -> RowEncoder.Fault {
    guard elements.count > 0 else { return .malformed }
    let levels = levels
    var lengths: [Int] = []
    let first = levels[0].range(row)
    var range = first
    // The lengths of the first list of each level are those that all others must have.
    for level in levels.indices.dropFirst() {
      lengths.append(range.count)
      if range.isEmpty { break }
      range = levels[level].range(range.lowerBound)
    }
    if lengths.count < levels.count { lengths.append(range.count) }
    var span = first
    for index in levels.indices.dropFirst() where !span.isEmpty {
      guard lengths.count > index else { break }
      for list in span {
        if levels[index].isNull(list) { return .nullList }
        if levels[index].range(list).count != lengths[index] { return .ragged }
      }
      let last = levels[index].range(span.upperBound - 1)
      span = levels[index].range(span.lowerBound).lowerBound..<last.upperBound
    }
    return append(lengths, span, to: &out)
  }

  private func append(_ lengths: [Int], _ span: Range<Int>, to out: inout ByteBuffer) -> RowEncoder.Fault {
    let start = out.count
    let isEmpty = lengths.contains(0)
    out.append(big: Int32(0))
    out.append(big: Int32(truncatingIfNeeded: isEmpty ? 0 : lengths.count))
    out.append(big: Int32(!isEmpty && hasNulls(span) ? 1 : 0))
    out.append(big: element.oid)
    if !isEmpty {
      for length in lengths {
        out.append(big: Int32(truncatingIfNeeded: length))
        out.append(big: Int32(1))
      }
      for index in span {
        let fault = RowEncoder.append(plan, elements[0], index, to: &out)
        if fault != .none { return fault }
      }
    }
    out.patch(big: Int32(truncatingIfNeeded: out.count - start - 4), at: start)
    return .none
  }

  private func hasNulls(_ span: Range<Int>) -> Bool {
    let elements = elements
    return span.contains { elements[0].isNull($0) }
  }
}
