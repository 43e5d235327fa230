#!/bin/sh
# Installs what building (and, with "tests", testing) needs on Debian 12, when something is missing. Run by
# node/quickstart.sh, tests/run.sh and .ci/run.
set -eu

if ! command -v dpkg-query >/dev/null; then
    echo "This script installs packages of Debian 12 and finds no dpkg here; see its list, install the like, and build with cmake." >&2
    exit 1
fi

packages="gcc libc6-dev gettext cmake ninja-build pkg-config libsodium-dev libuv1-dev libmsgpack-dev libsqlite3-dev libicu-dev
libzstd-dev libjansson-dev libinih-dev libsystemd-dev"
[ "${1-}" = tests ] && packages="$packages libcmocka-dev python3 sqlite3"
[ "${1-}" = ci ] && packages="$packages libcmocka-dev python3 sqlite3 clang clang-format clang-tidy"

missing=
for package in $packages; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
[ -z "$missing" ] && exit 0

if [ "$(id -u)" = 0 ]; then
    sudo=
elif command -v sudo >/dev/null; then
    sudo=sudo
else
    echo "These packages are missing, and you are neither root nor is sudo here. Run this as root, then start again:" >&2
    echo "    apt-get update && apt-get install -y --no-install-recommends$missing" >&2
    exit 1
fi
echo "installing:$missing" >&2
export DEBIAN_FRONTEND=noninteractive
$sudo apt-get update -qq >&2
# shellcheck disable=SC2086 # a list of packages
$sudo apt-get install -y -qq --no-install-recommends $missing >&2
