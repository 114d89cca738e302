/// Checks that text columns are UTF-8, fast where they are ASCII.
public enum UTF8Check {
  static func isASCII(_ bytes: Span<UInt8>) -> Bool {
    var position = 0
    while position + 64 <= bytes.count {
      var bits: UInt64 = 0
      // One look at the bounds for all eight words.
      let part = unsafe bytes.extracting(position..<position + 64).bytes
      for word in 0..<8 {
        bits |= unsafe part.unsafeLoadUnaligned(fromUncheckedByteOffset: word &* 8, as: UInt64.self)
      }
      if bits & 0x8080_8080_8080_8080 != 0 { return false }
      position += 64
    }
    while position < bytes.count {
      if bytes[position] >= 0x80 { return false }
      position += 1
    }
    return true
  }

  /// The first row whose text is not UTF-8, nil when all are. Bytes of NULL rows may be anything.
  public static func firstInvalidRow(_ column: Column) -> Int? {
    let view = ColumnView(column)
    let offsets = view.offsets
    if offsets.isEmpty || offsets[0] == offsets[view.count] { return nil }
    let values = view.allBytes
    let all = values.extracting(droppingFirst: Int(offsets[0]))
    if isASCII(all) { return nil }
    if UTF8Text.isValid(all) && allStartCharacters(values, offsets) { return nil }
    for row in 0..<view.count where !view.isNull(row) && !UTF8Text.isValid(view.bytes(row)) { return row }
    return nil
  }

  private static func allStartCharacters(_ values: Span<UInt8>, _ offsets: Span<Int32>) -> Bool {
    for index in offsets.indices {
      let offset = Int(offsets[index])
      if offset < values.count, values[offset] & 0xC0 == 0x80 { return false }
    }
    return true
  }
}
