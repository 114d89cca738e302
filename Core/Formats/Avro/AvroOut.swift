internal import Glibc
internal import Records

/// The bytes of a block that is being made. A final class with plain memory: the row loop copies its pointers.
@safe final class AvroOut {
  fileprivate(set) var base: UnsafeMutablePointer<UInt8>
  fileprivate(set) var capacity: Int
  var count = 0

  init(capacity: Int) {
    unsafe base = .allocate(capacity: capacity)
    self.capacity = capacity
  }

  deinit { unsafe base.deallocate() }

  var bytes: UnsafeRawBufferPointer { unsafe UnsafeRawBufferPointer(start: base, count: count) }

  /// Room for `length` bytes behind the last one.
  @inline(__always)
  func reserve(_ length: Int) -> UnsafeMutablePointer<UInt8> {
    if count + length > capacity { grow(length) }
    return unsafe base + count
  }

  @inline(never)
  private func grow(_ more: Int) {
    let size = max(capacity * 2, count + more)
    let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: size)
    unsafe memcpy(larger, base, count)
    unsafe base.deallocate()
    unsafe base = unsafe larger
    capacity = size
  }

  /// Writes a number in the zigzag encoding to `room` (up to 10 bytes) and returns how many bytes it takes.
  @inline(__always)
  static func put(_ number: Int64, to room: UnsafeMutablePointer<UInt8>) -> Int {
    var rest = UInt64(bitPattern: number &<< 1 ^ number &>> 63)
    var length = 0
    while rest >= 0x80 {
      unsafe room[length] = UInt8(truncatingIfNeeded: rest) | 0x80
      rest &>>= 7
      length += 1
    }
    unsafe room[length] = UInt8(truncatingIfNeeded: rest)
    return length + 1
  }

  @inline(__always)
  func append(long number: Int64) { unsafe count += AvroOut.put(number, to: reserve(10)) }

  @inline(__always)
  func append(byte: UInt8) {
    unsafe reserve(1)[0] = byte
    count += 1
  }

  func append<T: FixedWidthInteger>(little value: T) {
    unsafe UnsafeMutableRawPointer(reserve(MemoryLayout<T>.size)).storeBytes(of: value.littleEndian, as: T.self)
    count += MemoryLayout<T>.size
  }

  func append(raw bytes: UnsafeRawBufferPointer) {
    guard let source = bytes.baseAddress else { return }
    unsafe memcpy(reserve(bytes.count), source, bytes.count)
    count += bytes.count
  }

  func append(raw bytes: [UInt8]) { unsafe bytes.withUnsafeBytes { unsafe append(raw: $0) } }

  /// A length and the bytes.
  func append(bytes: UnsafeRawBufferPointer) {
    append(long: Int64(bytes.count))
    unsafe append(raw: bytes)
  }

  func append(text: String) {
    var text = text
    text.withUTF8 { unsafe append(bytes: UnsafeRawBufferPointer($0)) }
  }

  /// The shortest big-endian two's complement of a number, to `room` (up to 16 bytes).
  @inline(__always)
  static func put(big value: Int128, to room: UnsafeMutablePointer<UInt8>) -> Int {
    let bits = 129 - (value < 0 ? ~value : value).leadingZeroBitCount
    let length = (bits + 7) / 8
    var rest = value
    var at = length
    while at > 0 {
      at -= 1
      unsafe room[at] = UInt8(truncatingIfNeeded: rest)
      rest &>>= 8
    }
    return length
  }

  /// A number in exactly `size` bytes, big-endian; false when it does not fit.
  static func put(big value: Int128, size: Int, to room: UnsafeMutablePointer<UInt8>) -> Bool {
    let bits = 129 - (value < 0 ? ~value : value).leadingZeroBitCount
    guard (bits + 7) / 8 <= size else { return false }
    var rest = value
    var at = size
    while at > 0 {
      at -= 1
      unsafe room[at] = UInt8(truncatingIfNeeded: rest)
      rest >>= 8
    }
    return true
  }
}
