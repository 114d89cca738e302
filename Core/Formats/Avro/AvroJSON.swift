internal import Records

/// Writes values as exact JSON texts: records and maps as objects, unions as the value that is there, bytes in Base64,
/// times in ISO 8601.
@safe struct AvroJSON {
  typealias Node = UnsafePointer<AvroProgram.Node>
  let view: AvroProgram.View

  /// One value behind what is in `out`; false at a fault.
  func append(_ index: Int, to out: inout ByteBuffer, _ cursor: inout AvroCursor, _ depth: Int) -> Bool {
    let node = unsafe view.nodes + index
    switch unsafe node.pointee.kind {
    case .null:
      out.append("null")
      return true
    case .boolean:
      guard cursor.need(1) else { return false }
      if unsafe cursor.at[0] > 1 { cursor.mark(.boolean) }
      unsafe ValueText.append(cursor.at[0] != 0, to: &out)
      unsafe cursor.at += 1
      return true
    case .int, .long:
      var number: Int64 = 0
      guard unsafe node.pointee.kind == .int ? cursor.int(&number) : cursor.long(&number) else { return false }
      unsafe append(number, node, to: &out, &cursor)
      return true
    case .float:
      guard cursor.need(4) else { return false }
      let value = unsafe Float(bitPattern: UnsafeRawPointer(cursor.at).loadUnaligned(as: UInt32.self))
      unsafe cursor.at += 4
      if unsafe node.pointee.form == .float64 { append(Double(value), to: &out) } else { append(value, to: &out) }
      return true
    case .double:
      guard cursor.need(8) else { return false }
      append(
        unsafe Double(bitPattern: UnsafeRawPointer(cursor.at).loadUnaligned(as: UInt64.self)), to: &out)
      unsafe cursor.at += 8
      return true
    case .bytes, .fixed:
      var count = unsafe node.pointee.size
      guard unsafe node.pointee.kind == .fixed ? cursor.need(count) : cursor.length(&count) else { return false }
      let bytes = unsafe UnsafeRawBufferPointer(start: cursor.at, count: count)
      unsafe cursor.at += count
      unsafe append(bytes, node, to: &out, &cursor)
      return true
    case .enumeration: return unsafe appendSymbol(node, to: &out, &cursor)
    default: return unsafe appendNested(node, to: &out, &cursor, depth)
    }
  }

  /// The same for a column, where the NULL of a union is no text.
  func append(
    column index: Int, to out: inout ByteBuffer, _ cursor: inout AvroCursor, _ isNull: inout Bool
  ) -> Bool {
    let node = unsafe view.nodes + index
    switch unsafe node.pointee.kind {
    case .null:
      isNull = true
      return true
    case .union:
      var branch = 0
      return unsafe cursor.branch(node.pointee.count, &branch)
        && append(column: view.link(node, branch), to: &out, &cursor, &isNull)
    case .fallback:
      var inner = unsafe AvroSlow(view: view).fallback(node)
      return unsafe append(column: view.link(node, 0), to: &out, &inner, &isNull)
    default: return append(index, to: &out, &cursor, 0)
    }
  }

  private func appendNested(
    _ node: Node, to out: inout ByteBuffer, _ cursor: inout AvroCursor, _ depth: Int
  ) -> Bool {
    guard depth < AvroSlow.maxDepth else {
      cursor.fault = .depth
      return false
    }
    guard out.count <= AvroBlocks.Bound.json else {
      cursor.fault = .text
      return false
    }
    switch unsafe node.pointee.kind {
    case .union:
      var branch = 0
      return unsafe cursor.branch(node.pointee.count, &branch)
        && append(view.link(node, branch), to: &out, &cursor, depth + 1)
    case .mismatch:
      unsafe cursor.mark(.mismatch, node: node - view.nodes)
      out.append("null")
      return unsafe AvroSlow(view: view).skip(view.link(node, 0), &cursor, depth + 1)
    case .fallback:
      var inner = unsafe AvroSlow(view: view).fallback(node)
      return unsafe append(view.link(node, 0), to: &out, &inner, depth + 1)
    case .record:
      return unsafe node.pointee.isOrdered
        ? appendRecord(node, to: &out, &cursor, depth) : appendShuffled(node, to: &out, &cursor, depth)
    default: return unsafe appendItems(node, to: &out, &cursor, depth)
    }
  }

