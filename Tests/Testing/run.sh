#!/bin/bash
# Runs the tests that are built, one after the other: says before each suite how far the run is, and repeats at the end
# what failed. Exits as the runner did.
#
#   run.sh                     all
#   run.sh RecordsTests        those whose names match
#   run.sh '' OPTION…          all, with options of `swift test`
#
# SWIFT   another swift
set -uo pipefail

swift=${SWIFT:-swift}
filter=${1:-}
options=(--skip-build "${@:2}")

# A test's name is MODULE.SUITE/FUNCTION or, in a suite of a suite, MODULE.SUITE/SUITE/FUNCTION; a place in a file may
# follow.
suites=$("$swift" test list "${options[@]}" 2>/dev/null | grep -E -- "$filter" | sed -n 's:^\(.*\)/[^/]*$:\1:p' \
  | awk -F/ '{ name = ""; for (i = 1; i <= NF && $i !~ /\(/; i++) { name = name "/" $i; print name } }' \
  | sort -u | wc -l)

failed=() begun=0 current= ended=
"$swift" test "${options[@]}" --no-parallel ${filter:+--filter "$filter"} 2>&1 | {
  while IFS= read -r line; do
    case $line in
      "◇ Suite "*" started.")
        begun=$((begun + 1))
        current=${line#"◇ Suite "}
        line="[$begun/$suites] $line"
        ;;
      *" Test run with "*" after "*) ended=yes ;;
      "✘ "*" recorded an issue "*) failed+=("$line") ;;
    esac
    printf '%s\n' "$line"
  done
  if [ -z "$ended" ] && [ "$begun" -gt 0 ]; then failed+=("the run broke off in suite ${current% started.}"); fi
  if [ ${#failed[@]} -gt 0 ]; then
    echo
    echo "What failed:"
    printf '%s\n' "${failed[@]}"
  fi
}
exit "${PIPESTATUS[0]}"
