// Rows of JSON into flat tables of fields, by simdjson: one call for many rows, none for a value.
#pragma once
#include <stddef.h>
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif

/// What a field is; the upper four bits of `json_field.size`.
enum json_kind {
  json_null = 0,
  /// A number, `true` or `false`: the text itself.
  json_bare = 1,
  /// A string without escapes: what is between the quotes.
  json_string = 2,
  /// A string with escapes: what is between the quotes, still escaped.
  json_escaped = 3,
  /// An object or an array: its whole text.
  json_nested = 4,
  /// An explicit `null`; tables know it apart from a missing member only to find duplicates.
  json_explicit_null = 5,
  /// An object or an array with half of a surrogate pair in it, where those are replaced.
  json_nested_lone = 6,
};

/// A field of a row, 0 when the member is missing.
typedef struct {
  /// From the base of the bytes.
  uint32_t start;
  /// The length in the lower 28 bits, the kind above.
  uint32_t size;
} json_field;

/// How a row ended.
enum json_row_status {
  json_row_ok = 0,
  json_row_malformed = 1,
  json_row_duplicate = 2,
  json_row_too_deep = 3,
  json_row_not_object = 4,
  json_row_bad_utf8 = 5,
  json_row_too_large = 6,
  /// A string has an escape sequence that JSON does not have.
  json_row_bad_escape = 7,
  /// A string has half of a surrogate pair, and these are not replaced.
  json_row_lone_surrogate = 8,
};

typedef struct json_rows json_rows;

typedef struct {
  /// Levels of nesting a row may have.
  size_t max_depth;
  /// So many levels of nested objects become columns of their own, named `outer.inner`.
  size_t flatten;
  /// Of members with the same name the last one counts; else such a row is bad.
  int last_wins;
  /// Half of a surrogate pair stands for U+FFFD; else such a row is bad.
  int replaces_surrogates;
} json_rows_options;

json_rows *json_rows_new(json_rows_options);
void json_rows_free(json_rows *);

/// From now on a row is any JSON value, and all of it goes into the column of this name.
void json_rows_take_values(json_rows *, const char *name, size_t length);

/// Adds a column unless it is known; returns its index. Names are unescaped.
size_t json_rows_add_column(json_rows *, const char *name, size_t length);
size_t json_rows_column_count(const json_rows *);
/// The name of a column; valid until the next call that adds one.
const char *json_rows_column_name(const json_rows *, size_t column, size_t *length);

/// Reads rows: row n lies in `starts[n] ..< ends[n]` of `bytes`, behind whose `size` bytes 64 more can be read.
/// Fills `stride` fields a row, and its status. Stops before the first row that needs a column that does not exist yet
/// when `stride` leaves no room for it (columns are added meanwhile); returns how many rows are done.
size_t json_rows_read(json_rows *, const uint8_t *bytes, size_t size, const uint32_t *starts, const uint32_t *ends,
                      size_t rows, json_field *fields, size_t stride, uint8_t *status);

#ifdef __cplusplus
}
#endif
