#!/bin/bash
# Runs the benchmarks, all or those named. `make bench` calls it with the servers of the tests running.
#
#   FERRY             the release build (default: .build/release/ferry)
#   FERRY_BENCH_ROWS  rows of each data set (default: each benchmark's own)
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export FERRY=${FERRY:-$here/../.build/release/ferry}
python=${FERRY_TEST_PYTHON:-$here/../.test/venv/bin/python}

# A benchmark is a Python file here and its name in this list.
all=(command records databases)

"${SWIFT:-swift}" build -c release --package-path "$here"
[ $# -gt 0 ] || set -- "${all[@]}"
for name in "$@"; do
  echo "== $name"
  "$python" "$here/$name.py"
done