  private func appendRecord(
    _ node: Node, to out: inout ByteBuffer, _ cursor: inout AvroCursor, _ depth: Int
  ) -> Bool {
    out.append(byte: UInt8(ascii: "{"))
    var isFirst = true
    for index in unsafe 0..<node.pointee.count {
      let link = unsafe view.links[node.pointee.first + index]
      guard link.place >= 0 else {
        guard AvroSlow(view: view).skip(Int(link.node), &cursor, depth + 1) else { return false }
        continue
      }
      if !isFirst { out.append(byte: UInt8(ascii: ",")) }
      isFirst = false
      unsafe out.append(bytes: view.text(link))
      guard append(Int(link.node), to: &out, &cursor, depth + 1) else { return false }
    }
    out.append(byte: UInt8(ascii: "}"))
    return true
  }

  /// A record whose fields lie in the file in another order than the reader's: each is written, then put in its place.
  private func appendShuffled(
    _ node: Node, to out: inout ByteBuffer, _ cursor: inout AvroCursor, _ depth: Int
  ) -> Bool {
    var pieces: [(place: Int32, range: Range<Int>)] = []
    var text = ByteBuffer()
    for index in unsafe 0..<node.pointee.count {
      let link = unsafe view.links[node.pointee.first + index]
      guard link.place >= 0 else {
        guard AvroSlow(view: view).skip(Int(link.node), &cursor, depth + 1) else { return false }
        continue
      }
      let start = text.count
      unsafe text.append(bytes: view.text(link))
      guard append(Int(link.node), to: &text, &cursor, depth + 1) else { return false }
      pieces.append((link.place, start..<text.count))
    }
    pieces.sort { $0.place < $1.place }
    out.append(byte: UInt8(ascii: "{"))
    for (index, piece) in pieces.enumerated() {
      if index > 0 { out.append(byte: UInt8(ascii: ",")) }
      unsafe out.append(bytes: UnsafeRawBufferPointer(rebasing: text.bytes[piece.range]))
    }
    out.append(byte: UInt8(ascii: "}"))
    return true
  }

  private func appendItems(
    _ node: Node, to out: inout ByteBuffer, _ cursor: inout AvroCursor, _ depth: Int
  ) -> Bool {
    let item = unsafe view.link(node, 0)
    let isMap = unsafe node.pointee.kind == .map
    out.append(byte: isMap ? UInt8(ascii: "{") : UInt8(ascii: "["))
    var isFirst = true
    while true {
      var count = 0
      guard unsafe cursor.items(most: node.pointee.mostItems, &count) else { return false }
      if count == 0 { break }
      for _ in 0..<count {
        if !isFirst { out.append(byte: UInt8(ascii: ",")) }
        isFirst = false
        if isMap {
          guard appendString(to: &out, &cursor) else { return false }
          out.append(byte: UInt8(ascii: ":"))
        }
        guard append(item, to: &out, &cursor, depth + 1) else { return false }
      }
    }
    out.append(byte: isMap ? UInt8(ascii: "}") : UInt8(ascii: "]"))
    return true
  }

  private func appendString(to out: inout ByteBuffer, _ cursor: inout AvroCursor) -> Bool {
    var count = 0
    guard cursor.length(&count) else { return false }
    let bytes = unsafe UnsafeRawBufferPointer(start: cursor.at, count: count)
    if unsafe !UTF8Text.isValid(bytes) { cursor.mark(.utf8) }
    unsafe JSONText.append(string: bytes, to: &out)
    unsafe cursor.at += count
    return true
  }

  // MARK: scalars

  private func appendSymbol(_ node: Node, to out: inout ByteBuffer, _ cursor: inout AvroCursor) -> Bool {
    var number: Int64 = 0
    guard cursor.long(&number) else { return false }
    guard let link = unsafe AvroScalar(view: view).symbol(number, node, &cursor, quoted: true) else {
      out.append("null")
      return true
    }
    unsafe out.append(bytes: view.text(link))
    return true
  }

