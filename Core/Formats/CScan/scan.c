#include "scan.h"

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#define AVX2 __attribute__((target("avx2,bmi,bmi2,lzcnt,popcnt,pclmul")))
static int has_avx2(void) {
  static int known = -1;
  if (known < 0)
    known = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("pclmul");
  return known;
}
#endif

/// One bit for each of 64 bytes.
typedef struct {
  uint64_t separator, quote, cr, lf;
} masks;

/// The state that one 64-byte block hands to the next.
typedef struct {
  /// All ones within quotes.
  uint64_t inside;
  /// Bit 0: the last byte was a separator or the start; a quote; a closing quote; an unquoted CR.
  uint64_t separated, quoted, closed, cr;
} carry;

/// The unquoted separators of a block; `irregular` is not zero when a quote stands where none may.
static inline __attribute__((always_inline)) uint64_t separate(masks m, uint64_t strings, carry *c, uint64_t *lines,
                                                               uint64_t *irregular) {
  uint64_t inside = strings ^ c->inside;
  uint64_t cr = m.cr & ~inside;
  uint64_t lf = m.lf & ~inside & ~(cr << 1 | c->cr);
  uint64_t all_lines = (m.cr | m.lf) & ~inside;
  uint64_t fields = m.separator & ~inside;
  uint64_t closing = m.quote & ~inside;
  uint64_t opening = m.quote & inside;
  uint64_t separators = fields | all_lines;
  *irregular = (opening & ~(separators << 1 | c->separated | m.quote << 1 | c->quoted)) |
               ((closing << 1 | c->closed) & ~(separators | m.quote));
  c->inside = (uint64_t)((int64_t)inside >> 63);
  c->separated = separators >> 63;
  c->quoted = m.quote >> 63;
  c->closed = closing >> 63;
  c->cr = cr >> 63;
  *lines = cr | lf;
  return fields | *lines;
}

static inline __attribute__((always_inline)) void flatten(uint64_t bits, uint64_t lines, uint32_t base,
                                                          uint32_t *positions, uint32_t *row_ends, scan_result *r) {
  size_t n = r->separators;
  for (uint64_t rest = lines; rest; rest &= rest - 1) {
    uint64_t below = (rest & -rest) - 1;
    row_ends[r->rows++] = (uint32_t)(n + (size_t)__builtin_popcountll(bits & below));
  }
  size_t total = (size_t)__builtin_popcountll(bits);
  uint32_t *out = positions + n;
  // Eight at a time without a branch for each; the room behind the last is overwritten by the next block.
  for (size_t done = 0; done < total; done += 8) {
    for (size_t k = 0; k < 8; k++) {
      out[done + k] = base + (uint32_t)__builtin_ctzll(bits | (uint64_t)1 << 63);
      bits &= bits - 1;
    }
  }
  r->separators = n + total;
}

static inline uint64_t prefix_xor_portable(uint64_t x) {
  x ^= x << 1;
  x ^= x << 2;
  x ^= x << 4;
  x ^= x << 8;
  x ^= x << 16;
  x ^= x << 32;
  return x;
}

#if defined(__x86_64__)
AVX2 static inline uint64_t equal64(__m256i a, __m256i b, uint8_t byte) {
  __m256i v = _mm256_set1_epi8((char)byte);
  uint64_t low = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(a, v));
  uint64_t high = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(b, v));
  return low | high << 32;
}

