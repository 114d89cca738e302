internal import Glibc
internal import Records

/// Reads values through the nodes of a program: lists, rare types and promotions. Each call leaves exactly one value
/// more in the builder, also for a flaw; false means a fault, and the builder is to be cut back.
@safe struct AvroSlow {
  typealias Node = UnsafePointer<AvroProgram.Node>
  /// Values inside of values: recursive types can be as deep as a hostile file likes.
  static let maxDepth = 128

  let view: AvroProgram.View

  /// One value into a builder of the column's type.
  func append(_ index: Int, to builder: ColumnBuilder, _ cursor: inout AvroCursor) -> Bool {
    let node = unsafe view.nodes + index
    switch unsafe node.pointee.kind {
    case .null:
      builder.appendNull()
      return true
    case .union:
      var branch = 0
      guard unsafe cursor.branch(node.pointee.count, &branch) else { return false }
      return unsafe append(view.link(node, branch), to: builder, &cursor)
    case .mismatch:
      cursor.mark(.mismatch, node: index)
      guard unsafe skip(view.link(node, 0), &cursor, 0) else { return false }
      builder.appendNull()
      return true
    case .fallback:
      var inner = unsafe fallback(node)
      return unsafe append(view.link(node, 0), to: builder, &inner)
    case .array where builder.child != nil: return unsafe appendList(node, to: builder, &cursor)
    default: return unsafe AvroScalar(view: view).append(node, to: builder, &cursor)
    }
  }

  /// Where a default lies; its bytes are Ferry's own.
  func fallback(_ node: Node) -> AvroCursor {
    let link = unsafe view.links[node.pointee.first]
    return unsafe AvroCursor(view.bytes + Int(link.offset), Int(link.length))
  }

  // MARK: lists

  private func appendList(_ node: Node, to builder: ColumnBuilder, _ cursor: inout AvroCursor) -> Bool {
    guard let child = builder.child else { return false }
    let item = unsafe Item(view, view.link(node, 0))
    while true {
      var count = 0
      guard unsafe cursor.items(most: node.pointee.mostItems, &count) else { return false }
      if count == 0 { break }
      cursor.growth += count * 4
      guard append(count, of: item, to: child, &cursor) else { return false }
    }
    builder.finishList()
    return true
  }

  /// The items of a list: what they are when they are not NULL.
  @safe private struct Item {
    let index: Int
    let value: Node
    /// The branch of NULL, where it is the only other one.
    var null: Int?

    init(_ view: AvroProgram.View, _ index: Int) {
      self.index = index
      let node = unsafe view.nodes + index
      guard unsafe node.pointee.kind == .union, unsafe node.pointee.count == 2 else {
        unsafe value = unsafe node
        return
      }
      let kinds = [0, 1].map { unsafe view.nodes[view.link(node, $0)].kind }
      null = kinds.firstIndex(of: .null)
      unsafe value = unsafe null.map { unsafe view.nodes + view.link(node, 1 - $0) } ?? node
    }
  }

  /// The loop over the items is in here once for each of the usual types.
  private func append(_ count: Int, of item: Item, to child: ColumnBuilder, _ cursor: inout AvroCursor) -> Bool {
    switch unsafe (item.value.pointee.kind, item.value.pointee.form) {
    case (.long, .int64):
      return each(count, item, child, &cursor) { cursor in
        var number: Int64 = 0
        guard cursor.long(&number) else { return false }
        child.append(number)
        return true
      }
    case (.int, .int32):
      return each(count, item, child, &cursor) { cursor in
        var number: Int64 = 0
        guard cursor.int(&number) else { return false }
        child.append(Int32(truncatingIfNeeded: number))
        return true
      }
    case (.double, .float64):
      return each(count, item, child, &cursor) { cursor in
        guard cursor.need(8) else { return false }
        unsafe child.append(UnsafeRawPointer(cursor.at).loadUnaligned(as: UInt64.self))
        unsafe cursor.at += 8
        return true
      }
    case (.float, .float32):
      return each(count, item, child, &cursor) { cursor in
        guard cursor.need(4) else { return false }
        unsafe child.append(UnsafeRawPointer(cursor.at).loadUnaligned(as: UInt32.self))
        unsafe cursor.at += 4
        return true
      }
    case (.bytes, .text):
      return each(count, item, child, &cursor) { cursor in
        var length = 0
        guard cursor.length(&length) else { return false }
        let bytes = unsafe UnsafeRawBufferPointer(start: cursor.at, count: length)
        if unsafe !UTF8Text.isValid(bytes) { cursor.mark(.utf8) }
        unsafe child.append(bytes: bytes)
        unsafe cursor.at += length
        return true
      }
    case (.union, _), (.mismatch, _), (.fallback, _), (.null, _):
      for _ in 0..<count where !append(item.index, to: child, &cursor) { return false }
      return true
    default:
      let scalar = AvroScalar(view: view)
      return each(count, item, child, &cursor) { unsafe scalar.append(item.value, to: child, &$0) }
    }
  }

  @inline(__always)
  private func each(
    _ count: Int, _ item: Item, _ child: ColumnBuilder, _ cursor: inout AvroCursor,
    _ value: (inout AvroCursor) -> Bool
  ) -> Bool {
    for _ in 0..<count {
      if let null = item.null {
        var branch = 0
        guard cursor.branch(2, &branch) else { return false }
        if branch == null {
          child.appendNull()
          continue
        }
      }
      guard value(&cursor) else { return false }
    }
    return true
  }

  // MARK: skipping

  /// Moves behind a value.
  func skip(_ index: Int, _ cursor: inout AvroCursor, _ depth: Int) -> Bool {
    let node = unsafe view.nodes + index
    var number: Int64 = 0
    var count = 0
    switch unsafe node.pointee.kind {
    case .null, .fallback: return true
    case .boolean: return skip(bytes: 1, &cursor)
    case .float: return skip(bytes: 4, &cursor)
    case .double: return skip(bytes: 8, &cursor)
    case .fixed: return unsafe skip(bytes: node.pointee.size, &cursor)
    case .int, .long, .enumeration: return cursor.long(&number)
    case .bytes: return cursor.length(&count) && skip(bytes: count, &cursor)
    default: break
    }
    guard depth < AvroSlow.maxDepth else {
      cursor.fault = .depth
      return false
    }
    switch unsafe node.pointee.kind {
    case .mismatch: return unsafe skip(view.link(node, 0), &cursor, depth + 1)
    case .union:
      return unsafe cursor.branch(node.pointee.count, &count) && skip(view.link(node, count), &cursor, depth + 1)
    case .record:
      for part in unsafe 0..<node.pointee.count {
        guard unsafe skip(view.link(node, part), &cursor, depth + 1) else { return false }
      }
      return true
    default: return unsafe skipItems(node, &cursor, depth)
    }
  }

  private func skipItems(_ node: Node, _ cursor: inout AvroCursor, _ depth: Int) -> Bool {
    let item = unsafe view.link(node, 0)
    let keySize = unsafe node.pointee.kind == .map ? 1 : 0
    while true {
      var count = 0
      guard unsafe cursor.items(most: node.pointee.mostItems, &count) else { return false }
      if count == 0 { return true }
      for _ in 0..<count {
        var length = 0
        if keySize > 0, !(cursor.length(&length) && skip(bytes: length, &cursor)) { return false }
        guard skip(item, &cursor, depth + 1) else { return false }
      }
    }
  }

  private func skip(bytes count: Int, _ cursor: inout AvroCursor) -> Bool {
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
