#!/bin/bash
# Runs the benchmarks, all or those named. `make bench` calls it with the servers of the tests running.
#
# usage: run.sh [--rows N] [--runs N] [NAME …]
#
#   FERRY               the release build (default: .build/release/ferry)
#   FERRY_BEFORE        another release build: what it took before a change, in turns, in the place of the other tools
#   FERRY_BENCH_ROWS    rows of each data set (default: each benchmark's own), as --rows
#   FERRY_BENCH_ROUNDS  runs of which the median counts (default: each benchmark's own), as --runs
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export FERRY=${FERRY:-$here/../.build/release/ferry}
python=${FERRY_TEST_PYTHON:-$here/../.test/venv/bin/python}

# A benchmark is a Python file here and its name in this list.
all=(command records serdes databases)

while [ $# -gt 0 ]; do
  case $1 in
    --rows) export FERRY_BENCH_ROWS=$2; shift 2 ;;
    --runs) export FERRY_BENCH_ROUNDS=$2; shift 2 ;;
    *) break ;;
  esac
done
[ $# -gt 0 ] || set -- "${all[@]}"
# Only that of the record files has a program of its own.
[[ " $* " != *" records "* ]] || "${SWIFT:-swift}" build -c release --package-path "$here"
for name in "$@"; do
  echo "== $name"
  "$python" "$here/$name.py"
done
