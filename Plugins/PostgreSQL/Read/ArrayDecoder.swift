internal import Records

/// Turns arrays in the server's binary form into lists, or lists of lists where the column is known to have several
/// dimensions.
///
/// The form: dimensions, a flag for NULLs, the element's OID; then per dimension its length and lower bound; then the
/// elements in row-major order, each with its length in front.
@safe final class ArrayDecoder {
  /// Outermost first; the last one's child holds the elements.
  private let levels: [ColumnBuilder]
  private let plan: UnsafeMutablePointer<RowDecoder.Plan>
  private let elements: ColumnBuilder
  /// An array whose indexes do not start at 1 was seen; lists have no place for that.
  private(set) var hasOtherBounds = false

  init(_ form: DatabaseType.Form, _ builder: ColumnBuilder) {
    var levels = [builder]
    var innermost = builder
    while let child = innermost.child {
      innermost = child
      if child.child != nil { levels.append(child) }
    }
    self.levels = levels
    elements = innermost
    unsafe plan = UnsafeMutablePointer.allocate(capacity: 1)
    unsafe plan.initialize(to: RowDecoder.plan(form, innermost))
  }

  deinit {
    unsafe plan.deinitialize(count: 1)
    unsafe plan.deallocate()
  }

  func append(_ p: UnsafeRawPointer, _ length: Int, _ check: TextCheck?) -> RowDecoder.Fault {
    guard length >= 12 else { return .malformed }
    let dimensions = unsafe Int(Int32(bigEndian: p.loadUnaligned(as: Int32.self)))
    if dimensions == 0 {
      levels[0].finishList()
      return .none
    }
    guard dimensions == levels.count else { return .dimensions }
    guard length >= 12 + dimensions * 8 else { return .malformed }
    var lengths: [Int] = []
    // As many elements as their lengths alone have room for.
    var room = (length - 12 - dimensions * 8) / 4
    for dimension in 0..<dimensions {
      unsafe lengths.append(Int(Int32(bigEndian: p.loadUnaligned(fromByteOffset: 12 + dimension * 8, as: Int32.self))))
      if unsafe Int32(bigEndian: p.loadUnaligned(fromByteOffset: 16 + dimension * 8, as: Int32.self)) != 1 {
        hasOtherBounds = true
      }
      guard let last = lengths.last, last > 0, last <= room else { return .malformed }
      room /= last
    }
    var cursor = unsafe Cursor(p: p + 12 + dimensions * 8, end: p + length)
    return append(0, lengths, &cursor, check)
  }

  @safe private struct Cursor {
    var p: UnsafeRawPointer
    let end: UnsafeRawPointer
  }

  private func append(_ level: Int, _ lengths: [Int], _ cursor: inout Cursor, _ check: TextCheck?) -> RowDecoder.Fault {
    let isInnermost = level == levels.count - 1
    for _ in 0..<lengths[level] {
      let fault = isInnermost ? element(&cursor, check) : append(level + 1, lengths, &cursor, check)
      if fault != .none { return fault }
    }
    levels[level].finishList()
    return .none
  }

  private func element(_ cursor: inout Cursor, _ check: TextCheck?) -> RowDecoder.Fault {
    guard unsafe cursor.p + 4 <= cursor.end else { return .malformed }
    let length = unsafe Int(Int32(bigEndian: cursor.p.loadUnaligned(as: Int32.self)))
    unsafe cursor.p += 4
    if length < 0 {
      elements.appendNull()
      return .none
    }
    guard unsafe cursor.p + length <= cursor.end else { return .malformed }
    let fault = unsafe RowDecoder.decode(plan, cursor.p, length, check)
    unsafe cursor.p += length
    return fault
  }
}
