#include "json_rows.h"

#include <simdjson.h>

#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

using namespace simdjson;

namespace {

/// The members of one object level, in the order in which they were first seen.
struct Level {
  struct Member {
    std::string name;
    /// -1: none of its own yet.
    int column = -1;
    std::unique_ptr<Level> inner;
    /// The last row that had it.
    uint64_t row = 0;
    /// Its name is written as it is.
    bool is_plain = false;
  };
  std::vector<Member> members;
  std::unordered_map<std::string, size_t> index;
  std::string prefix;
  size_t next = 0;

  /// Rows tend to repeat the order of the row before: the member behind the last one, if its name starts here.
  Member *guess(const char *key, const char *end) {
    if (next >= members.size()) return nullptr;
    Member &member = members[next];
    size_t length = member.name.size();
    if (!member.is_plain || (size_t)(end - key) <= length || key[length] != '"') return nullptr;
    if (std::memcmp(key, member.name.data(), length)) return nullptr;
    next++;
    return &member;
  }

  Member &find(std::string_view name) {
    auto found = index.find(std::string(name));
    size_t at;
    if (found == index.end()) {
      at = members.size();
      members.emplace_back();
      members.back().name = std::string(name);
      members.back().is_plain = name.find_first_of("\"\\") == name.npos;
      index.emplace(members.back().name, at);
    } else {
      at = found->second;
    }
    next = at + 1;
    return members[at];
  }
};

/// Cuts the space off that JSON allows behind a value.
inline std::string_view without_space(std::string_view t) {
  auto is_space = [](char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; };
  while (!t.empty() && is_space(t.back())) t.remove_suffix(1);
  return t;
}

/// Whether a text is a number, `true` or `false`.
bool is_word(std::string_view t) {
  size_t at = 0, n = t.size();
  auto digits = [&] {
    size_t from = at;
    while (at < n && (uint8_t)(t[at] - '0') < 10) at++;
    return at > from;
  };
  if (at < n && t[at] == '-') at++;
  if (at < n && t[at] == '0') at++;
  else if (!digits()) return t == "true" || t == "false";
  if (at < n && t[at] == '.') {
    at++;
    if (!digits()) return false;
  }
  if (at < n && (t[at] | 0x20) == 'e') {
    at++;
    if (at < n && (t[at] == '-' || t[at] == '+')) at++;
    if (!digits()) return false;
  }
  return at == n;
}

/// Four hexadecimal digits; false when they are none.
bool read_unit(std::string_view text, size_t at, uint32_t &unit) {
  if (text.size() < at + 4) return false;
  unit = 0;
  for (size_t k = 0; k < 4; k++) {
    uint8_t c = (uint8_t)text[at + k], letter = (uint8_t)((c | 0x20) - 'a');
    if ((uint8_t)(c - '0') >= 10 && letter >= 6) return false;
    unit = unit << 4 | ((uint8_t)(c - '0') < 10 ? c - '0' : letter + 10u);
  }
  return true;
}

void append_utf8(std::string &out, uint32_t c) {
  if (c < 0x80) {
    out += (char)c;
    return;
  }
  if (c < 0x800) {
    out += (char)(0xC0 | c >> 6);
  } else {
    if (c < 0x10000) {
      out += (char)(0xE0 | c >> 12);
    } else {
      out += (char)(0xF0 | c >> 18);
      out += (char)(0x80 | (c >> 12 & 0x3F));
    }
    out += (char)(0x80 | (c >> 6 & 0x3F));
  }
  out += (char)(0x80 | (c & 0x3F));
}

/// What a backslash and this character mean, 0 for nothing.
char short_escape(char kind) {
  switch (kind) {
    case '"': case '\\': case '/': return kind;
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    default: return 0;
  }
}

/// Walks over the inside of a string and appends what it means, U+FFFD for half of a surrogate pair, unless `out` is
/// null. False for an escape that JSON does not have.
bool unescape(std::string_view text, std::string *out, bool &is_lone) {
  size_t at = 0;
  while (at < text.size()) {
    const void *found = std::memchr(text.data() + at, '\\', text.size() - at);
    size_t next = found ? (size_t)((const char *)found - text.data()) : text.size();
    if (out) out->append(text, at, next - at);
    if (!found) return true;
    if (next + 1 == text.size()) return false;
    char kind = text[next + 1];
    at = next + 2;
    if (kind == 'u') {
      uint32_t unit, low;
      if (!read_unit(text, at, unit)) return false;
      at += 4;
      if (unit >= 0xD800 && unit < 0xE000) {
        bool has_low = unit < 0xDC00 && text.substr(at, 2) == "\\u" && read_unit(text, at + 2, low) && low >= 0xDC00 &&
                       low < 0xE000;
        if (has_low) {
          unit = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
          at += 6;
        } else {
          is_lone = true;
          unit = 0xFFFD;
        }
      }
      if (out) append_utf8(*out, unit);
      continue;
    }
    char meaning = short_escape(kind);
    if (!meaning) return false;
    if (out) *out += meaning;
  }
  return true;
}

}  // namespace

