internal import Glibc
internal import Records

/// Reads values one by one through their actions: lists, JSON texts, rare types and promotions. Each call leaves
/// exactly one value more in the builder, also for a flaw; false means a fault, and the builder is to be cut back.
struct AvroSlow {
  /// Values inside of values: recursive types can be as deep as a hostile file likes.
  static let maxDepth = 128

  /// One value into a builder of the column's type.
  static func append(_ action: AvroAction, to builder: ColumnBuilder, _ cursor: inout AvroCursor) -> Bool {
    switch action.kind {
    case .null:
      builder.appendNull()
      return true
    case .union:
      var index = 0
      guard cursor.branch(action.parts.count, &index) else { return false }
      return append(action.parts[index], to: builder, &cursor)
    case .mismatch:
      cursor.mark(.mismatch)
      guard skip(action.parts[0], &cursor, 0) else { return false }
      builder.appendNull()
      return true
    case .fallback: return appendFallback(action, to: builder, &cursor)
    case .array where builder.child != nil: return appendList(action, to: builder, &cursor)
    default:
      if builder.type == .json { return appendJSON(action, to: builder, &cursor) }
      return AvroScalar.append(action, to: builder, &cursor)
    }
  }

  private static func appendFallback(
    _ action: AvroAction, to builder: ColumnBuilder, _ cursor: inout AvroCursor
  ) -> Bool {
    withFallback(action) { append(action.parts[0], to: builder, &$0) }
  }

  /// Reads a default; its bytes are Ferry's own, so nothing can be wrong with them but a value out of range.
  static func withFallback(_ action: AvroAction, _ body: (inout AvroCursor) -> Bool) -> Bool {
    unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: action.bytes.count + 16) { room in
      guard let base = room.baseAddress else { return false }
      unsafe room.update(repeating: 0)
      unsafe action.bytes.withUnsafeBufferPointer {
        if let source = $0.baseAddress { unsafe base.update(from: source, count: $0.count) }
      }
      var inner = unsafe AvroCursor(base, action.bytes.count)
      return body(&inner)
    }
  }

  private static func appendList(_ action: AvroAction, to builder: ColumnBuilder, _ cursor: inout AvroCursor) -> Bool {
    guard let child = builder.child else { return false }
    let element = action.parts[0]
    while true {
      var count = 0
      guard cursor.items(minimum: element.minimumSize, &count) else { return false }
      if count == 0 { break }
      cursor.growth += count * 4
      for _ in 0..<count where !append(element, to: child, &cursor) { return false }
    }
    builder.finishList()
    return true
  }

  private static func appendJSON(_ action: AvroAction, to builder: ColumnBuilder, _ cursor: inout AvroCursor) -> Bool {
    var text = TextBuffer(capacity: 256)
    guard AvroJSON.append(action, to: &text, &cursor, 0) else { return false }
    guard text.count <= Int(Int32.max) / 2 else {
      cursor.fault = .length
      return false
    }
    cursor.growth += text.count
    unsafe builder.append(bytes: text.bytes)
    return true
  }

  /// Moves behind a value.
  static func skip(_ action: AvroAction, _ cursor: inout AvroCursor, _ depth: Int) -> Bool {
    var number: Int64 = 0
    var count = 0
    switch action.kind {
    case .null, .fallback: return true
    case .boolean: return skip(bytes: 1, &cursor)
    case .float: return skip(bytes: 4, &cursor)
    case .double: return skip(bytes: 8, &cursor)
    case .fixed: return skip(bytes: action.size, &cursor)
    case .int, .long, .enumeration: return cursor.long(&number)
    case .bytes: return cursor.length(&count) && skip(bytes: count, &cursor)
    default: break
    }
    guard depth < maxDepth else {
      cursor.fault = .depth
      return false
    }
    switch action.kind {
    case .mismatch: return skip(action.parts[0], &cursor, depth + 1)
    case .union: return cursor.branch(action.parts.count, &count) && skip(action.parts[count], &cursor, depth + 1)
    case .record:
      for part in action.parts where !skip(part, &cursor, depth + 1) { return false }
      return true
    default: return skipItems(action, &cursor, depth)
    }
  }

  private static func skipItems(_ action: AvroAction, _ cursor: inout AvroCursor, _ depth: Int) -> Bool {
    let item = action.parts[0]
    let keySize = action.kind == .map ? 1 : 0
    while true {
      var count = 0
      guard cursor.items(minimum: item.minimumSize + keySize, &count) else { return false }
      if count == 0 { return true }
      for _ in 0..<count {
        var length = 0
        if keySize > 0, !(cursor.length(&length) && skip(bytes: length, &cursor)) { return false }
        guard skip(item, &cursor, depth + 1) else { return false }
      }
    }
  }

  private static func skip(bytes count: Int, _ cursor: inout AvroCursor) -> Bool {
    guard cursor.need(count) else { return false }
    unsafe cursor.at += count
    return true
  }

  /// Cuts a builder back to `rows` values, also when a list was being filled.
  static func cut(_ builder: ColumnBuilder, to rows: Int) {
    if builder.child != nil {
      builder.finishList()
    }
    builder.removeLast(builder.count - rows)
  }
}
