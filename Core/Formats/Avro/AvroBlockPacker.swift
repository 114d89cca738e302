internal import CCodecs
internal import Records

/// Compresses blocks.
@safe final class AvroBlockPacker {
  private let codec: AvroCodec
  private let encoder: OpaquePointer?
  /// Whether blocks are packed at all.
  var packs: Bool { codec != .null }

  init(_ codec: AvroCodec, level: Int?) throws {
    self.codec = codec
    if let level, codec.levels?.contains(level) != true {
      let known = codec.levels.map { "from \($0.lowerBound) to \($0.upperBound)" } ?? "none"
      throw Failure(
        .configuration, "the codec '\(codec.rawValue)' has no level \(level)", hint: "It has levels \(known)")
    }
    unsafe encoder = unsafe codec.kind.flatMap { unsafe codec_encoder_open($0, Int32(clamping: level ?? -1)) }
    if codec.kind != nil, unsafe encoder == nil {
      throw Failure(.configuration, "the codec '\(codec.rawValue)' cannot be started with the level \(level ?? -1)")
    }
  }

  deinit { if let encoder = unsafe encoder { unsafe codec_encoder_close(encoder) } }

  /// Appends the packed bytes of a block.
  func pack(_ block: borrowing ByteBuffer, to out: inout ByteBuffer, name: String) throws {
    let start = out.count
    unsafe block.withUnsafeBytes { bytes in
      let source = unsafe bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
      let bound = unsafe encoder.map { unsafe codec_encode_bound($0, bytes.count) } ?? codec_snappy_bound(bytes.count)
      out.append(upTo: bound) { room in
        unsafe room.withUnsafeMutableBufferPointer { room, count in
          if let encoder = unsafe encoder {
            count = unsafe codec_encode(encoder, source, bytes.count, room.baseAddress, bound)
          } else {
            count = unsafe codec_snappy_encode(source, bytes.count, room.baseAddress, bound)
          }
        }
      }
      // Snappy's blocks end with a checksum.
      if unsafe encoder == nil, out.count > start { unsafe out.append(big: codec_crc32(source, bytes.count)) }
    }
    guard out.count > start else {
      throw Failure(.bug, "writing '\(name)': the codec '\(codec.rawValue)' refused a block")
    }
  }
}

/// Unpacks blocks piece by piece.
@safe final class AvroBlockUnpacker {
  private let decoder: OpaquePointer

  /// What has become of a piece.
  enum Status {
    /// More bytes or more room are wanted.
    case more
    case end, bad, noMemory
  }

  /// Nil without memory.
  init?(_ kind: codec_kind) {
    guard let decoder = unsafe codec_decoder_open(kind) else { return nil }
    unsafe self.decoder = unsafe decoder
  }

  deinit { unsafe codec_decoder_close(decoder) }

  /// Gets ready for the next block; false without memory.
  func reset() -> Bool { unsafe codec_decoder_reset(decoder) == codec_more }

  /// - Returns: how many bytes were taken.
  func unpack(_ bytes: Span<UInt8>, into room: inout OutputSpan<UInt8>) -> (Status, taken: Int) {
    unsafe bytes.withUnsafeBufferPointer { bytes in
      unsafe room.withUnsafeMutableBufferPointer { memory, used in
        var source = bytes.baseAddress
        var sourceCount = bytes.count
        var target = unsafe memory.baseAddress.map { unsafe $0 + used }
        var free = memory.count - used
        let status = unsafe codec_decode(decoder, &source, &sourceCount, &target, &free)
        used = memory.count - free
        return (AvroBlockUnpacker.status(status), bytes.count - sourceCount)
      }
    }
  }

  private static func status(_ code: codec_status) -> Status {
    switch code {
    case codec_more: .more
    case codec_end: .end
    case codec_no_memory: .noMemory
    default: .bad
    }
  }
}

/// Snappy's blocks, which can only be unpacked as a whole.
enum AvroSnappy {
  /// The size that a block says it unpacks to; below zero when it is none.
  static func size(_ block: Span<UInt8>) -> Int64 {
    unsafe block.withUnsafeBufferPointer { unsafe codec_snappy_size($0.baseAddress, $0.count) }
  }

  /// Appends what a block of that size unpacks to; false, and nothing, where it is malformed.
  static func unpack(_ block: Span<UInt8>, _ size: Int, into room: inout OutputSpan<UInt8>) -> Bool {
    precondition(size <= room.freeCapacity, "too little room for a block")
    return unsafe block.withUnsafeBufferPointer { block in
      unsafe room.withUnsafeMutableBufferPointer { memory, used in
        let target = unsafe memory.baseAddress.map { unsafe $0 + used }
        guard unsafe codec_snappy_decode(block.baseAddress, block.count, target, size) == 0 else { return false }
        used += size
        return true
      }
    }
  }

  /// zlib's CRC-32.
  static func checksum(_ bytes: Span<UInt8>) -> UInt32 {
    unsafe bytes.withUnsafeBufferPointer { unsafe codec_crc32($0.baseAddress, $0.count) }
  }
}