struct json_rows {
  ondemand::parser parser;
  json_rows_options options;
  Level root;
  /// The column of whole rows, -1 where rows are objects.
  int values = -1;
  std::vector<std::string> columns;
  std::unordered_map<std::string, int> column_index;
  /// A key without escapes.
  std::string scratch;

  // One call of `json_rows_read`.
  const uint8_t *base = nullptr;
  json_field *row = nullptr;
  size_t stride = 0;
  bool needs_room = false;

  // One row.
  uint64_t number = 0;
  ondemand::document *document = nullptr;
  const char *row_end = nullptr;
  /// A nested value that is being checked has half of a surrogate pair.
  bool is_lone = false;

  int add(const std::string &name) {
    auto [at, is_new] = column_index.try_emplace(name, (int)columns.size());
    if (is_new) columns.push_back(name);
    return at->second;
  }

  uint8_t put(int column, const char *start, size_t length, uint32_t kind) {
    if ((size_t)column >= stride) {
      needs_room = true;
      return json_row_ok;
    }
    if (length >= (1u << 28)) return json_row_too_large;
    json_field &field = row[column];
    if (field.size >> 28 != json_null && !options.last_wins) return json_row_duplicate;
    field.start = (uint32_t)((const uint8_t *)start - base);
    field.size = (uint32_t)length | kind << 28;
    return json_row_ok;
  }

  static uint8_t status_of(error_code code) {
    switch (code) {
      case UTF8_ERROR: return json_row_bad_utf8;
      case DEPTH_ERROR: return json_row_too_deep;
      case CAPACITY: return json_row_too_large;
      default: return json_row_malformed;
    }
  }

  int column_of(Level &level, Level::Member &member) {
    if (member.column < 0) member.column = add(level.prefix + member.name);
    return member.column;
  }

  /// The inside of a string; the first stage has seen that it is closed.
  static std::string_view inside(const char *start) {
    const char *end = start;
    while (*end != '"') end += *end == '\\' ? 2 : 1;
    return {start, (size_t)(end - start)};
  }

  static bool has_escape(std::string_view text) { return std::memchr(text.data(), '\\', text.size()) != nullptr; }

  /// Checks the escapes inside of a string, and notes half a surrogate pair.
  uint8_t check(std::string_view text) {
    if (!has_escape(text)) return json_row_ok;
    bool lone = false;
    if (!unescape(text, nullptr, lone)) return json_row_bad_escape;
    if (!lone) return json_row_ok;
    is_lone = true;
    return options.replaces_surrogates ? json_row_ok : json_row_lone_surrogate;
  }

  /// Takes back what the row has of a member so far.
  void forget(const Level::Member &member) {
    if (member.column >= 0 && (size_t)member.column < stride) row[member.column] = {0, 0};
    if (!member.inner) return;
    for (auto &inner : member.inner->members)
      if (inner.row == number) forget(inner);
  }

