internal import Records

/// Writes values as exact JSON texts: records and maps as objects, unions as the value that is there, bytes in Base64,
/// times in ISO 8601.
struct AvroJSON: ~Escapable {
  let view: AvroProgram.View

  @_lifetime(copy view)
  init(view: AvroProgram.View) { self.view = view }

  /// One value behind what is in `out`; false at a fault.
  func append(_ node: Int, to out: inout ByteBuffer, _ cursor: inout AvroCursor, _ depth: Int) -> Bool {
    switch view.nodes[node].kind {
    case .null:
      out.append("null")
      return true
    case .boolean:
      guard cursor.need(1) else { return false }
      if cursor.first > 1 { cursor.mark(.boolean) }
      ValueText.append(cursor.first != 0, to: &out)
      cursor.at += 1
      return true
    case .int, .long:
      var number: Int64 = 0
      guard view.nodes[node].kind == .int ? cursor.int(&number) : cursor.long(&number) else { return false }
      append(number, node, to: &out, &cursor)
      return true
    case .float:
      guard cursor.need(4) else { return false }
      let value = Float(bitPattern: cursor.load(as: UInt32.self))
      if view.nodes[node].form == .float64 { append(Double(value), to: &out) } else { append(value, to: &out) }
      return true
    case .double:
      guard cursor.need(8) else { return false }
      append(
        Double(bitPattern: cursor.load(as: UInt64.self)), to: &out)
      return true
    case .bytes, .fixed:
      var count = view.nodes[node].size
      guard view.nodes[node].kind == .fixed ? cursor.need(count) : cursor.length(&count) else { return false }
      let bytes = cursor.take(count)
      append(bytes, node, to: &out, &cursor)
      return true
    case .enumeration: return appendSymbol(node, to: &out, &cursor)
    default: return appendNested(node, to: &out, &cursor, depth)
    }
  }

  /// The same for a column, where the NULL of a union is no text.
  func append(
    column node: Int, to out: inout ByteBuffer, _ cursor: inout AvroCursor, _ isNull: inout Bool
  ) -> Bool {
    switch view.nodes[node].kind {
    case .null:
      isNull = true
      return true
    case .union:
      var branch = 0
      return cursor.branch(view.nodes[node].count, &branch)
        && append(column: view.link(node, branch), to: &out, &cursor, &isNull)
    case .fallback:
      var inner = AvroSlow(view: view).fallback(node)
      return append(column: view.link(node, 0), to: &out, &inner, &isNull)
    default: return append(node, to: &out, &cursor, 0)
    }
  }

  private func appendNested(
    _ node: Int, to out: inout ByteBuffer, _ cursor: inout AvroCursor, _ depth: Int
  ) -> Bool {
    guard depth < AvroSlow.maxDepth else {
      cursor.fault = .depth
      return false
    }
    guard out.count <= AvroBlocks.Bound.json else {
      cursor.fault = .text
      return false
    }
    switch view.nodes[node].kind {
    case .union:
      var branch = 0
      return cursor.branch(view.nodes[node].count, &branch)
        && append(view.link(node, branch), to: &out, &cursor, depth + 1)
    case .mismatch:
      cursor.mark(.mismatch, node: node)
      out.append("null")
      return AvroSlow(view: view).skip(view.link(node, 0), &cursor, depth + 1)
    case .fallback:
      var inner = AvroSlow(view: view).fallback(node)
      return append(view.link(node, 0), to: &out, &inner, depth + 1)
    case .record:
      return view.nodes[node].isOrdered
        ? appendRecord(node, to: &out, &cursor, depth) : appendShuffled(node, to: &out, &cursor, depth)
    default: return appendItems(node, to: &out, &cursor, depth)
    }
  }

  private func appendRecord(
    _ node: Int, to out: inout ByteBuffer, _ cursor: inout AvroCursor, _ depth: Int
  ) -> Bool {
    out.append(byte: UInt8(ascii: "{"))
    var isFirst = true
    for index in 0..<view.nodes[node].count {
      let link = view.links[view.nodes[node].first + index]
      guard link.place >= 0 else {
        guard AvroSlow(view: view).skip(Int(link.node), &cursor, depth + 1) else { return false }
        continue
      }
      if !isFirst { out.append(byte: UInt8(ascii: ",")) }
      isFirst = false
      out.append(view.text(link))
      guard append(Int(link.node), to: &out, &cursor, depth + 1) else { return false }
    }
    out.append(byte: UInt8(ascii: "}"))
    return true
  }

