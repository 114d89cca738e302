#ifndef FERRY_LYING_ODBC_H
#define FERRY_LYING_ODBC_H

/* An ODBC driver for tests: it passes every call on to a real driver and lies where the connection string says so.
 *
 *   Driver=…/libLyingODBC.so;Lies=array-ignored+no-describe-param;…
 *
 * The real driver's file is in the environment as FERRY_LYING_REAL; the rest of the connection string is for
 * the real one.
 *
 *   array-refused      parameter arrays are refused with HYC00
 *   array-changed      … are brought to one row, with 01S02
 *   array-ignored      … are taken; the first row alone is run, nothing is said of how many
 *   array-claimed      … are taken; the first row alone is run, all are said to have been
 *   status-silent      parameter arrays work, but the status of the rows is never written
 *   no-describe-param  there is no SQLDescribeParam
 *   no-total           SQLGetData says SQL_NO_TOTAL where more is to come
 *   rowset-ignored     rowsets are taken; each fetch gives one row
 *   vectorwise         the database is called Actian Vector; a column called `name__x` is of the type `name`,
 *                      one whose name begins with `required` is NOT NULL;
 *                      COPY … VWLOAD reads a file (vwload.c)
 *   vwload-loses       … leaves out the last row, and says so in its count
 *   vwload-claims      … leaves out the last row, and counts it
 *   vwload-silent      … gives no count
 *   vwload-refuses     … refuses the second row
 *   vwload-missing     there is no VWLOAD
 *   commit-lost        SQLEndTran commits, and says that the connection broke
 */

#endif
