#!/bin/bash
# Runs all tests of a build with coverage, then prints the share of the product's lines that they ran, folder by folder,
# and each file below the limit. Exits with 1 when a test failed, or a file or the whole is below what we want.
#
#   coverage.sh SCRATCH-PATH [FILTER]   of a build with coverage; FILTER: of the tests that match only
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
scratch=$(cd "$1" && pwd)
tools=$(dirname "$(readlink -f "$(command -v "${SWIFT:-swift}")")")

# One file a process: the programs that tests start count, too. Those of processes that were killed are cut short, which
# the package manager's own summary does not survive.
rm -rf "$scratch/profiles"
mkdir "$scratch/profiles"
export LLVM_PROFILE_FILE="$scratch/profiles/%p-%m.profraw"
status=0
"$here/run.sh" "${2:-}" --scratch-path "$scratch" || status=1
unset LLVM_PROFILE_FILE

"$tools/llvm-profdata" merge -sparse -failure-mode=all "$scratch/profiles"/*.profraw -o "$scratch/profile" \
  2>"$scratch/cut"
"$tools/llvm-cov" export -summary-only "$(ls -d "$scratch"/debug/*.xctest)" -instr-profile "$scratch/profile" \
  >"$scratch/coverage.json"
"${FERRY_TEST_PYTHON:-python3}" - "$scratch/coverage.json" "$root" <<'PYTHON' || status=1
import collections, json, os, sys

WHOLE, FILE = 97, 85  # per cent

report, root = sys.argv[1:]
folders, low = collections.defaultdict(lambda: [0, 0, 0]), []
for file in json.load(open(report))["data"][0]["files"]:
    path = os.path.relpath(file["filename"], root)
    if not path.startswith(("Core/", "Plugins/")) or not path.endswith(".swift"):
        continue
    lines = file["summary"]["lines"]
    for name in ("/".join(path.split("/")[:2]), "all"):
        counts = folders[name]
        counts[0] += 1
        counts[1] += lines["count"]
        counts[2] += lines["covered"]
    if lines["count"] and 100 * lines["covered"] / lines["count"] < FILE:
        low.append((100 * lines["covered"] / lines["count"], path, lines["count"] - lines["covered"]))

print(f"\n{'folder':<24}{'files':>6}{'lines':>8}{'run':>8}")
for name in sorted(folders, key=lambda name: (name == "all", name)):
    files, count, covered = folders[name]
    print(f"{name:<24}{files:>6}{count:>8}{100 * covered / max(count, 1):>7.1f}%")
for share, path, missed in sorted(low):
    print(f"below {FILE} %: {share:5.1f} %  {path} ({missed} lines not run)")
whole = 100 * folders["all"][2] / max(folders["all"][1], 1)
sys.exit(1 if low or whole < WHOLE else 0)
PYTHON
exit $status
