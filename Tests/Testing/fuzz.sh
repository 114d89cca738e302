#!/bin/bash
# Builds each file of Tests/Fuzz with libFuzzer and the address sanitizer, and runs it for $1 seconds (60). A file says
# in its first lines what it is built from:
#
#   // sources: folders with Swift code, compiled into one module with it
#   // libraries: names for the linker; their module maps are found below Core and Plugins
#
# A Python script of the same name beside it writes files to begin with into the folder that it is given.
#
# What it finds lies in .test/fuzz/NAME, as does its corpus, which later runs begin with.
set -euo pipefail

seconds=${1:-60}
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root"
python=${FERRY_TEST_PYTHON:-$root/.test/venv/bin/python}
export SWIFT_BACKTRACE=enable=no   # its signal handlers stand in the way of the sanitizer's

maps=()
while read -r map; do maps+=(-I "$(dirname "$map")"); done < <(find Core Plugins -name module.modulemap)

# $1: the file, $2: the word before the colon
line_of() { sed -n "s|^// $2: ||p" "$1"; }

status=0
for file in Tests/Fuzz/*.swift; do
  name=$(basename "$file" .swift)
  home=.test/fuzz/$name
  mkdir -p "$home/corpus"
  read -ra folders <<<"$(line_of "$file" sources)"
  mapfile -t sources < <(find "${folders[@]}" -name '*.swift')
  libraries=()
  for library in $(line_of "$file" libraries); do libraries+=("-l$library"); done
  swiftc -swift-version 6 -O -g -parse-as-library -sanitize=fuzzer,address -module-name "$name" "${maps[@]}" \
    -enable-upcoming-feature ExistentialAny -enable-upcoming-feature InternalImportsByDefault \
    -enable-upcoming-feature MemberImportVisibility -enable-upcoming-feature NonisolatedNonsendingByDefault \
    "${sources[@]}" "$file" "${libraries[@]}" -o "$home/fuzz" >"$home/log" 2>&1 || { cat "$home/log" >&2; exit 1; }
  [ ! -f "Tests/Fuzz/$name.py" ] || "$python" "Tests/Fuzz/$name.py" "$home/corpus"
  echo "fuzz: $name for $seconds s"
  if ! "$home/fuzz" -max_total_time="$seconds" -rss_limit_mb=1024 -timeout=10 -print_final_stats=0 \
    -artifact_prefix="$home/" "$home/corpus" 2>"$home/log"; then
    tail -n 40 "$home/log"
    echo "fuzz: $name found a fault; the bytes that cause it lie in $home" >&2
    status=1
  fi
done
exit $status
