internal import Glibc
internal import Records

/// Writes values as exact JSON texts: records and maps as objects, unions as the value that is there, bytes in Base64,
/// times in ISO 8601.
enum AvroJSON {
  /// One value behind what is in `out`; false at a fault.
  static func append(
    _ action: AvroAction, to out: inout TextBuffer, _ cursor: inout AvroCursor, _ depth: Int
  ) -> Bool {
    switch action.kind {
    case .null:
      out.append("null")
      return true
    case .boolean, .int, .long, .float, .double, .bytes, .fixed, .enumeration:
      return appendScalar(action, to: &out, &cursor)
    default: break
    }
    guard depth < AvroSlow.maxDepth else {
      cursor.fault = .depth
      return false
    }
    switch action.kind {
    case .union:
      var index = 0
      return cursor.branch(action.parts.count, &index) && append(action.parts[index], to: &out, &cursor, depth + 1)
    case .mismatch:
      cursor.mark(.mismatch)
      out.append("null")
      return AvroSlow.skip(action.parts[0], &cursor, depth + 1)
    case .fallback: return appendFallback(action, to: &out, depth)
    case .record: return appendRecord(action, to: &out, &cursor, depth)
    default: return appendItems(action, to: &out, &cursor, depth)
    }
  }

  private static func appendFallback(_ action: AvroAction, to out: inout TextBuffer, _ depth: Int) -> Bool {
    unsafe withUnsafeMutablePointer(to: &out) { out in
      AvroSlow.withFallback(action) { unsafe append(action.parts[0], to: &out.pointee, &$0, depth + 1) }
    }
  }

  private static func appendRecord(
    _ action: AvroAction, to out: inout TextBuffer, _ cursor: inout AvroCursor, _ depth: Int
  ) -> Bool {
    out.append(byte: UInt8(ascii: "{"))
    var isFirst = true
    for (part, key) in zip(action.parts, action.keys) {
      guard let key else {
        guard AvroSlow.skip(part, &cursor, depth + 1) else { return false }
        continue
      }
      if !isFirst { out.append(byte: UInt8(ascii: ",")) }
      isFirst = false
      unsafe key.withUnsafeBytes { unsafe out.append(bytes: $0) }
      guard append(part, to: &out, &cursor, depth + 1) else { return false }
    }
    out.append(byte: UInt8(ascii: "}"))
    return true
  }

  private static func appendItems(
    _ action: AvroAction, to out: inout TextBuffer, _ cursor: inout AvroCursor, _ depth: Int
  ) -> Bool {
    let item = action.parts[0]
    let isMap = action.kind == .map
    out.append(byte: isMap ? UInt8(ascii: "{") : UInt8(ascii: "["))
    var isFirst = true
    while true {
      var count = 0
      guard cursor.items(minimum: item.minimumSize + (isMap ? 1 : 0), &count) else { return false }
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

  private static func appendString(to out: inout TextBuffer, _ cursor: inout AvroCursor) -> Bool {
    var count = 0
    guard cursor.length(&count) else { return false }
    let bytes = unsafe UnsafeRawBufferPointer(start: cursor.at, count: count)
    if unsafe !UTF8Text.isValid(bytes) { cursor.mark(.utf8) }
    unsafe JSONText.append(string: bytes, to: &out)
    unsafe cursor.at += count
    return true
  }

  // MARK: scalars

  private static func appendScalar(_ action: AvroAction, to out: inout TextBuffer, _ cursor: inout AvroCursor) -> Bool {
    switch (action.kind, action.type) {
    case (.bytes, .text): return appendString(to: &out, &cursor)
    case (.int, .int32), (.int, .int64), (.long, .int64):
      var number: Int64 = 0
      guard cursor.long(&number) else { return false }
      if action.type == .int32, Int32(exactly: number) == nil { cursor.mark(.integer) }
      Digits.append(number, to: &out)
      return true
    case (.enumeration, _):
      var number: Int64 = 0
      guard cursor.long(&number) else { return false }
      guard let symbol = AvroScalar.symbol(number, action, &cursor) else {
        out.append("null")
        return true
      }
      unsafe symbol.withUnsafeBytes { unsafe JSONText.append(string: $0, to: &out) }
      return true
    case (.bytes, .json): return appendVerbatim(to: &out, &cursor)
    default: return appendThroughColumn(action, to: &out, &cursor)
    }
  }

  private static func appendVerbatim(to out: inout TextBuffer, _ cursor: inout AvroCursor) -> Bool {
    var count = 0
    guard cursor.length(&count) else { return false }
    let bytes = unsafe UnsafeRawBufferPointer(start: cursor.at, count: count)
    if unsafe !JSONText.isValid(bytes) { cursor.mark(.json) }
    unsafe out.append(bytes: bytes)
    unsafe cursor.at += count
    return true
  }

  /// Every other type has its JSON form in `TextFormatter` already: a column of one value gets it.
  private static func appendThroughColumn(
    _ action: AvroAction, to out: inout TextBuffer, _ cursor: inout AvroCursor
  ) -> Bool {
    let builder = ColumnBuilder(action.type, rows: 1)
    guard AvroScalar.append(action, to: builder, &cursor) else { return false }
    TextFormatter(builder.finish()).appendJSON(0, to: &out)
    return true
  }
}
