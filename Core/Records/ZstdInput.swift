internal import CZstd

/// Unpacks Zstandard as it is read, also several frames one after the other.
public final class ZstdInput: ByteInput {
  public let name: String
  public let size: Int64? = nil
  private let input: any ByteInput
  private let context: OpaquePointer
  private let buffer: UnsafeMutableRawBufferPointer
  private var filled = ZSTD_inBuffer()
  private var isInsideFrame = true

  public init(_ input: any ByteInput) throws {
    self.input = input
    name = input.name
    guard let context = ZSTD_createDCtx() else {
      throw Failure(.bug, "unpacking '\(input.name)' (zstd): no decoder could be made")
    }
    self.context = context
    buffer = .allocate(byteCount: ZSTD_DStreamInSize(), alignment: 16)
    filled.src = UnsafeRawPointer(buffer.baseAddress)
  }

  deinit {
    ZSTD_freeDCtx(context)
    buffer.deallocate()
  }

  public func read(into target: UnsafeMutableRawBufferPointer) throws -> Int {
    if target.isEmpty { return 0 }
    var out = ZSTD_outBuffer(dst: target.baseAddress, size: target.count, pos: 0)
    while out.pos == 0 {
      if filled.pos == filled.size {
        filled.size = try input.read(into: buffer)
        filled.pos = 0
        if filled.size == 0 {
          // What the decoder still holds comes out with an empty input.
          let left = ZSTD_decompressStream(context, &out, &filled)
          if out.pos > 0 { return out.pos }
          guard !isInsideFrame || left == 0 else { throw damaged("it ends too early") }
          return 0
        }
      }
      let status = ZSTD_decompressStream(context, &out, &filled)
      if ZSTD_isError(status) != 0 { throw damaged(String(cString: ZSTD_getErrorName(status))) }
      isInsideFrame = status != 0
    }
    return out.pos
  }

  private func damaged(_ reason: String) -> Failure {
    Failure(.data, "unpacking '\(name)' (zstd): \(reason)", hint: "The file is damaged or was cut off")
  }
}
