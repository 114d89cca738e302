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
