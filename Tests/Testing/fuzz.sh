#!/bin/bash
# Builds each file of Tests/Fuzz with libFuzzer and the address sanitizer, and runs it for $1 seconds (60); further
# arguments are names of the only ones to run. A file says in its first lines what it is built from:
#
#   // sources: folders with Swift code, compiled into one module with it
#   // without: names of files in them that are left out
#   // clang: folders with C or C++ code, each a module of its own to Swift
#   // libraries: names for the linker; their module maps are found below Core and Plugins
#   // modules: folders with Swift code, each a module of its own that the code imports
#   // variants: it runs once for each of these words, which it finds in FERRY_FUZZ
#
# Files to begin with lie in fixtures/fuzz/NAME or fixtures/fuzz/VARIANT; a Python script of the same name beside it
# writes more into the folder that it is given.
#
# What it finds lies in .test/fuzz/NAME, as does its corpus, which later runs begin with.
set -euo pipefail

seconds=${1:-60}
shift || true
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root"
python=${FERRY_TEST_PYTHON:-$root/.test/venv/bin/python}
export SWIFT_BACKTRACE=enable=no   # its signal handlers stand in the way of the sanitizer's

maps=()
while read -r map; do maps+=(-I "$(dirname "$map")"); done < <(find Core Plugins -name module.modulemap)

# $1: the file, $2: the word before the colon
line_of() { sed -n "s|^// $2: ||p" "$1" | tr '\n' ' '; }

# Compiles the C and C++ files of folder $1 into $2, with a module map as the package manager makes one.
clang_module() {
  local name kind file
  name=$(basename "$1")
  mkdir -p "$2/$name"
  printf 'module %s { umbrella "%s" export * }\n' "$name" "$root/$1/include" >"$2/$name/module.modulemap"
  for file in "$1"/*.c "$1"/*.cpp; do
    [ -f "$file" ] || continue
    kind=gnu17
    [[ $file != *.cpp ]] || kind=gnu++20
    clang -std="$kind" -O2 -g -fsanitize=address,fuzzer-no-link -I "$1/include" -c "$file" \
      -o "$2/$(basename "$file").o"
  done
}

swift_options=(
  -swift-version 6 -O -wmo -g -parse-as-library -package-name ferry -suppress-warnings -sanitize=fuzzer,address
  "${maps[@]}"
)
for feature in ExistentialAny InternalImportsByDefault MemberImportVisibility NonisolatedNonsendingByDefault; do
  swift_options+=(-enable-upcoming-feature "$feature")
done

build() {
  local file=$1 home=$2 name=$3 folder word
  local folders sources=() more=() without=()
  rm -rf "$home/modules"
  mkdir -p "$home/modules"
  for folder in $(line_of "$file" clang); do
    clang_module "$folder" "$home/modules"
    more+=(-I "$home/modules/$(basename "$folder")")
  done
  for folder in $(line_of "$file" modules); do
    word=$(basename "$folder")
    mapfile -t sources < <(find "$folder" -name '*.swift')
    swiftc "${swift_options[@]}" -module-name "$word" -emit-module -emit-module-path "$home/modules/$word.swiftmodule" \
      -c "${sources[@]}" -o "$home/modules/$word.o"
  done
  for word in $(line_of "$file" without); do without+=(-not -name "$word"); done
  read -ra folders <<<"$(line_of "$file" sources)"
  mapfile -t sources < <(find "${folders[@]}" -name '*.swift' "${without[@]}")
  for word in "$home"/modules/*.o; do [ ! -f "$word" ] || more+=("$word"); done
  for word in $(line_of "$file" libraries); do more+=("-l$word"); done
  swiftc "${swift_options[@]}" -module-name "$name" -I "$home/modules" "${sources[@]}" "$file" "${more[@]}" \
    -o "$home/fuzz"
  # The compiler leaves a module that nobody wants where it is started.
  rm -f "$name"-1.swift{doc,module,sourceinfo}
}

status=0
# Runs the fuzzer in folder $1 as variant $2 (or without one).
run() {
  local home=$1 variant=$2 name=${2:-$(basename "$1")} corpora
  corpora=("$home/corpus${variant:+-$variant}")
  mkdir -p "${corpora[0]}"
  [ ! -d "fixtures/fuzz/$name" ] || corpora+=("fixtures/fuzz/$name")
  echo "fuzz: $name for $seconds s"
  if ! FERRY_FUZZ=$variant "$home/fuzz" -max_total_time="$seconds" -rss_limit_mb=1024 -timeout=10 \
    -print_final_stats=0 -artifact_prefix="$home/$name-" "${corpora[@]}" 2>"$home/log-$name"; then
    tail -n 40 "$home/log-$name"
    echo "fuzz: $name found a fault; the bytes that cause it lie in $home" >&2
    status=1
  fi
}

for file in Tests/Fuzz/*.swift; do
  name=$(basename "$file" .swift)
  [ $# -eq 0 ] || [[ " $* " == *" $name "* ]] || continue
  home=.test/fuzz/$name
  mkdir -p "$home/corpus"
  build "$file" "$home" "$name" >"$home/log" 2>&1 || { cat "$home/log" >&2; exit 1; }
  [ ! -f "Tests/Fuzz/$name.py" ] || "$python" "Tests/Fuzz/$name.py" "$home/corpus"
  read -ra variants <<<"$(line_of "$file" variants)"
  [ ${#variants[@]} -gt 0 ] || variants=("")
  for variant in "${variants[@]}"; do run "$home" "$variant"; done
done
exit $status
