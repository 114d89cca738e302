/// Checks that text columns are UTF-8, fast where they are ASCII.
public enum UTF8Check {
  static func isASCII(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard let base = bytes.baseAddress else { return true }
    var position = 0
    while position + 64 <= bytes.count {
      var bits: UInt64 = 0
      for word in 0..<8 { unsafe bits |= base.loadUnaligned(fromByteOffset: position + word * 8, as: UInt64.self) }
      if bits & 0x8080_8080_8080_8080 != 0 { return false }
      position += 64
    }
    while position < bytes.count {
      if unsafe base.load(fromByteOffset: position, as: UInt8.self) >= 0x80 { return false }
      position += 1
    }
    return true
  }

  /// The first row whose text is not UTF-8, nil when all are. Bytes of NULL rows may be anything.
  public static func firstInvalidRow(_ column: Column) -> Int? {
    let offsets = unsafe column.offsetValues
    guard let first = unsafe offsets.first, let last = unsafe offsets.last, first < last else { return nil }
    let all = unsafe UnsafeRawBufferPointer(start: column.values.start + Int(first), count: Int(last - first))
    if unsafe isASCII(all) { return nil }
    if unsafe UTF8Text.isValid(all) && allStartCharacters(column.values.start, offsets) { return nil }
    for row in 0..<column.count where unsafe !column.isNull(row) && !UTF8Text.isValid(column.bytes(row)) { return row }
    return nil
  }

  private static func allStartCharacters(_ values: UnsafeRawPointer, _ offsets: UnsafeBufferPointer<Int32>) -> Bool {
    guard let last = unsafe offsets.last else { return true }
    for index in 0..<offsets.count {
      let offset = unsafe offsets[index]
      if offset < last, unsafe values.load(fromByteOffset: Int(offset), as: UInt8.self) & 0xC0 == 0x80 { return false }
    }
    return true
  }
}
