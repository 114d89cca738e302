internal import CZlib
internal import Records

/// Unpacks gzip and zstd, known by their first bytes; anything else passes as it is, but for other packed files.
enum Decompression {
  static func open(_ input: any ByteInput) throws -> any ByteInput {
    let peeked = PeekedInput(input)
    let head = try peeked.peek(10)
    if head.starts(with: [0x1F, 0x8B]) { return GzipInput(peeked) }
    if head.starts(with: [0x28, 0xB5, 0x2F, 0xFD]) { return try ZstdInput(peeked) }
    // A frame without content, which some put in front.
    if head.count >= 4, head[0] & 0xF0 == 0x50, head[1...3] == [0x2A, 0x4D, 0x18] { return try ZstdInput(peeked) }
    if let format = others.first(where: { head.starts(with: $0.head) })?.name ?? bzip2(head) {
      throw Failure(
        .data, "reading '\(input.name)': it is packed with \(format), which is not unpacked here",
        hint: "Unpack it first; files packed with gzip or zstd are unpacked as they are read")
    }
    return peeked
  }

  private static let others: [(name: String, head: [UInt8])] = [
    ("zip", [0x50, 0x4B, 3, 4]), ("xz", [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0]), ("lz4", [0x04, 0x22, 0x4D, 0x18]),
    ("7-Zip", [0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C]),
  ]

  /// Its first three bytes alone could be a text's.
  private static func bzip2(_ head: [UInt8]) -> String? {
    head.count == 10 && head.starts(with: "BZh".utf8) && head[4...].elementsEqual([0x31, 0x41, 0x59, 0x26, 0x53, 0x59])
      ? "bzip2" : nil
  }
}

/// An input whose first bytes can be looked at before they are read.
final class PeekedInput: ByteInput {
  private let input: any ByteInput
  private var head: [UInt8] = []
  private var position = 0

  init(_ input: any ByteInput) { self.input = input }

  var name: String { input.name }
  var size: Int64? { input.size }

  func peek(_ count: Int) throws -> [UInt8] {
    var room = [UInt8](repeating: 0, count: count)
    let got = try input.readFully(into: &room)
    head = Array(room[..<got])
    return head
  }

  func read(into room: inout OutputSpan<UInt8>) throws -> Int {
    if position == head.count { return try input.read(into: &room) }
    let count = min(room.freeCapacity, head.count - position)
    room.append(head[position..<position + count].span)
    position += count
    return count
  }
}

/// gzip, also of several members one after the other.
@safe final class GzipInput: ByteInput {
  let name: String
  let size: Int64? = nil
  private let input: any ByteInput
  private let stream: UnsafeMutablePointer<z_stream>
  private let buffer: UnsafeMutableBufferPointer<UInt8>
  private var isInsideMember = true
  private var isComplete = false

  init(_ input: any ByteInput) {
    self.input = input
    name = input.name
    unsafe stream = .allocate(capacity: 1)
    unsafe stream.initialize(to: z_stream())
    unsafe buffer = .allocate(capacity: 1 << 16)
    _ = unsafe ferry_inflate_init(stream)
  }

  deinit {
    unsafe inflateEnd(stream)
    unsafe stream.deallocate()
    unsafe buffer.deallocate()
  }

  func read(into room: inout OutputSpan<UInt8>) throws -> Int {
    if isComplete || room.isFull { return 0 }
    return try unsafe room.withUnsafeMutableBufferPointer { memory, used in
      let count = try unsafe read(into: UnsafeMutableBufferPointer(rebasing: memory[used...]))
      used += count
      return count
    }
  }

  private func read(into target: UnsafeMutableBufferPointer<UInt8>) throws -> Int {
    unsafe stream.pointee.next_out = target.baseAddress
    unsafe stream.pointee.avail_out = UInt32(min(target.count, 1 << 30))
    let room = unsafe stream.pointee.avail_out
    while unsafe stream.pointee.avail_out == room {
      if unsafe stream.pointee.avail_in == 0 {
        let count = try refill()
        if count == 0 {
          guard !isInsideMember else { throw damaged("it ends too early") }
          isComplete = true
          return 0
        }
        unsafe stream.pointee.next_in = unsafe buffer.baseAddress
        unsafe stream.pointee.avail_in = UInt32(count)
      }
      if !isInsideMember {
        // Zeros behind a member fill up the block of a tape.
        while unsafe stream.pointee.avail_in > 0, unsafe stream.pointee.next_in[0] == 0 {
          unsafe stream.pointee.next_in += 1
          unsafe stream.pointee.avail_in -= 1
        }
        if unsafe stream.pointee.avail_in == 0 { continue }
        unsafe inflateReset(stream)
        isInsideMember = true
      }
      let status = unsafe inflate(stream, Z_NO_FLUSH)
      if status == Z_STREAM_END {
        isInsideMember = false
      } else if status != Z_OK && status != Z_BUF_ERROR {
        throw unsafe damaged(stream.pointee.msg.map { unsafe String(cString: $0) } ?? "code \(status)")
      }
    }
    return unsafe Int(room - stream.pointee.avail_out)
  }

  private func refill() throws -> Int {
    var room = unsafe OutputSpan(buffer: buffer, initializedCount: 0)
    _ = try input.read(into: &room)
    return unsafe room.finalize(for: buffer)
  }

  private func damaged(_ reason: String) -> Failure {
    Failure(.data, "unpacking '\(name)' (gzip): \(reason)", hint: "The file is damaged or was cut off")
  }
}
