#!/bin/bash
# Run once by the image of PostgreSQL when its data folder is new: TLS, who may come in, users and the database.
set -e
install -m 600 /tls/server.key "$PGDATA/server.key"
cat >>"$PGDATA/postgresql.conf" <<CONF
ssl = on
ssl_cert_file = '/tls/server.crt'
ssl_key_file = 'server.key'
ssl_ca_file = '/tls/ca.crt'
CONF
cat >"$PGDATA/pg_hba.conf" <<CONF
local     all  all              trust
hostssl   all  ferry_cert  all  cert
hostssl   all  ferry_tls   all  scram-sha-256
host      all  ferry_tls   all  reject
host      all  all         all  scram-sha-256
CONF
psql -v ON_ERROR_STOP=1 -U postgres <<'SQL'
create role ferry superuser login password 'p@ss/w:o?r#d%&=+ ''"\';
create role ferry_tls login password 'p@ss/w:o?r#d%&=+ ''"\';
create role ferry_cert login;
create database ferry owner ferry;
SQL
psql -v ON_ERROR_STOP=1 -U postgres -c 'grant all on schema public to public' ferry