  /// The member of a key that was not the next one.
  __attribute__((noinline)) uint8_t find(Level &level, const char *key, Level::Member *&member) {
    std::string_view name = inside(key);
    if (has_escape(name)) {
      if (uint8_t status = check(name)) return status;
      bool lone = false;
      scratch.clear();
      unescape(name, &scratch, lone);
      name = scratch;
    }
    member = &level.find(name);
    return json_row_ok;
  }

  uint8_t read_object(ondemand::object object, Level &level, size_t depth) {
    if (depth > options.max_depth) return json_row_too_deep;
    level.next = 0;
    for (auto entry : object) {
      ondemand::field field;
      if (auto code = std::move(entry).get(field)) return status_of(code);
      const char *key = field.key().raw();
      Level::Member *member = level.guess(key, row_end);
      if (!member)
        if (uint8_t status = find(level, key, member)) return status;
      if (member->row == number) {
        if (!options.last_wins) return json_row_duplicate;
        forget(*member);
      }
      member->row = number;
      if (uint8_t status = read_value(field.value(), level, *member, depth)) return status;
    }
    return json_row_ok;
  }

  uint8_t read_value(ondemand::value value, Level &level, Level::Member &member, size_t depth) {
    std::string_view token = without_space(value.raw_json_token());
    switch (token.empty() ? 0 : token[0]) {
      case '"': {
        ondemand::raw_json_string text;
        if (value.get_raw_json_string().get(text)) return json_row_malformed;
        return put_string(column_of(level, member), token);
      }
      case '{':
        if (depth <= options.flatten) {
          if (!member.inner) {
            member.inner = std::make_unique<Level>();
            member.inner->prefix = level.prefix + member.name + ".";
          }
          ondemand::object inner;
          if (auto code = value.get_object().get(inner)) return status_of(code);
          return read_object(inner, *member.inner, depth + 1);
        }
        [[fallthrough]];
      case '[': {
        is_lone = false;
        if (uint8_t status = check_value(value, depth + 1)) return status;
        return put_nested(column_of(level, member), token.data());
      }
      default: return put_word(column_of(level, member), token);
    }
  }

  /// A whole string, which ends with its token.
  uint8_t put_string(int column, std::string_view token) {
    std::string_view text = token.substr(1, token.size() - 2);
    bool is_escaped = has_escape(text);
    if (is_escaped)
      if (uint8_t status = check(text)) return status;
    return put(column, text.data(), text.size(), is_escaped ? json_escaped : json_string);
  }

  uint8_t put_word(int column, std::string_view token) {
    if (token == "null") return put(column, token.data(), 4, json_explicit_null);
    if (!is_word(token)) return json_row_malformed;
    return put(column, token.data(), token.size(), json_bare);
  }

  /// Puts the text of a nested value all of which has just been walked over.
  uint8_t put_nested(int column, const char *start) {
    const char *end;
    if (document->current_location().get(end)) end = row_end;
    std::string_view text = without_space({start, (size_t)(end - start)});
    return put(column, text.data(), text.size(), is_lone ? json_nested_lone : json_nested);
  }

  /// Whether a value is JSON to its last level.
  uint8_t check_value(ondemand::value value, size_t depth) {
    std::string_view token = without_space(value.raw_json_token());
    switch (token.empty() ? 0 : token[0]) {
      case '"': {
        ondemand::raw_json_string text;
        if (value.get_raw_json_string().get(text)) return json_row_malformed;
        return check(token.substr(1, token.size() - 2));
      }
      case '{': return check_object(value.get_object(), depth);
      case '[': return check_array(value.get_array(), depth);
      default: return token == "null" || is_word(token) ? json_row_ok : json_row_malformed;
    }
  }

