#ifndef FERRY_CODBC_SHIM_H
#define FERRY_CODBC_SHIM_H

/* For dladdr. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <sql.h>
#include <sqlext.h>
#include <sqlucode.h>
#include <odbcinst.h>
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

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

/* How the driver manager finds out whether a driver takes UTF-16. A library without a folder may lie in the driver
   manager's own one. */
static inline int ferry_odbc_has_wide_functions(const char *path) {
  void *library = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
  Dl_info manager;
  if (library == NULL && dladdr((void *)SQLAllocHandle, &manager) != 0 && strchr(path, '/') == NULL) {
    char full[4096];
    const char *end = strrchr(manager.dli_fname, '/');
    int folder = end == NULL ? 0 : (int)(end - manager.dli_fname) + 1;
    snprintf(full, sizeof full, "%.*sodbc/%s", folder, manager.dli_fname, path);
    library = dlopen(full, RTLD_LAZY | RTLD_LOCAL);
  }
  if (library == NULL) return 1;
  int found = dlsym(library, "SQLDriverConnectW") != NULL;
  dlclose(library);
  return found;
}

#endif
