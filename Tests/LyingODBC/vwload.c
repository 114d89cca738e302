/* COPY … VWLOAD as Actian's SQL Language Guide 6.2 has it, and stricter: the server overlooks what is wrong in the
 * options, here everything that the manual does not allow is refused. The server runs as another user of the folder's
 * group, so that a file must be readable by the group, and should be by nobody else. */

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "lying.h"

static char wrong[512];

#define REFUSE(...) return (snprintf(wrong, sizeof wrong, __VA_ARGS__), (const char *)wrong)

/* --- the statement ----------------------------------------------------------------------------------------------- */

typedef struct {
  char table[512], path[4096], null[64], quote[3];
  char field, record;
  int strict, text;
} Copy;

/* Reads a literal of SQL behind spaces; NULL where there is none. */
static const char *literal(const char *at, char *out, size_t room) {
  while (*at == ' ') at++;
  if (*at++ != '\'') return NULL;
  size_t used = 0;
  for (; *at != 0; at++) {
    if (*at == '\'' && *++at != '\'') return out[used] = 0, at;
    if (used + 1 >= room) return NULL;
    out[used++] = *at;
  }
  return NULL;
}

static const char *option(Copy *copy, const char *name, const char *value, int is_literal) {
  size_t length = strlen(value);
  if (strcmp(name, "FDELIM") == 0 && is_literal && length == 1) {
    copy->field = *value;
  } else if (strcmp(name, "QUOTE") == 0 && is_literal && length == 1) {
    snprintf(copy->quote, sizeof copy->quote, "%s", value);
  } else if (strcmp(name, "NULLVALUE") == 0 && is_literal) {
    snprintf(copy->null, sizeof copy->null, "%s", value);
  } else if (strcmp(name, "CHARSET") == 0 && is_literal && strcmp(value, "UTF8") == 0) {
  } else if (strcmp(name, "ROLLBACK") == 0 && !is_literal && strcmp(value, "ON") == 0) {
  } else if (strcmp(name, "STRICTNULLS") == 0 && length == 0) {
    copy->strict = 1;
  } else if (strcmp(name, "TEXTMODE") == 0 && length == 0) {
    copy->text = 1;
  } else {
    REFUSE("VWLOAD knows no option %s with the value '%s'", name, value);
  }
  return NULL;
}

static const char *options(Copy *copy, const char *at) {
  while (1) {
    char name[32], value[64] = "";
    int used = 0, is_literal = 0;
    if (sscanf(at, " %31[A-Z_]%n", name, &used) != 1) REFUSE("VWLOAD expects an option at '%s'", at);
    at += used;
    if (*at == '=') {
      is_literal = at[1] == '\'';
      if (is_literal) at = literal(at + 1, value, sizeof value);
      else if (sscanf(at, "=%63[A-Z]%n", value, &used) == 1) at += used;
      else at = NULL;
      if (at == NULL) REFUSE("VWLOAD expects a value for %s", name);
    }
    const char *fault = option(copy, name, value, is_literal);
    if (fault != NULL) return fault;
    while (*at == ' ') at++;
    if (*at == 0) return NULL;
    if (*at++ != ',') REFUSE("VWLOAD expects a comma at '%s'", at - 1);
  }
}

static const char *statement(const char *sql, Copy *copy) {
  const char *end = strstr(sql, "() VWLOAD FROM ");
  if (end == NULL || (size_t)(end - sql - 5) >= sizeof copy->table) REFUSE("VWLOAD expects COPY table() VWLOAD FROM");
  snprintf(copy->table, sizeof copy->table, "%.*s", (int)(end - sql - 5), sql + 5);
  const char *at = literal(end + strlen("() VWLOAD FROM "), copy->path, sizeof copy->path);
  if (at == NULL || strncmp(at, " WITH ", 6) != 0) REFUSE("VWLOAD expects the name of a file, and WITH");
  if (*copy->path != '/' || strchr(copy->path, '*') != NULL) REFUSE("VWLOAD expects one absolute path");
  copy->field = '|';
  copy->record = '\n';
  return options(copy, at + 6);
}

/* --- the file ---------------------------------------------------------------------------------------------------- */

static const char *contents(const Copy *copy, unsigned char **bytes, size_t *count) {
  struct stat info;
  FILE *file = fopen(copy->path, "rb");
  if (file == NULL || fstat(fileno(file), &info) != 0) {
    if (file != NULL) fclose(file);
    REFUSE("VWLOAD cannot open file '%s'", copy->path);
  }
  if ((info.st_mode & 0777) != 0640) {
    fclose(file);
    REFUSE("VWLOAD: file '%s' has the mode %o", copy->path, (unsigned)info.st_mode & 0777);
  }
  *bytes = malloc((size_t)info.st_size + 1);
  *count = fread(*bytes, 1, (size_t)info.st_size, file);
  fclose(file);
  size_t kept = 0;
  for (size_t at = 0; at < *count; at++) {
    if ((*bytes)[at] == 0) REFUSE("VWLOAD: a zero byte at %zu", at);
    /* The conversion of line ends, which TEXTMODE is to switch off. */
    if (!copy->text && (*bytes)[at] == '\r' && at + 1 < *count && (*bytes)[at + 1] == '\n') continue;
    (*bytes)[kept++] = (*bytes)[at];
  }
  *count = kept;
  (*bytes)[kept] = 0;
  return NULL;
}

