internal import Records

/// How the values of a column lie in a packet.
struct WireForm {
  /// `MYSQL_TYPE_…`, and 0x8000 for unsigned.
  let type: UInt16
  /// Whether the bytes need their length in front.
  let isCounted: Bool

  init(_ type: UInt16, isCounted: Bool = false) {
    self.type = type
    self.isCounted = isCounted
  }

  static let tiny: UInt16 = 1
  static let short: UInt16 = 2
  static let long: UInt16 = 3
  static let float: UInt16 = 4
  static let double: UInt16 = 5
  static let longlong: UInt16 = 8
  static let date: UInt16 = 10
  static let datetime: UInt16 = 12
  static let decimal: UInt16 = 246
  static let blob: UInt16 = 252
  static let string: UInt16 = 254
  static let unsigned: UInt16 = 0x8000
}

/// The rows of a batch as the binary protocol carries them, ready to be copied one behind the other.
struct WireRows {
  let count: Int
  private let views: ColumnViews
  private let forms: [WireForm]

  init(_ views: ColumnViews, _ forms: [WireForm], count: Int) {
    self.views = views
    self.forms = forms
    self.count = count
  }

  /// Of columns.
  var width: Int { forms.count }

  func appendTypes(to out: inout ByteBuffer) { for form in forms { out.append(little: form.type) } }

  @inline(__always)
  func isNull(_ row: Int, _ column: Int) -> Bool { views[column].isNull(row) }

  /// Appends a value that is not NULL.
  @inline(__always)
  func append(_ row: Int, _ column: Int, to out: inout ByteBuffer) {
    let bytes = views[column].bytes(row)
    if forms[column].isCounted { WireRows.appendLength(bytes.count, to: &out) }
    out.append(bytes)
  }

  /// A length as the protocol writes it in front of bytes.
  @inline(__always)
  private static func appendLength(_ length: Int, to out: inout ByteBuffer) {
    if length < 251 { return out.append(byte: UInt8(truncatingIfNeeded: length)) }
    appendLongLength(length, to: &out)
  }

  private static func appendLongLength(_ length: Int, to out: inout ByteBuffer) {
    if length < 1 << 16 {
      out.append(byte: 0xFC)
      out.append(little: UInt16(truncatingIfNeeded: length))
    } else if length < 1 << 24 {
      out.append(byte: 0xFD)
      for index in 0..<3 { out.append(byte: UInt8(truncatingIfNeeded: length >> (8 * index))) }
    } else {
      out.append(byte: 0xFE)
      out.append(little: UInt64(length))
    }
  }

  // MARK: sizes

  /// A row that takes more than `limit` bytes in a packet, and how many; nil when there is none.
  func firstLarger(than limit: Int) -> (row: Int, size: Int)? {
    let all = (0..<width).reduce(0) { $0 + total($1) + WireRows.lengthBytes }
    if all <= limit { return nil }
    for row in 0..<count {
      let size = (0..<width).reduce(0) { sum, column in
        sum + (isNull(row, column) ? 1 : views[column].bytes(row).count + WireRows.lengthBytes)
      }
      if size > limit { return (row, size) }
    }
    return nil
  }

  /// An indicator and the longest length.
  private static let lengthBytes = 10

  /// At most so many bytes has a value of the column.
  private func total(_ column: Int) -> Int {
    let offsets = views[column].offsets
    guard offsets.count > 0 else { return count == 0 ? 0 : views[column].bytes(0).count }
    return Int(offsets[count] - offsets[0])
  }
}
