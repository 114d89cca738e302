internal import CZstd

/// Unpacks Zstandard as it is read, also several frames one after the other.
@safe public final class ZstdInput: ByteInput {
  public let name: String
  public let size: Int64? = nil
  private let input: any ByteInput
  private let context: OpaquePointer
  private let buffer: UnsafeMutableRawBufferPointer
  private var filled = unsafe ZSTD_inBuffer()
  private var isInsideFrame = true

  public init(_ input: any ByteInput) throws {
    self.input = input
    name = input.name
    guard let context = unsafe ZSTD_createDCtx() else {
      throw Failure(.bug, "unpacking '\(input.name)' (zstd): no decoder could be made")
    }
    unsafe self.context = unsafe context
    unsafe buffer = .allocate(byteCount: ZSTD_DStreamInSize(), alignment: 16)
    unsafe filled.src = unsafe UnsafeRawPointer(buffer.baseAddress)
  }

  deinit {
    unsafe ZSTD_freeDCtx(context)
    unsafe buffer.deallocate()
  }

  public func read(into room: inout OutputSpan<UInt8>) throws -> Int {
    if room.isFull { return 0 }
    return try unsafe room.withUnsafeMutableBufferPointer { memory, used in
      let target = unsafe UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(memory)[used...])
      let count = try unsafe read(into: target)
      used += count
      return count
    }
  }

  private func read(into target: UnsafeMutableRawBufferPointer) throws -> Int {
    var out = unsafe ZSTD_outBuffer(dst: target.baseAddress, size: target.count, pos: 0)
    while unsafe out.pos == 0 {
      if unsafe filled.pos == filled.size {
        unsafe filled.size = try refill()
        unsafe filled.pos = 0
        if unsafe filled.size == 0 {
          // What the decoder still holds comes out with an empty input.
          let left = unsafe ZSTD_decompressStream(context, &out, &filled)
          if unsafe out.pos > 0 { return unsafe out.pos }
          guard !isInsideFrame || left == 0 else { throw damaged("it ends too early") }
          return 0
        }
      }
      let status = unsafe ZSTD_decompressStream(context, &out, &filled)
      if ZSTD_isError(status) != 0 { throw unsafe damaged(String(cString: ZSTD_getErrorName(status))) }
      isInsideFrame = status != 0
    }
    return unsafe out.pos
  }

  private func refill() throws -> Int {
    let room = unsafe buffer.assumingMemoryBound(to: UInt8.self)
    var output = unsafe OutputSpan(buffer: room, initializedCount: 0)
    _ = try input.read(into: &output)
    return unsafe output.finalize(for: room)
  }

  private func damaged(_ reason: String) -> Failure {
    Failure(.data, "unpacking '\(name)' (zstd): \(reason)", hint: "The file is damaged or was cut off")
  }
}
