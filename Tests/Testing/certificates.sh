#!/bin/bash
# Writes the certificates of the test servers into the folder $1; further arguments are host names of the servers.
#
#   ca.crt                      the authority that both sides trust
#   server.crt, server.key      localhost, 127.0.0.1, ::1 and the further names
#   client.crt, client.key      user `ferry_cert`, who has no password; the key in PKCS#8
#   client-pkcs1.key            the same key in PKCS#1
#   client-encrypted.key        the same key under the password that stands in client-encrypted.password
#   other-ca.crt                an authority that has signed none of these: trusting it only must be refused
set -euo pipefail

folder=${1:?usage: certificates.sh FOLDER [HOST]…}
shift
names=DNS:localhost,IP:127.0.0.1,IP:::1
for host in "$@"; do names+=,DNS:$host; done
mkdir -p "$folder"
cd "$folder"

ssl() { openssl "$@" 2>openssl.log || { cat openssl.log >&2; exit 1; }; }

# $1: file name, $2: common name
authority() {
  ssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 -subj "/CN=$2" \
    -addext keyUsage=critical,keyCertSign,cRLSign -keyout "$1.key" -out "$1.crt"
}

# $1: file name, $2: common name, $3: extensions
signed() {
  ssl req -newkey rsa:2048 -nodes -subj "/CN=$2" -keyout "$1.key" -out "$1.csr"
  printf '%s\n' "$3" >"$1.ext"
  ssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days 3650 -extfile "$1.ext" -out "$1.crt"
  rm "$1.csr" "$1.ext"
}

authority ca "Ferry test authority"
authority other-ca "Another authority"
signed server localhost "subjectAltName=$names"
signed client ferry_cert "extendedKeyUsage=clientAuth"
ssl rsa -in client.key -traditional -out client-pkcs1.key
printf 'a pass phrase' >client-encrypted.password
ssl pkcs8 -topk8 -in client.key -passout file:client-encrypted.password -out client-encrypted.key
rm -f other-ca.key ca.srl openssl.log
chmod 644 ./*
chmod 600 client*.key ca.key
