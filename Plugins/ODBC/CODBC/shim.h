#ifndef FERRY_CODBC_SHIM_H
#define FERRY_CODBC_SHIM_H

#include <sql.h>
#include <sqlext.h>
#include <sqlucode.h>
#include <odbcinst.h>
#include <dlfcn.h>

/* Attributes are numbers that go where pointers go; Swift has no plain way to write that. */
static inline SQLRETURN ferry_odbc_version3(SQLHENV environment) {
  return SQLSetEnvAttr(environment, SQL_ATTR_ODBC_VERSION, (SQLPOINTER)SQL_OV_ODBC3, 0);
}

static inline SQLRETURN ferry_odbc_set_connection(SQLHDBC connection, SQLINTEGER attribute, SQLULEN value) {
  return SQLSetConnectAttr(connection, attribute, (SQLPOINTER)value, 0);
}

static inline SQLRETURN ferry_odbc_set_statement(SQLHSTMT statement, SQLINTEGER attribute, SQLULEN value) {
  return SQLSetStmtAttr(statement, attribute, (SQLPOINTER)value, 0);
}

/* What the header calls SQLAllocHandle's result is a void pointer through a void pointer. */
static inline SQLHENV ferry_odbc_environment(void) {
  SQLHENV handle = SQL_NULL_HENV;
  return SQL_SUCCEEDED(SQLAllocHandle(SQL_HANDLE_ENV, SQL_NULL_HANDLE, &handle)) ? handle : SQL_NULL_HENV;
}

static inline SQLHDBC ferry_odbc_connection(SQLHENV environment) {
  SQLHDBC handle = SQL_NULL_HDBC;
  return SQL_SUCCEEDED(SQLAllocHandle(SQL_HANDLE_DBC, environment, &handle)) ? handle : SQL_NULL_HDBC;
}

static inline SQLHSTMT ferry_odbc_statement(SQLHDBC connection) {
  SQLHSTMT handle = SQL_NULL_HSTMT;
  return SQL_SUCCEEDED(SQLAllocHandle(SQL_HANDLE_STMT, connection, &handle)) ? handle : SQL_NULL_HSTMT;
}

/* Why a driver's library cannot be loaded, in the loader's words; NULL when it can. */
static inline const char *ferry_odbc_load_problem(const char *path) {
  void *library = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
  if (library == NULL) return dlerror();
  dlclose(library);
  return NULL;
}

#endif
