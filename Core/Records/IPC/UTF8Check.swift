/// Checks that bytes are UTF-8, fast where they are ASCII.
enum UTF8Check {
  static func isASCII(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard let base = bytes.baseAddress else { return true }
    var position = 0
    while position + 64 <= bytes.count {
      var bits: UInt64 = 0
      for word in 0..<8 { bits |= base.loadUnaligned(fromByteOffset: position + word * 8, as: UInt64.self) }
      if bits & 0x8080_8080_8080_8080 != 0 { return false }
      position += 64
    }
    while position < bytes.count {
      if base.load(fromByteOffset: position, as: UInt8.self) >= 0x80 { return false }
      position += 1
    }
    return true
  }

  /// By the table of well-formed sequences in the Unicode standard, chapter 3.
  static func isValid(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard let base = bytes.baseAddress else { return true }
    let end = bytes.count
    var position = 0
    while position < end {
      let first = base.load(fromByteOffset: position, as: UInt8.self)
      if first < 0x80 {
        position += 1
        while position + 8 <= end,
          base.loadUnaligned(fromByteOffset: position, as: UInt64.self) & 0x8080_8080_8080_8080 == 0
        { position += 8 }
        continue
      }
      let length = sequenceLength(base + position, end - position, first)
      if length == 0 { return false }
      position += length
    }
    return true
  }

  /// 0 when the sequence is malformed.
  private static func sequenceLength(_ bytes: UnsafeRawPointer, _ room: Int, _ first: UInt8) -> Int {
    let length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2
    guard first >= 0xC2, first <= 0xF4, room >= length else { return 0 }
    let second = bytes.load(fromByteOffset: 1, as: UInt8.self)
    let least: UInt8 = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80
    let most: UInt8 = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF
    guard second >= least, second <= most else { return 0 }
    for index in 2..<max(length, 2) where bytes.load(fromByteOffset: index, as: UInt8.self) & 0xC0 != 0x80 { return 0 }
    return length
  }

  /// The first row whose text is not UTF-8, nil when all are. Bytes of NULL rows may be anything.
  static func firstInvalidRow(_ column: Column) -> Int? {
    let offsets = column.offsetValues
    guard let first = offsets.first, let last = offsets.last, first < last else { return nil }
    let all = UnsafeRawBufferPointer(start: column.values.start + Int(first), count: Int(last - first))
    if isASCII(all) { return nil }
    if isValid(all) && allStartCharacters(column.values.start, offsets) { return nil }
    for row in 0..<column.count where !column.isNull(row) && !isValid(column.bytes(row)) { return row }
    return nil
  }

  private static func allStartCharacters(_ values: UnsafeRawPointer, _ offsets: UnsafeBufferPointer<Int32>) -> Bool {
    guard let last = offsets.last else { return true }
    for offset in offsets where offset < last {
      if values.load(fromByteOffset: Int(offset), as: UInt8.self) & 0xC0 == 0x80 { return false }
    }
    return true
  }
}
