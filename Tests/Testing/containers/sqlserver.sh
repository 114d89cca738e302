#!/bin/bash
# The start of SQL Server in its container: TLS with the certificate of the tests, then their login and database.
# The server is healthy once the file at the end is there.
set -euo pipefail

install -m 600 /tls/server.key /var/opt/mssql/server.key
cat >/var/opt/mssql/mssql.conf <<'CONF'
[network]
tlscert = /tls/server.crt
tlskey = /var/opt/mssql/server.key
tlsprotocols = 1.2
forceencryption = 0
CONF

/opt/mssql/bin/sqlservr &

client=$(ls /opt/mssql-tools*/bin/sqlcmd | tail -n 1)
trusting=()
case $client in *tools18*) trusting=(-C) ;; esac
for _ in $(seq 60); do
  "$client" "${trusting[@]}" -S 127.0.0.1 -U sa -P "$MSSQL_SA_PASSWORD" -b -Q "
    IF DB_ID('ferry') IS NULL CREATE DATABASE ferry;
    ALTER DATABASE ferry SET READ_COMMITTED_SNAPSHOT ON;
    IF SUSER_ID('ferry') IS NULL
      CREATE LOGIN ferry WITH PASSWORD = N'p@ss/w:o?r#d%&=+ ''\"\\', CHECK_POLICY = OFF, DEFAULT_DATABASE = ferry;
    ALTER SERVER ROLE sysadmin ADD MEMBER ferry;" >/dev/null 2>&1 && touch /tmp/ready && break
  sleep 1
done
wait