AVX2 static scan_result scan_csv_avx2(const uint8_t *bytes, size_t count, uint8_t separator, uint8_t quote,
                                      uint32_t *positions, uint32_t *row_ends) {
  scan_result r = {0, 0, 0};
  carry c = {0, 1, 0, 0, 0};
  for (size_t at = 0; at < count; at += 64) {
    __m256i a = _mm256_loadu_si256((const __m256i *)(bytes + at));
    __m256i b = _mm256_loadu_si256((const __m256i *)(bytes + at + 32));
    masks m = {equal64(a, b, separator), quote ? equal64(a, b, quote) : 0, equal64(a, b, '\r'), equal64(a, b, '\n')};
    uint64_t valid = count - at >= 64 ? ~(uint64_t)0 : ((uint64_t)1 << (count - at)) - 1;
    m.separator &= valid, m.quote &= valid, m.cr &= valid, m.lf &= valid;
    uint64_t strings = 0;
    if (m.quote)
      strings = (uint64_t)_mm_cvtsi128_si64(
          _mm_clmulepi64_si128(_mm_set_epi64x(0, (int64_t)m.quote), _mm_set1_epi8((char)0xFF), 0));
    uint64_t lines, irregular;
    uint64_t bits = separate(m, strings, &c, &lines, &irregular);
    if (irregular & valid) return r;
    flatten(bits, lines, (uint32_t)at, positions, row_ends, &r);
    r.scanned = at + 64 < count ? at + 64 : count;
  }
  return r;
}
#endif

/// One bit for each of eight equal bytes, gathered by a multiplication.
static inline uint64_t equal8(const uint8_t *bytes, uint8_t byte) {
  uint64_t mask = 0;
  for (int k = 0; k < 8; k++) mask |= (uint64_t)(bytes[k] == byte) << k;
  return mask;
}

static uint64_t equal64_portable(const uint8_t *bytes, uint8_t byte) {
  uint64_t mask = 0;
  for (int k = 0; k < 8; k++) mask |= equal8(bytes + k * 8, byte) << (k * 8);
  return mask;
}

static scan_result scan_csv_portable(const uint8_t *bytes, size_t count, uint8_t separator, uint8_t quote,
                                     uint32_t *positions, uint32_t *row_ends) {
  scan_result r = {0, 0, 0};
  carry c = {0, 1, 0, 0, 0};
  for (size_t at = 0; at < count; at += 64) {
    const uint8_t *p = bytes + at;
    masks m = {equal64_portable(p, separator), quote ? equal64_portable(p, quote) : 0, equal64_portable(p, '\r'),
               equal64_portable(p, '\n')};
    uint64_t valid = count - at >= 64 ? ~(uint64_t)0 : ((uint64_t)1 << (count - at)) - 1;
    m.separator &= valid, m.quote &= valid, m.cr &= valid, m.lf &= valid;
    uint64_t lines, irregular;
    uint64_t bits = separate(m, prefix_xor_portable(m.quote), &c, &lines, &irregular);
    if (irregular & valid) return r;
    flatten(bits, lines, (uint32_t)at, positions, row_ends, &r);
    r.scanned = at + 64 < count ? at + 64 : count;
  }
  return r;
}

scan_result scan_csv(const uint8_t *bytes, size_t count, uint8_t separator, uint8_t quote, uint32_t *positions,
                     uint32_t *row_ends) {
#if defined(__x86_64__)
  if (has_avx2()) return scan_csv_avx2(bytes, count, separator, quote, positions, row_ends);
#endif
  return scan_csv_portable(bytes, count, separator, quote, positions, row_ends);
}

static inline int starts(const uint8_t *bytes, size_t left, const uint8_t *text, size_t length) {
  return length && left >= length && bytes[0] == text[0] && (length == 1 || !memcmp(bytes, text, length));
}

static inline int is_line_end(const uint8_t *bytes, size_t left, const scan_format *f) {
  if (f->line_end_length) return starts(bytes, left, f->line_end, f->line_end_length);
  return bytes[0] == '\n' || bytes[0] == '\r';
}