/* Whether bytes are UTF-8; overlong forms and surrogates are not looked for. */
static int is_utf8(const unsigned char *at) {
  while (*at != 0) {
    int more = *at < 0x80 ? 0 : *at >= 0xC2 && *at < 0xE0 ? 1 : (*at & 0xF0) == 0xE0 ? 2 : *at < 0xF5 ? 3 : -1;
    if (more < 0 || (*at >= 0x80 && *at < 0xC2)) return 0;
    at++;
    for (; more > 0; more--, at++)
      if ((*at & 0xC0) != 0x80) return 0;
  }
  return 1;
}

typedef struct {
  char *text;
  int is_null;
} Value;

/* Takes the next field; the text is made in place. */
static const char *field(const Copy *copy, unsigned char **at, Value *out, int *is_last) {
  unsigned char *in = *at, *to = *at, quote = (unsigned char)copy->quote[0];
  int is_quoted = quote != 0 && *in == quote;
  out->text = (char *)in;
  if (is_quoted) {
    for (in++;; in++) {
      if (*in == 0) REFUSE("VWLOAD: a quote that is not closed");
      if (*in == quote && *++in != quote) break;
      *to++ = *in;
    }
  } else {
    for (; *in != 0 && *in != (unsigned char)copy->field && *in != (unsigned char)copy->record; in++) {
      if (*in == quote) REFUSE("VWLOAD: a quote within a field without quotes");
      *to++ = *in;
    }
  }
  if (*in != (unsigned char)copy->field && *in != (unsigned char)copy->record)
    REFUSE("VWLOAD: a field does not end where its delimiter is");
  *is_last = *in == (unsigned char)copy->record;
  *at = in + 1;
  *to = 0;
  out->is_null = strcmp(out->text, copy->null) == 0 && !(is_quoted && copy->strict);
  /* What is empty between two delimiters counts as NULL in some columns and as a text in others. */
  if (!is_quoted && *out->text == 0) REFUSE("VWLOAD: an empty field without quotes");
  return NULL;
}

/* --- values ------------------------------------------------------------------------------------------------------ */

/* Whether a text is of a form: 9 a digit, all else itself. Gives what follows. */
static const char *form(const char *text, const char *form) {
  for (; text != NULL && *form != 0; text++, form++)
    if (*form == '9' ? !isdigit((unsigned char)*text) : *text != *form) return NULL;
  return text;
}

static const char *fraction(const char *text) {
  if (text == NULL || *text != '.') return text;
  size_t digits = strspn(text + 1, "0123456789");
  return digits >= 1 && digits <= 9 ? text + 1 + digits : NULL;
}

static const char *number(const char *text) {
  text += *text == '-';
  size_t digits = strspn(text, "0123456789");
  if (digits == 0 || (digits > 1 && *text == '0')) return NULL;
  text += digits;
  if (*text != '.') return text;
  digits = strspn(text + 1, "0123456789");
  return digits == 0 ? NULL : text + 1 + digits;
}

/* Whether a text is a value of a type of ODBC, or of Actian's. */
static int fits(const char *text, SQLSMALLINT type, const char *name) {
  const char *end = text + strlen(text);
  switch (type) {
  case SQL_BIT: return strcmp(text, "true") == 0 || strcmp(text, "false") == 0;
  case SQL_TINYINT:
  case SQL_SMALLINT:
  case SQL_INTEGER:
  case SQL_BIGINT: return number(text) == end && strchr(text, '.') == NULL;
  case SQL_DECIMAL:
  case SQL_NUMERIC: return number(text) == end;
  case SQL_REAL:
  case SQL_FLOAT:
  case SQL_DOUBLE: {
    const char *rest = number(text);
    if (rest != NULL && *rest == 'e') rest += 1 + (rest[1] == '-' || rest[1] == '+');
    return rest != NULL && rest + strspn(rest, "0123456789") == end;
  }
  case SQL_TYPE_DATE: return form(text, "9999-99-99") == end;
  case SQL_TYPE_TIME:
    return strstr(name, "with time zone") != NULL || fraction(form(text, "99:99:99")) == end;
  case SQL_TYPE_TIMESTAMP: {
    if (strcmp(name, "ingresdate") == 0) return form(text, "9999-99-99 99:99:99") == end;
    const char *rest = fraction(form(text, "9999-99-99 99:99:99"));
    int is_zoned = strstr(name, "with time zone") != NULL || strstr(name, "with local") != NULL;
    return rest != NULL && (is_zoned ? form(rest, "+99:99") : rest) == end;
  }
  case SQL_GUID: return form(text, "") != NULL && strlen(text) == 36;
  default: return 1;
  }
}

/* --- the load ---------------------------------------------------------------------------------------------------- */

enum { MOST = 512 };