  /// A record whose fields lie in the file in another order than the reader's: each is written, then put in its place.
  private func appendShuffled(
    _ node: Int, to out: inout ByteBuffer, _ cursor: inout AvroCursor, _ depth: Int
  ) -> Bool {
    var pieces: [(place: Int32, range: Range<Int>)] = []
    var text = ByteBuffer()
    for index in 0..<view.nodes[node].count {
      let link = view.links[view.nodes[node].first + index]
      guard link.place >= 0 else {
        guard AvroSlow(view: view).skip(Int(link.node), &cursor, depth + 1) else { return false }
        continue
      }
      let start = text.count
      text.append(view.text(link))
      guard append(Int(link.node), to: &text, &cursor, depth + 1) else { return false }
      pieces.append((link.place, start..<text.count))
    }
    pieces.sort { $0.place < $1.place }
    out.append(byte: UInt8(ascii: "{"))
    for (index, piece) in pieces.enumerated() {
      if index > 0 { out.append(byte: UInt8(ascii: ",")) }
      out.append(text.span.extracting(piece.range))
    }
    out.append(byte: UInt8(ascii: "}"))
    return true
  }

  private func appendItems(
    _ node: Int, to out: inout ByteBuffer, _ cursor: inout AvroCursor, _ depth: Int
  ) -> Bool {
    let item = view.link(node, 0)
    let isMap = view.nodes[node].kind == .map
    out.append(byte: isMap ? UInt8(ascii: "{") : UInt8(ascii: "["))
    var isFirst = true
    while true {
      var count = 0
      guard cursor.items(most: view.nodes[node].mostItems, &count) else { return false }
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
    let bytes = cursor.take(count)
    if !UTF8Text.isValid(bytes) { cursor.mark(.utf8) }
    JSONText.append(string: bytes, to: &out)
    return true
  }

  // MARK: scalars

  private func appendSymbol(_ node: Int, to out: inout ByteBuffer, _ cursor: inout AvroCursor) -> Bool {
    var number: Int64 = 0
    guard cursor.long(&number) else { return false }
    guard let link = AvroScalar(view: view).symbol(number, node, &cursor, quoted: true) else {
      out.append("null")
      return true
    }
    out.append(view.text(link))
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

  private func append(_ number: Int64, _ node: Int, to out: inout ByteBuffer, _ cursor: inout AvroCursor) {
    switch view.nodes[node].form {
    case .float32: append(Float(number), to: &out)
    case .float64: append(Double(number), to: &out)
    case .date: quote(to: &out) { ValueText.append(date: Int32(truncatingIfNeeded: number), to: &$0) }
    case .time:
      let time = AvroScalar.time(number, view.nodes[node], &cursor)
      quote(to: &out) { ValueText.append(time: time, unit: view.nodes[node].unit, to: &$0) }
    case .timestamp:
      let time = AvroScalar.time(number, view.nodes[node], &cursor)
      quote(to: &out) {
        ValueText.append(timestamp: time, unit: view.nodes[node].unit, zoned: view.nodes[node].isZoned, to: &$0)
      }
    default:
      if !AvroScalar.fits(number, view.nodes[node].form) { cursor.mark(.integer) }
      Digits.append(number, to: &out)
    }
  }

  private func append(
    _ bytes: Span<UInt8>, _ node: Int, to out: inout ByteBuffer, _ cursor: inout AvroCursor
  ) {
    switch view.nodes[node].form {
    case .text:
      if !UTF8Text.isValid(bytes) { cursor.mark(.utf8) }
      JSONText.append(string: bytes, to: &out)
    case .bytes: quote(to: &out) { Base64.append(bytes, to: &$0) }
    case .decimal:
      DecimalText.append(AvroScalar.decimal(bytes, view.nodes[node], &cursor), scale: view.nodes[node].scale, to: &out)
    case .wideDecimal:
      DecimalText.append(
        AvroScalar.wideDecimal(bytes, view.nodes[node], &cursor), scale: view.nodes[node].scale, to: &out)
    case .uint64: Digits.append(AvroScalar.uint64(bytes, &cursor), to: &out)
    case .uuid:
      quote(to: &out) {
        ValueText.append(uuid: bytes, to: &$0)
      }
    case .duration:
      let value = AvroScalar.duration(bytes, &cursor)
      quote(to: &out) { ValueText.append(value, to: &$0) }
    case .binaryNumeric:
      if !AvroDecimal.append(bytes, scale: view.nodes[node].scale, to: &out) { cursor.mark(.decimal) }
    case .json:
      if !JSONText.isValid(bytes) { cursor.mark(.json) }
      out.append(bytes)
    default: appendParsed(bytes, node, to: &out, &cursor)
    }
  }

  /// Texts that have a form of their own: a column of one value reads and writes it.
  private func appendParsed(
    _ bytes: Span<UInt8>, _ node: Int, to out: inout ByteBuffer, _ cursor: inout AvroCursor
  ) {
    let builder = ColumnBuilder(AvroScalar.type(view.nodes[node]), rows: 1)
    AvroScalar(view: view).appendParsed(bytes, node, to: builder, &cursor)
    TextFormatter(builder.finish()).appendJSON(0, to: &out)
  }
}