scan_row_status scan_row(const uint8_t *bytes, size_t start, size_t count, const scan_format *f, uint32_t *positions,
                         size_t *separators, size_t *end) {
  enum { field_start, plain, quoted, closed } state = field_start;
  scan_row_status status = scan_row_ok;
  size_t n = 0;
  for (size_t at = start; at < count; at++) {
    const uint8_t *p = bytes + at;
    size_t left = count - at;
    int is_quote = starts(p, left, f->quote, f->quote_length);
    if (state == quoted) {
      if (is_quote) {
        state = closed;
        at += f->quote_length - 1;
      }
    } else if (starts(p, left, f->separator, f->separator_length)) {
      positions[n++] = (uint32_t)at;
      state = field_start;
      at += f->separator_length - 1;
    } else if (is_line_end(p, left, f)) {
      positions[n++] = (uint32_t)at;
      *separators = n;
      *end = at;
      return status;
    } else if (is_quote && state != plain) {
      state = quoted;
      at += f->quote_length - 1;
    } else {
      if (state == closed) status = scan_row_extra;
      state = plain;
    }
  }
  *separators = n;
  *end = count;
  return state == quoted ? scan_row_open_quote : scan_row_open;
}

scan_result scan_rows(const uint8_t *bytes, size_t count, const scan_format *f, uint32_t *positions,
                      uint32_t *row_ends) {
  scan_result r = {0, 0, 0};
  for (size_t start = 0; start < count;) {
    size_t separators, end;
    scan_row_status status = scan_row(bytes, start, count, f, positions + r.separators, &separators, &end);
    if (end == count) break;
    if (status == scan_row_extra) {
      r.scanned = start;
      return r;
    }
    r.separators += separators;
    row_ends[r.rows++] = (uint32_t)(r.separators - 1);
    start = end + (f->line_end_length ? f->line_end_length : bytes[end] == '\r' && bytes[end + 1] == '\n' ? 2 : 1);
  }
  r.scanned = count;
  return r;
}

size_t scan_find_line_end(const uint8_t *bytes, size_t count, const scan_format *f) {
  if (!f->line_end_length) return scan_find_special(bytes, count, '\n', '\r');
  for (size_t at = 0; at < count; at++) {
    const uint8_t *found = memchr(bytes + at, f->line_end[0], count - at);
    if (!found) return count;
    at = (size_t)(found - bytes);
    if (starts(found, count - at, f->line_end, f->line_end_length)) return at;
  }
  return count;
}

size_t scan_count_text(const uint8_t *bytes, size_t count, const uint8_t *text, size_t length) {
  scan_format format = {.line_end = text, .line_end_length = length};
  size_t found = 0;
  for (size_t at = 0; at < count; at += length, found++) {
    at += scan_find_line_end(bytes + at, count - at, &format);
    if (at == count) break;
  }
  return found;
}

/// Whether the bytes begin with the text or are the beginning of it.
static inline int may_start(const uint8_t *bytes, size_t left, const uint8_t *text, size_t length) {
  return length && bytes[0] == text[0] && !memcmp(bytes, text, left < length ? left : length);
}

size_t scan_find_format(const uint8_t *bytes, size_t count, const scan_format *f) {
  for (size_t at = 0; at < count; at++) {
    const uint8_t *p = bytes + at;
    if (*p == '\n' || *p == '\r' || may_start(p, count - at, f->separator, f->separator_length) ||
        may_start(p, count - at, f->quote, f->quote_length) ||
        may_start(p, count - at, f->line_end, f->line_end_length))
      return at;
  }
  return count;
}

/// How often a byte stands in a text.
static size_t count_byte(const uint8_t *bytes, size_t count, uint8_t byte) {
  size_t found = 0, at = 0;
#if defined(__SSE2__)
  __m128i wanted = _mm_set1_epi8((char)byte);
  while (at + 16 <= count) {
    // Each lane counts down at most 255 times before the lanes are added up.
    __m128i lanes = _mm_setzero_si128();
    for (int n = 0; n < 255 && at + 16 <= count; n++, at += 16)
      lanes = _mm_sub_epi8(lanes, _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)(bytes + at)), wanted));
    __m128i sums = _mm_sad_epu8(lanes, _mm_setzero_si128());
    found += (size_t)_mm_cvtsi128_si64(sums) + (size_t)_mm_cvtsi128_si64(_mm_srli_si128(sums, 8));
  }