typedef struct {
  SQLHSTMT statement;
  int columns;
  SQLSMALLINT types[MOST];
  const char *names[MOST];
  Value row[MOST];
  SQLLEN lengths[MOST];
} Load;

static void end(SQLHSTMT statement) {
  SQLRETURN (*function)(SQLHSTMT, SQLUSMALLINT) = real("SQLFreeStmt");
  function(statement, SQL_CLOSE);
}

static const char *columns(Load *load, SQLHDBC connection, const Copy *copy) {
  char sql[1024];
  SQLSMALLINT count = 0;
  SQLRETURN (*run)(SQLHSTMT, SQLCHAR *, SQLINTEGER) = real("SQLExecDirect");
  SQLRETURN (*counted)(SQLHSTMT, SQLSMALLINT *) = real("SQLNumResultCols");
  snprintf(sql, sizeof sql, "SELECT * FROM %s WHERE 1 = 0", copy->table);
  if (!SQL_SUCCEEDED(allocate(SQL_HANDLE_STMT, connection, &load->statement))) REFUSE("no statement");
  if (!SQL_SUCCEEDED(run(load->statement, (SQLCHAR *)sql, SQL_NTS))) REFUSE("table %s does not exist", copy->table);
  counted(load->statement, &count);
  if (count > MOST) REFUSE("more columns than this can count");
  for (load->columns = 0; load->columns < count; load->columns++)
    load->types[load->columns] =
      type_of(load->statement, (SQLUSMALLINT)(load->columns + 1), &load->names[load->columns]);
  end(load->statement);
  return NULL;
}

static const char *prepare(Load *load, const Copy *copy) {
  char *sql = malloc(600 + 3 * MOST);
  SQLRETURN (*prepare)(SQLHSTMT, SQLCHAR *, SQLINTEGER) = real("SQLPrepare");
  int used = snprintf(sql, 600, "INSERT INTO %s VALUES (", copy->table);
  for (int column = 0; column < load->columns; column++)
    used += sprintf(sql + used, column + 1 < load->columns ? "?, " : "?)");
  SQLRETURN status = prepare(load->statement, (SQLCHAR *)sql, SQL_NTS);
  free(sql);
  if (!SQL_SUCCEEDED(status)) REFUSE("no rows into table %s", copy->table);
  return NULL;
}

static const char *insert(Load *load, long long number) {
  SQLRETURN (*execute)(SQLHSTMT) = real("SQLExecute");
  SQLRETURN (*bind)(
    SQLHSTMT, SQLUSMALLINT, SQLSMALLINT, SQLSMALLINT, SQLSMALLINT, SQLULEN, SQLSMALLINT, SQLPOINTER, SQLLEN,
    SQLLEN *) = real("SQLBindParameter");
  for (int column = 0; column < load->columns; column++) {
    Value *value = &load->row[column];
    if (!value->is_null && load->types[column] == SQL_BIT) value->text = strcmp(value->text, "true") == 0 ? "1" : "0";
    load->lengths[column] = value->is_null ? SQL_NULL_DATA : (SQLLEN)strlen(value->text);
    bind(
      load->statement, (SQLUSMALLINT)(column + 1), SQL_PARAM_INPUT, SQL_C_CHAR, SQL_VARCHAR, 1 << 20, 0, value->text,
      0, &load->lengths[column]);
  }
  if (!SQL_SUCCEEDED(execute(load->statement))) REFUSE("row %lld: cannot be inserted", number);
  end(load->statement);
  return NULL;
}

static const char *rows(Load *load, const Copy *copy, unsigned char *at, unsigned char *end, int loses,
  long long *count) {
  for (long long number = 1; at < end; number++) {
    int is_last = 0;
    for (int column = 0; column < load->columns; column++) {
      Value *value = &load->row[column];
      if (column > 0 && is_last) REFUSE("row %lld has only %d fields", number, column);
      const char *fault = field(copy, &at, value, &is_last);
      if (fault != NULL) return fault;
      if (!is_utf8((unsigned char *)value->text)) REFUSE("row %lld, field %d: not UTF-8", number, column + 1);
      if (!value->is_null && !fits(value->text, load->types[column], load->names[column]))
        REFUSE("row %lld, field %d: cannot convert '%s'", number, column + 1, value->text);
    }
    if (!is_last) REFUSE("row %lld has more than %d fields", number, load->columns);
    if (loses && at == end) return NULL;
    const char *fault = insert(load, number);
    if (fault != NULL) return fault;
    *count = number;
  }
  return NULL;
}

const char *vwload(SQLHDBC connection, const char *sql, int loses, long long *count) {
  Copy copy = {0};
  unsigned char *bytes = NULL;
  size_t length = 0;
  Load *load = calloc(1, sizeof *load);
  const char *fault = statement(sql, &copy);
  if (fault == NULL) fault = contents(&copy, &bytes, &length);
  if (fault == NULL) fault = columns(load, connection, &copy);
  if (fault == NULL) fault = prepare(load, &copy);
  if (fault == NULL) fault = rows(load, &copy, bytes, bytes + length, loses, count);
  if (load->statement != NULL) release(SQL_HANDLE_STMT, load->statement);
  free(load);
  free(bytes);
  return fault;
}
