#!/bin/bash
# Starts the containers of docker-compose.test.yml, runs a command against them, removes them again, and exits as the
# command did. It runs twice, so that each server of a kind has its turn:
#
#   turn    POSTGRESQL    MARIADB (and MySQL)    MYSQL      SQLSERVER
#   1       17            mariadb:11             mysql:9    2022
#   2       13            mariadb:11             mysql:8    2019
#
# PostgreSQL 16 and 18 come from servers.sh, as do all others whose variable is not set here.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
[ $# -gt 0 ] || { echo "usage: containers.sh COMMAND…" >&2; exit 2; }

export FERRY_TEST_TLS_DIR=$root/.test/tls
[ -f "$FERRY_TEST_TLS_DIR/ca.crt" ] || "$here/certificates.sh" "$FERRY_TEST_TLS_DIR"

compose() { docker compose -f "$root/docker-compose.test.yml" "$@"; }
trap 'compose down --volumes --timeout 1 >/dev/null 2>&1' EXIT
compose up --detach --wait --quiet-pull

# As in docker-compose.test.yml.
password=p%40ss%2Fw%3Ao%3Fr%23d%25%26%3D%2B%20%27%22%5C
plain_password="p@ss/w:o?r#d%&=+ '\"\\"
address() { echo "$1://ferry:$password@127.0.0.1:$2/ferry"; }

status=0
export FERRY_TEST_MARIADB_URL
FERRY_TEST_MARIADB_URL=$(address mysql 23311)
for turn in "25417 23309 21422" "25413 23308 21419"; do
  read -r postgresql mysql sqlserver <<<"$turn"
  FERRY_TEST_SQLSERVER_URL="jdbc:sqlserver://127.0.0.1:$sqlserver;databaseName=ferry;user=ferry"
  export FERRY_TEST_SQLSERVER_URL+=";password={$plain_password};trustServerCertificate=true"
  FERRY_TEST_POSTGRESQL_URL=$(address postgres "$postgresql") FERRY_TEST_MYSQL_URL=$(address mysql "$mysql") \
    "$here/servers.sh" "$@" || status=$?
done
exit "$status"
