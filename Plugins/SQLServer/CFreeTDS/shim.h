#ifndef FERRY_CFREETDS_SHIM_H
#define FERRY_CFREETDS_SHIM_H

#include <sybfront.h>
#include <sybdb.h>
#include <string.h>

/* dbopen is a macro, and a function of the same name. */
static inline DBPROCESS *ferry_tds_open(LOGINREC *login, const char *server) { return tdsdbopen(login, server, 0); }

/* Swift has no way to set the bits of DBDATETIMEALL; which of its parts count is said by them. */
enum { FERRY_TDS_TIME = 1, FERRY_TDS_DATE = 2, FERRY_TDS_OFFSET = 4 };

static inline DBDATETIMEALL ferry_tds_moment(DBUBIGINT time, DBINT date, DBSMALLINT offset, int digits, int parts) {
  DBDATETIMEALL moment;
  memset(&moment, 0, sizeof moment);
  moment.time = time;
  moment.date = date;
  moment.offset = offset;
  moment.time_prec = digits;
  moment.has_time = (parts & FERRY_TDS_TIME) != 0;
  moment.has_date = (parts & FERRY_TDS_DATE) != 0;
  moment.has_offset = (parts & FERRY_TDS_OFFSET) != 0;
  return moment;
}

/* What the server calls the type of a column, as text and as a number; the struct has its text as 256 members, which
   Swift has no plain way to read. */
static inline int ferry_tds_column(DBPROCESS *process, int column, char *name, int room, int *type, int *is_null) {
  DBCOL2 info;
  memset(&info, 0, sizeof info);
  info.SizeOfStruct = sizeof info;
  name[0] = 0;
  /* It fails for types that it has no text for, xml among them, with the rest filled in. */
  if (dbtablecolinfo(process, column, (DBCOL *)&info) != SUCCEED && !info.ServerType) return 0;
  strncpy(name, info.ServerTypeDeclaration, room - 1);
  name[room - 1] = 0;
  *type = info.ServerType;
  *is_null = info.Null != 0;
  return 1;
}

#endif
