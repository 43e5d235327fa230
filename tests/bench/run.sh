#!/bin/sh
# The jobs of the benchmarks and the limits of this machine, in one run:
#
#   GMM=build/release/gmm sh tests/bench/run.sh [DOCUMENTS [MEBIBYTES [POSTS [JOB...]]]]      (10,000, 256, 100, all of jobs.py)
#
# Standard output: one JSON line a measurement, then a table with each beside its limit. The folder of $TMPDIR is the disk
# that is measured. Machines are noisy: compare ratios within one run, and take the median of three.
set -eu
cd "$(dirname "$0")/../.."
GMM=$(realpath "${GMM:-build/release/gmm}")
export GMM
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
${CC:-cc} -O2 -std=c11 -D_GNU_SOURCE tests/bench/limits.c -o "$folder/limits" -lsodium -lsqlite3 -lpthread
${CC:-cc} -O2 -std=c11 -D_GNU_SOURCE tests/bench/asks.c -o "$folder/asks" -lpthread
ASKS=$folder/asks
export ASKS
"$folder/limits" "$folder" "${LIMIT_SECONDS:-1}" > "$folder/limits.jsonl"
cat "$folder/limits.jsonl"
[ $# -ge 1 ] || set -- 10000
[ $# -ge 2 ] || set -- "$1" 256
[ $# -ge 3 ] || set -- "$1" "$2" 100
PYTHONPATH=tests/cli python3 tests/bench/jobs.py "$folder/limits.jsonl" "$@"
