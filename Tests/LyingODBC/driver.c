#include <dlfcn.h>
#include <pthread.h>
#include <sql.h>
#include <sqlext.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lying.h"

/* --- the real driver --------------------------------------------------------------------------------------------- */

void *real(const char *name) {
  static void *library = NULL;
  if (library == NULL) {
    const char *path = getenv("FERRY_LYING_REAL");
    library = dlopen(path == NULL ? "libsqlite3odbc.so" : path, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) fprintf(stderr, "LyingODBC: %s\n", dlerror());
  }
  return library == NULL ? NULL : dlsym(library, name);
}

#define FORWARD(name, parameters, arguments)                                                                           \
  SQLRETURN name parameters {                                                                                          \
    SQLRETURN(*function) parameters = (SQLRETURN(*) parameters)real(#name);                                            \
    return function == NULL ? SQL_ERROR : function arguments;                                                          \
  }

/* --- what is known of connections and statements ----------------------------------------------------------------- */

typedef enum {
  ARRAY_REFUSED = 1,
  ARRAY_CHANGED = 2,
  ARRAY_IGNORED = 4,
  ARRAY_CLAIMED = 8,
  STATUS_SILENT = 16,
  NO_DESCRIBE_PARAM = 32,
  NO_TOTAL = 64,
  ROWSET_IGNORED = 128,
  VECTORWISE = 256,
  COMMIT_LOST = 512,
  VWLOAD_LOSES = 1024,
  VWLOAD_CLAIMS = 2048,
  VWLOAD_SILENT = 4096,
  VWLOAD_REFUSES = 8192,
  VWLOAD_MISSING = 16384,
} Lie;

static const char *const names[] = {
  "array-refused", "array-changed", "array-ignored", "array-claimed", "status-silent",
  "no-describe-param", "no-total", "rowset-ignored", "vectorwise", "commit-lost",
  "vwload-loses", "vwload-claims", "vwload-silent", "vwload-refuses", "vwload-missing",
};

/* A handle of the real driver and what was said of it; `owner` is the connection of a statement. */
typedef struct Known {
  SQLHANDLE handle, owner;
  int lies;
  SQLULEN set_size;
  SQLULEN *processed;
  SQLUSMALLINT *status;
  /* What SQLGetDiagRec is to say instead of the real driver, once. */
  const char *state, *text;
  /* Rows that COPY … VWLOAD is said to have loaded, where `copied`. */
  int copied;
  SQLLEN count;
  /* Records that SQLError has given of a driver without one. */
  SQLSMALLINT given;
  struct Known *next;
} Known;

static Known *first = NULL;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static Known *known(SQLHANDLE handle) {
  pthread_mutex_lock(&lock);
  Known *found = first;
  while (found != NULL && found->handle != handle) found = found->next;
  if (found == NULL && (found = calloc(1, sizeof *found)) != NULL) {
    found->handle = handle;
    found->set_size = 1;
    found->next = first;
    first = found;
  }
  pthread_mutex_unlock(&lock);
  return found;
}

static void forget(SQLHANDLE handle) {
  pthread_mutex_lock(&lock);
  for (Known **at = &first; *at != NULL; at = &(*at)->next) {
    if ((*at)->handle != handle) continue;
    Known *gone = *at;
    *at = gone->next;
    free(gone);
    break;
  }
  pthread_mutex_unlock(&lock);
}

static int tells(SQLHANDLE statement, int lies) {
  Known *it = known(statement);
  return ((it->owner == NULL ? it->lies : known(it->owner)->lies) & lies) != 0;
}

static SQLRETURN say(SQLHANDLE handle, const char *state, const char *text, SQLRETURN status) {
  known(handle)->state = state;
  known(handle)->text = text;
  return status;
}

/* --- handles ----------------------------------------------------------------------------------------------------- */

SQLRETURN allocate(SQLSMALLINT kind, SQLHANDLE parent, SQLHANDLE *handle) {
  SQLRETURN (*function)(SQLSMALLINT, SQLHANDLE, SQLHANDLE *) = real("SQLAllocHandle");
  SQLRETURN status = function == NULL ? SQL_ERROR : function(kind, parent, handle);
  if (SQL_SUCCEEDED(status) && kind == SQL_HANDLE_STMT) known(*handle)->owner = parent;
  return status;
}

SQLRETURN SQLAllocHandle(SQLSMALLINT kind, SQLHANDLE parent, SQLHANDLE *handle) {
  return allocate(kind, parent, handle);
}

SQLRETURN release(SQLSMALLINT kind, SQLHANDLE handle) {
  SQLRETURN (*function)(SQLSMALLINT, SQLHANDLE) = real("SQLFreeHandle");
  forget(handle);
  return function == NULL ? SQL_ERROR : function(kind, handle);
}

SQLRETURN SQLFreeHandle(SQLSMALLINT kind, SQLHANDLE handle) { return release(kind, handle); }

SQLRETURN SQLDriverConnect(
  SQLHDBC connection, SQLHWND window, SQLCHAR *text, SQLSMALLINT length, SQLCHAR *out, SQLSMALLINT room,
  SQLSMALLINT *used, SQLUSMALLINT completion) {
  char copy[4096];
  size_t count = length == SQL_NTS ? strlen((char *)text) : (size_t)length;
  if (count >= sizeof copy) return SQL_ERROR;
  memcpy(copy, text, count);
  copy[count] = 0;
  char *said = strstr(copy, "Lies=");
  Known *it = known(connection);
  it->lies = 0;
  if (said != NULL) {
    said[strcspn(said, ";")] = 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
      if (strstr(said, names[i]) != NULL) it->lies |= 1 << i;
  }
  SQLRETURN (*function)(
    SQLHDBC, SQLHWND, SQLCHAR *, SQLSMALLINT, SQLCHAR *, SQLSMALLINT, SQLSMALLINT *, SQLUSMALLINT) =
    real("SQLDriverConnect");
  return function == NULL ? SQL_ERROR : function(connection, window, text, length, out, room, used, completion);
}

SQLRETURN SQLEndTran(SQLSMALLINT kind, SQLHANDLE handle, SQLSMALLINT how) {
  SQLRETURN (*function)(SQLSMALLINT, SQLHANDLE, SQLSMALLINT) = real("SQLEndTran");
  SQLRETURN status = function == NULL ? SQL_ERROR : function(kind, handle, how);
  if (how == SQL_COMMIT && kind == SQL_HANDLE_DBC && tells(handle, COMMIT_LOST)) {
    known(handle)->lies &= ~COMMIT_LOST;
    return say(handle, "08S01", "the connection broke", SQL_ERROR);
  }
  return status;
}

/* --- what is said about the database ----------------------------------------------------------------------------- */

SQLRETURN SQLGetInfo(SQLHDBC connection, SQLUSMALLINT what, SQLPOINTER value, SQLSMALLINT room, SQLSMALLINT *used) {
  SQLRETURN (*function)(SQLHDBC, SQLUSMALLINT, SQLPOINTER, SQLSMALLINT, SQLSMALLINT *) = real("SQLGetInfo");
  if (what != SQL_DBMS_NAME || !tells(connection, VECTORWISE))
    return function == NULL ? SQL_ERROR : function(connection, what, value, room, used);
  if (value != NULL) snprintf(value, room, "%s", "Actian Vector");
  if (used != NULL) *used = (SQLSMALLINT)strlen("Actian Vector");
  return SQL_SUCCESS;
}

/* Actian's types by their names, as its driver describes them. */
static const struct {
  const char *name, *shown;
  SQLSMALLINT type;
} types[] = {
  {"ingresdate", "ingresdate", SQL_TYPE_TIMESTAMP},
  {"ansidate", "ansidate", SQL_TYPE_DATE},
  {"money", "money", SQL_DECIMAL},
  {"time_without", "time without time zone", SQL_TYPE_TIME},
  {"time_with", "time with time zone", SQL_TYPE_TIME},
  {"time_local", "time with local time zone", SQL_TYPE_TIME},
  {"timestamp_without", "timestamp without time zone", SQL_TYPE_TIMESTAMP},
  {"timestamp_with", "timestamp with time zone", SQL_TYPE_TIMESTAMP},
  {"timestamp_local", "timestamp with local time zone", SQL_TYPE_TIMESTAMP},
  {"interval_ytom", "interval year to month", SQL_INTERVAL_YEAR_TO_MONTH},
  {"interval_dtos", "interval day to second", SQL_INTERVAL_DAY_TO_SECOND},
  {"boolean", "boolean", SQL_BIT},
  {"uuid", "uuid", SQL_GUID},
  {"ipv4", "ipv4", SQL_CHAR},
  {"ipv6", "ipv6", SQL_CHAR},
};

/* The place in `types` of a column called after one of them, or -1. */
static int kind(SQLHSTMT statement, SQLUSMALLINT column) {
  SQLRETURN (*function)(
    SQLHSTMT, SQLUSMALLINT, SQLUSMALLINT, SQLPOINTER, SQLSMALLINT, SQLSMALLINT *, SQLLEN *) = real("SQLColAttribute");
  char label[256] = "";
  if (function == NULL || !tells(statement, VECTORWISE)) return -1;
  if (!SQL_SUCCEEDED(function(statement, column, SQL_DESC_LABEL, label, sizeof label, NULL, NULL))) return -1;
  char *end = strstr(label, "__");
  if (end == NULL) return -1;
  *end = 0;
  for (size_t i = 0; i < sizeof types / sizeof *types; i++)
    if (strcasecmp(types[i].name, label) == 0) return (int)i;
  return -1;
}

SQLRETURN SQLColAttribute(
  SQLHSTMT statement, SQLUSMALLINT column, SQLUSMALLINT what, SQLPOINTER text, SQLSMALLINT room, SQLSMALLINT *used,
  SQLLEN *number) {
  SQLRETURN (*function)(
    SQLHSTMT, SQLUSMALLINT, SQLUSMALLINT, SQLPOINTER, SQLSMALLINT, SQLSMALLINT *, SQLLEN *) = real("SQLColAttribute");
  int place = what == SQL_DESC_TYPE_NAME || what == SQL_DESC_CONCISE_TYPE ? kind(statement, column) : -1;
  if (place < 0)
    return function == NULL ? SQL_ERROR : function(statement, column, what, text, room, used, number);
  if (what == SQL_DESC_CONCISE_TYPE) {
    if (number != NULL) *number = types[place].type;
    return SQL_SUCCESS;
  }
  if (text != NULL) snprintf(text, room, "%s", types[place].shown);
  if (used != NULL) *used = (SQLSMALLINT)strlen(types[place].shown);
  return SQL_SUCCESS;
}

SQLRETURN SQLDescribeCol(
  SQLHSTMT statement, SQLUSMALLINT column, SQLCHAR *name, SQLSMALLINT room, SQLSMALLINT *used, SQLSMALLINT *type,
  SQLULEN *size, SQLSMALLINT *scale, SQLSMALLINT *nullable) {
  SQLRETURN (*function)(
    SQLHSTMT, SQLUSMALLINT, SQLCHAR *, SQLSMALLINT, SQLSMALLINT *, SQLSMALLINT *, SQLULEN *, SQLSMALLINT *,
    SQLSMALLINT *) = real("SQLDescribeCol");
  SQLRETURN status =
    function == NULL ? SQL_ERROR : function(statement, column, name, room, used, type, size, scale, nullable);
  int place = kind(statement, column);
  if (SQL_SUCCEEDED(status) && place >= 0 && type != NULL) *type = types[place].type;
  int isRequired = name != NULL && tells(statement, VECTORWISE) && strncmp((char *)name, "required", 8) == 0;
  if (SQL_SUCCEEDED(status) && isRequired && nullable != NULL) *nullable = SQL_NO_NULLS;
  return status;
}

SQLSMALLINT type_of(SQLHSTMT statement, SQLUSMALLINT column, const char **name) {
  SQLRETURN (*function)(
    SQLHSTMT, SQLUSMALLINT, SQLCHAR *, SQLSMALLINT, SQLSMALLINT *, SQLSMALLINT *, SQLULEN *, SQLSMALLINT *,
    SQLSMALLINT *) = real("SQLDescribeCol");
  SQLCHAR label[256];
  SQLSMALLINT used, type = 0, scale, nullable;
  SQLULEN size;
  if (function != NULL) function(statement, column, label, sizeof label, &used, &type, &size, &scale, &nullable);
  int place = kind(statement, column);
  *name = place < 0 ? "" : types[place].shown;
  return place < 0 ? type : types[place].type;
}

SQLRETURN SQLGetFunctions(SQLHDBC connection, SQLUSMALLINT which, SQLUSMALLINT *out) {
  SQLRETURN (*function)(SQLHDBC, SQLUSMALLINT, SQLUSMALLINT *) = real("SQLGetFunctions");
  SQLRETURN status = function == NULL ? SQL_ERROR : function(connection, which, out);
  if (!SQL_SUCCEEDED(status) || !tells(connection, NO_DESCRIBE_PARAM)) return status;
  if (which == SQL_API_SQLDESCRIBEPARAM) *out = SQL_FALSE;
  if (which == SQL_API_ODBC3_ALL_FUNCTIONS)
    out[SQL_API_SQLDESCRIBEPARAM >> 4] &= (SQLUSMALLINT) ~(1 << (SQL_API_SQLDESCRIBEPARAM & 15));
  if (which == SQL_API_ALL_FUNCTIONS) out[SQL_API_SQLDESCRIBEPARAM] = SQL_FALSE;
  return status;
}

SQLRETURN SQLDescribeParam(
  SQLHSTMT statement, SQLUSMALLINT number, SQLSMALLINT *type, SQLULEN *size, SQLSMALLINT *scale,
  SQLSMALLINT *nullable) {
  SQLRETURN (*function)(SQLHSTMT, SQLUSMALLINT, SQLSMALLINT *, SQLULEN *, SQLSMALLINT *, SQLSMALLINT *) =
    real("SQLDescribeParam");
  if (tells(statement, NO_DESCRIBE_PARAM)) return say(statement, "IM001", "there is no SQLDescribeParam", SQL_ERROR);
  return function == NULL ? SQL_ERROR : function(statement, number, type, size, scale, nullable);
}

/* --- parameter arrays and rowsets -------------------------------------------------------------------------------- */

enum { ARRAYS = ARRAY_IGNORED | ARRAY_CLAIMED };

SQLRETURN SQLSetStmtAttr(SQLHSTMT statement, SQLINTEGER what, SQLPOINTER value, SQLINTEGER length) {
  SQLRETURN (*function)(SQLHSTMT, SQLINTEGER, SQLPOINTER, SQLINTEGER) = real("SQLSetStmtAttr");
  Known *it = known(statement);
  if (what == SQL_ATTR_PARAMSET_SIZE && (SQLULEN)value > 1) {
    if (tells(statement, ARRAY_REFUSED)) return say(statement, "HYC00", "no parameter arrays", SQL_ERROR);
    if (tells(statement, ARRAY_CHANGED))
      return say(statement, "01S02", "option value changed", SQL_SUCCESS_WITH_INFO);
  }
  if (what == SQL_ATTR_PARAMSET_SIZE) it->set_size = (SQLULEN)value;
  if (what == SQL_ATTR_PARAMS_PROCESSED_PTR) it->processed = value;
  if (what == SQL_ATTR_PARAM_STATUS_PTR) it->status = value;
  int is_array = what == SQL_ATTR_PARAMSET_SIZE || what == SQL_ATTR_PARAMS_PROCESSED_PTR;
  if ((is_array || what == SQL_ATTR_PARAM_STATUS_PTR) && tells(statement, ARRAYS)) return SQL_SUCCESS;
  if (what == SQL_ATTR_PARAM_STATUS_PTR && tells(statement, STATUS_SILENT)) return SQL_SUCCESS;
  if (what == SQL_ATTR_ROW_ARRAY_SIZE && tells(statement, ROWSET_IGNORED)) return SQL_SUCCESS;
  return function == NULL ? SQL_ERROR : function(statement, what, value, length);
}

SQLRETURN SQLGetStmtAttr(SQLHSTMT statement, SQLINTEGER what, SQLPOINTER value, SQLINTEGER room, SQLINTEGER *used) {
  SQLRETURN (*function)(SQLHSTMT, SQLINTEGER, SQLPOINTER, SQLINTEGER, SQLINTEGER *) = real("SQLGetStmtAttr");
  if (what == SQL_ATTR_PARAMSET_SIZE && tells(statement, ARRAYS)) {
    *(SQLULEN *)value = known(statement)->set_size;
    return SQL_SUCCESS;
  }
  return function == NULL ? SQL_ERROR : function(statement, what, value, room, used);
}

static SQLRETURN ran(SQLHSTMT statement, SQLRETURN status) {
  Known *it = known(statement);
  if (!SQL_SUCCEEDED(status) || !tells(statement, ARRAY_CLAIMED)) return status;
  if (it->processed != NULL) *it->processed = it->set_size;
  for (SQLULEN i = 0; it->status != NULL && i < it->set_size; i++) it->status[i] = SQL_PARAM_SUCCESS;
  return status;
}

SQLRETURN SQLExecute(SQLHSTMT statement) {
  SQLRETURN (*function)(SQLHSTMT) = real("SQLExecute");
  return function == NULL ? SQL_ERROR : ran(statement, function(statement));
}

/* COPY … VWLOAD; see vwload.c. */
static SQLRETURN copy(SQLHSTMT statement, const char *sql) {
  if (tells(statement, VWLOAD_MISSING)) return say(statement, "42000", "line 1, syntax error on 'VWLOAD'", SQL_ERROR);
  if (tells(statement, VWLOAD_REFUSES))
    return say(statement, "5000R", "row 2, column 'v': cannot convert 'v1' to integer", SQL_ERROR);
  Known *it = known(statement);
  long long count = 0;
  const char *wrong = vwload(it->owner, sql, tells(statement, VWLOAD_LOSES | VWLOAD_CLAIMS), &count);
  if (wrong != NULL) return say(statement, "5000R", wrong, SQL_ERROR);
  it->copied = 1;
  it->count = tells(statement, VWLOAD_SILENT) ? -1 : count + tells(statement, VWLOAD_CLAIMS);
  return SQL_SUCCESS;
}

SQLRETURN SQLRowCount(SQLHSTMT statement, SQLLEN *count) {
  SQLRETURN (*function)(SQLHSTMT, SQLLEN *) = real("SQLRowCount");
  Known *it = known(statement);
  if (!it->copied) return function == NULL ? SQL_ERROR : function(statement, count);
  *count = it->count;
  return SQL_SUCCESS;
}

SQLRETURN SQLExecDirect(SQLHSTMT statement, SQLCHAR *text, SQLINTEGER length) {
  SQLRETURN (*function)(SQLHSTMT, SQLCHAR *, SQLINTEGER) = real("SQLExecDirect");
  known(statement)->copied = 0;
  if (tells(statement, VECTORWISE) && strncasecmp((char *)text, "COPY ", 5) == 0) {
    char *sql = length == SQL_NTS ? strdup((char *)text) : strndup((char *)text, (size_t)length);
    SQLRETURN status = copy(statement, sql);
    free(sql);
    return status;
  }
  return function == NULL ? SQL_ERROR : ran(statement, function(statement, text, length));
}

SQLRETURN SQLGetData(
  SQLHSTMT statement, SQLUSMALLINT column, SQLSMALLINT form, SQLPOINTER out, SQLLEN room, SQLLEN *length) {
  SQLRETURN (*function)(SQLHSTMT, SQLUSMALLINT, SQLSMALLINT, SQLPOINTER, SQLLEN, SQLLEN *) = real("SQLGetData");
  SQLRETURN status = function == NULL ? SQL_ERROR : function(statement, column, form, out, room, length);
  if (status == SQL_SUCCESS_WITH_INFO && length != NULL && *length > room && tells(statement, NO_TOTAL))
    *length = SQL_NO_TOTAL;
  return status;
}

/* --- diagnostics ------------------------------------------------------------------------------------------------- */

static SQLRETURN record(
  SQLSMALLINT kind, SQLHANDLE handle, SQLSMALLINT number, SQLCHAR *state, SQLINTEGER *native, SQLCHAR *text,
  SQLSMALLINT room, SQLSMALLINT *used) {
  SQLRETURN (*function)(
    SQLSMALLINT, SQLHANDLE, SQLSMALLINT, SQLCHAR *, SQLINTEGER *, SQLCHAR *, SQLSMALLINT, SQLSMALLINT *) =
    real("SQLGetDiagRec");
  Known *it = known(handle);
  if (it->state == NULL)
    return function == NULL ? SQL_ERROR : function(kind, handle, number, state, native, text, room, used);
  if (number > 1) {
    it->state = NULL;
    return SQL_NO_DATA;
  }
  if (state != NULL) snprintf((char *)state, 6, "%s", it->state);
  if (native != NULL) *native = 0;
  if (text != NULL && room > 0) snprintf((char *)text, room, "%s", it->text);
  if (used != NULL) *used = (SQLSMALLINT)strlen(it->text);
  return SQL_SUCCESS;
}

SQLRETURN SQLGetDiagRec(
  SQLSMALLINT kind, SQLHANDLE handle, SQLSMALLINT number, SQLCHAR *state, SQLINTEGER *native, SQLCHAR *text,
  SQLSMALLINT room, SQLSMALLINT *used) {
  return record(kind, handle, number, state, native, text, room, used);
}

SQLRETURN SQLGetDiagField(
  SQLSMALLINT kind, SQLHANDLE handle, SQLSMALLINT number, SQLSMALLINT what, SQLPOINTER value, SQLSMALLINT room,
  SQLSMALLINT *used) {
  SQLRETURN (*function)(SQLSMALLINT, SQLHANDLE, SQLSMALLINT, SQLSMALLINT, SQLPOINTER, SQLSMALLINT, SQLSMALLINT *) =
    real("SQLGetDiagField");
  return function == NULL ? SQL_ERROR : function(kind, handle, number, what, value, room, used);
}

/* The driver manager asks an ANSI driver this way; each call gives the next record. */
SQLRETURN SQLError(
  SQLHENV environment, SQLHDBC connection, SQLHSTMT statement, SQLCHAR *state, SQLINTEGER *native, SQLCHAR *text,
  SQLSMALLINT room, SQLSMALLINT *used) {
  SQLRETURN (*function)(
    SQLHENV, SQLHDBC, SQLHSTMT, SQLCHAR *, SQLINTEGER *, SQLCHAR *, SQLSMALLINT, SQLSMALLINT *) = real("SQLError");
  SQLHANDLE handle = statement != NULL ? statement : connection;
  Known *it = known(handle != NULL ? handle : environment);
  if (it->state == NULL && function != NULL)
    return function(environment, connection, statement, state, native, text, room, used);
  SQLSMALLINT kind = statement != NULL ? SQL_HANDLE_STMT : handle != NULL ? SQL_HANDLE_DBC : SQL_HANDLE_ENV;
  int isOurs = it->state != NULL;
  SQLRETURN status = record(kind, it->handle, isOurs ? 1 : ++it->given, state, native, text, room, used);
  if (isOurs || !SQL_SUCCEEDED(status)) it->given = 0;
  it->state = NULL;
  return status;
}

/* --- all others -------------------------------------------------------------------------------------------------- */

FORWARD(SQLDisconnect, (SQLHDBC c), (c))
FORWARD(SQLSetEnvAttr, (SQLHENV e, SQLINTEGER a, SQLPOINTER v, SQLINTEGER n), (e, a, v, n))
FORWARD(SQLSetConnectAttr, (SQLHDBC c, SQLINTEGER a, SQLPOINTER v, SQLINTEGER n), (c, a, v, n))
FORWARD(
  SQLGetConnectAttr, (SQLHDBC c, SQLINTEGER a, SQLPOINTER v, SQLINTEGER n, SQLINTEGER *u), (c, a, v, n, u))
FORWARD(SQLFreeStmt, (SQLHSTMT s, SQLUSMALLINT o), (s, o))
FORWARD(SQLPrepare, (SQLHSTMT s, SQLCHAR *t, SQLINTEGER n), (s, t, n))
FORWARD(SQLNumParams, (SQLHSTMT s, SQLSMALLINT *n), (s, n))
FORWARD(SQLNumResultCols, (SQLHSTMT s, SQLSMALLINT *n), (s, n))
FORWARD(SQLMoreResults, (SQLHSTMT s), (s))
FORWARD(SQLFetch, (SQLHSTMT s), (s))
FORWARD(SQLFetchScroll, (SQLHSTMT s, SQLSMALLINT o, SQLLEN n), (s, o, n))
FORWARD(SQLCancel, (SQLHSTMT s), (s))
FORWARD(SQLCloseCursor, (SQLHSTMT s), (s))
FORWARD(
  SQLBindCol, (SQLHSTMT s, SQLUSMALLINT c, SQLSMALLINT f, SQLPOINTER v, SQLLEN n, SQLLEN *i), (s, c, f, v, n, i))
FORWARD(
  SQLBindParameter,
  (SQLHSTMT s, SQLUSMALLINT p, SQLSMALLINT d, SQLSMALLINT f, SQLSMALLINT t, SQLULEN z, SQLSMALLINT k, SQLPOINTER v,
   SQLLEN n, SQLLEN *i),
  (s, p, d, f, t, z, k, v, n, i))
FORWARD(SQLPutData, (SQLHSTMT s, SQLPOINTER v, SQLLEN n), (s, v, n))
FORWARD(SQLParamData, (SQLHSTMT s, SQLPOINTER *v), (s, v))
FORWARD(
  SQLColumns,
  (SQLHSTMT s, SQLCHAR *a, SQLSMALLINT an, SQLCHAR *b, SQLSMALLINT bn, SQLCHAR *c, SQLSMALLINT cn, SQLCHAR *d,
   SQLSMALLINT dn),
  (s, a, an, b, bn, c, cn, d, dn))
FORWARD(
  SQLTables,
  (SQLHSTMT s, SQLCHAR *a, SQLSMALLINT an, SQLCHAR *b, SQLSMALLINT bn, SQLCHAR *c, SQLSMALLINT cn, SQLCHAR *d,
   SQLSMALLINT dn),
  (s, a, an, b, bn, c, cn, d, dn))
FORWARD(
  SQLPrimaryKeys,
  (SQLHSTMT s, SQLCHAR *a, SQLSMALLINT an, SQLCHAR *b, SQLSMALLINT bn, SQLCHAR *c, SQLSMALLINT cn),
  (s, a, an, b, bn, c, cn))
FORWARD(SQLGetTypeInfo, (SQLHSTMT s, SQLSMALLINT t), (s, t))
FORWARD(
  SQLNativeSql, (SQLHDBC c, SQLCHAR *t, SQLINTEGER n, SQLCHAR *o, SQLINTEGER r, SQLINTEGER *u),
  (c, t, n, o, r, u))
FORWARD(
  SQLGetDescField, (SQLHDESC d, SQLSMALLINT r, SQLSMALLINT f, SQLPOINTER v, SQLINTEGER n, SQLINTEGER *u),
  (d, r, f, v, n, u))
FORWARD(
  SQLSetDescField, (SQLHDESC d, SQLSMALLINT r, SQLSMALLINT f, SQLPOINTER v, SQLINTEGER n), (d, r, f, v, n))
