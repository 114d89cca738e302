internal import CLZ4
internal import CZstd

/// How the buffers of a record file are compressed.
public enum RecordCompression: String, Sendable, CaseIterable {
  case none
  case lz4
  case zstd
}

/// Arrow's numbers for the two codecs.
enum BodyCodec: Int8 {
  case lz4 = 0
  case zstd = 1

  /// As Arrow 0.17 named them.
  init?(experimental name: String) {
    switch name.lowercased() {
    case "lz4", "lz4_frame": self = .lz4
    case "zstd": self = .zstd
    default: return nil
    }
  }

  /// No stream of this codec can grow by more than this factor: an upper bound for what a length may claim.
  /// LZ4 spends a byte on at most 255; ZSTD four bytes on a block of 128 KiB.
  var maxRatio: Int { self == .lz4 ? 255 : 32_768 }

  /// Fills the room; false when the data is malformed or has another length.
  func decompress(_ source: Span<UInt8>, into room: inout OutputSpan<UInt8>) -> Bool {
    unsafe source.withUnsafeBytes { source in
      unsafe room.withUnsafeMutableBufferPointer { memory, used in
        let target = unsafe UnsafeMutableRawBufferPointer(UnsafeMutableBufferPointer(rebasing: memory[used...]))
        guard unsafe decompress(source, into: target) else { return false }
        used = memory.count
        return true
      }
    }
  }

  private func decompress(_ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) -> Bool {
    switch self {
    case .lz4: unsafe BodyCodec.decompressLZ4(source, into: target)
    case .zstd:
      unsafe ZSTD_decompress(target.baseAddress, target.count, source.baseAddress, source.count) == target.count
    }
  }

  private static func decompressLZ4(
    _ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer
  ) -> Bool {
    var context: OpaquePointer?
    guard unsafe LZ4F_isError(LZ4F_createDecompressionContext(&context, UInt32(LZ4F_VERSION))) == 0 else {
      return false
    }
    defer { unsafe LZ4F_freeDecompressionContext(context) }
    var read = 0
    var written = 0
    while true {
      var readNow = source.count - read
      var writtenNow = target.count - written
      let hint = unsafe LZ4F_decompress(
        context, target.baseAddress.map { unsafe $0 + written }, &writtenNow,
        unsafe source.baseAddress.map { unsafe $0 + read }, &readNow,
        nil)
      if LZ4F_isError(hint) != 0 { return false }
      read += readNow
      written += writtenNow
      if hint == 0 { return written == target.count }
      if readNow == 0 && writtenNow == 0 { return false }
    }
  }
}

/// Compresses buffers one by one, with one context for all of them.
@safe final class BufferCompressor {
  let codec: BodyCodec
  private let zstd: OpaquePointer?

  init?(_ compression: RecordCompression) {
    switch compression {
    case .none: return nil
    case .lz4:
      codec = .lz4
      unsafe zstd = nil
    case .zstd:
      codec = .zstd
      unsafe zstd = unsafe ZSTD_createCCtx()
    }
  }

  deinit { unsafe ZSTD_freeCCtx(zstd) }

  /// The uncompressed length as 64 bit, then the compressed bytes; or -1 and the bytes as they are, where compressing
  /// gains nothing.
  func compress(_ source: Buffer) -> Buffer {
    let source = unsafe source.bytes
    let room = max(bound(source.count), source.count)
    let memory = Allocation(capacity: room + 8)
    let written = unsafe compress(source, into: memory.base + 8, room: room)
    let gains = written.map { $0 < source.count } ?? false
    unsafe memory.base.storeBytes(of: Int64(gains ? source.count : -1).littleEndian, as: Int64.self)
    if let written, gains { return Buffer(memory, count: 8 + written) }
    if let base = source.baseAddress { unsafe (memory.base + 8).copyMemory(from: base, byteCount: source.count) }
    return Buffer(memory, count: 8 + source.count)
  }

  private func bound(_ count: Int) -> Int {
    codec == .lz4 ? LZ4F_compressFrameBound(count, nil) : ZSTD_compressBound(count)
  }

  /// How many bytes it took, nil on an error of the library.
  private func compress(_ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawPointer, room: Int) -> Int? {
    switch codec {
    case .lz4:
      let count = unsafe LZ4F_compressFrame(target, room, source.baseAddress, source.count, nil)
      return LZ4F_isError(count) == 0 ? count : nil
    case .zstd:
      // Level 1, as Arrow's own writers: the levels above cost more time than disks and networks give back.
      let count = unsafe ZSTD_compressCCtx(zstd, target, room, source.baseAddress, source.count, 1)
      return ZSTD_isError(count) == 0 ? count : nil
    }
  }
}
