/* The least that reading through ODBC takes: bound columns, rowsets, and nothing done with what comes.
 *
 * usage: read CONNECTION-STRING SQL
 */
#include <sql.h>
#include <sqlext.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROWS = 2000, WIDEST = 8000 };

static void check(SQLRETURN status, SQLSMALLINT kind, SQLHANDLE handle, const char *doing) {
  if (SQL_SUCCEEDED(status) || status == SQL_NO_DATA) return;
  SQLCHAR state[6] = "", text[1024] = "";
  SQLGetDiagRec(kind, handle, 1, state, NULL, text, sizeof text, NULL);
  fprintf(stderr, "%s: %s %s\n", doing, state, text);
  exit(1);
}

/* How a type is asked for, and the bytes of a value. */
static SQLSMALLINT form(SQLSMALLINT type, SQLULEN size, SQLLEN *width) {
  switch (type) {
  case SQL_SMALLINT: case SQL_INTEGER: *width = 4; return SQL_C_SLONG;
  case SQL_BIGINT: *width = 8; return SQL_C_SBIGINT;
  case SQL_REAL: case SQL_FLOAT: case SQL_DOUBLE: *width = 8; return SQL_C_DOUBLE;
  case SQL_TYPE_DATE: *width = sizeof(SQL_DATE_STRUCT); return SQL_C_TYPE_DATE;
  case SQL_TYPE_TIMESTAMP: *width = sizeof(SQL_TIMESTAMP_STRUCT); return SQL_C_TYPE_TIMESTAMP;
  case SQL_DECIMAL: case SQL_NUMERIC: *width = (SQLLEN)size + 3; return SQL_C_CHAR;
  default: *width = size == 0 || size > WIDEST / 4 ? WIDEST : (SQLLEN)size * 4 + 1; return SQL_C_CHAR;
  }
}

int main(int count, char **words) {
  if (count != 3) return fprintf(stderr, "usage: read CONNECTION-STRING SQL\n"), 2;
  SQLHENV environment;
  SQLHDBC connection;
  SQLHSTMT statement;
  SQLAllocHandle(SQL_HANDLE_ENV, SQL_NULL_HANDLE, &environment);
  SQLSetEnvAttr(environment, SQL_ATTR_ODBC_VERSION, (SQLPOINTER)SQL_OV_ODBC3, 0);
  SQLAllocHandle(SQL_HANDLE_DBC, environment, &connection);
  check(SQLDriverConnect(connection, NULL, (SQLCHAR *)words[1], SQL_NTS, NULL, 0, NULL, SQL_DRIVER_NOPROMPT),
    SQL_HANDLE_DBC, connection, "connecting");
  SQLAllocHandle(SQL_HANDLE_STMT, connection, &statement);
  SQLULEN fetched = 0, total = 0;
  SQLSetStmtAttr(statement, SQL_ATTR_ROW_ARRAY_SIZE, (SQLPOINTER)ROWS, 0);
  SQLSetStmtAttr(statement, SQL_ATTR_ROWS_FETCHED_PTR, &fetched, 0);
  check(SQLExecDirect(statement, (SQLCHAR *)words[2], SQL_NTS), SQL_HANDLE_STMT, statement, "running");
  SQLSMALLINT columns = 0;
  SQLNumResultCols(statement, &columns);
  for (SQLUSMALLINT column = 1; column <= columns; column++) {
    SQLSMALLINT type = 0;
    SQLULEN size = 0;
    SQLLEN width = 0;
    SQLDescribeCol(statement, column, NULL, 0, NULL, &type, &size, NULL, NULL);
    SQLSMALLINT as = form(type, size, &width);
    void *values = malloc(ROWS * width);
    SQLLEN *lengths = malloc(ROWS * sizeof *lengths);
    if (values == NULL || lengths == NULL) return 1;
    check(SQLBindCol(statement, column, as, values, width, lengths), SQL_HANDLE_STMT, statement, "binding");
  }
  SQLRETURN status;
  while ((status = SQLFetch(statement)) != SQL_NO_DATA) {
    check(status, SQL_HANDLE_STMT, statement, "fetching");
    total += fetched;
  }
  printf("%lu\n", (unsigned long)total);
  SQLFreeHandle(SQL_HANDLE_STMT, statement);
  SQLDisconnect(connection);
  return 0;
}