  uint8_t check_object(simdjson_result<ondemand::object> found, size_t depth) {
    if (depth > options.max_depth) return json_row_too_deep;
    ondemand::object object;
    if (auto code = std::move(found).get(object)) return status_of(code);
    for (auto entry : object) {
      ondemand::field field;
      if (auto code = std::move(entry).get(field)) return status_of(code);
      if (uint8_t status = check(inside(field.key().raw()))) return status;
      if (uint8_t status = check_value(field.value(), depth + 1)) return status;
    }
    return json_row_ok;
  }

  uint8_t check_array(simdjson_result<ondemand::array> found, size_t depth) {
    if (depth > options.max_depth) return json_row_too_deep;
    ondemand::array array;
    if (auto code = std::move(found).get(array)) return status_of(code);
    for (auto entry : array) {
      ondemand::value element;
      if (auto code = std::move(entry).get(element)) return status_of(code);
      if (uint8_t status = check_value(element, depth + 1)) return status;
    }
    return json_row_ok;
  }

  uint8_t read_row(size_t start, size_t end, size_t size) {
    number++;
    // simdjson reads in front of an empty text.
    if (start == end) return json_row_malformed;
    ondemand::document document;
    auto code = parser.iterate(base + start, end - start, size + SIMDJSON_PADDING - start).get(document);
    if (code) return status_of(code);
    this->document = &document;
    row_end = (const char *)base + end;
    std::string_view text = without_space({(const char *)base + start, end - start});
    char first = text.empty() ? 0 : text[0];
    uint8_t status;
    if (values < 0 && first == '{') {
      ondemand::object object;
      if ((code = document.get_object().get(object))) return status_of(code);
      status = read_object(object, root, 1);
    } else {
      is_lone = false;
      if (first == '{') status = check_object(document.get_object(), 1);
      else if (first == '[') status = check_array(document.get_array(), 1);
      else return read_scalar(text);
      if (status == json_row_ok) status = values < 0 ? json_row_not_object : put_nested(values, text.data());
    }
    if (status == json_row_ok && !document.current_location().error()) return json_row_malformed;
    return status;
  }

  /// A row that is a string, number or word.
  uint8_t read_scalar(std::string_view text) {
    if (!is_scalar(text)) return json_row_malformed;
    if (text[0] != '"') return values < 0 ? json_row_not_object : put_word(values, text);
    if (values >= 0) return put_string(values, text);
    uint8_t status = check(text.substr(1, text.size() - 2));
    return status ? status : json_row_not_object;
  }

  /// Whether a text without space around it is one string, number or word as far as its ends show.
  static bool is_scalar(std::string_view text) {
    if (text.empty()) return false;
    return text[0] == '"' ? inside(text.data() + 1).size() + 2 == text.size() : text == "null" || is_word(text);
  }
};

json_rows *json_rows_new(json_rows_options options) {
  auto rows = new json_rows();
  rows->options = options;
  return rows;
}

void json_rows_take_values(json_rows *rows, const char *name, size_t length) {
  rows->values = rows->add(std::string(name, length));
}

void json_rows_free(json_rows *rows) { delete rows; }

size_t json_rows_add_column(json_rows *rows, const char *name, size_t length) {
  return (size_t)rows->add(std::string(name, length));
}

size_t json_rows_column_count(const json_rows *rows) { return rows->columns.size(); }

const char *json_rows_column_name(const json_rows *rows, size_t column, size_t *length) {
  *length = rows->columns[column].size();
  return rows->columns[column].data();
}

size_t json_rows_read(json_rows *rows, const uint8_t *bytes, size_t size, const uint32_t *starts, const uint32_t *ends,
                      size_t count, json_field *fields, size_t stride, uint8_t *status) {
  rows->base = bytes;
  rows->stride = stride;
  for (size_t n = 0; n < count; n++) {
    rows->row = fields + n * stride;
    rows->needs_room = false;
    std::memset(rows->row, 0, stride * sizeof(json_field));
    status[n] = rows->read_row(starts[n], ends[n], size);
    if (rows->needs_room) {
      std::memset(rows->row, 0, stride * sizeof(json_field));
      return n;
    }
  }
  return count;
}
