#ifndef FERRY_LYING_H
#define FERRY_LYING_H

#include <sql.h>
#include <sqlext.h>

#define WITHIN __attribute__((visibility("hidden")))

/* A function of the real driver. The functions of ODBC must not be called by their names: the driver manager, which has
 * the same, would answer. */
WITHIN void *real(const char *name);
/* Handles of which is known what they belong to. */
WITHIN SQLRETURN allocate(SQLSMALLINT kind, SQLHANDLE parent, SQLHANDLE *handle);
WITHIN SQLRETURN release(SQLSMALLINT kind, SQLHANDLE handle);
/* A column's type, and the name of it where it is one of Actian's, else an empty one. */
WITHIN SQLSMALLINT type_of(SQLHSTMT statement, SQLUSMALLINT column, const char **name);

/* Runs COPY … VWLOAD on a connection. Gives NULL, or what is wrong; `count` is how many rows were loaded. */
WITHIN const char *vwload(SQLHDBC connection, const char *sql, int loses, long long *count);

#endif
