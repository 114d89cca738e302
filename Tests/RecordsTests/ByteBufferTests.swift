import Records
import Testing

/// The growing buffer against an array that does the same.
struct ByteBufferTests {
  @Test func `whatever is appended comes out in its order`() {
    var random = SystemRandomNumberGenerator()
    for _ in 0..<50 {
      var buffer = ByteBuffer(capacity: 1)
      var model: [UInt8] = []
      for _ in 0..<200 { ByteBufferTests.step(&buffer, &model, &random) }
      let (array, count, isEmpty) = (buffer.array, buffer.count, buffer.isEmpty)
      #expect(array == model && count == model.count && isEmpty == model.isEmpty)
    }
  }

  private static func step(
    _ buffer: inout ByteBuffer, _ model: inout [UInt8], _ random: inout SystemRandomNumberGenerator
  ) {
    let number = UInt64.random(in: 0...UInt64.max, using: &random) >> UInt64.random(in: 0...63, using: &random)
    let bytes = (0..<Int.random(in: 0...40, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
    switch Int.random(in: 0..<14, using: &random) {
    case 0:
      buffer.append(byte: UInt8(truncatingIfNeeded: number))
      model.append(UInt8(truncatingIfNeeded: number))
    case 1:
      buffer.append(bytes)
      model += bytes
    case 2:
      buffer.append(bytes.span)
      model += bytes
    case 3:
      buffer.append(little: number)
      model += little(number, 8)
    case 4:
      buffer.append(big: UInt32(truncatingIfNeeded: number))
      model += little(number, 4).reversed()
    case 5:
      buffer.append(big: Int16(truncatingIfNeeded: number))
      model += little(number, 2).reversed()
    case 6:
      buffer.append(varint: number)
      model += varint(number)
    case 7:
      let signed = Int64(bitPattern: number)
      buffer.append(zigzag: signed)
      model += varint(UInt64(bitPattern: signed << 1 ^ signed >> 63))
    case 8:
      buffer.append(text: "é\(number)")
      model += Array("é\(number)".utf8)
    case 9:
      buffer.append(repeating: 7, count: bytes.count)
      model += Array(repeating: 7, count: bytes.count)
    case 10:
      buffer.append(upTo: 64) {
        $0.append(little: number)
        $0.append(bytes.span)
        $0.append(1)
        $0.append(zigzag: -1)
      }
      model += little(number, 8) + bytes + [1, 1]
    case 11 where model.count >= 8:
      let place = Int.random(in: 0...(model.count - 8), using: &random)
      buffer.patch(little: number, at: place)
      model.replaceSubrange(place..<(place + 8), with: little(number, 8))
      buffer.patch(big: UInt16(truncatingIfNeeded: number), at: place)
      model.replaceSubrange(place..<(place + 2), with: little(number, 2).reversed())
    case 12 where !model.isEmpty:
      let place = Int.random(in: 0..<model.count, using: &random)
      let byte = buffer[place]
      #expect(byte == model[place])
      buffer[place] = 9
      model[place] = 9
    default:
      let length = max(0, model.count - bytes.count)
      buffer.truncate(to: length)
      model.removeLast(model.count - length)
    }
  }

  private static func little(_ number: UInt64, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: number >> (8 * UInt64($0))) }
  }

  private static func varint(_ number: UInt64) -> [UInt8] {
    number < 128 ? [UInt8(number)] : [UInt8(number & 127) | 128] + varint(number >> 7)
  }

  @Test func `what is handed out are the bytes so far`() {
    var buffer = ByteBuffer()
    let atFirst = (buffer.span.count, buffer.string)
    #expect(atFirst == (0, ""))
    buffer.append("hello")
    let (count, last, middle) = (buffer.span.count, buffer.span[4], buffer.string(1..<3))
    #expect(count == 5 && last == UInt8(ascii: "o") && middle == "el")
    var bytes = buffer.mutableSpan
    bytes[0] = UInt8(ascii: "j")
    let changed = buffer.string
    #expect(changed == "jello")
  }

  @Test func `a buffer is used again, and gives much memory back`() {
    var buffer = ByteBuffer(capacity: 100)
    buffer.append(repeating: 1, count: 1 << 20)
    buffer.removeAll(keepingUpTo: 1 << 16)
    let isEmpty = buffer.isEmpty
    #expect(isEmpty)
    buffer.append(repeating: 2, count: 1 << 17)
    let (count, last) = (buffer.count, buffer[(1 << 17) - 1])
    #expect(count == 1 << 17 && last == 2)
    buffer.removeAll()
    buffer.append(byte: 3)
    let array = buffer.array
    #expect(array == [3])
  }

  @Test func `an error in the room leaves the buffer as it was`() {
    struct Stop: Error {}
    var buffer = ByteBuffer()
    buffer.append("a")
    #expect(throws: Stop.self) {
      try buffer.append(upTo: 8) { room throws(Stop) in
        room.append(5)
        throw Stop()
      }
    }
    let left = buffer.string
    #expect(left == "a")
  }

  @Test func `nothing outside of a buffer is touched`() async {
    await #expect(processExitsWith: .failure) {
      var buffer = ByteBuffer()
      buffer.append(byte: 1)
      buffer.patch(little: UInt16(1), at: 0)
    }
    await #expect(processExitsWith: .failure) {
      let buffer = ByteBuffer()
      _ = buffer[0]
    }
    await #expect(processExitsWith: .failure) {
      var buffer = ByteBuffer()
      buffer.truncate(to: 1)
    }
    await #expect(processExitsWith: .failure) {
      var buffer = ByteBuffer()
      buffer.append(upTo: 9) { $0.append(varint: 1) }
    }
    await #expect(processExitsWith: .failure) {
      var buffer = ByteBuffer()
      buffer.append(upTo: 3) { $0.append(big: Int32(1)) }
    }
  }
}
