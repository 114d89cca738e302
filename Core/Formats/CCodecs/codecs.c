#include "codecs.h"

#include <bzlib.h>
#include <limits.h>
#include <lzma.h>
#include <snappy-c.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

// A hostile xz block may ask for 4 GiB of dictionary.
#define XZ_MEMORY (160u << 20)
// 2^27 bytes, the window that zstd takes from streams without being asked for more.
#define ZSTD_WINDOW_LOG 27

struct codec_decoder {
  codec_kind kind;
  int is_open;
  z_stream deflate;
  bz_stream bzip2;
  lzma_stream xz;
  ZSTD_DCtx *zstd;
};

static void close_stream(codec_decoder *d) {
  if (!d->is_open) return;
  if (d->kind == codec_bzip2) BZ2_bzDecompressEnd(&d->bzip2);
  d->is_open = 0;
}

codec_decoder *codec_decoder_open(codec_kind kind) {
  codec_decoder *d = calloc(1, sizeof *d);
  if (!d) return NULL;
  d->kind = kind;
  int is_ready = 1;
  if (kind == codec_deflate) is_ready = inflateInit2(&d->deflate, -15) == Z_OK;
  if (kind == codec_zstandard) {
    d->zstd = ZSTD_createDCtx();
    is_ready = d->zstd && !ZSTD_isError(ZSTD_DCtx_setParameter(d->zstd, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG));
  }
  if (is_ready) return d;
  codec_decoder_close(d);
  return NULL;
}

void codec_decoder_close(codec_decoder *d) {
  if (!d) return;
  close_stream(d);
  if (d->kind == codec_deflate) inflateEnd(&d->deflate);
  if (d->kind == codec_xz) lzma_end(&d->xz);
  if (d->kind == codec_zstandard) ZSTD_freeDCtx(d->zstd);
  free(d);
}

codec_status codec_decoder_reset(codec_decoder *d) {
  switch (d->kind) {
    case codec_deflate: return inflateReset(&d->deflate) == Z_OK ? codec_more : codec_no_memory;
    case codec_bzip2:
      close_stream(d);
      memset(&d->bzip2, 0, sizeof d->bzip2);
      d->is_open = BZ2_bzDecompressInit(&d->bzip2, 0, 0) == BZ_OK;
      return d->is_open ? codec_more : codec_no_memory;
    case codec_xz: return lzma_stream_decoder(&d->xz, XZ_MEMORY, 0) == LZMA_OK ? codec_more : codec_no_memory;
    case codec_zstandard: return ZSTD_isError(ZSTD_DCtx_reset(d->zstd, ZSTD_reset_session_only)) ? codec_bad : codec_more;
  }
  return codec_bad;
}

static size_t piece(size_t count) { return count < (1u << 30) ? count : (1u << 30); }

static codec_status decode_deflate(z_stream *s, const uint8_t **in, size_t *in_count, uint8_t **out, size_t *room) {
  s->next_in = (Bytef *)*in;
  s->avail_in = (uInt)piece(*in_count);
  s->next_out = *out;
  s->avail_out = (uInt)piece(*room);
  int status = inflate(s, Z_NO_FLUSH);
  *in_count -= (size_t)(s->next_in - *in);
  *in = s->next_in;
  *room -= (size_t)(s->next_out - *out);
  *out = s->next_out;
  if (status == Z_STREAM_END) return codec_end;
  return status == Z_OK || status == Z_BUF_ERROR ? codec_more : status == Z_MEM_ERROR ? codec_no_memory : codec_bad;
}

static codec_status decode_bzip2(bz_stream *s, const uint8_t **in, size_t *in_count, uint8_t **out, size_t *room) {
  s->next_in = (char *)*in;
  s->avail_in = (unsigned)piece(*in_count);
  s->next_out = (char *)*out;
  s->avail_out = (unsigned)piece(*room);
  int status = BZ2_bzDecompress(s);
  *in_count -= (size_t)((const uint8_t *)s->next_in - *in);
  *in = (const uint8_t *)s->next_in;
  *room -= (size_t)((uint8_t *)s->next_out - *out);
  *out = (uint8_t *)s->next_out;
  if (status == BZ_STREAM_END) return codec_end;
  return status == BZ_OK ? codec_more : status == BZ_MEM_ERROR ? codec_no_memory : codec_bad;
}

static codec_status decode_xz(lzma_stream *s, const uint8_t **in, size_t *in_count, uint8_t **out, size_t *room) {
  s->next_in = *in;
  s->avail_in = *in_count;
  s->next_out = *out;
  s->avail_out = *room;
  lzma_ret status = lzma_code(s, LZMA_RUN);
  *in = s->next_in;
  *in_count = s->avail_in;
  *out = s->next_out;
  *room = s->avail_out;
  if (status == LZMA_STREAM_END) return codec_end;
  if (status == LZMA_OK || status == LZMA_BUF_ERROR) return codec_more;
  return status == LZMA_MEM_ERROR || status == LZMA_MEMLIMIT_ERROR ? codec_no_memory : codec_bad;
}

