internal import Records

/// Reads values through the nodes of a program: lists, rare types and promotions. Each call leaves exactly one value
/// more in the builder, also for a flaw; false means a fault, and the builder is to be cut back.
struct AvroSlow: ~Escapable {
  /// Values inside of values: recursive types can be as deep as a hostile file likes.
  static let maxDepth = 128

  let view: AvroProgram.View

  @_lifetime(copy view)
  init(view: AvroProgram.View) { self.view = view }

  /// One value into a builder of the column's type.
  func append(_ node: Int, to builder: ColumnBuilder, _ cursor: inout AvroCursor) -> Bool {
    switch view.nodes[node].kind {
    case .null:
      builder.appendNull()
      return true
    case .union:
      var branch = 0
      guard cursor.branch(view.nodes[node].count, &branch) else { return false }
      return append(view.link(node, branch), to: builder, &cursor)
    case .mismatch:
      cursor.mark(.mismatch, node: node)
      guard skip(view.link(node, 0), &cursor, 0) else { return false }
      builder.appendNull()
      return true
    case .fallback:
      var inner = fallback(node)
      return append(view.link(node, 0), to: builder, &inner)
    case .array where builder.child != nil: return appendList(node, to: builder, &cursor)
    default: return AvroScalar(view: view).append(node, to: builder, &cursor)
    }
  }

  /// Where a default lies; its bytes are Ferry's own.
  @_lifetime(copy self)
  func fallback(_ node: Int) -> AvroCursor { AvroCursor(view.text(view.links[view.nodes[node].first])) }

  // MARK: lists

  private func appendList(_ node: Int, to builder: ColumnBuilder, _ cursor: inout AvroCursor) -> Bool {
    guard let child = builder.child else { return false }
    let item = Item(view, view.link(node, 0))
    while true {
      var count = 0
      guard cursor.items(most: view.nodes[node].mostItems, &count) else { return false }
      if count == 0 { break }
      cursor.growth += count * 4
      guard append(count, of: item, to: child, &cursor) else { return false }
    }
    builder.finishList()
    return true
  }

  /// The items of a list: what they are when they are not NULL.
  private struct Item {
    let index: Int
    let value: Int
    /// The branch of NULL, where it is the only other one.
    var null: Int?

    init(_ view: AvroProgram.View, _ node: Int) {
      index = node
      guard view.nodes[node].kind == .union, view.nodes[node].count == 2 else {
        value = node
        return
      }
      let kinds = [0, 1].map { view.nodes[view.link(node, $0)].kind }
      null = kinds.firstIndex(of: .null)
      value = null.map { view.link(node, 1 - $0) } ?? node
    }
  }

  /// The loop over the items is in here once for each of the usual types.
  private func append(_ count: Int, of item: Item, to child: ColumnBuilder, _ cursor: inout AvroCursor) -> Bool {
    switch (view.nodes[item.value].kind, view.nodes[item.value].form) {
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
        child.append(cursor.load(as: UInt64.self))
        return true
      }
    case (.float, .float32):
      return each(count, item, child, &cursor) { cursor in
        guard cursor.need(4) else { return false }
        child.append(cursor.load(as: UInt32.self))
        return true
      }
    case (.bytes, .text):
      return each(count, item, child, &cursor) { cursor in
        var length = 0
        guard cursor.length(&length) else { return false }
        let bytes = cursor.take(length)
        if !UTF8Text.isValid(bytes) { cursor.mark(.utf8) }
        child.append(bytes: bytes)
        return true
      }
    case (.union, _), (.mismatch, _), (.fallback, _), (.null, _):
      for _ in 0..<count where !append(item.index, to: child, &cursor) { return false }
      return true
    default:
      let scalar = AvroScalar(view: view)
      return each(count, item, child, &cursor) { scalar.append(item.value, to: child, &$0) }
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
  func skip(_ node: Int, _ cursor: inout AvroCursor, _ depth: Int) -> Bool {
    var number: Int64 = 0
    var count = 0
    switch view.nodes[node].kind {
    case .null, .fallback: return true
    case .boolean: return skip(bytes: 1, &cursor)
    case .float: return skip(bytes: 4, &cursor)
    case .double: return skip(bytes: 8, &cursor)
    case .fixed: return skip(bytes: view.nodes[node].size, &cursor)
    case .int, .long, .enumeration: return cursor.long(&number)
    case .bytes: return cursor.length(&count) && skip(bytes: count, &cursor)
    default: break
    }
    guard depth < AvroSlow.maxDepth else {
      cursor.fault = .depth
      return false
    }
    switch view.nodes[node].kind {
    case .mismatch: return skip(view.link(node, 0), &cursor, depth + 1)
    case .union:
      return cursor.branch(view.nodes[node].count, &count) && skip(view.link(node, count), &cursor, depth + 1)
    case .record:
      for part in 0..<view.nodes[node].count {
        guard skip(view.link(node, part), &cursor, depth + 1) else { return false }
      }
      return true
    default: return skipItems(node, &cursor, depth)
    }
  }

  private func skipItems(_ node: Int, _ cursor: inout AvroCursor, _ depth: Int) -> Bool {
    let item = view.link(node, 0)
    let keySize = view.nodes[node].kind == .map ? 1 : 0
    while true {
      var count = 0
      guard cursor.items(most: view.nodes[node].mostItems, &count) else { return false }
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
    cursor.at += count
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