  private func append(_ value: Double, to out: inout ByteBuffer) {
    if value.isFinite { return ValueText.append(value, to: &out) }
    quote(to: &out) { ValueText.append(value, to: &$0) }
  }

  private func append(_ value: Float, to out: inout ByteBuffer) {
    if value.isFinite { return ValueText.append(value, to: &out) }
    quote(to: &out) { ValueText.append(value, to: &$0) }
  }

  @inline(__always)
  private func quote(to out: inout ByteBuffer, _ body: (inout ByteBuffer) -> Void) {
    out.append(byte: UInt8(ascii: "\""))
    body(&out)
    out.append(byte: UInt8(ascii: "\""))
  }

  private func append(_ number: Int64, _ node: Node, to out: inout ByteBuffer, _ cursor: inout AvroCursor) {
    switch unsafe node.pointee.form {
    case .float32: append(Float(number), to: &out)
    case .float64: append(Double(number), to: &out)
    case .date: quote(to: &out) { ValueText.append(date: Int32(truncatingIfNeeded: number), to: &$0) }
    case .time:
      let time = unsafe AvroScalar.time(number, node, &cursor)
      quote(to: &out) { unsafe ValueText.append(time: time, unit: node.pointee.unit, to: &$0) }
    case .timestamp:
      let time = unsafe AvroScalar.time(number, node, &cursor)
      quote(to: &out) {
        unsafe ValueText.append(timestamp: time, unit: node.pointee.unit, zoned: node.pointee.isZoned, to: &$0)
      }
    default:
      if unsafe !AvroScalar.fits(number, node.pointee.form) { cursor.mark(.integer) }
      Digits.append(number, to: &out)
    }
  }

  private func append(
    _ bytes: UnsafeRawBufferPointer, _ node: Node, to out: inout ByteBuffer, _ cursor: inout AvroCursor
  ) {
    switch unsafe node.pointee.form {
    case .text:
      if unsafe !UTF8Text.isValid(bytes) { cursor.mark(.utf8) }
      unsafe JSONText.append(string: bytes, to: &out)
    case .bytes: quote(to: &out) { unsafe ValueText.append(base64: bytes, to: &$0) }
    case .decimal:
      unsafe DecimalText.append(AvroScalar.decimal(bytes, node, &cursor), scale: node.pointee.scale, to: &out)
    case .wideDecimal:
      unsafe DecimalText.append(AvroScalar.wideDecimal(bytes, node, &cursor), scale: node.pointee.scale, to: &out)
    case .uint64: unsafe Digits.append(AvroScalar.uint64(bytes, &cursor), to: &out)
    case .uuid:
      quote(to: &out) {
        if let base = bytes.baseAddress {
          unsafe ValueText.append(uuid: base.assumingMemoryBound(to: UInt8.self), to: &$0)
        }
      }
    case .duration:
      let value = unsafe AvroScalar.duration(bytes, &cursor)
      quote(to: &out) { ValueText.append(value, to: &$0) }
    case .binaryNumeric:
      if unsafe !AvroDecimal.append(bytes, scale: node.pointee.scale, to: &out) { cursor.mark(.decimal) }
    case .json:
      if unsafe !JSONText.isValid(bytes) { cursor.mark(.json) }
      unsafe out.append(bytes: bytes)
    default: unsafe appendParsed(bytes, node, to: &out, &cursor)
    }
  }

  /// Texts that have a form of their own: a column of one value reads and writes it.
  private func appendParsed(
    _ bytes: UnsafeRawBufferPointer, _ node: Node, to out: inout ByteBuffer, _ cursor: inout AvroCursor
  ) {
    let builder = unsafe ColumnBuilder(AvroScalar.type(node), rows: 1)
    unsafe AvroScalar(view: view).appendParsed(bytes, node, to: builder, &cursor)
    TextFormatter(builder.finish()).appendJSON(0, to: &out)
  }
}
