internal import Records

/// A column's values as the binary protocol carries parameters, ready to be copied row by row.
@safe struct WireColumn {
  enum Form {
    /// `width` bytes a row.
    case fixed
    /// Complete values, length bytes included, between `offsets`.
    case complete
    /// Bytes between `offsets` that need their length in front.
    case counted
  }

  /// `MYSQL_TYPE_…`, and 0x8000 for unsigned.
  var type: UInt16
  var form: Form
  var base: UnsafeRawPointer
  var width = 0
  var offsets: UnsafePointer<Int32>?
  /// The validity bitmap and where the first row lies in it; nil without NULLs.
  var validity: UnsafeRawPointer?
  var validityOffset = 0

  @inline(__always)
  func isNull(_ row: Int) -> Bool {
    guard let validity = unsafe validity else { return false }
    let bit = validityOffset + row
    return unsafe validity.load(fromByteOffset: bit >> 3, as: UInt8.self) & (1 << UInt8(truncatingIfNeeded: bit & 7))
      == 0
  }

  /// At most so many bytes does the value take in a packet.
  @inline(__always)
  func size(_ row: Int) -> Int {
    guard form != .fixed, let offsets = unsafe offsets else { return width }
    return unsafe Int(offsets[row + 1] - offsets[row]) + 9
  }

  /// Appends the value of a row that is not NULL.
  @inline(__always)
  func append(_ row: Int, to out: inout TextBuffer) {
    if form == .fixed {
      unsafe out.append(base + row * width, width)
      return
    }
    guard let offsets = unsafe offsets else { return }
    let start = unsafe Int(offsets[row])
    let length = unsafe Int(offsets[row + 1]) - start
    if form == .counted { WireColumn.appendLength(length, to: &out) }
    unsafe out.append(base + start, length)
  }

  /// A length as the protocol writes it in front of bytes.
  @inline(__always)
  static func appendLength(_ length: Int, to out: inout TextBuffer) {
    if length < 251 { return out.append(byte: UInt8(truncatingIfNeeded: length)) }
    appendLongLength(length, to: &out)
  }

  private static func appendLongLength(_ length: Int, to out: inout TextBuffer) {
    let (mark, bytes): (UInt8, Int) = length < 1 << 16 ? (0xFC, 2) : length < 1 << 24 ? (0xFD, 3) : (0xFE, 8)
    out.append(byte: mark)
    for index in 0..<bytes { out.append(byte: UInt8(truncatingIfNeeded: length >> (8 * index))) }
  }
}

/// The protocol's types of parameters.
enum WireType {
  static let tiny: UInt16 = 1
  static let short: UInt16 = 2
  static let long: UInt16 = 3
  static let float: UInt16 = 4
  static let double: UInt16 = 5
  static let null: UInt16 = 6
  static let longlong: UInt16 = 8
  static let date: UInt16 = 10
  static let time: UInt16 = 11
  static let datetime: UInt16 = 12
  static let decimal: UInt16 = 246
  static let blob: UInt16 = 252
  static let string: UInt16 = 254
  static let unsigned: UInt16 = 0x8000
}
