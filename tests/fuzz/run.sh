#!/bin/sh
# Runs the fuzzers of build/fuzz (cmake --preset fuzz && cmake --build --preset fuzz), one after the other:
#   sh tests/fuzz/run.sh [SECONDS [FUZZER…]]
# libFuzzer writes what it finds new into the first folder that it is given: a scratch folder, never the corpus, to which
# what is worth keeping is copied by hand. Findings (crash-…) go to the current folder.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
built=${FUZZERS:-$here/../../build/fuzz/tests}
seconds=${1:-60}
[ $# -eq 0 ] || shift
scratch=${SCRATCH:-$(mktemp -d)}
[ $# -gt 0 ] || set -- $(cd "$here" && ls fuzz_*.c | sed 's/\.c$//')
for fuzzer in "$@"; do
    mkdir -p "$scratch/$fuzzer"
    echo "== $fuzzer"
    "$built/$fuzzer" -max_total_time="$seconds" -print_final_stats=0 -verbosity=0 "$scratch/$fuzzer" "$here/corpus/$fuzzer"
done
echo "what they found new: $scratch"