static codec_status decode_zstd(ZSTD_DCtx *zstd, const uint8_t **in, size_t *in_count, uint8_t **out, size_t *room) {
  ZSTD_inBuffer source = {*in, *in_count, 0};
  ZSTD_outBuffer target = {*out, *room, 0};
  size_t status = ZSTD_decompressStream(zstd, &target, &source);
  *in += source.pos;
  *in_count -= source.pos;
  *out += target.pos;
  *room -= target.pos;
  if (ZSTD_isError(status)) return codec_bad;
  return status == 0 ? codec_end : codec_more;
}

codec_status codec_decode(codec_decoder *d, const uint8_t **in, size_t *in_count, uint8_t **out, size_t *out_count) {
  switch (d->kind) {
    case codec_deflate: return decode_deflate(&d->deflate, in, in_count, out, out_count);
    case codec_bzip2: return decode_bzip2(&d->bzip2, in, in_count, out, out_count);
    case codec_xz: return decode_xz(&d->xz, in, in_count, out, out_count);
    case codec_zstandard: return decode_zstd(d->zstd, in, in_count, out, out_count);
  }
  return codec_bad;
}

struct codec_encoder {
  codec_kind kind;
  int level;
  z_stream deflate;
  ZSTD_CCtx *zstd;
};

codec_encoder *codec_encoder_open(codec_kind kind, int level) {
  codec_encoder *e = calloc(1, sizeof *e);
  if (!e) return NULL;
  e->kind = kind;
  e->level = level;
  int is_ready = 1;
  if (kind == codec_deflate) {
    is_ready = deflateInit2(&e->deflate, level < 0 ? Z_DEFAULT_COMPRESSION : level, Z_DEFLATED, -15, 8,
                            Z_DEFAULT_STRATEGY) == Z_OK;
  }
  if (kind == codec_zstandard) is_ready = (e->zstd = ZSTD_createCCtx()) != NULL;
  if (is_ready) return e;
  free(e);
  return NULL;
}

void codec_encoder_close(codec_encoder *e) {
  if (!e) return;
  if (e->kind == codec_deflate) deflateEnd(&e->deflate);
  if (e->kind == codec_zstandard) ZSTD_freeCCtx(e->zstd);
  free(e);
}

size_t codec_encode_bound(codec_encoder *e, size_t count) {
  switch (e->kind) {
    case codec_deflate: return deflateBound(&e->deflate, count);
    case codec_bzip2: return count + count / 100 + 700;
    case codec_xz: return lzma_stream_buffer_bound(count);
    case codec_zstandard: return ZSTD_compressBound(count);
  }
  return 0;
}

static size_t encode_deflate(z_stream *s, const uint8_t *in, size_t count, uint8_t *out, size_t room) {
  if (count > UINT_MAX || room > UINT_MAX || deflateReset(s) != Z_OK) return 0;
  s->next_in = (Bytef *)in;
  s->avail_in = (uInt)count;
  s->next_out = out;
  s->avail_out = (uInt)room;
  return deflate(s, Z_FINISH) == Z_STREAM_END ? (size_t)(s->next_out - out) : 0;
}

size_t codec_encode(codec_encoder *e, const uint8_t *in, size_t count, uint8_t *out, size_t room) {
  if (e->kind == codec_deflate) return encode_deflate(&e->deflate, in, count, out, room);
  if (e->kind == codec_bzip2) {
    if (count > UINT_MAX || room > UINT_MAX) return 0;
    unsigned length = (unsigned)room;
    int level = e->level < 1 ? 9 : e->level > 9 ? 9 : e->level;
    return BZ2_bzBuffToBuffCompress((char *)out, &length, (char *)in, (unsigned)count, level, 0, 0) == BZ_OK ? length : 0;
  }
  if (e->kind == codec_xz) {
    size_t length = 0;
    uint32_t level = e->level < 0 || e->level > 9 ? 6 : (uint32_t)e->level;
    return lzma_easy_buffer_encode(level, LZMA_CHECK_CRC64, NULL, in, count, out, &length, room) == LZMA_OK ? length : 0;
  }
  size_t length = ZSTD_compressCCtx(e->zstd, out, room, in, count, e->level < 0 ? 3 : e->level);
  return ZSTD_isError(length) ? 0 : length;
}

int64_t codec_snappy_size(const uint8_t *in, size_t count) {
  size_t size = 0;
  if (snappy_uncompressed_length((const char *)in, count, &size) != SNAPPY_OK || size > INT64_MAX) return -1;
  return (int64_t)size;
}

int codec_snappy_decode(const uint8_t *in, size_t count, uint8_t *out, size_t size) {
  size_t length = size;
  return snappy_uncompress((const char *)in, count, (char *)out, &length) == SNAPPY_OK && length == size ? 0 : -1;
}

size_t codec_snappy_bound(size_t count) { return snappy_max_compressed_length(count); }

size_t codec_snappy_encode(const uint8_t *in, size_t count, uint8_t *out, size_t room) {
  size_t length = room;
  return snappy_compress((const char *)in, count, (char *)out, &length) == SNAPPY_OK ? length : 0;
}

uint32_t codec_crc32(const uint8_t *bytes, size_t count) { return (uint32_t)crc32_z(0, bytes, count); }
