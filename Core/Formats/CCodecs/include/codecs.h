// The compressions that an Avro container file can have, behind one form: zlib, bzip2, xz and Zstandard have four
// different streaming calls, some of them macros, which Swift can't call.
#pragma once
#include <stddef.h>
#include <stdint.h>

typedef enum { codec_deflate = 1, codec_bzip2 = 2, codec_xz = 3, codec_zstandard = 4 } codec_kind;

typedef enum {
  /// Wants more input or more room.
  codec_more = 0,
  /// The compressed stream is at its end.
  codec_end = 1,
  /// The bytes are not a compressed stream.
  codec_bad = -1,
  codec_no_memory = -2,
} codec_status;

/// A decoder; one stream after the other.
typedef struct codec_decoder codec_decoder;

/// NULL without memory.
codec_decoder *codec_decoder_open(codec_kind kind);
void codec_decoder_close(codec_decoder *decoder);
/// Gets ready for the next stream.
codec_status codec_decoder_reset(codec_decoder *decoder);
/// Takes bytes from `*in` and puts them to `*out`; moves both and lowers the counts.
codec_status codec_decode(codec_decoder *decoder, const uint8_t **in, size_t *in_count, uint8_t **out,
                          size_t *out_count);

/// A compressor of whole blocks.
typedef struct codec_encoder codec_encoder;

/// `level` below 0 is the library's usual one. NULL without memory.
codec_encoder *codec_encoder_open(codec_kind kind, int level);
void codec_encoder_close(codec_encoder *encoder);
/// The most bytes that `count` bytes can become.
size_t codec_encode_bound(codec_encoder *encoder, size_t count);
/// Compresses all of `in` into `out`, which has room for the bound; 0 on an error.
size_t codec_encode(codec_encoder *encoder, const uint8_t *in, size_t count, uint8_t *out, size_t room);

/// The size that a Snappy block says it has; -1 when it is none.
int64_t codec_snappy_size(const uint8_t *in, size_t count);
/// 0 when the block is well-formed and fills `size` bytes.
int codec_snappy_decode(const uint8_t *in, size_t count, uint8_t *out, size_t size);
size_t codec_snappy_bound(size_t count);
size_t codec_snappy_encode(const uint8_t *in, size_t count, uint8_t *out, size_t room);
/// The CRC-32 of zlib, which Avro puts behind each Snappy block.
uint32_t codec_crc32(const uint8_t *bytes, size_t count);
