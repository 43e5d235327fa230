#!/bin/sh
# systemd finds nothing wrong in node/gmm.service, and thinks it well confined.
set -eu

command -v systemd-analyze >/dev/null || { echo "skipped: systemd-analyze is not installed"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The program stands in /usr/bin once it is installed; here it is where it was built.
sed "s#^ExecStart=/usr/bin/gmm #ExecStart=$GMM #" "$GMM_SOURCE/node/gmm.service" >"$work/gmm.service"
grep -q "^ExecStart=$GMM " "$work/gmm.service"

systemd-analyze verify --man=no "$work/gmm.service" >"$work/complaints" 2>&1 || { cat "$work/complaints"; exit 1; }
[ ! -s "$work/complaints" ] || { cat "$work/complaints"; exit 1; }
# 0 is the best, 10 the worst; it had 1.5 when this was written. The threshold is in tenths.
systemd-analyze security --offline=true --threshold=20 "$work/gmm.service" >"$work/exposure" || { tail -n 2 "$work/exposure"; exit 1; }
tail -n 1 "$work/exposure"
