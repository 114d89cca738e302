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
  };
  std::vector<Member> members;
  std::unordered_map<std::string, size_t> index;
  std::string prefix;
  size_t next = 0;

  /// Rows tend to repeat the order of the row before: the member behind the last one is tried first.
  Member &find(std::string_view name) {
    if (next < members.size() && members[next].name == name) return members[next++];
    auto found = index.find(std::string(name));
    size_t at;
    if (found == index.end()) {
      at = members.size();
      members.emplace_back();
      members.back().name = std::string(name);
      index.emplace(members.back().name, at);
    } else {
      at = found->second;
    }
    next = at + 1;
    return members[at];
  }
};

}  // namespace

struct json_rows {
  ondemand::parser parser;
  size_t max_depth, flatten;
  bool last_wins;
  Level root;
  std::vector<std::string> columns;
  std::unordered_map<std::string, int> column_index;
  /// Unescaped keys.
  std::vector<uint8_t> scratch;

  // One call of `json_rows_read`.
  const uint8_t *base = nullptr;
  json_field *row = nullptr;
  size_t stride = 0;
  bool needs_room = false;

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
    if (field.size >> 28 != json_null && !last_wins) return json_row_duplicate;
    field.start = (uint32_t)((const uint8_t *)start - base);
    field.size = (uint32_t)length | kind << 28;
    return json_row_ok;
  }

  uint8_t status_of(error_code code) {
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

  uint8_t read_object(ondemand::object object, Level &level, size_t depth) {
    level.next = 0;
    for (auto entry : object) {
      ondemand::field field;
      if (auto code = std::move(entry).get(field)) return status_of(code);
      const char *raw = field.key().raw();
      const char *end = raw;
      bool has_escape = false;
      // The first stage has seen that the string is closed.
      while (*end != '"') {
        if (*end == '\\') {
          has_escape = true;
          end++;
        }
        end++;
      }
      std::string_view name(raw, (size_t)(end - raw));
      if (has_escape && field.unescaped_key().get(name)) return json_row_malformed;
      Level::Member &member = level.find(name);
      uint8_t status = read_value(field.value(), level, member, depth);
      if (status != json_row_ok) return status;
    }
    return json_row_ok;
  }

  static bool is_number(std::string_view t) {
    size_t at = 0, n = t.size();
    auto digits = [&] {
      size_t from = at;
      while (at < n && (uint8_t)(t[at] - '0') < 10) at++;
      return at > from;
    };
    if (at < n && t[at] == '-') at++;
    if (at < n && t[at] == '0') at++;
    else if (!digits()) return false;
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

  static std::string_view trim(std::string_view t) {
    while (!t.empty() && (uint8_t)t.back() <= ' ') t.remove_suffix(1);
    return t;
  }

  uint8_t read_value(ondemand::value value, Level &level, Level::Member &member, size_t depth) {
    std::string_view token = value.raw_json_token();
    switch (token.empty() ? 0 : token[0]) {
      case '"': {
        ondemand::raw_json_string text;
        if (value.get_raw_json_string().get(text)) return json_row_malformed;
        // The token reaches to the next structural character: its last quote ends the string.
        const char *start = token.data() + 1;
        const char *end = token.data() + trim(token).size() - 1;
        size_t length = (size_t)(end - start);
        bool has_escape = std::memchr(start, '\\', length) != nullptr;
        return put(column_of(level, member), start, length, has_escape ? json_escaped : json_string);
      }
      case '{': {
        if (depth < flatten) {
          if (!member.inner) {
            member.inner = std::make_unique<Level>();
            member.inner->prefix = level.prefix + member.name + ".";
          }
          ondemand::object inner;
          if (auto code = value.get_object().get(inner)) return status_of(code);
          return read_object(inner, *member.inner, depth + 1);
        }
        [[fallthrough]];
      }
      case '[': {
        std::string_view nested;
        error_code code;
        if (token[0] == '{') {
          ondemand::object object;
          if ((code = value.get_object().get(object))) return status_of(code);
          code = object.raw_json().get(nested);
        } else {
          ondemand::array array;
          if ((code = value.get_array().get(array))) return status_of(code);
          code = array.raw_json().get(nested);
        }
        if (code) return status_of(code);
        nested = trim(nested);
        return put(column_of(level, member), nested.data(), nested.size(), json_nested);
      }
      case 'n':
        if (trim(token) != "null" || !value.is_null().value_unsafe()) return json_row_malformed;
        return put(column_of(level, member), token.data(), 4, json_explicit_null);
      default: {
        token = trim(token);
        if (token != "true" && token != "false" && !is_number(token)) return json_row_malformed;
        return put(column_of(level, member), token.data(), token.size(), json_bare);
      }
    }
  }

  uint8_t read_row(size_t start, size_t end, size_t size) {
    ondemand::document document;
    auto code = parser.iterate(base + start, end - start, size + SIMDJSON_PADDING - start).get(document);
    if (code) return status_of(code);
    ondemand::json_type type;
    if ((code = document.type().get(type))) return status_of(code);
    if (type != ondemand::json_type::object) return json_row_not_object;
    ondemand::object object;
    if ((code = document.get_object().get(object))) return status_of(code);
    uint8_t status = read_object(object, root, 0);
    if (status == json_row_ok && !document.current_location().error()) return json_row_malformed;
    return status;
  }
};

json_rows *json_rows_new(size_t max_depth, size_t flatten, int last_wins) {
  auto rows = new json_rows();
  rows->max_depth = max_depth;
  rows->flatten = flatten;
  rows->last_wins = last_wins != 0;
  return rows;
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