#endif
  for (; at < count; at++) found += bytes[at] == byte;
  return found;
}

size_t scan_count_lines(const uint8_t *bytes, size_t count) {
  size_t lines = count_byte(bytes, count, '\n');
  const uint8_t *end = bytes + count;
  for (const uint8_t *cr = memchr(bytes, '\r', count); cr; cr = memchr(cr + 1, '\r', (size_t)(end - cr - 1)))
    lines += cr + 1 == end || cr[1] != '\n';
  return lines;
}

size_t scan_find_special(const uint8_t *bytes, size_t count, uint8_t separator, uint8_t quote) {
  size_t at = 0;
#if defined(__SSE2__)
  __m128i s = _mm_set1_epi8((char)separator), q = _mm_set1_epi8((char)quote);
  __m128i cr = _mm_set1_epi8('\r'), lf = _mm_set1_epi8('\n');
  for (; at + 16 <= count; at += 16) {
    __m128i v = _mm_loadu_si128((const __m128i *)(bytes + at));
    __m128i hit = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(v, s), _mm_cmpeq_epi8(v, q)),
                               _mm_or_si128(_mm_cmpeq_epi8(v, cr), _mm_cmpeq_epi8(v, lf)));
    int mask = _mm_movemask_epi8(hit);
    if (mask) return at + (size_t)__builtin_ctz((unsigned)mask);
  }
#endif
  for (; at < count; at++) {
    uint8_t b = bytes[at];
    if (b == separator || b == quote || b == '\r' || b == '\n') return at;
  }
  return count;
}

int scan_is_ascii(const uint8_t *bytes, size_t count) {
  uint64_t all = 0;
  size_t at = 0;
  for (; at + 32 <= count; at += 32) {
    uint64_t w[4];
    memcpy(w, bytes + at, 32);
    all |= w[0] | w[1] | w[2] | w[3];
  }
  for (; at < count; at++) all |= bytes[at];
  return (all & 0x8080808080808080u) == 0;
}

size_t scan_find_escape(const uint8_t *bytes, size_t count) {
  size_t at = 0;
#if defined(__SSE2__)
  __m128i quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\'), limit = _mm_set1_epi8(0x1F);
  for (; at + 16 <= count; at += 16) {
    __m128i v = _mm_loadu_si128((const __m128i *)(bytes + at));
    __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(v, limit), v);
    __m128i hit = _mm_or_si128(low, _mm_or_si128(_mm_cmpeq_epi8(v, quote), _mm_cmpeq_epi8(v, backslash)));
    int mask = _mm_movemask_epi8(hit);
    if (mask) return at + (size_t)__builtin_ctz((unsigned)mask);
  }
#endif
  for (; at < count; at++) {
    uint8_t b = bytes[at];
    if (b < 0x20 || b == '"' || b == '\\') return at;
  }
  return count;
}

size_t scan_json_value(const uint8_t *bytes, size_t at, size_t count, scan_json_state *s) {
  for (; at < count; at++) {
    uint8_t b = bytes[at];
    if (s->in_string) {
      if (s->escaped) {
        s->escaped = 0;
      } else if (b == '\\') {
        s->escaped = 1;
      } else if (b == '"') {
        s->in_string = 0;
        if (s->depth == 0) return at + 1;
      }
      continue;
    }
    switch (b) {
      case '"':
        if (s->in_scalar) return at;
        s->in_string = 1;
        break;
      case '{':
      case '[':
        if (s->in_scalar) return at;
        s->depth++;
        break;
      case '}':
      case ']':
        if (s->in_scalar || s->depth == 0) return at;
        if (--s->depth == 0) return at + 1;
        break;
      case ' ':
      case '\t':
      case '\r':
      case '\n':
      case ',':
        if (s->in_scalar) return at;
        break;
      default:
        if (s->depth == 0) s->in_scalar = 1;
    }
  }
  return count + 1;
}
