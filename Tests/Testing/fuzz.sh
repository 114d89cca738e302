#!/bin/bash
# Runs the fuzzers of Tests/Fuzz (libFuzzer, with the address sanitizer) on Ferry's readers.
#
#   fuzz.sh SECONDS [NAME…]   runs the fuzzers named (all), that long each; first of all the files that are kept
#   fuzz.sh check [NAME…]     the kept files only: the same inputs on every machine, in a build that is not optimized
#                             and takes a third of the time
#   fuzz.sh keep [NAME…]      keeps in fixtures/fuzz the shortest of what was found that adds something
#
# The words of fixtures/fuzz/NAME.dict and the files in fixtures/fuzz/NAME are what a fuzzer begins with. What it finds
# lies in .test/fuzz/NAME: `corpus`, with which later runs begin, too, and the log of the last run. Bytes that cause a
# fault become a file of fixtures/fuzz/NAME, to be named after what was wrong.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
cd "$root"
home=.test/fuzz
names=(record-file csv json json-messages avro avro-values expressions)
kept_bytes=2048   # longer files are found again quickly enough
# Its signal handlers stand in the way of the sanitizer's. What Swift points to through tagged pointers is no leak.
export SWIFT_BACKTRACE=enable=no ASAN_OPTIONS=detect_leaks=0:malloc_context_size=10:quarantine_size_mb=32
tools=$(dirname "$(readlink -f "$(command -v "${SWIFT:-swift}")")")

# --- building --------------------------------------------------------------------------------------------------------

c_modules=(Core/Formats/CScan Core/Formats/CSimdJSON Core/Formats/CCodecs)
swift_modules=(Core/Records Core/Expression)
libraries=(lz4 zstd z snappy bz2 lzma simdjson stdc++ pcre2-8 jq)

# The formats are compiled into the fuzzers: they see what is internal there.
sources() { find Core/Formats Tests/Fuzz -name '*.swift'; }

# Whether the file $1 is older than one of the files and folders that follow, or is not there.
is_stale() {
  [ ! -f "$1" ] || [ -n "$(find "${@:2}" -newer "$1" -print -quit)" ]
}

swift_compile() {
  "$tools/swiftc" -swift-version 6 "${optimization[@]}" -wmo -parse-as-library -package-name ferry -suppress-warnings \
    -assert-config Debug -sanitize=fuzzer,address "${options[@]}" "$@"
}

build() {
  local folder name file files options=() objects=()
  local out=$program_folder
  mkdir -p "$out"
  for name in ExistentialAny InternalImportsByDefault MemberImportVisibility NonisolatedNonsendingByDefault; do
    options+=(-enable-upcoming-feature "$name")
  done
  options+=(-enable-experimental-feature Lifetimes -I "$out")
  while read -r file; do options+=(-I "$(dirname "$file")"); done < <(find Core Plugins -name module.modulemap)
  # C and C++, with the module maps that the package manager makes.
  for folder in "${c_modules[@]}"; do
    name=$(basename "$folder")
    options+=(-I "$out/$name")
    objects+=("$out/$name.o")
    is_stale "$out/$name.o" "$folder" "${BASH_SOURCE[0]}" || continue
    mkdir -p "$out/$name"
    printf 'module %s { umbrella "%s" export * }\n' "$name" "$root/$folder/include" >"$out/$name/module.modulemap"
    for file in "$folder"/*.c*; do
      "$tools/clang" -std="$([[ $file = *.cpp ]] && echo gnu++20 || echo gnu17)" -O2 -g \
        -fsanitize=address,fuzzer-no-link -I "$folder/include" -c "$file" -o "$out/$name.o"
    done
  done
  for folder in "${swift_modules[@]}"; do
    name=$(basename "$folder")
    objects+=("$out/$name.o")
    is_stale "$out/$name.o" "$folder" "${BASH_SOURCE[0]}" || continue
    mapfile -t files < <(find "$folder" -name '*.swift')
    swift_compile -module-name "$name" -emit-module -emit-module-path "$out/$name.swiftmodule" -c "${files[@]}" \
      -o "$out/$name.o"
  done
  is_stale "$out/fuzz" "${objects[@]}" Core/Formats Tests/Fuzz "${BASH_SOURCE[0]}" || return 0
  mapfile -t files < <(sources)
  swift_compile -module-name Fuzz -emit-module-path "$out/Fuzz.swiftmodule" -emit-executable "${files[@]}" \
    "${objects[@]}" "${libraries[@]/#/-l}" -o "$out/fuzz"
}

# --- running ---------------------------------------------------------------------------------------------------------

# Runs the fuzzer $1 with the options and folders that follow. A fault's last words go to standard error.
fuzz() {
  local name=$1 log=$home/$1/log
  shift
  mkdir -p "$home/$name/corpus"
  FERRY_FUZZ=$name "$program_folder/fuzz" -rss_limit_mb=1024 -timeout=20 -dict="fixtures/fuzz/$name.dict" \
    -artifact_prefix="$home/$name/" "$@" >"$log" 2>&1 && return
  grep -av '^\(INFO\|#[0-9]*\s\(NEW\|REDUCE\|pulse\|RELOAD\)\)' "$log" | tail -n 60 >&2
  echo "fuzz: the reader '$name' has a fault; the log is $log" >&2
  return 1
}

# What a run has found becomes a kept case.
keep_faults() {
  local name=$1 file kept
  for file in "$home/$name"/{crash,timeout,oom,leak}-*; do
    [ -f "$file" ] || continue
    kept=fixtures/fuzz/$name/found-$(sha256sum "$file" | cut -c1-12)
    mv "$file" "$kept"
    echo "fuzz: the bytes that cause it are kept as $kept" >&2
  done
}

run() {
  local seconds=$1 name=$2 corpora=("$home/$2/corpus" "fixtures/fuzz/$2")
  check "$name" || return
  [ "$seconds" -gt 0 ] || return 0
  if ! fuzz "$name" -max_total_time="$seconds" -print_final_stats=1 "${corpora[@]}"; then
    keep_faults "$name"
    return 1
  fi
  echo "fuzz: $name: $(grep -a 'DONE' "$home/$name/log" | tr '\t' ' ' | tr -s ' ')"
}

check() {
  local name=$1
  # However busy the machine is: a file that hangs is found by exploring.
  fuzz "$name" -runs=0 -timeout=600 "fixtures/fuzz/$name" || return
  echo "fuzz: $name: $(find "fixtures/fuzz/$name" -type f | wc -l) kept files"
}

keep() {
  local name=$1
  fuzz "$name" -max_len=$kept_bytes -set_cover_merge=1 "fixtures/fuzz/$name" "$home/$name/corpus" || return
  echo "fuzz: $name: $(find "fixtures/fuzz/$name" -type f | wc -l) files," \
    "$(du -bs "fixtures/fuzz/$name" | cut -f1) bytes"
}

command=${1:-60}
shift || true
[ $# -eq 0 ] || names=("$@")
optimization=(-O -g) program_folder=$home/build
[ "$command" != check ] || optimization=(-Onone -gline-tables-only) program_folder=$home/build-check
mkdir -p "$home"
# Not `if build`: within it an error would not end the building.
set +e
(set -e; build) >"$home/log" 2>&1
status=$?
set -e
if [ $status -ne 0 ]; then
  tail -n 60 "$home/log" >&2
  exit $status
fi
for name in "${names[@]}"; do
  case $command in
    keep) keep "$name" || status=1 ;;
    check) check "$name" || status=1 ;;
    *) run "$command" "$name" || status=1 ;;
  esac
done
exit $status
