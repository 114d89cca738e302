internal import Records

/// Turns arrays in the server's binary form into lists, or lists of lists where the column is known to have several
/// dimensions.
///
/// The form: dimensions, a flag for NULLs, the element's OID; then per dimension its length and lower bound; then the
/// elements in row-major order, each with its length in front.
final class ArrayDecoder {
  /// Outermost first; the last one's child holds the elements.
  private let levels: [ColumnBuilder]
  private let values: ValueDecoder
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
    values = ValueDecoder(form, innermost.type)
  }

  func append(_ bytes: Span<UInt8>, _ check: TextCheck?) -> RowDecoder.Fault {
    guard bytes.count >= 12 else { return .malformed }
    let dimensions = Int(bytes.big(at: 0, as: Int32.self))
    if dimensions == 0 {
      levels[0].finishList()
      return .none
    }
    guard dimensions == levels.count else { return .dimensions }
    guard bytes.count >= 12 + dimensions * 8 else { return .malformed }
    var lengths: [Int] = []
    // As many elements as their lengths alone have room for.
    var room = (bytes.count - 12 - dimensions * 8) / 4
    for dimension in 0..<dimensions {
      lengths.append(Int(bytes.big(at: 12 + dimension * 8, as: Int32.self)))
      if bytes.big(at: 16 + dimension * 8, as: Int32.self) != 1 { hasOtherBounds = true }
      guard let last = lengths.last, last > 0, last <= room else { return .malformed }
      room /= last
    }
    var at = 12 + dimensions * 8
    return append(0, lengths, bytes, &at, check)
  }

  private func append(
    _ level: Int, _ lengths: [Int], _ bytes: Span<UInt8>, _ at: inout Int, _ check: TextCheck?
  ) -> RowDecoder.Fault {
    let isInnermost = level == levels.count - 1
    for _ in 0..<lengths[level] {
      let fault = isInnermost ? element(bytes, &at, check) : append(level + 1, lengths, bytes, &at, check)
      if fault != .none { return fault }
    }
    levels[level].finishList()
    return .none
  }

  private func element(_ bytes: Span<UInt8>, _ at: inout Int, _ check: TextCheck?) -> RowDecoder.Fault {
    guard at + 4 <= bytes.count else { return .malformed }
    let length = Int(bytes.big(at: at, as: Int32.self))
    at += 4
    if length < 0 {
      elements.appendNull()
      return .none
    }
    guard at + length <= bytes.count else { return .malformed }
    defer { at += length }
    return values.append(bytes.extracting(at..<at + length), check, to: elements)
  }
}
