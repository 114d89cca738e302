internal import Records

/// A position in a packet that never passes its end.
struct WireCursor: ~Escapable {
  private let packet: Span<UInt8>
  private var at: Int

  @_lifetime(copy packet)
  init(_ packet: Span<UInt8>, at: Int = 0) {
    self.packet = packet
    self.at = at
  }

  var left: Int { packet.count &- at }

  /// The length in front of a value; -1 when the packet ends inside of it.
  @inline(__always)
  mutating func length() -> Int {
    guard at < packet.count else { return -1 }
    let first = packet[at]
    if first < 0xFB {
      at &+= 1
      return Int(first) <= left ? Int(first) : -1
    }
    return longLength(first)
  }

  private mutating func longLength(_ first: UInt8) -> Int {
    let bytes = first == 0xFC ? 2 : first == 0xFD ? 3 : first == 0xFE ? 8 : 0
    guard bytes > 0, left > bytes else { return -1 }
    var value: UInt64 = 0
    for index in 0..<bytes { value |= UInt64(packet[at + 1 + index]) << UInt64(8 * index) }
    at += 1 + bytes
    return value <= UInt64(left) ? Int(value) : -1
  }

  /// Passes the mark of a NULL among texts.
  mutating func takeNull() -> Bool {
    guard at < packet.count, packet[at] == 0xFB else { return false }
    at += 1
    return true
  }

  /// The next bytes, of which there have to be so many: `length` and `left` tell.
  @inline(__always)
  @_lifetime(copy self)
  mutating func take(_ count: Int) -> Span<UInt8> {
    precondition(count <= left, "a value behind the packet's end")
    let start = at
    at &+= count
    return unsafe packet.extracting(unchecked: Range(uncheckedBounds: (start, at)))
  }

  /// The bytes of a value behind their length; nil when the packet ends inside of them.
  @inline(__always)
  @_lifetime(copy self)
  mutating func value() -> Span<UInt8>? {
    let length = length()
    if length < 0 { return nil }
    let start = at
    at &+= length
    // `length` has looked.
    return unsafe packet.extracting(unchecked: Range(uncheckedBounds: (start, at)))
  }

  /// The next number, of which there has to be all.
  @inline(__always)
  mutating func take<T: FixedWidthInteger & BitwiseCopyable>(_: T.Type) -> T {
    let start = at
    at &+= MemoryLayout<T>.size
    return packet.little(at: start)
  }
}
