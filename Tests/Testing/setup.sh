#!/bin/bash
# Installs what is missing, and only that; says nothing and takes no time when all is there.
#
#   setup.sh build    the C libraries that Ferry is built on
#   setup.sh test     these, the test servers and the Python environment of the tests
#   setup.sh mysql    these, and a MySQL from Debian sid in a folder (root only)
#
# PYTHON            the interpreter that the environment is made with (default: Debian's)
# FERRY_TEST_PYTHON an interpreter that has everything in requirements.txt: no environment is made then
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)

build_packages=(
  libsqlite3-dev liblz4-dev libzstd-dev libpq-dev libmariadb-dev freetds-dev unixodbc-dev libsimdjson-dev libavro-dev
  zlib1g-dev libbz2-dev liblzma-dev libsnappy-dev libpcre2-dev libjq-dev libonig-dev pkg-config
)
# From freetds-bin on: the clients that judge the SQL Server of the tests (python/tds), and what Microsoft's need. Of
# these the JDK, for jTDS, is the heavy one: 116 MB to fetch.
test_packages=(
  postgresql mariadb-server-core mariadb-client-core openssl jq python3 python3-venv
  odbc-postgresql odbc-mariadb libsqliteodbc
  freetds-bin tdsodbc libjtds-java default-jdk-headless libkrb5-3 libgssapi-krb5-2 libltdl7
)

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# Installs those of the given Debian packages that are not installed.
install_packages() {
  local missing=()
  if ! command -v dpkg-query apt-get >/dev/null; then
    echo "setup: this is no Debian; what Ferry needs, in Debian's names: $*" >&2
    return
  fi
  mapfile -t missing < <(
    comm -13 \
      <(dpkg-query -W -f '${db:Status-Status} ${Package}\n' | sed -n 's/^installed //p' | sort -u) \
      <(printf '%s\n' "$@" | sort -u))
  [ ${#missing[@]} -gt 0 ] || return 0
  echo "setup: installing ${missing[*]}" >&2
  local log
  log=$(mktemp)
  if ! { as_root apt-get update -q \
    && as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}"; } \
    >"$log" 2>&1; then
    cat "$log" >&2
    rm -f "$log"
    echo "setup: apt-get could not install ${missing[*]}; its words are above" >&2
    exit 1
  fi
  rm -f "$log"
}

# Succeeds when the interpreter $1 has each package of requirements.txt in the pinned version; names the others.
has_requirements() {
  "$1" - "$here/requirements.txt" <<'PYTHON'
import importlib.metadata, re, sys
missing = []
for line in open(sys.argv[1]):
    pin = re.match(r"([\w.-]+)(?:\[[\w,]+\])?==(\S+)", line)
    if not pin:
        continue
    try:
        found = importlib.metadata.version(pin[1])
    except importlib.metadata.PackageNotFoundError:
        found = "not installed"
    if found != pin[2]:
        missing.append(f"{pin[1]} {pin[2]} ({found})")
if missing:
    sys.exit("setup: " + sys.executable + " lacks " + ", ".join(missing))
PYTHON
}

make_python_environment() {
  if [ -n "${FERRY_TEST_PYTHON:-}" ]; then
    has_requirements "$FERRY_TEST_PYTHON"
    return
  fi
  local venv=$root/.test/venv base=${PYTHON:-}
  if [ -x "$venv/bin/python" ] && has_requirements "$venv/bin/python" 2>/dev/null; then return; fi
  [ -n "$base" ] || base=$([ -x /usr/bin/python3 ] && echo /usr/bin/python3 || echo python3)
  echo "setup: making the Python environment of the tests in .test/venv" >&2
  rm -rf "$venv"
  "$base" -m venv "$venv"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r "$here/requirements.txt"
  has_requirements "$venv/bin/python"
}

# MySQL itself is in no stable Debian; sid has it, and sid moves: hence a folder and a test run of its own.
make_mysql() {
  local folder=$root/.test/mysql
  [ ! -x "$folder/usr/sbin/mysqld" ] || return 0
  if [ "$(id -u)" != 0 ]; then
    echo "setup: a MySQL in a folder is made and run by chroot, which needs root" >&2
    exit 1
  fi
  install_packages mmdebstrap
  echo "setup: unpacking MySQL from Debian sid into .test/mysql" >&2
  rm -rf "$folder"
  mkdir -p "$root/.test"
  mmdebstrap --quiet --variant=minbase --include=mysql-server-core \
    --aptopt='Acquire::Check-Valid-Until "false"' sid "$folder"
}

case ${1:-} in
  build)
    install_packages "${build_packages[@]}"
    ;;
  test)
    install_packages "${build_packages[@]}" "${test_packages[@]}"
    make_python_environment
    ;;
  mysql)
    install_packages "${build_packages[@]}" "${test_packages[@]}"
    make_python_environment
    make_mysql
    ;;
  *)
    echo "usage: setup.sh build|test|mysql" >&2
    exit 2
    ;;
esac
