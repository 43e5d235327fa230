#!/bin/sh
# Installs what is missing, builds, runs the tests: sh tests/run.sh [--long]
# The quick tier takes minutes; --long runs everything (more seeds, more kills, more documents).
# Tests that need the public vectors and the corpus look for them in ../shared, or where GMM_TEST_DATA says, and say so
# when they skip.
set -eu

cd "$(dirname "$0")/.."
tier=quick
for argument in "$@"; do
    case "$argument" in
    --long) tier=long ;;
    *) echo "usage: sh tests/run.sh [--long]" >&2; exit 2 ;;
    esac
done

sh tests/install-packages.sh tests
cmake --preset test ${GMM_TEST_DATA:+-DGMM_TEST_DATA="$GMM_TEST_DATA"} >build.log 2>&1 || { cat build.log; exit 1; }
rm -f build.log
cmake --build --preset test
if [ "$tier" = quick ]; then
    ctest --preset test -L quick -j "$(nproc)"
else
    GMM_LONG=1 ctest --preset test -j "$(nproc)"
fi
