// The byte loops of the CSV reader that need the widest registers a machine has.
#pragma once
#include <stddef.h>
#include <stdint.h>

/// What `scan_csv` has found.
typedef struct {
  /// How many separators (field or line ends outside of quotes).
  size_t separators;
  /// How many of them end a line.
  size_t rows;
  /// Bytes that were looked at: all of them, or up to the 64-byte block in which a quote stands where RFC 4180 allows
  /// none.
  size_t scanned;
} scan_result;

/// Finds the field and line ends outside of quotes. The bytes start at a row's start; 64 readable bytes follow them.
/// `positions` gets the place of each separator, `row_ends` the index into `positions` of each line end. Both have room
/// for `count + 64` entries. CR, LF and CRLF end a line (a CRLF once, at its CR). `quote` 0 means none.
scan_result scan_csv(const uint8_t *bytes, size_t count, uint8_t separator, uint8_t quote, uint32_t *positions,
                     uint32_t *row_ends);

/// What `scan_row` has found.
typedef enum {
  scan_row_ok = 0,
  /// The bytes end before the row does.
  scan_row_open = 1,
  /// The bytes end within quotes.
  scan_row_open_quote = 2,
  /// Something stands between a closing quote and the next separator.
  scan_row_extra = 3,
} scan_row_status;

/// What separates fields and rows; none of the texts is the beginning of another.
typedef struct {
  const uint8_t *separator, *quote, *line_end;
  /// The quote's is 0 where there is none, the line end's where CR, LF and CRLF end a row.
  size_t separator_length, quote_length, line_end_length;
} scan_format;

/// Finds the separators of the row at `start` byte by byte; quotes inside of an unquoted field are ordinary characters.
/// `end` gets the place of its line end, `positions` count from `bytes`. The row is walked to its end also when it has
/// extra characters.
scan_row_status scan_row(const uint8_t *bytes, size_t start, size_t count, const scan_format *format,
                         uint32_t *positions, size_t *separators, size_t *end);

/// Finds whole rows as `scan_csv` does, byte by byte. `scanned` is less than `count` where a row has extra characters.
scan_result scan_rows(const uint8_t *bytes, size_t count, const scan_format *format, uint32_t *positions,
                      uint32_t *row_ends);

/// The place of the first line end, quoted or not; `count` when there is none.
size_t scan_find_line_end(const uint8_t *bytes, size_t count, const scan_format *format);

/// The place of the first separator, quote, line end, CR or LF, or of what may begin one of them behind the last byte;
/// `count` when there is none.
size_t scan_find_format(const uint8_t *bytes, size_t count, const scan_format *format);

/// How many line ends there are: LF, or CR without LF behind it.
size_t scan_count_lines(const uint8_t *bytes, size_t count);

/// How often a text stands there.
size_t scan_count_text(const uint8_t *bytes, size_t count, const uint8_t *text, size_t length);

/// The place of the first byte that is the separator, the quote, CR or LF; `count` when there is none.
size_t scan_find_special(const uint8_t *bytes, size_t count, uint8_t separator, uint8_t quote);

/// Whether all bytes are ASCII.
int scan_is_ascii(const uint8_t *bytes, size_t count);

/// The place of the first byte that JSON must escape (below 0x20, quote, backslash); `count` when there is none.
size_t scan_find_escape(const uint8_t *bytes, size_t count);

/// Where the walk over JSON text stands; zero at the start.
typedef struct {
  uint32_t depth;
  uint8_t in_string;
  uint8_t escaped;
  uint8_t in_scalar;
} scan_json_state;

/// Walks on from `at` to the end of the JSON value that the state is in; returns the place behind it, or `count` + 1
/// when the bytes end first. Brackets and strings only: what is between them is checked by the parser.
size_t scan_json_value(const uint8_t *bytes, size_t at, size_t count, scan_json_state *state);
