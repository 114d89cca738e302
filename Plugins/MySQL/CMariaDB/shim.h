#ifndef FERRY_CMARIADB_SHIM_H
#define FERRY_CMARIADB_SHIM_H

#include <mysql.h>
#include <mysqld_error.h>
#include <errmsg.h>

/* mysql_get_optionv and mysql_optionsv are variadic, which Swift cannot call. */
static inline int ferry_mysql_set_text(MYSQL *mysql, enum mysql_option option, const char *value) {
  return mysql_optionsv(mysql, option, (const void *)value);
}

/* The same for options that take a pointer to a number. */
static inline int ferry_mysql_set_number(MYSQL *mysql, enum mysql_option option, unsigned int value) {
  return mysql_optionsv(mysql, option, (const void *)&value);
}

/* The same for options that take a pointer to a one-byte flag: the library reads a my_bool, not an int. */
static inline int ferry_mysql_set_flag(MYSQL *mysql, enum mysql_option option, int value) {
  my_bool flag = value != 0;
  return mysql_optionsv(mysql, option, (const void *)&flag);
}

/* A handler takes its own context; the function pointers of its type are easier to pass with the signature spelled
   out once, and the message buffer's size is a macro. */
static inline void ferry_mysql_set_local_infile(
    MYSQL *mysql, int (*start)(void **, const char *, void *), int (*read)(void *, char *, unsigned int),
    void (*end)(void *), int (*error)(void *, char *, unsigned int), void *context) {
  mysql_set_local_infile_handler(mysql, start, read, end, error, context);
}

/* The option takes a function where the variadic function is declared to take a pointer to data. */
static inline int ferry_mysql_set_io_wait(MYSQL *mysql, int (*wait)(my_socket, my_bool, int)) {
  return mysql_optionsv(mysql, MARIADB_OPT_IO_WAIT, (const void *)wait);
}

/* The method table is an incomplete type to readers of its documentation only; sending a command whose packet is
   already built has no function of its own in the library. */
static inline int ferry_mysql_send_command(MYSQL *mysql, unsigned char command, const void *bytes, size_t count) {
  return mysql->methods->db_command(mysql, (enum enum_server_command)command, (const char *)bytes, count, 1, 0);
}

/* One packet of a result: its length, or -1 for an error, which the library gives as an unsigned int's -1 in a long. */
static inline long ferry_mysql_read_packet(MYSQL *mysql, const unsigned char **start) {
  unsigned long length = mysql_net_read_packet(mysql);
  *start = mysql->net.read_pos;
  return length >= packet_error ? -1 : (long)length;
}

/* Ends a result that was read packet by packet, as mysql_fetch_row does at its end. */
static inline void ferry_mysql_end_rows(MYSQL *mysql, unsigned int status, unsigned int warnings) {
  mysql->server_status = status;
  mysql->warning_count = warnings;
  mysql->status = MYSQL_STATUS_READY;
}

/* Answers to pipelined commands each start at packet 1; the library only counts for the last command sent. */
static inline void ferry_mysql_expect_answer(MYSQL *mysql) { mysql->net.pkt_nr = 1; }

/* The next result of a statement: mysql_next_result would refuse after rows read packet by packet in binary. */
static inline int ferry_mysql_more_results(MYSQL *mysql) {
  return (mysql->server_status & SERVER_MORE_RESULTS_EXIST) != 0;
}

static inline unsigned int ferry_mysql_server_status(MYSQL *mysql) { return mysql->server_status; }
static inline unsigned int ferry_mysql_field_count(MYSQL *mysql) { return mysql->field_count; }
static inline const MYSQL_FIELD *_Nullable ferry_mysql_fields(MYSQL *mysql) { return mysql->fields; }
static inline const MYSQL_FIELD *_Nullable ferry_mysql_stmt_fields(MYSQL_STMT *stmt) { return stmt->fields; }

/* Bulk parameters are a MariaDB capability in the upper half of the flags. */
static inline int ferry_mysql_has_bulk(MYSQL *mysql) {
  unsigned long long capabilities = 0;
  mariadb_get_infov(mysql, MARIADB_CONNECTION_EXTENDED_SERVER_CAPABILITIES, &capabilities);
  return (capabilities & (MARIADB_CLIENT_STMT_BULK_OPERATIONS >> 32)) != 0;
}

static inline int ferry_mysql_is_mariadb(MYSQL *mysql) { return mariadb_connection(mysql) != 0; }

static inline unsigned long ferry_mysql_stmt_id(MYSQL_STMT *stmt) { return stmt->stmt_id; }

#endif
