# What shell tests with real processes share: . "$(dirname "$0")/lib.sh"
# The program is $GMM; without it a test is skipped (77). At the end daemons are ended by their process id, and the folder
# $work goes.
[ -x "${GMM-}" ] || { echo "skipped: GMM does not name the program"; exit 77; }
unset GMM_HOME GMM_SOCKET GMM_PASSPHRASE_FILE GMM_KEY_FILE XDG_DATA_HOME
LC_ALL=C.UTF-8
export LC_ALL
work=$(mktemp -d)
daemons=

clean_up() {
    for pid in $daemons; do kill "$pid" 2>/dev/null || :; done
    for pid in $daemons; do wait "$pid" 2>/dev/null || :; done
    rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

fail() { echo "FAILED: $*" >&2; exit 1; }

# of HOME COMMAND…: gmm in one home under $work.
of() { name=$1; shift; "$GMM" --home "$work/$name" "$@"; }

# expect STATUS COMMAND…: what it prints is kept in $work/out and $work/err.
expect() {
    wanted=$1; shift
    status=0
    "$@" >"$work/out" 2>"$work/err" || status=$?
    [ "$status" -eq "$wanted" ] || { cat "$work/out" "$work/err" >&2; fail "exit $status, not $wanted: $*"; }
}

# init HOME PARTICIPANT: keys and home, without a passphrase.
init() {
    of "$1" --quiet init --participant "$2" --name "$2" --kind member --office hq --level hq --no-passphrase >/dev/null
}

# start HOME [OPTION…]: starts its daemon, waits for its line; sets $line, $address and $pid.
start() {
    name=$1; shift
    [ $# -gt 0 ] || set -- --listen 127.0.0.1:0
    rm -f "$work/$name.line"
    mkfifo "$work/$name.line"
    "$GMM" --home "$work/$name" run "$@" >"$work/$name.line" 2>>"$work/$name.log" &
    pid=$!
    daemons="$daemons $pid"
    read -r line <"$work/$name.line" || { cat "$work/$name.log" >&2; fail "the daemon of $name did not start"; }
    address=${line#listening on }
}

# stop PID: ends a daemon cleanly.
stop() {
    kill "$1"
    status=0
    wait "$1" || status=$?
    [ "$status" -eq 0 ] || fail "a daemon ended with $status"
}

# until_so COMMAND…: asks again until it succeeds. Each question is a process of its own, so this does not spin.
until_so() {
    tries=0
    until "$@" >/dev/null 2>&1; do
        tries=$((tries + 1))
        [ "$tries" -lt 3000 ] || fail "still not so: $*"
    done
}
